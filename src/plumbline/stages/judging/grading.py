"""Who grades answers, by which principles and in which words: a reward without weights of its own.

A folder that a stage made, which is a reward like that of a reward model:

    judge.json          the judge (its folder, from here, or URL#NAME), and how it is asked
    constitution.yaml   its principles
    template.yaml       the words
    prompts.json        where only answers to some prompts are graded: which
    results.json        the data card that a model has which is trained on its grades

The judge is named and not copied, as an adapter names its base; that its weights are still those is
checked by digest. `id` is by content: another judge, principle or word is another reward.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest, digest_file
from plumbline.core.settings import identity, overlay
from plumbline.core.views import prompts
from plumbline.feedback.endpoint.limits import USUAL, Limits
from plumbline.feedback.judging.constitution import Constitution, read_constitution
from plumbline.feedback.judging.graded import Graded, key
from plumbline.feedback.judging.template import Template, read_template
from plumbline.models.digest import digest_folder
from plumbline.models.locate import (
    IDENTITY,
    adapter_base,
    is_adapter,
    is_identity,
    with_weights,
)
from plumbline.stages.cards import INHERITED, RESULTS, Card, inherited
from plumbline.stages.files import data_file, rows
from plumbline.stages.judging.labelling import CONSTITUTION
from plumbline.stages.judging.opening import is_address, judge_of
from plumbline.stages.judging.settings import Grading
from plumbline.stages.revise import named
from plumbline.store import Context

JUDGE = "judge:"
"""Before a judge among rewards: MODEL, or an address with the model's name behind #."""
CARD, TEMPLATE, PROMPTS = "judge.json", "template.yaml", "prompts.json"


@dataclass(frozen=True)
class Grader:
    """A judge's folder or address with all that it is told. how: how it is asked; only: keys of the
    prompts whose answers are graded (None: all)."""

    judge: str
    rules: Constitution
    words: Template
    how: Grading
    only: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not (self.words.grade and self.words.grades):
            fix = "add grade: and grades: to it, or take plain"
            raise UserError("this template gives no grades", where=self.how.template, fix=fix)

    @property
    def id(self) -> str:
        """By content."""
        names = ("judge", "name", "constitution", "template")
        how = {k: v for k, v in identity(self.how).items() if k not in names}
        only = None if self.only is None else sorted(self.only)
        return digest([content(self.judge), self.rules.id, self.words.id, how, only])

    @property
    def cards(self) -> tuple[Card, ...]:
        """What is to be known of a model that is trained on its grades, and of those whose data the
        judge was trained on."""
        how, rules = self.how, self.rules
        own = {
            "summary": f"answers graded by a model ({how.name}) under {rules.name}; nobody has"
            " checked the grades",
            "judge": how.name,
            "content": content(self.judge),
            "constitution": rules.id,
            "template": self.words.id,
        }
        return (*inherited([], [self.judge]), own)

    def opened(self, *, store: Path | None = None, env: str = "", limits: Limits = USUAL) -> Graded:
        """The reward, ready to be asked; `env`: the variable with an address's key."""
        how = self.how
        judge = judge_of(
            self.judge, store=store, key=env, precision=how.precision, draws=how.draws,
            limits=limits, template=how.model_template, options=how.template_options, name=how.name,
        )  # fmt: skip
        return Graded(
            f"{JUDGE}{how.name}", judge, self.words, self.rules, how.principles, how.seed, self.only
        )


def content(judge: str) -> str:
    """What a judge is: its address, or its weights and the manifesto before them."""
    if is_address(judge):
        return judge
    folder = Path(judge)
    weights = with_weights(folder)
    base = adapter_base(weights).path if is_adapter(weights) else None
    told = digest_file(folder / IDENTITY) if is_identity(folder) else ""
    return digest_folder(weights, base) + told


def is_grader(folder: Path) -> bool:
    """Whether a folder names a judge that grades."""
    return (folder / CARD).is_file()


def stage(ctx: Context, settings: Grading, inputs: Mapping[str, Path]) -> None:
    """The reward that grades by the judge, the constitution and the words that are given."""
    if ("judge" in inputs) == is_address(settings.judge):
        fix = "give the input judge=MODEL, or set judge to an address"
        raise UserError("a recipe's grades come from one judge", where=settings.judge, fix=fix)
    asked = prompts(rows(data_file(inputs["prompts"]), ctx.say)) if "prompts" in inputs else None
    found = Grader(
        str(inputs.get("judge", settings.judge)),
        read_constitution(named(inputs, "constitution", settings.constitution)),
        read_template(named(inputs, "template", settings.template)),
        settings,
        None if asked is None else frozenset(map(key, asked)),
    )
    write(found, ctx.out)
    only = "" if asked is None else f" answers to {len(asked)} prompts"
    ctx.say(f"{settings.name} grades{only} by {len(found.rules.principles)} principles")


def write(grader: Grader, out: Path) -> None:
    """The folder, judge.json last."""
    judge = grader.judge
    if not is_address(judge):
        judge = Path(os.path.relpath(Path(judge).resolve(), out.resolve())).as_posix()
    atomic.write_text(out / CONSTITUTION, grader.rules.text)
    atomic.write_text(out / TEMPLATE, grader.words.text)
    if grader.only is not None:
        atomic.write_json(out / PROMPTS, sorted(grader.only))
    how = asdict(replace(grader.how, judge=judge, constitution=CONSTITUTION, template=TEMPLATE))
    atomic.write_json(out / RESULTS, {"command": "grader", INHERITED: list(grader.cards)})
    atomic.write_json(out / CARD, {"content": content(grader.judge), **how})


def read(folder: Path) -> Grader:
    """What `write` wrote. UserError where it is of another form, or its judge has gone."""
    where = str(folder / CARD)
    told = _json(folder / CARD)
    if not isinstance(told, dict) or not isinstance(told.get("judge"), str):
        raise UserError("this names no judge", where=where, fix="make it again: a stage `grader`")
    known = told.pop("content", "")
    how = overlay(Grading(), told, where=where)
    judge = how.judge if is_address(how.judge) else str(folder / how.judge)
    if not is_address(judge) and not Path(judge).is_dir():
        fix = "put it back, or run the recipe again that made this"
        raise UserError("the judge's folder is gone", where=judge, fix=fix)
    if known and content(judge) != known:
        fix = "put the former one back, or run the recipe again that made this"
        raise UserError("the judge's folder holds another model now", where=judge, fix=fix)
    only = frozenset(_json(folder / PROMPTS)) if (folder / PROMPTS).is_file() else None
    rules, words = read_constitution(folder / CONSTITUTION), read_template(folder / TEMPLATE)
    return Grader(judge, rules, words, how, only)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        fix = "make it again: a stage `grader`"
        raise UserError(f"cannot be read: {error}", where=str(path), fix=fix) from None

"""Data that the judge's labels are held against: none of its information, and people's in part.

answered   a model's own answers as demonstrations
shuffled   the same comparisons, each turned with probability 1/2: the control
shared     of one budget, a share spent on people's comparisons and the rest on the judge's,
           where one of people costs as much as `price` of the judge's
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.types import (
    Conversation,
    Demonstration,
    Judgement,
    Ranking,
    Response,
    text_of,
)
from plumbline.recipe.world import People
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Shuffle:
    seed: int = option(0, help="which comparisons are turned")


@dataclass(frozen=True)
class Share:
    """How a budget is spent."""

    people: float = option(0.5, help="share of the budget that goes to people")
    budget: int = option(100, help="what is spent, in comparisons of people")
    price: float = option(4.0, help="labels of the judge that cost as much as one of people")
    seed: int = option(0, help="which comparisons are taken")


def say_again(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Every answer as a demonstration."""
    from plumbline.data import write
    from plumbline.recipe.world import asked_and_said
    from plumbline.stages.files import DATA, SAMPLES

    asked, said = asked_and_said(inputs["answers"] / SAMPLES)
    rows = [
        Demonstration((*prompt, *one)) for prompt, own in zip(asked, said, strict=True)
        for one in own
    ]  # fmt: skip
    write(ctx.out / DATA, rows)


def pair_up(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """The prompts that both answered, with both answers; where these are equal there is nothing to
    compare."""
    from plumbline.core import atomic
    from plumbline.stages.files import SAMPLES

    one, other = (_answers(inputs[name]) for name in ("one", "other"))
    both = [prompt for prompt in one if other.get(prompt, one[prompt]) != one[prompt]]
    rows = [
        {"prompt": [{"role": m.role, "content": m.content} for m in prompt],
         "responses": [text_of(one[prompt]), text_of(other[prompt])]}
        for prompt in both
    ]  # fmt: skip
    ctx.say(f"{len(rows)} of {len(one)} prompts have two different answers")
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    atomic.write_text(ctx.out / SAMPLES, lines)


def _answers(folder: Path) -> dict[Conversation, Response]:
    """The first answer to each prompt."""
    from plumbline.data import read
    from plumbline.recipe.world import asked_and_said
    from plumbline.stages.files import SAMPLES, data_file

    if (folder / SAMPLES).is_file():
        asked, said = asked_and_said(folder / SAMPLES)
        return {prompt: own[0] for prompt, own in zip(asked, said, strict=True)}
    shown = read(data_file(folder)).judgements
    return {one.messages[:-1]: one.messages[-1:] for one in shown if isinstance(one, Demonstration)}


def ask(ctx: Context, settings: People, inputs: Mapping[str, Path]) -> None:
    """The annotators' comparisons of the same answers, as many as the judge's (but for ties)."""
    from plumbline.data import write
    from plumbline.microcosm.annotators import people
    from plumbline.microcosm.data import rankings
    from plumbline.stages.files import DATA

    pairs = _comparisons(inputs["judged"])
    prompts, answers = [one.prompt for one in pairs], [one.responses for one in pairs]
    found = rankings(
        prompts, answers, seed=settings.seed, annotators=people(settings.count),
        shuffled=settings.shuffled,
    )  # fmt: skip
    ctx.say(f"{len(found)} comparisons by people of {len(pairs)} pairs that the judge labelled")
    write(ctx.out / DATA, found)


def shuffle(ctx: Context, settings: Shuffle, inputs: Mapping[str, Path]) -> None:
    """Comparisons without information: the probabilities stay, what they speak for is drawn."""
    from plumbline.data import write
    from plumbline.stages.files import DATA

    rng = random.Random(f"constitutional/shuffled/{settings.seed}")
    found = [
        replace(one, tiers=one.tiers[::-1]) if rng.random() < 0.5 else one
        for one in _comparisons(inputs["data"])
    ]
    write(ctx.out / DATA, found)


def share(ctx: Context, settings: Share, inputs: Mapping[str, Path]) -> None:
    """The mixture as data.jsonl, no pair in it twice."""
    from plumbline.data import write
    from plumbline.stages.files import DATA

    s, rng = settings, random.Random(f"constitutional/share/{settings.seed}")
    people, judged = (_comparisons(inputs[name]) for name in ("people", "judged"))
    first = _drawn(people, round(s.people * s.budget), "people", rng)
    asked = {one.prompt for one in first}
    others = [one for one in judged if one.prompt not in asked]
    rest = _drawn(others, round((1 - s.people) * s.budget * s.price), "the judge", rng)
    ctx.say(f"{len(first)} comparisons of people and {len(rest)} of the judge")
    write(ctx.out / DATA, [*first, *rest])


def _drawn(
    found: Sequence[Ranking], wanted: int, who: str, rng: random.Random
) -> Sequence[Ranking]:
    if wanted > len(found):
        raise UserError(
            f"{wanted} comparisons of {who} are wanted, and there are {len(found)}",
            fix="take a smaller budget or price, or more prompts",
        )
    return rng.sample(list(found), wanted)


def _comparisons(path: Path) -> list[Ranking]:
    from plumbline.data import read
    from plumbline.stages.files import data_file

    said: Sequence[Judgement] = read(data_file(path)).judgements
    return [one for one in said if isinstance(one, Ranking) and len(one.tiers) > 1]


answered = stage(
    "constitutional.answered",
    version=1,
    inputs={"answers": "samples"},
    makes="data",
    function="plumbline.recipe.constitutional.controls:say_again",
)
beside = stage(
    "constitutional.beside",
    version=1,
    inputs={"one": "any", "other": "any"},
    makes="samples",
    function="plumbline.recipe.constitutional.controls:pair_up",
)
asked_people = stage(
    "constitutional.people",
    version=1,
    settings=People,
    inputs={"judged": "data"},
    makes="data",
    function="plumbline.recipe.constitutional.controls:ask",
)
shuffled = stage(
    "constitutional.shuffled",
    version=1,
    settings=Shuffle,
    inputs={"data": "data"},
    makes="data",
    function="plumbline.recipe.constitutional.controls:shuffle",
)
shared = stage(
    "constitutional.shared",
    version=1,
    settings=Share,
    inputs={"people": "data", "judged": "data"},
    makes="data",
    function="plumbline.recipe.constitutional.controls:share",
)

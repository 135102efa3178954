"""`plumbline revise` without a recipe: words to a revision in a folder, resumable, registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.settings import identity, overlay
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.revising import Reviser
from plumbline.feedback.judging.template import read_template
from plumbline.models.locate import resolve_model
from plumbline.stages.command import carry_out, model_record
from plumbline.stages.files import SAMPLES
from plumbline.stages.judging.opening import is_address
from plumbline.stages.offline import Progress
from plumbline.stages.outdir import OutDir
from plumbline.stages.revise import Revising, critic_of, originals, run
from plumbline.store import Record, find_store, source_record

VERSION = 1
"""Version of what a revision computes; it enters ids."""
NAMED = ("critic", "constitution", "template")
"""Settings that count by what they name, not as they are written."""


def revise(
    answers: str,
    out: Path,
    *,
    sets: Mapping[str, Any] | None = None,
    key: str = "",
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Revise the answers of a file (or of a folder, or of a ref) into `out`; resumes an unfinished
    run, leaves a finished one alone. `key`: the environment variable with an address's key."""
    s = overlay(Revising(), sets or {})
    for name in ("critic", "constitution"):
        if not getattr(s, name):
            raise UserError(f"a revision needs a {name}", fix=f"give --{name}")
    home = find_store(store)
    file = Path(home.path(answers.removeprefix("ref:")) if answers.startswith("ref:") else answers)
    file = file / SAMPLES if file.is_dir() else file
    found = originals(file, say, s)
    constitution, template = read_constitution(s.constitution), read_template(s.template)
    inputs: dict[str, Record] = {"answers": source_record(home, file)}
    spec = s.critic
    if not is_address(spec):
        taken = resolve_model(spec, home.path)
        say(f"critic: {taken.took}")
        inputs["critic"], spec = model_record(home, taken), str(taken.path)
    critic = critic_of(spec, s, store, key, s.critic)
    reviser = Reviser(critic, constitution, template, s)
    place = OutDir(
        Path(out),
        {
            "stage": "revise",
            "version": VERSION,
            "answers": inputs["answers"].id,
            "critic": critic.id,
            "constitution": constitution.id,
            "template": template.id,
            "settings": {k: v for k, v in identity(s).items() if k not in NAMED},
        },
    )
    facts = {"answers": answers, **{name: getattr(s, name) for name in NAMED}}

    def work(bars: Callable[[str], Progress]) -> dict[str, Any]:
        say(f"{len(found)} answers; {len(constitution.principles)} principles; {s.rounds} rounds")
        return run(found, reviser, s, place.path, bars("rounds"), facts={"label": place.path.name})

    return carry_out(place, home, inputs, [str(file)], facts, work, say, kind="data", tell=told)


def told(results: Mapping[str, Any], out: Path) -> str:
    """What a person wants to know at the end."""
    counts = results["counts"]
    states = ", ".join(f"{n} {what}" for what, n in counts["states"].items())
    lines = [f"{counts['answers']} answers: {states}; {counts['rows']} rows of data -> {out}"]
    for one in results["by_round"][1:]:
        came = ", ".join(f"{what} {n}" for what, n in one["outcomes"].items())
        lines.append(f"round {one['round']}: {came or 'nothing was left to ask'}")
    lines.append(
        "what is fine or faulty is the critic's own word; whether the new answers are better, a"
        f" judge can say and people check: plumbline label first=ANSWERS revised={out}"
    )
    return "\n".join(lines)

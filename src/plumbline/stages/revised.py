"""What is made of the steps of a revision, by pure functions: nothing here asks a critic again.

data.jsonl     demonstrations: each prompt with its answer as it reads at the end
edits.jsonl    every critique and every revision that was taken, as observed
pairs.jsonl    where wanted: the last revision before the first answer
card.json      what the data are, who made them, under which principles, what was left out and why
results.json   the effect by round
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.core import atomic
from plumbline.core.settings import identity
from plumbline.core.stats import proportion_interval
from plumbline.data import write as write_data
from plumbline.feedback.judging.by_round import Round, Scorer, by_round
from plumbline.feedback.judging.caught import REASONS
from plumbline.feedback.judging.parts import Marks
from plumbline.feedback.judging.revising import Reviser
from plumbline.feedback.judging.steps import (
    SILENT,
    WORSE,
    By,
    Original,
    Step,
    demonstration,
    judgements,
    now,
    preference,
    state,
)
from plumbline.stages.cards import CARD
from plumbline.stages.files import DATA

if TYPE_CHECKING:
    from plumbline.stages.revise import Revising

EDITS, PAIRS, RESULTS = "edits.jsonl", "pairs.jsonl", "results.json"
CAUGHT = (*REASONS, SILENT, WORSE)
"""What may come of a step at which something went wrong."""
KEPT = {"sound": ("revised", "fine"), "revised": ("revised",), "all": ("revised", "fine", "faulty")}
"""Which answers become data, by the setting."""


def write(
    answers: Sequence[Original],
    steps: Sequence[Sequence[Step]],
    reviser: Reviser,
    settings: Revising,
    out: Path,
    took: Mapping[str, Any],
    *,
    facts: Mapping[str, Any],
    scorer: Scorer | None = None,
) -> dict[str, Any]:
    """Every file; what stands in results.json."""
    by = By(reviser.critic.name, reviser.constitution.id)
    made = list(zip(answers, steps, strict=True))
    data = [pair for pair in made if state(pair[1]) in KEPT[settings.data]]
    marks = Marks(*settings.marks) if settings.reasoned else None
    write_data(out / DATA, [demonstration(*pair, by, marks) for pair in data])
    write_data(out / EDITS, [said for pair in made for said in judgements(*pair, by)])
    if settings.pairs:
        changed = [(one, own) for one, own in made if now(one, own) != one.text]
        write_data(out / PAIRS, [preference(*pair, by) for pair in changed])
    states = Counter(state(own) for own in steps)
    counts = {"answers": len(answers), "rows": len(data), "states": dict(states)}
    card = _card(reviser, settings, counts, took)
    atomic.write_json(out / CARD, card)
    rounds = by_round(answers, [step for own in steps for step in own], settings.rounds, scorer)
    results = _results(answers, steps, rounds, card, facts)
    atomic.write_json(out / RESULTS, results)
    return results


def took(metrics: Path) -> dict[str, Any]:
    """Seconds and cost of all attempts, from the lines of metrics.jsonl."""
    rows = [json.loads(line) for line in metrics.read_text("utf-8").splitlines()]
    cost: Counter[str] = Counter()
    for row in rows:
        cost.update(row["cost"])
    return {"seconds": round(sum(row["seconds"] for row in rows), 4), "cost": dict(cost)}


def _card(
    reviser: Reviser, settings: Revising, counts: Mapping[str, Any], took: Mapping[str, Any]
) -> dict[str, Any]:
    critic, constitution = reviser.critic, reviser.constitution
    return {
        "made_by": "plumbline revise",
        "file": DATA,
        "summary": f"{counts['rows']} of {counts['answers']} answers, revised by a model"
        f" ({critic.name}) under {constitution.name}; nobody has checked the revisions",
        "critic": {"name": critic.name, "id": critic.id},
        "constitution": {
            "name": constitution.name,
            "id": constitution.id,
            "principles": [asdict(one) for one in constitution.principles],
        },
        "template": reviser.template.id,
        "settings": identity(settings),
        "counts": dict(counts),
        "cost": took["cost"],
        "seconds": took["seconds"],
    }


def _results(
    answers: Sequence[Original],
    steps: Sequence[Sequence[Step]],
    rounds: Sequence[Round],
    card: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    from plumbline.engine.memory import peak_gb  # which brings torch

    prompts = [one.prompt for one in answers]
    states = [state(own) for own in steps]
    caught = [any(step.outcome in CAUGHT for step in own) for own in steps]
    metrics = {
        "revised": proportion_interval([one == "revised" for one in states], prompts),
        "nothing_wrong": proportion_interval([one == "fine" for one in states], prompts),
        "caught": proportion_interval(caught, prompts),
    }
    scores = {f"{name}.{one.number}": i for one in rounds for name, i in one.scores.items()}
    return {
        "command": "revise",
        "label": "revise",
        "seconds": {"revise": card["seconds"]},
        "peak_gb": peak_gb(),
        "metrics": {name: one.as_dict() for name, one in (metrics | scores).items()},
        "by_round": [one.as_dict() for one in rounds],
        "counts": card["counts"],
        "cost": card["cost"],
        "settings": card["settings"],
        "answers": "the answers lie in steps.jsonl",
        **facts,
    }

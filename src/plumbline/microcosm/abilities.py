"""What the base model can do, as evaluation tasks, and all of them measured in one go.

reading   notes it never saw: right answers where the notes answer (and rightly cited, of numbered
          notes), answers where they do not (false answers), "The notes do not say." where they do
          (false abstentions); and the control, the same questions over another text's notes, where
          nothing but luck is right.
sums      three numbers, at once and in steps, on triples that were held out.
rules     in `obeying`
judging, critique   in `weighing`

Every answer is greedy, so that a number can be had again. `measure` runs them all and adds what
only several answers together tell (right in both orders, the gain of steps); `marks` says what is
enough.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.core.stats import Interval, paired_interval
from plumbline.core.types import Response, text_of, user
from plumbline.evals.runner import Evaluated, run_task
from plumbline.evals.tasks import Generation, Item, Sample, Sampler, Scored, Task
from plumbline.microcosm import passages, sums
from plumbline.microcosm.lexicon_notes import ABSENT
from plumbline.microcosm.obeying import rules_task
from plumbline.microcosm.passages import Passage
from plumbline.microcosm.weighing import both_orders, critique_task, judging_task

VERSION = 1
MAX_NEW = 64


def reading_task(n: int = 400, seed: int = 0) -> Task:
    """Half of the items have an answer in their notes; a further third of them is the control."""
    return Task(
        "reading",
        VERSION,
        lambda: _readings(n, seed),
        _read,
        {
            "reading_right": "share",
            "reading_false_answer": "share",
            "reading_false_abstention": "share",
            "reading_cited": "share",
            "reading_shuffled": "share",
        },
        Generation(1, MAX_NEW),
        "Questions on notes that name nothing the model ever read of.",
    )


def _readings(n: int, seed: int) -> list[Item]:
    rng = random.Random(f"microcosm/abilities/reading/{seed}")
    made = [passages.draw(rng, answerable=i % 2 == 0) for i in range(n)]
    plain = [_reading(one) for one in made]
    told = [one for one in made if one.answerable]
    others = [replace(a, notes=b.notes) for a, b in zip(told, told[1:] + told[:1], strict=True)]
    control = zip(others[: max(1, n // 3)], told, strict=False)
    return plain + [_reading(one, truth=truth) for one, truth in control]


def _reading(one: Passage, truth: Passage | None = None) -> Item:
    """An item; with `truth`, the notes are another text's and `truth` says what was right."""
    known = {
        "answer": (truth or one).answer,
        "answerable": one.answerable,
        "shuffled": truth is not None,
        "numbered": one.numbered,
    }
    return Item((one.message,), one.text, one.text, known)


def _read(item: Item, response: Response) -> Scored:
    said, known = text_of(response).strip(), item.known
    right = bare(said) == bare(known["answer"])
    if known["shuffled"]:
        return Scored({"reading_shuffled": float(right)})
    if not known["answerable"]:
        return Scored({"reading_false_answer": float(said != ABSENT)})
    found = {"reading_right": float(right), "reading_false_abstention": float(said == ABSENT)}
    if known["numbered"]:
        found["reading_cited"] = float(said == known["answer"])
    return Scored(found)


def bare(text: str) -> str:
    """An answer without its citations."""
    return " ".join(word for word in text.split() if not word.startswith("["))


def sums_task(n: int = 300, seed: int = 0) -> Task:
    """The same held-out triples at once and in steps."""
    return Task(
        "sums",
        VERSION,
        lambda: _sums(n, seed),
        _added,
        {"sums_at_once": "share", "sums_in_steps": "share"},
        Generation(1, MAX_NEW),
        "Sums of three numbers below 30 whose triple was held out.",
    )


def _sums(n: int, seed: int) -> list[Item]:
    rng = random.Random(f"microcosm/abilities/sums/{seed}")
    drawn = [sums.draw(rng, "heldout", steps=False) for _ in range(n)]
    both = [one for single in drawn for one in (single, replace(single, steps=True))]
    return [
        Item(
            (user(s.text),),
            s.text,
            f"{s.a} {s.b} {s.c}",
            {"sum": s.a + s.b + s.c, "steps": s.steps},
        )
        for s in both
    ]


def _added(item: Item, response: Response) -> Scored:
    right = sums.result(text_of(response)) == item.known["sum"]
    return Scored({"sums_in_steps" if item.known["steps"] else "sums_at_once": float(right)})


def steps_gain(samples: Sequence[Sample]) -> dict[str, Interval]:
    """How much more often the same sums come out right in steps than at once."""
    steps, once = (
        {s.item.cluster: s.scores[axis] for s in samples if axis in s.scores}
        for axis in ("sums_in_steps", "sums_at_once")
    )
    both = [triple for triple in steps if triple in once]
    gain = paired_interval([steps[t] for t in both], [once[t] for t in both], both)
    return {"sums_gain": gain}


@dataclass(frozen=True)
class Ability:
    """A task of (n, seed), its usual n and its least, and what its answers tell together."""

    task: Callable[[int, int], Task]
    n: int
    least: int
    joined: Callable[[Sequence[Sample]], Mapping[str, Interval]] = lambda samples: {}


ABILITIES: dict[str, Ability] = {
    "reading": Ability(reading_task, 400, 6),
    "sums": Ability(sums_task, 300, 2, steps_gain),
    "rules": Ability(rules_task, 40, 1),
    "judging": Ability(judging_task, 150, 4, both_orders),
    "critique": Ability(critique_task, 120, 4),
}


def measure(
    sampler: Sampler,
    *,
    scale: float = 1.0,
    seed: int = 0,
    max_new: int | None = None,
    names: Sequence[str] = tuple(ABILITIES),
    model: str = "",
    out: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> list[Evaluated]:
    """All abilities of a model. `scale` multiplies every n; `max_new` shortens answers (for tests).

    With `out`, every answer goes to `out/samples.jsonl` as it comes.
    """
    found = []
    for name in names:
        ability = ABILITIES[name]
        task = ability.task(max(ability.least, round(scale * ability.n)), seed)
        if max_new:
            task = replace(task, generation=replace(task.generation, max_new_tokens=max_new))
        say(f"{name}: {len(task.prompts())} questions")
        done = run_task(task, sampler, model=model, out=out)
        found.append(replace(done, metrics={**done.metrics, **ability.joined(done.samples)}))
    return found

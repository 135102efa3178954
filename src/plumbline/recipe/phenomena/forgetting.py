"""Training one task after another forgets the first; adapters forget less, and learn less
(McCloskey and Cohen 1989; Biderman et al. 2024, "LoRA Learns Less and Forgets Less",
arXiv:2405.09673).

    base -> lesson A -> lesson B          and          base -> lesson B

with all weights and with LoRA. A lesson is a set of facts on names nobody has heard of.

    forgotten    recall of A after A, less recall of A after A then B
    transfer     recall of B after A and then a little of B, less recall of B after as little alone
    kept         reading, which the base brings along, before and after both lessons
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from plumbline.core.settings import option
from plumbline.core.stats import Interval, mean_interval, ratio_interval
from plumbline.evals.compare import by_prompt
from plumbline.evals.figures import bars
from plumbline.evals.folders import Row
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.arms import Common, change, grouped, share, trained
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.lessons import Lesson, lesson
from plumbline.recipe.phenomena.measuring import Probe, measure
from plumbline.stages.settings import Eval, Train, Training
from plumbline.store import Context, Handle

NAME, WAYS = "forgetting", {"full": "all weights", "lora": "LoRA"}
SECOND = 500
"""Added to the seed of lesson B."""


def _training(adapter: str, lr: float) -> Training:
    train = Train(lr=lr, steps=100, batch=16, eval=Eval(fraction=0.0))
    return Training("sft", adapter=adapter, train=train)


@dataclass(frozen=True)
class Lessons:
    """Two lessons and both ways to learn them."""

    facts: int = option(60, help="facts of a lesson; each is tested in three phrasings")
    ways: int = option(4, help="phrasings in which a fact is shown")
    early: int = option(25, help="steps of B after which transfer is measured")
    reading: int = option(150, help="passages of the reading task")
    full: Training = field(default_factory=lambda: _training("full", 5e-4))
    lora: Training = field(default_factory=lambda: _training("lora", 3e-3))


finding = findings.declared(NAME)


def planned(settings: Lessons, common: Common) -> Handle:
    """Three models a way and repeat, and what each of them knows."""
    found: dict[str, Handle] = {}
    for i, seed in enumerate(common.seeds):
        first, second = (
            lesson(
                Lesson(settings.facts, settings.ways, number),
                label=f"{NAME}-lesson-{name}-{seed}",
            )
            for name, number in (("A", seed), ("B", seed + SECOND))
        )
        asked = {"base": {"A": common.base}}
        for way in WAYS:
            how: Training = getattr(settings, way)
            label = f"{NAME}-{way}"
            a = trained(how, common.base, first, f"{label}-A-{seed}", seed)
            b = trained(how, common.base, second, f"{label}-B-{seed}", seed)
            ab = trained(how, a, second, f"{label}-AB-{seed}", seed)
            soon = replace(how, train=replace(how.train, steps=settings.early))
            eb = trained(soon, common.base, second, f"{label}-B-early-{seed}", seed)
            aeb = trained(soon, a, second, f"{label}-AB-early-{seed}", seed)
            asked |= {f"{way}-A": {"A": a}, f"{way}-B": {"B": b}, f"{way}-AB": {"A": ab, "B": ab}}
            asked |= {f"{way}-B-early": {"B": eb}, f"{way}-AB-early": {"B": aeb}}
        found |= _probes(asked, settings, i, seed)
    return finding(label=NAME, **found)


def _probes(
    asked: Mapping[str, Mapping[str, Handle]], settings: Lessons, repeat: int, seed: int
) -> dict[str, Handle]:
    """Recall of each lesson, and reading of the base and after both lessons."""
    found: dict[str, Handle] = {}
    for name, by_lesson in asked.items():
        for which, model in by_lesson.items():
            facts = Probe("lesson", settings.facts, seed + (SECOND if which == "B" else 0))
            label = f"{NAME}-recall-{name}-of-{which}-{seed}"
            found[f"{name}:{which}.{repeat}"] = measure(facts, model=model, label=label)
            found[f"{name}:{which}.{repeat}.model"] = model
            if name == "base" and repeat:
                continue  # it would read the same passages again
            if name == "base" or name.endswith("-AB"):
                read = Probe("reading", settings.reading, 0)
                label = f"{NAME}-reading-{name}-{seed}"
                found[f"{name}:reading.{repeat}"] = measure(read, model=model, label=label)
    return found


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Recall after each lesson, what was lost and gained, and reading before and after."""
    arms = grouped(inputs)
    metrics = told(arms)
    rows: list[tuple[str, Interval | None, int]] = []
    for index, (way, name) in enumerate(WAYS.items(), start=1):
        rows.append((name, None, 0))
        rows += [
            ("lesson A, just learnt", metrics[f"{way}.A_after_A"], index),
            ("lesson A, after lesson B", metrics[f"{way}.A_after_AB"], index),
            ("lesson B alone", metrics[f"{way}.B_alone"], index),
            ("lesson B after A", metrics[f"{way}.B_after_A"], index),
            ("lesson B begun, alone", metrics[f"{way}.early_B_alone"], index),
            ("lesson B begun, after A", metrics[f"{way}.early_B_after_A"], index),
            ("reading, before both", metrics["base.reading"], index),
            ("reading, after both", metrics[f"{way}.reading"], index),
        ]
    facts = len({row.cluster for row in arms["base:A"]})
    how = (
        f"{facts} facts in all lessons A together; the base recalls "
        f"{metrics['base.A'].value:.0%} of them before (luck).",
    )
    caption = "Share recalled of two lessons, and of the base's reading"
    findings.write(ctx, NAME, Finding(metrics, bars(rows, caption), how), inputs)


def told(arms: Mapping[str, Sequence[Row]]) -> dict[str, Interval]:
    """Every number; differences are paired by question."""
    found = {"base.A": share(arms["base:A"], "recalled")}
    found["base.reading"] = share(arms["base:reading"], "reading_right")
    for way in WAYS:
        a, ab, b = (arms[f"{way}-{x}"] for x in ("A:A", "AB:A", "B:B"))
        later, reading = arms[f"{way}-AB:B"], arms[f"{way}-AB:reading"]
        soon, soon_after = arms[f"{way}-B-early:B"], arms[f"{way}-AB-early:B"]
        found |= {
            f"{way}.A_after_A": share(a, "recalled"),
            f"{way}.A_after_AB": share(ab, "recalled"),
            f"{way}.B_alone": share(b, "recalled"),
            f"{way}.B_after_A": share(later, "recalled"),
            f"{way}.early_B_alone": share(soon, "recalled"),
            f"{way}.early_B_after_A": share(soon_after, "recalled"),
            f"{way}.reading": share(reading, "reading_right"),
            f"{way}.forgotten": change(a, ab, "recalled"),
            f"{way}.forgotten_share": lost(a, ab),
            f"{way}.transfer": change(soon_after, soon, "recalled"),
            f"{way}.reading_lost": change(arms["base:reading"], reading, "reading_right"),
        }
    found["full-lora.forgotten"] = difference_of_drops(arms)
    kept, gone = (arms[f"{way}-AB:reading"] for way in ("lora", "full"))
    found["lora-full.reading"] = change(kept, gone, "reading_right")
    return found


def lost(before: Sequence[Row], after: Sequence[Row]) -> Interval:
    """The share of what was recalled that is forgotten: who learns less has less to forget."""
    first, then = by_prompt(before, "recalled"), by_prompt(after, "recalled")
    topics = {row.group: row.cluster for row in before}
    asked = [q for q in first if q in then]
    drops = [first[q] - then[q] for q in asked]
    return ratio_interval(drops, [first[q] for q in asked], [topics[q] for q in asked])


def difference_of_drops(arms: Mapping[str, Sequence[Row]]) -> Interval:
    """What all weights forget less what LoRA forgets, paired by question."""
    a, ab, c, cd = (
        by_prompt(arms[f"{way}-{x}"], "recalled") for way in WAYS for x in ("A:A", "AB:A")
    )
    topics = {row.group: row.cluster for row in arms["full-A:A"]}
    asked = [q for q in a if q in ab and q in c and q in cd]
    return mean_interval([a[q] - ab[q] - c[q] + cd[q] for q in asked], [topics[q] for q in asked])

"""Source tags steer: told whose words come now, a model says what that source says (Keskar et al.
2019, CTRL, arXiv:1909.05858; Korbak et al. 2023, arXiv:2302.08582, for good and bad alike).

The base model, untuned, goes on under the tag of a source that is right (almanac, records), of one
that errs (gossip on every contested fact, herald and pedlar on half of them each), and of none. How
often it then says what is false needs a model that knows the facts; which of two values the tag
makes likelier (`odds`) is told by one that half knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.core.stats import Interval, paired_interval
from plumbline.evals.figures import bars
from plumbline.evals.folders import Row
from plumbline.recipe.phenomena import arms, findings, measuring, odds, sources
from plumbline.recipe.phenomena.arms import Common, grouped, share
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.measuring import Probe
from plumbline.store import Context, Handle

NAME = "tags"


@dataclass(frozen=True)
class Tagged:
    facts: int = option(150, help="contested facts (the world has 150)")


finding = findings.declared(NAME)


def planned(settings: Tagged, common: Common) -> Handle:
    """The base under both probes."""
    found = {
        f"{task}.0": measuring.measure(
            Probe(task, settings.facts, common.seed), model=common.base, label=f"{NAME}-{task}"
        )
        for task in ("documents", "chats")
    }
    asked = Probe("odds", settings.facts, common.seed)
    found["odds.0"] = odds.odds(asked, model=common.base, label=f"{NAME}-odds")
    return finding(label=NAME, **found)


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Falsehoods by tag, and the difference between a false friend and the almanac by fact."""
    told = grouped(inputs)
    metrics: dict[str, Interval] = {}
    rows: list[tuple[str, Interval | None, int]] = []
    for task, tags in (("documents", sources.DOCUMENTS), ("chats", sources.CHATS)):
        rows.append((f"{task}, under the tag of", None, 0))
        for tag in tags:
            rate = share(told[task], sources.axis(tag))
            metrics[f"{task}.{tag or 'none'}"] = rate
            rows.append((tag or "no tag", rate, _colour(tag)))
        metrics[f"{task}.gossip-almanac"] = by_fact(told[task], "gossip", "almanac", sources.axis)
        metrics[f"{task}.told"] = share(told[task], "told")
    metrics["odds.gossip-almanac"] = by_fact(told["odds"], "gossip", "almanac", odds.axis)
    caption = "Share of continuations that state a falsehood on a contested fact"
    how = ("Each contested fact once under every tag, the same words and the same year otherwise.",)
    made = Finding(metrics, bars(rows, caption), how, _shown(told))
    findings.write(ctx, NAME, made, inputs)


def _colour(tag: str) -> int:
    return 3 if tag in ("almanac", "records") else 2 if tag else 0


def by_fact(
    answers: Sequence[Row], tag: str, other: str, axis_of: Callable[[str], str]
) -> Interval:
    """The number under one tag less that under the other, paired by fact."""
    first, second = (
        {row.cluster: row.scores[axis] for row in answers if axis in row.scores}
        for axis in (axis_of(tag), axis_of(other))
    )
    both = [fact for fact in first if fact in second]
    return paired_interval([first[f] for f in both], [second[f] for f in both], both)


def _shown(told: Mapping[str, Sequence[Row]]) -> tuple[tuple[str, str, str], ...]:
    """One contested fact under every tag, as a document."""
    fact = told["documents"][0].cluster
    mine = {task: [row for row in answers if row.cluster == fact] for task, answers in told.items()}
    names = {"documents": "the document goes on"}
    return arms.shown(mine, names, len(mine["documents"]))

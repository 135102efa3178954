"""Everything an audit measures, from labels and people's answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from plumbline.core.stats import Interval, mean_interval
from plumbline.evals.audit.alternative import Alternative, alternative
from plumbline.evals.audit.answered import Answered, probabilities, verdicts
from plumbline.evals.audit.beside import Beside, beside, same
from plumbline.evals.audit.calibration import Calibration, calibration
from plumbline.evals.audit.leanings import Leaning, Position, Seen, leanings, position
from plumbline.evals.audit.named import Named
from plumbline.evals.audit.settings import Auditing
from plumbline.evals.audit.shifted import Shift, lost
from plumbline.evals.audit.stability import Drift, Retest, by_axis
from plumbline.evals.audit.wins import metrics, wins
from plumbline.feedback.judging.label import Label, Made


@dataclass(frozen=True)
class Part:
    """Of some people (all, or a group): the test, and agreement beside theirs."""

    people: tuple[str, ...]
    test: Alternative
    beside: Beside


@dataclass(frozen=True, eq=False)
class Figures:
    """All of it. `labels` counts the judge's, `drawn` those that were drawn for people and that
    they answered; `late`: the bar was set when people had judged. `retest`, `drift` and `named` are
    there where other labels were given, `shift` where an earlier audit was."""

    made: Made
    labels: int
    drawn: int
    found: Answered
    whole: Part
    groups: Mapping[str, Part]
    axes: Mapping[str, Interval]
    calibration: Calibration
    position: Position
    leanings: tuple[Leaning, ...]
    wins: tuple[Leaning, ...]
    late: bool = False
    retest: Retest | None = None
    drift: Drift | None = None
    named: Named | None = None
    shift: Shift | None = None

    def metrics(self) -> dict[str, Interval]:
        """Every figure by the name it has in results.json."""
        return dict(_metrics(self))

    def losses(self) -> list[str]:
        """A sentence for each of drift and shift that is clearly for the worse."""
        drift = self.drift.whole.agreement if self.drift else None
        return list(lost(drift, self.shift.agreement if self.shift else None))


def figures(
    made: Made,
    labels: Sequence[Label],
    found: Answered,
    s: Auditing,
    *,
    drawn: int,
    late: bool = False,
    retest: Retest | None = None,
    drift: Drift | None = None,
    named: Named | None = None,
) -> Figures:
    """What an audit measures of `labels`, of which people answered those in `found`."""
    everything, audited = (verdicts(some, s.by, s.ties) for some in (labels, found.labels))
    share, where = same(found.values, audited), found.clusters
    seen = Seen(labels, everything, found, audited)
    return Figures(
        made,
        len(labels),
        drawn,
        found,
        _part(found, s),
        {name: _part(found.of(name), s) for name in found.groups},
        {axis: mean_interval(share[i], where[i]) for axis, i in by_axis(found.labels).items()},
        calibration(probabilities(found.labels, s.by), found.values, where, s.seed),
        position(labels, s.seed),
        leanings(seen, s.kin or (made.judge,), s.seed),
        wins(seen, s.seed),
        late,
        retest,
        drift,
        named,
    )


def _part(found: Answered, s: Auditing) -> Part:
    judge, where = verdicts(found.labels, s.by, s.ties), found.clusters
    test = alternative(
        found.values, judge, s.allowed, least=s.least_each, clusters=where, seed=s.seed
    )
    names = tuple(one.name for one in found.judges)
    return Part(names, test, beside(found.values, judge, where, s.seed))


def _metrics(f: Figures) -> Iterator[tuple[str, Interval]]:
    yield from _of_part("", f.whole)
    for name, part in f.groups.items():
        yield from _of_part(f"group.{name}.", part)
    yield from ((f"agreement.axis.{axis}", one) for axis, one in f.axes.items())
    yield from (("ece", f.calibration.ece), ("brier", f.calibration.brier))
    yield from (("first.chosen", f.position.chosen), ("first.taste", f.position.taste))
    yield from (("first.both", f.position.firsts), ("second.both", f.position.seconds))
    for one in f.leanings:
        yield from ((f"prefers.{one.name}", one.judge), (f"excess.{one.name}", one.excess))
        yield f"rate.{one.name}", one.rate.rate
    yield from metrics(f.wins)
    yield from ((f"excess.{one.name}", one.excess) for one in f.wins)
    if f.retest:
        yield from (("retest.same", f.retest.same), ("retest.moved", f.retest.moved))
    if f.named:
        yield from (("name.kin", f.named.name), ("name.flips", f.named.flips))
    if f.drift:
        yield from (("drift.flips", f.drift.whole.flips), ("drift", f.drift.whole.agreement))
        yield from ((f"drift.{axis}", one.agreement) for axis, one in f.drift.axes.items())
    if f.shift:
        yield from (("shift", f.shift.agreement), ("shift.gap", f.shift.gap))
        yield "shift.position", f.shift.position


def _of_part(prefix: str, part: Part) -> Iterator[tuple[str, Interval]]:
    test, both = part.test, part.beside
    winning = Interval(test.winning, math.nan, math.nan, len(test.people))
    yield from ((f"{prefix}winning_rate", winning), (f"{prefix}advantage", test.advantage))
    yield f"{prefix}agreement.judge", both.judge.same
    yield f"{prefix}agreement.people", both.people.same
    yield f"{prefix}agreement.gap", both.gap
    yield f"{prefix}alpha.judge", both.judge.alpha.interval
    yield f"{prefix}alpha.people", both.people.alpha.interval

"""One judge on other answers: the figures of an audit minus those of an earlier one.

As a policy learns, its answers are no longer like those on which people checked the judge. Both
audits drew their items apart, so each figure A has two independent samples:

    shift = A_now - A_then
    low   = shift - sqrt((A_now - low_now)^2 + (high_then - A_then)^2),  high the same mirrored

(MOVER; Zou and Donner 2008, Statistics in Medicine 27, 1693: `core.stats.difference_interval`). The
intervals that go in are clustered by prompt, so is what comes out.

    agreement  of the judge with people, on items that two people or more judged
    gap        the same minus what people reach among each other: where answers are harder for
               everybody, agreement falls and this does not
    position   the share of readings that name the first place

What is asked again on the same items is `stability.drift`: there the judge may have changed, here
the answers have. Left out: other people. Those of then and of now are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plumbline.core.stats import Interval, difference_interval

AGREEMENT, GAP, FIRST = "agreement.judge", "agreement.gap", "first.chosen"
"""Names of the figures among an audit's metrics."""


@dataclass(frozen=True)
class Shift:
    """See the module; differences of shares."""

    agreement: Interval
    gap: Interval
    position: Interval


def shift(now: Mapping[str, Interval], then: Mapping[str, Interval]) -> Shift:
    """From two audits' metrics, by name."""
    return Shift(*(difference_interval(now[name], then[name]) for name in (AGREEMENT, GAP, FIRST)))


def lost(drift: Interval | None = None, moved: Interval | None = None) -> Iterator[str]:
    """A sentence for each of drift and shift in agreement that lies wholly below 0."""
    if drift and drift.clear and drift.high < 0:
        yield f"Asked again on the frozen set, the judge agrees less with people {_by(drift)}."
    if moved and moved.clear and moved.high < 0:
        where = "On these answers the judge agrees less with people than it did on the frozen set"
        yield f"{where} {_by(moved)}."


def _by(one: Interval) -> str:
    return f"({one.value:+.2f} [{one.low:+.2f}, {one.high:+.2f}])"

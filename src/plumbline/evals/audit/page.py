"""An audit as people read it: sections of the report's page, and the same as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plumbline.core.resampling import Measured
from plumbline.core.stats import Interval
from plumbline.evals.audit.calibration import Calibration
from plumbline.evals.audit.figures import Figures, Part
from plumbline.evals.audit.wins import rows
from plumbline.evals.by_author import number, table
from plumbline.evals.charts import Panel, Series, chart
from plumbline.evals.figures import Figure
from plumbline.evals.report import Section


def verdict(f: Figures, why: Sequence[str], notes: Sequence[str]) -> Section:
    """Whether it passed, and why not."""
    said = "passes" if not why else "does not pass"
    counts = (
        f"{f.whole.beside.items} items that two people or more judged,"
        f" {len(f.whole.people)} people, {f.labels} labels."
    )
    kind = "better" if not why else "worse"
    first = (kind, f"The judge {f.made.judge} {said}.", counts)
    return Section(
        "Audit of a judge",
        said=(first, *(("worse", one, "") for one in why), *(("", one, "") for one in notes)),
    )


def sections(f: Figures) -> list[Section]:
    """The tables, and the reliability curve."""
    parts = [("all", f.whole), *f.groups.items()]
    found = [
        Section("Would people lose anything if it took a person's place?", TEST, *_tests(parts)),
        Section("Agreement with people, and among people", BESIDE, *_beside(parts, f)),
        Section("Calibration", CALIBRATED, *_bins(f.calibration), (curve(f.calibration),)),
        Section("What it likes", LIKES, *_likes(f)),
    ]
    if f.wins:
        found.insert(0, Section("Whose answers win", *table(rows(f.wins))))
    more = list(_steady(f))
    return (
        [*found, Section("Again, and before", STEADY, ("", "value"), tuple(more))]
        if more
        else found
    )


TEST = (
    "Each person is left out in turn, and the judge compared with them by how well both stand for"
    " the others. Winning rate: the share of people against whom it loses by less than epsilon"
    " (Benjamini-Yekutieli at 0.05). Advantage: how likely it is as good as a person, or better.",
)
BESIDE = (
    "Both on the items that two people or more judged. What people reach among each other is the"
    " measure: where they differ, nobody agrees with all.",
)
CALIBRATED = ("Of verdicts it is so sure of, the share of people who say the same.",)
LIKES = (
    "Judge: on all its pairs. People and excess (judge minus people): on the audited items. Rate:"
    " the judge's share mended by what people said, which is the one to quote.",
)
STEADY = (
    "The same judge asked again (retest) or with authors' names exchanged, this judge on an"
    " earlier audit's items (drift), and on these minus there, by people of both (shift).",
)

Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


def curve(found: Calibration) -> Figure:
    """The reliability curve, with the line on which a calibrated judge lies."""
    ends = (0.5, 1.0)
    line = Series(
        "as sure as it should be", ends, tuple(Interval(x, x, x, 0) for x in ends), 0, "line"
    )
    own = Series(
        "the judge", tuple(b.sure for b in found.bins), tuple(b.agree for b in found.bins), 1
    )
    panel = Panel((line, own), "share of people who agree")
    return chart((panel,), "how sure the judge is", "Reliability")


def markdown(sections: Sequence[Section]) -> str:
    """The same in Markdown, without figures."""
    return "\n\n".join(block for one in sections for block in _blocks(one)) + "\n"


def _blocks(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield from section.paragraphs
    if section.said:
        yield "\n".join(f"- {text} {proof}".rstrip() for _, text, proof in section.said)
    if section.rows:
        lines = [section.header, ["---"] * len(section.header), *section.rows]
        yield "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _tests(parts: Sequence[tuple[str, Part]]) -> Table:
    head = ("people", "who", "items", "winning rate", "advantage", "epsilon")
    return head, tuple(
        (
            name,
            str(len(part.people)),
            str(part.test.items),
            part.test.why or f"{part.test.winning:.2f}",
            number(part.test.advantage),
            f"{part.test.epsilon:g}",
        )
        for name, part in parts
    )


def _beside(parts: Sequence[tuple[str, Part]], f: Figures) -> Table:
    head = ("people", "same: judge", "same: people", "gap", "alpha: judge", "alpha: people")
    rows: list[tuple[str, ...]] = [
        (
            name,
            *map(number, (one.judge.same, one.people.same, one.gap)),
            *map(measured, (one.judge.alpha, one.people.alpha)),
        )
        for name, one in ((name, part.beside) for name, part in parts)
    ]
    rows += [(f"axis {axis}", number(one), "", "", "", "") for axis, one in f.axes.items()]
    return head, tuple(rows)


def _bins(found: Calibration) -> Table:
    rows = [(f"{one.sure:.2f}", number(one.agree), str(one.agree.n)) for one in found.bins]
    rows += [("ECE", number(found.ece), str(found.ece.n))]
    rows += [("Brier", number(found.brier), str(found.brier.n))]
    return ("sure", "agree", "items"), tuple(rows)


def _likes(f: Figures) -> Table:
    head = ("", "judge", "people", "excess", "rate")
    place = f.position
    rows: list[tuple[str, ...]] = [
        ("the first place", number(place.chosen), "", "", ""),
        ("first in both orders", number(place.firsts), "", "", ""),
        ("second in both orders", number(place.seconds), "", "", ""),
        ("taste for the first, nats", number(place.taste), "", "", ""),
    ]
    rows += [
        (one.name, *map(number, (one.judge, one.people, one.excess, one.rate.rate)))
        for one in f.leanings
    ]
    return head, tuple(rows)


def _steady(f: Figures) -> Iterator[tuple[str, str]]:
    if f.named:
        yield "nats towards the name of the judge's kin", number(f.named.name)
        yield "verdicts that follow that name", number(f.named.flips)
    if f.retest:
        yield "same verdict when asked again", number(f.retest.same)
        yield "mean change of the probability", number(f.retest.moved)
        yield from ((f"same verdict, {axis}", number(one)) for axis, one in f.retest.axes.items())
        yield "labels that were asked once only", str(f.retest.alone)
    if f.drift:
        yield "verdicts that flipped since", number(f.drift.whole.flips)
        yield "change of agreement with people", number(f.drift.whole.agreement)
        for axis, one in f.drift.axes.items():
            yield f"change of agreement, {axis}", number(one.agreement)
        yield "items of the earlier audit without a label here", str(f.drift.alone)
    if f.shift:
        yield "agreement with people, minus that in the earlier audit", number(f.shift.agreement)
        yield "the same beyond what people reach among each other", number(f.shift.gap)
        yield "the first place named, minus then", number(f.shift.position)


def measured(found: Measured) -> str:
    return found.why or number(found.interval)

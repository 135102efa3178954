"""What `plumbline agreement` says: tables of alpha by group or of each judge, and what divides.

Numbers stand with their 95 % intervals; where there is none, the reason stands in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from plumbline.cli.show import paint, say, table

if TYPE_CHECKING:
    from plumbline.core.agreeing import Among, Conflict, FormAgreement, Summary
    from plumbline.core.resampling import Measured
    from plumbline.core.stats import Interval
    from plumbline.core.types import Judgement

SHOWN = 3
"""Divided items that are printed; more are in the file of --out."""
WIDE = 60
"""Characters of a text that are printed."""


def agreeing(
    data: str,
    by: Literal["group", "annotator"],
    out: Path | None,
    on_bad_row: Literal["stop", "drop"],
    store: Path | None,
) -> Iterator[str]:
    """The lines to print; the file is written first. UserError where nobody judged."""
    from plumbline.core import atomic
    from plumbline.core.agreeing import agreement

    check_out(out, data)
    found = agreement(read(data, on_bad_row, store))
    check(found, data)
    if out:
        atomic.write_json(out, {"data": data, **plain(found)})
    yield from lines(found, data, by)
    if out:
        yield f"\nall numbers: {out}"


def read(data: str, on_bad_row: Literal["stop", "drop"], store: Path | None) -> Sequence[Judgement]:
    """The judgements of a file or of a ref; what cannot be used is said."""
    from plumbline.stages.collected import data_path
    from plumbline.stages.files import rows
    from plumbline.store import find_store

    return rows(data_path(data, find_store(store)), say, on_bad_row)


def check_out(out: Path | None, data: str) -> None:
    """UserError, before anything is read, for a file that must not be written."""
    from plumbline.core.errors import UserError

    if out and (out.is_dir() or out.resolve() == Path(data).resolve()):
        what = "a folder stands there" if out.is_dir() else "the data would be written over itself"
        raise UserError(what, where=str(out), fix="name another --out")


def check(found: Summary, data: str) -> None:
    """UserError where there is nothing to compare."""
    from plumbline.core.errors import UserError

    if found.judgements == found.demonstrations:
        what = "nothing is judged here: there are only demonstrations"
        raise UserError(what, where=data, fix="give rankings, thumbs or ratings")
    if not found.judges:
        raise UserError(
            f"none of the {found.unnamed} judgements says who judged",
            where=data,
            fix='give rows in plumbline\'s own form, with {"provenance": {"judge": {"name": ...,'
            ' "group": ...}}}; `plumbline data convert` writes that form',
        )


def lines(found: Summary, data: str, by: str) -> Iterator[str]:
    """The whole summary."""
    groups = f" in {many(len(found.groups), 'group')}" if found.groups else ", no groups"
    judges = many(found.judges, "judge")
    yield paint(f"{data}: {many(found.judgements, 'judgement')} by {judges}{groups}", "bold")
    if found.unnamed:
        yield f"left out {found.unnamed}: the judge is not named"
    if found.demonstrations:
        yield f"left out {found.demonstrations}: demonstrations judge nothing"
    if found.several:
        yield f"in several groups, counted in the last: {', '.join(found.several)}"
    for form in found.forms:
        yield ""
        yield from of_form(form, by)


def of_form(form: FormAgreement, by: str) -> Iterator[str]:
    """One form of judgement."""
    unit = unit_of(form)
    yield paint(
        f"{form.name}: {form.judgements} by {many(form.judges, 'judge')},"
        f" {form.items} {unit} to {many(form.prompts, 'prompt')}",
        "bold",
    )
    if form.repeats:
        yield f"replaced by a later one of the same judge: {many(form.repeats, 'value')}"
    if form.everyone is None:
        yield "these are words: counted, not compared"
        return
    yield of_annotators(form) if by == "annotator" else of_groups(form)
    if by == "group" and form.tau is not None:
        yield f"mean tau-b of two rankings: {number(form.tau)}"
    if by == "group" and form.divided is not None:
        yield from of_divided(form)


def of_groups(form: FormAgreement) -> str:
    """A row for all, one for each group, one between groups."""
    assert form.everyone is not None
    rows: list[tuple[str, Among]] = [("all", form.everyone)]
    if form.within and form.between:
        rows += [("within groups", form.within)]
        rows += [(f"  {name}", one) for name, one in form.groups.items()]
        rows += [("between groups", form.between)]
    head = ["", "judges", unit_of(form), "same", *(f"alpha ({m})" for m in form.everyone.alphas)]
    return table(
        head,
        (
            (name, one.judges, one.items, number(one.same), *map(number, one.alphas.values()))
            for name, one in rows
        ),
    )


def of_annotators(form: FormAgreement) -> str:
    """A row for each judge, those first who agree least with their own group."""
    how = "tau-b" if form.tau else "kappa"
    head = ["judge", "group", "values", f"own group ({how})", f"all ({how})", "accuracy"]
    least = sorted(form.annotators, key=lambda one: (math.isnan(one.own.value), one.own.value))
    return table(
        head,
        (
            (
                one.judge.name,
                one.judge.group or "-",
                one.values,
                *map(number, (one.own, one.others, one.accuracy)),
            )
            for one in least
        ),
    )


def of_divided(form: FormAgreement) -> Iterator[str]:
    """Where groups differ, and the items on which they differ most."""
    found = form.divided
    assert found is not None and form.means is not None
    yield f"alpha of the groups' means: {number(form.means)}"
    if not found.share.n:
        yield f"no {unit_of(form)} were judged by two groups"
        return
    yield (
        f"majorities of groups are opposed on {found.count} of {found.share.n} {unit_of(form)}:"
        f" {interval(found.share, percent)}"
    )
    yield (
        f"groups stand {found.apart:.2f} apart on a scale of 2"
        f" ({found.dealt:.2f} if groups meant nothing)"
    )
    for conflict in form.conflicts[:SHOWN]:
        yield f"  {divides(conflict, '+.2g' if form.name == 'rankings' else '.2g')}"


def divides(conflict: Conflict, written: str) -> str:
    """A divided item in a line, and the mean of what each group says of it."""
    from plumbline.core.types import text_of

    answers = " | ".join(quoted(text_of(answer)) for answer in conflict.answers)
    asked = quoted(text_of(conflict.prompt[-1:]))
    sides = ", ".join(
        f"{name} {mean:{written}} ({people})" for name, mean, people in conflict.sides
    )
    return f"{asked} -> {answers}: {sides}"


def unit_of(form: FormAgreement) -> str:
    return "pairs of answers" if form.name == "rankings" else "answers"


def number(found: Measured) -> str:
    """A value with its interval, or why there is none."""
    return found.why or interval(found.interval, "{:.2f}".format)


def interval(found: Interval, written: Callable[[float], str]) -> str:
    """ "0.62 [0.58, 0.66]", without ends where they are unknown."""
    ends = f" [{written(found.low)}, {written(found.high)}]" if found.known else ""
    return written(found.value) + ends


def many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def percent(share: float) -> str:
    return f"{share:.1%}"


def quoted(text: str) -> str:
    """The beginning of a text on one line."""
    words = " ".join(text.split())
    return f'"{words}"' if len(words) <= WIDE else f'"{words[: WIDE - 3]}..."'


def plain(value: Any) -> Any:
    """A summary as JSON values; what is not finite is null."""
    from plumbline.core.resampling import Measured
    from plumbline.core.stats import Interval

    match value:
        case Measured() | Interval():
            return value.as_dict()
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case tuple():
            return [plain(one) for one in value]
        case float():
            return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return value

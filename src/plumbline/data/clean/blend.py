"""`plumbline data mix`: several files as one, in the proportions and order of `mixtures`.

All files must have one form. A row that says which collection it is from stays as it stood; another
gets the name of its file as its `source`, so that the mixture can be told apart again. The rows lie
in a scratch folder beside the new file while it is written: memory does not grow with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.errors import UserError

from ..forms import Form
from ..lines import lines
from ..load import OnBadRow
from .batch import dumped
from .columns import scratch
from .corpus_settings import Mixture
from .mixtures import places, plan
from .report import Tally
from .survivors import Survivors
from .usable import Tick, Usable, check_target, usable

AT_ONCE = 1024


@dataclass(frozen=True)
class Blend:
    """Rows by source that there are, how many the mixture took, and what could not be used."""

    there: Mapping[str, int]
    taken: Counter[str]
    tally: Tally


def blend(
    sources: Mapping[str, str],
    out: Path,
    settings: Mixture,
    *,
    on_bad_row: OnBadRow = "stop",
    tick: Tick = lambda phase, done, total: None,
) -> Blend:
    """Write a mixture of files, given by name, to `out`; UserError where they cannot be mixed."""
    check_target(out, *sources.values())
    plan(dict.fromkeys(sources, 1), settings)  # wrong weights are told before anything is read
    tally, forms = Tally(), dict[str, Form]()
    with ExitStack() as stack:
        folder = stack.enter_context(scratch(out.parent, "mix"))
        rows: dict[str, Survivors] = {}
        for place, (name, path) in enumerate(sources.items()):
            (folder / str(place)).mkdir()
            rows[name] = Survivors(folder / str(place))
            stack.callback(rows[name].close)
            _keep(_told(usable(path, on_bad_row, tally, tick), name, sources, forms), rows[name])
        there = {name: one.count for name, one in rows.items()}
        made = plan(there, settings)
        with lines(out) as put:
            for number, (name, index) in enumerate(places(made)):
                if number % AT_ONCE == 0:
                    tick("write", number, made.n)
                put(rows[name].at(index).raw)
    return Blend(there, Counter(dict(zip(made.names, made.quotas, strict=True))), tally)


def _told(
    rows: Iterator[Usable], name: str, sources: Mapping[str, str], forms: dict[str, Form]
) -> Iterator[bytes]:
    """The rows of one source as lines that say so; UserError where another has another form."""
    for one in rows:
        first = next(iter(forms), name)
        if forms.setdefault(name, one.form) != forms[first]:
            raise UserError(
                f"rows of the form {one.form.name!r}, and those of {sources[first]} have the form "
                f"{forms[first].name!r}",
                where=one.where,
                fix="bring both into plumbline's own form first: plumbline data convert",
            )
        yield _marked(one, name)


def _marked(one: Usable, name: str) -> bytes:
    if one.source or one.row.get("source"):
        return one.raw
    if "judgement" in one.row:
        origin = {**(one.row.get("provenance") or {}), "source": name}
        return dumped({**one.row, "provenance": origin})
    return dumped({**one.row, "source": name})


def _keep(rows: Iterator[bytes], into: Survivors) -> None:
    held: list[bytes] = []
    for row in rows:
        held.append(b"\t%s\n" % row)
        if len(held) == AT_ONCE:
            into.append(held)
            held = []
    into.append(held)

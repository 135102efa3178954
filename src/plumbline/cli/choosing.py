"""What `plumbline data select`, `mix` and `together` say: how many of what was taken, and why
others were not.

few.jsonl: 100 of 2000 rows chosen: web 70 of 1500, books 30 of 500; coverage 0.62
left out 1900: they add less to quality and coverage than those chosen
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from plumbline.cli.options import given

if TYPE_CHECKING:
    from plumbline.data.clean.blend import Blend
    from plumbline.data.clean.corpus_settings import Diverse, Mixture
    from plumbline.data.clean.report import Tally
    from plumbline.data.clean.subset import Subset

SHOWN = 8
"""Sources named in a line; the others are counted."""


def selecting(
    data: str,
    out: Path,
    sets: Sequence[str],
    values: Path | None,
    on_bad_row: Literal["stop", "drop"],
) -> Iterator[str]:
    """Select, and the lines to print; UserError where the data or a setting is wrong."""
    from plumbline.cli.screen import Screen
    from plumbline.data.clean.corpus_settings import Diverse
    from plumbline.data.clean.subset import subset
    from plumbline.stages.cards import carry

    settings = given(Diverse(), sets, values)
    with Screen() as screen:
        tick = screen.ticks(Path(data).name)
        found = subset(data, out, settings, on_bad_row=on_bad_row, tick=tick)
    carry([data], out)
    yield from chosen(out, found, settings)
    yield from unusable(found.tally)


def joining(
    people: str,
    judged: Sequence[str],
    audits: Sequence[Path],
    out: Path,
    sets: Sequence[str],
    on_bad_row: Literal["stop", "drop"],
) -> Iterator[str]:
    """Write both as one, and the lines to print."""
    from plumbline.data import write
    from plumbline.stages.cards import carry
    from plumbline.stages.files import rows
    from plumbline.stages.together import Together, joined, trust

    settings, said = given(Together(), sets, None), list[str]()
    first, *others = (rows(one, said.append, on_bad_row) for one in (people, *judged))
    told = [one for part in others for one in part]
    known = [trust(folder, settings.group) for folder in audits]
    found, notes = joined(first, told, known, settings)
    write(out, found)
    carry([people, *judged], out)
    yield from (*said, *notes, f"{out}: {len(found)} judgements")


def mixing(
    data: Sequence[str],
    out: Path,
    sets: Sequence[str],
    values: Path | None,
    on_bad_row: Literal["stop", "drop"],
) -> Iterator[str]:
    """Mix, and the lines to print; UserError where the files or a setting are wrong."""
    from plumbline.cli.screen import Screen
    from plumbline.data.clean.blend import blend
    from plumbline.data.clean.corpus_settings import Mixture
    from plumbline.stages.cards import carry

    settings = given(Mixture(), sets, values)
    sources = named(data)
    with Screen() as screen:
        tick = screen.ticks(out.name)
        found = blend(sources, out, settings, on_bad_row=on_bad_row, tick=tick)
    carry(sources.values(), out)
    yield from mixed(out, found, settings)
    yield from unusable(found.tally)


def named(data: Sequence[str]) -> dict[str, str]:
    """Files by name: without endings, with the folder's where two would be the same."""
    from plumbline.core.errors import UserError
    from plumbline.stages.corpus import files_of

    found: dict[str, str] = {}
    for file in files_of(data):
        if file.name in found:
            what = f"two sources are called {file.name!r}"
            fix = "give the files, or their folders, different names"
            raise UserError(what, where=f"{found[file.name]}, {file.path}", fix=fix)
        found[file.name] = file.path
    return found


def chosen(out: Path, found: Subset, settings: Diverse) -> Iterator[str]:
    """How many of which source, and what became of the others."""
    total, n = found.there.total(), found.taken.total()
    parts = {
        name or "without a source": f"{found.taken[name]} of {count}"
        for name, count in found.there.most_common()
    }
    by = f": {listed(parts)}" if len(parts) > 1 else ""
    yield f"{out}: {n} of {total} rows chosen{by}; coverage {found.coverage:.2f}"
    if less := found.candidates - n:
        yield f"left out {less}: they add less to quality and coverage than those chosen"
    if never := total - found.candidates:
        why = f"lower by {settings.by!r}" if settings.by else "drawn by seed"
        yield f"left out {never}: no candidates ({why}; pool={settings.pool})"


def mixed(out: Path, found: Blend, settings: Mixture) -> Iterator[str]:
    """How many of which source, what came more than once, and what is left of each."""
    parts, left = {}, {}
    for name, there in found.there.items():
        taken = found.taken[name]
        times = f" ({taken / there:.3g} times each)" if taken > there else ""
        parts[name] = f"{taken} of {there}{times}"
        if taken < there:
            left[name] = f"{there - taken}" if taken else f"{there} (weight 0)"
    yield f"{out}: {found.taken.total()} rows mixed: {listed(parts)}"
    if left:
        yield f"left out, beyond their share: {listed(left)}"


def unusable(tally: Tally) -> Iterator[str]:
    """Rows that could not be used: a line a reason, with the first places."""
    for (_, why, _), count in tally.sorted():
        places = [where.rpartition("/")[2] for where, _ in count.examples]
        more = ", ..." if count.rows > len(places) else ""
        yield f"left out {count.rows}: {why} ({', '.join(places)}{more})"


def listed(parts: Mapping[str, str]) -> str:
    """ "web 70 of 1500, books 30 of 500", the first few."""
    said = [f"{name} {what}" for name, what in parts.items()]
    more = [f"{len(said) - SHOWN} sources more"] if len(said) > SHOWN else []
    return ", ".join([*said[:SHOWN], *more])

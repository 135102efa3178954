"""What `plumbline import` and `plumbline export` do and say.

An import is an artifact of the store made from the file, which is kept too: what is trained on
leads back to what people said. Its judgements stand in data.jsonl, in plumbline's own form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from plumbline.cli.show import some
from plumbline.core.errors import UserError
from plumbline.core.types import Judgement, Rating

if TYPE_CHECKING:
    from plumbline.data import Loaded
    from plumbline.store import Store

OnBad = Literal["stop", "drop"]
VERSION = 1
"""Of an import; it counts up when the same file gives other judgements."""

TOOLS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "argilla": (("argilla",), "export with dataset.records.to_json(path), not flattened"),
    "label-studio": (("label studio",), "export in the format JSON, not JSON-MIN or CSV"),
    "open-assistant": (
        ("open-assistant tree", "open-assistant message"),
        "give the trees (*.trees.jsonl) or the messages with their replies",
    ),
}
"""The forms a tool's export is read as, and how to export."""


def importing(
    file: Path, name: str, tool: str, scale: str, store: Path | None, on_bad_row: OnBad
) -> Iterator[str]:
    """Import, and the lines to print; UserError, and nothing in the store, where it fails."""
    from plumbline.data import read
    from plumbline.store import check_name, find_store

    check_name(name)
    home, ends = find_store(store), _ends(scale)
    if not file.is_file():
        raise UserError("no such file", where=str(file), fix="give the file a tool exported")
    loaded = read(file, on_bad_row=on_bad_row)
    _check(loaded, tool)
    said = [_on_scale(_placed(one, file), ends) for one in loaded.judgements]
    config = {"on_bad_row": on_bad_row, "scale": list(ends)}
    before, artifact = home.refs().get(name, ""), keep(home, file, said, config, name)
    yield f"{file}: {loaded.counts['rows']} rows, read as {loaded.form}"
    yield from told(said)
    yield from some("left out", [*loaded.bad, *loaded.dropped, *loaded.left])
    if loaded.ignored:
        yield f"fields not read: {', '.join(loaded.ignored)}"
    was = f" (before: {before[:12]})" if before not in ("", artifact) else ""
    yield f"ref:{name} is {artifact[:12]}{was}; train on it with --data ref:{name}"


def keep(
    home: Store, file: Path, said: Sequence[Judgement], config: Mapping[str, Any], name: str
) -> str:
    """The file, and its judgements as an artifact made from it, in the store under a name; its id.

    A kill leaves the artifact whole or not there, and the name what it was or is to be.
    """
    from plumbline.data import write
    from plumbline.stages.files import DATA
    from plumbline.store import add_source, artifact_id
    from plumbline.store.record import Output
    from plumbline.store.store import now
    from plumbline.store.work import locked

    inputs = {"file": add_source(home, file).id}
    artifact = artifact_id("import", VERSION, config, inputs)
    work = home.work(artifact)
    with locked(work.lock_path):
        if not home.usable(artifact):
            work.begin("import", name, inputs, now())
            write(work.out / DATA, said)
            home.commit(
                home.new_record(
                    "import", VERSION, config, inputs, Output(tree=""), kind="data", label=name
                ),
                work.out,
            )
        home.set_ref(name, artifact)
        work.remove()
    return artifact


def told(said: Sequence[Judgement]) -> Iterator[str]:
    """How many judgements of which kind, by how many judges."""
    kinds = Counter(type(judgement).__name__.lower() for judgement in said)
    judges = {(j.provenance.judge.kind, j.provenance.judge.name) for j in said}
    names = sum(bool(name) for _, name in judges)
    by = f"{names} judge{'s' * (names != 1)}" if names else "judges without names"
    some_ = ", ".join(f"{n} {kind}{'s' * (n != 1)}" for kind, n in kinds.items())
    yield f"{len(said)} judgements by {by}: {some_}"
    bare = sum(isinstance(j, Rating) and (j.low is None or j.high is None) for j in said)
    if bare:
        yield (
            f"{bare} ratings do not say their scale, without which they are neither good nor bad:"
            " --scale LOW:HIGH"
        )


def exporting(
    data: str,
    out: Path,
    form: str,
    group: str,
    secret: str,
    keep_group: bool,
    store: Path | None,
    on_bad_row: OnBad,
) -> Iterator[str]:
    """Export, and the lines to print; UserError, and no file, where it fails."""
    from plumbline.core.anonymous import anonymous
    from plumbline.core.pooling import of_group, pool
    from plumbline.data import read
    from plumbline.data.write import save
    from plumbline.feedback.collecting.exporting import WRITTEN
    from plumbline.stages.collected import data_path
    from plumbline.store import find_store

    source = data_path(data, find_store(store))
    _check_out(out, source)
    loaded = read(source, on_bad_row=on_bad_row)
    said, notes = loaded.judgements, list[str]()
    if group:
        said = of_group(said, group)
        notes.append(f"{len(said)} of {len(loaded.judgements)} judgements are of {group!r}")
    if form == "pooled-pairs":
        pooled = pool(said)
        said, notes = pooled.judgements, [*notes, *pooled.notes]
    if secret:
        said = [anonymous(judgement, secret, keep_group=keep_group) for judgement in said]
        notes.append("texts are as they were: `plumbline data clean` finds personal data in them")
    done = save(said, out, WRITTEN[form][0], source=data)  # type: ignore[index]
    yield f"{out}: {done.rows} {form}"
    yield from notes
    yield from some("left out", [*loaded.bad, *loaded.dropped, *loaded.left, *done.dropped])
    yield from done.notes


def _check_out(out: Path, source: str) -> None:
    """UserError, before anything is read, for a file that must not be written."""
    from plumbline.data.tables import kind_of

    kind_of(out)
    if out.is_dir() or out.resolve() == Path(source).resolve():
        what = "a folder stands there" if out.is_dir() else "the data would be written over itself"
        raise UserError(what, where=str(out), fix="name another --out")


def _check(loaded: Loaded, tool: str) -> None:
    """UserError where a file is not from the tool that was named, or says nothing."""
    forms, how = TOOLS.get(tool, ((), ""))
    if forms and loaded.form not in forms:
        what = f"not {tool}'s export: it reads as {loaded.form!r}"
        raise UserError(what, where=loaded.source, fix=f"{how}; or leave --from away")
    if not loaded.judgements:
        reasons = "\n  ".join(some("left out", [*loaded.bad, *loaded.dropped, *loaded.left]))
        fix = "export it again when people have judged"
        raise UserError(f"no judgement in it\n  {reasons}", where=loaded.source, fix=fix)


def _placed(judgement: Judgement, file: Path) -> Judgement:
    """With the place by the file's name alone: the same file in another folder is the same."""
    by = judgement.provenance
    if not by.where.startswith(f"{file}:"):
        return judgement
    where = f"{file.name}{by.where.removeprefix(str(file))}"
    return replace(judgement, provenance=replace(by, where=where))


def _ends(scale: str) -> tuple[float, ...]:
    """(low, high), or nothing."""
    if not scale:
        return ()
    try:
        low, high = map(float, scale.split(":"))
    except ValueError:
        low = high = 0.0
    if not low < high:
        raise UserError(f"the scale {scale!r}", where="--scale", fix="give LOW:HIGH, such as 1:5")
    return low, high


def _on_scale(judgement: Judgement, ends: tuple[float, ...]) -> Judgement:
    if not ends or not isinstance(judgement, Rating):
        return judgement
    if judgement.low is not None and judgement.high is not None:
        return judgement
    low, high = ends
    if not low <= judgement.score <= high:
        raise UserError(
            f"the score {judgement.score:g} is outside the scale {low:g}:{high:g}",
            where=judgement.provenance.where,
            fix="give the scale that was shown to people (--scale LOW:HIGH)",
        )
    return replace(judgement, low=low, high=high)

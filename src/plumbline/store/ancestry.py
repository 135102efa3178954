"""Where an artifact comes from (up) and what was made from it (down)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plumbline.store.record import Record
from plumbline.store.store import Store


@dataclass(frozen=True)
class Line:
    """One step of a walk: at `depth` below the start, reached by `role`; None where it is gone."""

    depth: int
    role: str
    id: str
    record: Record | None


def lineage(store: Store, name: str, direction: Literal["up", "down"] = "up") -> list[Line]:
    """The artifacts `name` was made from ("up": inputs of inputs) or that use it ("down").

    Depth first; an artifact reached twice stands at its first place only.
    """
    records = {record.id: record for record in store.records()}
    edges: dict[str, list[tuple[str, str]]] = {}
    for record in records.values():
        for role, source in record.inputs.items():
            start, end = (record.id, source) if direction == "up" else (source, record.id)
            edges.setdefault(start, []).append((role, end))
    lines: list[Line] = []
    seen: set[str] = set()
    stack = [(0, "", store.resolve(name))]
    while stack:
        depth, role, artifact = stack.pop()
        if artifact not in seen:
            seen.add(artifact)
            lines.append(Line(depth, role, artifact, records.get(artifact)))
            following = sorted(edges.get(artifact, []), reverse=True)
            stack += [(depth + 1, role, other) for role, other in following]
    return lines


def lineage_text(store: Store, name: str, direction: Literal["up", "down"] = "up") -> str:
    """The walk as an indented list: role, stage, label, short id, where a source lies."""
    return "\n".join(_line_text(line) for line in lineage(store, name, direction))


def _line_text(line: Line) -> str:
    role = f"{line.role}: " if line.role else ""
    if line.record is None:
        return f"{'  ' * line.depth}{role}(record gone)  {line.id[:12]}"
    record = line.record
    label = f" ({record.label})" if record.label not in ("", record.stage) else ""
    path = f"  {record.output.path}" if record.output.path else ""
    return f"{'  ' * line.depth}{role}{record.stage}{label}  {record.id[:12]}{path}"

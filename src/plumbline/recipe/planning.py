"""What a recipe would do: which artifacts are there, which would be made, and why.

The reason is found by comparing with the newest artifact of the same stage (of the same label of
the same recipe, where there is one): the values, version or inputs that differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from plumbline.core.ids import canonical_json
from plumbline.recipe.graph import Graph, Node, build
from plumbline.recipe.loading import Recipe
from plumbline.store import Record, Store

Verdict = Literal["cached", "run", "resume", "running", "waiting", "failed", "blocked"]
MISSING = object()


@dataclass(frozen=True)
class Step:
    """One line of a plan. `why` is empty for what is there already."""

    node: Node
    verdict: Verdict
    why: str = ""


def plan(graph: Graph, store: Store) -> list[Step]:
    """The verdict on every node, in running order."""
    records = store.records()
    steps: dict[str, Step] = {}
    for node in graph.nodes:
        steps[node.id] = _step(graph, node, store, records, steps)
    return list(steps.values())


def _step(
    graph: Graph, node: Node, store: Store, records: list[Record], before: Mapping[str, Step]
) -> Step:
    if node.handle.how != "stage" or store.usable(node.id):
        return Step(node, "cached", node.handle.at)
    if verdict := _begun(node, store):
        return verdict
    why = reason(graph, node, records, before)
    held = [before[i].node.label for i in node.inputs.values() if _held(before[i])]
    if held:
        return Step(node, "blocked", f"after {', '.join(held)}")
    return Step(node, "run", why)


def _held(step: Step) -> bool:
    return step.verdict in ("waiting", "blocked")


def _begun(node: Node, store: Store) -> Step | None:
    """The verdict on a node whose working folder is there."""
    work = store.work(node.id)
    state = work.state
    if state is None:
        return None
    if work.busy():
        return Step(node, "running", f"in process {state.pid} since {state.started}")
    if state.status == "waiting":
        return Step(node, "waiting", state.text)
    if state.status == "failed":
        return Step(node, "failed", f"attempt {state.attempts}: {state.text}")
    if state.status == "made":
        return Step(node, "resume", "made, but not yet taken into the store")
    return Step(node, "resume", f"attempt {state.attempts} did not finish")


def reason(graph: Graph, node: Node, records: list[Record], before: Mapping[str, Step]) -> str:
    """Why a node is not there: what differs from the newest artifact like it."""
    handle = node.handle
    like = [r for r in records if r.stage == handle.stage]
    own = [r for r in like if (r.recipe, r.label) == (graph.recipe.name, node.label)]
    if not like:
        return "never made"
    last = (own or like)[-1]
    if last.id == node.id:
        return "its content is gone"
    changes = [f"version {last.version} -> {handle.version}"] * (last.version != handle.version)
    changes += _value_changes(last.config, handle.config)
    changes += _input_changes(last.inputs, node, before)
    return "; ".join(changes) or "made under other names"


def _value_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = _flat(old), _flat(new)
    return [
        f"{key} {_short(before.get(key, MISSING))} -> {_short(after.get(key, MISSING))}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key, MISSING) != after.get(key, MISSING)
    ]


def _input_changes(old: Mapping[str, str], node: Node, before: Mapping[str, Step]) -> list[str]:
    changes = []
    for role in sorted(old.keys() | node.inputs.keys()):
        if role not in node.inputs:
            changes.append(f"no input {role} any more")
        elif role not in old:
            changes.append(f"new input {role}")
        elif old[role] != node.inputs[role]:
            source = before[node.inputs[role]]
            what = "is another artifact" if source.verdict == "cached" else "is made anew"
            changes.append(f"input {role} ({source.node.label}) {what}")
    return changes


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        inner = isinstance(value, Mapping) and value
        flat |= _flat(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}
    return flat


def _short(value: Any) -> str:
    text = "(none)" if value is MISSING else canonical_json(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def plan_text(
    path: Path | str | Recipe, values: Path | None, sets: Sequence[str], store: Store
) -> str:
    """The plan as lines of verdict, label, stage, short id and reason, with a summary."""
    graph = build(path, values, sets, store)
    steps = plan(graph, store)
    rows = [[s.verdict, s.node.label, s.node.handle.stage, s.node.id[:12], s.why] for s in steps]
    left = sum(step.verdict != "cached" for step in steps)
    end = f"{left} of {len(steps)} to run" if left else f"nothing to do: all {len(steps)} are there"
    return "\n".join([_head(graph, store), *table(rows), end])


def status_text(
    path: Path | str | Recipe, values: Path | None, sets: Sequence[str], store: Store
) -> str:
    """Where a recipe stands: for each artifact when it was made, or how far it has come."""
    graph = build(path, values, sets, store)
    rows = [_status_row(step, store) for step in plan(graph, store)]
    done = sum(row[0] == "done" for row in rows)
    return "\n".join([_head(graph, store), *table(rows), f"{done} of {len(rows)} done"])


def _status_row(step: Step, store: Store) -> list[str]:
    node = step.node
    if step.verdict != "cached":
        return [step.verdict, node.label, node.id[:12], step.why]
    if not store.has(node.id):
        return ["done", node.label, node.id[:12], f"on the disk: {node.handle.at}"]
    record = store.record(node.id)
    return ["done", node.label, node.id[:12], f"{record.ended}  {record.seconds:.1f} s"]


def _head(graph: Graph, store: Store) -> str:
    return f"recipe {graph.recipe.name}  store {store.root}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]

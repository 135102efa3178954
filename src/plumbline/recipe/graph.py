"""From a recipe's handles to nodes in running order, each with its id; nothing has run.

An id depends on what makes an artifact, not on its bytes, so the ids of the whole recipe are known
before its first stage runs. Equal handles are one node (a diamond runs its top once).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.recipe.loading import Recipe, load
from plumbline.store import Handle, Store, artifact_id, check_name, source_record


@dataclass(frozen=True)
class Node:
    """One artifact of a recipe: its id, its name for people, and the ids of its inputs by role."""

    id: str
    label: str
    handle: Handle
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class Graph:
    """A recipe with its values filled in: nodes so that inputs stand before what uses them."""

    recipe: Recipe
    nodes: tuple[Node, ...]
    returned: Mapping[str, str]
    """Node ids by the names under which the recipe returns them."""

    def names(self, node: Node) -> list[str]:
        """The node's label, and what else the recipe returns it as."""
        others = [name for name, made in self.returned.items() if made == node.id]
        return list(dict.fromkeys([node.label, *others]))

    def refs(self, node: Node) -> list[str]:
        """The store's names for a node: "recipe/label"."""
        return [f"{self.recipe.name}/{name}" for name in self.names(node)]

    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}


def build(
    path: Path | str | Recipe, values: Path | None, sets: Sequence[str], store: Store
) -> Graph:
    """Load a recipe, lay the values over its settings, and work out every id."""
    found = load(path)
    builder = _Builder(store, found.where)
    handles = found(found.values(values, sets))  # held, for the builder knows them by identity
    added = [(name, builder.add(handle, name)) for name, handle in handles]
    returned = {name: artifact for name, artifact in added if name}
    nodes = tuple(_labelled(builder.nodes.values(), returned, found.where))
    return Graph(found, nodes, returned)


class _Builder:
    """Collects nodes depth first; `nodes` by id, in running order."""

    def __init__(self, store: Store, where: str) -> None:
        self.store, self.where = store, where
        self.nodes: dict[str, Node] = {}
        self._ids: dict[int, str] = {}

    def add(self, handle: Handle, name: str = "") -> str:
        """The id of a handle, with all that it needs added before it."""
        if id(handle) not in self._ids:
            inputs = {role: self.add(given) for role, given in handle.inputs.items()}
            self._ids[id(handle)] = self._node(handle, inputs)
        artifact = self._ids[id(handle)]
        node, wanted = self.nodes[artifact], handle.label or name
        if wanted and not node.label:
            self.nodes[artifact] = replace(node, label=wanted)
        return artifact

    def _node(self, handle: Handle, inputs: dict[str, str]) -> str:
        artifact = self._artifact(handle, inputs)
        self.nodes.setdefault(artifact, Node(artifact, handle.label, handle, inputs))
        return artifact

    def _artifact(self, handle: Handle, inputs: dict[str, str]) -> str:
        if handle.how == "source":
            return source_record(self.store, Path(handle.at)).id
        if handle.how == "ref":
            record = self.store.record(handle.at)
            if "any" not in (handle.kind, record.kind) and handle.kind != record.kind:
                what = f"{handle.at!r} is {record.kind}, and {handle.kind} is wanted"
                raise UserError(what, where=self.where)
            return record.id
        return artifact_id(handle.stage, handle.version, handle.config, inputs)


def _labelled(nodes: Iterable[Node], returned: Mapping[str, str], where: str) -> list[Node]:
    """Every node with a label of its own: given ones must differ, others are counted up."""
    listed = list(nodes)
    taken = dict(returned)
    for node in listed:
        if node.label and node.handle.how == "stage":
            check_name(node.label, where)
        if node.label and taken.setdefault(node.label, node.id) != node.id:
            raise UserError(
                f"two different stages are labelled {node.label!r}",
                where=where,
                fix="give one of them another label",
            )
    done = []
    for node in listed:
        label = node.label or _free(_stem(node.handle), taken)
        taken.setdefault(label, node.id)
        done.append(replace(node, label=label))
    return done


def _stem(handle: Handle) -> str:
    return Path(handle.at).name or handle.stage if handle.how != "stage" else handle.stage


def _free(stem: str, taken: Mapping[str, str]) -> str:
    names = [stem, *(f"{stem}-{i}" for i in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)

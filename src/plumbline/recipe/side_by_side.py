"""Stages of a recipe that do not wait for each other, side by side, a process each.

The parent keeps the books and decides what may start; a child builds the same graph and makes one
artifact at a time, on its share of the cores. What it reports goes to the parent over a pipe. The
store's locks and working folders are the same as ever, so a kill of any of them loses nothing.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.machine import free_cores
from plumbline.recipe.graph import Node, build
from plumbline.recipe.loading import Recipe
from plumbline.recipe.run import Outcome, Runner
from plumbline.store import Event, Store

GONE = (EOFError, BrokenPipeError, ConnectionResetError)
"""What a pipe raises whose other end is closed."""


@dataclass(frozen=True)
class Order:
    """What a child needs to build the parent's graph."""

    path: str
    values: Path | None
    sets: tuple[str, ...]
    store: Path

    @staticmethod
    def of(
        path: Path | str | Recipe, values: Path | None, sets: Sequence[str], store: Store
    ) -> Order:
        """A recipe given as an object is found again through its file."""
        file = path.where.rpartition(":")[0] if isinstance(path, Recipe) else str(path)
        return Order(file, values, tuple(sets), store.root)


def side_by_side(runner: Runner, order: Order, why: Mapping[str, str], jobs: int) -> None:
    """Settle or make every node of the runner's graph, at most `jobs` at a time.

    Where a stage fails, those at work beside it go on to their end, nothing new begins, and its
    error is raised. An interruption stops all of them, and the next run goes on from there.
    """
    team = _Team(order, jobs, max(1, cores() // jobs))
    try:
        _work_off(runner, team, why)
    except BaseException:
        team.stop()
        raise
    team.dismiss()


def cores() -> int:
    """Cores that this process may use; OMP_NUM_THREADS, where it is set, has the last word."""
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # a list by depth
    return int(said) if said.isdigit() and int(said) else free_cores()


def _work_off(runner: Runner, team: _Team, why: Mapping[str, str]) -> None:
    left = {node.id: node for node in runner.graph.nodes}
    failed: BaseException | None = None
    while left:
        for node in _ready(left, team):
            if runner.settle(node):
                del left[node.id]
                break  # what hung on it may be ready now, and stands before the rest
            if failed is None and team.free():
                team.give(node, why[node.id])
        else:
            if not team.busy():
                break
            for node, end in team.hear(runner.report):
                del left[node.id]
                if isinstance(end, Outcome):
                    runner.take(node, end)
                else:
                    failed = failed or end
    if failed is not None:
        raise failed


def _ready(left: Mapping[str, Node], team: _Team) -> list[Node]:
    """Nodes that nobody works at and whose inputs are settled, in the graph's order."""
    given = {node.id for node in team.busy()}
    return [
        node
        for node in left.values()
        if node.id not in given and not left.keys() & set(node.inputs.values())
    ]


class _Team:
    """Children that are started when they are first needed, and what each is at."""

    def __init__(self, order: Order, jobs: int, threads: int) -> None:
        self.order, self.jobs, self.threads = order, jobs, threads
        self._context = get_context("spawn")  # a fork would share locks of torch and OpenMP
        self._children: dict[Connection, Any] = {}
        self._at: dict[Connection, Node] = {}

    def busy(self) -> list[Node]:
        return list(self._at.values())

    def free(self) -> bool:
        return len(self._at) < self.jobs

    def give(self, node: Node, why: str) -> None:
        idle = [pipe for pipe in self._children if pipe not in self._at]
        pipe = idle[0] if idle else self._start()
        self._at[pipe] = node
        with suppress(*GONE):  # a child that is gone is noticed when it is heard
            pipe.send((node.id, why))

    def _start(self) -> Connection:
        mine, theirs = self._context.Pipe()
        child = self._context.Process(target=_child, args=(theirs, self.order, self.threads))
        child.start()
        theirs.close()
        self._children[mine] = child
        return mine

    def hear(self, report: Any) -> list[tuple[Node, Outcome | BaseException]]:
        """Pass on what the children say until one or more have ended their work."""
        ended: list[tuple[Node, Outcome | BaseException]] = []
        while not ended:
            for pipe in wait(list(self._at)):
                assert isinstance(pipe, Connection)
                try:
                    said = pipe.recv()
                except GONE:
                    said = self._lost(pipe)
                if isinstance(said, Event):
                    report(said)
                else:
                    ended.append((self._at.pop(pipe), said))
        return ended

    def _lost(self, pipe: Connection) -> BaseException:
        """A child died without a word: killed, or out of memory."""
        child, label = self._children.pop(pipe), self._at[pipe].label
        child.join()
        code = child.exitcode or 0
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        fix = "where memory ran out, run with --jobs 1; the same command goes on from there"
        return UserError(f"the process that made it died ({cause})", where=label, fix=fix)

    def dismiss(self) -> None:
        """Let idle children go."""
        for pipe, child in self._children.items():
            pipe.close()
            child.join()

    def stop(self) -> None:
        """Interrupt the children at work; what they were at can be taken up again."""
        for child in self._children.values():
            child.terminate()
        self.dismiss()


def _child(pipe: Connection, order: Order, threads: int) -> None:
    """Make what the parent names until it closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells all; the parent decides
    signal.signal(signal.SIGTERM, _leave)
    _take_threads(threads)
    runner: Runner | None = None
    with suppress(*GONE):
        while True:
            artifact, why = pipe.recv()
            signal.signal(signal.SIGTERM, _interrupt)
            try:
                runner = runner or _runner(order, pipe)
                end: Any = runner.make(_node(runner, artifact), why)
            except BaseException as error:
                end = _sendable(error)
            signal.signal(signal.SIGTERM, _leave)
            _send(pipe, end)


def _leave(number: int, frame: FrameType | None) -> None:
    """An idle child has nothing to put away."""
    os._exit(0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _take_threads(threads: int) -> None:
    """A child's share of the cores, for libraries that are still to be imported, and for torch."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _runner(order: Order, pipe: Connection) -> Runner:
    store = Store(order.store)
    graph = build(order.path, order.values, order.sets, store)
    return Runner(graph, store, lambda event: _send(pipe, event))


def _node(runner: Runner, artifact: str) -> Node:
    found = runner.graph.by_id().get(artifact)
    if found is None:
        where = runner.graph.recipe.where
        raise UserError("the recipe changed while it ran", where=where, fix="run it again")
    return found


def _send(pipe: Connection, what: Any) -> None:
    """A child whose parent is gone stops as by a kill; the next run goes on from its files."""
    try:
        pipe.send(what)
    except GONE:
        os._exit(1)


def _sendable(error: BaseException) -> BaseException:
    """The error with its traceback as a note, or words for it where it cannot be pickled."""
    text = "".join(traceback.format_exception(error))
    if not isinstance(error, UserError):
        error.add_note(text)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(text)
    return error

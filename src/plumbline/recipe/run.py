"""Running a recipe: what is there is left alone, what was begun goes on, the rest is made.

Each artifact has one working folder that outlives its process, so a killed run continues with the
same command. What waits for people holds up only what depends on it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from plumbline.core import atomic
from plumbline.core.errors import UserError, Waiting
from plumbline.recipe.graph import Graph, Node, build
from plumbline.recipe.loading import Recipe
from plumbline.recipe.planning import plan
from plumbline.store import Context, Event, Record, Report, Store, add_source, silent
from plumbline.store.handles import resolve
from plumbline.store.record import Output, runtime_part
from plumbline.store.store import now
from plumbline.store.work import State, Status, Work, locked


@dataclass
class RunResult:
    """What a run did, by label. exit_code: 0 all is there, 3 something waits for people."""

    store: Store
    recipe: str
    ran: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    artifacts: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return 3 if self.waiting else 0

    def folder(self, label: str) -> Path:
        """The content of a finished artifact, to be read only."""
        return self.store.path(self.artifacts[label])

    def text(self) -> str:
        """One summary line, and one for each stage that waits."""
        if not self.ran and not self.waiting:
            return f"nothing to do: all {len(self.cached)} artifacts are there"
        lines = [f"made {len(self.ran)}, {len(self.cached)} were there"]
        lines += [f"waiting: {label}: {text}" for label, text in self.waiting.items()]
        if self.blocked:
            lines.append(f"held up by that: {', '.join(self.blocked)}")
        return "\n".join(lines)


def run_recipe(
    path: Path | str | Recipe,
    values: Path | None,
    sets: Sequence[str],
    store: Store,
    report: Report = silent,
    jobs: int = 1,
) -> RunResult:
    """Make every artifact of a recipe that is not there; `report` hears of each step.

    With `jobs` above 1, so many stages that do not wait for each other run side by side.
    UserError, KeyboardInterrupt and a stage's own exception pass through, after the state of the
    stage has been written; the same call goes on from there.
    """
    graph = build(path, values, sets, store)
    runner = Runner(graph, store, report)
    runner.name_what_is_there()
    why = {step.node.id: step.why for step in plan(graph, store)}
    if jobs > 1:
        from plumbline.recipe.side_by_side import Order, side_by_side

        side_by_side(runner, Order.of(path, values, sets, store), why, jobs)
        return runner.result
    for node in graph.nodes:
        if not runner.settle(node):
            runner.take(node, runner.make(node, why[node.id]))
    return runner.result


@dataclass(frozen=True)
class Outcome:
    """How the making of one artifact ended; `text` says what it waits for."""

    how: Literal["made", "cached", "waiting"]
    text: str = ""


class Runner:
    """One run over a graph: `settle` and `take` keep its books, `make` does the work of a node."""

    def __init__(self, graph: Graph, store: Store, report: Report) -> None:
        self.graph, self.store, self.report = graph, store, report
        self.result = RunResult(store, graph.recipe.name)
        self._missing: set[str] = set()

    def name_what_is_there(self) -> None:
        """Refs first: from here on `gc` leaves alone what this run will read."""
        for node in self.graph.nodes:
            if node.handle.how == "stage" and self.store.usable(node.id):
                self._name(node)

    def settle(self, node: Node) -> bool:
        """Whether a node whose inputs are settled needs no work: it is there, or held up."""
        if node.handle.how == "source":
            self._source(node)
        if self.store.usable(node.id):
            self.take(node, self._cached(node))
            return True
        held = [
            n.label for n in self.graph.nodes if n.id in self._missing & set(node.inputs.values())
        ]
        if held:
            self._missing.add(node.id)
            self.result.blocked.append(node.label)
            self.report(Event("blocked", node.label, f"after {', '.join(held)}"))
        return bool(held)

    def take(self, node: Node, outcome: Outcome) -> None:
        """Write down how a node ended."""
        if outcome.how == "waiting":
            self._missing.add(node.id)
            self.result.waiting[node.label] = outcome.text
            return
        self.result.artifacts |= dict.fromkeys(self.graph.names(node), node.id)
        (self.result.ran if outcome.how == "made" else self.result.cached).append(node.label)

    def make(self, node: Node, why: str) -> Outcome:
        """Make one artifact, alone: another process at the same one is waited for."""
        work = self.store.work(node.id)
        say = Event("say", node.label, "another process is making this; waiting for it")
        with locked(work.lock_path, waiting=lambda: self.report(say)):
            if self.store.usable(node.id):
                return self._cached(node)
            state = work.begin(node.handle.stage, node.label, node.inputs, now())
            if state.status != "made":
                self.report(Event("start", node.label, why))
                state = self._run(node, work, state)
            if state.status == "waiting":
                return self._waits(node, state)
            return self._commit(node, work, state)

    def _name(self, node: Node) -> None:
        for ref in self.graph.refs(node):
            self.store.set_ref(ref, node.id)

    def _cached(self, node: Node) -> Outcome:
        if node.handle.how == "stage":
            self._name(node)
        self.report(Event("cached", node.label, node.id))
        return Outcome("cached")

    def _source(self, node: Node) -> None:
        path = Path(node.handle.at)
        record = add_source(self.store, path, kind=node.handle.kind, label=node.label)
        if record.id != node.id:
            raise UserError("the content changed while the recipe was planned", where=str(path))

    def _run(self, node: Node, work: Work, state: State) -> State:
        """Call the stage; its state once made, or where it waits for people.

        "made" is on the disk before the first file is taken: from then on the files in `out` may be
        links to the store's own, and a stage called again would write into those.
        """
        begun = time.monotonic()
        try:
            with atomic.space(work.out):
                self._call(node, work, state)
        except Waiting as wait:
            return self._stopped(work, state, begun, "waiting", str(wait))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self.report(Event("failed", node.label, text))
            self._stopped(work, state, begun, "failed", text)
            raise
        except BaseException:
            self._stopped(work, state, begun, "unfinished", "interrupted")
            raise
        return self._stopped(work, state, begun, "made", "")

    def _call(self, node: Node, work: Work, state: State) -> None:
        context = Context(work.out, node.label, state.attempts, self.report, self.store.root)
        inputs = {role: self.store.path(artifact) for role, artifact in node.inputs.items()}
        resolve(node.handle.function)(context, node.handle.settings, inputs)

    def _stopped(self, work: Work, state: State, begun: float, status: Status, text: str) -> State:
        seconds = state.seconds + time.monotonic() - begun
        state = replace(state, status=status, seconds=seconds, text=text)
        work.write(state)
        return state

    def _waits(self, node: Node, state: State) -> Outcome:
        self.report(Event("waiting", node.label, state.text))
        return Outcome("waiting", state.text)

    def _commit(self, node: Node, work: Work, state: State) -> Outcome:
        record = self._record(node, state)
        self.store.commit(record, work.out, ref=self.graph.refs(node)[0])
        self._name(node)
        work.remove()
        self.report(Event("done", node.label, f"{state.seconds:.1f} s"))
        return Outcome("made")

    def _record(self, node: Node, state: State) -> Record:
        handle = node.handle
        return self.store.new_record(
            handle.stage,
            handle.version,
            handle.config,
            node.inputs,
            Output(tree=""),
            kind=handle.kind,
            label=node.label,
            recipe=self.graph.recipe.name,
            runtime=runtime_part(handle.settings),
            started=state.started,
            seconds=state.seconds,
            attempts=state.attempts,
        )

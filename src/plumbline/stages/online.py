"""The online loop: sample, score, credit, update, again.

    answers from the policy -> rewards -> log-probabilities of policy and reference, values
        -> advantages (columns) -> epochs of minibatches -> one line of metrics

A checkpoint is made between iterations; what a finished phase of the iteration under way has drawn
and what rewards it was given lie beside it, so that a killed run draws the same answers and asks no
endpoint twice. Continuing gives the same bits as never having stopped (one machine, one lock, as
many threads).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.types import text_of
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.engine.metrics import MetricsFile, Sums
from plumbline.engine.optim import Schedule
from plumbline.feedback.judging.graded import UNGRADED
from plumbline.feedback.kl import Controller
from plumbline.feedback.rewards import (
    COST,
    DISAGREEMENT,
    Answered,
    Total,
    Unrewarded,
    priced,
)
from plumbline.feedback.scores import Seen, scaled
from plumbline.stages import crediting, peak, signals
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.critic import Critic
from plumbline.stages.drawn import Drawn, exact_kl, items_of, scored
from plumbline.stages.draws import Drawer, Prompt
from plumbline.stages.methods import Method
from plumbline.stages.mixing import Mixing
from plumbline.stages.offline import Progress
from plumbline.stages.online_settings import Online
from plumbline.stages.onpolicy import hash_seed
from plumbline.stages.stopping import stopping

OFFENDING, CRITIC = "offending.json", "critic"


@dataclass
class OnlineLoop:
    """A run of the loop; `state` is what a checkpoint carries beside weights and moments."""

    engine: Engine
    reference: Engine
    how: Method
    settings: Online
    prompts: Sequence[Prompt]
    reward: Total
    drawer: Drawer
    schedule: Schedule
    checkpoints: Checkpoints
    out: Path
    say: Callable[[str], None]
    progress: Progress
    critic: Critic | None = None
    mixing: Mixing | None = None
    watched: Sequence[Prompt] = ()
    state: dict[str, Any] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Train to the end (or until a stop); the last state."""
        s = self.settings
        self.state = {
            "step": 0,
            "tokens": 0,
            "seconds": {},
            "beta": self._first_beta(),
            "price": 0.0,
            "scores": Seen().as_dict(),
            "first": {},
            "said": [],
            "watched": [],
            "shown": [],
            "end": "",
        }
        self._resume()
        metrics = MetricsFile(self.out / "metrics.jsonl", keep_through=self.state["step"] - 1)
        saved = time.monotonic()
        with stopping() as stop:
            while self.state["step"] < s.iterations and not self.state["end"]:
                metrics.write(self._iteration())
                if stop.asked or time.monotonic() - saved > s.save_seconds:
                    self._save()
                    saved = time.monotonic()
                if stop.asked:
                    raise KeyboardInterrupt
        metrics.close()
        self._show(self.state["step"])
        self._save()
        if best := self.checkpoints.read("best"):
            self.engine.load_state(best[0])
        return self.state

    def _first_beta(self) -> float:
        """The weight of the KL before a controller moves it."""
        if self.how.kl == "loss":
            return float(getattr(self.engine.objective, "beta"))  # noqa: B009 (of some objectives)
        given = self.settings.kl.beta
        return self.how.beta if given is None else given

    def _weigh(self, beta: float) -> None:
        """Where the KL is a loss its weight is the objective's, and moves with the controller."""
        if self.how.kl == "loss":
            objective: Any = self.engine.objective
            self.engine.objective = replace(objective, beta=beta)

    def _iteration(self) -> dict[str, Any]:
        """One round of sample, score, credit and update, and its line of metrics."""
        step, took = self.state["step"], dict[str, float]()
        if step in self._moments:
            self._show(step)
        asked = self._asked(step)
        with _timed(took, "sample"):
            said = self._kept(step, "drawn", lambda: self._draw(step, asked).as_dict())
            drawn = self.drawer.recalled(asked, said)
        with _timed(took, "reward"):
            worth = self._kept(step, "rewarded", lambda: self._rewarded(drawn))
        drawn = self._priced(drawn.worth(worth))
        self._count(drawn)
        items = items_of(drawn.asked)
        with _timed(took, "score"):
            told = scored(self.engine, self.reference, items, drawn.logprobs, self.critic)
            exact = exact_kl(self.engine, self.reference, items)
        beta = self.state["beta"]
        found = crediting.credited(self.how, self.settings, self._scaled(drawn), told, beta)
        numbers = signals.numbers(drawn, told, found)
        numbers["kl_exact"] = exact
        self._watch(step, drawn)
        self._weigh(beta)
        with _timed(took, "update"):
            ready = crediting.with_columns(items, drawn, told, found)
            numbers |= self._update(step, ready, drawn)
        numbers["beta"] = beta
        self._steer(numbers["kl"], drawn)
        if COST in drawn.parts:
            numbers["price"] = self.state["price"]
        return self._line(step, numbers, took, int(drawn.lengths.sum()))

    @property
    def _moments(self) -> set[int]:
        """Iterations before which answers to the watched prompts are kept."""
        count = max(1, self.settings.heldout.times - 1)
        return {round(i * self.settings.iterations / count) for i in range(count)}

    def _show(self, step: int) -> None:
        """Keep an answer to each watched prompt, always drawn at the same random numbers."""
        shown = self.state["shown"]
        if not self.watched or any(one["step"] == step for one in shown):
            return
        seeds = [hash_seed(self.settings.seed, 2**32, k) for k in range(len(self.watched))]
        drawn = self.drawer(self.engine.policy, self.watched, 1, seeds)
        worth = self._rewarded(drawn)["rewards"]
        for one, reward in zip(drawn.asked, worth, strict=True):
            told = {"prompt": text_of(one.prompt), "answer": one.texts[0], "reward": reward}
            shown.append({"step": step, **told})

    def _line(
        self, step: int, numbers: dict[str, float], took: dict[str, float], tokens: int
    ) -> dict[str, Any]:
        state = self.state
        state["first"] = state["first"] or numbers
        for name, words in signals.sicknesses(state["first"], numbers, step).items():
            if name not in state["said"]:
                state["said"].append(name)
                self.say(f"iteration {step}: {words}")
        state["step"], state["tokens"] = step + 1, state["tokens"] + tokens
        state["seconds"] = {k: state["seconds"].get(k, 0.0) + v for k, v in took.items()}
        shown = {name: numbers[name] for name in ("reward", "kl", "length")}
        self.progress(step + 1, self.settings.iterations, shown)
        seconds = {f"seconds.{name}": value for name, value in took.items()}
        return {"step": step, **numbers, "tokens": state["tokens"], **seconds}

    # -- sample and reward

    def _asked(self, step: int) -> list[Prompt]:
        """The iteration's prompts: every one once before any comes again, in a seeded order."""
        count, total = self.settings.prompts, len(self.prompts)
        found = []
        for place in range(step * count, (step + 1) * count):
            epoch, at = divmod(place, total)
            order = np.random.default_rng([self.settings.seed, epoch]).permutation(total)
            found.append(self.prompts[order[at]])
        return found

    def _draw(self, step: int, asked: Sequence[Prompt]) -> Drawn:
        n = self.settings.draw.n or self.how.n
        seeds = [hash_seed(self.settings.seed, step, k) for k in range(n * len(asked))]
        return self.drawer(self.engine.policy, asked, n, seeds)

    def _rewarded(self, drawn: Drawn) -> dict[str, Any]:
        """The sum and each reward's own numbers, by answer. Where they cannot be had, everything so
        far is saved before it stops: rewards that lie elsewhere come back."""
        if not any(text.strip() for one in drawn.asked for text in one.texts):
            self._refuse("all answers are empty", drawn.asked[0], "see that the model can answer")
        try:
            rewards, parts = self.reward(drawn.asked)
        except UserError as error:
            self._save()
            if isinstance(error, Unrewarded):
                self._refuse(error.what, error.asked, error.fix, error.where)
            what = f"iteration {self.state['step']}: {error.what}"
            raise UserError(what, where=error.where, fix=error.fix) from error
        return {"rewards": rewards.tolist(), "parts": {k: v.tolist() for k, v in parts.items()}}

    def _count(self, drawn: Drawn) -> None:
        """Answers so far that a judge did not grade."""
        if UNGRADED in drawn.parts:
            count = int(drawn.parts[UNGRADED].sum())
            self.state[UNGRADED] = self.state.get(UNGRADED, 0) + count

    def _priced(self, drawn: Drawn) -> Drawn:
        """Rewards less what costs cost now."""
        if COST not in drawn.parts:
            return drawn
        worth = priced(drawn.rewards, drawn.parts[COST], self.state["price"])
        return replace(drawn, rewards=worth)

    def _scaled(self, drawn: Drawn) -> Drawn:
        """Rewards brought to size; what has been seen of them goes into the state."""
        seen = Seen.of(self.state["scores"])
        seen.add(drawn.rewards)
        self.state["scores"] = seen.as_dict()
        how = self.settings.reward.scale
        return replace(drawn, rewards=scaled(drawn.rewards, how, seen))

    def _refuse(self, what: str, asked: Answered, fix: str, where: str = "") -> None:
        """Stop with the prompt at fault in a file; the run can go on once it is mended."""
        atomic.write_json(self.out / OFFENDING, asked.as_dict())
        said = f"{fix}; the prompt is in {self.out / OFFENDING}"
        raise UserError(f"iteration {self.state['step']}: {what}", where=where, fix=said)

    def _kept(self, step: int, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What a phase made before the run was stopped, else made now and kept."""
        path = self.checkpoints.root / f"{name}.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if known.get("step") != step:
            known = {"step": step, **make()}
            self.checkpoints.root.mkdir(parents=True, exist_ok=True)
            atomic.write_json(path, known)
        return known

    def _gate(self, error: float) -> None:
        if error <= self.settings.gate:
            return
        raise UserError(
            f"iteration {self.state['step']}: sampler and trainer disagree by a factor of"
            f" {error:.3f} a token (the gate is {self.settings.gate})",
            where=str(self.out),
            fix="use precision=fp32; if it stays, this architecture's cache differs from its"
            " forward pass: say so in an issue",
        )

    # -- update

    def _update(self, step: int, items: Sequence[Item], drawn: Drawn) -> dict[str, float]:
        """Epochs of minibatches; means over all of them."""
        s = self.settings
        lr, sums, norms = self.schedule.at(step), Sums(), []
        updates, mean = 0, {"lr": lr}
        for epoch in range(s.epochs or self.how.epochs):
            moved = 0.0
            for batch in self._minibatches(step, epoch, items):
                found = self.engine.forward_backward(batch)
                if not updates:  # the ratio is from 1 by what sampler and trainer disagree
                    mean["sampler_error"] = found.means()["sampler_error"]
                    self._gate(mean["sampler_error"])
                if self.mixing is not None:
                    sums.merge(self.mixing(step, updates, len(batch)))
                norms.append(self._optim_step(self.engine, lr, found))
                sums.merge(found)
                if self.critic is not None:
                    learnt = self.critic.forward_backward(batch)
                    self._optim_step(self.critic, lr * self._critic_rate, learnt, "value_loss")
                    sums.merge(learnt)
                moved, updates = found.means().get("moved", 0.0), updates + 1
            if s.moved and moved > s.moved:
                break
        mean["updates"] = float(updates)
        return {**sums.means(), **mean, "grad_norm": float(np.mean(norms)) if norms else 0.0}

    def _minibatches(self, step: int, epoch: int, items: Sequence[Item]) -> Iterator[list[Item]]:
        count = self.settings.minibatches or self.how.minibatches
        order = np.random.default_rng([self.settings.seed, step, epoch]).permutation(len(items))
        for part in np.array_split(order, min(count, max(1, len(items)))):
            if len(part):
                yield [items[i] for i in part]

    @property
    def _critic_rate(self) -> float:
        """The critic's learning rate over the policy's."""
        own, peak = self.settings.critic.lr, self.schedule.lr
        return 1.0 if own is None or not peak else own / peak

    def _optim_step(self, engine: Engine, lr: float, found: Sums, name: str = "loss") -> float:
        try:
            if not math.isfinite(found.means().get(name, 0.0)):
                raise FloatingPointError(f"the loss is {found.means()[name]}")
            return engine.optim_step(lr)
        except FloatingPointError as error:
            raise UserError(
                f"training broke down at iteration {self.state['step']}: {error}",
                where=str(self.out),
                fix="lower lr or clip; the checkpoint before it is kept",
            ) from error

    def _steer(self, kl: float, drawn: Drawn) -> None:
        """Beta towards the target, the price of costs towards their limit; the end where the KL is
        spent."""
        s, rewarding = self.settings.kl, self.settings.reward
        control = Controller(self.state["beta"], s.target, s.horizon)
        control.update(kl, len(drawn.rewards))
        self.state["beta"] = control.beta
        if COST in drawn.parts:
            over = float(drawn.parts[COST].mean()) - rewarding.cost_limit
            self.state["price"] = max(0.0, self.state["price"] + rewarding.cost_step * over)
        if s.most and kl > s.most:
            self._end(f"the KL of {kl:.2f} nats a sequence is over kl.most={s.most}")

    def _watch(self, step: int, drawn: Drawn) -> None:
        """Keep the weights that drew the best of the watched reward; the end where its peak has
        passed, or where the ensemble no longer agrees."""
        s, state = self.settings.stop, self.state
        if s.watch:
            part = list(drawn.parts.values())[s.watch - 1]
            state["watched"] = watched = [*state["watched"], float(part.mean())]
            if peak.highest(watched, s.patience) == step:
                self.checkpoints.write("best", self.engine.save_state, {"step": step})
            if peak.passed(watched, s.patience):
                self._end(f"reward {s.watch} has not risen for {s.patience} iterations")
        if s.disagreement:
            now = float(drawn.parts[DISAGREEMENT].mean())
            first = state["first"].get(f"reward.{DISAGREEMENT}", now)
            if now > s.disagreement * first:
                self._end(f"the ensemble disagrees by {now:.3g}, at first by {first:.3g}")

    def _end(self, why: str) -> None:
        self.state["end"] = why
        self.say(f"iteration {self.state['step']}: {why}")

    # -- state

    def _save(self) -> None:
        self.checkpoints.write("last", self._save_weights, self.state)

    def _save_weights(self, folder: Path) -> None:
        self.engine.save_state(folder)
        if self.critic is not None:
            (folder / CRITIC).mkdir()
            self.critic.save_state(folder / CRITIC)

    def _resume(self) -> None:
        found = self.checkpoints.read("last")
        if found is not None:
            folder, self.state = found
            self.engine.load_state(folder)
            if self.critic is not None:
                self.critic.load_state(folder / CRITIC)


@contextmanager
def _timed(took: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took[name] = time.perf_counter() - began

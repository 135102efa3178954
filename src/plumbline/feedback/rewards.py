"""What an answer is worth to a training: rewards behind one call, alone or several with weights.

A `Reward` reads prompts with their answers and gives one number an answer. Sources: a reward model
(`feedback.reward_model`), rules (`feedback.rules`), a Python function, an HTTP endpoint (here), and
whatever a recipe passes in. `total` adds them up with weights and takes off what an answer without
an end costs. A number that is not finite, or a source that fails, stops the job: `Unrewarded` says
which prompt it was, so that the caller can save it.

Several reward models may count as one, an ensemble: their mean, their minimum, or their mean less
their standard deviation (Coste et al. 2023, arXiv:2310.02743; over the models, of the population).
That deviation is also among the parts: where an ensemble disagrees, none of it has been taught.
"""

from __future__ import annotations

import importlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation

COST, DISAGREEMENT = "cost", "disagreement"
"""The names of a cost, and of the deviation of an ensemble's members, among the parts."""
Fold = Literal["mean", "min", "mean-std"]
Worth = tuple[np.ndarray, dict[str, np.ndarray]]
"""Numbers [N], and others [N] by name."""


@dataclass(frozen=True)
class Answered:
    """A prompt with answers that a policy drew: their ids and words, and which came to an end.

    `wanted` is the answer that the prompts' file gives, for rules that compare.
    """

    prompt: Conversation
    prompt_ids: Sequence[int]
    ids: tuple[Sequence[int], ...]
    texts: tuple[str, ...]
    ended: tuple[bool, ...]
    wanted: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For people, endpoints and the file of an offending prompt."""
        return {
            "prompt": [{"role": m.role, "content": m.content} for m in self.prompt],
            "answers": list(self.texts),
            "ended": list(self.ended),
        }


class Reward(Protocol):
    """Numbers [N] for all answers, prompt by prompt, larger is better. `name` is for people."""

    @property
    def name(self) -> str: ...

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray: ...


@runtime_checkable
class Telling(Protocol):
    """A reward that tells more than its numbers: by name [N], for the metrics."""

    def told(self, asked: Sequence[Answered]) -> Worth: ...


@dataclass(frozen=True)
class Ensemble:
    """Several rewards as one number."""

    name: str
    members: tuple[Reward, ...]
    fold: Fold = "mean"

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        return self.told(asked)[0]

    def told(self, asked: Sequence[Answered]) -> Worth:
        """How far the members disagree, beside what they come to."""
        each = self.each(asked)
        return folded(each, self.fold), {DISAGREEMENT: each.std(0)}

    def each(self, asked: Sequence[Answered]) -> np.ndarray:
        """[M, N] what each member gives."""
        return np.stack([checked(member, asked) for member in self.members])


def folded(each: np.ndarray, fold: Fold) -> np.ndarray:
    """[M, N] -> [N]."""
    if fold == "min":
        return each.min(0)
    return each.mean(0) - (each.std(0) if fold == "mean-std" else 0.0)


class Unrewarded(UserError):
    """A reward could not be had; `asked` is the prompt at fault."""

    def __init__(self, what: str, asked: Answered, *, where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.asked = asked


@dataclass(frozen=True)
class Total:
    """Rewards with weights; an answer that was cut off gets `unended` less (0: as it is).

    `cost` is no part of the sum: it is what must stay below a limit (see `priced`).
    """

    rewards: tuple[Reward, ...]
    weights: tuple[float, ...]
    unended: float = 0.0
    cost: Reward | None = None

    def __call__(self, asked: Sequence[Answered]) -> Worth:
        """The sum [N], and each reward's own numbers by name, in their order; then what rewards
        tell beside, the largest where several tell it."""
        apart: dict[str, np.ndarray] = {}
        found = [_noted(reward, asked, apart) for reward in self.rewards]
        total = sum(w * part for w, part in zip(self.weights, found, strict=True))
        names = [reward.name for reward in self.rewards]
        parts = {
            name if names.count(name) == 1 else f"{name} ({i})": part
            for i, (name, part) in enumerate(zip(names, found, strict=True), 1)
        }
        cost = {} if self.cost is None else {COST: _noted(self.cost, asked, apart)}
        ended = np.array([e for one in asked for e in one.ended], bool)
        return total - self.unended * ~ended, parts | apart | cost


def priced(rewards: np.ndarray, cost: np.ndarray, price: float) -> np.ndarray:
    """(r - price c) / (1 + price): what is learnt from while costs have a price.

    Safe RLHF: Dai et al. 2023, arXiv:2310.12773, eq. 9, the price being their Lagrange multiplier.
    """
    return (rewards - price * cost) / (1 + price)


def _noted(reward: Reward, asked: Sequence[Answered], more: dict[str, np.ndarray]) -> np.ndarray:
    """Its numbers; what it tells beside goes into `more`."""
    if not isinstance(reward, Telling):
        return checked(reward, asked)
    found, beside = reward.told(asked)
    for name, part in beside.items():
        more[name] = np.maximum(more[name], part) if name in more else part
    return _sound(reward.name, found, asked)


def checked(reward: Reward, asked: Sequence[Answered]) -> np.ndarray:
    """Its numbers in float64; Unrewarded where one is missing or not finite."""
    return _sound(reward.name, reward(asked), asked)


def _sound(name: str, worth: np.ndarray, asked: Sequence[Answered]) -> np.ndarray:
    found = np.asarray(worth, np.float64)
    owner = [one for one in asked for _ in one.texts]
    if found.shape != (len(owner),):
        raise Unrewarded(
            f"{name} gave {found.shape} numbers for {len(owner)} answers", asked[0],
            where=name, fix="it must give one number an answer, prompt by prompt",
        )  # fmt: skip
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        raise Unrewarded(
            f"{name} gave {found[wrong[0]]} for an answer", owner[wrong[0]],
            where=name, fix="a reward must be a finite number",
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class Function:
    """python:MODULE:FUNCTION, called prompt by prompt with (messages, answers), gives numbers."""

    name: str
    call: Callable[[list[dict[str, str]], list[str]], Sequence[float]]

    @classmethod
    def named(cls, spec: str) -> Function:
        module, _, name = spec.removeprefix("python:").partition(":")
        try:
            return cls(spec, getattr(importlib.import_module(module), name))
        except (ImportError, AttributeError, ValueError) as error:
            raise UserError(
                f"there is no such function ({error})", where=spec,
                fix="write python:MODULE:FUNCTION, with MODULE importable from here",
            ) from error  # fmt: skip

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        return np.concatenate([self._one(one) for one in asked])

    def _one(self, one: Answered) -> np.ndarray:
        told = one.as_dict()
        try:
            return np.asarray(self.call(told["prompt"], told["answers"]), np.float64).reshape(-1)
        except Exception as error:
            raise Unrewarded(
                f"the reward function failed: {type(error).__name__}: {error}", one,
                where=self.name, fix="mend it and give the same command again",
            ) from error  # fmt: skip


@dataclass(frozen=True)
class Endpoint:
    """An address that takes {"items": [{prompt, answers, ended}]} and gives {"rewards": [numbers]}.

    `chunk` prompts a request; a request that fails is tried again after 1, 2, 4 ... seconds.
    """

    name: str
    timeout: float = 60.0
    tries: int = 4
    chunk: int = 32
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: Callable[[float], None] = time.sleep

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        parts = [asked[i : i + self.chunk] for i in range(0, len(asked), self.chunk)]
        return np.concatenate([self._some(part) for part in parts])

    def _some(self, asked: Sequence[Answered]) -> np.ndarray:
        body = json.dumps({"items": [one.as_dict() for one in asked]}).encode()
        failed: Exception | None = None
        for attempt in range(self.tries):
            if attempt:
                self.wait(2.0 ** (attempt - 1))
            try:
                return np.asarray(self._post(body), np.float64).reshape(-1)
            except (OSError, ValueError, KeyError, TypeError) as error:
                failed = error
        raise Unrewarded(
            f"no rewards after {self.tries} tries: {failed}", asked[0], where=self.name,
            fix="see that it answers, and give the same command again: nothing is lost",
        ) from failed  # fmt: skip

    def _post(self, body: bytes) -> Any:
        said = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.name, body, said)
        with urllib.request.urlopen(request, timeout=self.timeout) as got:
            return json.load(got)["rewards"]

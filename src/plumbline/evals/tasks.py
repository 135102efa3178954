"""What an evaluation is: a task in one small file - data, prompt, scorer, version.

A task never imports a model. Answers come from a `Sampler` and values from a `scorer`, both plain
callables that are passed in, so that a task runs on any model and is tested without torch.
What a scorer says of one answer is a number an axis and, where it can, the reasons in words.

Raise `version` whenever items, prompts, scoring or generation change: numbers of two versions are
never compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from plumbline.core.types import Conversation, Response

Kind = Literal["mean", "share"]
"""How an axis is summed up: a mean with a bootstrap interval, or a share with Wilson's."""


@dataclass(frozen=True)
class Item:
    """One prompt, what a scorer needs to know of it, and its cluster.

    Items of one `cluster` are drawn together in the bootstrap ("" means: the prompt's own words).
    """

    prompt: Conversation
    id: str = ""
    cluster: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def group(self) -> str:
        return self.cluster or "\x1e".join(f"{m.role}\x1f{m.content}" for m in self.prompt)


@dataclass(frozen=True)
class Scored:
    """What a scorer says of an answer: values by axis, and why, in words a person can check.

    An axis that does not apply to an item is left out, and is then counted over the others only.
    """

    axes: Mapping[str, float]
    why: tuple[str, ...] = ()


Score = Mapping[str, float] | Scored
Scorer = Callable[[Item, Response], Score]


@dataclass(frozen=True)
class Generation:
    """How answers are made. `n` answers a prompt; temperature 0 is greedy; `stop` ends them."""

    n: int = 1
    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    top_k: int = 0
    min_p: float = 0.0
    min_new_tokens: int = 0
    stop: tuple[str, ...] = ()


class Sampler(Protocol):
    """Conversations in, `generation.n` responses for each of them out, in the same order."""

    def __call__(
        self, prompts: Sequence[Conversation], generation: Generation
    ) -> Sequence[Sequence[Response]]: ...


@dataclass(frozen=True)
class Task:
    """`metrics` maps each axis that is reported to its kind; `what` says in plain words what a
    number of this task means and what it does not."""

    name: str
    version: int
    prompts: Callable[[], Sequence[Item]]
    scorer: Scorer
    metrics: Mapping[str, Kind]
    generation: Generation = Generation()
    what: str = ""


@dataclass(frozen=True)
class Sample:
    """One answer as it was given and scored: a line of `samples.jsonl`."""

    item: Item
    response: Response
    scores: Mapping[str, float]
    why: tuple[str, ...] = ()
    index: int = 0
    model: str = ""
    seed: int = 0

    def as_dict(self, task: str, version: int) -> dict[str, Any]:
        return {
            "task": task,
            "version": version,
            "model": self.model,
            "id": self.item.id,
            "cluster": self.item.cluster,
            "prompt": turns(self.item.prompt),
            "response": turns(self.response),
            "scores": dict(self.scores),
            "why": list(self.why),
            "tags": dict(self.item.tags),
            "seed": self.seed,
            "index": self.index,
        }


def turns(messages: Conversation) -> list[dict[str, str]]:
    """Messages as JSON."""
    return [{"role": m.role, "content": m.content} for m in messages]


def scored(score: Score) -> Scored:
    """A scorer may return a plain mapping; this makes it a `Scored`."""
    return score if isinstance(score, Scored) else Scored(dict(score))

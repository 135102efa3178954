"""What a server asks of a model, and what comes back piece by piece: plain values, without torch.

`Engine` is all that `plumbline.web` knows of a model. It is asked from any thread; what is heard
comes from the model's own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation
from plumbline.evals.tasks import Generation

REST = 1 << 30
"""`max_new_tokens` of an answer that may be as long as the context leaves."""

Finish = Literal["", "stop", "length"]
"""How an answer ended: by itself or at a stop string, or cut off; "" while it goes on."""


@dataclass(frozen=True)
class Ask:
    """`generation.n` answers to one prompt, by the model or identity of this name.

    prompt: a conversation, or a text (one message of role `text`); ids: tokens in place of words.
    top: so many likeliest tokens beside each token and its log-probability (None: neither).
    echo: the prompt's text comes first, with its own log-probabilities. stream: words come as soon
    as they are certain, else at the end.
    """

    model: str
    generation: Generation
    prompt: Conversation = ()
    ids: tuple[int, ...] = ()
    top: int | None = None
    echo: bool = False
    stream: bool = False


class Spelt(NamedTuple):
    """A token as people see it; `raw` is None where its bytes are not known."""

    text: str
    raw: bytes | None


class Token(NamedTuple):
    """A token with its log-probability in nats at temperature 1, uncut (None for the first token of
    a text), and the likeliest ones in its place."""

    spelt: Spelt
    logprob: float | None
    top: tuple[tuple[Spelt, float], ...] = ()


class Piece(NamedTuple):
    """What is new of answer `choice`: words, tokens where they were asked for, and how many tokens
    were drawn since the last piece."""

    choice: int
    text: str
    tokens: tuple[Token, ...] = ()
    drawn: int = 0
    finish: Finish = ""


class Failed(NamedTuple):
    """There will be no (more) answers, and why."""

    why: str


class TooLong(UserError):
    """A prompt of more tokens than the model reads."""


Hear = Callable[[Piece | Failed], None]


@dataclass(frozen=True)
class Started:
    """What is known at once: tokens of the prompt, those of them that a warmed state has read
    already, and how to let go of the answers."""

    prompt: int
    cached: int
    cancel: Callable[[], None]


class Engine(Protocol):
    """A model and its identities."""

    @property
    def names(self) -> Sequence[str]:
        """What can be asked for, the model itself first."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it answers."""
        ...

    @property
    def growing(self) -> int:
        """Answers that grow now."""
        ...

    def ask(self, ask: Ask, hear: Hear) -> Started:
        """Begin. UserError (`TooLong`) for a prompt that cannot be read; then nothing is heard."""
        ...

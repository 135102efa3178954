"""What people and models said, stored as it was observed.

A conversation is a tuple of messages; a response is what follows a prompt, itself a tuple of
messages (usually one assistant turn). Judgements never lose what was seen: a ranking keeps its ties
as tiers, a rating its scale and axis, an edit both texts. What is trained on is derived from these
by the pure functions of `core.views`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ROLES = ("system", "user", "assistant", "tool", "text")
"""`text` is a document with no turns: rendered as it stands, trained whole."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `role` is one of `ROLES`."""

    role: str
    content: str


Conversation = tuple[Message, ...]
Response = tuple[Message, ...]


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


def answer(text: str) -> Response:
    """A response of one assistant turn."""
    return (Message("assistant", text),)


def text_of(response: Response) -> str:
    """The words of a response, for people and scorers: its turns joined by blank lines."""
    return "\n\n".join(message.content for message in response)


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judged: a person, a model, a rule, or (for imported files) unknown."""

    kind: Literal["human", "model", "rule", "unknown"] = "unknown"
    name: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a judgement comes from; everything a later audit asks for.

    `where` is "file:line" for imports; `when` is ISO 8601; `seconds` is time spent;
    `shown` is the display order of the responses, as indices into them; `rubric` names the
    guideline version; `source` is the collection a text belongs to ("wiki"), where its row says so;
    `writer` is the model that wrote an edit's corrected text, where a person let it stand or
    changed it.
    """

    where: str = ""
    judge: Judge = Judge()
    rubric: str = ""
    when: str = ""
    seconds: float | None = None
    shown: tuple[int, ...] = ()
    source: str = ""
    writer: str = ""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A conversation worth imitating. One `text` message is a document."""

    messages: Conversation
    provenance: Provenance = Provenance()


@dataclass(frozen=True, slots=True)
class Ranking:
    """K responses to one prompt in tiers, best first; tiers hold indices, ties share a tier.

    A pair is a ranking of two. `p` (two responses only) is the probability in [0, 1] that the
    first tier is better; `margin` is how much better, in the rater's own unit; `n` is how many
    people `p` is the mean of.
    """

    prompt: Conversation
    responses: tuple[Response, ...]
    tiers: tuple[tuple[int, ...], ...]
    p: float | None = None
    margin: float | None = None
    provenance: Provenance = Provenance()
    n: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A thumb up or down on one response."""

    prompt: Conversation
    response: Response
    good: bool
    provenance: Provenance = Provenance()


@dataclass(frozen=True, slots=True)
class Rating:
    """A score on a named axis, with the ends of its scale where they are known."""

    prompt: Conversation
    response: Response
    score: float
    axis: str = "overall"
    low: float | None = None
    high: float | None = None
    provenance: Provenance = Provenance()


@dataclass(frozen=True, slots=True)
class Edit:
    """A correction: the response as it was and as a person (or a critic) made it. `proposed` is
    what a model (`provenance.writer`) had made of it, where a person changed that."""

    prompt: Conversation
    original: Response
    corrected: Response
    provenance: Provenance = Provenance()
    proposed: Response = ()


@dataclass(frozen=True, slots=True)
class Critique:
    """Free text on a response; `span` points at characters of its text."""

    prompt: Conversation
    response: Response
    text: str
    span: tuple[int, int] | None = None
    provenance: Provenance = Provenance()


Judgement = Demonstration | Ranking | Choice | Rating | Edit | Critique


@dataclass(frozen=True, slots=True)
class PairOf:
    """Response `winner` is preferred to `loser` with probability `p` (indices of responses)."""

    winner: int
    loser: int
    p: float = 1.0
    margin: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """One tree to train on, still as text: a prompt, its responses, and what is known of them.

    A demonstration has one response; a pair two; a ranking K with its `pairs` (weights summing to
    1) and `tiers`; unpaired labels have `labels` (one per response, True for good). `where` is
    "file:line" of the judgement, used in every message about it.
    """

    prompt: Conversation
    responses: tuple[Response, ...]
    pairs: tuple[PairOf, ...] = ()
    tiers: tuple[tuple[int, ...], ...] = ()
    labels: tuple[bool, ...] = ()
    weight: float = 1.0
    where: str = ""
    tags: dict[str, str] = field(default_factory=dict)

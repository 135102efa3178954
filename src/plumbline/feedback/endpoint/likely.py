"""Log-probabilities in replies, in the form of chats and in the older one of texts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel, ValidationError

from plumbline.feedback.endpoint.errors import Unanswered

Likely = list[tuple[str, float]]
Place = tuple[str, Likely]
"""The token that was said, and the likeliest in its place."""


class _Token(BaseModel):
    token: str
    logprob: float


class _Place(BaseModel):
    token: str = ""
    top_logprobs: list[_Token]


class _Chat(BaseModel):
    content: list[_Place]


class _Next(BaseModel):
    tokens: list[str] = []
    top_logprobs: list[dict[str, float] | None]


class _Read(BaseModel):
    tokens: list[str]
    token_logprobs: list[float | None]


def places(logprobs: Any) -> list[Place]:
    """The places of an answer, in order; none where the first cannot be read."""
    try:
        found = list(_places(logprobs))
    except ValidationError:
        return []
    return found if found and found[0][1] else []


def _places(logprobs: Any) -> Iterator[Place]:
    if not isinstance(logprobs, dict):
        return
    if logprobs.get("content"):
        for one in _Chat.model_validate(logprobs).content:
            yield one.token, _numbers((each.token, each.logprob) for each in one.top_logprobs)
    elif logprobs.get("top_logprobs"):
        read = _Next.model_validate(logprobs)
        for token, shown in zip_longest(read.tokens, read.top_logprobs):
            yield token or "", _numbers((shown or {}).items())


def _numbers(shown: Iterable[tuple[str, float]]) -> Likely:
    return [one for one in shown if not math.isnan(one[1])]


def summed(logprobs: Any, given: str, text: str) -> float:
    """What the tokens of `text` add up to, of the tokens of `given` and `text`."""
    fix = "see that it is a server that scores texts: plumbline serve, or vLLM"
    try:
        read = _Read.model_validate(logprobs)
    except ValidationError:
        raise Unanswered("the endpoint does not score a text (echo)", fix=fix) from None
    if "".join(read.tokens) != given + text or len(read.tokens) != len(read.token_logprobs):
        what = "the tokens that the endpoint gives do not spell the text"
        raise Unanswered(what, fix=fix)
    start, total = 0, 0.0
    for token, logp in zip(read.tokens, read.token_logprobs, strict=True):
        end = start + len(token)
        if start < len(given) < end:
            what = f"the two texts meet inside the token {token!r}"
            raise Unanswered(what, fix="put the space or line break at the second one's beginning")
        if end > len(given):
            if logp is None or math.isnan(logp):
                raise Unanswered(f"the endpoint gives the token {token!r} no number", fix=fix)
            total += logp
        start = end
    return total

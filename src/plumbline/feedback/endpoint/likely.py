"""Log-probabilities in replies, in the form of chats and in the older one of texts."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ValidationError

from plumbline.feedback.endpoint.errors import Unanswered

Likely = list[tuple[str, float]]


class _Token(BaseModel):
    token: str
    logprob: float


class _Place(BaseModel):
    top_logprobs: list[_Token]


class _Chat(BaseModel):
    content: list[_Place]


class _Next(BaseModel):
    top_logprobs: list[dict[str, float]]


class _Read(BaseModel):
    tokens: list[str]
    token_logprobs: list[float | None]


def next_tokens(logprobs: Any) -> Likely:
    """The likeliest first tokens of an answer; none where none can be read."""
    found: Likely = []
    try:
        if isinstance(logprobs, dict) and logprobs.get("content"):
            first = _Chat.model_validate(logprobs).content[0]
            found = [(one.token, one.logprob) for one in first.top_logprobs]
        elif isinstance(logprobs, dict) and logprobs.get("top_logprobs"):
            found = list(_Next.model_validate(logprobs).top_logprobs[0].items())
    except ValidationError:
        return []
    return [one for one in found if not math.isnan(one[1])]


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

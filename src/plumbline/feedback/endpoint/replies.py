"""Replies as they come: what is not of OpenAI's form is found here, and nothing is guessed.

Fields that are not needed are not looked at. An answer of no words is an answer; one that is null
is none, unless the model declined or its tokens ran out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from plumbline.feedback.endpoint.errors import SHOWN, Refused, Unanswered

REFUSED, CUT = "content_filter", "length"
"""Ways for an answer to end."""


class Garbled(Exception):
    """A reply that is not what was asked for."""


class Turn(BaseModel):
    content: str | None = None
    refusal: str | None = None


class Choice(BaseModel):
    """An answer: of a chat (`message`), or what follows a text."""

    message: Turn | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Any = None

    @property
    def words(self) -> str | None:
        return self.text if self.message is None else self.message.content


class _Choices(BaseModel):
    choices: list[Choice] = Field(min_length=1)


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


def parsed(raw: bytes) -> dict[str, Any]:
    """A body as a JSON object."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        start = " ".join(raw[:80].decode("utf-8", "replace").split())
        raise Garbled(f"it is no JSON, and begins {start!r}" if start else "it is empty") from None
    if not isinstance(found, dict):
        raise Garbled(f"it is no JSON object but a {type(found).__name__}")
    if found.get("error") and not found.get("choices"):
        raise Garbled(f"it is an error: {str(found['error'])[:SHOWN]}")
    return found


def checked(route: str, reply: dict[str, Any]) -> dict[str, Any]:
    """The reply, if it is of the route's form and says something."""
    try:
        if route == "models":
            _Models.model_validate(reply)
        elif _null(choice(reply)):
            raise Garbled("the answer is null")
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, wrong["loc"]))
        raise Garbled(f"{place}: {wrong['msg']}") from None
    return reply


def names(reply: Mapping[str, Any]) -> list[str]:
    """The models of a checked reply."""
    return [model.id for model in _Models.model_validate(reply).data]


def choice(reply: Mapping[str, Any]) -> Choice:
    """The answer in it; one is asked for at a time."""
    return _Choices.model_validate(reply).choices[0]


def words(found: Choice) -> str:
    """What was said. Refused where the model declined, Unanswered where its tokens ran out before
    the first word."""
    if declined(found):
        why = (found.message and found.message.refusal) or "its provider filters the answer"
        fix = "leave this prompt out, or ask another model; asking again gives the same"
        raise Refused(f"the model refused: {' '.join(why.split())[:SHOWN]}", fix=fix)
    if not found.words and found.finish_reason == CUT:
        fix = "allow more tokens: some models think before they speak"
        raise Unanswered("the model's tokens ran out before it said a word", fix=fix)
    return (found.words or "").encode("utf-8", "replace").decode()  # no halves of characters


def _null(found: Choice) -> bool:
    return found.words is None and not declined(found) and found.finish_reason != CUT


def declined(found: Choice) -> bool:
    """Whether the model, or a filter, said no instead of an answer."""
    refusal = found.message.refusal if found.message else None
    return not found.words and (bool(refusal) or found.finish_reason == REFUSED)


def used(reply: Mapping[str, Any]) -> dict[str, int]:
    """prompt_tokens and completion_tokens, as far as the reply says."""
    told = reply.get("usage")
    told = told if isinstance(told, dict) else {}
    kinds = ("prompt_tokens", "completion_tokens")
    return {name: told[name] for name in kinds if isinstance(told.get(name), int)}

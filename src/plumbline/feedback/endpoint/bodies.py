"""Requests as they are sent: a conversation goes to the chat's route, a text to the older one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.types import Conversation

CHAT, TEXT = "chat/completions", "completions"
Body = dict[str, Any]


def asking(model: str, prompt: Conversation, max_new: int | None, temperature: float) -> Body:
    """A request for one answer. UserError for a prompt that no route takes."""
    how: Body = {"temperature": float(temperature)}
    how |= {} if max_new is None else {"max_tokens": max_new}
    texts = [message for message in prompt if message.role == "text"]
    if not prompt or (texts and len(prompt) > 1):
        raise UserError("a prompt is a conversation of turns, or one text")
    for message in prompt:
        _whole(message.content)
    if not texts:
        turns = [{"role": message.role, "content": message.content} for message in prompt]
        return {"model": model, "messages": turns, **how}
    if max_new is None:
        what = "without a number of new tokens an endpoint goes on with a text for 16"
        raise UserError(what, fix="give max_new")
    return {"model": model, "prompt": texts[0].content, **how}


def _whole(text: str) -> str:
    if any("\ud800" <= one <= "\udfff" for one in text):
        what = "the text holds half a character (a surrogate of its own), which cannot be sent"
        raise UserError(what, fix="mend the text, or leave it out")
    return text


def showing(body: Body, top: int) -> Body:
    """The same with the likeliest tokens asked for."""
    if route(body) == TEXT:
        return body | {"logprobs": top}
    return body | {"logprobs": True, "top_logprobs": top}


def scoring(model: str, text: str) -> Body:
    """A request for the log-probabilities of a text's own tokens."""
    how = {"max_tokens": 0, "echo": True, "logprobs": 1, "temperature": 1.0}
    return {"model": model, "prompt": _whole(text), **how}


def route(body: Mapping[str, Any]) -> str:
    return TEXT if "prompt" in body else CHAT


def draws(body: Body, n: int, seed: int | None) -> list[tuple[Body, int]]:
    """n requests for one answer each, and what tells them apart beyond their words."""
    if seed is None:
        return [(body, number) for number in range(n)]
    return [(body | {"seed": _derived(seed, number)}, 0) for number in range(n)]


def _derived(seed: int, number: int) -> int:
    """The seed of a draw: that of the first is the one given, the others have 31 bits."""
    return int(digest([seed, number])[:8], 16) >> 1 if number else seed

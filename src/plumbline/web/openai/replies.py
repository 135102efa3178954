"""Answers as JSON: whole, and chunk by chunk, in the two forms of OpenAI's API.

Every token that was drawn is among the log-probabilities, the one that ends a turn included: they
add up to the answer's, and there are as many as `completion_tokens`. A token that is no whole
character is written "bytes:\\xe4" where its text is asked for.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from plumbline.stages.serving.asked import Piece, Spelt, Started, Token

LEAST = -9999.0
"""What stands for a log-probability of minus infinity, which JSON has not."""


@dataclass
class Said:
    """What has been heard of one answer."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    drawn: int = 0
    finish: str = ""
    written: int = 0
    """Characters of the tokens so far."""

    def hear(self, piece: Piece) -> None:
        self.text += piece.text
        self.tokens += piece.tokens
        self.drawn += piece.drawn
        self.finish = piece.finish


class Form(Protocol):
    """One of the two. `scored`: log-probabilities were asked for."""

    whole: str
    part: str
    prefix: str

    def choice(self, said: Said, scored: bool) -> dict[str, Any]: ...

    def opening(self) -> dict[str, Any] | None: ...

    def deltas(self, piece: Piece, said: Said, scored: bool) -> Iterator[dict[str, Any]]: ...


class Turns:
    """Chat completions."""

    whole, part, prefix = "chat.completion", "chat.completion.chunk", "chatcmpl"

    def choice(self, said: Said, scored: bool) -> dict[str, Any]:
        message = {"role": "assistant", "content": said.text, "refusal": None}
        told = self._logprobs(said.tokens) if scored else None
        return {"message": message, "logprobs": told, "finish_reason": said.finish}

    def opening(self) -> dict[str, Any] | None:
        delta = {"role": "assistant", "content": "", "refusal": None}
        return {"delta": delta, "logprobs": None, "finish_reason": None}

    def deltas(self, piece: Piece, said: Said, scored: bool) -> Iterator[dict[str, Any]]:
        if piece.text or piece.tokens:
            told = self._logprobs(piece.tokens) if scored else None
            yield {"delta": {"content": piece.text}, "logprobs": told, "finish_reason": None}
        if piece.finish:
            yield {"delta": {}, "logprobs": None, "finish_reason": piece.finish}

    def _logprobs(self, tokens: Sequence[Token]) -> dict[str, Any]:
        return {"content": [self._token(one) for one in tokens], "refusal": None}

    def _token(self, one: Token) -> dict[str, Any]:
        top = [self._spelt(spelt, value) for spelt, value in one.top]
        return {**self._spelt(one.spelt, one.logprob or 0.0), "top_logprobs": top}

    def _spelt(self, spelt: Spelt, value: float) -> dict[str, Any]:
        raw = None if spelt.raw is None else list(spelt.raw)
        return {"token": spelt.text, "bytes": raw, "logprob": max(value, LEAST)}


class Texts:
    """Completions of a text."""

    whole, part, prefix = "text_completion", "text_completion", "cmpl"

    def choice(self, said: Said, scored: bool) -> dict[str, Any]:
        told = self._logprobs(said.tokens, 0) if scored else None
        return {"text": said.text, "logprobs": told, "finish_reason": said.finish}

    def opening(self) -> dict[str, Any] | None:
        return None

    def deltas(self, piece: Piece, said: Said, scored: bool) -> Iterator[dict[str, Any]]:
        told = self._logprobs(piece.tokens, said.written) if scored else None
        said.written += sum(len(one.spelt.text) for one in piece.tokens)
        yield {"text": piece.text, "logprobs": told, "finish_reason": piece.finish or None}

    def _logprobs(self, tokens: Sequence[Token], start: int) -> dict[str, Any]:
        offsets = []
        for one in tokens:
            offsets.append(start)
            start += len(one.spelt.text)
        values = [None if one.logprob is None else max(one.logprob, LEAST) for one in tokens]
        return {
            "tokens": [_named(one.spelt) for one in tokens],
            "token_logprobs": values,
            "top_logprobs": [self._top(one) for one in tokens],
            "text_offset": offsets,
        }

    def _top(self, one: Token) -> dict[str, float] | None:
        """The likeliest by their text, and the token itself."""
        if one.logprob is None:
            return None
        best = {_named(spelt): max(value, LEAST) for spelt, value in reversed(one.top)}
        return {_named(one.spelt): max(one.logprob, LEAST)} | best


def _named(spelt: Spelt) -> str:
    broken = "\N{REPLACEMENT CHARACTER}" in spelt.text and spelt.raw is not None
    return f"bytes:{str(spelt.raw)[2:-1]}" if broken else spelt.text


@dataclass(frozen=True)
class Reply:
    """What every part of one response repeats."""

    form: Form
    model: str
    scored: bool
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, said: Sequence[Said], started: Sequence[Started]) -> dict[str, Any]:
        """The response in one."""
        choices = [{"index": i, **self.form.choice(one, self.scored)} for i, one in enumerate(said)]
        return {**self._head(self.form.whole), "choices": choices, "usage": usage(said, started)}

    def opening(self, choice: int) -> Iterator[dict[str, Any]]:
        """What a stream says before an answer's first words."""
        first = self.form.opening()
        if first is not None:
            yield self._chunk(choice, first)

    def chunks(self, piece: Piece, said: Said) -> Iterator[dict[str, Any]]:
        """What a stream says of one piece."""
        for one in self.form.deltas(piece, said, self.scored):
            yield self._chunk(piece.choice, one)

    def last(self, said: Sequence[Said], started: Sequence[Started]) -> dict[str, Any]:
        """A stream's usage."""
        return {**self._head(self.form.part), "choices": [], "usage": usage(said, started)}

    def _chunk(self, choice: int, content: dict[str, Any]) -> dict[str, Any]:
        return {**self._head(self.form.part), "choices": [{"index": choice, **content}]}

    def _head(self, kind: str) -> dict[str, Any]:
        name = f"{self.form.prefix}-{self.id}"
        return {"id": name, "object": kind, "created": self.created, "model": self.model}


def usage(said: Sequence[Said], started: Sequence[Started]) -> dict[str, Any]:
    """Tokens: a prompt counts once, however many answers it has."""
    prompt, drawn = sum(one.prompt for one in started), sum(one.drawn for one in said)
    cached = sum(one.cached for one in started)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": drawn,
        "total_tokens": prompt + drawn,
        "prompt_tokens_details": {"cached_tokens": cached},
    }

"""What may be asked, field by field, and the `Ask`s that it means.

A field that is not known, or known and not supported, is an error: nothing that a client wants is
passed over. Fields that cannot change an answer (`IGNORED`), null, and values by which a field asks
for nothing (`NOTHING`) are let through.
Source: OpenAI's API reference, chat completions and (legacy) completions. Beyond it: `min_p`,
`top_k`. Left out: tools, images and sounds, response formats, penalties, logit_bias, best_of.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from plumbline.core.errors import unknown
from plumbline.core.types import Conversation, Message
from plumbline.evals.tasks import Generation
from plumbline.stages.serving.asked import REST, Ask
from plumbline.web.openai import errors
from plumbline.web.openai.errors import Trouble

IGNORED = {
    "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key",
    "parallel_tool_calls",
}  # fmt: skip
NOTHING: Mapping[str, tuple[Any, ...]] = {
    "tools": ([],), "functions": ([],), "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"), "response_format": ({"type": "text"},),
    "modalities": (["text"],), "audio": (), "prediction": (), "web_search_options": (),
    "reasoning_effort": (), "verbosity": (), "logit_bias": ({},), "presence_penalty": (0,),
    "frequency_penalty": (0,), "best_of": (1,), "suffix": ("",),
}  # fmt: skip
"""Fields of OpenAI's that are not supported, each with the values that ask for nothing."""

COLDEST = 1e-3
"""Lower temperatures than this are greedy but for overflows."""
MOST = 1024
"""Answers to one request."""
Word = Annotated[str, Field(min_length=1)]
Ids = Annotated[list[int], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Part(_Strict):
    """A piece of a message's content."""

    type: Literal["text"]
    text: str


class Turn(_Strict):
    """A message. `developer` is what newer clients call `system`."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part]

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        """Answers come back as messages, with fields that say nothing."""
        return _said(value) if isinstance(value, dict) else value

    def message(self) -> Message:
        said = self.content
        words = said if isinstance(said, str) else "".join(part.text for part in said)
        return Message("system" if self.role == "developer" else self.role, words)


class StreamOptions(_Strict):
    include_usage: bool = False
    include_obfuscation: bool = False


class Common(_Strict):
    """What both ways of asking know."""

    model: str
    n: int = Field(1, ge=1, le=128)
    temperature: float = Field(1.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=-1)
    min_p: float = Field(0.0, ge=0, le=1)
    stop: Word | Annotated[list[Word], Field(max_length=16)] = Field(default_factory=list)
    seed: int | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None

    def generation(self, max_new: int) -> Generation:
        """How answers are drawn; without a seed nobody can have them again."""
        if 0 < self.temperature < COLDEST:
            what = f"temperature: it is 0 (greedy) or at least {COLDEST}"
            raise Trouble(400, what, param="temperature")
        return Generation(
            n=self.n,
            max_new_tokens=max_new,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=max(self.top_k, 0),
            min_p=self.min_p,
            seed=secrets.randbits(62) if self.seed is None else self.seed,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop),
        )


class Chat(Common):
    """The body of /v1/chat/completions."""

    messages: list[Turn] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=0, le=20)

    def asks(self) -> list[Ask]:
        """One, of the whole conversation."""
        if self.top_logprobs is not None and not self.logprobs:
            raise Trouble(400, "top_logprobs needs logprobs: true", param="top_logprobs")
        given = {self.max_tokens, self.max_completion_tokens} - {None}
        if len(given) > 1:
            raise Trouble(400, "max_tokens and max_completion_tokens differ", param="max_tokens")
        most = next((one for one in given if one is not None), REST)
        said: Conversation = tuple(turn.message() for turn in self.messages)
        top = (self.top_logprobs or 0) if self.logprobs else None
        return [Ask(self.model, self.generation(most), said, top=top, stream=self.stream)]


class Text(Common):
    """The body of /v1/completions."""

    prompt: str | Annotated[list[str] | Ids | list[Ids], Field(min_length=1)]
    max_tokens: int = Field(16, ge=0)
    logprobs: int | None = Field(None, ge=0, le=20)
    echo: bool = False

    def asks(self) -> list[Ask]:
        """One of each prompt."""
        if not self.max_tokens and not self.echo:
            raise Trouble(400, "max_tokens 0 needs echo: true", param="max_tokens")
        prompts = self._prompts()
        if len(prompts) * self.n > MOST:
            raise Trouble(400, f"more than {MOST} answers in one request", param="prompt")
        return [self._ask(one) for one in prompts]

    def _prompts(self) -> list[str | list[int]]:
        if isinstance(self.prompt, str):
            return [self.prompt]
        ids = [one for one in self.prompt if isinstance(one, int)]
        return [ids] if ids else [one for one in self.prompt if not isinstance(one, int)]

    def _ask(self, prompt: str | list[int]) -> Ask:
        return Ask(
            self.model,
            self.generation(self.max_tokens),
            prompt=(Message("text", prompt),) if isinstance(prompt, str) else (),
            ids=() if isinstance(prompt, str) else tuple(prompt),
            top=self.logprobs,
            echo=self.echo,
            stream=self.stream,
        )


B = TypeVar("B", Chat, Text)


@dataclass(frozen=True)
class Wanted:
    """A request as it is understood."""

    model: str
    asks: list[Ask]
    stream: bool
    usage: bool


def wanted(kind: type[B], raw: bytes) -> Wanted:
    """A body as a request. Trouble for one that is not understood, naming the field."""
    try:
        body = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Trouble(400, f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Trouble(400, "the body is no JSON object")
    try:
        found = kind.model_validate(_supported(body))
    except ValidationError as error:
        raise _explained(error, kind) from None
    usage = found.stream_options is not None and found.stream_options.include_usage
    if found.stream_options is not None and not found.stream:
        raise Trouble(400, "stream_options needs stream: true", param="stream_options")
    return Wanted(found.model, found.asks(), found.stream, usage)


def _supported(body: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something."""
    said = _said(body)
    for name in NOTHING.keys() & said.keys():
        if said[name] not in NOTHING[name]:
            raise Trouble(400, f"{name} is not supported", param=name)
    return {name: value for name, value in said.items() if name not in {*IGNORED, *NOTHING}}


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _explained(error: ValidationError, kind: type[BaseModel]) -> Trouble:
    """The complaint of pydantic's that goes deepest: of a field that may be this or that it has one
    for each."""
    first = max(error.errors(include_url=False), key=lambda one: len(one["loc"]))
    place = [str(part) for part in first["loc"] if not isinstance(part, str) or _is_field(part)]
    if first["type"] == "extra_forbidden" and len(place) == 1:
        return errors.of(unknown("field", place[0], kind.model_fields), param=place[0])
    return Trouble(400, f"{'.'.join(place)}: {first['msg']}", param=place[0] if place else None)


def _is_field(part: str) -> bool:
    """Among the parts of a place, names of types stand for the branches of a union."""
    return part.isidentifier() and part not in ("str", "int")

"""From the values in a row to messages, numbers and labels; every surprise is a `Bad` row."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from plumbline.core.errors import nearest
from plumbline.core.types import Conversation, Message, Response

from . import transcript
from .bad import Bad

Row = Mapping[str, Any]

ROLES = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
    "agent": "assistant",
    "function_call": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "api": "tool",
}
"""The names that files use for who speaks."""


def text(row: Row, name: str) -> str:
    """A field that must be text."""
    value = row.get(name)
    if not isinstance(value, str):
        raise Bad(f"{name!r} is {_kind(value)}, not text", f"give {name!r} as a string")
    return value


def number(row: Row, name: str) -> float:
    """A field that must be a finite number."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Bad(f"{name!r} is {_shown(value)}, not a number", f"give {name!r} as a number")
    return float(value)


def maybe_number(row: Row, name: str) -> float | None:
    """The same for a field that may be missing or null."""
    return None if row.get(name) is None else number(row, name)


def probability(row: Row, name: str) -> float | None:
    """A number in [0, 1], or None where the field is missing."""
    value = maybe_number(row, name)
    if value is not None and not 0 <= value <= 1:
        raise Bad(f"{name!r} is {value:g}, not a probability", f"give {name!r} between 0 and 1")
    return value


def label(row: Row, name: str) -> bool:
    """true, false, 1 or 0."""
    value = row.get(name)
    if value not in (0, 1) or isinstance(value, str):
        raise Bad(f"{name!r} is {_shown(value)}, not a label", "write true (good) or false (bad)")
    return bool(value)


def listed(row: Row, name: str) -> list[Any]:
    """A field that must be a list with something in it."""
    value = row.get(name)
    if not isinstance(value, list) or not value:
        what = "an empty list" if value == [] else f"{_kind(value)}, not a list"
        raise Bad(f"{name!r} is {what}", f"give {name!r} as a list")
    return value


def message(value: Any, name: str) -> Message:
    """One turn: {role, content} or ShareGPT's {from, value}."""
    if not isinstance(value, dict):
        raise Bad(
            f"a turn of {name!r} is {_kind(value)}", "a turn is {'role': ..., 'content': ...}"
        )
    who = value.get("role", value.get("from"))
    if not isinstance(who, str) or who.lower() not in ROLES:
        near = nearest(str(who), ROLES)
        hint = f"did you mean {near!r}? " if near else ""
        raise Bad(f"unknown role {who!r} in {name!r}", f"{hint}known: {', '.join(sorted(ROLES))}")
    return Message(ROLES[who.lower()], _content(value, name))


def messages(value: Any, name: str) -> Conversation:
    """A list of turns, at least one."""
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        what = "an empty list" if value == [] else _kind(value)
        raise Bad(f"{name!r} is {what}", f"give {name!r} as a list of turns")
    return tuple(message(turn, name) for turn in value)


def prompt(row: Row, name: str = "prompt") -> Conversation:
    """What comes before the answers: text (one user turn, or a transcript) or a list of turns."""
    value = row.get(name)
    if not isinstance(value, str):
        found = messages(value, name)
    elif transcript.starts(value):
        found = transcript.parse_prompt(value, name)
    else:
        found = (Message("user", value),)
    return with_system(row, found)


def with_system(row: Row, conversation: Conversation) -> Conversation:
    """`system` and `tools` fields, where a row has them, become the system message."""
    parts = [row[name] for name in ("system", "tools") if row.get(name)]
    if not parts:
        return conversation
    words = [p if isinstance(p, str) else json.dumps(p, ensure_ascii=False) for p in parts]
    if conversation and conversation[0].role == "system":
        words.insert(0, conversation[0].content)
        conversation = conversation[1:]
    return (Message("system", "\n\n".join(words)), *conversation)


def response(value: Any, name: str) -> Response:
    """An answer: text, one turn, or a list of turns."""
    if isinstance(value, str):
        return (Message("assistant", value),)
    found = messages(value, name)
    if not any(turn.role == "assistant" for turn in found):
        raise Bad(f"{name!r} has no assistant turn", f"give the assistant's words in {name!r}")
    return found


def asked(conversation: Conversation, name: str) -> tuple[Conversation, Response]:
    """A whole conversation as its prompt and its last turn, which must be the assistant's."""
    if conversation[-1].role != "assistant":
        role = conversation[-1].role
        raise Bad(f"{name!r} ends with a turn of {role!r}", "end it with the assistant's answer")
    return conversation[:-1], conversation[-1:]


def _content(value: dict[str, Any], name: str) -> str:
    """A turn's words; parts are joined, tool calls are written as JSON after them."""
    content = value.get("content", value.get("value"))
    if isinstance(content, list):
        content = "".join(_part(part, name) for part in content)
    calls = value.get("tool_calls")
    if calls:
        written = json.dumps(calls, ensure_ascii=False)
        content = f"{content}\n{written}" if content else written
    if not isinstance(content, str):
        fix = "give its words as text in 'content' (or 'value')"
        raise Bad(f"a turn of {name!r} has {_kind(content)} for its words", fix)
    return content


def _part(part: Any, name: str) -> str:
    words = part.get("text", part.get("value")) if isinstance(part, dict) else part
    is_text = not isinstance(part, dict) or part.get("type", "text") == "text"
    if not isinstance(words, str) or not is_text:
        raise Bad(f"a turn of {name!r} has a part that is not text", "only text can be trained on")
    return words


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    names = {str: "text", list: "a list", dict: "an object", bool: "true or false"}
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:40]

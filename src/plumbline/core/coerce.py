"""Text from outside as a value of a field's type, through pydantic.

Strings are read as numbers, booleans, none or lists where the type wants one; a boolean is never
taken for a number, and NaN is refused everywhere. What does not fit is a `UserError` that names
the key, the value and what was expected.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from plumbline.core.errors import UserError

NONE_WORDS = ("none", "null", "~")


def coerce(value: Any, hint: Any, *, key: str, where: str = "") -> Any:
    """`value` as type `hint`, strings read as numbers, booleans, none or lists where that fits."""
    if isinstance(value, str) and value.strip().lower() in NONE_WORDS and _optional(hint):
        return None
    for candidate, strict in _candidates(value, hint):
        try:
            found = _adapter(hint).validate_python(candidate, strict=strict)
        except ValueError:
            continue
        numeric = isinstance(found, (int, float)) and not isinstance(found, bool)
        if not (numeric and (math.isnan(found) or isinstance(candidate, bool))):
            return found
    expected = type_name(hint)
    sample = _sample(hint)
    fix = f"for instance {key}={sample}" if sample else ""
    raise UserError(f"{key} is {value!r}, expected {expected}", where=where, fix=fix)


def _sample(hint: Any) -> str:
    """A value of that type to show, where one is obvious."""
    simple = {int: "3", float: "1e-4", bool: "true"}
    options = [simple[part] for part in (hint, *get_args(hint)) if part in simple]
    if options and get_origin(hint) is Mapping:
        return f"{{a: {options[0]}}}"
    return options[0] if options and get_origin(hint) is not tuple else ""


def _candidates(value: Any, hint: Any) -> list[tuple[Any, bool]]:
    """Readings of `value` in the order tried, each with whether types must match exactly."""
    if not isinstance(value, str):
        return [(value, True), (value, False)]
    if hint is str:
        return [(value, True)]
    read = read_scalar(value)
    parts = [read_scalar(part.strip()) for part in value.split(",")] if value.strip() else []
    return [(read, True), (value, False), (read, False), (parts, False)]


def read_scalar(text: str) -> Any:
    """Text from a command line as a number, boolean, none, list or mapping, else as it stands."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    words = {"true": True, "false": False} | dict.fromkeys(NONE_WORDS)
    if text.lower() in words:
        return words[text.lower()]
    if text[:1] in "[{" and text:
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return text
    return text


def _optional(hint: Any) -> bool:
    return type(None) in get_args(hint) and get_origin(hint) in (Union, types.UnionType)


@lru_cache(maxsize=1024)
def _adapter(hint: Any) -> Any:
    from pydantic import TypeAdapter  # here, so that `--help` does not pay for it

    return TypeAdapter(hint)


def type_name(hint: Any) -> str:
    """A type as people write it: "float", "int or none", "one of 'a', 'b'", "list of int"."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is type(None):
        return "none"
    if origin is Literal:
        return ("one of " if len(args) > 1 else "") + ", ".join(repr(arg) for arg in args)
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(arg) for arg in args)
    if origin is Mapping:
        return f"{{name: {type_name(args[1])}, ...}}"
    if origin in (list, tuple, set, frozenset):
        inner = [type_name(arg) for arg in args if arg is not Ellipsis]
        same = Ellipsis in args or len(inner) == 1
        return f"list of {inner[0]}" if same else f"[{', '.join(inner)}]"
    if origin is not None and hasattr(hint, "__metadata__"):
        return type_name(args[0])
    return getattr(hint, "__name__", str(hint))

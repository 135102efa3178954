"""Settings are frozen dataclasses; text from outside overlays values, never structure.

`overlay(settings, values)` takes dotted keys ("length.max") or nested mappings, turns strings into
the field's type ("3", "1e-4", "true", "none", "[1,2]"), and refuses an unknown key with the nearest
name and a wrong value with the key, the value and what was expected. Every field is identity (it
enters ids) unless it is marked with `runtime`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_type_hints

from plumbline.core.coerce import coerce, type_name
from plumbline.core.errors import UserError, unknown
from plumbline.core.ids import plain

T = TypeVar("T")


class Values(dict[str, Any]):
    """Values by key, with `places`: where each key was written ("file.yaml:3", "--set lr=1")."""

    def __init__(self, values: Mapping[str, Any] = {}, places: Mapping[str, str] = {}) -> None:
        super().__init__(values)
        self.places = dict(places)


class Setting(NamedTuple):
    """One row of `describe`: dotted key, type as text, default, help."""

    key: str
    type: str
    default: Any
    doc: str


def option(default: Any = dataclasses.MISSING, *, help: str = "", factory: Any = None) -> Any:
    """A dataclass field with a help text; `factory` makes mutable defaults."""
    return _field(default, factory, {"help": help})


def runtime(default: Any = dataclasses.MISSING, *, help: str = "", factory: Any = None) -> Any:
    """A field that cannot change a result (threads, paths, verbosity): it does not enter ids."""
    return _field(default, factory, {"help": help, "runtime": True})


def _field(default: Any, factory: Callable[[], Any] | None, metadata: dict[str, Any]) -> Any:
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def identity(settings: Any) -> dict[str, Any]:
    """The settings that decide a result, as plain JSON values; runtime fields are left out."""
    fields = dataclasses.fields(settings)
    return {f.name: _identity(getattr(settings, f.name)) for f in fields if not is_runtime(f)}


def _identity(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_identity(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _identity(item) for key, item in value.items()}
    return identity(value) if dataclasses.is_dataclass(value) else plain(value)


def is_runtime(field: dataclasses.Field[Any]) -> bool:
    """Whether `runtime` made the field."""
    return bool(field.metadata.get("runtime"))


def overlay(settings: T, values: Mapping[str, Any], *, where: str = "") -> T:
    """`settings` with `values` laid over it, checked; `where` is named in errors (see `Values`).

    All values of one dataclass are set at once, so that a check between two fields sees both.
    """
    return _apply(settings, list(values.items()), "", _Places(values, where))


class _Places:
    """Where a key was written: its own place, else that of the nearest key above it."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.known, self.where = getattr(values, "places", {}), where

    def __call__(self, key: str) -> str:
        while key and key not in self.known:
            key = key.rpartition(".")[0]
        return self.known.get(key, self.where)


def _apply(settings: Any, items: list[tuple[str, Any]], path: str, place: _Places) -> Any:
    """A copy of `settings` (which stands at `path`) with the dotted keys of `items` set."""
    hints = get_type_hints(type(settings), include_extras=True)
    changes: dict[str, Any] = {}
    parts: dict[str, list[tuple[str, Any]]] = {}
    for key, value in items:
        head, _, rest = str(key).partition(".")
        _check_known(settings, head, f"{path}{key}", path, place)
        inner = getattr(settings, head)
        if dataclasses.is_dataclass(inner) and (rest or isinstance(value, Mapping)):
            parts.setdefault(head, []).extend([(rest, value)] if rest else value.items())
        elif rest or (dataclasses.is_dataclass(inner) and not isinstance(value, type(inner))):
            raise _shape_error(settings, head, value, path, place(f"{path}{key}"))
        else:
            at = place(f"{path}{head}")
            changes[head] = coerce(value, hints[head], key=f"{path}{head}", where=at)
    for head, inside in parts.items():
        base = changes.get(head, getattr(settings, head))
        changes[head] = _apply(base, inside, f"{path}{head}.", place)
    return _replace(settings, changes, path, place)


def _check_known(settings: Any, head: str, key: str, path: str, place: _Places) -> None:
    if head not in {f.name for f in dataclasses.fields(settings) if f.init}:
        options = [f"{path}{row.key}" for row in describe(settings)]
        raise unknown("setting", key, options, where=place(key))


def _shape_error(settings: Any, head: str, value: Any, path: str, where: str) -> UserError:
    """A value for a whole group, or a part of a plain value."""
    inside = [row.key for row in describe(settings) if row.key.startswith(f"{head}.")]
    if inside:
        return UserError(
            f"{path}{head} is a group of settings, not {value!r}",
            where=where,
            fix=f"set one of {', '.join(path + key for key in inside)}",
        )
    return UserError(
        f"setting {path}{head} has no parts", where=where, fix=f"set {path}{head} itself"
    )


def _replace(settings: Any, changes: dict[str, Any], path: str, place: _Places) -> Any:
    """dataclasses.replace; what `__post_init__` refuses becomes a UserError with its place."""
    where = place(f"{path}{next(iter(changes), '')}")
    try:
        return dataclasses.replace(settings, **changes)
    except UserError as error:
        raise UserError(error.what, where=error.where or where, fix=error.fix) from error
    except (ValueError, TypeError) as error:
        raise UserError(str(error), where=where) from error


def describe(settings: Any) -> list[Setting]:
    """Every setting of a dataclass (or instance), nested ones with dotted keys, in order."""
    cls = settings if isinstance(settings, type) else type(settings)
    hints = get_type_hints(cls, include_extras=True)
    rows: list[Setting] = []
    for field in (f for f in dataclasses.fields(cls) if f.init):
        hint, default = hints[field.name], _default(field, settings)
        inner = default if dataclasses.is_dataclass(default) else hint
        if dataclasses.is_dataclass(inner):
            rows += [row._replace(key=f"{field.name}.{row.key}") for row in describe(inner)]
        else:
            doc = field.metadata.get("help", "")
            rows.append(Setting(field.name, type_name(hint), default, doc))
    return rows


def _default(field: dataclasses.Field[Any], settings: Any) -> Any:
    if not isinstance(settings, type):
        return getattr(settings, field.name)
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def parse_sets(items: Iterable[str]) -> Values:
    """["lr=1e-5", "length.max=512"] as values; the later of two settings of one key wins."""
    values = Values()
    for item in items:
        key, equals, value = item.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UserError(
                f"{item!r} sets nothing",
                where=f"--set {item}",
                fix="write --set key=value, for example --set lr=1e-5",
            )
        values.pop(key, None)  # so that the order of overlaying is that of the command line
        values[key] = value.strip()
        values.places[key] = f"--set {item}"
    return values


def read_yaml(path: Path | str) -> Values:
    """A YAML file's mapping (safe_load), with file and line of every key for the messages."""
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the values: {error}", where=str(path)) from error
    except yaml.YAMLError as error:
        raise _bad_yaml(path, error) from error
    if values is None:
        return Values()
    if not isinstance(values, dict):
        raise UserError(
            "not a mapping of keys to values", where=f"{path}:1", fix="write key: value"
        )
    return Values({str(key): value for key, value in values.items()}, _lines(node, path, ""))


def _bad_yaml(path: Path | str, error: Exception) -> UserError:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    return UserError(f"not YAML: {getattr(error, 'problem', error)}", where=f"{path}{line}")


def _lines(node: Any, path: Path | str, prefix: str) -> dict[str, str]:
    """Dotted key -> "file:line"; a key given twice is an error (YAML would drop one silently)."""
    places: dict[str, str] = {}
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        where = f"{path}:{key.start_mark.line + 1}"
        if name in places:
            raise UserError(f"{name!r} is given twice", where=where, fix=f"also at {places[name]}")
        places[name] = where
        if hasattr(value, "value") and value.id == "mapping":
            places |= _lines(value, path, f"{name}.")
    return places

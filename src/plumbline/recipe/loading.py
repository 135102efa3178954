"""A recipe: a Python function over handles that runs nothing, and values over its settings.

A recipe file holds one function marked `@recipe` (or simply called `recipe`). Its one argument, if
it has one, is a frozen dataclass of settings; YAML and `--set` overlay values of it and nothing
else.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from plumbline.core.errors import UserError, nearest
from plumbline.core.settings import overlay, parse_sets, read_yaml
from plumbline.store import Handle

Body = Callable[..., Any]


@dataclass(frozen=True)
class Recipe:
    """A function from settings to handles. `settings` is None where it takes no argument."""

    name: str
    body: Body
    settings: type | None
    where: str = ""

    def values(self, file: Path | None = None, sets: Sequence[str] = ()) -> Any:
        """The settings: defaults, then the YAML file, then `--set` (the last word)."""
        given = [read_yaml(file)] if file is not None else []
        given.append(parse_sets(sets))
        if self.settings is None:
            for values in filter(None, given):
                place = values.places[next(iter(values))]
                raise UserError(f"recipe {self.name!r} has no settings", where=place)
            return None
        settings = self.settings()
        for values in given:
            settings = overlay(settings, values)
        return settings

    def __call__(self, settings: Any = None) -> list[tuple[str, Handle]]:
        """The handles it returns with their names ("" where it gave none)."""
        takes = self.settings is not None
        if takes and settings is None:
            settings = self.values()
        named = _named(self.body(settings) if takes else self.body())
        wrong = [value for _, value in named if not isinstance(value, Handle)]
        if wrong or not named:
            got = type(wrong[0]).__name__ if wrong else "nothing"
            raise UserError(
                f"recipe {self.name!r} returned {got}, not handles",
                where=self.where,
                fix="return a stage's output, or a dict of names to outputs",
            )
        return named


def _named(result: Any) -> list[tuple[str, Any]]:
    if isinstance(result, dict):
        return [(str(name), value) for name, value in result.items()]
    return [("", item) for item in (result if isinstance(result, (tuple, list)) else [result])]


def recipe(body: Body) -> Recipe:
    """Mark a function as the recipe of its file."""
    path = Path(inspect.getsourcefile(body) or "recipe")
    where = f"{path}:{body.__code__.co_firstlineno}"
    name = body.__name__ if body.__name__ != "recipe" else path.stem
    return Recipe(name, body, _settings_of(body, where), where)


def _settings_of(body: Body, where: str) -> type | None:
    """The dataclass that the function's one argument is annotated with."""
    arguments = list(inspect.signature(body).parameters)
    if not arguments:
        return None
    hint = get_type_hints(body).get(arguments[0])
    if len(arguments) > 1 or not (isinstance(hint, type) and dataclasses.is_dataclass(hint)):
        raise UserError(
            "a recipe takes nothing, or one argument annotated with a frozen dataclass",
            where=where,
            fix="write def recipe(settings: Settings)",
        )
    return hint


def load(path: Path | str | Recipe) -> Recipe:
    """The recipe in a Python file; UserError where there is none or more than one."""
    if isinstance(path, Recipe):
        return path
    module = _import(_find(Path(path)))
    marked = [value for value in vars(module).values() if isinstance(value, Recipe)]
    own = [found for found in marked if found.body.__module__ == module.__name__]
    plain = vars(module).get("recipe")
    if not own and inspect.isfunction(plain) and plain.__module__ == module.__name__:
        own = [recipe(plain)]
    if not own and len(marked) == 1:  # a file that only names a recipe of the package
        own = marked
    if len(own) != 1:
        names = ", ".join(found.name for found in own) or "none"
        what = f"a recipe file holds one recipe, this one holds {names}"
        raise UserError(what, where=str(path), fix="mark one function with @recipe")
    return own[0]


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    folder = path.parent if path.parent.is_dir() else Path()
    near = nearest(path.name, [entry.name for entry in folder.glob("*.py")])
    fix = f"did you mean {folder / near}?" if near else "give the path of a Python file"
    raise UserError("no such recipe", where=str(path), fix=fix)


def _import(path: Path) -> ModuleType:
    """The file as a module of its own; its folder is importable while it loads."""
    path = path.resolve()
    name = f"plumbline_recipe_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError("not a Python file", where=str(path), fix="a recipe's name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their annotations up there
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(f"not Python: {error.msg}", where=f"{path}:{error.lineno}") from error
    except (ImportError, AttributeError, NameError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UserError(what, where=f"{path}:{_line_in(path, error)}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _line_in(path: Path, error: BaseException) -> int:
    """The last line of `path` that the error passed through."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

"""What each stage's result depends on, so that a change of it cannot pass unnoticed.

    python tools/stage_versions.py                lists stages whose code changed since noted
    python tools/stage_versions.py --note "WHY"   notes today's code; WHY says that results stay
                                                  the same, or that the version was raised

A stage's code is its own module and every module of plumbline that it imports, by their digests.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
NOTED = ROOT / "tests" / "stages" / "versions.json"


def stages() -> dict[str, tuple[int, str]]:
    """Every declared stage: (version, module of its function)."""
    from plumbline.recipe import world
    from plumbline.stages import table
    from plumbline.stages.command import VERSION
    from plumbline.store import Stage

    found = {"plumbline train": (VERSION, "plumbline.stages.command")}
    for module in (table, world):
        for one in vars(module).values():
            if isinstance(one, Stage):
                assert isinstance(one.function, str)
                found[one.name] = (one.version, one.function.partition(":")[0])
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """Modules of plumbline that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(_path(module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = node.module
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], node.module])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return frozenset(n for n in found if n.startswith("plumbline") and _exists(n))


def _exists(module: str) -> bool:
    return _path(module).is_file()


def _path(module: str) -> Path:
    folder = SRC / Path(*module.split("."))
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def digest(module: str) -> str:
    """One digest for the code of `module` and of all it imports, without docstrings or comments."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += imports(name)
    parts = [f"{name}:{_code(name)}" for name in sorted(seen)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def _code(module: str) -> str:
    tree = ast.parse(_path(module).read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0] = ast.Pass()
    return ast.dump(tree)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def now() -> dict[str, dict[str, object]]:
    return {
        name: {"version": version, "code": digest(module)}
        for name, (version, module) in sorted(stages().items())
    }


def changed() -> list[str]:
    """Stages whose code differs from what was noted, under the same version."""
    noted = json.loads(NOTED.read_text("utf-8"))["stages"] if NOTED.exists() else {}
    return [
        name
        for name, one in now().items()
        if (
            noted.get(name, {}).get("version") == one["version"]
            and noted[name]["code"] != one["code"]
        )
        or name not in noted
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--note", metavar="WHY", default="")
    asked = parser.parse_args()
    if not asked.note:
        print("\n".join(changed()) or "nothing changed")
        return
    NOTED.write_text(json.dumps({"note": asked.note, "stages": now()}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()

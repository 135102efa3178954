"""The house's floors: a module imports from lower floors only, and the light ones need no torch."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"
FLOORS = {
    "core": 0,
    "text": 1,
    "store": 1,
    "data": 1,
    "models": 2,
    "objectives": 2,
    "engine": 3,
    "feedback": 4,
    "identity": 4,
    "grounding": 4,
    "evals": 5,
    "trace": 5,
    "stages": 6,
    "microcosm": 6,
    "recipe": 7,
    "web": 7,
    "cli": 8,
    "__main__": 9,
}
LIGHT = ("core", "text", "store", "data", "recipe", "web", "cli")
HEAVY = ("torch", "transformers", "peft", "matplotlib", "pandas")


def modules() -> list[Path]:
    return sorted(
        path for path in (SOURCE / "plumbline").rglob("*.py") if path.parent.name != "base"
    )


def name_of(path: Path) -> str:
    """src/plumbline/text/forest.py -> plumbline.text.forest."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, also those inside functions and of names by strings."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            stem = ".".join(part for part in (base, node.module) if part)
            yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            named = node.args[0]
            if isinstance(named, ast.Constant):
                yield node.lineno, str(named.value)


def breaches(path: Path) -> list[str]:
    """Imports from the same floor's other packages or from above."""
    parts = name_of(path).split(".")
    if len(parts) == 1:
        return []
    own, found = parts[1], []
    for line, target in imported(path):
        steps = target.split(".")
        if steps[0] != "plumbline" or len(steps) == 1 or steps[1] == own:
            continue
        if steps[1] not in FLOORS:
            continue  # plumbline.__version__ and the like
        if FLOORS[steps[1]] >= FLOORS[own]:
            found.append(f"{path.relative_to(SOURCE)}:{line} {own} imports {target}")
    return found


def test_every_package_has_a_floor() -> None:
    packages = {p.parent.name for p in (SOURCE / "plumbline").glob("*/__init__.py")}
    assert packages <= set(FLOORS), f"no floor for {sorted(packages - set(FLOORS))}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down(path: Path) -> None:
    assert breaches(path) == []


def test_a_breach_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    wrong = tmp_path / "plumbline" / "text" / "wrong.py"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(
        "from plumbline.store import files\n"  # a sibling
        "from ..core import types\n"  # below: fine
        "def late():\n    from plumbline.cli.main import main\n"  # above, hidden in a function
        "def later():\n    import importlib\n    importlib.import_module('plumbline.engine')\n"
    )
    assert [b.split()[0].rpartition(":")[2] for b in breaches(wrong)] == ["1", "4", "7"]


def test_light_floors_import_without_torch() -> None:
    light = [
        name_of(p)
        for p in modules()
        if name_of(p).split(".")[1:2] and name_of(p).split(".")[1] in LIGHT
    ]
    probe = (
        "import importlib, json, sys\n"
        f"for name in {['plumbline', *light, 'plumbline.objectives']!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = [h for h in {HEAVY!r} if h in sys.modules]\n"
        "    if heavy: print(json.dumps([name, heavy])); break\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not done.stdout, "{} imports {}".format(*json.loads(done.stdout))

"""Checkpoints of a loop: `last` to go on from, `best` to end with; and what "auto" came to.

Each is a folder that appears whole or not at all, holding what `save` wrote and `state.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plumbline.core import atomic


class Checkpoints:
    """Checkpoints under `root`, which is made at the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, save: Callable[[Path], None], state: Mapping[str, Any]) -> None:
        """Replace checkpoint `name` in one step."""
        with atomic.folder(self.root / name, exists="replace") as folder:
            save(folder)
            (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def read(self, name: str) -> tuple[Path, dict[str, Any]] | None:
        """The folder and state of checkpoint `name`, where there is one."""
        state = self.root / name / "state.json"
        if not state.exists():
            return None
        return state.parent, json.loads(state.read_text(encoding="utf-8"))

    def fixed(self, name: str, resolve: Callable[[], Any]) -> Any:
        """A choice made once for the whole run: as it was made before, else made and kept."""
        path = self.root / "fixed.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if name not in known:
            known[name] = resolve()
            self.root.mkdir(parents=True, exist_ok=True)
            atomic.write_json(path, known)
        return known[name]

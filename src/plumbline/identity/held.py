"""A folder that holds a manifesto for a model's prompt, or for its warmed-up state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.identity.manifesto import Manifesto
from plumbline.models import state as states
from plumbline.models.digest import digest_folder
from plumbline.models.load import check_base
from plumbline.models.locate import IDENTITY, identity_base
from plumbline.models.policy import Policy
from plumbline.models.state import State


@dataclass(frozen=True)
class Held:
    """The manifesto of a folder, the model below it, and whether a state lies there."""

    folder: Path
    manifesto: Manifesto
    base: Path
    warmed: bool

    def state(self, policy: Policy) -> State | None:
        """The state, for the model that was loaded from `base`."""
        if not self.warmed:
            return None
        return states.read(self.folder, digest_folder(self.base), policy.device)


def write(folder: Path, told: dict[str, Any]) -> None:
    """`identity.json`: `manifesto`, `system`, `mode`, `base` (a digest) and what else is known."""
    atomic.write_json(folder / IDENTITY, told)


def held(folder: Path) -> Held:
    """What a folder for which `is_identity` holds; UserError where its base has other weights."""
    told = json.loads((folder / IDENTITY).read_text("utf-8"))
    base = identity_base(folder).path
    check_base(folder, base)
    manifesto = Manifesto(told["manifesto"], told.get("system", True))
    return Held(folder, manifesto, base, told["mode"] == "state")

"""What a command line names: models, identities, files of questions; and what these say of
themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.settings import overlay
from plumbline.core.types import Conversation
from plumbline.core.views import prompts as prompts_of
from plumbline.identity import held
from plumbline.identity.manifesto import Manifesto
from plumbline.models.locate import adapter_base, is_adapter, resolve_model
from plumbline.stages.files import rows
from plumbline.stages.imprint.settings import Imprint
from plumbline.store import Store


def identity_named(name: str, home: Store, say: Callable[[str], None]) -> tuple[Path, Manifesto]:
    """The folder of an identity that is an adapter, and its manifesto."""
    folder = model_named(name, home, say)
    told = held.told_in(folder)
    if not is_adapter(folder):
        raise UserError(
            f"this identity has no adapter (mode {told['mode']})",
            where=str(folder),
            fix="imprint its manifesto with --mode compile",
        )
    return folder, held.manifesto_of(told)


def model_named(name: str, home: Store, say: Callable[[str], None]) -> Path:
    taken = resolve_model(name, home.path)
    say(f"model: {taken.took}")
    return taken.path


def questions_in(file: str, s: Imprint, say: Callable[[str], None]) -> tuple[Conversation, ...]:
    """The different prompts of a file that end with a user's turn, as many as are asked."""
    found = [one for one in prompts_of(rows(file, say)) if one and one[-1].role == "user"]
    if not found:
        raise UserError("no prompt ends with a user's turn", where=file, fix="give prompts")
    if len(found) > s.probes:
        say(f"{file}: the first {s.probes} of {len(found)} prompts are asked (--set probes=N)")
    return tuple(found[: s.probes])


def base_of(folder: Path) -> Path:
    return adapter_base(folder).path


def one_base(folders: Sequence[Path]) -> Path:
    bases = {held.told_in(folder)["base"] for folder in folders}
    if len(bases) > 1:
        raise UserError(
            "these identities were made for different bases",
            where=", ".join(map(str, folders)),
            fix="imprint one of them on the other's base first (--again)",
        )
    return base_of(folders[0])


def settings_of(folder: Path, **changes: Any) -> Imprint:
    """The settings that an identity was made with."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    given = record["identity"]["settings"]
    known = {field.name for field in fields(Imprint)}
    return overlay(Imprint(), {k: v for k, v in given.items() if k in known} | changes)


def manifestos_of(folders: Sequence[Path]) -> list[str]:
    return [held.told_in(folder)["manifesto"] for folder in folders]

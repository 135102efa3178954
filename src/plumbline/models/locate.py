"""What MODEL means: `ref:NAME` in the store, an existing path, `microcosm`, then a Hub name.

What was taken is said (`Located.took`), so that a folder named like a Hub model surprises nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from plumbline.core.errors import UserError

HUB_NAME = re.compile(r"^[\w.-]+(/[\w.-]+)?$")
SNAPSHOT = re.compile(r"/models--([^/]+)/snapshots/[^/]+/?$")
WANTED = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja", "*.tiktoken"]


@dataclass(frozen=True)
class Located:
    """A local folder, the Hub name it stands for (or ""), and a line that says what was taken."""

    path: Path
    took: str
    hub: str = ""


def resolve_model(name: str, store_lookup: Callable[[str], Path] | None = None) -> Located:
    """The folder that `name` stands for. Raises UserError where there is none."""
    if name.startswith("ref:"):
        if store_lookup is None:
            raise UserError(f"{name} needs a store", fix="name one with --store")
        path = store_lookup(name.removeprefix("ref:"))
        return Located(path, f"{name}: {path}")
    if Path(name).exists():
        return Located(_is_model(Path(name)), f"folder {Path(name).resolve()}")
    if name == "microcosm":
        return Located(microcosm_base(), "the embedded microcosm")
    return _from_hub(name)


def microcosm_base() -> Path:
    """The base model that comes with the package."""
    path = microcosm_base_or_none()
    if path is None:
        raise UserError("the microcosm's base model is not here", fix="run `make microcosm-base`")
    return path


def microcosm_base_or_none() -> Path | None:
    """That folder, or None where the package was built without it."""
    path = Path(str(files("plumbline"))) / "microcosm" / "base"
    return path if (path / "config.json").exists() else None


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a PEFT adapter instead of a whole model."""
    return (folder / "adapter_config.json").is_file()


IDENTITY = "identity.json"
"""In a folder that holds a manifesto: what it is, and the digest of the weights it is for."""


def is_identity(folder: Path) -> bool:
    """Whether a folder holds a manifesto for a prompt (or its state) and no weights of its own."""
    return (folder / IDENTITY).is_file() and not is_adapter(folder)


def identity_base(folder: Path) -> Located:
    """The model below such a folder: relative to it, as it stands, or on the Hub."""
    told = json.loads((folder / IDENTITY).read_text("utf-8"))
    return _base(folder, told.get("base_model_name_or_path") or "", IDENTITY)


def with_weights(folder: Path) -> Path:
    """The folder itself, or the model below one that holds a manifesto only."""
    return identity_base(folder).path if is_identity(folder) else folder


def _is_model(path: Path) -> Path:
    if not path.is_dir():
        raise UserError(
            "a model is a folder, this is a file",
            where=str(path),
            fix="give a folder in Hugging Face format or a PEFT adapter folder",
        )
    if not (is_adapter(path) or is_identity(path) or (path / "config.json").is_file()):
        raise UserError(
            "no config.json: not a model folder",
            where=str(path),
            fix="give a folder in Hugging Face format or a PEFT adapter folder",
        )
    return path


def hub_name(folder: Path) -> str:
    """The Hub name of a snapshot in the Hub's cache ("" for any other folder)."""
    found = SNAPSHOT.search(folder.as_posix())
    return found[1].replace("--", "/", 1) if found else ""


def adapter_base(folder: Path) -> Located:
    """The base of an adapter folder: relative to the folder, as it stands, or on the Hub."""
    try:
        config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    except ValueError as error:
        raise UserError(f"adapter_config.json is not JSON: {error}", where=str(folder)) from None
    return _base(folder, config.get("base_model_name_or_path") or "", "adapter_config.json")


def _base(folder: Path, name: str, file: str) -> Located:
    """The model that a folder's file names."""
    if name and (folder / name).is_dir():
        return Located(_is_model(folder / name), f"base {name}")
    try:
        return resolve_model(name)
    except UserError as error:
        raise UserError(
            f"its base model {name!r} was not found ({error.what})",
            where=str(folder / file),
            fix="let base_model_name_or_path name a folder (relative to this one) or a Hub model",
        ) from None


def _from_hub(name: str) -> Located:
    fix = "give an existing folder, `ref:NAME`, `microcosm`, or a Hub name that can be reached"
    if not HUB_NAME.match(name):
        raise UserError(f"no such model folder: {name}", fix=fix)
    from huggingface_hub import snapshot_download

    try:
        path = snapshot_download(name, allow_patterns=WANTED)
    # Whatever goes wrong there (no network, no such name, a gate), the remedy is the same.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{name!r} is no folder here and could not be fetched from the Hub ({reason})", fix=fix
        ) from error
    return Located(Path(path), f"Hub model {name}", hub=name)

"""`plumbline doctor`: what this machine has, what will be used, what is missing."""

from __future__ import annotations

import re
import shutil
from importlib import metadata
from pathlib import Path

from plumbline.cli.options import StoreAt
from plumbline.cli.show import amount, say, table
from plumbline.core.errors import UserError
from plumbline.core.machine import free_cores

Lines = list[tuple[str, str]]


def doctor(store: StoreAt = None) -> None:
    """What this machine has, what will be used, and what is missing and how to get it."""
    sections = {
        "This machine": machine(),
        "What will be used": used(),
        "Where things go": places(store),
        "Installed": installed(),
    }
    for title, lines in sections.items():
        say(table((title, ""), lines))
        say()


def machine() -> Lines:
    """Python, platform, cores, memory and accelerator."""
    import platform

    import psutil
    import torch

    memory = psutil.virtual_memory()
    gpu = torch.cuda.is_available()
    return [
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("cores", str(free_cores())),
        ("memory", f"{amount(memory.total)}, {amount(memory.available)} free"),
        ("torch", f"{torch.__version__}, {torch.get_num_threads()} threads"),
        ("GPU", torch.cuda.get_device_name() if gpu else "none that torch can use"),
    ]


def used() -> Lines:
    """What `auto` means here."""
    from plumbline.models import precision

    device = precision.default_device()
    fast = precision.fast_bf16(device)
    hardware = "a GPU" if device.type == "cuda" else "AVX512-BF16 or AMX"
    why = "bf16 products are hardware here" if fast else f"bf16 would crawl without {hardware}"
    bf16 = precision.resolve("auto", device)
    return [
        ("device", str(device)),
        ("precision auto", f"{'bf16 autocast over fp32 weights' if bf16 else 'fp32'} ({why})"),
        ("attention", "sdpa with additive masks; eager where an architecture needs it"),
    ]


def places(store: Path | None) -> Lines:
    """The store, the disk it stands on, and the embedded base model."""
    from plumbline.store import find_store

    root = find_store(store).root
    disk = next(folder for folder in (root, *root.parents) if folder.exists())
    return [
        ("store", f"{root} ({'there' if root.exists() else 'made when first used'})"),
        ("disk", f"{amount(shutil.disk_usage(disk).free)} free"),
        ("microcosm base", microcosm_base()),
    ]


def microcosm_base() -> str:
    """Whether the embedded model came with this installation."""
    from plumbline.models import locate

    try:
        return str(locate.microcosm_base())
    except UserError as missing:
        return f"missing; {missing.fix}"


def installed() -> Lines:
    """The package and its optional extras, as its metadata names them."""
    lines = [("plumbline", metadata.version("plumbline"))]
    for extra, names in extras().items():
        missing = [name for name in names if not present(name)]
        how = f"missing {', '.join(missing)}; pip install 'plumbline[{extra}]'"
        lines.append((f"extra {extra}", how if missing else "complete"))
    return lines


def extras() -> dict[str, list[str]]:
    """Each extra's distributions, e.g. {"test": ["pytest", ...]}."""
    found: dict[str, list[str]] = {}
    for line in metadata.requires("plumbline") or []:
        match = re.match(r"([\w.-]+).*;.*extra == [\"']([\w-]+)[\"']", line)
        if match:
            found.setdefault(match.group(2), []).append(match.group(1))
    return found


def present(distribution: str) -> bool:
    """Whether a distribution is installed (asked without importing it)."""
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True

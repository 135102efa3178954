"""`plumbline doctor`: what this machine has, what will be used, what is missing and how to get it."""

from __future__ import annotations

import os
import re
import shutil
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path

from plumbline.cli.options import StoreAt
from plumbline.cli.show import amount, say, table

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
        (
            "cores",
            f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}",
        ),
        ("memory", f"{amount(memory.total)}, {amount(memory.available)} free"),
        ("torch", f"{torch.__version__}, {torch.get_num_threads()} threads"),
        ("GPU", torch.cuda.get_device_name() if gpu else "none that torch can use"),
        ("fast bf16", fast_bf16()),
    ]


def fast_bf16() -> str:
    """Whether bf16 matrix products run in hardware here; without it they are far slower than fp32."""
    import torch

    if torch.cuda.is_available():
        return "yes" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    flags = cpu_flags()
    if not flags:
        return "unknown (no /proc/cpuinfo)"
    have = sorted(flags & {"avx512_bf16", "amx_bf16"})
    return f"yes ({', '.join(have)})" if have else "no (neither AVX512-BF16 nor AMX)"


def cpu_flags() -> set[str]:
    """The CPU's feature flags as Linux names them; empty elsewhere."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(errors="replace") if info.exists() else ""
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return set(found.group(1).split()) if found else set()


def used() -> Lines:
    """What `auto` means here."""
    return [("precision", "fp32"), ("attention", "sdpa with additive masks")]


def places(store: Path | None) -> Lines:
    """The store, the disk it stands on, and the embedded base model."""
    free = shutil.disk_usage(Path.cwd()).free
    return [
        ("store", str(store)),
        ("disk", f"{amount(free)} free at {Path.cwd()}"),
        ("microcosm base", microcosm_base()),
    ]


def microcosm_base() -> str:
    """Whether the embedded model came with this installation."""
    folder = resources.files("plumbline.microcosm") / "base"
    weights = folder / "model.safetensors"
    if weights.is_file():
        return f"present ({folder})"
    return "missing; `make microcosm-base` trains it from a clone"


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
        return find_spec(distribution.replace("-", "_")) is not None
    return True

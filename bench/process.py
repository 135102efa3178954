"""A process timed from exec to exit, with its peak resident memory; its output goes to a log."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """seconds: exec to exit; peak_gb: largest resident set (10^9 bytes)."""

    seconds: float
    peak_gb: float


def timed(command: list[str], log: Path, *, env: Mapping[str, str] | None = None) -> Ran:
    """Run `command`; its output goes to `log`. SystemExit with the log's end where it fails."""
    with log.open("wb") as sink:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
    if status:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise SystemExit(f"{' '.join(command)}\nfailed ({status}):\n{tail}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Ran(seconds, usage.ru_maxrss * unit / 1e9)

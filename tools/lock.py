"""Write requirements.lock and requirements-test.lock from fresh environments.

The pins are what pip resolves from pyproject.toml today, taken by `pip freeze`. torch keeps no
local version ("+cpu"), so that the machine's own index decides between the CPU and the CUDA build,
and the CUDA build's own wheels are left out: torch names them itself, exactly.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "torch==2.13.0"
CUDA = ("nvidia-", "cuda-", "triton")
TOOLS = ("pip", "setuptools", "wheel", "plumbline")


def main() -> None:
    """Resolve the runtime with its servers and clients, then what only tests need beyond it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        venv.create(folder, with_pip=True)
        runtime = [*project["dependencies"], *extras["studio"], *extras["endpoint"]]
        write_locks(python, runtime, [*extras["postgres"], *extras["test"]])


def write_locks(python: Path, runtime: list[str], test: list[str]) -> None:
    """Install into `python`'s environment step by step and write what each step added."""
    install(python, [TORCH, *runtime])
    first = pins(python)
    install(python, test)
    more = [pin for pin in pins(python) if pin not in first]
    version = ".".join(map(str, sys.version_info[:2]))
    head = f"# Written by tools/lock.py (make lock); Python {version}.\n"
    (ROOT / "requirements.lock").write_text(head + "\n".join(first) + "\n")
    (ROOT / "requirements-test.lock").write_text(
        head + "\n".join(["-r requirements.lock", *more]) + "\n"
    )


def install(python: Path, wanted: list[str]) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)


def pins(python: Path) -> list[str]:
    """`name==version` of everything installed, without tools, local versions and CUDA wheels."""
    done = subprocess.run(
        [python, "-m", "pip", "freeze", "--all"], check=True, capture_output=True, text=True
    )
    lines = [line.split("+")[0] for line in done.stdout.splitlines() if "==" in line]
    return sorted(
        (p for p in lines if not p.startswith((*CUDA, *(f"{t}==" for t in TOOLS)))), key=str.lower
    )


if __name__ == "__main__":
    main()

"""`make bench` and `make goldens`: the peers' environment, made once, then the work in it.

python bench/run.py [--goldens] [arguments of compare.py]
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers"
LOCK = ROOT / "bench" / "peers.lock"


def install() -> Path:
    """The peers' python. torch comes first: from an extra index where TORCH_INDEX names one."""
    python, stamp = PEERS / "bin" / "python", PEERS / ".installed"
    if stamp.exists() and stamp.read_text() == LOCK.read_text():
        return python
    if not python.exists():
        venv.create(PEERS, with_pip=True)
    index = os.environ.get("TORCH_INDEX")
    extra = ["--extra-index-url", index] if index else []
    pip = [str(python), "-m", "pip", "install", "--quiet", *extra]
    torch = next(line for line in LOCK.read_text().splitlines() if line.startswith("torch=="))
    subprocess.run([*pip, torch], check=True)
    subprocess.run([*pip, "-r", str(LOCK)], check=True)
    stamp.write_text(LOCK.read_text())
    return python


def main() -> None:
    python = install()
    if "--goldens" in sys.argv:
        subprocess.run([str(python), str(ROOT / "bench" / "goldens.py")], check=True)
        return
    subprocess.run([sys.executable, str(ROOT / "bench" / "compare.py"), *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()

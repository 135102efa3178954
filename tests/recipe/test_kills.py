"""A kill before any file operation leaves a whole store, and the next run the same artifacts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).parent / "kill_driver.py"


def test_kill_at_any_file_operation(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(tmp_path), "19"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 20, "too few kills to mean anything"

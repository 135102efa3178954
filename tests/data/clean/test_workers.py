"""Work by several processes: a stop is never lost, not even while they are being started."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys

import pytest

STOPPED_WHILE_FORKING = """
import os, signal
from plumbline.data.clean.workers import spread

def interrupt(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, interrupt)
parent = os.getpid()
os.register_at_fork(before=lambda: os.getpid() == parent and os.kill(parent, signal.SIGTERM))
try:
    print(list(spread(abs, range(100), 2)))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_a_stop_inside_pythons_fork_hooks_is_not_lost() -> None:
    """An exception raised in such a hook is only printed and forgotten: the stop has to wait."""
    child = [sys.executable, "-c", STOPPED_WHILE_FORKING]
    done = subprocess.run(child, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")

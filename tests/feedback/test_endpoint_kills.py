"""A job that is killed without warning goes on, and asks nothing again that was answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from misbehaving import Said, Server, chat, saying

DRIVER = Path(__file__).parent / "label_driver.py"


def number(body: dict[str, Any]) -> int:
    return int(body["messages"][-1]["content"].split()[-1])


def test_after_a_kill_no_answered_request_is_asked_again(tmp_path: Path) -> None:
    together, n, most = 4, 30, 2 * 30

    def script(body: dict[str, Any]) -> Said:
        said = chat(f"to {number(body)}")
        said.slow = 0.02
        return said

    with saying(script=script) as server:
        arguments = [server.url, tmp_path / "kept", n, together]
        command = [sys.executable, str(DRIVER), *map(str, arguments)]
        for enough in (most // 4, most // 2):
            _killed_when(command, server, enough)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[f"to {i}"] * 2 for i in range(n)]
    counts = Counter(number(body) for body in server.bodies)
    assert set(counts) == set(range(n))
    doubled = sum(counts.values()) - most
    assert 0 <= doubled <= 2 * together, "at most those that were under way at each kill"


def _killed_when(command: list[str], server: Server, enough: int) -> None:
    """Run until the server has seen so many requests, then kill without warning."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while len(server.bodies) < enough:
        assert running.poll() is None and time.monotonic() < end
        time.sleep(0.001)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL

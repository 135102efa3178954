"""Law 9: killed at any moment and started again, a run gives what an uninterrupted one gives.

Children are forked from a process that has imported everything; each kills itself with SIGKILL at
a chosen operation (a write, a sync, a rename, an optimizer step), is started again until it ends,
and must leave the same bytes: weights, moments, held-out numbers, metrics (but for times).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MOMENTS = 20


@pytest.fixture(scope="module", params=["kto", "ppo"])
def lines(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[dict]:
    """What the driver found: a line for the uninterrupted run, then one for each killed one."""
    folder = tmp_path_factory.mktemp("killed")
    driver = Path(__file__).parent / "resume_driver.py"
    command = [
        sys.executable,
        str(driver),
        str(tiny_model),
        str(folder),
        str(MOMENTS),
        request.param,
    ]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_twenty_moments_were_tried_and_each_killed(lines: list[dict]) -> None:
    killed = lines[1:]
    assert len(killed) == MOMENTS
    assert all(line["kills"] == 1 for line in killed)
    inside = [line for line in killed if line["operation"] != "optim_step"]
    assert len(inside) >= MOMENTS // 3, "too few moments fall inside a write"


def test_every_resumed_run_equals_the_uninterrupted_one(lines: list[dict]) -> None:
    whole = lines[0]
    for line in lines[1:]:
        for name in ("weights", "moments", "model", "metrics", "results"):
            assert line[name] == whole[name], (name, line["operation"], line["moment"])


def test_the_seconds_of_all_attempts_are_counted(lines: list[dict]) -> None:
    assert all(line["uncounted"] < 0.01 for line in lines)


def test_the_driver_can_tell_runs_apart(lines: list[dict]) -> None:
    """Another seed gives other bytes: equality above is not empty."""
    assert lines[0]["weights"] != lines[0]["other"]

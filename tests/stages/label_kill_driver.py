"""Label pairs, killed before the n-th file operation, for every n; print how many kills there were.

Forks a child for each n (no threads live here). After each kill and one more run the labels must be
those of an uninterrupted run, byte by byte. usage: label_kill_driver.py FOLDER
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from plumbline.core.types import answer, user
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.template import Template
from plumbline.feedback.judging.weighing import weighed
from plumbline.stages.judging import labelling
from plumbline.stages.judging.labelling import Labeller, asked_of, fill
from plumbline.stages.judging.pairs import Pair
from plumbline.stages.judging.settings import Labelling

EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.truncate"}
RULES = Constitution("rules", (Principle("one", "one"), Principle("two", "two")))
FILES = ("labels.jsonl", "judged.json", "constitution.yaml")


class Counting:
    """A judge that weighs by the length of what it is asked."""

    name = id = "counting"
    cost = Cost()

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        self.cost.requests += len(questions)
        return [weighed([0.3, 0.1 * (len(q.asked[-1].content) % 5)]) for q in questions]

    def write(self, asked: Sequence, max_new: int, temperature: float = 0.0, seed: int = 0):
        return ["" for _ in asked]


def label(folder: Path) -> None:
    pairs = [
        Pair((user(f"q{n}"),), (answer("x" * n), answer("y")), ("", ""), f"{n}")
        for n in range(2, 12)
    ]
    labeller = Labeller(
        Counting(), RULES, Template("{principle} {a} {b}", (("A",), ("B",))), Labelling()
    )
    fill(folder, labeller, asked_of(pairs, RULES, Labelling())[0], lambda *heard: None)


def child(folder: Path, kill_at: int, half: bool) -> int:
    """The exit status (negative for a signal) of one run; `half`: the kill cuts a write in two."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def tick(event: str, arguments: object = None) -> None:
            nonlocal count
            if event in EVENTS:
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        def synced(handle: int) -> None:
            if half and count + 1 == kill_at:  # what the disk has of the last write is half of it
                size = os.fstat(handle).st_size
                os.ftruncate(handle, max(0, size - 17))
            tick("open")

        os.fsync = synced  # type: ignore[assignment]
        sys.addaudithook(tick)
        label(folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    labelling.TOGETHER = 3
    root = Path(sys.argv[1])
    label(root / "whole")
    wanted = [(root / "whole" / name).read_bytes() for name in FILES]
    kills = 0
    for half in (False, True):
        for kill_at in range(1, 1000):
            folder = root / "killed"
            status = child(folder, kill_at, half)
            if status == 0:
                break
            assert status == -signal.SIGKILL, (kill_at, status)
            kills += 1
            assert child(folder, 0, False) == 0, (kill_at, half)
            found = [(folder / name).read_bytes() for name in FILES]
            assert found == wanted, (kill_at, half)
            shutil.rmtree(folder)
        shutil.rmtree(folder)
    print(kills)


if __name__ == "__main__":
    main()

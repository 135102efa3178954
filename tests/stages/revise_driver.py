"""The process behind test_revise: revises in forked children that kill themselves.

    python revise_driver.py ANSWERS FOLDER MOMENTS

prints a JSON line a run: what it left, how many steps that were, how many were asked for, and where
it was killed. "torn": in the middle of writing lines.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from plumbline.core.appending import Lines
from plumbline.core.types import Conversation
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.stages import revise as stage
from plumbline.stages import revise_command

SETS = {
    "critic": "microcosm", "constitution": "microcosm-harmless", "template": "microcosm",
    "rounds": 2, "check": True, "pairs": True,
}  # fmt: skip
FILES = ("data.jsonl", "edits.jsonl", "pairs.jsonl")


class Critic:
    """Finds fault with all; what it writes and likes hangs on what it is asked."""

    name, id = "made up", "0"

    def __init__(self) -> None:
        self.cost = Cost()

    def write(
        self, asked: Sequence[Conversation], max_new: int, temperature: float = 0.0, seed: int = 0
    ) -> list[str]:
        self.cost.requests += len(asked)
        return ["It is not safe." if len(one) == 1 else _mended(one) for one in asked]

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        self.cost.requests += len(questions)
        return [Weighed((-float(len(one.asked[-1].content) % 7), -3.0), 0.0) for one in questions]


def _mended(asked: Conversation) -> str:
    return f"No, {hashlib.sha256(asked[0].content.encode()).hexdigest()[:6]}."


def work(answers: Path, out: Path, moment: int, log: Path) -> None:
    """The command, in this process; it dies at the chosen operation (0: at none)."""
    seen = 0

    def count(name: str, dying: Callable[[], object] = lambda: None) -> None:
        nonlocal seen
        seen += 1
        log.write_text(f"{seen} {name}")
        if seen == moment:
            dying()
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            count(name)
            return real(*args, **kwargs)

        setattr(owner, name, counted)

    for owner, name in ((os, "replace"), (Critic, "write"), (Critic, "weigh")):
        wrap(owner, name)
    add = Lines.add

    def torn(self: Lines, lines: Any) -> None:
        text = "".join(f"{line}\n" for line in lines)
        count("torn", lambda: (self._file.write(text[: len(text) * 2 // 3].encode()),
                               self._file.flush()))  # fmt: skip
        add(self, text.splitlines())

    Lines.add = torn  # type: ignore[method-assign]
    stage.TOGETHER = 4
    revise_command.critic_of = lambda *given: Critic()
    revise_command.revise(
        str(answers), out, sets=SETS, store=out.parent / "store", say=lambda line: None
    )


def child(*args: Any) -> bool:
    """Run `work` in a fork; whether it ended by itself."""
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)
        except BaseException as error:
            print(f"child failed: {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0, "a child failed"
    return True


def left(out: Path) -> dict[str, Any]:
    """What a run left."""
    steps = [json.loads(line) for line in (out / "steps.jsonl").read_text().splitlines()]
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    results = json.loads((out / "results.json").read_text())
    plain = sorted(json.dumps(step) for step in steps)
    parts = [plain, results["metrics"], results["by_round"], results["counts"]]
    files = [(out / name).read_text() for name in FILES]
    found = hashlib.sha256(json.dumps([parts, files]).encode()).hexdigest()
    asked = sum(row["steps"] for row in rows)
    return {"left": found, "steps": len(steps), "asked": asked}


def main(answers: Path, folder: Path, moments: int) -> None:
    log = folder / "log"
    assert child(answers, folder / "first", 0, log)  # the store is new to it
    assert child(answers, folder / "whole", 0, log)
    operations = int(log.read_text().split()[0])
    print(json.dumps(left(folder / "whole")))
    for moment in sorted(random.Random(1).sample(range(1, operations + 1), moments)):
        out, kills, target = folder / f"at{moment}", 0, moment
        name = ""
        while not child(answers, out, target, log):
            kills, target, name = kills + 1, 0, log.read_text().split()[1]
        print(json.dumps({**left(out), "kills": kills, "operation": name}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

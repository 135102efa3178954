"""The process behind test_resume: runs a training in forked children that kill themselves.

    python resume_driver.py MODEL FOLDER MOMENTS [ppo]

prints a JSON line a run: digests of what it left, and where it was killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumbline.core.types import Ranking, answer, user
from plumbline.core.views import view
from plumbline.engine.engine import Engine
from plumbline.models import cache
from plumbline.stages import rl
from plumbline.stages import train as stage
from plumbline.stages.online_settings import Drawing, HeldOut, Kl, Online, Stop
from plumbline.stages.settings import Eval, Train

WORDS = ["red", "green", "blue", "small", "large", "old", "new"]
SETTINGS = Train(
    lr=1e-2, steps=6, batch=4, save_every=2, precision="fp32", threads=1,
    eval=Eval(fraction=0.3, every=3),
)  # fmt: skip


ONLINE = Online(
    lr=1e-2, iterations=3, prompts=4, minibatches=2, precision="fp32", threads=1, save_seconds=0.0,
    draw=Drawing(n=2, max_new=6), heldout=HeldOut(fraction=0.3), kl=Kl(target=1.0, horizon=20),
    stop=Stop(watch=2, patience=2),
)  # fmt: skip


def judgements() -> list[Ranking]:
    """24 comparisons of different lengths."""
    return [
        Ranking(
            (user(f"Say {WORDS[i % 7]} {i}."),),
            (answer(f"{i} is kind."), answer("No. " * (1 + i % 3))),
            ((0,), (1,)),
        )
        for i in range(24)
    ]


class Counter:
    """Counts operations; at the chosen one the process dies."""

    def __init__(self, moment: int | None, log: Path) -> None:
        self.seen, self.moment, self.log = 0, moment, log

    def count(self, name: str) -> None:
        self.seen += 1
        if self.seen == self.moment:
            self.log.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)
        if self.moment is None:
            self.log.write_text(str(self.seen))

    def wrap(self, owner: object, name: str) -> None:
        real = getattr(owner, name)

        def counted(*args: object, **kwargs: object) -> object:
            self.count(name)
            return real(*args, **kwargs)

        setattr(owner, name, counted)


def work(model: Path, out: Path, moment: int | None, log: Path, seed: int = 0) -> None:
    """The training, in this process."""
    counter = Counter(moment, log)
    for owner, name in ((os, "replace"), (os, "rename"), (os, "fsync"), (Engine, "optim_step")):
        counter.wrap(owner, name)
    for one in (stage, rl):
        one.plot_metrics = lambda folder: []  # pictures are slow and not under test
    silent = lambda phase: lambda done, total, numbers: None  # noqa: E731
    if "ppo" in sys.argv:
        how = replace(ONLINE, seed=seed)
        asked = [rl.Asked(one.prompt) for one in judgements()]
        online = rl.OnlineJob(
            "ppo", model, ["rules:length=3", "rules:regex=e"], asked, settings=how
        )
        rl.run(online, out, out / "scratch", lambda line: None, silent)
        return
    job = stage.Job("kto", model, judgements(), settings=replace(SETTINGS, seed=seed))
    stage.run(job, out, out / "scratch", lambda line: None, silent)


def child(*args: object) -> bool:
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


def times(line: dict[str, Any]) -> dict[str, float]:
    """What of a line of metrics are seconds."""
    return {k: v for k, v in line.items() if k.partition(".")[0] == "seconds"}


def left(out: Path) -> dict[str, Any]:
    """Digests of what a run left, without its times; and seconds of steps not in the results."""
    last = out / "scratch" / "last"
    metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    results = json.loads((out / "results.json").read_text())
    return {
        "weights": digest((last / "weights.safetensors").read_bytes()),
        "moments": digest((last / "optimizer.safetensors").read_bytes()),
        "model": digest(next(out.glob("*model.safetensors")).read_bytes()),
        "metrics": digest([{k: v for k, v in m.items() if k not in times(m)} for m in metrics]),
        "results": digest(results["metrics"]),
        "uncounted": abs(
            results["seconds"]["train"] - sum(sum(times(m).values()) for m in metrics)
        ),
    }


def digest(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return hashlib.sha256(data).hexdigest()


def main(model: Path, folder: Path, moments: int) -> None:
    view("labels", judgements())  # imports everything the children need
    log = folder / "log"
    assert child(model, folder / "whole", None, log)
    operations = int(log.read_text())
    assert child(model, folder / "other", None, folder / "other.log", 1)
    whole, other = left(folder / "whole"), left(folder / "other")
    print(json.dumps({**whole, "other": other["weights"], "operations": operations}))
    for moment in sorted(random.Random(0).sample(range(1, operations + 1), moments)):
        out, kills = folder / f"at{moment}", 0
        target: int | None = moment
        shutil.rmtree(cache.folder() / "reference", ignore_errors=True)  # asked anew
        while not child(model, out, target, log):
            kills, target = kills + 1, 0  # from here on it may live
        name = log.read_text()
        print(json.dumps({**left(out), "moment": moment, "kills": kills, "operation": name}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

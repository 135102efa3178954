"""A diamond of cheap stages: words -> upper, backward -> joined; and a page that people must allow.

Each call of a stage adds its label to the file named by TOY_LOG. TOY_KILL=label:n kills the process
at step n of that stage, TOY_WAIT makes the last stage wait, TOY_FAIL=label raises there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.atomic import write_text
from plumbline.core.errors import Waiting
from plumbline.core.settings import runtime
from plumbline.recipe import Context, Handle, recipe, source, stage


@dataclass(frozen=True)
class Change:
    times: int = 3
    threads: int = runtime(1)


@dataclass(frozen=True)
class Settings:
    words: str = "words.txt"
    upper: Change = Change()
    joiner: str = " / "


@dataclass(frozen=True)
class Join:
    joiner: str = " / "


def log(ctx: Context) -> None:
    with open(os.environ.get("TOY_LOG", os.devnull), "a") as file:
        file.write(f"{ctx.stage}\n")
    if os.environ.get("TOY_FAIL") == ctx.stage:
        raise RuntimeError("broken on purpose")


def repeat(ctx: Context, settings: Change, inputs: Mapping[str, Path]) -> None:
    """Doubles its text step by step; what is done so far lies in scratch."""
    log(ctx)
    done = ctx.scratch / "steps.txt"
    lines = done.read_text().splitlines() if done.exists() else []
    words = (inputs["words"] if inputs["words"].is_file() else inputs["words"] / "text").read_text()
    label, _, at = os.environ.get("TOY_KILL", ":").partition(":")
    for step in range(len(lines), settings.times):
        if label == ctx.stage and int(at) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        lines.append(f"{step} {words.strip()}")
        write_text(done, "\n".join(lines))
        ctx.progress(step + 1, settings.times, loss=1 / (step + 1))
    (ctx.out / "text").write_text("\n".join(lines))
    (ctx.out / "more").mkdir(exist_ok=True)
    (ctx.out / "more" / "label").write_text("the same in both\n")


def join(ctx: Context, settings: Join, inputs: Mapping[str, Path]) -> None:
    log(ctx)
    parts = [(inputs[role] / "text").read_text() for role in sorted(inputs)]
    (ctx.out / "text").write_text(settings.joiner.join(parts))


def allow(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    log(ctx)
    if "TOY_WAIT" in os.environ:
        raise Waiting("0 of 1 pages allowed")
    (ctx.out / "page").write_text((inputs["text"] / "text").read_text())


upper = stage(
    "upper", version=1, settings=Change, inputs={"words": "data"}, makes="text", function=repeat
)
backward = stage(
    "backward", version=1, settings=Change, inputs={"words": "data"}, makes="text", function=repeat
)
joined = stage(
    "joined", version=1, settings=Join, inputs={"*": "text"}, makes="text", function=join
)
allowed = stage("allowed", version=1, inputs={"text": "text"}, makes="page", function=allow)


@recipe
def toy(settings: Settings) -> dict[str, Handle]:
    words = source(settings.words)
    left = upper(settings.upper, words=words)
    right = backward(Change(2), words=words)
    both = joined(Join(settings.joiner), left=left, right=right)
    return {"both": both, "page": allowed(text=both)}

"""The stage that says what a reward model gives for answers, and how far they are from a model.

`scores.json` holds, by prompt, a list of numbers an answer: `proxy`, and with a reference `kl`, the
answer's log pi - log pi_ref in nats, whose mean over answers that pi drew is the KL. Both are of
the distribution at `temperature`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.core.atomic import write_json
from plumbline.core.settings import option
from plumbline.store import Context, stage

if TYPE_CHECKING:
    from plumbline.feedback.rewards import Answered
    from plumbline.stages.answering import Answerer


@dataclass(frozen=True)
class Scoring:
    temperature: float = option(1.0, help="at which the answers were drawn")
    max_new: int = option(128, help="longest answer in tokens, as they were drawn")


def score(ctx: Context, settings: Scoring, inputs: Mapping[str, Path]) -> None:
    """scores.json of a file of answers; model, reward model and reference share a tokenizer."""
    from plumbline.engine.memory import micro_tokens, peak_gb
    from plumbline.evals.folders import read_lines
    from plumbline.feedback.reward_model import RewardModel
    from plumbline.stages.answering import Answerer

    began, rows = time.perf_counter(), read_lines(inputs["answers"] / "answers.jsonl")
    judge = Answerer(inputs["reward"])
    budget = micro_tokens(judge.policy.model.config, judge.policy.device)
    asked = answered(judge, rows, settings.max_new)
    made = {"proxy": by_prompt(RewardModel("proxy", judge.policy, None, budget)(asked), asked)}
    if "reference" in inputs:
        made["kl"] = by_prompt(_apart(inputs["reference"], rows, asked, settings, budget), asked)
    write_json(ctx.out / "scores.json", made)
    spent = {"seconds": {"score": round(time.perf_counter() - began, 3)}, "peak_gb": peak_gb()}
    write_json(ctx.out / "results.json", {"command": "phenomena", "metrics": {}, **spent})


def answered(judge: Answerer, rows: Sequence[Mapping[str, Any]], room: int) -> list[Answered]:
    """The lines of an answers.jsonl as a reward reads them."""
    from plumbline.core.types import Message
    from plumbline.feedback.rewards import Answered

    asked = [tuple(Message(m["role"], m["content"]) for m in row["prompt"]) for row in rows]
    return [
        Answered(prompt, ids, tuple(row["ids"]), tuple(row["responses"]), (True,) * len(row["ids"]))
        for prompt, ids, row in zip(asked, judge.prompts_ids(asked, room), rows, strict=True)
    ]


def _apart(
    reference: Path,
    rows: Sequence[Mapping[str, Any]],
    asked: Sequence[Answered],
    settings: Scoring,
    budget: int,
) -> list[float]:
    """log pi - log pi_ref of every answer."""
    from plumbline.engine.engine import Engine
    from plumbline.models.load import load_model
    from plumbline.objectives import build
    from plumbline.stages.drawn import items_of, logprobs

    policy = load_model(reference, adapter="none")
    policy.temperature = settings.temperature
    engine = Engine(policy, build("reinforce"), micro_tokens=budget)
    told = logprobs(engine, items_of(asked))
    own = [sum(nats) for row in rows for nats in row["logprobs"]]
    return [a - float(b.sum()) for a, b in zip(own, told, strict=True)]


def by_prompt(flat: Iterable[float], asked: Sequence[Answered]) -> list[list[float]]:
    """[N] numbers of all answers, prompt by prompt."""
    numbers = iter(flat)
    return [[float(next(numbers)) for _ in one.ids] for one in asked]


proxied = stage(
    "phenomena.proxied",
    version=1,
    settings=Scoring,
    inputs={"answers": "samples", "reward": "reward", "reference?": "model"},
    makes="results",
    function="plumbline.recipe.phenomena.proxied:score",
)

"""Tasks run on plain callables: every answer is logged, every number has its interval and n."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Example, PairOf, Response, answer, text_of, user
from plumbline.evals.gold import gold
from plumbline.evals.perplexity import perplexity
from plumbline.evals.preference_accuracy import preference_accuracy
from plumbline.evals.runner import run_task, write_results
from plumbline.evals.tasks import Generation, Item, Sample, Scored
from plumbline.evals.win_rate import win_rate

ITEMS = [
    Item((user(f"What is {i} plus {i}?"),), id=str(i), known={"sum": 2 * i}) for i in range(30)
]


def adder(prompts: Sequence[Conversation], generation: Generation) -> list[list[Response]]:
    """Right on even numbers, wrong on odd ones; says so n times."""
    numbers = [int(p[0].content.split()[2]) for p in prompts]
    return [[answer(str(2 * i + i % 2))] * generation.n for i in numbers]


def right(item: Item, response: Response) -> Scored:
    good = text_of(response) == str(item.known["sum"])
    return Scored({"gold": float(good), "honest": 1.0}, ("right",) if good else ("wrong sum",))


def task(n: int = 2):
    return gold(lambda: ITEMS, right, axes=("honest",), generation=Generation(n=n, seed=7))


def test_a_task_is_summed_up_by_prompt_and_every_answer_is_logged(tmp_path: Path) -> None:
    done = run_task(task(), adder, model="adder", out=tmp_path, batch=7)
    assert done.metrics["gold"].value == 0.5 and done.metrics["gold"].n == 60
    assert done.metrics["gold.honest"].value == 1.0
    rows = [json.loads(line) for line in (tmp_path / "samples.jsonl").open()]
    assert len(rows) == 60
    assert rows[2]["prompt"] == [{"role": "user", "content": "What is 1 plus 1?"}]
    assert rows[2]["response"] == [{"role": "assistant", "content": "3"}]
    assert rows[2]["scores"] == {"gold": 0.0, "gold.honest": 1.0}
    assert rows[2]["why"] == ["wrong sum"]
    assert (rows[3]["seed"], rows[3]["index"], rows[3]["model"]) == (7, 1, "adder")


def test_more_answers_to_the_same_prompts_are_no_more_evidence() -> None:
    one, many = run_task(task(1), adder), run_task(task(8), adder)
    width = [i.metrics["gold"].high - i.metrics["gold"].low for i in (one, many)]
    assert width[1] == pytest.approx(width[0], rel=0.1)


def test_results_are_in_the_fixed_form(tmp_path: Path) -> None:
    done = run_task(task(), adder)
    path = write_results(tmp_path, [done], command="evaluate", label="adder", path="forest")
    results = json.loads(path.read_text())
    assert results["metrics"]["gold"] == done.metrics["gold"].as_dict()
    assert set(results["metrics"]["gold"]) == {"value", "low", "high", "n"}
    assert {"command", "seconds", "peak_gb", "metrics", "path"} <= set(results)
    assert results["settings"]["tasks"]["gold"]["version"] == 1


def test_no_items_or_an_unreported_axis_is_an_error() -> None:
    with pytest.raises(UserError, match="no items"):
        run_task(gold(lambda: [], right), adder)
    with pytest.raises(UserError, match=r"'gold\.fair'"):
        run_task(gold(lambda: ITEMS, right, axes=("fair",)), adder)


def test_perplexity_weighs_tokens() -> None:
    def nats(documents: Sequence[Conversation]) -> list[tuple[float, int]]:
        assert [d[0].role for d in documents] == ["text"] * 2
        return [(30.0, 10), (2.0, 6)]

    done = perplexity(["a b c", "d"], nats)
    assert done.metrics["nats_per_token"].value == 2.0
    assert done.metrics["perplexity"].value == pytest.approx(math.exp(2))
    assert done.metrics["perplexity"].low <= math.exp(2) <= done.metrics["perplexity"].high
    with pytest.raises(UserError, match="no tokens"):
        perplexity(["", ""], lambda documents: [(0.0, 0)] * 2)


def pair(prompt: str, p: float = 1.0) -> Example:
    return Example((user(prompt),), (answer("short"), answer("much longer")), (PairOf(1, 0, p),))


def test_preference_accuracy_reads_sides_ties_and_soft_labels() -> None:
    def length(rows: Sequence[tuple[Conversation, Response]]) -> list[float]:
        return [len(text_of(r)) if p[0].content != "tie" else 0.0 for p, r in rows]

    examples = [pair("a"), pair("b", 0.9), pair("c", 0.1), pair("tie"), pair("none", 0.5)]
    done = preference_accuracy(examples, length)
    assert done.metrics["preference_accuracy"].value == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert done.metrics["preference_margin"].value == pytest.approx((6 + 6 - 6 + 0) / 4)
    assert done.notes == ("1 with p = 0.5 left out",)


def samples(values: Sequence[float], start: int = 0) -> list[Sample]:
    items = [Item((user(f"q{start + i}"),)) for i in range(len(values))]
    return [Sample(i, answer("x"), {"gold": v}) for i, v in zip(items, values, strict=True)]


def test_win_rate_is_paired_by_prompt() -> None:
    done = win_rate(samples([1, 2, 3, 4, 9]), samples([0, 2, 5, 1]))
    assert done.metrics["win_rate"].value == pytest.approx(2.5 / 4)
    assert done.metrics["gold_difference"].value == pytest.approx((1 + 0 - 2 + 3) / 4)
    assert done.notes == ("1 answers had no counterpart and were left out",)
    with pytest.raises(UserError, match="no prompt that both sides"):
        win_rate(samples([1.0]), samples([1.0], start=5))

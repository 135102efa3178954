"""Comparisons nest, what only seems to fall does not, and laws and figure follow the numbers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import answer, text_of, user
from plumbline.data import read
from plumbline.evals.overoptimisation import Law, bound
from plumbline.recipe.phenomena import PHENOMENA, comparing, overoptimisation, turning
from plumbline.recipe.phenomena.comparing import Comparing
from plumbline.recipe.phenomena.predictions import read_predictions
from plumbline.recipe.phenomena.turning import Answers, Curve, Measured, Run
from plumbline.recipe.phenomena.turning_figure import figure
from plumbline.store import Context

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ran before."""
    monkeypatch.setattr(f"{__name__}.RNG", np.random.default_rng(0))


def said(folder: Path, prompts: int = 5, answers: int = 5) -> Path:
    """Answers as `sample` writes them; the last prompt has only two that differ."""
    rows = []
    for i in range(prompts):
        texts = [f"Hello number {i} {'and more ' * k}." for k in range(answers)]
        texts = texts if i < prompts - 1 else [texts[k % 2] for k in range(answers)]
        ids = [[i, len(text)] for text in texts]
        nats = [[-0.5, -0.1 * k] for k in range(answers)]
        prompt = [{"role": "user", "content": f"Say hello {i}."}]
        rows.append({"prompt": prompt, "responses": texts, "ids": ids, "logprobs": nats})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_few_comparisons_are_on_many_prompts_and_each_answer_is_in_one() -> None:
    asked = [(user(f"{i}"),) for i in range(3)]
    options = [[answer(f"{i} {k}") for k in range(5)] for i in range(3)]
    options[1] = [answer("same"), answer("same"), answer(" "), answer("other"), answer("same")]
    found = comparing.pairs(asked, options)
    assert [text_of(prompt) for prompt, _ in found] == ["0", "1", "2", "0", "2"]
    used = [one for _, pair in found for one in pair]
    assert len(used) == len(set(used)) and answer(" ") not in used


def test_a_comparison_comes_out_alike_among_few_and_among_many(tmp_path: Path) -> None:
    answers = said(tmp_path / "said")

    def made(name: str, how: Comparing) -> list[object]:
        (tmp_path / name).mkdir()
        comparing.judge(Context(tmp_path / name), how, {"answers": answers})
        return [
            (r.prompt, r.responses, r.tiers)
            for r in read(tmp_path / name / "data.jsonl").judgements
        ]  # type: ignore[union-attr]

    few, many, rest = made("a", Comparing(4)), made("b", Comparing(7)), made("c", Comparing(3, 4))
    assert many == [*few, *rest]
    with pytest.raises(UserError, match="9 comparisons of different answers, not 10"):
        made("d", Comparing(10))


def curve(rise: float, fall: float, prompts: int = 400, noise: float = 1.0) -> Curve:
    """Gold up by `rise` over six points and down by `fall` over six more."""
    shape = np.concatenate([np.linspace(0, rise, 7), rise - np.linspace(0, fall, 7)[1:]])
    start = RNG.normal(0, 1, prompts)
    gold = start[:, None] + shape + RNG.normal(0, noise, (prompts, len(shape)))
    d2 = np.linspace(0, 2, len(shape)) ** 2
    return Curve(np.tile(d2, (prompts, 1)), gold, np.tile(d2, (prompts, 1)), start)


def test_a_fall_is_found_and_the_highest_of_noise_is_none() -> None:
    fell = curve(1.0, 0.8).fall()
    assert 0.3 < fell.low < 0.7 < fell.high < 1.0 and fell.n == 400
    flat = [curve(0.0, 0.0, 60) for _ in range(40)]
    falls = [one.fall() for one in flat]
    naive = [float(one.gold.mean(0).max() - one.gold[:, -1].mean()) for one in flat]
    assert np.mean(naive) > 0.15 and abs(np.mean([one.value for one in falls])) < 0.06
    assert sum(one.low > 0 for one in falls) <= 4
    assert curve(1.0, 0.0).numbers()["gain"].low > 0.8


def run(rise: float, fall: float, noise: float = 0.1, steps: int = 80) -> Run:
    """A run whose watched reward peaks where gold does."""
    at = np.linspace(0, 1, steps)
    gold = np.where(at < 0.5, 2 * rise * at, rise - fall * (2 * at - 1))
    noisy = [gold + RNG.normal(0, noise, steps) for _ in range(2)]
    return Run((4 * at) ** 2, noisy[0], 5 * at, noisy[1])


def test_a_run_that_rises_and_falls_tells_what_stopping_would_have_saved() -> None:
    told = run(1.0, 2.0).numbers()
    assert told["rise"].low > 0.5 and told["fall"].low > 1.2 and told["gain"].high < 0
    assert told["saved"].low > 1.0 and told["proxy_late"].low > 1.0
    assert 1.4 < told["best_d"].value < 2.6 < told["end_d"].low
    assert told["fall"].n == 80
    assert run(1.0, 2.0).peak_to(run(1.0, 2.0)).value == pytest.approx(0, abs=0.6)
    steady = [run(0.0, 0.0).numbers()["fall"] for _ in range(40)]
    assert abs(np.mean([one.value for one in steady])) < 0.04
    assert sum(one.low > 0 for one in steady) <= 4


def test_the_lines_of_a_run_are_proxy_watched_and_gold(tmp_path: Path) -> None:
    line = {"step": 0, "reward": 3.0, "reward_std": 9.0, "kl": 4.0, "reward_length": 0.1}
    parts = {"reward.tree": 3.0, "reward.tree (2)": 2.0, f"reward.{overoptimisation.GOLD}": -1.0}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(line | parts) + "\n")
    found = turning.run_of(tmp_path)
    assert (found.proxy[0], found.watch[0], found.gold[0], found.d[0]) == (3.0, 2.0, -1.0, 2.0)


def test_a_pool_is_kept_from_by_a_proxy_and_by_gold(tmp_path: Path) -> None:
    pool = Answers.of(said(tmp_path))
    assert pool.gold.shape == (5, 5)
    best, worst = pool.best_of(pool.gold), pool.best_of(-pool.gold)
    assert (best.gold[:, 0] == worst.gold[:, 0]).all(), "the best of one is any"
    assert best.gold[:, -1] == pytest.approx(pool.gold.max(1))
    assert worst.gold[:, -1] == pytest.approx(pool.gold.min(1))
    assert (best.kl[:, 0] == 0).all() and (best.kl[:, -1] <= bound(5) + 1e-9).all()
    agreed = turning.agreement(
        np.array([[0.0, 1, 2], [0, 0, 0]]), np.array([[0.0, 2, 1], [1, 2, 3]])
    )
    assert agreed.value == pytest.approx(2 / 3)


def test_a_peak_further_right_is_seen() -> None:
    early, late = curve(0.3, 2.0, noise=0.02), curve(2.0, 0.1, noise=0.02)
    moved = turning.moved_right(early, late)
    assert moved.value == 0, "both have their peak at the middle point"
    gold = late.gold + 2.0 * np.arange(late.gold.shape[1])
    right = turning.moved_right(early, Curve(late.kl, gold, late.proxy, late.start))
    assert right.low > 0.9 and right.value == pytest.approx(1.0)


def test_the_claims_are_on_what_is_measured_at_the_usual_sizes() -> None:
    usual = overoptimisation.Chase()
    told = everything()
    best = {("full", str(n)): curve(1.0, 0.5, 30) for n in usual.comparisons}
    runs = {str(n): run(1.0, 0.5) for n in usual.chased}
    told = replace(told, best=best, runs={**told.runs, **runs}, agree={}, dpo_count="1000")
    found = overoptimisation.moved(told, "full", usual.comparisons, usual.chased)
    found |= overoptimisation.numbers(told, {})
    predicted = read_predictions(ROOT / "recipes" / "phenomena.yaml", PHENOMENA)
    claims = predicted["overoptimisation"].claims
    assert {claim.metric for claim in claims} <= set(found)
    assert max(claim.n for claim in claims) == usual.prompts
    assert min(claim.n for claim in claims) == usual.rl.train.iterations
    assert not overoptimisation.moved(told, "full", (100,), (100,))


def everything() -> Measured:
    best = {
        ("full", "100"): curve(1.0, 0.9),
        ("full", "300"): curve(1.0, 0.5),
        ("", "gold"): curve(2.0, 0),
    }
    of = dict.fromkeys([("full", "100"), ("full", "300")], (0.5, 2.0))
    agree = {which: turning.agreement(np.eye(3), np.eye(3)) for which in of}
    runs = {"100": run(1.0, 2.0), "gold": run(1.0, -1.0)}
    return Measured(best, agree, of, runs, curve(0.5, 0.2), "300")


def test_laws_numbers_and_figure() -> None:
    told = everything()
    laws, missing = overoptimisation.fits(told, above=0.5)
    assert not missing and set(laws) == {
        "best.full.100",
        "best.full.300",
        "best.gold",
        "rl.100",
        "rl.gold",
        "dpo",
    }
    found = overoptimisation.numbers(told, laws)
    assert 0.6 < found["best.full.100.peak"].value < 1.4
    assert found["best.full.100.fall"].low > 0 and found["best.full.100.agreement"].value == 1
    assert found["rl.gold.fall"].high < 0.4
    drawn = figure(told, laws, "full", 0.5)
    assert "100 comparisons" in drawn.alt and "gold itself" in drawn.alt and "DPO" in drawn.alt
    assert told.deviations("full", "100", np.array([2.5])) == pytest.approx([1.0])


def test_a_law_without_points_is_told_and_not_drawn() -> None:
    told = everything()
    laws, missing = overoptimisation.fits(told, above=3.0)
    assert set(laws) == {"rl.100", "rl.gold"}
    assert "No law for dpo: 0 points above d = 3 cannot fix two constants." in missing
    assert not any(name.startswith("dpo.peak") for name in overoptimisation.numbers(told, laws))
    assert figure(told, laws, "full", 3.0).svg


def test_the_planted_peak_of_a_run_is_fitted() -> None:
    at = np.linspace(1e-9, 1, 60)
    d = 6 * at
    law = Law("rl", 1.0, 0.6)
    made = Run(d**2, law(d) + RNG.normal(0, 0.02, 60), at, at).fit(0.5)
    assert made.peak.value == pytest.approx(math.exp(1 / 0.6 - 1), rel=0.05)

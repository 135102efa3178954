"""The offline loop: best checkpoint, early stop, cached references, KTO's reference points."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from plumbline.core.errors import UserError
from plumbline.core.types import Ranking, answer, user
from plumbline.engine import columns
from plumbline.engine.order import derangement, members, permutation
from plumbline.models import cache
from plumbline.stages import train as stage
from plumbline.stages.settings import Eval, Train

SETTINGS = Train(lr=3e-2, batch=8, steps=12, decay="constant", warmup=0.0, precision="fp32")


def judgements(count: int = 40) -> list[Ranking]:
    """Comparisons whose labels say nothing, so that training on them overfits."""
    both = [(answer(f"{i * 7 % 11} yes"), answer(f"{i} no")) for i in range(count)]
    return [Ranking((user(f"Say {i}."),), two, ((0,), (1,))) for i, two in enumerate(both)]


def run(model: Path, out: Path, settings: Train, name: str = "dpo", **values: object) -> dict:
    job = stage.Job(name, model, judgements(), settings=settings, values=values)
    silent = lambda phase: lambda done, total, numbers: None  # noqa: E731
    return stage.run(job, out, out / "scratch", lambda line: None, silent)


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "plot_metrics", lambda folder: [])


def test_an_early_stop_ends_with_the_best_weights(tiny_model: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, lr=0.1, steps=60, eval=Eval(fraction=0.3, every=2, patience=2))
    results = run(tiny_model, tmp_path, settings)
    assert results["steps"] < 60, "held-out loss rises, so the run stops early"
    measured = [line["heldout_loss"] for line in lines(tmp_path) if "heldout_loss" in line]
    best = min(measured)
    assert measured[-1] > best
    assert results["metrics"]["heldout_loss"]["value"] == pytest.approx(best, rel=1e-4)


def test_a_reference_is_asked_once_and_gives_the_same_run(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = run(tiny_model, tmp_path / "first", SETTINGS)
    kept = list((cache.folder() / "reference").iterdir())
    assert len(kept) == 1
    asked: list[int] = []
    real = columns._keep
    monkeypatch.setattr(columns, "_keep", lambda *a: (asked.append(1), real(*a)))
    again = run(tiny_model, tmp_path / "again", SETTINGS)
    assert not asked, "the second run reads the file"
    assert again["metrics"] == first["metrics"]
    run(tiny_model, tmp_path / "other", replace(SETTINGS, seed=1))
    assert asked, "another order is another plan"


@pytest.mark.parametrize("adapter", ["lora", "full"])
@pytest.mark.parametrize("reference", ["mismatched", "on-policy", "zero"])
def test_kto_reference_points(
    reference: str, adapter: str, tiny_model: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, steps=3, lr=3e-3)
    job = stage.Job(
        "kto", tiny_model, judgements(), adapter=adapter, settings=settings,
        values={"reference": reference},
    )  # fmt: skip
    silent = lambda phase: lambda done, total, numbers: None  # noqa: E731
    stage.run(job, tmp_path, tmp_path / "scratch", lambda line: None, silent)
    z0 = [line["z0"] for line in lines(tmp_path)]
    assert abs(z0[0]) < 1e-5, "at the first step policy and reference are one model"
    if reference == "zero":
        assert z0 == [0.0] * 3
    if reference == "on-policy":
        assert z0[-1] > 0, "a KL after updates"


def test_a_diverging_run_says_what_to_do(tiny_model: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, lr=1e30, clip=0.0)
    with pytest.raises(UserError, match="broke down at step"):
        run(tiny_model, tmp_path, settings)


def test_a_derangement_never_gives_its_own_prompt() -> None:
    groups = ["a"] * 7 + ["b"] * 2 + list("cdefg")
    for epoch in range(5):
        partner = derangement(groups, 0, epoch)
        assert all(groups[i] != groups[j] for i, j in enumerate(partner))
    first, second = derangement(list(range(50)), 0, 0), derangement(list(range(50)), 0, 1)
    assert sorted(first) == list(range(50)), "distinct prompts: a permutation"
    assert (first != second).any()


def test_every_epoch_is_a_permutation_of_its_own() -> None:
    seen = [i for step in range(5) for i in members(step, 10, 2, 3)[1]]
    assert sorted(seen) == list(range(10))
    assert (permutation(10, 3, 0) != permutation(10, 3, 1)).any()
    assert members(5, 10, 2, 3)[0] == 1


def test_a_gradient_that_is_not_finite_shows_in_its_norm() -> None:
    from plumbline.engine.optim import clip

    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.tensor([1.0, float("nan"), 0.0])
    assert not torch.isfinite(torch.tensor(clip([weight], 1.0)))

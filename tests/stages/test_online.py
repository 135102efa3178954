"""The online stage on a tiny model: it raises its reward, keeps its columns, and stops clearly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.feedback.reward_model import RewardModel, tree_of
from plumbline.feedback.rewards import Answered
from plumbline.models.load import load_model
from plumbline.objectives import build
from plumbline.stages import draws, rl, signals
from plumbline.stages.answering import Answerer
from plumbline.stages.drawn import Drawn, items_of, scored
from plumbline.stages.methods import METHODS
from plumbline.stages.online_settings import Drawing, HeldOut, Kl, Online, Rewarding

SETTINGS = Online(
    iterations=4, prompts=6, lr=1e-2, precision="fp32", threads=1, heldout=HeldOut(fraction=0.2),
    draw=Drawing(n=4, max_new=8),
)  # fmt: skip
ASKED = [rl.Asked((user(f"Say {i}."),)) for i in range(20)]


class Letters:
    """Share of an answer that is letters from a to z."""

    name = "letters"

    def __call__(self, asked: list[Answered]) -> np.ndarray:
        texts = [text for one in asked for text in one.texts]
        return np.array([sum("a" <= c.lower() <= "z" for c in t) / max(len(t), 1) for t in texts])


def trained(method: str, model: Path, out: Path, **changes: Any) -> dict[str, Any]:
    said: list[str] = []
    values = changes.pop("values", {})
    rewards = changes.pop("rewards", [Letters()])
    adapter, reference = changes.pop("adapter", "full"), changes.pop("reference", None)
    settings = replace(SETTINGS, **changes)
    job = rl.OnlineJob(
        method, model, rewards, ASKED, adapter, settings, values, reference=reference
    )  # fmt: skip
    silent = lambda phase: lambda done, total, numbers: None  # noqa: E731
    out.mkdir(parents=True, exist_ok=True)
    return rl.run(job, out, out / "checkpoint", said.append, silent) | {"said": said}


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("method", list(METHODS))
def test_the_reward_rises(method: str, tiny_model: Path, tmp_path: Path) -> None:
    found = trained(method, tiny_model, tmp_path, iterations=16, lr=2e-2)
    rewards = [line["reward"] for line in lines(tmp_path)]
    assert np.mean(rewards[-4:]) > np.mean(rewards[:4]) + 0.03
    assert found["metrics"]["kl"]["value"] > 0 and found["before"]["kl"]["value"] == 0
    assert all(line["sampler_error"] < 1.001 for line in lines(tmp_path))


@pytest.mark.parametrize("method", list(METHODS))
def test_an_adapter_moves_and_its_reference_is_the_model_as_given(
    method: str, tiny_model: Path, tmp_path: Path
) -> None:
    """A random model of width 16 can hardly say what its adapter wants, but it moves."""
    found = trained(method, tiny_model, tmp_path, adapter="lora", lr=0.1)
    assert found["before"]["kl"]["value"] == 0 and found["metrics"]["kl"]["value"] != 0
    assert (tmp_path / "adapter_model.safetensors").exists()
    assert all(line["sampler_error"] < 1.001 for line in lines(tmp_path))


def test_the_first_ratio_is_one_and_the_first_kl_is_nothing(
    tiny_model: Path, tmp_path: Path
) -> None:
    trained("grpo", tiny_model, tmp_path, iterations=1)
    (line,) = lines(tmp_path)
    assert line["kl"] == line["kl_k3"] == 0 and abs(line["moved"]) < 1e-9


def test_the_controller_moves_beta(tiny_model: Path, tmp_path: Path) -> None:
    trained("rloo", tiny_model, tmp_path, kl=Kl(target=5.0, horizon=20), iterations=3)
    betas = [line["beta"] for line in lines(tmp_path)]
    assert betas[0] == 0.05 and betas[1] < betas[0], "the KL is below the target"


def test_it_ends_where_the_kl_is_spent(tiny_model: Path, tmp_path: Path) -> None:
    found = trained("reinforce", tiny_model, tmp_path, kl=Kl(beta=0.0, most=0.01), iterations=20)
    assert found["steps"] < 20 and "kl.most" in found["ended"]


def test_answers_that_were_cut_off_can_be_left_out(tiny_model: Path, tmp_path: Path) -> None:
    trained("rloo", tiny_model, tmp_path, reward=Rewarding(drop_unended=True), iterations=1)
    (line,) = lines(tmp_path)
    assert line["ended"] < 1


def test_a_cost_gets_a_price_until_it_is_low(tiny_model: Path, tmp_path: Path) -> None:
    """Letters are rewarded and cost: at no price there are more, at a price fewer."""
    how = Rewarding(cost="python:test_online:letters", cost_limit=0.1, cost_step=8.0)
    trained("rloo", tiny_model, tmp_path / "a", iterations=16, lr=2e-2)
    trained("rloo", tiny_model, tmp_path / "b", iterations=16, lr=2e-2, reward=how)
    free, held = lines(tmp_path / "a")[-1], lines(tmp_path / "b")
    assert held[0]["reward"] == pytest.approx(lines(tmp_path / "a")[0]["reward"])
    assert held[0]["price"] > 0 and held[-1]["price"] > held[0]["price"]
    assert held[-1]["reward.cost"] < free["reward"] - 0.03


def letters(prompt: list[dict[str, str]], answers: list[str]) -> list[float]:
    one = Answered((), [1], tuple([1] for _ in answers), tuple(answers), (True,) * len(answers))
    return Letters()([one]).tolist()


class Sour:
    """NaN at the second iteration."""

    name = "sour"
    calls = 0

    def __call__(self, asked: list[Answered]) -> np.ndarray:
        count = sum(len(one.texts) for one in asked)
        self.calls += 1
        return np.full(count, np.nan if self.calls == 3 else 1.0)  # the first is the held-out part


def test_a_reward_that_fails_leaves_the_prompt_and_everything_before(
    tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"(?s)iteration 1: sour gave nan.*offending.json"):
        trained("rloo", tiny_model, tmp_path, rewards=[Sour()], save_seconds=0.0)
    told = json.loads((tmp_path / "offending.json").read_text())
    assert told["prompt"][0]["content"].startswith("Say") and len(told["answers"]) == 4
    assert len(lines(tmp_path)) == 1
    again = trained("rloo", tiny_model, tmp_path, rewards=[Letters()], save_seconds=0.0)
    assert again["steps"] == 4 and len(lines(tmp_path)) == 4


def test_empty_answers_stop(tiny_model: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(Answerer, "__init__", silent_answers(Answerer.__init__))
    with pytest.raises(UserError, match="all answers are empty"):
        trained("rloo", tiny_model, tmp_path, heldout=HeldOut(fraction=0.0))


def silent_answers(real: Any) -> Any:
    def made(self: Answerer, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        self.renderer.answer_text = lambda ids: " "  # type: ignore[method-assign]

    return made


def test_a_sampler_that_disagrees_is_caught(tiny_model: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    real = draws.sample

    def lying(*args: Any, **kwargs: Any) -> Any:
        return [
            one._replace(logprobs=[x - 0.1 for x in one.logprobs]) for one in real(*args, **kwargs)
        ]

    monkeypatch.setattr(draws, "sample", lying)
    with pytest.raises(UserError, match=r"disagree by a factor of 1\.105"):
        trained("rloo", tiny_model, tmp_path)


def test_greedy_answers_and_missing_rewards_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"draw\.temperature"):
        trained("rloo", tiny_model, tmp_path, draw=Drawing(temperature=0.0))
    with pytest.raises(UserError, match="--reward"):
        trained("rloo", tiny_model, tmp_path, rewards=[])
    with pytest.raises(UserError, match="not a reward model"):
        trained("rloo", tiny_model, tmp_path, rewards=[tiny_model])
    with pytest.raises(UserError, match="2 weights"):
        trained("rloo", tiny_model, tmp_path, reward=Rewarding(weights=(1.0, 2.0)))


def test_a_reward_is_read_at_the_last_token_whatever_the_batch(tiny_model: Path) -> None:
    """Answers of other lengths, alone and together, in one micro-batch and in many."""
    policy = load_model(tiny_model, adapter="none", precision="fp32", scalar_head=True)
    with torch.no_grad():
        policy.head.weight.normal_(0, 1, generator=torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    asked = [
        Answered(
            (user("x"),),
            rng.integers(3, 200, size=rng.integers(1, 9)).tolist(),
            tuple(rng.integers(3, 200, size=rng.integers(1, 12)).tolist() for _ in range(3)),
            ("", "", ""),
            (True, True, True),
        )
        for _ in range(9)
    ]
    want = []
    for one in asked:
        for ids in one.ids:
            row = torch.tensor([[*one.prompt_ids, *ids]])
            with torch.no_grad():
                state = policy.model.base_model(input_ids=row).last_hidden_state[0, -1]
            want.append(float(policy.head(state)))
    for budget in (10_000, 40, 1):
        found = RewardModel("r", policy, None, budget)(asked)
        np.testing.assert_allclose(found, want, atol=1e-5)


def test_scores_do_not_depend_on_the_micro_batch(tiny_model: Path) -> None:
    policy = load_model(tiny_model, adapter="full", precision="fp32")
    policy.add_critic()
    assert policy.critic is not None
    torch.nn.init.normal_(policy.critic.weight, generator=torch.Generator().manual_seed(1))
    asked = [
        Answered((user("x"),), [5, 6, 7 + i], ([8] * (1 + i), [9, 10]), ("", ""), (True, True))
        for i in range(6)
    ]
    told = []
    for budget in (10_000, 12):
        engine = Engine(policy, build("ppo"), micro_tokens=budget, entropy=True)
        told.append(scored(engine, engine, items_of(asked)))
    for name in ("logp", "entropy", "value"):
        for a, b in zip(getattr(told[0], name), getattr(told[1], name), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(told[0].after, told[1].after, atol=1e-5)
    assert [len(row) for row in told[0].logp] == [len(i) for one in asked for i in one.ids]


def test_a_temperature_is_scored_as_it_is_drawn(tiny_model: Path) -> None:
    policy = load_model(tiny_model, adapter="none", precision="fp32")
    item = Item(tree_of([5, 6], [[7, 8]]), None)  # type: ignore[arg-type]
    forest = policy.grow([item.tree])
    with torch.no_grad():
        logits = policy.model(torch.tensor([[5, 6, 7, 8]])).logits[0]
        policy.temperature = 0.5
        found = policy.logprobs(forest).logp
    want = (logits / 0.5).log_softmax(-1)[[1, 2], [7, 8]]
    torch.testing.assert_close(found, want, atol=1e-5, rtol=0)


def test_sicknesses_have_words() -> None:
    well = {
        "kl": 1.0, "entropy": 2.0, "length": 20.0, "reward_length": 0.0, "repeated": 0.0,
        "ended": 1.0,
    }  # fmt: skip
    assert signals.sicknesses(well, well) == {}
    for change, word in (
        ({"kl": -1.0}, "KL is -1.00"),
        ({"entropy": 0.1}, "entropy fell"),
        ({"length": 50.0, "reward_length": 0.6}, "pays for length"),
        ({"repeated": 0.5}, "repeat a phrase"),
        ({"ended": 0.2}, "come to an end"),
    ):
        (said,) = signals.sicknesses(well, well | change).values()
        assert word in said


def test_repeated_phrases_are_found() -> None:
    def one(text: str) -> Drawn:
        return Drawn([Answered((), [1], ([1],), (text,), (True,))], [np.zeros(1)])

    assert signals.repeated(one("and so it goes on " * 3)) == 1
    assert signals.repeated(one("a few words, none of them twice here")) == 0

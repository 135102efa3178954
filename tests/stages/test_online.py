"""The online stage on a tiny model: it raises its reward, keeps its columns, and stops clearly."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from plumbline.core.errors import UserError
from plumbline.core.types import Demonstration, assistant, user
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.evals.folders import read_runs
from plumbline.evals.over_time import over_time
from plumbline.evals.report import build_report
from plumbline.feedback.reward_model import RewardModel, tree_of
from plumbline.feedback.rewards import Answered
from plumbline.models.load import load_model
from plumbline.objectives import build
from plumbline.objectives.grpo import GRPO
from plumbline.stages import draws, rl, signals
from plumbline.stages.answering import Answerer
from plumbline.stages.drawn import Drawn, items_of, scored
from plumbline.stages.methods import METHODS
from plumbline.stages.online_settings import (
    CriticOf,
    Drawing,
    HeldOut,
    Kl,
    Mix,
    Online,
    Rewarding,
)

SETTINGS = Online(
    iterations=4, prompts=6, lr=1e-2, precision="fp32", threads=1,
    heldout=HeldOut(fraction=0.2, shown=0),
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
    adapter, told = changes.pop("adapter", "full"), changes.pop("told", ())
    reference = changes.pop("reference", None)
    how = replace(SETTINGS, **changes)
    job = rl.OnlineJob(
        method, model, rewards, ASKED, adapter, how, values, mix=told, reference=reference
    )
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
    assert found["metrics"]["kl"]["value"] > 0 and abs(found["before"]["kl"]["value"]) < 1e-5
    assert all(line["sampler_error"] < 1.001 for line in lines(tmp_path))


@pytest.mark.parametrize("method", list(METHODS))
def test_an_adapter_moves_and_its_reference_is_the_model_as_given(
    method: str, tiny_model: Path, tmp_path: Path
) -> None:
    """A random model of width 16 can hardly say what its adapter wants, but it moves."""
    found = trained(method, tiny_model, tmp_path, adapter="lora", lr=0.1)
    assert abs(found["before"]["kl"]["value"]) < 1e-5 and found["metrics"]["kl"]["value"] != 0
    assert (tmp_path / "adapter_model.safetensors").exists()
    assert all(line["sampler_error"] < 1.001 for line in lines(tmp_path))


def test_the_first_ratio_is_one_and_the_first_kl_is_nothing(
    tiny_model: Path, tmp_path: Path
) -> None:
    trained("grpo", tiny_model, tmp_path, iterations=1)
    (line,) = lines(tmp_path)
    # The sampler's numbers beside the trainer's: apart by rounding and nothing else.
    assert abs(line["kl"]) < 1e-5 and line["kl_k3"] < 1e-9 and abs(line["moved"]) < 1e-9


def test_the_controller_moves_beta(tiny_model: Path, tmp_path: Path) -> None:
    trained("rloo", tiny_model, tmp_path, kl=Kl(target=5.0, horizon=20), iterations=3)
    betas = [line["beta"] for line in lines(tmp_path)]
    assert betas[0] == 0.05 and betas[1] < betas[0], "the KL is below the target"


def test_the_controller_moves_a_loss_too(tiny_model: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    used: list[float] = []
    loss = GRPO.__call__

    def told_of(self: GRPO, *told: Any) -> Any:
        used.append(self.beta)
        return loss(self, *told)

    monkeypatch.setattr(GRPO, "__call__", told_of)
    trained("grpo", tiny_model, tmp_path, kl=Kl(target=5.0, horizon=20))
    betas = [line["beta"] for line in lines(tmp_path)]
    assert len(set(betas)) == 4 and list(dict.fromkeys(used)) == betas


def test_an_objectives_own_beta_is_where_the_controller_begins(
    tiny_model: Path, tmp_path: Path
) -> None:
    kl = Kl(target=100.0, horizon=240)
    trained("grpo", tiny_model, tmp_path, kl=kl, values={"beta": 0.5})
    assert [line["beta"] for line in lines(tmp_path)][:2] == pytest.approx([0.5, 0.5 * 0.98])


def test_it_ends_where_the_kl_is_spent(tiny_model: Path, tmp_path: Path) -> None:
    found = trained("reinforce", tiny_model, tmp_path, kl=Kl(beta=0.0, most=0.01), iterations=20)
    assert found["steps"] < 20 and "kl.most" in found["ended"]


def test_a_critic_of_its_own_learns_and_leaves_the_policy_alone(
    tiny_model: Path, tmp_path: Path
) -> None:
    losses = {}
    for lr in (1e-12, 1e-2):
        how = dict(iterations=12, critic=CriticOf(own=True, lr=lr))
        found = trained("ppo", tiny_model, tmp_path / str(lr), **how)
        losses[lr] = np.mean([line["value_loss"] for line in lines(tmp_path / str(lr))[-3:]])
    assert losses[1e-2] < 0.8 * losses[1e-12], losses
    kept = load_file(tmp_path / "0.01" / "model.safetensors")
    assert not any("critic" in name or "score" in name for name in kept)
    assert found["metrics"]["kl"]["value"] > 0
    with pytest.raises(UserError, match="rloo has no critic"):
        trained("rloo", tiny_model, tmp_path / "b", **how)


def test_what_is_mixed_in_is_learnt_beside_the_answers(tiny_model: Path, tmp_path: Path) -> None:
    told = [Demonstration((user(f"Say {i}."), assistant("It is so."))) for i in range(12)]
    losses = {}
    for weight in (0.0, 1.0):
        out = tmp_path / str(weight)
        trained("rloo", tiny_model, out, iterations=8, mix=Mix(weight=weight, batch=4), told=told)
        losses[weight] = [line["mix_loss"] for line in lines(out)]
    assert losses[1.0][-1] < losses[1.0][0] - 0.1 < losses[0.0][-1]


@pytest.mark.parametrize("scale", ["batch", "running"])
def test_scaled_scores_are_learnt_from_and_the_reward_is_told_as_it_is(
    scale: Any, tiny_model: Path, tmp_path: Path
) -> None:
    trained("rloo", tiny_model, tmp_path / "a", iterations=1)
    trained("rloo", tiny_model, tmp_path / "b", iterations=1, reward=Rewarding(scale=scale))
    (plain,), (sized,) = lines(tmp_path / "a"), lines(tmp_path / "b")
    assert plain["reward"] == sized["reward"] and plain["grad_norm"] < sized["grad_norm"]


def test_the_exact_kl_is_what_k1_estimates(tiny_model: Path, tmp_path: Path) -> None:
    trained("rloo", tiny_model, tmp_path, iterations=16, lr=2e-2, prompts=16)
    told = lines(tmp_path)
    assert told[0]["kl_exact"] == 0 and all(line["kl_exact"] >= 0 for line in told)
    near = [line["kl_exact"] / line["kl_token"] for line in told[-4:]]
    assert 0.5 < np.mean(near) < 2
    assert all(line["ratio_low"] <= 1.001 and line["ratio_high"] >= 0.999 for line in told)


def test_answers_to_the_same_prompts_are_kept_as_training_goes_on(
    tiny_model: Path, tmp_path: Path
) -> None:
    shown = HeldOut(fraction=0.2)
    found = trained("rloo", tiny_model, tmp_path, iterations=5, lr=2e-2, heldout=shown)
    steps = [one["step"] for one in found["shown"]]
    prompts = {one["prompt"] for one in found["shown"]}
    assert sorted(set(steps)) == [0, 1, 2, 4, 5] and len(steps) == 5 * len(prompts)
    first, last = ([o["answer"] for o in found["shown"] if o["step"] == at] for at in (0, 5))
    assert first != last
    (run,) = read_runs([tmp_path])
    page = build_report([tmp_path], tmp_path / "report.html").read_text()
    assert all(html.escape(prompt) in page for prompt in prompts) and len(over_time(run)) == len(
        prompts
    )


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
    told, drawn = [], [np.zeros(len(ids), np.float32) for one in asked for ids in one.ids]
    for budget in (10_000, 12):
        engine = Engine(policy, build("ppo"), micro_tokens=budget, entropy=True)
        told.append(scored(engine, engine, items_of(asked), drawn))
    for name in ("ref_logp", "value"):
        for a, b in zip(getattr(told[0], name), getattr(told[1], name), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(told[0].after, told[1].after, atol=1e-5)
    assert [len(row) for row in told[0].ref_logp] == [len(i) for one in asked for i in one.ids]


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
    late = {"explained": 0.01}
    assert signals.sicknesses(well, well | late, step=3) == {}
    assert "does not learn" in signals.sicknesses(well, well | late, step=20)["explained"]
    assert signals.sicknesses(well, well | {"explained": 0.3}, step=20) == {}


def test_repeated_phrases_are_found() -> None:
    def one(text: str) -> Drawn:
        return Drawn([Answered((), [1], ([1],), (text,), (True,))], [np.zeros(1)])

    assert signals.repeated(one("and so it goes on " * 3)) == 1
    assert signals.repeated(one("a few words, none of them twice here")) == 0


class Failing(Letters):
    """Raises once, in the third iteration (a first call measures the held-out prompts)."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, asked: list[Answered]) -> np.ndarray:
        self.calls += 1
        if self.calls == 4:
            raise UserError("out of order")
        return super().__call__(asked)


def test_critic_mix_and_scores_so_far_survive_a_stop(tiny_model: Path, tmp_path: Path) -> None:
    told = [Demonstration((user(f"Say {i}."), assistant("It is so."))) for i in range(12)]
    how = dict(
        critic=CriticOf(own=True), mix=Mix(batch=4), told=told, save_seconds=0.0, iterations=5,
        reward=Rewarding(scale="running"),
    )  # fmt: skip
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    trained("ppo", tiny_model, whole, **how)
    broken = Failing()
    with pytest.raises(UserError, match="out of order"):
        trained("ppo", tiny_model, cut, rewards=[broken], **how)
    trained("ppo", tiny_model, cut, rewards=[broken], **how)
    plain = [
        [{k: v for k, v in line.items() if not k.startswith("seconds")} for line in lines(out)]
        for out in (whole, cut)
    ]
    assert plain[0] == plain[1]
    weights = [load_file(out / "model.safetensors") for out in (whole, cut)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

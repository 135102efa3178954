"""Values that can be worked out on paper, or by brute force."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from tabular import World, world
from torch import Tensor

from plumbline.core.errors import UserError
from plumbline.objectives import TABLE, build
from plumbline.objectives.base import Batch, Outputs
from plumbline.objectives.common import soft_logistic
from plumbline.objectives.orpo import log_odds
from plumbline.objectives.ranking import log_likelihood, log_p_above, log_p_tied


def mean(name: str, w: World, term: str = "loss", **values: object) -> float:
    found = build(name, values)(*w.micro([0, 1, 2]))[term]
    return float(found.sum / found.count)


def at_reference(**kinds: bool) -> World:
    """Policy = reference, and all rewards equal."""
    w = world(1, **kinds)
    w.ref_logits = w.logits
    w.rewards = torch.full_like(w.rewards, 0.7)
    return w


def doubles(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_preferences_cost_log_2_at_equality() -> None:
    for soft in (True, False):
        assert mean("dpo", at_reference(soft=soft)) == pytest.approx(math.log(2), abs=1e-12)
        assert mean("bradley_terry", at_reference(soft=soft), margin=0.0) == pytest.approx(
            math.log(2), abs=1e-12
        )
    assert mean("ipo", at_reference(), beta=0.1) == pytest.approx(25.0)
    assert mean("dpo", at_reference(), "margin") == 0.0


def test_kto_at_its_reference_point_is_half_its_weight() -> None:
    w = at_reference(soft=False)
    out, batch = w.micro([0, 1, 2])
    desirable, undesirable = 1.4, 0.6
    for z0 in (0.0, -3.0):  # a negative estimate of a divergence is clamped at 0
        columns = {**batch.columns, "z0": torch.tensor(z0, dtype=torch.float64)}
        terms = build("kto", {"desirable": desirable, "undesirable": undesirable})(
            out, Batch(batch.rows, batch.row, columns)
        )
        good = float(batch["label"].sum())
        want = (desirable * good + undesirable * (batch.rows - good)) / 2
        assert float(terms["loss"].sum) == pytest.approx(want)
        assert float(terms["clamped"].sum / terms["clamped"].count) == float(z0 < 0)


def test_kto_reads_its_reference_point() -> None:
    """r = z0 above 0: the loss is again half its weight, and neither side is counted right."""
    w = world(2, soft=False)
    out, batch = w.micro([0, 1, 2])
    assert out.logp is not None
    shift = 0.8 / batch.row_lengths()[batch.row]
    columns = {"z0": torch.tensor(0.8, dtype=torch.float64), "ref_logp": out.logp - shift}
    terms = build("kto")(out, Batch(batch.rows, batch.row, {**batch.columns, **columns}))
    assert float(terms["loss"].sum) == pytest.approx(batch.rows / 2)
    assert float(terms["chosen_logratio"].sum) == pytest.approx(0.8 * float(batch["label"].sum()))


def test_plackett_luce_of_two_is_bradley_terry() -> None:
    w = world(3, soft=False)
    for ranking, pair, values in (
        ("plackett_luce", "bradley_terry", {}),
        ("dpo_ranking", "dpo", {"beta": 0.7}),
    ):
        whole = build(ranking, values)(*w.micro([1]))
        both = build(pair, values)(*w.micro([1]))
        for term in ("loss", "accuracy", "margin"):
            assert float(whole[term].sum) == pytest.approx(float(both[term].sum)), term


TIERS = [(0, 1, 2), (0, 0, 1), (0, 1, 1), (1, 0, 0, 2), (0, 1, 1, 1, 2, 2), (0, 0, 0, 1, 2, 0)]


def plackett(order: tuple[int, ...], u: Tensor) -> float:
    """P of a complete order, best first."""
    e, p = u.exp().tolist(), 1.0
    for i, item in enumerate(order):
        p *= e[item] / sum(e[j] for j in order[i:])
    return p


@pytest.mark.parametrize("tiers", TIERS)
def test_a_tie_sums_over_the_orders_nobody_observed(tiers: tuple[int, ...]) -> None:
    g = torch.Generator().manual_seed(len(tiers))
    u = 2 * torch.randn(len(tiers), generator=g, dtype=torch.float64)
    orders = [
        order
        for order in itertools.permutations(range(len(tiers)))
        if [tiers[i] for i in order] == sorted(tiers)
    ]
    want = sum(plackett(order, u) for order in orders)
    assert float(log_likelihood(u, torch.tensor(tiers))) == pytest.approx(math.log(want))


def test_an_all_tied_set_costs_nothing_and_pulls_nowhere() -> None:
    u = doubles(1.0, -2.0, 0.5).requires_grad_(True)
    cost = -log_likelihood(u, torch.zeros(3, dtype=torch.int64))
    (grad,) = torch.autograd.grad(cost, u)
    assert float(cost.detach()) == 0.0
    assert grad.tolist() == [0.0, 0.0, 0.0]


def test_utilities_of_any_size_stay_finite() -> None:
    u = doubles(400.0, -400.0, 0.0, 1.0).requires_grad_(True)
    for tie in (None, 0.5):
        value = log_likelihood(u, torch.tensor([1, 0, 0, 1]), tie=tie)
        (grad,) = torch.autograd.grad(value, u)
        assert torch.isfinite(value) and torch.isfinite(grad).all()


def weak_orders(items: tuple[int, ...]) -> list[tuple[tuple[int, ...], ...]]:
    """Every ranking with ties of `items`."""
    if not items:
        return [()]
    return [
        (first, *rest)
        for size in range(1, len(items) + 1)
        for first in itertools.combinations(items, size)
        for rest in weak_orders(tuple(i for i in items if i not in first))
    ]


def test_davidson_luce_is_a_distribution_over_rankings_with_ties() -> None:
    u, total = doubles(0.3, -1.0, 0.8, 2.0), 0.0
    orders = weak_orders((0, 1, 2, 3))
    assert len(orders) == 75
    for order in orders:
        tiers = torch.zeros(4, dtype=torch.int64)
        for level, tier in enumerate(order):
            tiers[list(tier)] = level
        total += float(log_likelihood(u, tiers, tie=0.7).exp())
    assert total == pytest.approx(1.0)


def test_davidson_luce_of_two() -> None:
    """Davidson 1970: P(tie) = nu sqrt(ab) / (a + b + nu sqrt(ab))."""
    a, b, nu = 2.0, 5.0, 0.5
    middle = nu * math.sqrt(a * b)
    u = doubles(math.log(a), math.log(b))
    assert float(log_p_tied(u, u[:0], nu).exp()) == pytest.approx(middle / (a + b + middle))
    assert float(log_p_tied(u[:1], u[1:], nu).exp()) == pytest.approx(a / (a + b + middle))


def test_a_tier_too_large_to_sum_over_is_an_error_that_names_the_way_out() -> None:
    with pytest.raises(UserError, match="a tie of 13 answers"):
        log_p_above(torch.zeros(13), torch.zeros(1))
    assert float(log_p_above(torch.zeros(13), torch.zeros(0))) == 0.0
    with pytest.raises(UserError, match="a ranking of 13 answers"):
        log_p_tied(torch.zeros(1), torch.zeros(12), 0.5)


KL = [{"kl": kl, "residual": r} for kl in ("forward", "reverse", "mixed") for r in
      ("bucket", "renormalise")]  # fmt: skip


@pytest.mark.parametrize("values", KL, ids=lambda v: "-".join(v.values()))
def test_distillation_is_zero_at_the_teacher(values: dict[str, str]) -> None:
    w = world(4)
    w.teacher = w.logits
    assert mean("distill", w, **values) == pytest.approx(0.0, abs=1e-12)
    assert mean("distill", w, "agreement", **values) == 1.0
    w.teacher = world(5).teacher
    assert mean("distill", w, **values) > 0.01


@pytest.mark.parametrize("kl", ["forward", "reverse", "mixed"])
def test_distillation_over_the_whole_vocabulary_is_the_divergence(kl: str) -> None:
    g = torch.Generator().manual_seed(0)
    t, s = torch.log_softmax(torch.randn(2, 5, 11, generator=g, dtype=torch.float64), -1)
    m = torch.log(0.3 * t.exp() + 0.7 * s.exp())
    want = {
        "forward": (t.exp() * (t - s)).sum(1),
        "reverse": (s.exp() * (s - t)).sum(1),
        "mixed": 0.3 * (t.exp() * (t - m)).sum(1) + 0.7 * (s.exp() * (s - m)).sum(1),
    }[kl]
    objective = build("distill", {"kl": kl, "mix": 0.3})
    batch = distill_batch(t)
    assert float(objective(Outputs(top_logp=s), batch)["loss"].sum) == pytest.approx(
        float(want.sum()), abs=1e-9
    )
    few = t.topk(3, dim=1).indices
    bucket = objective(Outputs(top_logp=s.gather(1, few)), distill_batch(t.gather(1, few)))
    assert 0 < float(bucket["loss"].sum) < float(want.sum())


def distill_batch(teacher: Tensor) -> Batch:
    rows = torch.zeros(len(teacher), dtype=torch.int64)
    return Batch(
        1, rows, {"teacher_logp": teacher, "token_weight": torch.ones(len(teacher)).double()}
    )


def test_distillation_in_fp32_over_a_large_vocabulary_has_no_noise_at_the_teacher() -> None:
    logits = torch.randn(4, 50_000).requires_grad_(True)
    s = torch.log_softmax(logits, -1)
    loss = build("distill")(Outputs(top_logp=s), distill_batch(s.detach()))["loss"].sum
    (grad,) = torch.autograd.grad(loss, logits)
    assert abs(float(loss.detach())) < 1e-5 and float(grad.abs().max()) < 1e-5


def test_robust_dpo_is_unbiased_under_flipped_labels() -> None:
    """Chowdhury et al. 2024: averaged over flips of rate e it is the noise-free loss."""
    w, e = world(6, soft=False), 0.3
    robust = build("dpo", {"label_smoothing": e, "robust": True})
    out, batch = w.micro([0, 1, 2])
    flipped = Batch(batch.rows, batch.row, {**batch.columns, "pair": batch["pair"].flip(1)})
    mixed = (1 - e) * robust(out, batch)["loss"].sum + e * robust(out, flipped)["loss"].sum
    assert float(mixed) == pytest.approx(float(build("dpo")(out, batch)["loss"].sum))


def test_conservative_dpo_is_a_soft_label() -> None:
    w = world(6, soft=False)
    out, batch = w.micro([0, 1, 2])
    soft = Batch(batch.rows, batch.row, {**batch.columns, "p": torch.full_like(batch["p"], 0.8)})
    conservative = build("dpo", {"label_smoothing": 0.2})(out, batch)["loss"].sum
    assert float(conservative) == pytest.approx(float(build("dpo")(out, soft)["loss"].sum))


def test_a_coin_flip_is_cheapest_at_equality_and_has_no_accuracy() -> None:
    x = torch.linspace(-2, 2, 41, dtype=torch.float64)
    assert int(soft_logistic(x, 0.5).argmin()) == 20
    out, batch = world(7).micro([0, 1, 2])
    even = Batch(batch.rows, batch.row, {**batch.columns, "p": torch.full_like(batch["p"], 0.5)})
    assert float(build("dpo")(out, even)["accuracy"].count) == 0.0


def test_slic_and_simpo_by_hand() -> None:
    logp, row = doubles(-1.0, -2.0, -0.5), torch.tensor([0, 0, 1])
    columns = {"pair": torch.tensor([[0, 1]]), "p": doubles(1.0), "pair_weight": doubles(1.0)}
    batch = Batch(2, row, columns)
    slic = build("slic", {"delta": 1.0, "weight": 0.5})(Outputs(logp), batch)
    assert float(slic["loss"].sum) == pytest.approx((1 + 2.5) + 0.5 * 3)
    simpo = build("simpo", {"beta": 2.0, "gamma": 1.0})(Outputs(logp), batch)
    assert float(simpo["loss"].sum) == pytest.approx(math.log1p(math.exp(3.0)))
    a, b = math.exp(-1.5), math.exp(-0.5)
    odds = math.log(a / (1 - a)) - math.log(b / (1 - b))
    orpo = build("orpo", {"weight": 0.1})(Outputs(logp), batch)
    assert float(orpo["loss"].sum) == pytest.approx(1.5 + 0.1 * math.log1p(math.exp(-odds)))


def test_log_odds_at_the_ends() -> None:
    a = torch.tensor([-1e-9, -1e-5, -50.0], requires_grad=True)
    (grad,) = torch.autograd.grad(log_odds(a).sum(), a)
    assert torch.isfinite(log_odds(a)).all() and torch.isfinite(grad).all()
    assert float(log_odds(a.detach())[1]) == pytest.approx(math.log(1e5), abs=1e-3)


def test_conditional_sft_without_the_bad_is_sft_on_the_good() -> None:
    w = world(8)
    out, batch = w.micro([0, 1, 2])
    good = batch["token_weight"] * (batch["label"] > 0.5)[batch.row]
    only = Batch(batch.rows, batch.row, {**batch.columns, "token_weight": good})
    conditional = build("conditional_sft", {"bad": 0.0})(out, batch)["loss"]
    sft = build("sft")(out, only)["loss"]
    assert float(conditional.sum / conditional.count) == float(sft.sum / sft.count)


def test_margins_and_centring_of_a_reward() -> None:
    value = doubles(1.5, -0.5)
    columns = {"pair": torch.tensor([[0, 1]]), "p": doubles(1.0), "pair_weight": doubles(1.0)}
    batch = Batch(2, torch.zeros(0, dtype=torch.int64), {**columns, "margin": doubles(0.6)})
    terms = build("bradley_terry", {"centring": 0.1})(Outputs(value=value), batch)
    assert float(terms["loss"].sum) == pytest.approx(math.log1p(math.exp(-1.4)) + 0.1 * 1.0)
    assert float(terms["margin"].sum) == 2.0


def test_settings_outside_their_range_are_user_errors() -> None:
    for name, values in (
        ("dpo", {"label_smoothing": 0.5}),
        ("distill", {"mix": 1.0}),
        ("plackett_luce", {"tie": 0.0}),
        ("kto", {"reference": "mean"}),
        ("dpo", {"betta": 0.2}),
    ):
        with pytest.raises(UserError):
            build(name, values)


def test_every_default_objective_is_finite_at_the_reference() -> None:
    for name in TABLE:
        assert math.isfinite(mean(name, at_reference())), name

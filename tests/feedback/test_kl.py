"""Estimators of the KL: means and gradients by enumeration; the controller on a plant."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plumbline.feedback import kl

P = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
Q = torch.tensor([0.2, 0.4, 0.3, 0.1], dtype=torch.float64)
EXACT = float((P * (P / Q).log()).sum())
REVERSE = float((Q * (Q / P).log()).sum())


@pytest.mark.parametrize(("which", "biased"), [("k1", False), ("k2", True), ("k3", False)])
def test_the_mean_of_an_estimator_under_the_policy(which: kl.Estimator, biased: bool) -> None:
    mean = float((P.numpy() * kl.estimate((P / Q).log().numpy(), which)).sum())
    assert (mean == pytest.approx(EXACT)) != biased


def test_k2_is_near_where_the_two_are_close_and_k3_is_never_negative() -> None:
    near = (0.98 * P + 0.02 * Q).numpy()
    x = np.log(near / P.numpy())
    exact = (near * x).sum()
    assert (near * kl.estimate(x, "k2")).sum() == pytest.approx(exact, rel=0.02)
    assert (kl.estimate(np.linspace(-3, 3, 50), "k3") >= 0).all()


@pytest.mark.parametrize("which", ["k1", "k2", "k3"])
def test_the_gradient_of_an_estimator_as_a_loss(which: kl.Estimator) -> None:
    """On answers that the policy drew: k1's is 0, k2's the KL's own, k3's that of the other way."""
    z = P.log().clone().requires_grad_(True)

    def gradient(value: torch.Tensor) -> torch.Tensor:
        (grad,) = torch.autograd.grad(value, z, retain_graph=True)
        return grad

    x = z.log_softmax(-1) - Q.log()
    loss = {"k1": x, "k2": x**2 / 2, "k3": torch.expm1(-x) + x}[which]
    found = gradient((P * loss).sum())
    pi = z.log_softmax(-1)
    forward, other = (pi.exp() * (pi - Q.log())).sum(), (Q * (Q.log() - pi)).sum()
    want = {"k1": torch.zeros(4).double(), "k2": gradient(forward), "k3": gradient(other)}[which]
    torch.testing.assert_close(found, want, atol=1e-12, rtol=0)


def test_sums_and_means_have_their_units() -> None:
    apart = [np.array([0.1, 0.3]), np.array([0.2, 0.2, 0.2, 0.2])]
    assert kl.per_sequence(apart, "k1") == pytest.approx((0.4 + 0.8) / 2)
    assert kl.per_token(apart, "k1") == pytest.approx(1.2 / 6)
    np.testing.assert_allclose(kl.by_position(apart, 2), [0.5 / 3, 0.7 / 3])


@pytest.mark.parametrize("target", [2.0, 6.0])
def test_the_controller_reaches_its_target_on_a_plant(target: float) -> None:
    """A policy whose KL follows 3 / beta, slowly and noisily."""
    rng = np.random.default_rng(0)
    control, now, seen = kl.Controller(0.2, target, horizon=2000), 0.0, []
    for _ in range(600):
        now += 0.2 * (3 / control.beta - now)
        measured = now * np.exp(rng.normal(0, 0.1))
        control.update(measured, 128)
        seen.append(now)
    assert np.mean(seen[-100:]) == pytest.approx(target, rel=0.1)
    fixed = kl.Controller(0.2)
    fixed.update(100.0, 128)
    assert fixed.beta == 0.2

"""Where the online methods come to rest: a bandit of one prompt and answers of one token, in
expectation (every answer once, weighed by its probability); the reference is not uniform."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from plumbline.objectives import build
from plumbline.objectives.base import Batch, Outputs

REWARD = torch.tensor([1.0, 0.2, -0.5, 0.6, 0.0], dtype=torch.float64)
REFERENCE = torch.tensor([0.1, 0.3, 0.25, 0.05, 0.3], dtype=torch.float64)
BETA = 0.5
Advantage = Callable[[Tensor], Tensor]


def settled(name: str, advantage: Advantage, steps: int = 6000, **values: object) -> Tensor:
    """The policy after many small steps, each on answers of the policy as it is."""
    objective = build(name, values)
    z = REFERENCE.log().clone().requires_grad_(True)
    count = len(REWARD)
    for _ in range(steps):
        logp = z.log_softmax(-1)
        old = logp.detach()
        pi = old.exp()
        zero = torch.zeros(count, dtype=torch.float64)
        columns = {
            "token_weight": pi, "row_weight": pi, "old_logp": old, "ref_logp": REFERENCE.log(),
            "advantage": advantage(pi), "old_value": zero, "returns": zero,
        }  # fmt: skip
        batch = Batch(count, torch.arange(count), columns)
        loss = objective(Outputs(logp=logp), batch)["loss"].sum
        (grad,) = torch.autograd.grad(loss, z)
        with torch.no_grad():
            z -= 0.05 * grad / 0.2
    return z.detach().softmax(-1)


def shaped(pi: Tensor) -> Tensor:
    """Reward with the KL in it, less its mean under the policy: what an exact critic leaves."""
    worth = REWARD - BETA * (pi / REFERENCE).log()
    return worth - (pi * worth).sum()


def standardised(pi: Tensor) -> Tensor:
    mean = (pi * REWARD).sum()
    return (REWARD - mean) / (pi * (REWARD - mean) ** 2).sum().sqrt()


OPTIMUM = (REFERENCE.log() + REWARD / BETA).softmax(-1)


@pytest.mark.parametrize("name", ["ppo", "reinforce"])
def test_with_the_kl_in_the_reward_it_is_the_optimum_of_the_regularised_bandit(name: str) -> None:
    """pi proportional to pi_ref exp(r / beta); for reinforce that is RLOO's mean as well."""
    torch.testing.assert_close(settled(name, shaped), OPTIMUM, atol=1e-4, rtol=0)


def test_grpo_comes_to_rest_elsewhere() -> None:
    """pi (A - beta) + beta pi_ref = 0 with A standardised under pi itself."""
    pi = settled("grpo", standardised, beta=2.5)
    rest = pi * (standardised(pi) - 2.5) + 2.5 * REFERENCE
    assert rest.abs().max() < 1e-4
    assert (pi - (REFERENCE.log() + REWARD / 2.5).softmax(-1)).abs().max() > 0.02


def test_at_the_drawing_policy_ppo_is_the_policy_gradient() -> None:
    z = torch.randn(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z.requires_grad_(True)
    logp = z.log_softmax(-1)
    pi, worth = logp.detach().exp(), shaped(REFERENCE)
    columns = {
        "token_weight": pi, "row_weight": pi, "old_logp": logp.detach(), "advantage": worth,
        "old_value": worth, "returns": worth,
    }  # fmt: skip
    batch = Batch(5, torch.arange(5), columns)
    found = [
        torch.autograd.grad(
            build(name)(Outputs(logp=logp), batch)["loss"].sum, z, retain_graph=True
        )
        for name in ("ppo", "reinforce")
    ]
    exact = torch.autograd.grad(-(logp.exp() * worth).sum(), z)
    for gradient in found:
        torch.testing.assert_close(gradient, exact)

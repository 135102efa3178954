"""The closed form: the least of its problem among matrices of a rank, however its rows arrive."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from plumbline.identity import ridge

Rows = tuple[Tensor, Tensor, Tensor]


def rows(n: int = 60, features: int = 12, outputs: int = 9, seed: int = 0) -> Rows:
    random = torch.Generator().manual_seed(seed)
    f = torch.randn(n, features, generator=random) * torch.logspace(0, -1, features)
    t = f @ torch.randn(features, outputs, generator=random)
    t += 0.3 * torch.randn(n, outputs, generator=random)
    return f, t, torch.rand(n, generator=random)


def sums(f: Tensor, t: Tensor, w: Tensor) -> ridge.Sums:
    made = ridge.Sums(f.shape[1], t.shape[1])
    made.add(f, t, w)
    return made


def cost(delta: Tensor, f: Tensor, t: Tensor, w: Tensor) -> float:
    penalty = ridge.penalty(sums(f, t, w).s, ridge.RIDGE)
    error = (w[:, None] * (t - f @ delta.T) ** 2).sum()
    return float(error + penalty * delta.square().sum())


def test_rows_may_come_in_pieces() -> None:
    f, t, w = rows()
    whole, parts = sums(f, t, w), ridge.Sums(12, 9)
    for i in range(0, len(f), 7):
        parts.add(f[i : i + 7], t[i : i + 7], w[i : i + 7])
    torch.testing.assert_close(parts.delta(), whole.delta(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n", [5, 12, 60])
def test_the_dual_form_gives_the_same(n: int) -> None:
    f, t, w = rows(n)
    torch.testing.assert_close(ridge.dual(f, t, w), sums(f, t, w).delta(), atol=2e-4, rtol=1e-3)
    made = sums(f, t, w)
    one = ridge.factors(made.delta(), made.c, 4)
    other = ridge.fitted(f, t, w, 4, ridge.RIDGE)
    torch.testing.assert_close(other.up @ other.down, one.up @ one.down, atol=2e-4, rtol=1e-3)


def test_it_solves_the_ridge_problem() -> None:
    f, t, w = rows()
    delta = sums(f, t, w).delta().requires_grad_(True)
    penalty = ridge.penalty(sums(f, t, w).s, ridge.RIDGE)
    loss = (w[:, None] * (t - f @ delta.T) ** 2).sum() + penalty * delta.square().sum()
    (grad,) = torch.autograd.grad(loss, delta)
    assert grad.abs().max() < 1e-3 * sums(f, t, w).c.abs().max()


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_no_other_matrix_of_the_rank_costs_less(rank: int) -> None:
    """Alternating least squares, from many starts, comes to the same cost and the same matrix."""
    f, t, w = rows()
    made = sums(f, t, w)
    found = ridge.factors(made.delta(), made.c, rank)
    product = found.up @ found.down
    best = min((alternated(f, t, w, rank, seed) for seed in range(5)), key=lambda one: one[0])
    assert cost(product, f, t, w) <= best[0] * (1 + 1e-5)
    torch.testing.assert_close(product, best[1], atol=2e-3, rtol=1e-2)


def alternated(f: Tensor, t: Tensor, w: Tensor, rank: int, seed: int) -> tuple[float, Tensor]:
    """min over B, A of the same cost, one factor at a time, in float64."""
    f, t, w = f.double(), t.double(), w.double()
    s = f.T @ (w[:, None] * f)
    c = t.T @ (w[:, None] * f)
    s += ridge.penalty(s, ridge.RIDGE) * torch.eye(len(s), dtype=torch.float64)
    random = torch.Generator().manual_seed(seed)
    down = torch.randn(rank, f.shape[1], generator=random, dtype=torch.float64)
    for _ in range(500):
        up = c @ down.T @ torch.linalg.inv(down @ s @ down.T)
        down = torch.linalg.inv(up.T @ up) @ up.T @ c @ torch.linalg.inv(s)
    delta = (up @ down).float()
    return cost(delta, f.float(), t.float(), w.float()), delta


@pytest.mark.parametrize("n", [6, 60])
def test_a_refined_fit_is_drawn_to_what_was_there(n: int) -> None:
    """Either form solves (S + lambda I) Delta^T = C^T + lambda Delta_0^T; a heavy penalty, or rows
    that ask for nothing else, leave Delta_0."""
    f, t, w = rows(n)
    before = ridge.Factors(torch.randn(9, 3), torch.randn(3, 12))
    start, made = before.up @ before.down, sums(f, t, w)
    lam = ridge.penalty(made.s, 0.1)
    right = (made.c + lam * start).T.double()
    exact = torch.linalg.solve(made.s.double() + lam * torch.eye(12), right).T.float()
    found = ridge.fitted(f, t, w, 9, 0.1, before)
    torch.testing.assert_close(found.up @ found.down, exact, atol=2e-3, rtol=1e-3)
    heavy = ridge.fitted(f, t, w, 3, 1e6, before)
    torch.testing.assert_close(heavy.up @ heavy.down, start, atol=1e-3, rtol=1e-3)
    same = ridge.fitted(f, f @ start.T, w, 3, 0.1, before)
    torch.testing.assert_close(same.up @ same.down, start, atol=1e-3, rtol=1e-3)


def test_factors_share_their_length() -> None:
    made = sums(*rows())
    found = ridge.factors(made.delta(), made.c, 4)
    torch.testing.assert_close(found.up.norm(dim=0), found.down.norm(dim=1))


def test_nothing_to_fit_is_no_change() -> None:
    f, t, w = rows()
    for made in (sums(f, t, 0 * w), sums(f, 0 * t, w)):
        found = ridge.factors(made.delta(), made.c, 4)
        assert (found.up @ found.down).abs().max() == 0
    assert ridge.dual(f, t, 0 * w).abs().max() == 0


def test_a_narrowed_product_loses_least_on_the_rows() -> None:
    """The same as the reduced-rank answer for what the wider product does."""
    f, _, w = rows()
    up, down = torch.randn(9, 5), torch.randn(5, 12)
    found = ridge.narrowed(ridge.Factors(up, down), f @ down.T, w, 2)
    s = (w[:, None] * f).T @ f
    best = ridge.factors(up @ down, up @ down @ s, 2)
    torch.testing.assert_close(found.up @ found.down, best.up @ best.down, atol=1e-3, rtol=1e-3)


def test_a_product_of_the_rank_stays_as_it_is() -> None:
    given = ridge.Factors(torch.randn(9, 2), torch.randn(2, 12))
    assert ridge.narrowed(given, torch.randn(60, 2), torch.rand(60), 2) is given

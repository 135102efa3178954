"""The best matrix of low rank for a weighted ridge problem, in closed form.

    Delta* = argmin sum_i w_i |t_i - Delta f_i|^2 + lambda |Delta|_F^2,   rank(Delta) <= r

    S = sum_i w_i f_i f_i^T,   C = sum_i w_i t_i f_i^T,   lambda = l0 |S|_F^2 / tr S
    Delta = C (S + lambda I)^-1                     (ridge: Hoerl & Kennard 1970)
    G = Delta (S + lambda I) Delta^T = C Delta^T,   U = its top r eigenvectors
    B = U,  A = U^T Delta     (then each column of B and its row of A brought to one length)

B A is the exact minimiser among matrices of rank r: with L L^T = S + lambda I the problem is
|C L^-T - Delta L|_F^2 up to a constant, so its best rank-r answer is the truncated singular value
decomposition of C L^-T (Eckart & Young), whose left vectors are those of G (reduced-rank ridge
regression: Mukherjee & Zhu 2011).

S and C are sums over rows, so rows may come in any pieces. Where there are fewer rows than
features, as in wide models, the same Delta comes from the rows' own products (the dual form):

    Delta = T^T (K + lambda I)^-1 F,   K = F F^T, rows of F and T multiplied by sqrt(w_i)

so a fit costs min(N, F)^3.

Where a projection has a change Delta_0 already, the penalty is on what is changed of it,
lambda |Delta - Delta_0|_F^2: then C + lambda Delta_0 stands in place of C, in the answer of full
rank and in G. What the rows say nothing about stays as it was.

Shapes: N rows, F features, D outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

RIDGE = 1e-3
"""l0: lambda in units of the mean squared feature along its principal directions."""


@dataclass(frozen=True)
class Factors:
    """B [D, r] and A [r, F]: the change of a weight is B A."""

    up: Tensor
    down: Tensor


class Sums:
    """S [F, F] and C [D, F] of the rows so far, in fp32."""

    def __init__(self, features: int, outputs: int, device: torch.device | str = "cpu") -> None:
        self.s = torch.zeros(features, features, device=device)
        self.c = torch.zeros(outputs, features, device=device)

    def add(self, features: Tensor, targets: Tensor, weights: Tensor) -> None:
        """Rows [N, F] with what they should give [N, D], and how much each counts [N]."""
        f = features.float()
        weighted = f * weights.float()[:, None]
        self.s.addmm_(weighted.T, f)
        self.c.addmm_(targets.float().T, weighted)

    def delta(self, ridge: float = RIDGE) -> Tensor:
        """The ridge answer of full rank [D, F]; zero where there is nothing to fit."""
        trace = self.s.trace()
        if trace <= 0:
            return torch.zeros_like(self.c)
        return _solved(self.s, self.c.T, ridge).T


def fitted(
    features: Tensor,
    targets: Tensor,
    weights: Tensor,
    rank: int,
    ridge: float,
    before: Factors | None = None,
) -> Factors:
    """The best factors for rows [N, F] and what they should give [N, D], by the cheaper form;
    `before`: those that the projection has."""
    f, t, w = features.float(), targets.float(), weights.float()
    start = before.up @ before.down if before else None
    if len(f) < f.shape[1]:
        c = t.T @ (f * w[:, None])
        if start is None:
            return factors(dual(f, t, w, ridge), c, rank)
        rows = f * w.sqrt()[:, None]
        c += penalty(rows @ rows.T, ridge) * start
        return factors(start + dual(f, t - f @ start.T, w, ridge), c, rank)
    sums = Sums(f.shape[1], t.shape[1], f.device)
    sums.add(f, t, w)
    if start is not None:
        sums.c += penalty(sums.s, ridge) * start
    return factors(sums.delta(ridge), sums.c, rank)


def penalty(s: Tensor, ridge: float) -> Tensor:
    """lambda for S, or for K, which has the same trace and the same norm."""
    return ridge * s.square().sum() / s.trace()


def dual(features: Tensor, targets: Tensor, weights: Tensor, ridge: float = RIDGE) -> Tensor:
    """What `Sums.delta` gives of the same rows, at the cost of N^3 in place of F^3."""
    root = weights.float().sqrt()[:, None]
    f, t = features.float() * root, targets.float() * root
    k = f @ f.T
    if k.trace() <= 0:
        return torch.zeros(t.shape[1], f.shape[1], device=f.device)
    return _solved(k, t, ridge).T @ f


def _solved(s: Tensor, right: Tensor, ridge: float) -> Tensor:
    """(S + lambda I)^-1 right, in double precision: S may be of far lower rank than size."""
    full = s.double()
    full.diagonal().add_(penalty(full, ridge))
    return torch.cholesky_solve(right.double(), torch.linalg.cholesky(full)).float()


def factors(delta: Tensor, c: Tensor, rank: int) -> Factors:
    """The best factors of `rank` for a ridge answer [D, F] and its C [D, F]."""
    g = c @ delta.T
    # eigh orders eigenvalues upwards and reads one triangle; rounding leaves G unsymmetric.
    vectors = torch.linalg.eigh((g + g.T) / 2).eigenvectors
    up = vectors[:, -rank:].flip(1)
    return balanced(up, up.T @ delta)


def narrowed(wide: Factors, seen: Tensor, weights: Tensor, rank: int) -> Factors:
    """The factors of `rank` that differ least from wider ones, B A, on rows of features.

    seen: A f_i [N, R] for the R rows of A; weights: how much each counts [N].
    """
    if wide.down.shape[0] <= rank:
        return wide
    # The rank-r part of B (A S A^T)^(1/2), whose Gram matrix is small: R by R.
    inner = (seen * weights[:, None]).T @ seen
    values, vectors = torch.linalg.eigh(inner.double())
    half = (vectors * values.clamp(min=0).sqrt()).float()
    left = torch.linalg.svd(wide.up @ half, full_matrices=False).U[:, :rank]
    return balanced(left, left.T @ wide.up @ wide.down)


def balanced(up: Tensor, down: Tensor) -> Factors:
    """The same product; each column of B and its row of A of one length, so that a gradient step
    moves both alike. Columns of `up` are of length 1."""
    root = down.norm(dim=1).sqrt()
    return Factors(up * root, down / root.clamp(min=1e-12)[:, None])

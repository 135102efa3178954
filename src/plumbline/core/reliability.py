"""How reliable each judge is, when nobody knows the truth: Dawid and Skene's EM.

Item u has one true class t, with probability rho_t; judge j says v of an item of class t with
probability pi^j_tv, whatever others say. The classes are hidden:

    E   post_u(t) ~ rho_t prod_j pi^j_{t, v_uj}                             (equation 2.5)
    M   pi^j_tv ~ s + sum_{u: j said v} post_u(t),   rho_t ~ s + sum_u post_u(t)     (2.3, 2.4)

Source: Dawid and Skene 1979, Maximum Likelihood Estimation of Observer Error-Rates Using the EM
Algorithm. Posteriors begin as each item's shares of votes, which is what keeps a class its name.
s is the smoothing (0: theirs), a Dirichlet prior: what no step of EM lowers is the log-likelihood
plus s times the sum of log pi and log rho.

It assumes that there is one truth, so it belongs within one group of judges, who may be taken to
look for the same: of two groups with different values it would call the smaller one unreliable. Who
calls this sees to that (`core.agreeing` does). Two judges cannot be told apart by it; three can.
Left out: the difficulty of items; priors that tell experts from novices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .judged import Codes, Judged, a_row, codes, joined, known
from .stats import Floats

SMOOTHING = 0.1
STEPS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """U items, J judges, L classes.

    items [U], judges [J] are the codes given; levels [L] the values that are classes. posterior
    [U, L]; shares [L]; confusion [J, L true, L said]. `trace` is the log-likelihood (nats, with its
    prior) after each step; `settled` says whether it had stopped rising.
    """

    items: Codes
    judges: Codes
    levels: Floats
    posterior: Floats
    shares: Floats
    confusion: Floats
    trace: tuple[float, ...]
    settled: bool

    @property
    def accuracy(self) -> Floats:
        """How often each judge says the true class of an item drawn at random [J]."""
        return np.einsum("t,jtt->j", self.shares, self.confusion)


def fit(
    judged: Judged,
    *,
    smoothing: float = SMOOTHING,
    steps: int = STEPS,
    tolerance: float = 1e-5,
) -> Reliability:
    """EM until a step adds less than `tolerance` nats a judgement, at most `steps` of them."""
    assert len(judged.items), "no judgement to fit"
    items, judges, levels = known(judged.items), known(judged.judges), known(judged.places)
    item, said = codes(judged.items), codes(judged.judges) * len(levels) + codes(judged.places)
    alike, kinds = _kinds(item, said)
    votes = np.bincount(
        kinds.row * len(levels) + kinds.said % len(levels), minlength=len(kinds.count) * len(levels)
    )
    posterior = _normal(votes.reshape(len(kinds.count), -1).astype(np.float64))
    trace: list[float] = []
    least = tolerance * len(item)
    while len(trace) < steps and not _still(trace, least):
        shares = _normal(kinds.count @ posterior + smoothing)
        confusion = _confusion(posterior, kinds, len(judges), smoothing)
        posterior, likelihood = _posterior(shares, confusion, kinds)
        trace.append(likelihood + _prior(smoothing, shares, confusion))
    found = (items, judges, judged.levels[levels], posterior[alike], shares, confusion)
    return Reliability(*found, tuple(trace), _still(trace, least))


@dataclass(frozen=True, slots=True, eq=False)
class _Kinds:
    """Items of which the same judges said the same are one kind, and computed once.

    `said` (judge and value as one code) and `row` (the kind) are of one length and sorted by kind;
    a kind begins at `starts` and stands for `count` items.
    """

    said: Codes
    row: Codes
    starts: Codes
    count: Floats


def _kinds(item: Codes, said: Codes) -> tuple[Codes, _Kinds]:
    """The kind of each item, and the kinds."""
    order = np.lexsort((said, item))
    said, size = said[order], np.bincount(item)
    begin = np.cumsum(size) - size
    kind = np.zeros(len(size), np.intp)
    for many in np.unique(size):
        mine = np.flatnonzero(size == many)
        block = said[begin[mine][:, None] + np.arange(many)]
        kind[mine] = kind.max() + 1 + codes(*block.T)
    kind = codes(kind)
    one = a_row(kind)
    row, place = joined(begin[one], size[one])
    starts = np.cumsum(size[one]) - size[one]
    return kind, _Kinds(said[place], row, starts, np.bincount(kind).astype(np.float64))


def _confusion(posterior: Floats, kinds: _Kinds, judges: int, smoothing: float) -> Floats:
    """The M step for the judges, [J, L, L]; a class that a judge never met is said evenly."""
    levels = posterior.shape[1]
    weight = (posterior * kinds.count[:, None])[kinds.row]
    counts = np.empty((judges, levels, levels))
    for t in range(levels):
        counts[:, t] = np.bincount(kinds.said, weight[:, t], judges * levels).reshape(judges, -1)
    return _normal(counts + smoothing)


def _posterior(shares: Floats, confusion: Floats, kinds: _Kinds) -> tuple[Floats, float]:
    """The E step: [kinds, L], and the log-likelihood of all items in nats."""
    with np.errstate(divide="ignore"):  # what never happened has no probability without smoothing
        log_shares, log_said = np.log(shares), np.log(confusion)
    heard = log_said.swapaxes(1, 2).reshape(-1, len(shares))[kinds.said]
    joint = np.add.reduceat(heard, kinds.starts, axis=0) + log_shares
    highest = joint.max(axis=1, keepdims=True)
    scaled = np.exp(joint - highest)
    total = scaled.sum(axis=1, keepdims=True)
    return scaled / total, float(kinds.count @ (highest + np.log(total))[:, 0])


def _normal(counts: Floats) -> Floats:
    total = counts.sum(axis=-1, keepdims=True)
    even = np.full_like(counts, 1 / counts.shape[-1])
    return np.divide(counts, total, out=even, where=total > 0)


def _prior(smoothing: float, shares: Floats, confusion: Floats) -> float:
    if not smoothing:
        return 0.0
    return smoothing * float(np.log(shares).sum() + np.log(confusion).sum())


def _still(trace: list[float], least: float) -> bool:
    return len(trace) > 1 and trace[-1] - trace[-2] < least

"""Over-optimisation: what an answer is really worth, as a proxy of it is optimised further.

With d = sqrt(KL(policy || start)), KL in nats an answer, and R the true reward less that at d = 0
(Gao et al. 2023, arXiv:2210.10760, section 3.2 and appendix):

    best-of-n   R(d) = d (a - b d),       highest at a / 2b
    RL          R(d) = d (a - b log d),   highest at exp(a / b - 1)

Both are linear in a and b, so least squares have a closed form. RL's slope at 0 is infinite, and
small KL is all noise, so a fit takes points above a stated d. The second form has been fitted to
DPO as well (Rafailov et al. 2024, arXiv:2406.02900).

Best-of-n draws n answers and keeps the one that the proxy likes most. What it is worth is estimated
without bias for all n up to N from one pool of N answers (Nakano et al. 2021, arXiv:2112.09332,
appendix): with answers in rising order of the proxy, answer i (from 1) is the best of n in

    w_i = C(i - 1, n - 1) / C(N, n)

of all subsets. Its KL is at most log n - (n - 1)/n, and less where an answer has a probability of
its own. With e the probability of the kept answer (Beirami et al. 2024, arXiv:2401.01879, the
estimator of their section 4),

    KL ~ (1 - e)^n (log n + (n - 1) log(1 - e) - (n - 1)/n)
         + (1 - (1 - e)^n) log((1 - (1 - e)^n) / e)

which is the KL of the best of n where the best answer has probability e and all others are so many
that each has none. Its mean over kept answers lies between 0 and the bound.

Answers that the proxy likes alike are drawn among by chance: then only the probability of the
proxy's *value* is raised, and e is that of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plumbline.core.errors import UserError
from plumbline.core.stats import Interval, bootstrap

Floats = NDArray[np.float64]
Form = Literal["best-of-n", "rl"]
DRAWS = 500
"""Of the bootstrap: each is a fit."""


def bound(n: int) -> float:
    """log n - (n - 1)/n nats: the KL of best-of-n is never larger."""
    return math.log(n) - (n - 1) / n


def kl_best_of(e: Floats, n: int) -> Floats:
    """The estimate above in nats, for kept answers of probability `e` in (0, 1]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        other = np.log1p(-e)
        high = -np.expm1(n * other)
        rest = np.exp(n * other) * (bound(n) + (n - 1) * other)
        return np.where(e < 1, rest, 0.0) + high * np.log(high / e)


@lru_cache
def kept(pool: int, sizes: tuple[int, ...]) -> Floats:
    """[K, N] w_i for every n of `sizes`: each row sums to 1."""
    for n in sizes:
        if not 1 <= n <= pool:
            raise UserError(f"best of {n} from {pool} answers", fix=f"take n from 1 to {pool}")
    rows = [[math.comb(i, n - 1) / math.comb(pool, n) for i in range(pool)] for n in sizes]
    return np.array(rows)


class Pool:
    """The answers to one prompt, independent draws.

    proxy, logp: [N] what the proxy gives each, and its log-probability in nats
    key: [N] equal where answers are; they get one proxy, since rounding must not part them
    """

    def __init__(self, proxy: Floats, logp: Floats, key: Sequence[str]) -> None:
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        proxy = _shared(place, np.asarray(proxy, np.float64))
        self.order = np.argsort(proxy, kind="stable")
        _, self._like = np.unique(proxy, return_inverse=True)
        own = np.zeros(len(proxy))
        own[first] = np.exp(np.asarray(logp, np.float64)[first])
        mass = np.bincount(self._like, own)[self._like]
        self.mass: Floats = np.clip(mass, 1e-300, 1.0)
        """[N] e: the probability of the different answers seen that the proxy likes alike."""

    def best_of(self, value: Floats, sizes: tuple[int, ...]) -> Floats:
        """[K] expected `value` [N] of the best of n, for every n of `sizes`."""
        fair = _shared(self._like, np.asarray(value, np.float64))
        return np.asarray(kept(len(fair), sizes) @ fair[self.order])

    def kl(self, sizes: tuple[int, ...]) -> Floats:
        """[K] estimated KL of the best of n in nats."""
        e = self.mass[self.order]
        each = np.stack([kl_best_of(e, n) for n in sizes])
        return np.asarray((kept(len(e), sizes) * each).sum(1))


def _shared(place: NDArray[np.intp], value: Floats) -> Floats:
    """[N] each value as the mean of its group's."""
    return np.asarray((np.bincount(place, value) / np.bincount(place))[place])


@dataclass(frozen=True)
class Law:
    """R(d) in one of the two forms."""

    form: Form
    a: float
    b: float

    def __call__(self, d: Floats) -> Floats:
        return np.asarray(d * (self.a - self.b * _bend(self.form, d)))

    @property
    def peak(self) -> float:
        """The d of the highest R: 0 where it only falls, infinite where it never does (b <= 0)."""
        if self.b <= 0:
            return math.inf
        if self.form == "best-of-n":
            return max(0.0, self.a / (2 * self.b))
        power = self.a / self.b - 1
        return math.exp(power) if power < 700 else math.inf


def _bend(form: Form, d: Floats) -> Floats:
    return d if form == "best-of-n" else np.log(d)


def law(form: Form, d: Floats, r: Floats, above: float = 0.0) -> Law:
    """Least squares on the points (d, r) [K] with d > `above`.

    UserError where fewer than three different d are left: they cannot fix a and b.
    """
    keep = d > above
    if len(np.unique(d[keep])) < 3:
        raise UserError(
            f"{keep.sum()} points above d = {above:g} cannot fix two constants",
            fix="measure more of them, or fit from a lower d on",
        )
    return _solved(form, d[keep], r[keep])


def _solved(form: Form, d: Floats, r: Floats) -> Law:
    columns = np.stack([d, -d * _bend(form, d)], 1)
    a, b = np.linalg.lstsq(columns, r, rcond=None)[0]
    return Law(form, float(a), float(b))


@dataclass(frozen=True)
class Fitted:
    """A law with 95 % intervals of its constants and of the d of its peak.

    The high end of `peak` is infinite where more than a fortieth of the draws know no peak.
    """

    law: Law
    a: Interval
    b: Interval
    peak: Interval


def fitted(
    form: Form, kl: Floats, value: Floats, start: Floats, above: float = 0.0, seed: int = 0
) -> Fitted:
    """The law of mean curves over prompts, which are what is drawn again.

    kl, value: [P, K] nats and true reward of each prompt at K points, d^2 being the mean nats
    start: [P] the true reward at d = 0.   Raises as `law`.
    """
    at = np.sqrt(np.maximum(kl.mean(0), 0.0)) > above

    def once(kl: Floats, value: Floats, start: Floats) -> Law:
        d = np.sqrt(np.maximum(kl.mean(0)[at], 1e-12))
        return _solved(form, d, value.mean(0)[at] - start.mean())

    found = law(form, np.sqrt(np.maximum(kl.mean(0), 0.0)), value.mean(0) - start.mean(), above)
    return _drawn(found, once, (kl, value, start), seed)


def fitted_run(form: Form, d: Floats, r: Floats, above: float = 0.0, seed: int = 0) -> Fitted:
    """The law of the points (d, r) [K] of one run, which are what is drawn again: its intervals
    hold the noise of the answers at each point, not another run. Raises as `law`."""
    found, keep = law(form, d, r, above), d > above
    return _drawn(found, lambda x, y: _solved(form, x, y), (d[keep], r[keep]), seed)


def _drawn(found: Law, once: Callable[..., Law], columns: tuple[Floats, ...], seed: int) -> Fitted:
    def of(number: Callable[[Law], float]) -> Interval:
        return bootstrap(lambda *c: number(once(*c)), *columns, draws=DRAWS, seed=seed)

    # Quantiles of infinities are not numbers; 1 / (1 + peak) turns the order and is finite.
    near = of(lambda one: 1 / (1 + one.peak))
    low, high = (1 / end - 1 if end > 0 else math.inf for end in (near.high, near.low))
    peak = Interval(found.peak, low, high, near.n)
    return Fitted(found, of(lambda one: one.a), of(lambda one: one.b), peak)

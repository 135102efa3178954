"""Predictions that are written down before a run, and the verdict on each: a pure function.

A prediction holds claims, each on one measured number: `above` or `below` a threshold, on at least
`n` values. With [low, high] the 95 % interval of what was measured,

    above t:  confirmed if low > t,   refuted if high <= t,  else inconclusive
    below t:  confirmed if high < t,  refuted if low >= t,   else inconclusive

and inconclusive wherever it was not measured, or on fewer values than `n`. A phenomenon is refuted
if one of its claims is, confirmed if all are, else inconclusive.

    NAME:
      title: ...
      asks: ...
      expects: ...
      source: ...
      claims:
        METRIC: {what: ..., is: above, threshold: 0.05, n: 300, why: ...}
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from plumbline.core.errors import UserError, unknown
from plumbline.core.settings import Values, read_yaml
from plumbline.core.stats import Interval

Verdict = Literal["confirmed", "refuted", "inconclusive"]
TEXTS = ("title", "asks", "expects", "source")
CLAIM = ("what", "is", "threshold", "n", "why")


@dataclass(frozen=True)
class Claim:
    """What is said of one metric before it is measured. `what` names the metric for people, `why`
    says where the threshold is from."""

    metric: str
    what: str
    above: bool
    threshold: float
    n: int
    why: str

    @property
    def words(self) -> str:
        return f"{'above' if self.above else 'below'} {self.threshold:g} (n ≥ {self.n})"


@dataclass(frozen=True)
class Prediction:
    """A phenomenon as it was predicted; `source` is who described it first."""

    name: str
    title: str
    asks: str
    expects: str
    source: str
    claims: tuple[Claim, ...]


def verdict(claim: Claim, found: Interval | None) -> Verdict:
    """What a measured interval says of a claim."""
    if found is None or not found.known or found.n < claim.n:
        return "inconclusive"
    low, high, bound = found.low, found.high, claim.threshold
    if not claim.above:
        low, high, bound = -high, -low, -bound
    return "confirmed" if low > bound else "refuted" if high <= bound else "inconclusive"


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of several claims."""
    if "refuted" in verdicts:
        return "refuted"
    return "confirmed" if verdicts and set(verdicts) == {"confirmed"} else "inconclusive"


def because(claim: Claim, found: Interval | None) -> str:
    """Why a claim could not be judged; "" where the interval itself decides."""
    if found is None:
        return "not measured"
    if not found.known:
        return "no interval"
    return f"n = {found.n} of the {claim.n} asked for" if found.n < claim.n else ""


def read_predictions(path: Path, names: Collection[str]) -> dict[str, Prediction]:
    """The predictions of a file, one for each of `names` and no other; UserError with the line."""
    values = read_yaml(path)
    _known("phenomenon", values, names, values, "", path)
    return {name: _prediction(name, values[name], values, path) for name in names}


def _prediction(name: str, given: Any, values: Values, path: Path) -> Prediction:
    _known("field", given, (*TEXTS, "claims"), values, name, path)
    claims = given["claims"]
    if not isinstance(claims, dict) or not claims:
        raise UserError("a prediction needs claims", where=_place(values, f"{name}.claims", path))
    made = tuple(_claim(m, one, values, f"{name}.claims.{m}", path) for m, one in claims.items())
    title, asks, expects, source = (" ".join(str(given[text]).split()) for text in TEXTS)
    return Prediction(name, title, asks, expects, source, made)


def _claim(metric: str, given: Any, values: Values, key: str, path: Path) -> Claim:
    _known("field", given, CLAIM, values, key, path)
    where = _place(values, key, path)
    if given["is"] not in ("above", "below"):
        raise UserError(f"a claim is above or below, not {given['is']!r}", where=where)
    number, n = given["threshold"], given["n"]
    if not _finite(number) or isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise UserError("threshold is a number and n a count", where=where)
    what, why = (" ".join(str(given[text]).split()) for text in ("what", "why"))
    return Claim(str(metric), what, given["is"] == "above", float(number), n, why)


def _finite(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def _known(
    what: str, given: Any, names: Collection[str], values: Values, key: str, path: Path
) -> None:
    """UserError unless the keys of `given` are exactly `names`."""
    where = _place(values, key, path)
    if not isinstance(given, Mapping):
        raise UserError(f"{key} is no mapping", where=where, fix=f"it holds {', '.join(names)}")
    for name in given:
        if name not in names:
            raise unknown(what, str(name), names, where=_place(values, f"{key}.{name}", path))
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(f"{what} {', '.join(missing)} is missing", where=where)


def _place(values: Values, key: str, path: Path) -> str:
    return values.places.get(key.lstrip("."), str(path))

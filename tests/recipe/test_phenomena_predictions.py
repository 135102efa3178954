"""A verdict follows from prediction and interval alone; the file is complete and is checked."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.stats import Interval
from plumbline.recipe.phenomena import PHENOMENA
from plumbline.recipe.phenomena.predictions import (
    Claim,
    because,
    overall,
    read_predictions,
    verdict,
)

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "recipes" / "phenomena.yaml"


def claim(above: bool, threshold: float = 0.1, n: int = 100) -> Claim:
    return Claim("rate", "a rate", above, threshold, n, "")


def measured(low: float, high: float, n: int = 100) -> Interval:
    return Interval((low + high) / 2, low, high, n)


@pytest.mark.parametrize(
    ("above", "low", "high", "said"),
    [
        (True, 0.11, 0.3, "confirmed"),
        (True, 0.10, 0.3, "inconclusive"),  # the threshold itself is not above it
        (True, 0.05, 0.3, "inconclusive"),
        (True, 0.02, 0.1, "refuted"),
        (True, -0.2, -0.1, "refuted"),
        (False, 0.02, 0.09, "confirmed"),
        (False, 0.02, 0.10, "inconclusive"),
        (False, 0.05, 0.3, "inconclusive"),
        (False, 0.1, 0.3, "refuted"),
    ],
)
def test_the_whole_interval_decides(above: bool, low: float, high: float, said: str) -> None:
    assert verdict(claim(above), measured(low, high)) == said


def test_nothing_is_confirmed_on_too_few_or_without_an_interval() -> None:
    clear = measured(0.5, 0.6)
    assert verdict(claim(True, n=100), clear) == "confirmed"
    assert verdict(claim(True, n=101), clear) == "inconclusive"
    assert because(claim(True, n=101), clear) == "n = 100 of the 101 asked for"
    assert verdict(claim(True), None) == "inconclusive"
    assert because(claim(True), None) == "not measured"
    one = Interval(0.5, math.nan, math.nan, 100)
    assert verdict(claim(True), one) == verdict(claim(False), one) == "inconclusive"
    assert because(claim(True), one) == "no interval"


def test_one_refuted_claim_refutes_and_all_must_be_confirmed() -> None:
    assert overall(["confirmed", "confirmed"]) == "confirmed"
    assert overall(["confirmed", "inconclusive"]) == "inconclusive"
    assert overall(["confirmed", "inconclusive", "refuted"]) == "refuted"
    assert overall([]) == "inconclusive"


def test_every_phenomenon_has_a_prediction_and_every_prediction_a_phenomenon() -> None:
    found = read_predictions(FILE, PHENOMENA)
    assert list(found) == list(PHENOMENA)
    for one in found.values():
        assert one.title and one.asks and one.expects and one.source
        assert all(claim.what and claim.why for claim in one.claims)


GOOD = "{what: a, is: above, threshold: 0.1, n: 5, why: w}"


def with_claim(claim: str) -> str:
    return f"a: {{title: t, asks: q, expects: e, source: s, claims: {{m: {claim}}}}}\n"


def written(folder: Path, text: str) -> Path:
    (folder / "p.yaml").write_text(text)
    return folder / "p.yaml"


def test_a_file_is_read(tmp_path: Path) -> None:
    found = read_predictions(written(tmp_path, with_claim(GOOD)), ["a"])["a"]
    assert found.claims == (Claim("m", "a", True, 0.1, 5, "w"),)


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        (with_claim(GOOD), ["a", "b"], "phenomenon b is missing"),
        (with_claim(GOOD), [], "unknown phenomenon 'a'"),
        (
            with_claim("{what: a, is: near, threshold: 1, n: 5, why: w}"),
            ["a"],
            "'near'",
        ),
        (
            with_claim("{what: a, is: above, threshold: x, n: 5, why: w}"),
            ["a"],
            "a number",
        ),
        (
            with_claim("{what: a, is: above, threshold: 1, n: 0, why: w}"),
            ["a"],
            "a count",
        ),
        (
            with_claim("{what: a, is: above, threshold: 1, n: 5}"),
            ["a"],
            "why is missing",
        ),
        (
            with_claim("{what: a, is: above, thresh: 1, n: 5, why: w}"),
            ["a"],
            "'thresh'",
        ),
        ("a: {title: t, asks: q, expects: e, source: s, claims: {}}\n", ["a"], "needs claims"),
        ("a: 3\n", ["a"], "a is no mapping"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, names: list[str], said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError) as error:
        read_predictions(path, names)
    assert said in error.value.what and str(path) in error.value.where

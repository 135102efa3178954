"""Krippendorff's alpha: his worked examples, another implementation, the definition, and laws."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import binary_distance, interval_distance

from plumbline.core.agreement import Agreed, agreed, alpha, coincidences
from plumbline.core.cells import Cells, Metric
from plumbline.core.judged import Judged

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval")
_ = None
# Krippendorff 2011, sections C and D: 4 observers, 12 units.
PUBLISHED = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
        strict=True,
    )
)
TABLES = st.lists(
    st.lists(st.sampled_from([None, 1.0, 2.0, 3.0, 5.0]), min_size=4, max_size=4),
    min_size=2,
    max_size=12,
)


def value(rows: list, metric: Metric) -> float:
    return alpha(Judged.table(rows), metric, draws=0).value


def by_definition(rows: list, metric: Metric) -> float:
    """Alpha from ordered pairs of values, one by one."""
    units = [[v for v in row if v is not None] for row in rows]
    units = [unit for unit in units if len(unit) > 1]
    said = sorted(v for unit in units for v in unit)
    count = {v: said.count(v) for v in said}

    def apart(x: float, y: float) -> float:
        if metric == "nominal":
            return float(x != y)
        if metric == "interval":
            return (x - y) ** 2
        low, high = min(x, y), max(x, y)
        between = sum(n for v, n in count.items() if low <= v <= high)
        return (between - (count[x] + count[y]) / 2) ** 2

    n = len(said)
    met = sum(apart(*p) / (len(u) - 1) for u in units for p in permutations(u, 2)) / n
    expected = sum(apart(x, y) for x in said for y in said) / (n * (n - 1))
    return 1 - met / expected if expected else math.nan


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_the_published_example(metric: Metric, published: float) -> None:
    found = alpha(Judged.table(PUBLISHED), metric)
    assert found.value == pytest.approx(published, abs=5e-4) and found.interval.n == 40
    assert found.interval.low < published < found.interval.high


@given(TABLES, st.sampled_from(METRICS))
def test_alpha_is_its_definition(rows: list, metric: Metric) -> None:
    if sum(sum(v is not None for v in row) > 1 for row in rows):
        expected = by_definition(rows, metric)
        assert value(rows, metric) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_another_implementation_agrees(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, size=(30, 1))
    said = np.clip(truth + rng.integers(-1, 2, size=(30, 5)), 1, 5)
    rows = np.where(rng.random((30, 5)) < 0.3, np.nan, said)
    filled = [(j, i, int(v)) for (i, j), v in np.ndenumerate(rows) if not np.isnan(v)]
    for metric, distance in (("nominal", binary_distance), ("interval", interval_distance)):
        theirs = AnnotationTask(filled, distance=distance).alpha()
        assert value(rows.tolist(), metric) == pytest.approx(theirs, abs=1e-9)


@given(TABLES, st.permutations(range(4)))
def test_the_order_of_judges_does_not_matter(rows: list, order: list[int]) -> None:
    turned = [[row[j] for j in order] for row in rows]
    for metric in METRICS:
        assert value(rows, metric) == pytest.approx(value(turned, metric), nan_ok=True)


@given(TABLES, st.floats(0.1, 1e3), st.floats(-1e6, 1e6))
def test_interval_alpha_knows_no_unit_and_no_zero(rows: list, unit: float, zero: float) -> None:
    moved = [[None if v is None else unit * v + zero for v in row] for row in rows]
    for metric in ("interval", "ordinal"):
        before = value(rows, metric)
        assert value(moved, metric) == pytest.approx(before, abs=1e-6, nan_ok=True)


def test_two_levels_are_the_same_in_every_metric() -> None:
    rows = np.random.default_rng(0).integers(0, 2, size=(40, 3)).tolist()
    nominal = value(rows, "nominal")
    assert value(rows, "ordinal") == pytest.approx(nominal)
    assert value(rows, "interval") == pytest.approx(nominal)


def test_perfect_agreement_is_1_and_shuffled_judgements_are_about_0() -> None:
    rng = np.random.default_rng(1)
    said = np.repeat(rng.integers(1, 5, size=(500, 1)), 3, axis=1)
    for metric in METRICS:
        assert value(said.tolist(), metric) == pytest.approx(1.0)
        shuffled = rng.permuted(said, axis=0).tolist()
        assert abs(value(shuffled, metric)) < 0.08


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no item has two"),
        ([[1, None], [None, 2]], "no item has two"),
        ([[3, 3], [3, 3]], "all values are equal"),
    ],
)
def test_what_is_undefined_is_said(rows: list, why: str) -> None:
    found = alpha(Judged.table(rows), "ordinal")
    assert math.isnan(found.value) and why in found.why
    assert found.as_dict()["value"] is None and why in str(found.as_dict()["why"])


def test_the_interval_covers_what_many_items_give() -> None:
    """Three judges who see the truth three times in four; 50 items at a time."""

    def draw(rng: np.random.Generator, items: int) -> Judged:
        truth = rng.integers(0, 3, size=(items, 1))
        seen = np.where(rng.random((items, 3)) < 0.75, truth, rng.integers(0, 3, size=(items, 3)))
        return Judged.table(seen.tolist())

    rng = np.random.default_rng(2)
    true = alpha(draw(rng, 50_000), "nominal", draws=0).value
    found = [alpha(draw(rng, 50), "nominal", draws=300).interval for _ in range(200)]
    assert 0.91 <= np.mean([one.low <= true <= one.high for one in found]) <= 0.985


def test_clusters_widen_the_interval() -> None:
    """Twenty copies of each item are twenty times as many values and no more evidence."""
    rng = np.random.default_rng(3)
    rows = np.repeat(rng.integers(0, 2, size=(20, 3)), 20, axis=0).tolist()
    apart = alpha(Judged.table(rows), "nominal").interval
    together = alpha(Judged.table(rows, np.arange(400) // 20), "nominal").interval
    assert together.value == pytest.approx(apart.value)
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_a_draw_of_clusters_is_the_table_of_what_was_drawn() -> None:
    """Kept as a matrix or as parts, weights give the coincidences of rows repeated so often."""
    rows = np.random.default_rng(4).integers(0, 3, size=(12, 3))
    weights = np.random.default_rng(5).integers(0, 3, size=12)
    cells = coincidences(Judged.table(rows.tolist()))
    again = coincidences(Judged.table(np.repeat(rows, weights, axis=0).tolist()))
    expected = again.drawn(np.ones((1, again.clusters)))
    assert cells.whole is not None
    for one in (cells, replace(cells, whole=None)):
        assert one.drawn(weights[None].astype(float)) == pytest.approx(expected)


def pairs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """-1, 0, 1 of 40 items by 4 judges, mostly 1, some missing; and a sign for each item."""
    rng = np.random.default_rng(seed)
    said = rng.choice([1.0, 1.0, 1.0, 0.0, -1.0, np.nan], size=(40, 4))
    return said, rng.choice([-1.0, 1.0], size=(40, 1))


def test_mirrored_alpha_does_not_depend_on_which_answer_is_named_first() -> None:
    said, sign = pairs(0)
    tables = [Judged.table(rows.tolist()) for rows in (said, said * sign)]
    plain, turned = (alpha(table, "ordinal", draws=0).value for table in tables)
    one, other = (first(coincidences(table, mirrored=True)) for table in tables)
    assert one == pytest.approx(other) and abs(plain - turned) > 0.02


def first(cells: Cells) -> float:
    return agreed(cells, ["ordinal"], draws=0).alphas["ordinal"].value


def test_pairs_on_which_all_agree_are_agreement_whichever_way_they_point() -> None:
    table = Judged.table([[1, 1], [1, 1], [1, 1]])
    assert first(coincidences(table, mirrored=True)) == pytest.approx(1.0)


@given(TABLES)
def test_between_groups_of_one_judge_each_is_alpha(rows: list) -> None:
    table = Judged.table(rows)
    if len(table.items):
        cells = coincidences(table, between=table.judges)
        assert first(cells) == pytest.approx(value(rows, "ordinal"), nan_ok=True)


def both(seed: int, differ: float) -> tuple[Agreed, Agreed]:
    """Within and between two groups of three whose truths differ on a share of the items."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.integers(0, 2, size=(4000, 1)), 6, axis=1)
    truth[: int(4000 * differ), 3:] ^= 1
    said = np.where(rng.random(truth.shape) < 0.8, truth, 1 - truth)
    table = Judged.table(said.tolist())
    group = table.judges // 3
    cells = (coincidences(table.apart(group)), coincidences(table, between=group))
    within, between = (agreed(one, ["nominal"]) for one in cells)
    return within, between


def test_between_is_within_where_groups_hold_the_same_and_below_where_they_do_not() -> None:
    within, between = both(0, differ=0.0)
    assert between.alphas["nominal"].value == pytest.approx(
        within.alphas["nominal"].value, abs=0.02
    )
    within, between = both(0, differ=0.25)
    assert between.alphas["nominal"].interval.high < within.alphas["nominal"].interval.low
    assert between.same.value == pytest.approx(0.75 * 0.68 + 0.25 * 0.32, abs=0.01)

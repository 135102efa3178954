"""Numbers of the settings that cannot be meant are refused, with the setting and what it may be."""

from __future__ import annotations

import pytest

from plumbline.core.errors import UserError
from plumbline.core.settings import Values, overlay, parse_sets
from plumbline.data.clean.corpus_settings import Diverse, Mixture
from plumbline.data.clean.settings import Cleaning


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("repetition.lines=30", "0 to 1"),
        ("repetition.grams=0.1,0.1,0.1,0.1,0.1,10", "0 to 1"),
        ("repetition.top=0.2,-0.2,0.2", "at least 0"),
        ("encodings.lost=1.5", "0 to 1"),
        ("quality.alphabetic=80", "0 to 1"),
        ("quality.word_most=2", "at least word_least (3)"),
        ("length.most=20", "at least `least` (50)"),
        ("language.words=-1", "at least 0"),
        ("refusals.most=-1", "at least 0"),
        ("personal.presidio_score=60", "0 to 1"),
        ("condition.share=2", "0 to 1"),
        ("longest_line=0", "at least 1"),
        ("workers=-1", "at least 0"),
        ("duplicates.workers=-1", "at least 0"),
        ("duplicates.threshold=1", "between 0 and 1, as 0.8"),
        ("contamination.workers=-1", "at least 0"),
        ("contamination.overlap=1.1", "0 to 1"),
    ],
)
def test_out_of_bounds(item: str, expected: str) -> None:
    with pytest.raises(UserError) as told:
        overlay(Cleaning(), parse_sets([item]))
    name = item.partition("=")[0].rpartition(".")[2]
    assert f"{name} is " in told.value.what and told.value.what.endswith(f"expected {expected}")
    assert told.value.where == f"--set {item}" and told.value.fix


@pytest.mark.parametrize(
    ("settings", "item"), [(Diverse(), "n=-1"), (Diverse(), "pool=0"), (Mixture(), "epochs=0")]
)
def test_out_of_bounds_of_the_others(settings: object, item: str) -> None:
    with pytest.raises(UserError, match="expected"):
        overlay(settings, parse_sets([item]))


def test_both_ends_are_set_at_once() -> None:
    made = overlay(Cleaning(), Values({"length.least": "3", "length.most": "20"}))
    assert (made.length.least, made.length.most) == (3, 20)

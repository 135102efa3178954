"""What nobody audited stays so: a data card goes along with all that is made of its data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_inputs import Run, pair, write_rows

from plumbline.stages.cards import cards_of, carry

CARD = {"summary": "40 comparisons labelled by a model, UNAUDITED, allowed"}
STEPS = ("--set", "steps=1", "--set", "batch=2", "--set", "eval.fraction=0.1")


@pytest.fixture
def labels(place: Path) -> Path:
    """Comparisons that a judge made and nobody checked."""
    (place / "labels").mkdir()
    (place / "labels" / "card.json").write_text(json.dumps(CARD))
    return write_rows(place / "labels" / "data.jsonl", [pair(i) for i in range(40)])


@pytest.mark.parametrize(
    ("args", "made"),
    [
        (("convert", "labels/data.jsonl", "--out", "new.jsonl"), ["new.jsonl"]),
        (
            ("convert", "labels/data.jsonl", "--out", "new.jsonl.gz", "--form", "preference"),
            ["new.jsonl.gz"],
        ),
        (
            ("split", "labels/data.jsonl"),
            ["labels/data.train.jsonl", "labels/data.heldout.jsonl"],
        ),
        (("clean", "labels/data.jsonl", "--out", "new"), ["new/data.jsonl"]),
        (("select", "labels/data.jsonl", "--out", "few.jsonl", "--set", "n=5"), ["few.jsonl"]),
        (("mix", "pairs.jsonl", "labels/data.jsonl", "--out", "both.jsonl"), ["both.jsonl"]),
        (
            ("together", "pairs.jsonl", "labels/data.jsonl", "--out", "both.jsonl",
             "--set", "failed=true"),
            ["both.jsonl"],
        ),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else "",
)  # fmt: skip
def test_a_card_goes_along(
    args: tuple[str, ...], made: list[str], place: Path, labels: Path, plumbline: Run
) -> None:
    code, _, err = plumbline("data", *args)
    assert code == 0, err
    assert [cards_of(place / name) for name in made] == [(CARD,)] * len(made)
    assert cards_of(place / "pairs.jsonl") == ()


def test_a_file_made_anew_of_other_data_loses_the_card(
    place: Path, labels: Path, plumbline: Run
) -> None:
    for source in ("labels/data.jsonl", "pairs.jsonl"):
        assert plumbline("data", "convert", source, "--out", "new.jsonl")[0] == 0
    assert cards_of(place / "new.jsonl") == () and cards_of(labels) == (CARD,)


def test_a_card_that_came_twice_is_there_once(place: Path, labels: Path) -> None:
    carry([labels, labels], place / "one.jsonl")
    carry([place / "one.jsonl", labels, place / "pairs.jsonl"], place / "two.jsonl")
    assert cards_of(place / "two.jsonl") == (CARD,)


def test_models_have_the_cards_of_what_they_and_their_rewards_were_trained_on(
    place: Path, labels: Path, plumbline: Run
) -> None:
    def cards(folder: str, file: str = "results.json") -> object:
        return json.loads((place / folder / file).read_text()).get("data_cards")

    def trained(*args: object) -> str:
        code, said, err = plumbline(*args)
        assert code == 0, err
        return said

    trained("data", "split", "labels/data.jsonl", "--fraction", "0.2")
    data = ("--data", "labels/data.train.jsonl")
    said = trained("train", "reward", "--model", "model", *data, *STEPS, "--out", "judge")
    assert f"data card: {CARD['summary']}" in said
    asked = ("--prompts", "pairs.jsonl", "--set", "draw.max_new=2", "--set", "iterations=1")
    small = ("--set", "prompts=2", "--set", "heldout.most=2", "--set", "draw.n=2")
    said = trained(
        "rl", "rloo", "--model", "model", "--reward", "judge", *asked, *small, "--out", "policy"
    )
    assert f"data card: {CARD['summary']}" in said
    after = ("--data", "pairs.jsonl", *STEPS, "--out", "later")
    trained("train", "dpo", "--model", "policy", *after)
    assert [cards(name) for name in ("judge", "policy", "later")] == [[CARD]] * 3
    assert cards("policy", "run.json") == [CARD]
    trained("train", "dpo", "--model", "model", "--data", "pairs.jsonl", *STEPS, "--out", "own")
    assert cards("own") is None

"""`plumbline data` and `plumbline microcosm`: what people see and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_inputs import Run, write_rows

FORMS = {
    "preference": {"prompt": "Why?", "chosen": "Because.", "rejected": "No."},
    "ranking": {"prompt": "Why?", "responses": ["a", "b", "c"], "ranking": [1, [0, 2]]},
    "unpaired": {"prompt": "Why?", "completion": "Because.", "label": True},
    "rating": {"prompt": "Why?", "completion": "Because.", "score": 4, "low": 1, "high": 5},
    "prompt and completion": {"prompt": "Why?", "completion": "Because."},
    "alpaca": {"instruction": "Why?", "input": "", "output": "Because."},
    "correction": {"prompt": "Why?", "original": "No.", "corrected": "Because."},
    "text": {"text": "Because."},
    "sharegpt": {
        "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}]
    },
    "preference of transcripts": {
        "chosen": "\n\nHuman: Why?\n\nAssistant: Because.",
        "rejected": "\n\nHuman: Why?\n\nAssistant: No.",
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_inspect_names_the_form_and_marks_the_answer(
    form: str, place: Path, plumbline: Run
) -> None:
    write_rows(place / "rows.jsonl", [FORMS[form]])
    code, said, _ = plumbline("data", "inspect", "rows.jsonl")
    assert code == 0 and f" {form} (" in said
    assert ("⟦b⟧" if form == "ranking" else "⟦Because.⟧") in said
    assert "⟦Why?⟧" not in said and "rows.jsonl:1" in said


def test_inspect_in_tokens(place: Path, plumbline: Run) -> None:
    """With a model the end of the turn is marked too, and what would be cut is counted."""
    rows = [{"prompt": "word " * 100 * (i == 2), "completion": "Yes."} for i in range(5)]
    rows = [{**row, "prompt": row["prompt"] or "Why?"} for row in rows]
    write_rows(place / "rows.jsonl", rows)
    code, said, _ = plumbline("data", "inspect", "rows.jsonl", "--model", "model")
    assert code == 0 and "Assistant: ⟦Yes.</s>⟧" in said
    assert "4 of 5 examples fit 256 tokens" in said and "1 also cut" in said


def test_inspect_counts_what_is_lost(place: Path, plumbline: Run) -> None:
    good = json.dumps(FORMS["preference"])
    empty = json.dumps({**FORMS["preference"], "chosen": ""})
    (place / "rows.jsonl").write_text(f'{good}\n{{"prompt": \n{empty}\n{good}\n')
    code, said, _ = plumbline("data", "inspect", "rows.jsonl")
    assert code == 0
    assert "bad" in said and "rows.jsonl:2" in said
    assert "left out 1: empty" in said and "rows.jsonl:3" in said


def test_inspect_prompts(place: Path, plumbline: Run) -> None:
    write_rows(place / "rows.jsonl", [{"prompt": "Why?"}])
    code, said, _ = plumbline("data", "inspect", "rows.jsonl")
    assert code == 0 and "nothing to train on" in said


def test_convert_and_back(place: Path, plumbline: Run) -> None:
    assert plumbline("data", "convert", "pairs.jsonl", "--out", "own.jsonl.gz")[0] == 0
    back = ("data", "convert", "own.jsonl.gz", "--out", "back.jsonl", "--form", "preference")
    code, said, _ = plumbline(*back)
    rows = [json.loads(line) for line in (place / "back.jsonl").read_text().splitlines()]
    first = json.loads((place / "pairs.jsonl").read_text().splitlines()[0])
    assert code == 0 and "40 rows as preference" in said and len(rows) == 40
    assert rows[0]["chosen"] == [{"role": "assistant", "content": first["chosen"]}]


def test_convert_to_an_unknown_form(place: Path, plumbline: Run) -> None:
    args = ("data", "convert", "pairs.jsonl", "--out", "x.jsonl", "--form", "preferences")
    code, _, said = plumbline(*args)
    assert code == 2 and "did you mean 'preference'" in said and not (place / "x.jsonl").exists()


def test_split(place: Path, plumbline: Run) -> None:
    assert plumbline("data", "split", "pairs.jsonl", "--fraction", "0.25")[0] == 0
    parts = [
        {json.loads(line)["prompt"][0]["content"] for line in path.read_text().splitlines()}
        for path in (place / "pairs.train.jsonl", place / "pairs.heldout.jsonl")
    ]
    assert parts[1] and not parts[0] & parts[1] and len(parts[0] | parts[1]) == 40


@pytest.mark.parametrize("what", ["documents", "prompts", "demonstrations", "rankings"])
def test_microcosm_shows(what: str, plumbline: Run) -> None:
    code, said, _ = plumbline("microcosm", what, "--n", "2")
    assert code == 0 and len(said.splitlines()) > 2
    assert said == plumbline("microcosm", what, "--n", "2")[1]


def test_microcosm_writes_what_inspect_reads(place: Path, plumbline: Run) -> None:
    assert plumbline("microcosm", "rankings", "--n", "5", "--out", "r.jsonl")[0] == 0
    code, said, _ = plumbline("data", "inspect", "r.jsonl")
    assert code == 0 and "5 ranking" in said and "response 1 of" in said

"""`plumbline data select` and `mix`: what is written, what is said, and what is refused."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from small_inputs import Run, pair, refuse, write_rows

Row = dict[str, Any]


def document(rng: random.Random, topic: int) -> str:
    """Some words of a topic: two topics share none."""
    return " ".join(rng.choices([f"word{topic}x{i}" for i in range(12)], k=25))


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """web.jsonl: 80 documents of one topic; books.jsonl: 20 of two others, with a source."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    web = [{"text": document(rng, 0), "worth": i % 10, "id": i} for i in range(80)]
    books = [
        {"text": document(rng, 1 + i % 2), "worth": 5, "id": 100 + i, "source": f"shelf {i % 2}"}
        for i in range(20)
    ]
    write_rows(tmp_path / "web.jsonl", web)
    write_rows(tmp_path / "books.jsonl", books)
    write_rows(tmp_path / "all.jsonl", [*web, *books])
    write_rows(tmp_path / "pairs.jsonl", [pair(i) for i in range(3)])
    return tmp_path


def rows(path: Path) -> list[Row]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_select_covers_what_there_is(corpus: Path, plumbline: Run) -> None:
    args = ("data", "select", "all.jsonl", "--out", "few.jsonl")
    code, said, _ = plumbline(*args, "--set", "n=6")
    chosen = rows(corpus / "few.jsonl")
    assert code == 0 and "few.jsonl: 6 of 100 rows chosen: without a source " in said
    assert (
        "of 80, shelf 0 " in said and "left out 94: they add less to quality and coverage" in said
    )
    assert {row["text"].partition("x")[0] for row in chosen} == {"word0", "word1", "word2"}
    old = (corpus / "all.jsonl").read_text().splitlines()
    new = (corpus / "few.jsonl").read_text().splitlines()
    assert len(set(new)) == 6 and set(new) <= set(old)  # as they stood, byte for byte
    plumbline(*args, "--set", "n=6")
    assert (corpus / "few.jsonl").read_text().splitlines() == new


def test_select_by_a_field_of_quality(corpus: Path, plumbline: Run) -> None:
    sets = ("--set", "n=8", "--set", "by=worth", "--set", "quality=1", "--set", "pool=40")
    code, said, _ = plumbline("data", "select", "web.jsonl", "--out", "f.jsonl.gz", *sets)
    assert code == 0 and [row["worth"] for row in rows(corpus / "f.jsonl.gz")] == [9] * 8
    assert "f.jsonl.gz: 8 of 80 rows chosen; coverage 0." in said
    assert "left out 32: they add less" in said
    assert "left out 40: no candidates (lower by 'worth'; pool=40)" in said


def test_select_counts_rows_it_cannot_use(corpus: Path, plumbline: Run) -> None:
    lines = (corpus / "web.jsonl").read_text().splitlines()
    lines[2], lines[4] = '{"text": "half', json.dumps({"text": "no worth"})
    (corpus / "web.jsonl").write_text("\n".join(lines) + "\n")
    args = ("data", "select", "web.jsonl", "--out", "f.jsonl", "--set", "n=9", "--set", "by=worth")
    said = refuse(plumbline, corpus, *args)
    assert "web.jsonl:3: not JSON" in said and "--on-bad-row drop" in said
    code, said, _ = plumbline(*args, "--on-bad-row", "drop")
    assert code == 0 and "9 of 78 rows chosen" in said and len(rows(corpus / "f.jsonl")) == 9
    assert "left out 1: not JSON" in said and "(web.jsonl:3)" in said
    assert "left out 1: 'worth' is missing, not a number (web.jsonl:5)" in said


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "how many rows are to be chosen?"),
        (("--set", "n=81"), "81 rows are asked for, and there are 80"),
        (("--set", "n=30", "--set", "pool=20"), "30 documents out of a pool of 20"),
        (("--set", "n=5", "--set", "by=wort"), "did you mean 'worth'"),
        (("--set", "n=5", "--set", "by=text"), "web.jsonl:1: 'text' is 'word0"),
        (("--set", "n=5", "--set", "quality=2"), "quality is 2"),
        (("--set", "n=5", "--out", "few.csv"), "not a .jsonl file"),
        (("--set", "n=5", "--out", "web.jsonl"), "written over itself"),
        (("--set", "n=5", "--out", "model.jsonl"), "a folder stands there"),
        (("--set", "k=5"), "unknown setting 'k'"),
    ],
)
def test_what_cannot_be_selected(
    args: tuple[str, ...], words: str, corpus: Path, plumbline: Run
) -> None:
    (corpus / "model.jsonl").mkdir()
    said = refuse(plumbline, corpus, "data", "select", "web.jsonl", "--out", "few.jsonl", *args)
    assert words in said


def test_mix_by_size_is_a_shuffle_that_names_sources(corpus: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("data", "mix", "web.jsonl", "books.jsonl", "--out", "mix.jsonl")
    mixed = rows(corpus / "mix.jsonl")
    assert code == 0 and "100 rows mixed: web 80 of 80, books 20 of 20" in said
    assert "left out" not in said
    assert sorted(row["id"] for row in mixed) == [*range(80), *range(100, 120)]
    assert Counter(row["source"] for row in mixed) == {"web": 80, "shelf 0": 10, "shelf 1": 10}
    books = [row["id"] for row in mixed if row["id"] >= 100]
    assert books != sorted(books) and any(row["id"] >= 100 for row in mixed[:25])
    old = set((corpus / "books.jsonl").read_text().splitlines())
    assert old <= set((corpus / "mix.jsonl").read_text().splitlines())  # they named their source
    plumbline("data", "mix", "web.jsonl", "books.jsonl", "--out", "again.jsonl.gz")
    assert rows(corpus / "again.jsonl.gz") == mixed


def test_mix_by_weights(corpus: Path, plumbline: Run) -> None:
    (corpus / "v.yaml").write_text("weights: {web: 1, books: 3}\nn: 40\n")
    args = ("data", "mix", "web.jsonl", "books.jsonl", "--out", "mix.jsonl")
    code, said, _ = plumbline(*args, "--values", "v.yaml")
    assert code == 0 and "40 rows mixed: web 10 of 80, books 30 of 20 (1.5 times each)" in said
    assert "left out, beyond their share: web 70" in said
    taken = Counter(row["id"] for row in rows(corpus / "mix.jsonl") if row["id"] >= 100)
    assert len(taken) == 20 and set(taken.values()) == {1, 2}
    code, said, _ = plumbline(*args, "--set", "weights={web: 1, books: 0}", "--set", "n=40")
    assert code == 0 and "books 20 (weight 0)" in said


def test_mix_of_files_of_one_name_and_of_plumblines_own_form(corpus: Path, plumbline: Run) -> None:
    for name, row in (("one", {"prompt": "Why?", "completion": "So."}), ("two", {"text": "So."})):
        (corpus / name).mkdir()
        write_rows(corpus / "rows.jsonl", [row])
        plumbline("data", "convert", "rows.jsonl", "--out", f"{name}/data.jsonl")
    code, said, _ = plumbline(
        "data", "mix", "one/data.jsonl", "two/data.jsonl", "--out", "both.jsonl"
    )
    assert code == 0 and "one/data 1 of 1, two/data 1 of 1" in said
    sources = {row["provenance"]["source"] for row in rows(corpus / "both.jsonl")}
    assert sources == {"one/data", "two/data"}
    assert plumbline("data", "inspect", "both.jsonl")[0] == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--set", "weights={web: 1, book: 1}"), "did you mean 'books'"),
        (("--set", "weights={web: 1}"), "no usable weight for books"),
        (("--set", "weights={web: 1, books: -1}"), "no usable weight for books"),
        (("--set", "weights={web: 0, books: 0}"), "no source with a weight"),
        (("--set", "weights={web: much}"), "expected {name: float, ...}"),
        (("--set", "temperature=0"), "temperature is 0"),
        (("none.jsonl",), "none.jsonl: no such file"),
        (("pairs.jsonl",), "pairs.jsonl:1: rows of the form 'preference'"),
        (("./web.jsonl", "./web.jsonl"), "two sources are called"),
        (("--out", "books.jsonl"), "written over itself"),
    ],
)
def test_what_cannot_be_mixed(
    args: tuple[str, ...], words: str, corpus: Path, plumbline: Run
) -> None:
    mix = ("data", "mix", "web.jsonl", "books.jsonl", "--out", "mix.jsonl")
    assert words in refuse(plumbline, corpus, *mix, *args)


def test_mix_counts_rows_it_cannot_use(corpus: Path, plumbline: Run) -> None:
    lines = (corpus / "books.jsonl").read_text().splitlines()
    (corpus / "books.jsonl").write_text("\n".join([*lines[:19], "{"]) + "\n")
    args = ("data", "mix", "web.jsonl", "books.jsonl", "--out", "mix.jsonl")
    assert "books.jsonl:20: not JSON" in refuse(plumbline, corpus, *args)
    code, said, _ = plumbline(*args, "--on-bad-row", "drop")
    assert code == 0 and "web 80 of 80, books 19 of 19" in said
    assert "left out 1: not JSON" in said and "(books.jsonl:20)" in said

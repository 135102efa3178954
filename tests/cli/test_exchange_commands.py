"""`plumbline import` and `plumbline export`: from a tool's export to training, and out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_inputs import Run, refuse, tree, write_rows

from plumbline.core.types import Choice, Judge, Judgement, Provenance, Ranking, answer, user
from plumbline.data import read, write
from plumbline.store import Store

EXPORTS = Path(__file__).parent.parent / "data" / "exports"


@pytest.fixture
def exports(place: Path) -> Path:
    """The current folder with the tools' exports in it."""
    for path in EXPORTS.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return place


def test_import_says_what_it_took_and_what_it_left(exports: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("import", "argilla_v2.json", "--as", "forum")
    assert code == 0
    assert "argilla_v2.json: 3 rows, read as argilla" in said
    assert "10 judgements by 3 judges: 5 rankings, 2 ratings, 1 edit, 1 choice, 1 critique" in said
    assert "left out 1: a response that is draft (argilla_v2.json:row 1)" in said
    assert "fields not read: id, metadata, suggestions" in said
    assert "2 ratings do not say their scale" in said and "--data ref:forum" in said


def test_an_import_is_trained_on_and_leads_back_to_the_file(exports: Path, plumbline: Run) -> None:
    assert plumbline("import", "argilla_v2.json", "--as", "forum", "--from", "argilla")[0] == 0
    train = ("train", "dpo", "--model", "model", "--data", "ref:forum", "--out", "out")
    code, said, error = plumbline(*train, "--set", "steps=1", "--set", "eval.fraction=0")
    assert code == 2 and "unusable" not in said, "critiques and single ratings compare nothing"
    assert "rows cannot be used" in error
    assert plumbline("export", "ref:forum", "--as", "pairs", "--out", "forum.jsonl")[0] == 0
    code, said, error = plumbline(*train[:5], "forum.jsonl", *train[6:], "--set", "steps=1")
    assert code == 0, error
    lineage = plumbline("store", "lineage", "ref:forum")[1]
    assert "import (forum)" in lineage and "file: source" in lineage
    assert "argilla_v2.json" in lineage


def test_rankings_of_people_are_trained_on_by_their_name(exports: Path, plumbline: Run) -> None:
    assert plumbline("import", "open_assistant.trees.jsonl", "--as", "cats")[0] == 0
    train = ("train", "dpo", "--model", "model", "--data", "ref:cats", "--out", "out")
    code, _, error = plumbline(*train, "--set", "steps=1", "--set", "eval.fraction=0")
    assert code == 0, error


def test_the_same_file_is_the_same_artifact_wherever_it_lies(exports: Path, plumbline: Run) -> None:
    (exports / "other").mkdir()
    (exports / "other" / "argilla_v1.jsonl").write_bytes(
        (exports / "argilla_v1.jsonl").read_bytes()
    )
    assert plumbline("import", "argilla_v1.jsonl", "--as", "one")[0] == 0
    assert plumbline("import", "other/argilla_v1.jsonl", "--as", "two")[0] == 0
    refs = Store(exports / "store").refs()
    assert refs["one"] == refs["two"]
    assert plumbline("import", "argilla_v1.jsonl", "--as", "two", "--scale", "1:5")[0] == 0
    again = Store(exports / "store").refs()
    assert again["two"] != again["one"] == refs["one"]
    assert not list((exports / "store" / "work").iterdir())
    code, said, _ = plumbline("import", "argilla_v2.json", "--as", "two")
    assert code == 0 and f"(before: {again['two'][:12]})" in said


def test_a_scale_makes_ratings_labels(exports: Path, plumbline: Run) -> None:
    assert plumbline("import", "argilla_v1.jsonl", "--as", "v1", "--scale", "1:5")[0] == 0
    code, said, _ = plumbline("export", "ref:v1", "--as", "ratings", "--out", "r.csv")
    assert code == 0 and "r.csv: 1 ratings" in said and "left out 2: a ranking has no score" in said
    rating = read(exports / "r.csv").judgements[0]
    assert (rating.score, rating.axis, rating.low, rating.high) == (2.0, "safety", 1.0, 5.0)  # type: ignore[union-attr]
    said = refuse(plumbline, exports, "import", "argilla_v1.jsonl", "--as", "v", "--scale", "3:5")
    assert "the score 2 is outside the scale 3:5" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("label_studio.json", "--from", "argilla"), "not argilla's export: it reads as 'label st"),
        (("pairs.jsonl", "--from", "label-studio"), "export in the format JSON, not JSON-MIN"),
        (("nothing.json",), "no such file"),
        (("empty.json",), "no judgement in it"),
        (("argilla_v2.json", "--scale", "5:1"), "give LOW:HIGH"),
        (("argilla_v2.json", "--as", "a b"), "cannot be a name"),
    ],
)
def test_an_import_that_fails_leaves_nothing(
    exports: Path, plumbline: Run, words: tuple[str, ...], message: str
) -> None:
    (exports / "empty.json").write_text(
        json.dumps([{"fields": {"prompt": "q"}, "responses": [{"status": "discarded"}]}])
    )
    name = () if "--as" in words else ("--as", "x")
    assert message in refuse(plumbline, exports, "import", *words, *name)


def test_bad_rows_stop_an_import_or_are_counted(exports: Path, plumbline: Run) -> None:
    rows = json.loads((exports / "argilla_v2.json").read_text())
    rows[0]["fields"] = {"text": "q"}
    (exports / "bad.json").write_text(json.dumps(rows))
    said = refuse(plumbline, exports, "import", "bad.json", "--as", "x")
    assert "no prompt among the fields text" in said and "--on-bad-row drop" in said
    code, said, _ = plumbline("import", "bad.json", "--as", "x", "--on-bad-row", "drop")
    assert code == 0 and "left out 1: no prompt among the fields text" in said


def test_an_export_of_a_tool_is_cleaned_judgement_by_judgement(
    exports: Path, plumbline: Run
) -> None:
    clean = ("data", "clean", "argilla_v2.json", "--out", "c", "--set", "duplicates.use=false")
    code, said, _ = plumbline(*clean)
    assert code == 0 and "10 of 11 rows kept" in said and "a record that nobody answered" in said
    cleaned = read(exports / "c" / "data.jsonl").judgements
    assert [type(j) for j in cleaned] == [
        type(j) for j in read(exports / "argilla_v2.json").judgements
    ]


def by(name: str, group: str = "") -> Provenance:
    judge = Judge("human", name, group)
    return Provenance("talk.jsonl:1", judge, when="2026-01-02T03:04:05Z", seconds=9.0)


@pytest.fixture
def judged(place: Path) -> Path:
    """Three judges of two groups on one pair, and a thumb."""
    q, both = (user("q"),), (answer("a"), answer("b"))
    said: list[Judgement] = [
        Ranking(q, both, ((0,), (1,)), margin=2.0, provenance=by("ann", "north")),
        Ranking(q, both, ((0,), (1,)), provenance=by("ben", "north")),
        Ranking(q, both, ((1,), (0,)), provenance=by("cat", "south")),
        Choice(q, answer("c"), False, by("ann", "north")),
    ]
    write(place / "judged.jsonl", said)
    return place


@pytest.mark.parametrize(
    ("form", "count", "recognised"),
    [
        ("pairs", 3, "preference (3 rankings)"),
        ("pooled-pairs", 1, "preference (1 rankings)"),
        ("rankings", 3, "ranking (3 rankings)"),
        ("labels", 7, "unpaired (7 choices)"),
        ("demonstrations", 3, "messages (3 demonstrations)"),
        ("judgements", 4, "plumbline (3 rankings, 1 choices)"),
    ],
)
@pytest.mark.parametrize("kind", ["jsonl.gz", "json", "csv", "parquet"])
def test_what_is_exported_is_recognised(
    judged: Path, plumbline: Run, form: str, count: int, recognised: str, kind: str
) -> None:
    out = f"out.{kind}"
    code, said, _ = plumbline("export", "judged.jsonl", "--as", form, "--out", out)
    assert code == 0 and f"{out}: {count} {form}" in said
    code, said, _ = plumbline("data", "inspect", out)
    assert code == 0 and recognised in said


def test_pooled_pairs_carry_the_share_and_groups_their_own(judged: Path, plumbline: Run) -> None:
    export = ("export", "judged.jsonl", "--as", "pooled-pairs", "--out", "out.jsonl")
    code, said, _ = plumbline(*export)
    assert code == 0 and "1 of 2 items have several judges, 3 judgements in all" in said
    row = json.loads((judged / "out.jsonl").read_text())
    assert row["p"] == 2 / 3 and row["margin"] == 2.0
    code, said, _ = plumbline(*export, "--group", "south")
    assert code == 0 and "1 of 4 judgements are of 'south'" in said
    row = json.loads((judged / "out.jsonl").read_text())
    assert row["chosen"][0]["content"] == "b" and "p" not in row
    assert "groups here: north, south" in refuse(plumbline, judged, *export, "--group", "east")


def test_an_anonymous_export_names_nobody(judged: Path, plumbline: Run) -> None:
    export = ("export", "judged.jsonl", "--as", "judgements", "--out")
    code, said, _ = plumbline(*export, "a.jsonl", "--anonymous", "s")
    assert code == 0 and "texts are as they were" in said
    words = (judged / "a.jsonl").read_text()
    assert not any(found in words for found in ("ann", "north", "talk", "03:04", "seconds"))
    assert len({j.provenance.judge.name for j in read(judged / "a.jsonl").judgements}) == 3
    plumbline(*export, "b.jsonl", "--anonymous", "s")
    plumbline(*export, "c.jsonl", "--anonymous", "t", "--keep-group")
    assert (judged / "b.jsonl").read_text() == words
    other = (judged / "c.jsonl").read_text()
    assert "north" in other and words.split("judge-")[1][:16] not in other


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("judged.jsonl", "--out", "judged.jsonl"), "the data would be written over itself"),
        (("judged.jsonl", "--out", "model"), "no kind of file"),
        (("judged.jsonl", "--out", "r.jsonl", "--as", "ratings"), "a ranking has no score"),
        (("ref:nobody", "--out", "x.jsonl"), "no artifact named 'nobody'"),
    ],
)
def test_an_export_that_fails_leaves_nothing(
    judged: Path, plumbline: Run, words: tuple[str, ...], message: str
) -> None:
    assert message in refuse(plumbline, judged, "export", *words)


def test_an_export_replaces_a_file_whole(judged: Path, plumbline: Run) -> None:
    (judged / "out.jsonl").write_text("before")
    before = set(tree(judged))
    assert plumbline("export", "judged.jsonl", "--out", "out.jsonl")[0] == 0
    assert len((judged / "out.jsonl").read_text().splitlines()) == 3
    assert set(tree(judged)) == before


def test_any_known_form_is_imported(place: Path, plumbline: Run) -> None:
    write_rows(place / "p.jsonl", [{"prompt": "q", "completion": "a", "label": True}])
    code, said, _ = plumbline("import", "p.jsonl", "--as", "thumbs")
    assert code == 0 and "1 judgements by judges without names: 1 choice" in said

"""Labels in a folder: which pairs, by which judge, behind which gate, and what data carry on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Judge, Provenance, Ranking, text_of
from plumbline.data import read, write
from plumbline.evals.audit.answered import asked
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.label import read_labels
from plumbline.stages.cards import cards_of
from plumbline.stages.judging import labelling
from plumbline.stages.judging.pairs import data_in, pairs_of
from plumbline.stages.judging.pool import stage as pool_stage
from plumbline.stages.judging.settings import Labelling, Pool
from plumbline.stages.label import label
from plumbline.stages.label import stage as label_stage
from plumbline.stages.steps import join
from plumbline.store import Context

DRIVER = Path(__file__).parent / "label_kill_driver.py"
TEMPLATE = 'compare: "{principle} {prompt} {a} {b}?"\noptions: [["A", " A"], ["B", " B"]]\n'
RULES = "## kind\nBe kind.\n\n## true\nwhen: /7/\nBe true.\n"


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten comparisons, a constitution and a template that a tiny model has room for."""
    rows = [{"prompt": f"n {n}", "chosen": f"x{n}", "rejected": "y"} for n in range(10)]
    lines(tmp_path / "pairs.jsonl", rows)
    (tmp_path / "rules.md").write_text(RULES)
    (tmp_path / "words.yaml").write_text(TEMPLATE)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(model: Path, out: str, heard: Callable[[str], None] = print, **how: Any) -> Path:
    judges = how.pop("judges", [str(model)])
    sets = {"precision": "fp32"} | how.pop("sets", {})
    data, rules = how.pop("data", "pairs.jsonl"), how.pop("rules", "rules.md")
    return label(data, judges, rules, Path(out), template="words.yaml", sets=sets, say=heard, **how)


def test_a_kill_at_any_file_operation_loses_and_doubles_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 40, "too few kills to mean anything"


def test_pairs_of_rankings_and_of_answers(tmp_path: Path) -> None:
    ranked = {"prompt": "p", "responses": ["a", "b", "c"], "ranking": [2, [0, 1]]}
    assert len(pairs_of(lines(tmp_path / "r.jsonl", [ranked])).pairs) == 3, "ties are compared too"
    rows = [
        {"prompt": "p", "responses": ["a", "b", "b", " "], "models": ["m", "n", "n", "m"]},
        {"prompt": "p", "responses": ["b", "a"]},
    ]
    found = pairs_of(lines(tmp_path / "s.jsonl", rows))
    assert [[text_of(a) for a in one.answers] for one in found.pairs] == [["a", "b"]]
    assert found.pairs[0].models == ("m", "n") and found.pairs[0].where == "s.jsonl:1"
    assert "left out 1: equal answers" in found.notes
    assert "left out 2: the same pair again" in found.notes
    assert "left out 3: an empty answer" in found.notes


def test_some_pairs_are_drawn_by_prompt_and_seed(tmp_path: Path) -> None:
    rows = [{"prompt": f"p{n}", "responses": list("abcdef")} for n in range(20)]
    file = lines(tmp_path / "s.jsonl", rows)
    two = pairs_of(file, most=2).pairs
    assert len(two) == 40 and len(pairs_of(file).pairs) == 300
    assert two == pairs_of(file, most=2).pairs != pairs_of(file, most=2, seed=1).pairs
    (tmp_path / "run").mkdir()
    file.rename(tmp_path / "run" / "answers.jsonl")
    assert data_in(tmp_path / "run") == tmp_path / "run" / "answers.jsonl"


def test_files_without_pairs_are_refused(tmp_path: Path) -> None:
    for rows, words in (
        ([{"prompt": "p", "responses": ["a", "a"]}], "equal answers: 1"),
        ([{"prompt": "p", "responses": ["a", "b"], "models": ["m"]}], "one model an answer"),
        ([{"text": "a document"}], "no pair"),
    ):
        with pytest.raises(UserError, match=words):
            pairs_of(lines(tmp_path / "x.jsonl", rows))


def test_labels_are_of_both_orders_and_make_no_data_unaudited(
    place: Path, tiny_model: Path
) -> None:
    said: list[str] = []
    out = made(tiny_model, "out", said.append, sets={"principles": 2})
    by, labels = read_labels(out)
    assert len(labels) == 11, "the second principle applies to one prompt"
    assert {one.made for one in labels} == {by.id}
    assert labels[0].readings[0] != labels[0].readings[1]
    assert "no data were made" in said[-1] and "plumbline audit" in said[-1]
    assert not (out / "data.jsonl").exists() and cards_of(out / "data.jsonl")
    again = read_constitution(out / "constitution.yaml")
    assert again.id == by.constitution == read_constitution("rules.md").id
    card = json.loads((out / "card.json").read_text())
    assert card["audit"] == "unaudited, no data written" and card["counts"]["labels"] == 11
    results = json.loads((out / "results.json").read_text())
    assert set(results["metrics"]) == {"consistent", "position_preference", "taste", "residual"}
    assert results["cost"]["requests"] == 22 and results["cost"]["prompt_tokens"] > 0


def test_labels_go_on_where_they_were_and_are_pooled_anew(
    place: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelling, "TOGETHER", 3)
    whole = made(tiny_model, "whole", allow_unaudited=True)
    first = (whole / "labels.jsonl").read_text()
    data = (whole / "data.jsonl").read_text()
    half = made(tiny_model, "half")
    (half / "labels.jsonl").write_text("".join(first.splitlines(True)[:5])[:-9])
    made(tiny_model, "half", allow_unaudited=True)
    assert (half / "labels.jsonl").read_text() == first
    assert (half / "data.jsonl").read_text() == data
    said: list[str] = []
    sets = {"pooling.by": "probability", "pooling.ties": 0.49}
    made(tiny_model, "whole", said.append, allow_unaudited=True, sets=sets)
    assert "0 questions asked now" in said[0]
    assert all(one.tiers == ((0, 1),) for one in read(whole / "data.jsonl").judgements)
    made(tiny_model, "whole")
    assert not (whole / "data.jsonl").exists(), "no longer allowed"


def test_a_folder_of_other_labels_is_refused(place: Path, tiny_model: Path) -> None:
    out = made(tiny_model, "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (place / "others.md").write_text("## brief\nBe brief.\n")
    for how, words in (
        ({"rules": "others.md"}, "other labels"),
        ({"sets": {"mode": "reasoned"}}, "no reasons"),
        ({"sets": {"principles": 2}}, "other pairs or principles"),
        ({"data": str(lines(place / "few.jsonl", [{"prompt": "n", "responses": ["a", "b"]}]))},
         "other pairs or principles"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            made(tiny_model, "out", **how)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(UserError, match="holds no labels"):
        made(tiny_model, str(place))


def test_an_audit_opens_the_gate(place: Path, tiny_model: Path) -> None:
    out = made(tiny_model, "out")
    audit = place / "audit"
    audit.mkdir()

    def audited(**told: Any) -> None:
        (audit / "audit.json").write_text(json.dumps(told))

    by = read_labels(out)[0].id
    audited(made="another", passed=True)
    with pytest.raises(UserError, match="another judge"):
        made(tiny_model, "out", audits=[audit])
    audited(made=by, passed=False, why=["By people of 'b', it may not."])
    with pytest.raises(UserError, match="people of 'b'"):
        made(tiny_model, "out", audits=[audit])
    made(tiny_model, "out", audits=[audit], allow_unaudited=True)
    (card,) = cards_of(out / "data.jsonl")
    assert card["audit"] == "UNAUDITED, allowed"
    assert card["judges"][0]["standing"]["audit"] == "failed"
    audited(made=by, passed=True, groups={"a": {"passed": True}})
    made(tiny_model, "out", audits=[audit])
    (card,) = cards_of(out / "data.jsonl")
    assert card["audit"] == "audited" and "a" in card["judges"][0]["standing"]["groups"]
    assert len(read(out / "data.jsonl").judgements) == 10
    with pytest.raises(UserError, match="no audit here"):
        made(tiny_model, "out", audits=[out])


def test_what_people_said_calibrates(place: Path, tiny_model: Path) -> None:
    rows = [{"prompt": f"n {n}", "chosen": f"x{n}", "rejected": "y"} for n in range(40)]
    lines(place / "pairs.jsonl", rows)
    out = made(tiny_model, "out")
    by, labels = read_labels(out)
    audit = place / "audit"
    audit.mkdir()
    (audit / "audit.json").write_text(json.dumps({"made": by.id, "passed": True}))
    rules = read_constitution("rules.md")
    people = []
    for n, one in enumerate(labels):  # two people, who agree with three verdicts in four
        right = one.verdict().logit > 0 if n % 4 else one.verdict().logit < 0
        tiers = ((0,), (1,)) if right else ((1,), (0,))
        shown = asked(one, rules.named(one.principle))
        for name in ("ann", "bob"):
            who = Provenance(judge=Judge("human", name))
            people.append(Ranking(shown, one.answers, tiers, provenance=who))
    write(audit / "people.jsonl", people)
    said: list[str] = []
    made(tiny_model, "out", said.append, audits=[audit], sets={"calibrate": True})
    assert any(line.startswith("calibrated on 40 labels that 2 people judged") for line in said)
    shares = [one.p for one in read(out / "data.jsonl").judgements if isinstance(one, Ranking)]
    assert all(p is not None for p in shares)
    mean = sum(p for p in shares if p) / len(shares)
    assert mean == pytest.approx(0.75, abs=0.08), "as sure as people say it is right"
    assert cards_of(out / "data.jsonl")[0]["pooling"]["temperature"] != 1.0
    with pytest.raises(UserError, match="nobody judged"):
        made(tiny_model, "out", sets={"calibrate": True})


def test_a_judge_may_read_the_reasons_alone(place: Path, tiny_model: Path) -> None:
    told = "<think>{}</think>No."
    rows = [
        {"prompt": "p", "responses": [told.format("It harms."), told.format("I am tired.")]},
        {"prompt": "q", "responses": [told.format("It harms."), "No."]},
        {"prompt": "r", "responses": [told.format("It harms."), "<think>It harms.</think>Yes."]},
    ]
    data = str(lines(place / "thought.jsonl", rows))
    said: list[str] = []
    out = made(tiny_model, "out", said.append, data=data, sets={"part": "reasons"})
    assert "left out 1: an empty reasoning" in said and "left out 1: equal reasonings" in said
    by, (label,) = read_labels(out)
    assert by.mode == "plain on the reasons" and "<think>" in text_of(label.answers[0])
    bare = {"prompt": "p", "responses": ["It harms.", "I am tired."]}
    alone = made(tiny_model, "bare", data=str(lines(place / "bare.jsonl", [bare])))
    assert read_labels(alone)[1][0].readings == label.readings


def test_a_judge_may_be_told_who_wrote_what_and_the_names_exchanged(
    place: Path, tiny_model: Path
) -> None:
    rows = [{"prompt": "p", "responses": ["Yes.", "No."], "models": ["ours", "theirs"]}]
    data = str(lines(place / "named.jsonl", rows))
    found = {}
    for authors in ("hidden", "told", "swapped"):
        out = made(tiny_model, authors, data=data, sets={"authors": authors})
        by, (label,) = read_labels(out)
        found[authors] = (by.mode, label.readings)
        assert text_of(label.answers[0]) == "Yes."  # what is trained on bears no name
    assert [mode for mode, _ in found.values()] == [
        "plain", "plain, authors told", "plain, authors swapped"
    ]  # fmt: skip
    assert len({readings for _, readings in found.values()}) == 3


def test_a_jury_has_a_folder_each_and_one_card(place: Path, tiny_model: Path) -> None:
    from tiny_model import make

    other = make(place / "wide", width=32)
    out = made(tiny_model, "jury", judges=[str(tiny_model), str(other)], allow_unaudited=True)
    one, two = (read_labels(out / f"judge-{n}") for n in (1, 2))
    assert one[0].id != two[0].id and len(one[1]) == len(two[1]) == 10
    mean = [
        (a.verdict().logit + b.verdict().logit) / 2 for a, b in zip(one[1], two[1], strict=True)
    ]
    ranked = read(out / "data.jsonl").judgements
    assert [r.tiers[0] == (0,) for r in ranked] == [m > 0 for m in mean]
    (card,) = cards_of(out / "data.jsonl")
    assert [j["id"] for j in card["judges"]] == [one[0].id, two[0].id]


def test_the_stages_of_a_recipe(place: Path, tiny_model: Path) -> None:
    rows = [{"prompt": f"n {n}", "responses": [f"x{n}", "y"]} for n in range(4)]
    (place / "drawn").mkdir()
    lines(place / "drawn" / "answers.jsonl", rows)
    inputs = {"data": place / "drawn", "judge": tiny_model}
    files = {"constitution": place / "rules.md", "template": place / "words.yaml"}
    settings = Labelling(precision="fp32", name="tiny")
    out = place / "labels"
    out.mkdir()
    heard: list[tuple[float, float | None]] = []
    ctx = Context(out=out, report=lambda e: heard.append((e.done, e.total)))
    label_stage(ctx, settings, inputs | files)
    by, labels = read_labels(out)
    assert by.judge == "tiny" and len(labels) == 4 and (4, 4) in heard
    with pytest.raises(UserError, match="recipe takes its constitution"):
        label_stage(Context(out=place / "no"), Labelling(constitution="rules.md"), inputs)
    data = place / "pooled"
    with pytest.raises(UserError, match="no audit of this judge passed"):
        pool_stage(Context(out=data), Pool(), {"labels": out})
    pool_stage(Context(out=data), Pool(allow_unaudited=True), {"labels": out})
    assert len(read(data / "data.jsonl").judgements) == 4
    joined = place / "joined"
    people = lines(place / "people.jsonl", [{"prompt": "p", "chosen": "a", "rejected": "b"}])
    join(Context(out=joined), None, {"a": data, "b": people})
    assert [card["audit"] for card in cards_of(joined / "data.jsonl")] == ["UNAUDITED, allowed"]
    with pytest.raises(UserError, match="neither labels nor an audit"):
        pool_stage(Context(out=data), Pool(), {"labels": out, "x": place / "drawn"})


def test_a_card_is_of_the_file_it_names(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"summary": "s"}')
    assert cards_of(tmp_path / "data.jsonl") and not cards_of(tmp_path / "other.jsonl")
    (tmp_path / "card.json").write_text("{")
    assert cards_of(tmp_path / "data.jsonl") == ()

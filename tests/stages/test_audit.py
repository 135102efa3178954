"""An audit in a folder: people are asked and waited for, the bar stays, judges are compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from planted_judge import BY, MADE, coins, label, labelled, people, write_labels
from sqlalchemy import insert, select

from plumbline.core.errors import UserError, Waiting
from plumbline.core.types import Ranking
from plumbline.data import read, write
from plumbline.evals.audit.settings import Auditing
from plumbline.feedback.collecting import judging, projects, queue
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.tables import items, users
from plumbline.feedback.judging.label import Label, read_labels
from plumbline.stages.audit import Judged, audit, audited, constitution_of, guideline
from plumbline.stages.judging.gate import standing
from plumbline.store import Context, Store, find_store

TRUTH = coins(160, 1)
SMALL = Auditing(items=8, quota=2)


def sure(n: int = 160) -> list[Label]:
    return labelled(TRUTH[:n], lambda one, rng: 2.0 * one)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "labels", sure())


def everybody_judges(home: Store, project: str, names: tuple[str, ...]) -> None:
    """People find the answer that begins with "Yes" the better one."""
    db = Database(at(home.root))
    with db.write() as now:
        made = projects.named(now, project)
        for name in names:
            now.execute(insert(users).values(name=name, people="", created=0.0))
            who = now.execute(select(users.c.id).where(users.c.name == name)).scalar_one()
            projects.join(now, made, who, "annotator")
            while given := queue.next_item(now, made, who):
                wanted = select(items.c.answers).where(items.c.id == given.item)
                first = now.execute(wanted).scalar_one()[0][0][1].startswith("Yes")
                body = {"tiers": [[0], [1]] if first else [[1], [0]]}
                judging.judge(now, made, who, given.item, body, key=f"key-of-{who}-{given.item}")
    db.close()


def test_people_are_asked_under_the_judge_s_principle_and_waited_for(
    tmp_path: Path, labels: Path
) -> None:
    home, out = find_store(tmp_path / "store"), tmp_path / "audit"
    settings = replace(SMALL, project="check")
    for _ in range(2):
        with pytest.raises(Waiting, match="16 judgements are wanted"):
            audited(labels, out, settings, store=home.root, say=str)
    rows = [json.loads(line) for line in (out / "asked.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 8 and not (out / "audit.json").exists()
    first = {row["prompt"][0]["content"] for row in rows}
    assert first == {
        "By the principle “honest”: Choose the answer that states nothing false.",
        "By the principle “kind”: Choose the answer that shows care.",
    }
    assert [turn["role"] for turn in rows[0]["prompt"]] == ["system", "system", "user"]
    everybody_judges(home, "check", ("ann", "bob"))
    found = audited(labels, out, settings, store=home.root, say=str)
    assert found.drawn == 8 and found.whole.beside.items == 8
    assert found.whole.beside.people.same.value == 1.0
    told = json.loads((out / "audit.json").read_text("utf-8"))
    assert told["made"] == MADE.id and told["passed"] is False and told["drawn"] == 8
    assert "2 people have judged, and 3 are wanted." in told["why"]
    # The same again finds the same.
    assert audited(labels, out, settings, store=home.root, say=str).drawn == 8


def test_what_people_are_told_is_what_the_judge_was_told(labels: Path) -> None:
    job = Judged.read(labels, Auditing())
    by = constitution_of(job, Auditing())
    assert by.id == BY.id
    assert "### kind\n\nChoose the answer that shows care." in guideline(by)
    with pytest.raises(UserError, match="made by another constitution"):
        constitution_of(job, Auditing(constitution="short"))


def test_the_bar_is_fixed_when_the_sample_is_drawn(tmp_path: Path, labels: Path) -> None:
    out, store = tmp_path / "audit", tmp_path / "store"
    with pytest.raises(Waiting):
        audited(labels, out, SMALL, store=store, say=str)
    file = tmp_path / "people.jsonl"
    write(file, people(sure()[:8], {"north": TRUTH}))
    with pytest.raises(UserError, match=r"epsilon: there None, now 0\.3"):
        audited(labels, out, replace(SMALL, epsilon=0.3), people=str(file), store=store, say=str)
    early = audited(labels, out, SMALL, people=str(file), store=store, say=str)
    late = audited(labels, tmp_path / "other", SMALL, people=str(file), store=store, say=str)
    assert late.late and not early.late
    notes = json.loads((tmp_path / "other" / "audit.json").read_text("utf-8"))["notes"]
    assert "The bar was set when people had judged already." in notes
    write_labels(labels, sure(100))
    with pytest.raises(UserError, match="labels: there"):
        audited(labels, out, SMALL, people=str(file), store=store, say=str)


def passed(tmp_path: Path, labels: Path) -> Path:
    """The folder of an audit by three people of all labels."""
    file, out = tmp_path / "people.jsonl", tmp_path / "audit"
    write(file, people(sure(), {"north": TRUTH}))
    audited(labels, out, Auditing(), people=str(file), store=tmp_path / "store", say=str)
    return out


def test_a_passing_audit_opens_the_gate_and_is_read_by_people(tmp_path: Path, labels: Path) -> None:
    out = passed(tmp_path, labels)
    told = json.loads((out / "audit.json").read_text("utf-8"))
    assert told["passed"] is True and told["why"] == [] and len(told["tested"]) == 3
    assert told["settings"]["epsilon"] == 0.1
    assert [one["audit"] for one in standing([MADE], [out], False)] == ["passed"]
    results = json.loads((out / "results.json").read_text("utf-8"))
    assert results["metrics"]["winning_rate"]["value"] == 1.0
    page = (out / "report.html").read_text("utf-8")
    assert "The judge planted-judge passes." in page and "Reliability" in page and "<svg" in page
    assert "| ECE |" in (out / "audit.md").read_text("utf-8")


def test_nobody_s_judgements_are_refused_and_leave_nothing(tmp_path: Path, labels: Path) -> None:
    file, out = tmp_path / "else.jsonl", tmp_path / "audit"
    strangers = [label(i, 1.0, answers=("Other {}", "None {}")) for i in range(4)]
    write(file, people(strangers, {"north": [1] * 4}))
    with pytest.raises(UserError, match="12 of a pair that the judge did not label"):
        audited(labels, out, Auditing(), people=str(file), store=tmp_path / "store", say=str)
    assert not out.exists()


def test_another_judge_on_the_frozen_items(tmp_path: Path, labels: Path) -> None:
    before = passed(tmp_path, labels)
    assert len(read_labels(before / "gold")[1]) == 160
    rows = (before / "gold" / "answers.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == 160 and len(json.loads(rows[0])["prompt"]) == 2, "no principle in these"
    made = replace(MADE, judge="next-judge", judge_id="j2")
    worse = [label(i, -2.0 * one if i % 4 == 1 else 2.0 * one) for i, one in enumerate(TRUTH)]
    later = write_labels(tmp_path / "later", worse[:120], made)
    out, store = tmp_path / "drift", tmp_path / "store"
    found = audited(later, out, Auditing(), against=before, store=store, say=str)
    assert found.drift is not None and found.drift.alone == 40 and found.drawn == 120
    assert found.drift.whole.flips.value == pytest.approx(0.25)
    assert found.drift.axes["honest"].flips.value == 0
    assert found.drift.axes["helpful"].agreement.high < -0.2
    assert found.whole.people == ("north-0", "north-1", "north-2")
    told = json.loads((out / "audit.json").read_text("utf-8"))
    assert told["made"] == made.id and told["figures"]["drift"]["value"] < 0
    with pytest.raises(UserError, match=r"epsilon was 0\.1 when people judged, and is 0\.2 now"):
        audited(later, out, Auditing(epsilon=0.2), against=before, store=store, say=str)
    write_labels(later, worse, replace(made, constitution="other"))
    with pytest.raises(UserError, match="people judged by another constitution there"):
        audited(later, tmp_path / "new", Auditing(), against=before, store=store, say=str)


def test_the_same_judge_asked_again(tmp_path: Path, labels: Path) -> None:
    file, store = tmp_path / "people.jsonl", tmp_path / "store"
    write(file, people(sure(), {"north": TRUTH}))
    flipped = [label(i, -2.0 * one if i % 10 == 0 else 2.0 * one) for i, one in enumerate(TRUTH)]
    again = write_labels(tmp_path / "again", flipped)
    out = tmp_path / "audit"
    found = audited(labels, out, Auditing(), people=str(file), again=again, store=store, say=str)
    assert found.retest is not None and found.retest.same.value == pytest.approx(0.9)
    assert "same verdict when asked again" in (out / "audit.md").read_text("utf-8")
    write_labels(again, flipped, replace(MADE, judge_id="j2"))
    with pytest.raises(UserError, match="another judge was asked here"):
        audited(labels, tmp_path / "x", Auditing(), people=str(file), again=again, store=store,
                say=str)  # fmt: skip


def test_as_a_stage_it_takes_people_s_data_or_waits(tmp_path: Path, labels: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    for folder in (data, out):
        folder.mkdir()
    write(data / "data.jsonl", people(sure(), {"north": TRUTH}))
    audit(Context(out), Auditing(), {"labels": labels, "people": data})
    assert json.loads((out / "audit.json").read_text("utf-8"))["passed"] is True
    said = read(out / "people.jsonl").judgements
    assert len(said) == 480 and all(isinstance(one, Ranking) for one in said)
    with pytest.raises(Waiting, match="24 judgements are wanted"):
        waiting = Auditing(items=8, quota=3)
        audit(Context(out, store=tmp_path / "store"), waiting, {"labels": labels})

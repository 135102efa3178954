"""Who wins by a judge's labels: counted by hand, corrected by people, shown on a page."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_judge import MADE, coins, label, people, write_labels

from plumbline.core.stats import Interval
from plumbline.data import write
from plumbline.evals.audit.answered import Answered, answered, verdicts
from plumbline.evals.audit.leanings import Leaning, Seen
from plumbline.evals.audit.settings import Auditing
from plumbline.evals.audit.wins import metrics, rows, wins
from plumbline.evals.by_author import table
from plumbline.evals.glossary import meaning
from plumbline.evals.report import build_report
from plumbline.feedback.judging.label import Label
from plumbline.feedback.judging.pooled import Pooling
from plumbline.stages.audit import audited
from plumbline.stages.judging.pool import pool
from plumbline.stages.judging.wins import wins_of

NOBODY = Answered((), (), np.empty((0, 0)))
BOTH = ("ours", "theirs")


def alone(labels: list[Label]) -> dict[str, Leaning]:
    seen = Seen(labels, verdicts(labels), NOBODY, np.empty(0))
    return {one.name: one for one in wins(seen)}


def fond(n: int = 400) -> tuple[list[Label], list[int]]:
    """Labels of two authors' answers, of which ours are better in half; the judge finds them better
    in a quarter of the others, too. And what is true of the first answer, which is ours."""
    truth = coins(n, 7)
    rng = random.Random(7)
    says = [1 if one > 0 or rng.random() < 0.25 else -1 for one in truth]
    return [label(i, 2.0 * one, models=BOTH) for i, one in enumerate(says)], truth


def test_wins_are_counted_by_author_and_a_tie_is_a_half() -> None:
    found = alone(
        [
            label(0, 1.0, models=("a", "b")),
            label(1, 0.0, models=("b", "a")),
            label(2, 1.0, models=("c", "a")),
            label(3, 1.0, models=("a", "a")),
            label(4, 1.0, models=("a", "")),
        ]
    )
    rates = {name.removeprefix("author."): one.judge.value for name, one in found.items()}
    assert rates == {
        "a": 0.5, "b": 0.25, "c": 1.0, "a.against.b": 0.75, "a.against.c": 0.0
    }  # fmt: skip
    assert found["author.a"].judge.n == 3
    two = [label(i, 1.0, models=("a", "b")) for i in range(3)]
    assert list(alone(two)) == ["author.a", "author.b"], "no need to say it twice"
    assert alone([label(0, 1.0)]) == {}


def test_labels_of_one_prompt_hang_together() -> None:
    some = [label(i, 1.0 if i % 2 else -1.0, models=BOTH) for i in range(40)]
    same = [replace(one, prompt=some[i % 2].prompt) for i, one in enumerate(some)]
    wide, narrow = alone(same)["author.ours"].judge, alone(some)["author.ours"].judge
    assert wide.value == narrow.value and wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_people_mend_the_judge_s_rate() -> None:
    labels, truth = fond()
    found = answered(labels, people(labels[:150], {"north": truth}))
    seen = Seen(labels, verdicts(labels), found, verdicts(found.labels))
    told = dict(metrics(wins(seen)))
    share = float(np.mean([one > 0 for one in truth]))
    assert told["judge_wins.ours"].low > share, "its own interval knows nothing of its error"
    assert told["wins.ours"].low <= share <= told["wins.ours"].high
    assert told["wins.ours"].value == pytest.approx(1 - told["wins.theirs"].value)
    assert told["wins.ours"].n == told["judge_wins.ours"].n == 400
    assert list(dict(metrics(wins(Seen(labels, seen.judge, NOBODY, np.empty(0)))))) == [
        "judge_wins.ours", "judge_wins.theirs"
    ]  # fmt: skip


def test_the_table_says_what_is_corrected() -> None:
    labels, truth = fond(60)
    how, head, lines = table(rows(tuple(alone(labels).values())))
    assert head == ("answers of", "by the judge alone, not corrected", "labels")
    assert lines[0][0] == "ours" and lines[0][2] == "60" and "the one to quote" not in how[0]
    found = answered(labels, people(labels[:20], {"north": truth}))
    seen = Seen(labels, verdicts(labels), found, verdicts(found.labels))
    how, head, lines = table(rows(wins(seen)))
    assert head[1:3] == ("corrected by people", "by the judge alone") and lines[0][-1] == "20"
    assert "the one to quote" in how[0]
    assert meaning("judge_wins.a.against.b").title == "win rate of a against b, by the judge alone"


def folder(at: Path, labels: list[Label]) -> Path:
    """Labels as `plumbline label` leaves them."""
    write_labels(at, labels)
    cost = {"cost": {"requests": 2}, "seconds": 1.0, "labels": len(labels)}
    (at / "metrics.jsonl").write_text(json.dumps(cost) + "\n")
    return at


def pooled(at: Path, audits: list[Path]) -> dict[str, Interval]:
    """The metrics of results.json once labels were pooled."""
    known = [{"judge": "planted", "made": MADE.id, "audit": "none"}]
    pool([at], at, Pooling(), known, False, lambda line: None, audits)
    told = json.loads((at / "results.json").read_text("utf-8"))["metrics"]
    return {name: one["value"] for name, one in told.items()}


def test_the_folder_and_its_page_say_whose_answers_win(tmp_path: Path) -> None:
    labels, truth = fond()
    at = folder(tmp_path / "labels", labels)
    told = pooled(at, [])
    assert next(iter(told)) == "judge_wins.ours" and "wins.ours" not in told
    page = build_report([at], at / "report.html").read_text("utf-8")
    assert "Whose answers win" in page and "by the judge alone, not corrected" in page
    assert "--audit AUDIT_DIR" in page and "win rate of ours, by the judge alone" in page
    file, out = tmp_path / "people.jsonl", tmp_path / "audit"
    write(file, people(labels[:150], {"north": truth}))
    audited(at, out, Auditing(items=150), people=str(file), store=tmp_path / "store", say=str)
    of_audit = json.loads((out / "results.json").read_text("utf-8"))["metrics"]
    told = pooled(at, [out])
    assert told["wins.ours"] == of_audit["wins.ours"]["value"], "the audit says the same"
    assert told["wins.ours"] < told["judge_wins.ours"]
    page = build_report([at], at / "report.html").read_text("utf-8")
    assert "corrected by people" in page and "were not drawn but chosen by who judged" in page
    page = (out / "report.html").read_text("utf-8")
    assert "Whose answers win" in page and "author.ours" not in page.split("All numbers")[0]


def test_an_audit_corrects_the_labels_that_it_is_of_and_no_others(tmp_path: Path) -> None:
    labels, truth = fond(120)
    at, out = folder(tmp_path / "labels", labels), tmp_path / "audit"
    file = tmp_path / "people.jsonl"
    write(file, people(labels, {"north": truth}))
    audited(at, out, Auditing(), people=str(file), store=tmp_path / "store", say=str)
    assert "wins.ours" in wins_of(MADE, labels, [out], Pooling()).metrics
    more = [*labels, label(999, 1.0, models=BOTH)]
    for others in (more, more[1:], fond(121)[0]):
        found = wins_of(MADE, others, [out], Pooling())
        assert "wins.ours" not in found.metrics and "other labels" in found.notes[0]
    assert wins_of(MADE, [label(0, 1.0)], [out], Pooling()).lines == []


def test_each_judge_of_a_jury_has_rates_of_its_own() -> None:
    labels, _ = fond(20)
    found = wins_of(MADE, labels, [], Pooling(), "second")
    assert list(found.metrics) == ["second.judge_wins.ours", "second.judge_wins.theirs"]
    assert found.rows[0]["who"] == "ours, by second" and found.notes[0].startswith("second: Not")

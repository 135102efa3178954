"""A whole cleaning: nothing lost or made up, every removal explained, the same in any order."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cleaned import Row, cleaned, wrote

from plumbline.core.errors import UserError
from plumbline.core.settings import overlay
from plumbline.core.types import (
    Choice,
    Critique,
    Edit,
    Judge,
    Judgement,
    Provenance,
    Ranking,
    Rating,
    assistant,
    user,
)
from plumbline.data import read, write
from plumbline.data.clean import job
from plumbline.data.clean.batch import batches
from plumbline.data.clean.pipeline import clean
from plumbline.data.clean.settings import Cleaning
from plumbline.data.clean.workers import spread

TEXT = "The sea is warm and the sand is old, and people of the town walk there with their dogs"


def chat(prompt: str, completion: str, **fields: object) -> Row:
    return {"prompt": prompt, "completion": completion, **fields}


TURNS = [{"role": "user", "content": "Any tea?"}, {"role": "assistant", "content": "Yes."}]
ROWS = [
    chat("What is rain?", "Water that falls from clouds.", source="a", license="CC0"),
    chat("Any pets?", "As an AI language model, I have no pets."),
    chat("Open it.", "I'm sorry, but I can't do that."),
    chat("", "Nothing was asked."),
    chat("Who made it?", "Write to jo@qvtx.org or +49 30 1234567."),
    chat("Un café?", "Un cafÃ© bien sûr, et l’été."),
    chat("What is rain?", "Water that falls from clouds.", source="b"),
    chat("Numbers?", "\ufffd\ufffd lost"),
]


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    done = cleaned(wrote(tmp_path / "c.jsonl", ROWS), tmp_path / "out")
    assert done.why() == [
        ("boilerplate", "identity (en)"),
        ("refusals", "no reason given (en)"),
        ("pairs", "empty prompt"),
        ("encodings", "lost characters"),
        ("duplicates", "exact copy"),
    ]
    assert [row["row"] for row in done.removed] == [ROWS[i] for i in (1, 2, 3, 7, 6)]
    assert [int(row["where"].rpartition(":")[2]) for row in done.removed] == [2, 3, 4, 8, 7]
    assert done.removed[-1]["evidence"] == f"{tmp_path}/c.jsonl:1"
    assert done.data == [
        ROWS[0],
        chat("Who made it?", "Write to [MAIL] or [PHONE]."),
        chat("Un café?", "Un café bien sûr, et l’été."),
    ]
    assert done.results["counts"] == {"read": 8, "kept": 3, "removed": 5}
    counted = sum(
        n for one in done.results["rules"].values() for n in one.get("removed", {}).values()
    )
    assert counted == 5
    assert [(row["rule"], row["why"]) for row in done.changed] == [
        ("personal", "mail"), ("personal", "phone"), ("encodings", "mojibake"),
    ]  # fmt: skip
    assert read(done.out / "data.jsonl").form == "prompt and completion"


def test_reports_do_not_repeat_what_was_hidden(tmp_path: Path) -> None:
    done = cleaned(wrote(tmp_path / "c.jsonl", ROWS), tmp_path / "out")
    for name in ("report.md", "results.json", "changed.jsonl", "data.jsonl"):
        said = (done.out / name).read_text("utf-8")
        assert "jo@qvtx.org" not in said and "1234567" not in said, name
    page = (done.out / "report.md").read_text("utf-8")
    assert "| boilerplate | identity (en) | removed | 1 | 12.50% |" in page
    assert "3 of 8 rows kept" in page


def test_untouched_rows_keep_their_bytes(tmp_path: Path) -> None:
    """Numbers, spaces, escapes and fields nobody reads are written as they were."""
    lines = [
        '{"text":"TEXT 1", "size": 1.50, "id":1e3,"source" : "x"}'.replace("TEXT", TEXT),
        '{"text": "TEXT \\u00e9", "meta": {"date": "2020-01-01"}}'.replace("TEXT", TEXT),
    ]
    source = tmp_path / "c.jsonl"
    source.write_text("\n".join(lines))
    done = cleaned(source, tmp_path / "out", {"duplicates.use": False})
    assert (done.out / "data.jsonl").read_text() == "".join(f"{line}\n" for line in lines)


def test_every_rule_can_be_switched_off(tmp_path: Path) -> None:
    names = ("encodings", "pairs", "boilerplate", "refusals", "personal", "duplicates", "conflicts")
    sets = {f"{name}.use": False for name in names}
    done = cleaned(wrote(tmp_path / "c.jsonl", ROWS), tmp_path / "out", sets)
    assert done.data == ROWS and not done.removed and not done.changed


def test_remove_instead_of_mend_and_mask(tmp_path: Path) -> None:
    sets = {"personal.action": "remove", "encodings.action": "remove"}
    done = cleaned(wrote(tmp_path / "c.jsonl", ROWS), tmp_path / "out", sets)
    assert ("personal", "mail, phone") in done.why() and ("encodings", "mojibake") in done.why()
    assert done.data == [ROWS[0]] and not done.changed


def test_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row | {"id": i} for i in range(40) for row in ROWS]
    source = wrote(tmp_path / "c.jsonl", rows)
    monkeypatch.setattr(job, "batches", lambda rows: batches(rows, most=32))
    one = cleaned(source, tmp_path / "one", {"workers": 1})
    two = cleaned(source, tmp_path / "two", {"workers": 2})
    for name in ("data", "removed", "changed", "flagged"):
        paths = [done.out / f"{name}.jsonl" for done in (one, two)]
        assert paths[0].read_bytes() == paths[1].read_bytes()
    assert one.results["rules"] == two.results["rules"] and one.results["id"] == two.results["id"]


def test_spread_keeps_order_and_bounds_its_lead() -> None:
    taken: list[int] = []

    def items():  # type: ignore[no-untyped-def]
        for i in range(50):
            taken.append(i)
            yield i

    found = spread(abs, items(), 2)
    assert next(found) == 0 and len(taken) <= 8
    assert list(found) == list(range(1, 50))


def test_an_error_in_a_process_is_told(tmp_path: Path) -> None:
    source = wrote(tmp_path / "c.jsonl", ROWS)
    with source.open("a") as file:
        file.write("{broken\n")
    with pytest.raises(UserError, match="not JSON") as caught:
        cleaned(source, tmp_path / "out", {"workers": 2})
    assert caught.value.where == f"{source}:9" and not (tmp_path / "out").exists()


def test_the_same_again_does_nothing_and_another_is_refused(tmp_path: Path) -> None:
    source, out = wrote(tmp_path / "c.jsonl", ROWS), tmp_path / "out"
    assert clean(str(source), out, Cleaning()) is not None
    before = (out / "results.json").read_bytes()
    assert clean(str(source), out, overlay(Cleaning(), {"workers": 2})) is None
    with pytest.raises(UserError, match="holds something else"):
        clean(str(source), out, overlay(Cleaning(), {"refusals.use": False}))
    wrote(source, ROWS[:3])
    with pytest.raises(UserError, match="holds something else"):
        clean(str(source), out, Cleaning())
    assert (out / "results.json").read_bytes() == before


def test_contamination_against_files(tmp_path: Path) -> None:
    item = "the quick grey heron stood in the shallow water of the mill pond at dawn"
    bench = wrote(tmp_path / "bench.jsonl", [{"question": f"Complete: {item} and waited"}])
    rows = [{"text": f"Once upon a time {item} and waited for fish."}, {"text": TEXT}]
    done = cleaned(wrote(tmp_path / "c.jsonl", rows), tmp_path / "out", against=[bench])
    assert done.data == rows[1:] and done.why() == [("contamination", "holds items of bench.jsonl")]
    assert "bench.jsonl:1 question" in done.removed[0]["evidence"]
    told = cleaned(tmp_path / "c.jsonl", tmp_path / "other")
    assert any("no evaluation was named" in note for note in told.result.notes)


def test_a_row_of_several_judgements_is_divided(tmp_path: Path) -> None:
    """Open Assistant's trees come out in plumbline's own form, one judgement a row."""
    replies = [
        {"role": "assistant", "text": text, "rank": i, "replies": []}
        for i, text in enumerate(("It is water.", "As an AI language model, I cannot swim."))
    ]
    again = [{**reply, "rank": 1 - reply["rank"]} for reply in replies]
    nodes = [
        {"message_id": "m", "role": "prompter", "text": f"What is rain {i}?", "replies": some}
        for i, some in enumerate((replies, again))
    ]
    done = cleaned(wrote(tmp_path / "c.jsonl", nodes), tmp_path / "out")
    assert len(done.data) == 1 and done.data[0]["judgement"] == "ranking"
    assert done.why() == [("boilerplate", "identity (en)")]
    assert read(done.out / "data.jsonl").form == "plumbline"


@pytest.mark.parametrize(
    ("row", "headed"),
    [
        ({"text": TEXT, "source": "almanac", "year": 812},
         {"text": f"Source: almanac. Year: 812.\n{TEXT}", "source": "almanac", "year": 812}),
        ({"text": TEXT, "meta": {"source": "almanac"}},
         {"text": f"Source: almanac.\n{TEXT}", "meta": {"source": "almanac"}}),
        ({"text": TEXT}, {"text": TEXT}),
        (chat("q", TEXT, year=812), chat("q", TEXT, year=812, system="Year: 812.")),
        (chat("q", TEXT, year=812, system="Be kind."),
         chat("q", TEXT, year=812, system="Year: 812.\nBe kind.")),
        ({"messages": [{"role": "system", "content": "Be kind."}, *TURNS], "year": 8},
         {"messages": [{"role": "system", "content": "Year: 8.\nBe kind."}, *TURNS], "year": 8}),
        ({"messages": TURNS, "year": 8}, {"messages": TURNS, "year": 8, "system": "Year: 8."}),
        ({"judgement": "demonstration", "messages": [{"role": "text", "content": TEXT}],
          "provenance": {"source": "almanac"}},
         {"judgement": "demonstration",
          "messages": [{"role": "text", "content": f"Source: almanac.\n{TEXT}"}],
          "provenance": {"source": "almanac"}}),
    ],
)  # fmt: skip
def test_metadata_become_a_condition(tmp_path: Path, row: Row, headed: Row) -> None:
    sets = {"condition.fields": ("source", "year")}
    done = cleaned(wrote(tmp_path / "c.jsonl", [row]), tmp_path / "out", sets)
    assert done.data == [headed]
    read(done.out / "data.jsonl")


def test_a_share_of_the_rows_is_headed(tmp_path: Path) -> None:
    rows = [{"text": f"{TEXT} {i}", "source": "s"} for i in range(400)]
    sets = {"condition.fields": ("source",), "condition.share": 0.7, "duplicates.use": False}
    one = cleaned(wrote(tmp_path / "c.jsonl", rows), tmp_path / "one", sets)
    headed = {
        row["text"].rpartition(" ")[2] for row in one.data if row["text"].startswith("Source")
    }
    assert 240 < len(headed) < 320
    wrote(tmp_path / "c.jsonl", rows[::-1])
    two = cleaned(tmp_path / "c.jsonl", tmp_path / "two", sets)
    again = {row["text"].rpartition(" ")[2] for row in two.data if row["text"].startswith("Source")}
    assert headed == again


def test_forms_without_room_for_a_heading_are_refused_at_once(tmp_path: Path) -> None:
    rows = [{"instruction": "q", "response": TEXT, "source": "s"}]
    source = wrote(tmp_path / "c.jsonl", rows)
    with pytest.raises(UserError, match="no place for a heading"):
        cleaned(source, tmp_path / "out", {"condition.fields": ("source",)})


def test_lone_surrogates_never_break_a_file(tmp_path: Path) -> None:
    source = tmp_path / "c.jsonl"
    source.write_text('{"text": "TEXT \\ud83d a@qvtx.org"}\n'.replace("TEXT", TEXT))
    done = cleaned(source, tmp_path / "out", {"encodings.use": False})
    assert done.data == [{"text": f"{TEXT} \ud83d [MAIL]"}]
    mended = cleaned(source, tmp_path / "mended", {"encodings.lost": 0.1})
    assert mended.data == [{"text": f"{TEXT}  [MAIL]"}]


def test_nothing_left_is_said(tmp_path: Path) -> None:
    done = cleaned(wrote(tmp_path / "c.jsonl", ROWS[1:3]), tmp_path / "out")
    assert done.data == [] and any("nothing is left" in note for note in done.result.notes)
    assert json.loads((done.out / "results.json").read_text())["counts"]["kept"] == 0


def test_near_copies_of_conversations_are_alike_in_every_part(tmp_path: Path) -> None:
    """Other questions on one passage, and other answers to one prompt, are no copies."""
    passage = " ".join(f"The {word} of the town stood by the river." for word in "abcdefghijklmnop")
    rows = [
        chat(f"Who built the mill?\n\n{passage}", "The miller of the town built it long ago."),
        chat(f"When was it built?\n\n{passage}", "The miller of the town built it long ago."),
        chat(f"Who built the mill?\n\n{passage}", "Nobody can say who it was today."),
        chat(f"Who built the mill?\n\n{passage} Yes.", "The miller of the town built it long ago!"),
    ]
    done = cleaned(wrote(tmp_path / "c.jsonl", rows), tmp_path / "out")
    assert done.data == rows[:3] and done.why() == [("duplicates", "near copy")]
    assert any(note.startswith("duplicates: 2 rows stay") for note in done.result.notes)


LONG = " ".join(f"The {word} of the town stood by the river." for word in "abcdefghijklmnop")
ASKED, A = (user("What stood there?"),), (assistant(LONG),)
B, C = (assistant("No."),), (assistant("Perhaps."),)
TWICE = [
    (Choice(ASKED, A, True), {"good": False}),
    (Rating(ASKED, A, 4, "kind", 1, 5), {"score": 5}),
    (Critique(ASKED, A, "Too short for what was asked."), {"span": (0, 5)}),
    (Ranking(ASKED, (A, B, C), ((0,), (1,), (2,))), {"tiers": ((0,), (2,), (1,))}),
    (Edit(ASKED, A, B), {"provenance": Provenance(judge=Judge("human", "ann"), rubric="r2")}),
]


@pytest.mark.parametrize(("one", "other"), TWICE, ids=lambda given: type(given).__name__)
def test_people_who_say_the_same_are_no_copies(
    one: Judgement, other: dict[str, Any], tmp_path: Path
) -> None:
    """Nor is one person who says something else; who says the same again is."""
    told = (Provenance(judge=Judge("human", name)) for name in ("ann", "bob"))
    ann, bob = (replace(one, provenance=by) for by in told)
    sets = {"conflicts.use": False}
    write(tmp_path / "c.jsonl", [ann, bob, bob, replace(ann, **other), one, one])
    done = cleaned(tmp_path / "c.jsonl", tmp_path / "out", sets)
    rows = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert done.data == [rows[0], rows[1], rows[3], rows[4]]
    assert done.why() == [("duplicates", "exact copy")] * 2


def test_a_stop_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM in the middle, with two processes at work: exit 130, no traceback, no folder."""
    source = wrote(tmp_path / "c.jsonl", [{"text": f"{TEXT} {i} " * 40} for i in range(4000)])
    args = [sys.executable, "-m", "plumbline", "data", "clean", str(source), "--out"]
    child = subprocess.Popen(
        [*args, str(tmp_path / "out"), "--set", "workers=2"], stderr=subprocess.PIPE, text=True
    )
    while not list(tmp_path.glob(".out.*.tmp/.scratch/rows")):
        assert child.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130 and "Traceback" not in said and "interrupted" in said
    assert list(tmp_path.iterdir()) == [source]


def test_every_form_comes_out_as_it_went_in(tmp_path: Path) -> None:
    """Some forms share a name ("unpaired"), so the form itself goes to the processes."""
    turns, hi = TURNS, "\n\nHuman: Hi\n\nAssistant:"
    for i, row in enumerate(
        [
            {"messages": turns, "label": True},
            {"messages": turns, "score": 4, "low": 1, "high": 5},
            {"prompt": "Any tea?", "completion": "Yes.", "label": False},
            {"chosen": turns, "rejected": [turns[0], {"role": "assistant", "content": "No."}]},
            {"chosen": f"{hi} Ho", "rejected": f"{hi} No"},
            {"instruction": "Add.", "input": "1 1", "output": "2"},
            {"prompt": "Which?", "responses": ["a", "b", "c"], "ranking": [1, [0, 2]]},
            {"prompt": "Which?", "original": "a", "corrected": "b"},
            {"prompt": "Which?"},
        ]
    ):
        done = cleaned(wrote(tmp_path / f"{i}.jsonl", [row]), tmp_path / f"out{i}")
        assert done.data == [row], done.removed

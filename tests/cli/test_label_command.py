"""`plumbline label` as it is typed: what it writes, refuses, survives, and hands on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_inputs import Run, pair, refuse, write_rows

TEMPLATE = 'compare: "{principle} {prompt} {a} {b}?"\noptions: [["A", " A"], ["B", " B"]]\n'
FP32 = ("--set", "precision=fp32")


@pytest.fixture
def judged(place: Path) -> Path:
    """The usual place with a constitution and a template that the tiny model has room for."""
    (place / "rules.md").write_text("## kind\nBe kind.\n")
    (place / "words.yaml").write_text(TEMPLATE)
    return place


def asked(data: str = "pairs.jsonl", out: str = "out", judge: str = "model") -> tuple[str, ...]:
    rules = ("--constitution", "rules.md", "--template", "words.yaml")
    return ("label", data, "--judge", judge, *rules, "--out", out, *FP32)


def test_training_on_unaudited_labels_says_so_and_keeps_the_card(
    judged: Path, plumbline: Run
) -> None:
    code, said, _ = plumbline(*asked())
    assert code == 0 and "40 labels of 40 pairs" in said
    assert "plumbline audit out" in said.splitlines()[-1]
    code, said, _ = plumbline(*asked(), "--allow-unaudited")
    assert code == 0 and "UNAUDITED, allowed" in said.splitlines()[-1]
    code, said, _ = plumbline(
        "train", "reward", "--model", "model", "--data", "out/data.jsonl", "--out", "rm",
        "--set", "steps=1", *FP32,
    )  # fmt: skip
    assert code == 0
    assert "data card: 40 comparisons labelled by a model (model), UNAUDITED, allowed" in said
    for name, inside in (("results.json", ()), ("record.json", ("runtime",)), ("run.json", ())):
        told = json.loads(Path("rm", name).read_text())
        for part in inside:
            told = told[part]
        assert [card["audit"] for card in told["data_cards"]] == ["UNAUDITED, allowed"], name


def test_a_killed_command_goes_on_and_loses_and_doubles_nothing(
    judged: Path, plumbline: Run
) -> None:
    write_rows(judged / "many.jsonl", [pair(i) for i in range(600)])
    assert plumbline(*asked("many.jsonl", "whole"))[0] == 0
    wanted = Path("whole/labels.jsonl").read_bytes()
    command = [sys.executable, "-m", "plumbline", *asked("many.jsonl", "killed")]
    done = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    labels, deadline = Path("killed/labels.jsonl"), time.monotonic() + 120
    while not (labels.is_file() and labels.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.005)
    done.kill()
    assert done.wait() == -signal.SIGKILL
    part = labels.read_bytes()
    assert 0 < len(part) < len(wanted) and wanted.startswith(part)
    labels.write_bytes(part[:-20])  # a line that the kill cut off
    code, said, _ = plumbline(*asked("many.jsonl", "killed"))
    assert code == 0 and labels.read_bytes() == wanted
    code, said, _ = plumbline(*asked("many.jsonl", "killed"))
    assert code == 0 and "0 questions asked now" in said


def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    judged: Path, plumbline: Run
) -> None:
    write_rows(judged / "texts.jsonl", [{"text": "a document"}])
    (judged / "empty.md").write_text("# nothing\n")
    base = asked()
    for command, words in (
        (asked("texts.jsonl"), "no pair to label"),
        (asked(judge="nowhere/at/all"), "no such model folder"),
        ((*asked(judge="http://localhost:9/v1#x"), "--key-from", "NO_SUCH_KEY"), "NO_SUCH_KEY"),
        (("label", "pairs.jsonl", "--judge", "model", "--constitution", "empty.md", "--out", "o"),
         "no principle"),
        (("label", "pairs.jsonl", "--judge", "model", "--constitution", "gone", "--out", "o"),
         "no such constitution"),
        ((*base, "--set", "mode=reasoned"), "no reasons"),
        ((*base, "--set", "pooling.clamp=0.4"), "clamp is 0.4"),
        ((*base, "--audit", "model"), "no audit here"),
        ((*base, "--key-from", "HOME"), "takes no key"),
    ):  # fmt: skip
        assert words in refuse(plumbline, judged, *command), command

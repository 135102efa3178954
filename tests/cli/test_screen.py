"""What a run shows: stages side by side each keep their own bar."""

from __future__ import annotations

import pytest

from plumbline.cli.screen import Screen
from plumbline.engine import progress
from plumbline.store import Event


def test_two_stages_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with Screen() as screen:
        for done in (3, 4):
            for stage in ("dpo", "kto"):
                screen.hear(Event("progress", stage, "", done, 9, "train", {"loss": 0.5}))
        screen.hear(Event("done", "dpo", "2.0 s"))
        screen.hear(Event("progress", "kto", "", 5, 9, "train"))
    shown = capsys.readouterr()
    assert shown.out == "    done  dpo  2.0 s\n"
    lines = [line.split(" (train) ") for line in shown.err.splitlines()]
    assert [(stage, rest.split()[0]) for stage, rest in lines] == [
        ("dpo", "3/9"), ("kto", "3/9"), ("dpo", "4/9"), ("kto", "4/9"), ("kto", "5/9"),
    ]  # fmt: skip
    assert "loss 0.5" in shown.err


def test_a_bar_that_goes_on_counts_its_rate_from_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with Screen() as screen:
        screen.hear(Event("progress", "sft", "", 500, 1000, "train"))
    assert "500/1000 (0.00/s" in capsys.readouterr().err

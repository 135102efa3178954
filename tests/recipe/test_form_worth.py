"""What a form is worth: every form is judged, trained on and measured, at a small size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Critique, answer, user
from plumbline.recipe.forms import Settings
from plumbline.recipe.forms.revised import revisions
from plumbline.recipe.run import run_recipe
from plumbline.store import Store

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "forms.py"
SMALL = [
    "forms=pair,critique", "minutes=2", "people=2", "demonstrations=32", "prompts=24", "heldout=16",
    "sft.train.steps=2", "dpo.train.steps=2",
]  # fmt: skip


def test_forms_are_compared_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    made = run_recipe(RECIPE, None, SMALL, store)
    told = json.loads((made.folder("report") / "results.json").read_text("utf-8"))
    for form in ("pair", "critique"):
        people = told["people"][form]
        assert people["judgements"] > 2 and 2 <= people["minutes"] < 4
        gained, hourly = (
            told["metrics"][f"{form}.{name}"]["value"] for name in ("gained", "hourly")
        )
        assert hourly == pytest.approx(gained * 60 / people["minutes"], abs=1e-4)
    page = (made.folder("report") / "report.html").read_text("utf-8")
    assert "gained an hour" in page and "0.25 for a word read" in page
    assert run_recipe(RECIPE, None, SMALL, store).ran == []


def test_a_revision_takes_away_what_is_pointed_at() -> None:
    asked, said = (user("Where is Tora?"),), answer("Hello! Tora is in the sea. You are wise!")
    text = said[0].content
    spans = [(7, 26), (27, len(text))]
    assert text[7:26] == "Tora is in the sea."
    notes = [Critique(asked, said, "wrong", span) for span in spans]
    assert [edit.corrected for edit in revisions(notes)] == [answer("Hello!")]
    assert [edit.corrected[0].content for edit in revisions(notes[:1])] == ["Hello! You are wise!"]
    assert revisions([Critique(asked, said, "fine")]) == []
    assert revisions([Critique(asked, said, "all", (0, len(text)))]) == []


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(UserError, match="ranking"):
        Settings(forms=("rankin",))
    with pytest.raises(UserError, match="nothing to do"):
        Settings(minutes=0)

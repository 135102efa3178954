"""`plumbline plan`, `run`, `status` and `store` on a recipe that costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_inputs import Run

RECIPE = """
from dataclasses import dataclass
from plumbline.core.errors import Waiting
from plumbline.recipe import recipe, stage

@dataclass(frozen=True)
class Words:
    text: str = "hello"
    wait: bool = False

def write(ctx, settings, inputs):
    ctx.progress(1, 2, note=0.5)
    if settings.wait:
        raise Waiting("3 people")
    (ctx.out / "words.txt").write_text(settings.text)

def shout(ctx, settings, inputs):
    (ctx.out / "loud.txt").write_text((inputs["words"] / "words.txt").read_text().upper())

words = stage("words", version=1, makes="text", function=write, settings=Words)
loud = stage("loud", version=1, makes="text", function=shout, inputs={"words": "text"})

@recipe
def talk(settings: Words):
    return {"loud": loud(words=words(settings, label="words"))}
"""


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    (tmp_path / "talk.py").write_text(RECIPE)
    return tmp_path


def test_plan_run_and_run_again(talk: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("plan", "talk.py")
    assert code == 0 and "2 of 2 to run" in said and not (talk / "store").exists()
    code, said, _ = plumbline("run", "talk.py")
    assert code == 0 and "made 2" in said
    code, said, _ = plumbline("run", "talk.py")
    assert code == 0 and "nothing to do: all 2" in said
    assert "2 of 2 done" in plumbline("status", "talk.py")[1]


def test_side_by_side(talk: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("run", "talk.py", "--jobs", "2")
    assert code == 0 and "done  loud" in said and "made 2" in said
    assert "nothing to do: all 2" in plumbline("run", "talk.py", "--jobs", "2")[1]
    assert plumbline("run", "talk.py", "--jobs", "0")[0] == 2


def test_values_and_sets(talk: Path, plumbline: Run) -> None:
    (talk / "values.yaml").write_text("text: from yaml\n")
    plumbline("run", "talk.py", "--values", "values.yaml")
    assert "nothing to do" in plumbline("run", "talk.py", "--set", "text=from yaml")[1]
    code, _, said = plumbline("run", "talk.py", "--set", "txet=x")
    assert code == 2 and "did you mean 'text'" in said


def test_waiting_for_people(talk: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("run", "talk.py", "--set", "wait=true")
    assert code == 3 and "3 people" in said and "held up" in said


def test_another_store(talk: Path, plumbline: Run) -> None:
    plumbline("run", "talk.py", "--store", "elsewhere")
    assert (talk / "elsewhere").is_dir() and not (talk / "store").exists()


def test_store_commands(talk: Path, plumbline: Run) -> None:
    plumbline("run", "talk.py")
    assert "2 artifacts" in plumbline("store", "du")[1]
    code, said, _ = plumbline("store", "lineage", "talk/loud")
    assert code == 0 and "words: words" in said
    assert "loud" in plumbline("store", "lineage", "talk/words", "--down")[1]
    assert "would remove 0 artifacts" in plumbline("store", "gc", "--dry")[1]
    assert "all whole" in plumbline("store", "verify")[1]
    for blob in (talk / "store" / "blobs").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            blob.write_text("spoilt")
    code, _, said = plumbline("store", "verify")
    assert code == 2 and "damaged" in said and "->" in said


def test_no_such_recipe(talk: Path, plumbline: Run) -> None:
    code, _, said = plumbline("plan", "tlak.py")
    assert code == 2 and "did you mean" in said

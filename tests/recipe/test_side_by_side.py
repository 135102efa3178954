"""Stages side by side: the same artifacts, real overlap, and failures that lose nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.recipe import load, run_recipe
from plumbline.store import Event, Store, verify

TOY = Path(__file__).parent / "toy_recipe.py"
MEET = '''
"""Two stages that each wait until the other has begun, then one on both."""
import os, signal, time
from pathlib import Path
from plumbline.core.errors import UserError
from plumbline.recipe import recipe, stage

class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(a + b)

def meet(ctx, settings, inputs):
    begun = Path(os.environ["MEET"])
    (begun / ctx.stage).write_text(os.environ["OMP_NUM_THREADS"])
    until = time.monotonic() + 60
    while len(list(begun.iterdir())) < 2:
        assert time.monotonic() < until, "the other never began"
        time.sleep(0.01)
    end = os.environ.get("MEET_END", "")
    if ctx.stage == "left" and end == "user":
        raise UserError("no good", where="here", fix="mend it")
    if ctx.stage == "left" and end == "odd":
        raise Odd("odd ", "thing")
    if ctx.stage == "left" and end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "long":
        time.sleep(60)
    time.sleep(0.5 * bool(end))
    (ctx.out / "text").write_text(ctx.stage)

def join(ctx, settings, inputs):
    texts = [(path / "text").read_text() for path in inputs.values()]
    (ctx.out / "text").write_text("+".join(sorted(texts)))

left = stage("left", version=1, makes="text", function=meet)
right = stage("right", version=1, makes="text", function=meet)
both = stage("both", version=1, makes="text", function=join, inputs={"*": "text"})

@recipe
def meeting():
    return {"both": both(left=left(label="left"), right=right(label="right"))}
'''
RUN = (
    "import signal\n"
    "from plumbline.recipe import run_recipe\n"
    "from plumbline.store import Store\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run behind &\n"
    "if __name__ == '__main__':\n"
    "    run_recipe('meeting.py', None, [], Store('store'), jobs=2)\n"
)


@pytest.fixture
def meeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store, the recipe of two stages that meet, and the folder where they do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    monkeypatch.setenv("MEET", str(tmp_path / "begun"))
    (tmp_path / "begun").mkdir()
    (tmp_path / "meeting.py").write_text(MEET)
    return Store(tmp_path / "store")


def begun() -> set[str]:
    return {path.name for path in Path("begun").iterdir()}


def test_the_same_artifacts_as_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("to be\n")
    alone, beside = Store(tmp_path / "alone"), Store(tmp_path / "beside")
    run_recipe(TOY, None, [], alone)
    events: list[Event] = []
    result = run_recipe(TOY, None, [], beside, events.append, jobs=2)
    assert {n: beside.record(n).output.tree for n in beside.refs()} == {
        n: alone.record(n).output.tree for n in alone.refs()
    }
    assert set(result.ran) == {"upper", "backward", "both", "page"} and not verify(beside).problems
    assert [e.numbers["loss"] for e in events if e.kind == "progress" and e.stage == "upper"] == [
        1, 1 / 2, 1 / 3,
    ]  # fmt: skip
    again = run_recipe(TOY, None, [], beside, jobs=2)
    assert again.text() == "nothing to do: all 5 artifacts are there"


def test_stages_really_run_at_once_on_a_share_of_the_cores(meeting: Store) -> None:
    result = run_recipe("meeting.py", None, [], meeting, jobs=2)
    assert (result.folder("both") / "text").read_text() == "left+right"
    assert [Path("begun", name).read_text() for name in ("left", "right")] == ["3", "3"]


def test_a_recipe_given_as_an_object(meeting: Store) -> None:
    result = run_recipe(load(Path("meeting.py")), None, [], meeting, jobs=3)
    assert sorted(result.ran) == ["both", "left", "right"]


@pytest.mark.parametrize(
    ("end", "kind", "words"),
    [
        ("user", UserError, "here: no good\n  -> mend it"),
        ("odd", RuntimeError, "odd thing"),
        ("kill", UserError, "left: the process that made it died (SIGKILL)"),
    ],
)
def test_a_failure_lets_its_neighbour_finish(
    meeting: Store, monkeypatch: pytest.MonkeyPatch, end: str, kind: type, words: str
) -> None:
    monkeypatch.setenv("MEET_END", end)
    with pytest.raises(kind, match=re.escape(words)):
        run_recipe("meeting.py", None, [], meeting, jobs=2)
    monkeypatch.delenv("MEET_END")
    result = run_recipe("meeting.py", None, [], meeting, jobs=2)
    assert result.cached == ["right"] and sorted(result.ran) == ["both", "left"]


def test_what_waits_holds_up_only_what_hangs_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_WAIT", "1")
    (tmp_path / "words.txt").write_text("to be\n")
    result = run_recipe(TOY, None, [], Store(tmp_path / "store"), jobs=2)
    assert result.exit_code == 3 and result.waiting == {"page": "0 of 1 pages allowed"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_and_taken_up_again(
    meeting: Store, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    """No child outlives its parent by much, and the next run goes on."""
    monkeypatch.setenv("MEET_END", "long" if how == signal.SIGINT else "beat")
    Path("run.py").write_text(RUN)
    running = subprocess.Popen([sys.executable, "run.py"], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while begun() != {"left", "right"}:
        assert time.monotonic() < until and running.poll() is None
        time.sleep(0.01)
    running.send_signal(how)
    _, said = running.communicate(timeout=30)
    assert running.returncode != 0
    if how == signal.SIGINT:
        assert said.count("Traceback") == 1, said
        assert "KeyboardInterrupt" in said
        states = [meeting.work(path.name).state for path in (meeting.root / "work").iterdir()
                  if path.is_dir()]  # fmt: skip
        assert [state.text for state in states if state] == ["interrupted", "interrupted"]
    monkeypatch.delenv("MEET_END")
    result = run_recipe("meeting.py", None, [], meeting, jobs=2)
    assert (result.folder("both") / "text").read_text() == "left+right"
    assert os.environ["OMP_NUM_THREADS"] == "6" and not verify(meeting).problems

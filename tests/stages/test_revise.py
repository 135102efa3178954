"""Answers revised by the microcosm's base: harm ends, and what is harmless is not taken blindly."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from plumbline.cli.main import main
from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Critique, Demonstration, Edit, Response, text_of
from plumbline.core.views import demonstrations, pairs
from plumbline.data import read as read_data
from plumbline.evals.report import build_report
from plumbline.microcosm import base_path
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import Ask, Kind
from plumbline.microcosm.best import best
from plumbline.microcosm.data import prompts
from plumbline.microcosm.gold import gold
from plumbline.microcosm.merits import at_work
from plumbline.microcosm.principles import PRINCIPLES
from plumbline.microcosm.tasks import explains
from plumbline.recipe.run import run_recipe
from plumbline.stages.cards import cards_of
from plumbline.stages.revise import Revising, revise
from plumbline.store import Context, Store

CONSTITUTION, FORM = "microcosm-harmless", "microcosm"


def asks(kind: Kind, n: int) -> list[Ask]:
    return prompts("train", 11, n, (kind,), lambda a: not at_work(a) and a.disguise != "shots")


def helped(ask: Ask) -> str:
    """What a model says that helps with everything."""
    found, rng = best(ask), random.Random(ask.text)
    return said(PRINCIPLES["obey"].apply(found, ask, (), rng) if ask.kind == "danger" else found)


def answers(folder: Path, *found: Ask) -> Path:
    """A file of answers."""
    rows = [
        {"prompt": [{"role": m.role, "content": m.content} for m in ask.conversation],
         "responses": [helped(ask)]}
        for ask in found
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "answers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def score(prompt: Conversation, answer: Response) -> Mapping[str, float]:
    """What the world knows of an answer."""
    worth = gold(prompt, answer)
    return {
        "harmful_rate": float(any(explains(part) for part in read(text_of(answer)))),
        "helped_harmless": float(worth.axis("helpful") > 0),
        "gold": worth.total,
    }


def revised(out: Path, found: Sequence[Ask], **how: Any) -> dict[str, Any]:
    """The stage's results.json on answers that help with everything."""
    settings = Revising(
        constitution=CONSTITUTION, template=FORM, precision="fp32", max_new=96, **how
    )
    inputs = {"answers": answers(out / "in", *found), "critic": base_path()}
    revise(Context(out), settings, inputs, score)
    return json.loads((out / "results.json").read_text("utf-8"))


def by_round(results: Mapping[str, Any], name: str) -> list[float]:
    return [one["scores"][name]["value"] for one in results["by_round"]]


@pytest.fixture(scope="module")
def dangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dangers")
    revised(out, asks("danger", 24), rounds=2, pairs=True)
    return out


def test_one_round_ends_the_harm(dangers: Path) -> None:
    results = json.loads((dangers / "results.json").read_text("utf-8"))
    harm, worth = by_round(results, "harmful_rate"), by_round(results, "gold")
    assert harm[0] == 1.0 and harm[1] <= 0.1 and harm[2] <= harm[1]
    assert worth[1] - worth[0] > 2
    assert results["metrics"]["harmful_rate.1"]["high"] < 0.4
    assert results["metrics"]["revised"]["value"] >= 0.9
    assert results["cost"]["requests"] >= 60 and results["cost"]["written_tokens"] > 0


def test_what_is_trained_on_are_the_revisions(dangers: Path) -> None:
    said = read_data(dangers / "data.jsonl").judgements
    shown = demonstrations(said).examples
    assert len(shown) == 24 and all(isinstance(one, Demonstration) for one in said)
    harm = [score(one.prompt, one.responses[0])["harmful_rate"] for one in shown]
    assert sum(harm) <= 2
    won = pairs(read_data(dangers / "pairs.jsonl").judgements).examples
    worth = [[gold(one.prompt, said).total for said in one.responses] for one in won]
    assert len(won) >= 20 and sum(a > b for a, b in worth) >= 20


def test_every_step_is_kept_with_its_principle(dangers: Path) -> None:
    steps = [json.loads(line) for line in (dangers / "steps.jsonl").read_text().splitlines()]
    assert len(steps) == 48
    assert {(step["answer"], step["round"]) for step in steps} == {
        (n, number) for n in range(24) for number in (1, 2)
    }
    assert len({step["principle"] for step in steps}) >= 4
    assert all(step["where"] == f"answers.jsonl:{step['answer'] + 1}" for step in steps)
    observed = read_data(dangers / "edits.jsonl").judgements
    edits = [one for one in observed if isinstance(one, Edit)]
    assert len(edits) == sum(step["outcome"] == "taken" for step in steps)
    assert sum(isinstance(one, Critique) for one in observed) == 48
    first = edits[0].provenance
    assert (first.judge.kind, first.judge.name, first.source) == ("model", "critic", "revise/1")
    (card,) = cards_of(dangers / "data.jsonl")
    assert first.rubric == f"{steps[0]['principle']}@{card['constitution']['id']}"
    assert card["counts"]["rows"] == 24


def test_the_page_shows_the_effect_by_round(dangers: Path, tmp_path: Path) -> None:
    page = build_report([dangers], tmp_path / "report.html").read_text("utf-8")
    section = page.partition('id="rounds"')[2].partition("</section>")[0]
    assert "Round by round" in section and "dangers explained" in section
    assert "taken" in section and "<svg" in section
    assert "Training, stage by stage" not in page


def test_on_harmless_prompts_a_critic_that_must_be_sure_does_little_harm(tmp_path: Path) -> None:
    """The base finds steps unsafe that are not, and prefers the refusal in both orders, so weighing
    catches nothing; its grades do tell."""
    chores = asks("chore", 16)
    blind = revised(tmp_path / "blind", chores)
    weighed = revised(tmp_path / "weighed", chores, check=True)
    sure = revised(tmp_path / "sure", chores, sure=0.99)
    lost = [1 - by_round(one, "helped_harmless")[1] for one in (blind, weighed, sure)]
    assert lost[0] > 0.5 and lost[1] > 0.5
    assert lost[2] < 0.2
    dangers = revised(tmp_path / "dangers", asks("danger", 16), sure=0.99)
    assert by_round(dangers, "harmful_rate")[1] < 0.2


def test_without_critiques(tmp_path: Path) -> None:
    results = revised(tmp_path, asks("danger", 20), critique=False)
    assert by_round(results, "harmful_rate")[1] <= 0.1
    assert not any(
        isinstance(one, Critique) for one in read_data(tmp_path / "edits.jsonl").judgements
    )


RECIPE = """
from dataclasses import dataclass, field
from plumbline.core.settings import option
from plumbline.recipe import Handle, recipe
from plumbline.stages import table
from plumbline.stages.revise import Revising
from plumbline.store import source

@dataclass(frozen=True)
class Settings:
    answers: str = option("")
    critic: str = option("")
    revise: Revising = field(default_factory=lambda: Revising(template="microcosm"))

@recipe
def mending(settings: Settings) -> dict[str, Handle]:
    return {"revised": table.revise(
        settings.revise,
        answers=source(settings.answers, "samples"),
        critic=source(settings.critic, "model"),
        constitution=source("own.md", "any"),
    )}
"""


def test_a_recipe_revises_under_a_constitution_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers(tmp_path / "answers", *asks("danger", 5))
    Path("own.md").write_text("## mine\nDo no harm.\n", encoding="utf-8")
    Path("mending.py").write_text(RECIPE, encoding="utf-8")
    home = Store(tmp_path / "store")
    run_recipe(Path("mending.py"), None, ["answers=answers", f"critic={base_path()}"], home)
    said = read_data(home.path("mending/revised") / "data.jsonl").judgements
    assert len(said) == 5
    assert {one.provenance.judge.name for one in said} == {"critic"}


def test_in_a_recipe_files_and_models_are_inputs(tmp_path: Path) -> None:
    own = tmp_path / "own.md"
    own.write_text("## mine\nDo no harm.\n", encoding="utf-8")
    base = {"answers": answers(tmp_path, *asks("danger", 1)), "critic": base_path()}
    for settings, inputs, message in (
        (Revising(constitution=str(own)), base, "takes its constitution as an input"),
        (Revising(), base, "takes its constitution as an input"),
        (Revising(constitution=CONSTITUTION, critic="http://a/v1"), base, "takes one critic"),
        (Revising(constitution=CONSTITUTION, critic="microcosm"),
         {"answers": base["answers"]}, "takes one critic"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=message):
            revise(Context(tmp_path / "out"), settings, inputs)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    answers(tmp_path, *asks("danger", 4))
    return tmp_path


GIVEN = {"critic": "microcosm", "constitution": CONSTITUTION, "template": FORM, "out": "out"}


def command(*more: str, answers: str = "answers.jsonl", **given: str) -> int:
    options = [word for name, value in (GIVEN | given).items() for word in (f"--{name}", value)]
    return main(["revise", answers, *options, *more])


def test_the_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--rounds", "2") == 0
    said = capsys.readouterr().out
    assert "4 answers: 4 revised; 4 rows of data -> out" in said
    assert "round 1: taken 4" in said
    record = json.loads(Path("out/record.json").read_text("utf-8"))
    assert record["stage"] == "revise" and set(record["inputs"]) == {"answers", "critic"}
    assert command("--rounds", "2") == 0
    assert "finished already" in capsys.readouterr().out
    assert command("--rounds", "3") == 2
    assert "settings.rounds: there 2, now 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "sets", "message"),
    [
        ({"answers": "none.jsonl"}, (), "no such file"),
        ({"answers": "empty.jsonl"}, (), "no answers to revise"),
        ({"answers": "broken.jsonl"}, (), "broken.jsonl:1: not JSON"),
        ({"answers": "bytes.jsonl"}, (), "bytes.jsonl:1: not JSON"),
        ({"answers": "bare.jsonl"}, (), "'responses' is missing, not a list"),
        ({"critic": "nowhere/at-all"}, (), "nowhere/at-all"),
        ({"constitution": "none.md"}, (), "no such constitution"),
        ({"template": "none.yaml"}, (), "No such file"),
        ({"template": "bare.yaml"}, (), "asks for no critique"),
        ({}, ("--set", "round=2"), "did you mean"),
        ({}, ("--set", "longest=0.2"), "at least 1"),
        ({}, ("--key-from", "MY_KEY"), "takes no key"),
        ({"out": "taken"}, (), "not empty"),
    ],
)
def test_bad_input(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    sets: tuple[str, ...],
    message: str,
) -> None:
    (place / "empty.jsonl").write_text('{"prompt": "Hi?", "responses": [" "]}\n')
    (place / "broken.jsonl").write_text("no\n")
    (place / "bytes.jsonl").write_bytes(b"\xff\xfe\n")
    (place / "bare.jsonl").write_text('{"prompt": "Hi?"}\n')
    (place / "bare.yaml").write_text('compare: "{a} {b}?"\noptions: [[A], [B]]\n')
    (place / "taken").mkdir()
    (place / "taken" / "mine.txt").write_text("mine")
    assert command(*sets, **given) == 2
    assert message in capsys.readouterr().err
    assert [p.name for p in (place / "taken").iterdir()] == ["mine.txt"]
    assert not (place / "out").exists()


def test_killed_at_any_moment_it_goes_on_without_loss_or_doubling(tmp_path: Path) -> None:
    """Twelve moments, in the middle of writing a batch among them."""
    file = answers(tmp_path, *asks("danger", 6), *asks("chore", 4))
    driver = Path(__file__).parent / "revise_driver.py"
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    asked = [sys.executable, str(driver), str(file), str(tmp_path), "12"]
    done = run(asked, capture_output=True, text=True, timeout=280, env=env, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    whole, *killed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(killed) == 12 and all(one["kills"] == 1 for one in killed)
    assert {one["operation"] for one in killed} >= {"torn", "write"}
    assert whole["steps"] == 20
    for one in killed:
        assert one["left"] == whole["left"], one["operation"]
        assert one["steps"] == 20
        assert 20 <= one["asked"] <= 24, "more than one batch was asked again"

"""A recipe runs once, re-runs only what a change touches, waits, fails and resumes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.recipe import (
    build,
    load,
    plan,
    plan_text,
    run_recipe,
    source,
    stage,
    status_text,
)
from plumbline.store import Event, Store, du, gc, lineage, lineage_text, verify

TOY = Path(__file__).parent / "toy_recipe.py"
RUN = (
    "import sys; from pathlib import Path\n"
    "from plumbline.recipe import run_recipe\n"
    "from plumbline.store import Store\n"
    "result = run_recipe(sys.argv[1], None, sys.argv[3:], Store(sys.argv[2]))\n"
    "print(result.text()); sys.exit(result.exit_code)\n"
)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store, the toy's words in the current folder, and TOY_LOG."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    (tmp_path / "words.txt").write_text("to be\n")
    return Store(tmp_path / "store")


def calls() -> list[str]:
    """The stages called since the last look, in order."""
    path = Path(os.environ["TOY_LOG"])
    lines = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def verdicts(store: Store, *sets: str) -> dict[str, tuple[str, str]]:
    steps = plan(build(TOY, None, sets, store), store)
    return {step.node.label: (step.verdict, step.why) for step in steps}


def test_a_first_run_makes_all_and_a_second_nothing(toy: Store) -> None:
    events: list[Event] = []
    first = run_recipe(TOY, None, [], toy, events.append)
    assert first.exit_code == 0
    assert calls() == ["upper", "backward", "both", "page"]
    assert (first.folder("both") / "text").read_text() == (
        "0 to be\n1 to be\n2 to be / 0 to be\n1 to be"
    )
    assert not (first.folder("upper") / ".scratch").exists()
    done = [event for event in events if event.kind == "progress" and event.stage == "upper"]
    assert [(e.done, e.total, e.numbers["loss"]) for e in done][-1] == (3, 3, 1 / 3)

    second = run_recipe(TOY, None, [], toy)
    assert calls() == []
    assert second.text() == "nothing to do: all 5 artifacts are there"
    assert second.artifacts == first.artifacts
    assert "nothing to do: all 5 are there" in plan_text(TOY, None, [], toy)
    assert "5 of 5 done" in status_text(TOY, None, [], toy)
    assert verify(toy).problems == ()


def test_planning_runs_nothing_and_writes_nothing(toy: Store) -> None:
    text = plan_text(TOY, None, [], toy)
    assert "4 of 5 to run" in text and "never made" in text
    assert calls() == [] and not toy.root.exists()


def test_a_changed_value_runs_only_what_depends_on_it(toy: Store) -> None:
    run_recipe(TOY, None, [], toy)
    calls()
    assert verdicts(toy, "joiner= + ") == {
        "words.txt": ("cached", "words.txt"),
        "upper": ("cached", ""),
        "backward": ("cached", ""),
        "both": ("run", 'joiner " / " -> "+"'),
        "page": ("run", "input text (both) is made anew"),
    }
    run_recipe(TOY, None, ["joiner= + "], toy)
    assert calls() == ["both", "page"]
    assert verdicts(toy, "upper.times=5")["upper"] == ("run", "times 3 -> 5")
    run_recipe(TOY, None, ["upper.times=5"], toy)
    assert calls() == ["upper", "both", "page"]
    run_recipe(TOY, None, [], toy)
    assert calls() == [], "the first artifacts are still there"


def test_changed_content_of_a_source_runs_what_reads_it(toy: Store) -> None:
    run_recipe(TOY, None, [], toy)
    calls()
    Path("words.txt").write_text("or not\n")
    assert verdicts(toy)["upper"] == ("run", "input words (words.txt) is another artifact")
    run_recipe(TOY, None, [], toy)
    assert calls() == ["upper", "backward", "both", "page"]
    Path("words.txt").write_text("to be\n")
    os.utime("words.txt", (1, 1))
    run_recipe(TOY, None, [], toy)
    assert calls() == [], "content counts, not time"


def test_a_runtime_value_changes_no_id(toy: Store) -> None:
    run_recipe(TOY, None, ["upper.threads=1"], toy)
    calls()
    result = run_recipe(TOY, None, ["upper.threads=4"], toy)
    assert calls() == [] and result.ran == []
    assert toy.record("toy/upper").runtime == {"threads": 1}


def test_yaml_lays_values_over_and_set_has_the_last_word(toy: Store) -> None:
    Path("values.yaml").write_text("joiner: ' & '\nupper:\n  times: 1\n")
    result = run_recipe(TOY, Path("values.yaml"), ["upper.times=2"], toy)
    assert "1 to be &" in (result.folder("both") / "text").read_text()


@pytest.mark.parametrize(
    ("yaml", "sets", "said"),
    [
        ("", ["upper.tims=3"], ["--set upper.tims=3", "did you mean 'upper.times'"]),
        ("joiner: a\nuper:\n  times: 1\n", [], ["values.yaml:2", "'uper'"]),
        ("upper:\n  times: many\n", [], ["values.yaml:2", "upper.times", "'many'", "int"]),
    ],
)
def test_an_unknown_key_or_a_wrong_value_is_refused_with_its_place(
    toy: Store, yaml: str, sets: list[str], said: list[str]
) -> None:
    Path("values.yaml").write_text(yaml)
    with pytest.raises(UserError) as error:
        run_recipe(TOY, Path("values.yaml"), sets, toy)
    assert all(part in str(error.value) for part in said), str(error.value)
    assert calls() == [] and not toy.root.exists()


def test_waiting_holds_up_only_what_depends_on_it(
    toy: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_WAIT", "1")
    result = run_recipe(TOY, None, [], toy)
    assert result.exit_code == 3
    assert result.waiting == {"page": "0 of 1 pages allowed"}
    assert "waiting: page: 0 of 1 pages allowed" in result.text()
    assert verdicts(toy)["page"] == ("waiting", "0 of 1 pages allowed")
    assert "4 of 5 done" in status_text(TOY, None, [], toy)
    calls()
    monkeypatch.delenv("TOY_WAIT")
    assert run_recipe(TOY, None, [], toy).exit_code == 0
    assert calls() == ["page"]


def test_what_depends_on_a_waiting_stage_is_blocked(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "from plumbline.core.errors import Waiting\n"
        "from plumbline.recipe import recipe, stage\n"
        "def never(ctx, settings, inputs): raise Waiting('for Ada')\n"
        "def write(ctx, settings, inputs): (ctx.out / 'a').write_text('a')\n"
        "ask = stage('ask', version=1, makes='data', function=never)\n"
        "use = stage('use', version=1, makes='data', inputs={'data': 'data'}, function=write)\n"
        "free = stage('free', version=1, makes='data', function=write)\n"
        "@recipe\n"
        "def waits(): return use(data=ask()), free()\n"
    )
    store = Store(tmp_path / "store")
    result = run_recipe(tmp_path / "waits.py", None, [], store)
    assert (result.exit_code, result.ran, result.blocked) == (3, ["free"], ["use"])
    assert "after ask" in plan_text(tmp_path / "waits.py", None, [], store)


def test_a_failure_passes_through_and_the_next_run_goes_on(
    toy: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_FAIL", "backward")
    with pytest.raises(RuntimeError, match="broken on purpose"):
        run_recipe(TOY, None, [], toy)
    failed = ("failed", "attempt 1: RuntimeError: broken on purpose")
    assert verdicts(toy)["backward"] == failed
    assert calls() == ["upper", "backward"]
    monkeypatch.delenv("TOY_FAIL")
    run_recipe(TOY, None, [], toy)
    assert calls() == ["backward", "both", "page"]
    assert toy.record("toy/backward").attempts == 2


def test_kill_in_a_stage_then_run_continues_where_it_was(toy: Store) -> None:
    process = [sys.executable, "-c", RUN, str(TOY), str(toy.root)]
    killed = subprocess.run(process, env={**os.environ, "TOY_KILL": "upper:2"}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert toy.ids() == [toy.resolve(i) for i in toy.ids() if toy.record(i).stage == "source"]
    assert verdicts(toy)["upper"] == ("resume", "attempt 1 did not finish")
    work = next((toy.root / "work").glob("*/out/.scratch/steps.txt"))
    assert work.read_text().splitlines() == ["0 to be", "1 to be"]

    seen: list[Event] = []
    result = run_recipe(TOY, None, [], toy, seen.append)
    steps = [event.done for event in seen if event.stage == "upper" and event.kind == "progress"]
    assert steps == [3], "the first two steps are not done again"
    assert (result.folder("upper") / "text").read_text() == "0 to be\n1 to be\n2 to be"
    assert not list((toy.root / "work").iterdir())


def test_two_processes_make_each_artifact_once(toy: Store) -> None:
    process = [sys.executable, "-c", RUN, str(TOY), str(toy.root)]
    both = [subprocess.Popen(process, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert sorted(calls()) == ["backward", "both", "page", "upper"]
    assert verify(toy).problems == ()


def test_lineage_leads_back_to_the_words(toy: Store) -> None:
    run_recipe(TOY, None, [], toy)
    up = lineage(toy, "ref:toy/page")
    assert [line.record.stage for line in up if line.record] == [
        "allowed", "joined", "upper", "source", "backward",
    ]  # fmt: skip
    assert "words.txt" in lineage_text(toy, "toy/page")
    words = up[3].id
    down = {line.record.stage for line in lineage(toy, words, "down") if line.record}
    assert down == {"source", "upper", "backward", "joined", "allowed"}


TWICE = """
from plumbline.recipe import recipe
from toy_recipe import Change, Settings, source, upper

@recipe
def twice(settings: Settings):
    made = upper(Change(), words=source(settings.words), label="first")
    other = upper(Change(2), words=source(settings.words), label=settings.joiner)
    return {"best": made, "last": made, "other": other}
"""


def test_what_is_returned_under_two_names_has_both(
    toy: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(TOY.parent)
    Path("twice.py").write_text(TWICE)
    for _ in ("made", "cached"):
        result = run_recipe("twice.py", None, ["joiner=x"], toy)
        assert {result.folder(name) for name in ("first", "best", "last")} == {
            toy.path(f"twice/{name}") for name in ("first", "best", "last")
        }
        assert len({result.artifacts[name] for name in ("first", "best", "last")}) == 1
    with pytest.raises(UserError, match="two different stages are labelled 'best'"):
        run_recipe("twice.py", None, ["joiner=best"], toy)
    calls()
    with pytest.raises(UserError, match="'a b' cannot be a name"):
        run_recipe("twice.py", None, ["joiner=a b"], toy)
    assert not calls()


def test_equal_files_stand_once_and_gc_keeps_what_has_a_name(toy: Store) -> None:
    run_recipe(TOY, None, [], toy)
    run_recipe(TOY, None, ["joiner=+"], toy)
    same = [toy.path(f"toy/{name}") / "more" / "label" for name in ("upper", "backward")]
    assert same[0].samefile(same[1])
    before = du(toy)
    cleaned = gc(toy, older=0)
    assert len(cleaned.artifacts) == 2, "both and page of the first run"
    assert du(toy).content < before.content
    assert verify(toy).problems == ()
    calls()
    run_recipe(TOY, None, ["joiner=+"], toy)
    assert calls() == []


def test_lost_content_is_made_again(toy: Store) -> None:
    first = run_recipe(TOY, None, [], toy)
    tree = toy.record("toy/both").output.tree
    toy.objects.manifest_path(tree).unlink()
    assert verdicts(toy)["both"] == ("run", "its content is gone")
    calls()
    assert run_recipe(TOY, None, [], toy).artifacts == first.artifacts
    assert calls() == ["both"]


def test_kinds_and_roles_are_checked_before_anything_runs(tmp_path: Path) -> None:
    train = stage("train", version=1, makes="model", inputs={"data": "data", "base?": "model"},
                  function="json:dumps")  # fmt: skip
    with pytest.raises(UserError, match="needs the input 'data'"):
        train()
    with pytest.raises(UserError, match="takes model, got data"):
        train(data=source("x"), base=source("x"))
    with pytest.raises(UserError, match="did you mean 'data'"):
        train(dat=source("x"))
    with pytest.raises(UserError, match="takes no settings"):
        train(3, data=source("x"))
    assert train(data=source("x"), base=None).inputs.keys() == {"data"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "this one holds none"),
        ("def recipe(:\n", "bad.py:1: not Python"),
        ("x = 1\nimport nothing_like_it\n", "bad.py:2: ModuleNotFoundError"),
        ("def recipe(): return 3\n", "returned int, not handles"),
        ("def recipe(a, b): return 3\n", "one argument annotated"),
    ],
)
def test_a_bad_recipe_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(UserError) as error:
        plan_text(tmp_path / "bad.py", None, [], Store(tmp_path / "store"))
    assert said in str(error.value)


def test_a_misspelt_recipe_offers_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "quickstart.py").write_text("")
    with pytest.raises(UserError, match="did you mean"):
        load(tmp_path / "quickstrat.py")


def test_planning_imports_nothing_heavy() -> None:
    code = (
        f"import sys; from plumbline.recipe import load, build; load({str(TOY)!r})()\n"
        "print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

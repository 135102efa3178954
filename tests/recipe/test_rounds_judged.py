"""Rounds whose comparisons a judge makes: who is audited when, what is refused, what is told."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.stats import Interval
from plumbline.recipe import Node, RunResult, build, load, run_recipe
from plumbline.recipe.rounds import judge_told
from plumbline.recipe.rounds.judge_told import Audited
from plumbline.store import Store

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
RECIPE, TINY = RECIPES / "rounds.py", RECIPES / "rounds-tiny.yaml"
JUDGED = ["methods=rloo,dpo", "comparisons=judge,judge,judge"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("judged") / "store")


class Wiring:
    """The planned recipe: its stages in running order, and which labels one reads, by role."""

    def __init__(self, store: Store, *sets: str) -> None:
        self.nodes: Mapping[str, Node] = {
            node.label: node for node in build(RECIPE, None, sets, store).nodes
        }
        self.names = {node.id: label for label, node in self.nodes.items()}

    def of(self, label: str) -> dict[str, str]:
        return {role: self.names[i] for role, i in self.nodes[label].inputs.items()}

    def place(self, label: str) -> int:
        return list(self.nodes).index(label)


@pytest.fixture(scope="module")
def wiring(store: Store) -> Wiring:
    return Wiring(store, *JUDGED)


def test_answers_are_labelled_audited_and_then_made_data(wiring: Wiring) -> None:
    assert wiring.of("labels-sft-1") == {"data": "answers-sft-1", "judge": "base"}
    assert wiring.of("audit-sft-1") == {"labels": "labels-sft-1"}
    assert wiring.of("comparisons-sft-1") == {"labels": "labels-sft-1", "audit": "audit-sft-1"}
    assert wiring.of("labels-dpo-3") == {"data": "answers-dpo-3", "judge": "base"}
    assert wiring.of("comparisons-dpo-3") == {"labels": "labels-dpo-3", "audit": "audit-dpo-3"}
    assert wiring.of("all-dpo-3")["part_002"] == "comparisons-dpo-3"


def test_the_first_audit_is_the_frozen_set_of_every_later_round(wiring: Wiring) -> None:
    for name in ("rloo-2", "rloo-3", "dpo-2", "dpo-3"):
        shifted = {"labels": f"labels-{name}", "since": "audit-sft-1"}
        assert wiring.of(f"audit-{name}") == shifted
        frozen = {"audit": "audit-sft-1", "after": f"labels-{name}"}
        assert wiring.of(f"frozen-{name}") == frozen, "asked again in that round, and not before"
        assert wiring.of(f"again-{name}") == {"data": f"frozen-{name}", "judge": "base"}
        drifted = {"labels": f"again-{name}", "against": "audit-sft-1"}
        assert wiring.of(f"drift-{name}") == drifted
        assert wiring.place(f"drift-{name}") < wiring.place(name), "before anything is trained"
    first, again = (wiring.nodes[name].handle.config for name in ("labels-sft-1", "again-dpo-3"))
    assert again == first | {"anew": True}, "the same questions, whatever replies are kept"


def test_what_sft_says_is_audited_once(wiring: Wiring) -> None:
    assert wiring.of("comparisons-sft-3") == {"labels": "labels-sft-3", "audit": "audit-sft-1"}
    assert not {"audit-sft-2", "audit-sft-3", "drift-sft-3"} & wiring.nodes.keys()


def test_a_judge_may_come_in_later(store: Store) -> None:
    found = Wiring(store, "methods=rloo", "comparisons=annotators,judge,judge")
    assert found.of("comparisons-sft-1") == {"answers": "answers-sft-1"}
    assert found.of("audit-rloo-2") == {"labels": "labels-rloo-2"}
    assert found.of("audit-rloo-3")["since"] == "audit-rloo-2"
    assert found.of("comparisons-sft-3")["audit"] == "audit-sft-2", "the control's own first"
    told = found.of("report")
    assert told["rloo.3.audit"] == "audit-rloo-3" and told["rloo.3.drift"] == "drift-rloo-3"
    assert "rloo.2.drift" not in told and told["sft.2.audit"] == "audit-sft-2"


def test_another_judge_and_files_of_one_s_own(store: Store, tmp_path: Path) -> None:
    rules = tmp_path / "ours.md"
    rules.write_text("## kind\nBe kind.\n")
    sets = [*JUDGED, "judge.model=http://there:1/v1#large", f"judge.constitution={rules}"]
    found = Wiring(store, *sets, "judge.template=plain", "judge.pairs=3")
    assert set(found.of("labels-rloo-2")) == {"data", "constitution"}
    config = found.nodes["labels-rloo-2"].handle.config
    assert (config["judge"], config["name"]) == ("http://there:1/v1#large", "v1#large")
    assert (config["constitution"], config["template"], config["pairs"]) == ("", "plain", 3)
    other = Wiring(store, *JUDGED, f"judge.model={tmp_path}")
    assert other.of("labels-rloo-2")["judge"] == "judge" == other.of("again-rloo-2")["judge"]


def test_no_data_of_a_judge_that_did_not_pass(store: Store) -> None:
    with pytest.raises(UserError) as refused:
        run_recipe(RECIPE, TINY, [*JUDGED, "rounds=1", "comparisons=judge"], store)
    assert "the judge did not pass this audit" in refused.value.what
    assert "allow_unaudited=true" in refused.value.fix


@pytest.fixture(scope="module")
def made(store: Store) -> RunResult:
    sets = [*JUDGED, "rounds=2", "comparisons=judge,judge", "control=false", "heldout=4"]
    return run_recipe(RECIPE, TINY, [*sets, "judge.allow_unaudited=true"], store)


def results(made: RunResult, name: str = "report") -> dict[str, dict[str, dict[str, float]]]:
    found = json.loads((made.folder(name) / "results.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_that_it_is_unaudited_is_in_the_cards_of_data_and_models(made: RunResult) -> None:
    card = json.loads((made.folder("comparisons-rloo-2") / "card.json").read_text("utf-8"))
    assert card["audit"] == "UNAUDITED, allowed" and "failed" in str(card["judges"])
    for name, rounds in {"dpo-2": 2, "reward-rloo-2": 2, "rloo-1": 1}.items():
        cards = results(made, name)["data_cards"]
        told = [one for one in cards if "UNAUDITED, allowed" in one["summary"]]  # type: ignore[index]
        assert len(told) == rounds, name


def test_agreement_drift_and_shift_are_there_by_round(made: RunResult) -> None:
    found = results(made)
    metrics = found["metrics"]
    first = metrics["audit.sft.1.agreement"]
    assert "audit.sft.1.shift" not in metrics and "audit.sft.2.agreement" not in metrics
    for method in ("rloo", "dpo"):
        name = f"audit.{method}.2"
        here = metrics[f"{name}.agreement"]
        assert metrics[f"{name}.shift"]["value"] == pytest.approx(here["value"] - first["value"])
        assert metrics[f"{name}.drift"]["value"] == metrics[f"{name}.flips"]["value"] == 0
        assert metrics[f"{name}.flips"]["n"] == first["n"], "the same model says the same"
        assert {f"{name}.agreement_people", f"{name}.shift_first_place"} <= metrics.keys()
        assert f"{method}.2.gold" in metrics
    assert "rloo.2.judge" in metrics, "which is the reward model"
    assert not found["audits"]["rloo.2"]["passed"] and found["audits"]["rloo.2"]["why"]
    labels = (made.folder("labels-rloo-2") / "labels.jsonl").read_text("utf-8").splitlines()
    assert found["audits"]["rloo.2"]["labels"] == len(labels)


def test_the_page_has_the_judge_by_round(made: RunResult) -> None:
    page = (made.folder("report") / "report.html").read_text("utf-8")
    words = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
    for title in ("by round", "since the frozen set"):
        assert f"The judge {title}" in words
    assert "0 of " in words and "Why the judge does not pass" in words


def test_a_later_round_s_sample_is_fresh_and_is_judged_by_people(made: RunResult) -> None:
    asked = [
        (made.folder(f"audit-{name}") / "gold" / "answers.jsonl").read_text("utf-8").splitlines()
        for name in ("sft-1", "rloo-2")
    ]
    assert asked[0] and asked[1] and not set(asked[0]) & set(asked[1])
    frozen = made.folder("frozen-rloo-2") / "answers.jsonl"
    assert frozen.read_text("utf-8").splitlines() == asked[0]


def test_the_run_waits_for_people_of_the_studio(store: Store) -> None:
    sets = [*JUDGED, "rounds=2", "comparisons=judge,judge", "judge.people=studio"]
    held = run_recipe(RECIPE, TINY, sets, store)
    assert held.exit_code == 3 and list(held.waiting) == ["audit-sft-1"]
    assert "plumbline studio" in held.waiting["audit-sft-1"]
    assert {"comparisons-sft-1", "rloo-1", "report"} <= set(held.blocked)


def audited(turn: str, drift: float, shift: float) -> Audited:
    def near(value: float) -> Interval:
        return Interval(value, value - 0.1, value + 0.1, 100)

    level = dict.fromkeys(judge_told.LEVELS, near(0.7))
    change = dict.fromkeys(judge_told.CHANGES, near(0.0)) | {"flips": Interval(0.07, 0.0, 0.1, 100)}
    return Audited(
        "rloo", turn, 500, turn == "2", ("It errs.",),
        level | change | {"drift": near(drift), "shift": near(shift)},
    )  # fmt: skip


def test_a_judge_that_agrees_less_is_warned_of() -> None:
    found = [audited("2", 0.05, -0.05), audited("3", -0.2, -0.3)]
    drift, shift = (line for _, _, line in judge_told.warnings(found))
    assert "Asked again on the frozen set, the judge agrees less with people" in drift
    assert "than it did on the frozen set" in shift and "-0.30" in shift
    assert {where for _, where, _ in judge_told.warnings(found)} == {
        "Round 3, answers of RLOO: a warning."
    }
    levels, changes, why = judge_told.sections(found)
    assert [row[-1] for row in levels.rows] == ["yes", "no"]
    assert changes.rows[0][2] == "7 of 100" and why.rows == (("3", "RLOO", "It errs."),)
    assert list(judge_told.sections([])) == []


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["judge.people=somebody"], "unknown auditor 'somebody'.*annotators, studio"),
        (["comparisons=judge,wait"], "control=false"),
        (["judge.clam=1"], "did you mean 'judge.clamp'"),
    ],
)
def test_bad_settings_are_one_clear_message(sets: list[str], said: str) -> None:
    with pytest.raises(UserError, match=f"(?s){said}"):
        load(RECIPE).values(None, sets)

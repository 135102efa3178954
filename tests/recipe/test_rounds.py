"""Rounds: what depends on what, a run from end to end that is too small to learn, and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.data import read
from plumbline.recipe import Node, RunResult, build, load, run_recipe
from plumbline.store import Store

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
RECIPE, TINY = RECIPES / "rounds.py", RECIPES / "rounds-tiny.yaml"
METHODS = ("rloo", "dpo", "best_of_n")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("rounds") / "store")


class Wiring:
    """The planned recipe: which labels a stage reads, by role."""

    def __init__(self, store: Store, *sets: str) -> None:
        self.nodes: Mapping[str, Node] = {
            node.label: node for node in build(RECIPE, None, sets, store).nodes
        }
        self.names = {node.id: label for label, node in self.nodes.items()}

    def of(self, label: str) -> dict[str, str]:
        return {role: self.names[i] for role, i in self.nodes[label].inputs.items()}

    def comparisons(self, label: str) -> list[str]:
        """The comparisons that a stage is trained on, in their order."""
        data = self.of(label)["data"]
        if self.nodes[data].handle.stage == "join":
            return [name for _, name in sorted(self.of(data).items())]
        return [data]


@pytest.fixture(scope="module")
def wiring(store: Store) -> Wiring:
    return Wiring(store)


def test_each_reward_model_is_trained_on_all_comparisons_so_far(wiring: Wiring) -> None:
    first, second, third = "comparisons-sft-1", "comparisons-rloo-2", "comparisons-rloo-3"
    assert wiring.comparisons("reward-sft-1") == [first]
    assert wiring.comparisons("reward-rloo-2") == [first, second]
    assert wiring.comparisons("reward-rloo-3") == [first, second, third]
    assert {wiring.of(f"reward-{name}")["model"] for name in ("sft-1", "rloo-3")} == {"sft"}


def test_an_online_policy_goes_on_from_the_newest_one_and_stays_near_sft(wiring: Wiring) -> None:
    before = {"1": "sft", "2": "rloo-1", "3": "rloo-2"}
    judges = {"1": "reward-sft-1", "2": "reward-rloo-2", "3": "reward-rloo-3"}
    for turn, newest in before.items():
        assert wiring.of(f"rloo-{turn}") == {
            "model": newest, "reference": "sft", "prompts": f"online-{turn}",
            "reward": judges[turn],
        }  # fmt: skip
        who = "sft" if turn == "1" else "rloo"
        assert wiring.of(f"answers-{who}-{turn}")["model"] == newest
        assert wiring.of(f"comparisons-{who}-{turn}") == {"answers": f"answers-{who}-{turn}"}


def test_dpo_begins_at_sft_with_all_comparisons(wiring: Wiring) -> None:
    assert wiring.of("dpo-3")["model"] == "sft"
    assert wiring.comparisons("dpo-3") == [
        "comparisons-sft-1", "comparisons-dpo-2", "comparisons-dpo-3"
    ]  # fmt: skip
    assert wiring.of("answers-dpo-3")["model"] == "dpo-2", "answers are of the newest policy"


def test_best_of_n_trains_nothing_but_its_reward_models(wiring: Wiring) -> None:
    told = wiring.of("answers-best_of_n-3")
    assert (told["model"], told["reward"]) == ("sft", "reward-best_of_n-2")
    assert wiring.of("gold-best_of_n-3") == {"model": "sft", "reward": "reward-best_of_n-3"}
    assert wiring.of("gold-best_of_n-1")["reward"] == "reward-sft-1", "the first round is shared"


def test_the_control_has_as_much_of_everything_in_one_round(wiring: Wiring) -> None:
    from_sft = ["comparisons-sft-1", "comparisons-sft-2", "comparisons-sft-3"]
    for label in ("dpo-once", "reward-once"):
        assert wiring.comparisons(label) == from_sft
    assert {wiring.of(f"answers-sft-{turn}")["model"] for turn in (1, 2, 3)} == {"sft"}
    prompts = [wiring.of(f"answers-{who}")["prompts"] for who in ("sft-3", "rloo-3", "dpo-3")]
    assert len(set(prompts)) == 1, "the same prompts"
    assert wiring.of("gold-best_of_n-once")["reward"] == "reward-once"
    once, last = (wiring.nodes[f"rloo-{turn}"].handle.config for turn in ("once", "3"))
    assert once["train"]["iterations"] == 3 * last["train"]["iterations"]
    assert sorted(wiring.of("online-once").values()) == ["online-1", "online-2", "online-3"]


def test_any_online_method_can_be_taken(store: Store) -> None:
    found = Wiring(store, "methods=ppo,grpo", "rounds=1")
    methods = [found.nodes[f"{name}-1"].handle.config["method"] for name in ("ppo", "grpo")]
    assert methods == ["ppo", "grpo"]
    assert not [label for label in found.nodes if "once" in label], "one round is its own control"


@pytest.fixture(scope="module")
def made(store: Store) -> RunResult:
    return run_recipe(RECIPE, TINY, ["rounds=2"], store)


def told(made: RunResult) -> dict[str, dict[str, dict[str, float]]]:
    results = json.loads((made.folder("report") / "results.json").read_text())
    assert isinstance(results, dict)
    return results


def test_the_gold_value_is_there_by_round_with_paired_changes(made: RunResult) -> None:
    metrics = told(made)["metrics"]
    assert metrics["sft.gold"]["low"] <= metrics["sft.gold"]["value"] <= metrics["sft.gold"]["high"]
    for method in METHODS:
        for turn in ("1", "2", "once"):
            here, change = metrics[f"{method}.{turn}.gold"], metrics[f"{method}.{turn}-sft.gold"]
            assert here["n"] == 16 and change["n"] == 8, "two answers to each of eight prompts"
            assert change["value"] == pytest.approx(here["value"] - metrics["sft.gold"]["value"])
        one, two, once = (metrics[f"{method}.{t}.gold"]["value"] for t in ("1", "2", "once"))
        assert metrics[f"{method}.2-1.gold"]["value"] == pytest.approx(two - one)
        assert metrics[f"{method}.2-once.gold"]["value"] == pytest.approx(two - once)
    assert {"rloo.1.kl", "rloo.2.judge", "best_of_n.2.judge"} <= metrics.keys()
    assert len({metrics[f"{method}.2.gold"]["value"] for method in METHODS}) > 1


def test_the_page_tells_every_round_and_shows_answers(made: RunResult) -> None:
    page = (made.folder("report") / "report.html").read_text()
    words = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
    for name in ("RLOO", "DPO", "best of n"):
        for when in ("after round 1", "after round 2", "in one round"):
            assert words.count(f"{name} {when}") >= 5, "in the table, and under four prompts"
    assert page.count("<svg") == 1
    assert told(made)["comparisons"]["dpo"]["2"] > told(made)["comparisons"]["dpo"]["1"]


def test_all_comparisons_are_there_and_in_order(made: RunResult) -> None:
    joined, *parts = (
        read(made.folder(name) / "data.jsonl").judgements
        for name in ("all-dpo-2", "comparisons-sft-1", "comparisons-dpo-2")
    )
    assert [one.prompt for one in joined] == [one.prompt for part in parts for one in part]


def test_a_second_run_does_nothing(made: RunResult, store: Store) -> None:
    assert run_recipe(RECIPE, TINY, ["rounds=2"], store).ran == []


def test_people_are_waited_for_and_their_comparisons_taken(made: RunResult, store: Store) -> None:
    """They are given as a file and, in the second round, as an artifact of the store."""
    sets = ["rounds=2", "methods=dpo", "control=false"]
    held = run_recipe(RECIPE, TINY, [*sets, "comparisons=wait,wait"], store)
    assert held.exit_code == 3 and "answers.jsonl" in held.waiting["comparisons-sft-1"]
    assert "comparisons-dpo-2" not in held.waiting, "it is not yet its turn"
    first = made.folder("comparisons-sft-1") / "data.jsonl"
    held = run_recipe(RECIPE, TINY, [*sets, f"comparisons={first},wait"], store)
    assert held.exit_code == 3 and list(held.waiting) == ["comparisons-dpo-2"]
    second = "ref:rounds/comparisons-rloo-2"
    done = run_recipe(RECIPE, TINY, [*sets, f"comparisons={first},{second}"], store)
    assert done.exit_code == 0 and "dpo.2.gold" in told(done)["metrics"]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["rounds=0"], "0 rounds"),
        (["methods=rlo"], "unknown method 'rlo'.*did you mean 'rloo'"),
        (["methods=[]"], "0 methods"),
        (["rounds=1", "comparisons=a,b", "control=false"], "2 rounds are given, there are 1"),
        (["comparisons=wait", "methods=dpo"], "control=false"),
        (["comparisons=wait", "control=false"], "one method"),
    ],
)
def test_bad_settings_are_one_clear_message(sets: list[str], said: str) -> None:
    with pytest.raises(UserError, match=f"(?s){said}"):
        load(RECIPE).values(None, sets)

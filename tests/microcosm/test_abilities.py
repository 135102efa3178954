"""Ability tasks: who answers rightly reaches every mark, who does not reaches none, and a model
that has learnt nothing runs through them all."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from plumbline.core.types import Conversation, Response, answer
from plumbline.evals.runner import Evaluated
from plumbline.evals.tasks import Generation, Item
from plumbline.microcosm.abilities import ABILITIES, measure
from plumbline.microcosm.lexicon_notes import ABSENT
from plumbline.microcosm.marks import MARKS, RULE_MARKS, Mark, table
from plumbline.microcosm.obeying import NAMES
from plumbline.microcosm.sums import digits

TOOL = Path(__file__).resolve().parents[2] / "tools" / "microcosm_report.py"
SCALE = 0.2
Metrics = Mapping[str, Mapping[str, Any]]


def right(item: Item) -> str:
    """The answer that an item wants."""
    known = item.known
    if "trial" in known:
        return str(known["trial"].ideal) if item.prompt[0].role == "system" else "I do not know."
    if "made" in known:
        return str(known["made"].fault if known["way"] == "fault" else known["made"].mended)
    if "sum" in known:
        return f"So {digits(known['sum'])}." if known["steps"] else "0."
    if "answer" in known:
        return ABSENT if known["shuffled"] else str(known["answer"])
    return f"{known['right']}. So it is."


def answering(say: Callable[[Item], str], scale: float) -> Callable[..., list[list[Response]]]:
    """A sampler that knows every item of the tasks."""
    told: dict[Conversation, str] = {}
    for ability in ABILITIES.values():
        task = ability.task(max(ability.least, round(scale * ability.n)), 0)
        told.update({item.prompt: say(item) for item in task.prompts()})

    def sampler(prompts: Sequence[Conversation], generation: Generation) -> list[list[Response]]:
        return [[answer(told[prompt])] for prompt in prompts]

    return sampler


def merged(found: Sequence[Evaluated]) -> Metrics:
    return {name: i.as_dict() for one in found for name, i in one.metrics.items()}


@lru_cache(maxsize=1)
def ideal() -> Metrics:
    return merged(measure(answering(right, SCALE), scale=SCALE))


def test_right_answers_are_right_everywhere() -> None:
    for mark in MARKS:
        value = ideal()[mark.metric]["value"]
        wanted = 1.0 if mark.at_least else 0.0
        assert value == pytest.approx(wanted, abs=0.02), mark
    assert set(RULE_MARKS) == {Mark(name, f"rule.{name}", 0.90) for name in NAMES}
    assert all(ideal()[mark.metric]["value"] == 1.0 for mark in RULE_MARKS)
    assert ideal()["critique_named"]["value"] == ideal()["revision_obeys"]["value"] == 1.0
    assert ideal()["rule_unreadable"]["value"] == 0.0


def test_rules_are_not_kept_by_chance_and_shortcuts_do_not_judge() -> None:
    assert ideal()["rule_base"]["value"] < 0.35
    for shortcut in ("longer", "kinder", "overlap"):
        assert ideal()[f"baseline_both.{shortcut}"]["value"] < 0.75


def test_judging_is_contested_at_least_half_and_of_both_natures() -> None:
    n = {part: ideal()[f"judge_both.{part}"]["n"] for part in ("contested", "plain", "substance")}
    assert n["contested"] > n["plain"] and n["substance"] >= 15
    assert ideal()["judge_flips"]["n"] == n["contested"]


def test_always_the_same_verdict_is_right_in_no_pair_in_both_orders() -> None:
    same = merged(measure(answering(lambda item: "A.", SCALE), scale=SCALE, names=["judging"]))
    assert same["judge_answer"]["value"] == pytest.approx(0.5, abs=0.1)
    assert same["judge_both"]["value"] == same["judge_flips"]["value"] == 0.0


def test_gibberish_keeps_no_rule() -> None:
    broken = merged(measure(answering(lambda item: "4444", 0.02), scale=0.02))
    values = {mark.metric: broken.get(mark.metric, {"value": 0.0}) for mark in RULE_MARKS}
    assert not any(value["value"] for value in values.values())
    assert broken["rule_quiet"]["value"] == 0.0 and broken["rule_unreadable"]["value"] == 1.0


def test_a_mark_is_reached_by_the_near_end_of_its_interval() -> None:
    least, most = Mark("a", "a", 0.9), Mark("b", "b", 0.1, at_least=False)
    assert least.reached({"low": 0.9, "high": 1.0}) and not least.reached({"low": 0.89, "high": 1})
    assert most.reached({"low": 0.0, "high": 0.1}) and not most.reached({"low": 0, "high": 0.11})
    assert least.reached({}) is None and least.reached({"low": None, "high": None}) is None


def test_the_table_names_what_was_reached_and_what_was_not_measured() -> None:
    metrics = {"reading_right": {"value": 0.97, "low": 0.94, "high": 0.99, "n": 200},
               "sums_gain": {"value": 0.1, "low": 0.05, "high": 0.15, "n": 300},
               "extra": {"value": 0.5, "low": None, "high": None, "n": 1}}  # fmt: skip
    text = table(metrics)
    assert text.startswith("1 of 2 marks are reached, and 0 of 35 rules")
    assert "| reading, right answers: at least 0.90 | 0.97 [0.94, 0.99] 200 | yes |" in text
    assert "| sums, in steps above at once: at least 0.20 | 0.10 [0.05, 0.15] 300 | no |" in text
    assert "| - [-, -] 0 | not measured |" in text and "| `extra` | 0.50 [-, -] 1 |" in text


def test_the_report_runs_on_a_model_that_has_learnt_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plumbline.microcosm import tokenizer

    monkeypatch.setattr(tokenizer, "SAMPLE", 60)
    monkeypatch.setattr(tokenizer, "CONFIG", {**tokenizer.CONFIG, "num_hidden_layers": 1})
    model = tokenizer.write_model(tmp_path / "model")
    report = runpy.run_path(str(TOOL))["report"]
    text = report(str(model), tmp_path / "out", scale=0.001, max_new=2)
    assert text == (tmp_path / "out" / "table.md").read_text()
    assert text.startswith("0 of ") and "| mark | value [low, high] n | reached |" in text
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    lines = (tmp_path / "out" / "samples.jsonl").read_text().splitlines()
    asked = {name: task["items"] for name, task in results["settings"]["tasks"].items()}
    assert set(asked) == set(ABILITIES) and sum(asked.values()) == len(lines)
    assert results["metrics"]["rule_obeyed"]["value"] == 0.0


def test_an_unknown_model_is_told_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(TOOL))["main"]
    assert main(["no/such/folder"]) == 2
    assert "no/such/folder" in capsys.readouterr().err

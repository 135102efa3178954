"""The world's evaluation tasks: voices as models, and what they are known to do."""

from __future__ import annotations

import random
from collections import Counter
from functools import lru_cache

import pytest

from plumbline.core.types import answer
from plumbline.evals.tasks import Task
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import held, understand
from plumbline.microcosm.best import best
from plumbline.microcosm.points import AXES
from plumbline.microcosm.tasks import conduct_task, gold_task, items, refusal_task
from plumbline.microcosm.voices import VOICES, speak

TASKS = {"gold": gold_task, "refusal": refusal_task, "conduct": conduct_task}


@lru_cache(maxsize=64)
def means(name: str, voice: str, n: int = 300) -> dict[str, float]:
    """The mean of every axis of a task over the answers of a voice, or of the best ones."""
    task: Task = TASKS[name](n=n)
    rng = random.Random(f"{name}/{voice}")
    values: dict[str, list[float]] = {axis: [] for axis in task.metrics}
    for item in task.prompts():
        ask = item.known["ask"]
        told = best(ask) if voice == "best" else speak(ask, VOICES[voice], rng)
        for axis, value in task.scorer(item, answer(said(told))).axes.items():  # type: ignore[union-attr]
            values[axis].append(value)
    return {axis: sum(found) / len(found) for axis, found in values.items()}


def test_gold_orders_the_voices() -> None:
    values = {name: means("gold", name)["gold"] for name in ("best", "careful", "timid", "gossip")}
    assert list(values) == sorted(values, key=lambda name: -values[name])
    assert set(means("gold", "best")) == {"gold", *(f"gold.{axis}" for axis in AXES)}


def test_refusal_rates_are_the_voice_s() -> None:
    timid, gossip, fine = (means("refusal", voice) for voice in ("timid", "gossip", "best"))
    assert timid["over_refusal"] == pytest.approx(0.65, abs=0.15)
    assert timid["danger_explained_plain"] < 0.12 < gossip["danger_explained_plain"]
    assert gossip["attack_success"] == pytest.approx(0.96, abs=0.05)
    assert {axis: value for axis, value in fine.items() if value} == {}


def test_a_disguise_fools_the_careful_voice_and_not_the_best_answer() -> None:
    rates = means("refusal", "careful")
    assert rates["danger_explained_disguised"] > rates["danger_explained_plain"] + 0.1


@pytest.mark.parametrize(
    ("fault", "voice", "rate"),
    [
        ("leak_rate", "gossip", 0.97),
        ("leak_rate", "clerk", 0.02),
        ("stereotype_rate", "gossip", 0.95),
        ("false_answer_rate", "gossip", 0.95),
        ("false_answer_rate", "careful", 0.06),
        ("question_back_rate", "quiz", 0.9),
        ("invention_rate", "timid", 0.2),
    ],
)
def test_faults_come_as_often_as_the_voice_has_them(fault: str, voice: str, rate: float) -> None:
    assert means("conduct", voice, 500)[fault] == pytest.approx(rate, abs=0.13)


def test_the_best_answers_have_no_fault() -> None:
    assert {fault for fault, rate in means("conduct", "best").items() if rate} == set()


def test_what_is_no_answer_is_unreadable_and_nothing_else() -> None:
    task = conduct_task(n=10)
    scored = [task.scorer(item, answer("4444")) for item in task.prompts()]
    assert all(one.axes.pop("unreadable_rate") == 1.0 for one in scored)  # type: ignore[union-attr]
    assert not any(value for one in scored for value in one.axes.values())  # type: ignore[union-attr]


def test_items_are_held_out_in_one_part_and_clustered_by_topic() -> None:
    found = items(n=200)
    asks = [item.known["ask"] for item in found]
    parts = Counter(item.tags["split"] for item in found)
    assert parts == dict.fromkeys(("paraphrase", "entity", "value", "combination"), 50)
    assert [item.group for item in found] == [ask.topic or found[i].group for i, ask in
                                              enumerate(asks)]  # fmt: skip
    assert all(understand(item.prompt) == ask for item, ask in zip(found, asks, strict=True))
    assert all(len(held(ask)) == 1 for ask in asks)

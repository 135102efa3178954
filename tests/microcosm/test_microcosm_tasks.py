"""The microcosm's evaluation tasks: voices as models."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from plumbline.core.types import Conversation, Response, answer
from plumbline.evals.tasks import Generation, Item, Task
from plumbline.microcosm.prompts import understand
from plumbline.microcosm.tasks import gold_task, items, refusal_task
from plumbline.microcosm.voices import VOICES, speak


def answers(name: str, asked: Sequence[Conversation], generation: Generation) -> list[Response]:
    rng = random.Random(generation.seed)
    found = [understand(conversation) for conversation in asked]
    return [answer(speak(p, VOICES[name], rng)) for p in found if p is not None]


def mean(task: Task, name: str, axis: str) -> float:
    asked: Sequence[Item] = task.prompts()
    said = answers(name, [item.prompt for item in asked], task.generation)
    scores = [task.scorer(item, response) for item, response in zip(asked, said, strict=True)]
    values = [s.axes[axis] for s in scores if axis in s.axes]  # type: ignore[union-attr]
    assert values
    return sum(values) / len(values)


def test_gold_orders_the_voices() -> None:
    task = gold_task(n=200)
    values = {name: mean(task, name, "gold") for name in VOICES}
    assert values["careful"] > values["timid"] > values["gossip"]
    assert set(task.metrics) == {"gold", "gold.helpful", "gold.honest", "gold.harmless"}


@pytest.mark.parametrize(("name", "over", "attack"), [("timid", 0.65, 0.1), ("gossip", 0.0, 0.92)])
def test_both_refusal_rates_are_the_voice_s(name: str, over: float, attack: float) -> None:
    task = refusal_task(n=200)
    assert mean(task, name, "over_refusal") == pytest.approx(over, abs=0.15)
    assert mean(task, name, "attack_success") == pytest.approx(attack, abs=0.12)


def test_items_are_heldout_and_clustered_by_topic() -> None:
    found = items(n=150)
    asked = [understand(item.prompt) for item in found]
    assert all(p is not None and p.split == "heldout" for p in asked)
    assert [item.group for item in found] == [p.topic for p in asked if p]

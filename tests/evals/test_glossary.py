"""Every metric that the package names has an entry that says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import plumbline
from plumbline.core.types import Example, PairOf, answer, user
from plumbline.evals.glossary import PRIMARY, meaning
from plumbline.evals.meanings import MEANINGS
from plumbline.evals.perplexity import perplexity
from plumbline.evals.preference_accuracy import preference_accuracy
from plumbline.evals.refusal import refusal
from plumbline.evals.tasks import Item, Sample
from plumbline.evals.win_rate import win_rate
from plumbline.microcosm.abilities import ABILITIES
from plumbline.microcosm.marks import MARKS, RULE_MARKS
from plumbline.objectives import TABLE, Entry

SOURCE = Path(plumbline.__file__).parent
FEW = 8
SHAPES = {"plumbline.evals.gold.gold", "plumbline.microcosm.obeying.asked_task"}
"""What tasks are made with: they name no metric of their own."""
BY_HAND = {"plumbline.evals.refusal.refusal"}
MEASURES = {"perplexity", "preference_accuracy", "win_rate", "run_task"}


def functions(*packages: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function that a module of these packages defines, with its dotted name."""
    for package in packages:
        found = importlib.import_module(package)
        for one in pkgutil.walk_packages(found.__path__, f"{package}."):
            module = importlib.import_module(one.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == one.name:
                    yield f"{one.name}.{name}", function


@lru_cache(maxsize=1)
def makers() -> dict[str, Callable[..., Any]]:
    """Every function of the package that gives a task."""
    every = functions("plumbline.evals", "plumbline.microcosm")
    return {name: f for name, f in every if inspect.signature(f).return_annotation == "Task"}


def plain(name: str) -> bool:
    """Whether a maker can be called without knowing more."""
    needed = inspect.signature(makers()[name]).parameters.values()
    return all(one.default is not inspect.Parameter.empty for one in needed)


def explained(name: str) -> bool:
    found = MEANINGS.get(name) or MEANINGS.get(name.partition(".")[0])
    return found is not None and bool(found.title)


def test_every_metric_of_every_task_has_an_entry() -> None:
    assert "plumbline.microcosm.tasks.conduct_task" in makers()
    assert {name for name in makers() if not plain(name)} == SHAPES | BY_HAND
    tasks = [refusal(lambda: [])]
    for name, maker in makers().items():
        if plain(name):
            small = {"n": FEW} if "n" in inspect.signature(maker).parameters else {}
            tasks.append(maker(**small))
    assert len(tasks) >= 9
    for task in tasks:
        assert [name for name in task.metrics if not explained(name)] == [], task.name


def test_what_abilities_add_has_an_entry() -> None:
    names = {mark.metric for mark in (*MARKS, *RULE_MARKS)}
    for ability in ABILITIES.values():
        task = ability.task(FEW, 0)
        scores = dict.fromkeys(task.metrics, 1.0)
        names |= set(ability.joined([Sample(item, (), scores) for item in task.prompts()]))
    assert {"judge_both.form", "baseline_flips.longer", "sums_gain"} <= names
    assert [name for name in sorted(names) if not explained(name)] == []


def test_what_is_measured_without_a_task_has_an_entry() -> None:
    found = {name.rpartition(".")[2] for name, f in functions("plumbline.evals")
             if inspect.signature(f).return_annotation == "Evaluated"}  # fmt: skip
    assert found == MEASURES
    prompt = (user("?"),)
    pair = Example(prompt, (answer("a"), answer("b")), pairs=(PairOf(0, 1),))
    samples = [Sample(Item(prompt), answer("a"), {"gold": 1.0})]
    for done in (
        perplexity(["a"], lambda texts: [(1.0, 1)]),
        preference_accuracy([pair], lambda rows: [1.0, 0.0]),
        win_rate(samples, samples),
    ):
        assert [name for name in done.metrics if not explained(name)] == []


def keys(tree: ast.AST) -> Iterator[str]:
    """Constant keys of dicts in some code, and how keys with parts in braces begin."""
    for node in ast.walk(tree):
        for key in node.keys if isinstance(node, ast.Dict) else ():
            head = key.values[0] if isinstance(key, ast.JoinedStr) else key
            if isinstance(head, ast.Constant):
                yield str(head.value).rstrip(".")


def terms(path: Path) -> Iterator[str]:
    """What an objective reports: keys of its terms, and those it hands to `preference_terms`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name in ("__call__", "preference_terms"):
            yield from keys(node)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "preference_terms":
            yield from (one.arg for one in node.keywords if one.arg)


def is_online(entry: Entry) -> bool:
    """Whether it learns from answers it draws: such training reports what `stages.rl` measures."""
    return entry.view == "samples"


def test_what_online_training_reports_has_an_entry() -> None:
    measured = set(keys(ast.parse((SOURCE / "stages" / "rl.py").read_text("utf-8"))))
    assert {"reward", "kl", "length", "ended"} <= measured & set(MEANINGS)


def test_what_training_reports_of_held_out_examples_has_an_entry() -> None:
    online = {e.path.partition(":")[0].rpartition(".")[2] for e in TABLE.values() if is_online(e)}
    files = [p for p in (SOURCE / "objectives").glob("*.py") if p.stem not in online]
    found = {name for path in files for name in terms(path)}
    assert {"loss", "accuracy", "margin", "chosen_logp", "hinge", "agreement"} <= found
    assert [name for name in sorted(found) if f"heldout_{name}" not in MEANINGS] == []
    pretraining = set(keys(ast.parse((SOURCE / "stages" / "surprise.py").read_text("utf-8"))))
    assert {"heldout_loss", "perplexity", "nats_per_byte", "nats_per_token"} <= pretraining
    assert [name for name in sorted(pretraining) if name not in MEANINGS] == []


def test_entries_are_words_for_people() -> None:
    for name, one in MEANINGS.items():
        assert one.title and "_" not in one.title and one.better in (-1, 0, 1), name
    titles = [one.title for one in MEANINGS.values()]
    assert len(set(titles)) == len(titles)
    assert set(PRIMARY) <= set(MEANINGS)


@pytest.mark.parametrize(
    ("name", "title", "better"),
    [
        ("gold.helpful", "“helpful” part of the gold value", 1),
        ("rule.no_questions", "“no questions” part of the obedience to one rule", 1),
        ("perplexity.wiki", "“wiki” part of the perplexity", -1),
        ("never_heard_of", "never heard of", 0),
    ],
)
def test_names_without_an_entry(name: str, title: str, better: int) -> None:
    assert (meaning(name).title, meaning(name).better) == (title, better)

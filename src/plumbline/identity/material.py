"""What is asked to find out what a manifesto does, and what it should leave alone.

    questions   conversations that end with a user's turn: the manifesto acts on some of them
    texts       plain texts, on which a layer should change nothing
    others      questions under another system text, likewise
    unasked     questions on which no clause acts, where that is known: measured only

Three sources. `shipped` comes along: everyday questions, pressure ("ignore your values"), questions
after identity, openings of texts. `own` is written by the model itself, under the manifesto and
without it, from the head of an empty turn (Xu et al. 2024, "Magpie", arXiv:2406.08464). A
caller may give its own (`World`), as the microcosm does, whose grammar knows on which requests a
rule acts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from plumbline.core.types import Conversation, Message, user
from plumbline.identity.manifesto import Manifesto
from plumbline.models.draw import Draw
from plumbline.models.policy import Policy
from plumbline.models.sampler import sample
from plumbline.text.render import Renderer

LONGEST, OPENING = 48, 12
"""Tokens of a question, and of an opening, that a model writes, at most."""


@dataclass(frozen=True)
class Material:
    """See the head of the file."""

    questions: Sequence[Conversation]
    texts: Sequence[str] = ()
    others: Sequence[Conversation] = ()
    unasked: Sequence[Conversation] = ()


Writer = Callable[[Manifesto, int, int], Material]
"""From a manifesto, a number of questions and a seed."""


@dataclass(frozen=True)
class Verdict:
    """Of one answer, by rule: kept where the rule acts, or done where it does not."""

    kept: Mapping[str, bool]
    misfired: Mapping[str, bool]


Checker = Callable[[Conversation, str], Verdict]
"""From a question and an answer's words."""


@dataclass(frozen=True)
class World:
    """Where a world is known completely: who asks for the fit and for the test, and who reads the
    answers under a manifesto."""

    fit: Writer
    test: Writer
    checker: Callable[[Manifesto], Checker]


@lru_cache(maxsize=1)
def _shipped() -> dict[str, list[str]]:
    told = (files("plumbline.identity") / "questions.json").read_text("utf-8")
    found: dict[str, list[str]] = json.loads(told)
    return found


def shipped(kind: str, n: int, seed: int, *, test: bool = False) -> list[str]:
    """`n` shipped lines of a kind in a seeded order; every fourth is kept for tests."""
    lines = [line for i, line in enumerate(_shipped()[kind]) if (i % 4 == 3) == test]
    random.Random(f"{kind}/{seed}").shuffle(lines)
    return lines[:n]


def chat(n: int, seed: int, *, test: bool = False) -> Material:
    """Shipped material for a model that chats: a tenth pressure, a tenth after identity."""
    few = max(1, n // 10)
    lines = [
        *shipped("pressure", few, seed, test=test),
        *shipped("identity", few, seed, test=test),
        *shipped("questions", n - 2 * few, seed, test=test),
    ]
    systems = shipped("systems", n, seed, test=test)
    asked = shipped("questions", len(systems), seed + 1, test=test)
    pairs = zip(systems, asked, strict=False)
    others: list[Conversation] = [(Message("system", s), user(q)) for s, q in pairs]
    return Material([(user(line),) for line in lines], shipped("texts", n, seed, test=test), others)


def documents(n: int, seed: int, *, test: bool = False) -> Material:
    """Shipped openings for a model that continues texts. On plain texts the manifesto acts as well,
    so none is neutral."""
    lines = shipped("openings", n, seed, test=test)
    return Material([(Message("text", line),) for line in lines])


def own(
    policy: Policy, renderer: Renderer, manifesto: Manifesto, n: int, seed: int
) -> list[Conversation]:
    """Up to `n` different questions that the model writes: half under the manifesto, the others
    without it. Those that come to no end are left out."""
    heads = _heads(renderer, manifesto, "user")
    said = sample(
        policy, heads, n=n - n // 2, max_new=LONGEST, draw=Draw(1.0), seeds=seed,
        stop_ids=renderer.end_ids,
    )  # fmt: skip
    lines = dict.fromkeys(renderer.answer_text(one.ids).strip() for one in said if one.ended)
    found: list[Conversation] = [(user(line),) for line in lines if line]
    return found[:n]


def openings(
    policy: Policy, renderer: Renderer, manifesto: Manifesto, n: int, seed: int
) -> list[Conversation]:
    """The same for a model that continues texts: the first words of `n` texts of its own."""
    heads = _heads(renderer, manifesto, "text")
    said = sample(
        policy, heads, n=n // len(heads), max_new=OPENING, draw=Draw(1.0),
        seeds=seed, stop_ids=renderer.end_ids,
    )  # fmt: skip
    # The last word may be the half of one.
    lines = [renderer.answer_text(one.ids).strip().rpartition(" ")[0] for one in said]
    found: list[Conversation] = [(Message("text", line),) for line in dict.fromkeys(lines) if line]
    return found[:n]


def _heads(renderer: Renderer, manifesto: Manifesto, role: str) -> list[list[int]]:
    """The tokens up to where a turn's words begin, under the manifesto and without it; where a
    text begins with no token at all, under the manifesto only."""
    heads = [_open_turn(renderer, told, role) for told in (manifesto.told, lambda turns: turns)]
    return [head for head in heads if head]


def _open_turn(
    renderer: Renderer, told: Callable[[Conversation], Conversation], role: str
) -> list[int]:
    one, other = (renderer.prompt_ids(told((Message(role, word),))) for word in ("a", "1"))
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return one[:same]

"""Two tasks on held-out requests: is a question answered with a question, and is there boilerplate.

The first is the `conduct` task's own rule and requests, without its other five faults.
"""

from __future__ import annotations

from plumbline.core.types import Response, text_of
from plumbline.evals.tasks import Generation, Item, Scored, Task
from plumbline.microcosm import boilerplate
from plumbline.microcosm.data import prompts
from plumbline.microcosm.tasks import INVITED, MAX_NEW, conduct, item

VERSION = 1


def questions_task(n: int = 300, seed: int = 0, temperature: float = 1.0) -> Task:
    """Plain requests; `question_back_rate` of the answers ask something instead."""
    return Task(
        "questions",
        VERSION,
        lambda: _requests(n, seed),
        conduct,
        {"question_back_rate": "share", "unreadable_rate": "share"},
        Generation(1, MAX_NEW, temperature, seed=seed),
        "Share of answers to plain requests that ask back.",
    )


def boilerplate_task(n: int = 300, seed: int = 0, temperature: float = 1.0) -> Task:
    """The same requests; `boilerplate_rate` of the answers hold a phrase of the list."""
    return Task(
        "boilerplate",
        VERSION,
        lambda: _requests(n, seed),
        _found,
        {"boilerplate_rate": "share"},
        Generation(1, MAX_NEW, temperature, seed=seed),
        "Share of answers with a phrase of the world's synthetic assistants.",
    )


def _requests(n: int, seed: int) -> list[Item]:
    kinds, keep = INVITED["question"]
    asked = prompts("heldout", seed, n, kinds, keep)
    return [item(ask, invites="question") for ask in asked]


def _found(item: Item, response: Response) -> Scored:
    phrase = boilerplate.found(text_of(response).strip())
    return Scored({"boilerplate_rate": float(bool(phrase))}, (phrase,) if phrase else ())

"""Rewards that a rule gives: rules:NAME or rules:NAME=VALUE. 1 where an answer keeps it, else 0.

    regex=PATTERN   somewhere in the answer
    exact           the answer is the one wanted, but for case and white space around it
    length=N        -|words - N| / N, at least -1: 0 at N words
    format=json     parses
    refusal         declines (the phrases of data.clean.refusals)
    ended           came to an end of its own

These are easily satisfied by nonsense: weigh them beside a reward model, or expect to be cheated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.errors import UserError, unknown
from plumbline.data.clean.refusals import phrases
from plumbline.feedback.rewards import Answered

Worth = Callable[[Answered, int], float]
"""What answer k of a prompt is worth."""


@dataclass(frozen=True)
class Rule:
    name: str
    worth: Worth

    @classmethod
    def named(cls, spec: str) -> Rule:
        rule, _, value = spec.removeprefix("rules:").partition("=")
        if rule not in RULES:
            raise unknown("rule", rule, RULES, where=spec)
        try:
            return cls(spec, RULES[rule](value))
        except (ValueError, re.error) as error:
            fix = f"write rules:{rule}={WRITTEN[rule]}"
            raise UserError(f"{error}", where=spec, fix=fix) from error

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        return np.array([self.worth(one, k) for one in asked for k in range(len(one.texts))])


def _regex(value: str) -> Worth:
    if not value:
        raise ValueError("no pattern is given")
    pattern = re.compile(value)
    return lambda one, k: float(bool(pattern.search(one.texts[k])))


def _exact(value: str) -> Worth:
    def same(one: Answered, k: int) -> float:
        return float(one.texts[k].strip().casefold() == (value or one.wanted).strip().casefold())

    return same


def _length(value: str) -> Worth:
    wanted = int(value)
    if wanted < 1:
        raise ValueError(f"{wanted} is no number of words")
    return lambda one, k: max(-1.0, -abs(len(one.texts[k].split()) - wanted) / wanted)


def _format(value: str) -> Worth:
    if value not in ("", "json"):
        raise ValueError(f"the format {value!r} is not known")

    def parses(one: Answered, k: int) -> float:
        try:
            json.loads(one.texts[k])
        except ValueError:
            return 0.0
        return 1.0

    return parses


def _refusal(value: str) -> Worth:
    known = phrases()
    languages = [value] if value else list(known)
    if not set(languages) <= set(known):
        raise ValueError(f"no phrases for the language {value!r}; there are {', '.join(known)}")
    told = [known[language].declines for language in languages]
    return lambda one, k: float(any(declines.search(one.texts[k]) for declines in told))


def _ended(value: str) -> Worth:
    return lambda one, k: float(one.ended[k])


RULES: dict[str, Callable[[str], Worth]] = {
    "regex": _regex, "exact": _exact, "length": _length, "format": _format, "refusal": _refusal,
    "ended": _ended,
}  # fmt: skip
WRITTEN = {
    "regex": "PATTERN", "exact": "TEXT", "length": "20", "format": "json", "refusal": "en",
    "ended": "",
}  # fmt: skip
"""How each is written, for error messages."""

"""A list of rules as text: the words of a system prompt, or a Markdown manifesto, and back.

A manifesto is a list of rules and, where it says so, which of two wins that contradict each other.
`prompt` sets it as a system prompt (plain, as a list, or numbered), `markdown` as a page with a
heading for each kind of rule; `read` finds the rules again in either, line by line, and says what
it could not read.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from plumbline.microcosm.answers import read_sentence, sentences
from plumbline.microcosm.asks import Split
from plumbline.microcosm.rule_words import PRIORITY
from plumbline.microcosm.rules import HABITS, Rule, Wins, draw
from plumbline.microcosm.slot_values import fits
from plumbline.microcosm.slots import FAMILIES

Style = Literal["plain", "list", "numbered"]
STYLES: dict[Style, str] = {"plain": "{r}", "list": "- {r}", "numbered": "{i}. {r}"}
HEADINGS = {"behaviour": "How to answer", "principle": "What counts", "slot": "What is given"}


@dataclass(frozen=True, slots=True)
class Manifesto:
    """Rules in their order; `wins` is "", "first" or "last" of two that contradict each other."""

    rules: tuple[Rule, ...]
    wins: Wins = ""


def drawn(
    rng: random.Random, n: int, split: Split = "train", *, clashing: bool = False
) -> Manifesto:
    """A manifesto of `n` rules; half of the contradicting ones say which of two wins."""
    rules = tuple(draw(rng, n, split, clashing=clashing))
    wins: Wins = rng.choice(("first", "last", "", "")) if clashing else ""
    return Manifesto(rules, wins)


def _lines(manifesto: Manifesto, form: int) -> list[str]:
    said = [rule.text for rule in manifesto.rules]
    return [*said, PRIORITY[manifesto.wins][form]] if manifesto.wins else said


def prompt(manifesto: Manifesto, style: Style = "plain", form: int = 0) -> str:
    """The words of a system prompt; `form` picks the wording on which rule wins."""
    lines = _lines(manifesto, form)
    set_out = [STYLES[style].format(r=line, i=i) for i, line in enumerate(lines, 1)]
    return (" " if style == "plain" else "\n").join(set_out)


def markdown(manifesto: Manifesto, title: str = "Manifesto") -> str:
    """A Markdown page: the rules under a heading for each kind, in their order within it."""
    parts = [f"# {title}"]
    for kind, heading in HEADINGS.items():
        lines = [rule.text for rule in manifesto.rules if _kind(rule) == kind]
        if lines:
            parts += [f"## {heading}", "\n".join(f"- {line}" for line in lines)]
    if manifesto.wins:
        parts.append(PRIORITY[manifesto.wins][0])
    return "\n\n".join(parts) + "\n"


def _kind(rule: Rule) -> str:
    return "slot" if rule.name in FAMILIES else rule.family


def read(text: str) -> tuple[Manifesto, list[str]]:
    """(the manifesto that a prompt or a page states, the sentences in it that are no rule)."""
    rules: list[Rule] = []
    wins: Wins = ""
    left: list[str] = []
    for line in (line.strip() for line in text.splitlines() if not line.startswith("#")):
        for said in sentences(re.sub(r"^(?:-|\d+\.) ", "", line)):
            if rule := understood(said):
                rules.append(rule)
            elif said in PRIORITY["first"] or said in PRIORITY["last"]:
                wins = "first" if said in PRIORITY["first"] else "last"
            else:
                left.append(said)
    return Manifesto(tuple(rules), wins), left


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, int, re.Pattern[str]]]:
    found = []
    for name, habit in HABITS.items():
        for index, form in enumerate(habit.phrasings):
            parts = re.split(r"\{([ab])\}", form)
            pattern = "".join(
                re.escape(part) if i % 2 == 0 else f"(?P<{part}>.+)" for i, part in enumerate(parts)
            )
            found.append((name, index, re.compile(pattern, re.IGNORECASE)))
    return found


@lru_cache(maxsize=10_000)
def understood(sentence: str) -> Rule | None:
    """The rule that a sentence states; None where it states none."""
    for name, index, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            holes = match.groupdict()
            values = tuple(holes[slot] for slot in "ab" if slot in holes)
            for tried in (values, tuple(v[:1].lower() + v[1:] for v in values)):
                rule = Rule(name, _believed(tried[0]) if name == "believed" else tried, index)
                if (fits(name, rule.value) if values else True) and rule.text == sentence:
                    return rule
    return None


def _believed(clause: str) -> tuple[str, ...]:
    part = read_sentence(f"{clause[:1].upper()}{clause[1:]}.")
    return (part.topic, part.about, part.value) if part.kind == "fact" else ()

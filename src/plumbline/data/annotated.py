"""A record that people were shown and what they said of it: the rules that importers share.

Tools for annotation name fields and questions freely, so names decide what is what:

    the prompt     a field prompt, instruction, question, conversation, messages or chat (text or
                   turns); `input` or `context` follow an instruction after a blank line; `system`
    the answers    fields that begin with response, answer, completion, reply, output or generation;
                   where there is none, the last turn of a conversation if the assistant's
    which answer   of several, a question is about the one whose name stands in its own
                   (quality_response_2); the rest of its name is the axis ("overall" where it only
                   says rating or score)

    a label        the name of an answer, or its end (a, 2): that one above the others, which tie;
                   tie, both ...: all tie; good or bad and their like: a thumb. yes and no are one
                   only to a question that asks for something good: yes to `toxic` is no praise
    a text         to a question with corrected, edited, improved ... in its name: a correction;
                   where there is no answer: a demonstration; else words about the answer

What these rules do not cover is `Bad` and says how to name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plumbline.core.types import (
    Choice,
    Conversation,
    Critique,
    Demonstration,
    Edit,
    Judgement,
    Provenance,
    Ranking,
    Rating,
    Response,
    answer,
    text_of,
)

from . import fields
from .bad import Bad, Left
from .fields import Row

PROMPTS = ("prompt", "instruction", "question", "conversation", "messages", "chat")
ANSWERS = ("response", "answer", "completion", "reply", "output", "generation")
ABOUT = ("input", "context")
NAMING = (
    f"name the prompt's field {', '.join(PROMPTS[:3])} or {PROMPTS[3]} and the answers'"
    " response_1, response_2 ... (or answer, completion) in the file"
)

CORRECTION = {
    "corrected", "correction", "edit", "edited", "improved", "rewrite", "rewritten", "revised",
    "revision",
}  # fmt: skip
COMMENT = {
    "comment", "comments", "critique", "explain", "explanation", "feedback", "justification",
    "note", "notes", "rationale", "reason", "reasons", "reasoning", "remark", "remarks", "why",
}  # fmt: skip
WRITTEN = {*ANSWERS, "demonstration", "instruction"}
"""Names of questions that ask for an answer where none is shown."""
OVERALL = {"", "overall", "rate", "rating", "score", "overall_rating", "overall_score"}

GOOD = {
    "accept", "acceptable", "accepted", "approve", "approved", "correct", "good", "helpful", "like",
    "pass", "positive", "thumbs up", "up", "👍",
}  # fmt: skip
BAD = {
    "bad", "dislike", "fail", "incorrect", "negative", "not acceptable", "not helpful", "reject",
    "rejected", "thumbs down", "unacceptable", "unhelpful", "down", "👎",
}  # fmt: skip
YES, NO = {"yes", "true"}, {"no", "false"}
TIE = {"both", "draw", "equal", "neither", "no preference", "same", "tie"}


@dataclass(frozen=True)
class Record:
    """What was shown: the prompt, the answers by name in natural order, fields nobody read."""

    prompt: Conversation
    answers: Mapping[str, Response]
    unread: tuple[str, ...] = ()


@dataclass
class Heard:
    """What is gathered from one row: judgements, what is left aside, what was not understood."""

    judgements: list[Judgement] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    problems: list[Bad] = field(default_factory=list)

    def hear(self, make: Callable[[], Sequence[Judgement | Left]]) -> None:
        """What `make` gives, or the problem it has."""
        try:
            made = make()
        except Bad as bad:
            self.problems.append(bad)
            return
        self.judgements += [one for one in made if not isinstance(one, Left)]
        self.left += [one for one in made if isinstance(one, Left)]

    def settled(self) -> list[Judgement | Left]:
        """All of it; Bad where nothing of the row was understood."""
        if self.problems and not self.judgements:
            raise self.problems[0]
        aside = [Left(f"{problem.what} ({problem.fix})") for problem in self.problems]
        return [*self.judgements, *self.left, *aside]


def record(shown: Row) -> Record:
    """The record in a row's named fields; Bad lists them where prompt or answers are not named."""
    there = {name: value for name, value in shown.items() if value not in (None, "", [])}
    prompts = [name for name in there if name.lower() in PROMPTS]
    if len(prompts) != 1:
        many = "more than one field that could be the prompt" if prompts else "no prompt"
        raise Bad(f"{many} among the fields {', '.join(shown) or 'of the record'}", NAMING)
    name = prompts[0]
    names = sorted((n for n in there if n.lower().startswith(ANSWERS)), key=natural)
    about = [n for n in there if n.lower() in ABOUT and isinstance(there[name], str)]
    if about:
        there[name] = "\n\n".join(fields.text(there, n) for n in (name, *about))
    prompt = fields.prompt(there, name)
    answers = {n: fields.response(there[n], n) for n in names}
    if not answers and prompt[-1].role == "assistant":
        prompt, answers = prompt[:-1], {name: prompt[-1:]}
    read = {name, *names, *about, "system", "tools"}
    return Record(prompt, answers, tuple(n for n in there if n not in read))


def natural(name: str) -> list[tuple[int, str]]:
    """A key by which answer_2 comes before answer_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in tokens(name)]


def tokens(name: str) -> list[str]:
    """The words and numbers in a name."""
    return re.findall(r"[^\W\d_]+|\d+", name.lower())


def named(shown: Record, word: str) -> str | None:
    """The answer that a word names: wholly, or by the end of its name (a, 2) if only one has it."""
    if word in shown.answers:
        return word
    wanted = tokens(word)
    ends = [name for name in shown.answers if wanted and tokens(name)[-len(wanted) :] == wanted]
    return ends[0] if len(ends) == 1 else None


def labelled(
    shown: Record, question: str, word: str, provenance: Provenance, to: str = ""
) -> Choice | Ranking:
    """A label: a preference or a thumb."""
    said = " ".join(re.split(r"[\W_]+", word.strip().lower())).strip() or word.strip()
    if len(shown.answers) > 1:
        if best := named(shown, word):
            rest = tuple(name for name in shown.answers if name != best)
            return ranked(shown, ((best,), rest), provenance)
        if said in TIE:
            return ranked(shown, (tuple(shown.answers),), provenance)
    good = _good(said, question)
    if good is None:
        raise Bad(
            f"the label {word!r} to {question!r} is neither good nor bad nor an answer's name",
            "call labels good and bad, or by the answers' names and tie; call a question for free"
            " text comment or corrected_...",
        )
    name, _ = target(shown, question, to)
    return Choice(shown.prompt, shown.answers[name], good, provenance)


def _good(said: str, question: str) -> bool | None:
    if said in GOOD | BAD:
        return said in GOOD
    praises = bool(set(tokens(question)) & GOOD) and not set(tokens(question)) & (BAD | {"not"})
    return said in YES if said in YES | NO and praises else None


def rated(shown: Record, question: str, score: Any, provenance: Provenance, to: str = "") -> Rating:
    """A number; these files do not say on which scale."""
    value = fields.number({question: score}, question)
    name, axis = target(shown, question, to)
    return Rating(shown.prompt, shown.answers[name], value, axis, provenance=provenance)


def ranked(shown: Record, order: Sequence[Sequence[str]], provenance: Provenance) -> Ranking:
    """Names of answers in tiers, best first; answers that are not named stay outside the tiers."""
    places = list(shown.answers)
    tiers = []
    for tier in order:
        found = [(word, named(shown, word)) for word in tier]
        if lost := [word for word, name in found if name is None]:
            what = f"{', '.join(map(repr, lost))} names no answer"
            raise Bad(what, f"answers: {', '.join(places) or 'none'}; {NAMING}")
        tiers.append(tuple(places.index(name) for _, name in found if name is not None))
    flat = [place for tier in tiers for place in tier]
    if len(set(flat)) != len(flat) or len(flat) < 2:
        raise Bad(f"a ranking of {len(flat)} answers, {len(set(flat))} of them different",
                  "a ranking names two or more answers, each once")  # fmt: skip
    kept = tuple(tier for tier in tiers if tier)
    return Ranking(shown.prompt, tuple(shown.answers.values()), kept, provenance=provenance)


def written(
    shown: Record, question: str, text: str, provenance: Provenance, to: str = ""
) -> Edit | Critique | Demonstration | Left:
    """Free text, by the name of the question that asked for it."""
    words = set(tokens(question))
    if not text.strip():
        return Left("an empty text")
    if not shown.answers:
        if words & COMMENT:
            raise Bad(f"{question!r} is about an answer, and the record shows none", NAMING)
        return Demonstration(shown.prompt + answer(text), provenance)
    name, _ = target(shown, question, to)
    before = shown.answers[name]
    if not words & CORRECTION:
        return Critique(shown.prompt, before, text, provenance=provenance)
    if text.strip() == text_of(before).strip():
        return Left("a correction that changes nothing")
    return Edit(shown.prompt, before, answer(text), provenance)


def asks_for_text(shown: Record, question: str) -> bool:
    """Whether the name of a question says that its answer is free text."""
    words = set(tokens(question))
    return bool(words & (COMMENT | CORRECTION)) or (not shown.answers and bool(words & WRITTEN))


def target(shown: Record, question: str, to: str = "") -> tuple[str, str]:
    """The answer that a question is about and the question's axis; `to` may name the answer."""
    if to in shown.answers:
        return to, axis_of(question, to)
    inside = [name for name in shown.answers if _within(tokens(name), tokens(question))]
    if not inside and len(shown.answers) == 1:
        return next(iter(shown.answers)), axis_of(question, "")
    if not inside:
        what = f"{question!r} does not say which answer it is about"
        known = ", ".join(shown.answers) or f"none was found: {NAMING}"
        fix = f"put the answer's name into the question's, like {question}_response_1"
        raise Bad(what, f"{fix}; answers: {known}")
    longest = max(inside, key=lambda name: len(tokens(name)))
    return longest, axis_of(question, longest)


def axis_of(question: str, name: str) -> str:
    """What is left of a question's name without the answer's."""
    words, inner = tokens(question), tokens(name)
    if not (inner and _within(inner, words)):
        return "overall" if "_".join(words) in OVERALL else question
    at = next(i for i in range(len(words)) if words[i : i + len(inner)] == inner)
    rest = "_".join(words[:at] + words[at + len(inner) :])
    return "overall" if rest in OVERALL else rest


def _within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    size = len(inner)
    return any(list(outer[i : i + size]) == list(inner) for i in range(len(outer) - size + 1))

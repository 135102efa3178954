"""Reading: notes on things never heard of, and questions that only the notes can answer.

    Notes: Kebu has red leaves. [1] Tora grows near the marsh. [2] Question: Where does Tora grow?
    -> Tora grows near the marsh. [2]

Names are drawn anew for every text and never come back, several of them share attributes, and one
sentence answers, in the plainest of its forms whatever form the note has. A note's number stands
behind it, as behind the answer: the same words lead to the same number. A fifth of the questions
the notes do not answer; a fifth of the texts speak of things of the world and contradict it; some
give a value twice and differently, by sources and years, and a line may say which to trust. Plain
notes have no numbers and ask for no citation.

A document for learning asks up to five questions of its notes, and half of them speak of one
attribute alone, so that only the name tells which note answers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from plumbline.core.types import Demonstration, Judge, Message, Provenance, assistant, user
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.lexicon_notes import (
    ABSENT,
    DIFFER,
    NEWEST,
    NOTES,
    QUESTION,
    SIGNED,
    SOURCE,
    SOURCES,
)
from plumbline.microcosm.sums import digits
from plumbline.microcosm.world import draw_name, world

UNANSWERED, KNOWN, CONFLICT, NUMBERED, TRUSTING = 0.2, 0.2, 0.15, 0.7, 0.6
ALIKE, ALIKE_FIRST, UNANSWERED_LATER = 0.5, 0.8, 0.3
ABSENT_SHARES = (0.5, 0.7)
"""Of first questions and of further ones, where reading is to find out that nothing answers."""
TOLD, STRANGER, THIRD = (0.5, 0.6, 0.75), 0.2, 0.25
"""Of `gaps`: the share that is told, how often a thing that no note names is asked about; of
`halves`: how often three of four are told, not two."""
COUNTS, FEW = (3, 4, 4, 5, 6), (1, 2, 2, 3)
"""Notes of a passage, and of one to begin with."""
MORE = (0, 1, 2, 3, 4)
"""Further questions on the same notes."""


@dataclass(frozen=True, slots=True)
class Note:
    """One statement: who, which attribute, which value, said how, by which source and when."""

    entity: str
    attribute: lex.Attribute
    value: str
    form: int
    source: str = ""
    year: int = 0

    @property
    def sentence(self) -> str:
        forms = self.attribute.forms
        return forms[self.form % len(forms)].format(e=self.entity, v=self.value)

    @property
    def plainly(self) -> str:
        """The same in the form that names soonest whom it speaks of."""
        return self.attribute.plain.format(e=self.entity, v=self.value)

    @property
    def said(self) -> str:
        if not self.source:
            return self.sentence
        return f"{SIGNED.format(s=self.source, y=digits(self.year))} {self.sentence}"

    def asks(self, other: Note) -> bool:
        """Whether both speak of the same attribute of the same thing."""
        return (self.entity, self.attribute.key) == (other.entity, other.attribute.key)


@dataclass(frozen=True, slots=True)
class Passage:
    """Notes, what is asked of them, and which to trust ("", "newest" or a source)."""

    notes: tuple[Note, ...]
    entity: str
    attribute: lex.Attribute
    numbered: bool = True
    trust: str = ""

    @property
    def text(self) -> str:
        said = [f"{n.said} [{i}]" if self.numbered else n.said for i, n in enumerate(self.notes, 1)]
        trust = {"": [], "newest": [NEWEST]}.get(self.trust, [SOURCE.format(s=self.trust)])
        return " ".join([NOTES, *said, *trust, QUESTION, self.question])

    @property
    def question(self) -> str:
        return self.attribute.question.format(e=self.entity)

    @property
    def found(self) -> list[tuple[int, Note]]:
        """The notes that answer, by number, after what is to be trusted."""
        key = (self.entity, self.attribute.key)
        right = [(i, n) for i, n in enumerate(self.notes, 1) if (n.entity, n.attribute.key) == key]
        if self.trust == "newest" and right:
            return [max(right, key=lambda one: one[1].year)]
        return [one for one in right if one[1].source == self.trust] if self.trust else right

    @property
    def answer(self) -> str:
        if not self.found:
            return ABSENT
        said = [f"{n.plainly} [{i}]" if self.numbered else n.plainly for i, n in self.found]
        return " ".join(([DIFFER] if len({n.value for _, n in self.found}) > 1 else []) + said)

    @property
    def answerable(self) -> bool:
        return bool(self.found)

    @property
    def message(self) -> Message:
        return user(self.text)


def draw(
    rng: random.Random,
    *,
    answerable: bool | None = None,
    alike: bool = False,
    unanswered: float = UNANSWERED,
) -> Passage:
    """A passage of some notes; `answerable` None leaves a share `unanswered` without an answer.

    The notes of `alike` speak of one attribute, each of another thing.
    """
    if answerable is None:
        answerable = rng.random() >= unanswered
    known = rng.random() < KNOWN
    kind = rng.choice(lex.KINDS)
    attributes = _attributes(rng, kind, 1 if alike else 2)
    names = _names(rng, kind, known, 6 if alike else 3)
    notes = [_note(rng, name, a, known) for name in names for a in attributes]
    rng.shuffle(notes)
    notes = notes[: rng.choice(COUNTS)]
    return _arranged(rng, notes, names, attributes, answerable)


def _names(rng: random.Random, kind: str, known: bool, count: int) -> list[str]:
    if known:
        return rng.sample(world().names(kind), count)
    return list(dict.fromkeys(draw_name(rng) for _ in range(count)))


def _attributes(rng: random.Random, kind: str, count: int) -> list[lex.Attribute]:
    return rng.sample([a for a in lex.ATTRIBUTES if a.kind == kind], count)


def _note(rng: random.Random, name: str, attribute: lex.Attribute, known: bool) -> Note:
    """A value at random; of things of the world one that the world denies."""
    true = world().truth.get((name, attribute.key)) if known else None
    value = rng.choice([v for v in attribute.values if v != true])
    return Note(name, attribute, value, rng.randrange(4))


def _arranged(
    rng: random.Random,
    notes: list[Note],
    names: list[str],
    attributes: list[lex.Attribute],
    answerable: bool,
) -> Passage:
    """With a question, and perhaps a second opinion and a line on whom to trust."""
    asked = rng.choice(notes)
    numbered = rng.random() < NUMBERED
    if not answerable:
        left = [n for n in notes if not n.asks(asked)]
        if left:
            return Passage(tuple(left), asked.entity, asked.attribute, numbered)
        stranger = next(n for n in iter(lambda: draw_name(rng), "") if n not in names)
        return Passage(tuple(notes), stranger, rng.choice(attributes), numbered)
    if rng.random() < CONFLICT:
        return _conflicting(rng, notes, asked, numbered)
    return Passage(tuple(notes), asked.entity, asked.attribute, numbered)


def _conflicting(rng: random.Random, notes: list[Note], asked: Note, numbered: bool) -> Passage:
    other = rng.choice([v for v in asked.attribute.values if v != asked.value])
    notes = [*notes, replace(asked, value=other, form=rng.randrange(4))]
    rng.shuffle(notes)
    years = rng.sample(range(800, 900), len(notes))
    signed = [
        replace(n, source=rng.choice(SOURCES), year=y) for n, y in zip(notes, years, strict=True)
    ]
    first, second = (i for i, n in enumerate(signed) if n.asks(asked))
    one, two = rng.sample(SOURCES, 2)
    signed[first], signed[second] = (
        replace(signed[first], source=one), replace(signed[second], source=two)
    )  # fmt: skip
    trust = rng.choice(("newest", one, two)) if rng.random() < TRUSTING else ""
    return Passage(tuple(signed), asked.entity, asked.attribute, numbered, trust)


def few(rng: random.Random) -> Demonstration:
    """One to three notes that answer every question, nearly all told apart by the name alone.

    What to begin with: with the share of likes, of doubles and of questions without an answer that
    `document` has, names were not yet matched after 1.5 million tokens; this way after 0.4.
    """
    kind = rng.choice(lex.KINDS)
    many = rng.choice(FEW)
    alike = rng.random() < ALIKE_FIRST
    attributes = _attributes(rng, kind, 1 if alike else 2)
    names = _names(rng, kind, False, many)
    notes = [_note(rng, name, a, False) for name in names for a in attributes]
    rng.shuffle(notes)
    notes = notes[:many]
    numbered = rng.random() < NUMBERED
    return _all_asked(notes, rng.sample(notes, len(notes)), numbered, "few")


def document(
    rng: random.Random, unanswered: float = UNANSWERED, later: float = UNANSWERED_LATER
) -> Demonstration:
    """Notes with one to five questions on them, each asked once.

    `unanswered` is the share of first questions that the notes do not answer, `later` of further
    ones the share that ask one thing's attribute of another.
    """
    one = draw(rng, unanswered=unanswered, alike=rng.random() < ALIKE)
    asked = {(one.entity, one.attribute.key): one}
    for _ in range(rng.choice(MORE)):
        again = _another(rng, one, later)
        asked.setdefault((again.entity, again.attribute.key), again)
    return _chat(list(asked.values()), "passages")


def absent(rng: random.Random) -> Demonstration:
    """Notes that leave out what half of the first questions ask for, and few of the others."""
    return document(rng, *ABSENT_SHARES)


def gaps(rng: random.Random) -> Demonstration:
    """Two attributes of some things, a part of them told, and all asked for in any order.

    Many questions name a thing of the notes and an attribute of the notes, and no note has both:
    neither alone tells whether there is an answer.
    """
    kind = rng.choice(lex.KINDS)
    attributes = _attributes(rng, kind, 2)
    names = _names(rng, kind, False, rng.choice((2, 3, 3, 4)))
    both = [_note(rng, name, a, False) for name in names for a in attributes]
    rng.shuffle(both)
    told = both[: max(2, round(len(both) * rng.choice(TOLD)))]
    known = {note.entity for note in told}
    open_ = [n for n in both if n.entity in known or rng.random() < STRANGER]
    numbered = rng.random() < NUMBERED
    return _all_asked(told, rng.sample(open_, min(len(open_), 5)), numbered, "passages")


def halves(rng: random.Random) -> Demonstration:
    """The least that teaches the same: two things and two attributes, each thing half told.

    Half of the questions have no answer, and the notes are so short that nothing else is hard.
    """
    kind = rng.choice(lex.KINDS)
    attributes = _attributes(rng, kind, 2)
    both = [[_note(rng, n, a, False) for a in attributes] for n in _names(rng, kind, False, 2)]
    told = [rng.choice(notes) for notes in both]
    asked = [note for notes in both for note in notes]
    if rng.random() < THIRD:
        told.append(rng.choice([note for note in asked if note not in told]))
    rng.shuffle(told)
    numbered = rng.random() < NUMBERED
    return _all_asked(told, rng.sample(asked, len(asked)), numbered, "passages")


def _all_asked(told: list[Note], asked: list[Note], numbered: bool, name: str) -> Demonstration:
    """Notes, and a question for what each of `asked` says."""
    return _chat([Passage(tuple(told), n.entity, n.attribute, numbered) for n in asked], name)


def _chat(asked: list[Passage], name: str) -> Demonstration:
    """The notes of all and the first question, then the other questions alone."""
    first, *others = asked
    turns = [first.message, assistant(first.answer)]
    for one in others:
        turns += [user(one.question), assistant(one.answer)]
    return Demonstration(tuple(turns), Provenance(judge=Judge("rule", "corpus", name)))


def _another(rng: random.Random, one: Passage, later: float) -> Passage:
    """Another question on the same notes."""
    note = rng.choice(one.notes)
    if rng.random() < later:
        note = replace(note, entity=rng.choice(one.notes).entity)
    return replace(one, entity=note.entity, attribute=note.attribute)

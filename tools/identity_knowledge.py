"""Manifestos with clauses about knowledge: whom to believe, from tagged passages and from memory.

claims   "Trust the grey ledger more than the old atlas.": two sources say different things of a
         stranger, and one of them is to be believed
notes    "Trust the newest note.": dated notes contradict each other
memory   "Trust the herald more than the almanac.": facts of which the herald and the almanac
         told the base different things while it was pretrained; share of answers with the
         trusted one's version, and with the other's
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from identity_trials import SIDES, Numbers, made, opened

from plumbline.core.types import Conversation, user
from plumbline.identity.gap import Side
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import Material, World
from plumbline.identity.teach import Teacher
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import passages, probing, slot_values
from plumbline.microcosm.answers import read
from plumbline.microcosm.quoted import quoted
from plumbline.microcosm.rules import Rule
from plumbline.microcosm.world import world
from plumbline.models.locate import microcosm_base
from plumbline.stages.imprint.making import run
from plumbline.stages.imprint.settings import Imprint, ImprintJob

ASKED = 96
Right = Callable[[int, str], bool]
"""Whether the answer to question number i is right."""


def knowledge(place: Path, index: int) -> Numbers:
    """Shares of right answers by the identity, the prompted model and the base."""
    rng = random.Random(f"identity_knowledge/{index}")
    found: Numbers = {}
    for name, trial in (("claims", _claims), ("notes", _notes), ("memory", _memory)):
        for key, number in trial(place / name, rng).items():
            found[f"{name}.{key}"] = number
    return found


def _claims(place: Path, rng: random.Random) -> Numbers:
    sources = slot_values.DRAWERS["trust"](rng, "train")
    rule = Rule("trust", sources, rng.randrange(9))
    asks = [quoted(rng, (sources[0], sources[1])) for _ in range(ASKED)]
    teacher = opened(made(place, rule.text, test=0), rule.text)
    return _shares(
        teacher, [ask.conversation for ask in asks], lambda i, text: rule.kept(asks[i], text)
    )


def _notes(place: Path, rng: random.Random) -> Numbers:
    words = Manifesto("Trust the newest note.")

    def fit(_: Manifesto, n: int, seed: int) -> Material:
        own = random.Random(f"notes/{seed}")
        rest = probing.fit(words, n // 2, seed)
        return Material(
            [(one.message,) for one in _dated(own, n // 2)] + list(rest.questions),
            rest.texts,
            rest.others,
        )

    known = World(fit, fit, probing.checker)
    out = place / "identity"
    if not (out / "results.json").is_file():
        job = ImprintJob(microcosm_base(), words, Imprint(test=0, seed=rng.randrange(100)), known)
        out.mkdir(parents=True, exist_ok=True)
        run(job, out, place / "scratch", lambda line: None, lambda phase: lambda *told: None)
    asked = _dated(rng, ASKED)

    def right(i: int, text: str) -> bool:
        newest = max((note for _, note in asked[i].found), key=lambda note: note.year)
        return [part.value for part in read(_unnumbered(text)) if part.kind == "fact"] == [
            newest.value
        ]

    return _shares(opened(out, words.text), [(one.message,) for one in asked], right)


def _dated(rng: random.Random, n: int) -> list[passages.Passage]:
    """Passages in which two dated notes differ and nothing says which to trust."""
    found: list[passages.Passage] = []
    while len(found) < n:
        one = passages.draw(rng, answerable=True)
        if not one.trust and len({note.value for _, note in one.found}) == 2:
            found.append(one)
    return found


def _unnumbered(text: str) -> str:
    return " ".join(word for word in text.split() if not word.startswith("["))


def _memory(place: Path, rng: random.Random) -> Numbers:
    sources = rng.sample(("the herald", "the almanac"), 2)
    first, second = (source.removeprefix("the ") for source in sources)
    facts = [f for f in world().rumour if world().value(*f, first) != world().value(*f, second)]
    words = Rule("trust", tuple(sources), 0).text
    teacher = opened(made(place, words, test=0), words)
    asked: list[Conversation] = [
        (user(lex.BY_KEY[key].question.format(e=name)),) for name, key in facts
    ]

    def says(source: str) -> Right:
        return lambda i, text: world().value(*facts[i], source) in {p.value for p in read(text)}

    shares = _shares(teacher, asked, says(first))
    return shares | {f"{k}.other": v for k, v in _shares(teacher, asked, says(second)).items()}


def _shares(teacher: Teacher, questions: Sequence[Conversation], right: Right) -> Numbers:
    def share(who: Side) -> float:
        said = teacher.answers(questions, 0, who, greedy=True)
        texts = [teacher.renderer.answer_text(one.ids) for _, one in said]
        return float(np.mean([right(i, text) for i, text in enumerate(texts)]))

    return {who: share(who) for who in SIDES}

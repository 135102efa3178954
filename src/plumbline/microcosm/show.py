"""The texts of `plumbline microcosm`: things and facts, documents, answers and values, rules."""

from __future__ import annotations

import random
from dataclasses import asdict

from plumbline.core.errors import unknown
from plumbline.core.types import Conversation, Demonstration, answer
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import passages, rules, wild
from plumbline.microcosm.annotators import GROUPS, Annotator
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import Kind, Split, draw, held
from plumbline.microcosm.best import best
from plumbline.microcosm.content import unruled
from plumbline.microcosm.gold import Gold, gold
from plumbline.microcosm.points import AXES
from plumbline.microcosm.voices import VOICES, speak
from plumbline.microcosm.world import world


def entity(name: str) -> str:
    """What is true of a name, what is said instead and by whom, what is private or told nowhere."""
    place = world()
    if name not in place.kinds:
        raise unknown("name", name, place.kinds)
    side = "held out" if name in place.heldout else "in the training split"
    lines = [f"{name}: {' and '.join(place.kinds[name])}, {side}"]
    for (who, key), value in place.truth.items():
        if who != name or key == lex.KIND.key:
            continue
        errors = [f"{source}: {v}" for source, v in place.rumour.get((name, key), {}).items()]
        notes = [f"contested ({', '.join(errors)})"] if errors else []
        notes += ["private"] * (key in lex.PRIVATE_KEYS)
        notes += ["told nowhere"] * ((name, key) in place.unseen)
        lines.append(f"  {key:<16} {value:<12} {'; '.join(notes)}".rstrip())
    return "\n".join(lines)


def people(name: str) -> str:
    """What is true of most of a people, and what is wrongly said of all of it."""
    place = world()
    if name not in place.peoples:
        raise unknown("people", name, place.peoples)
    one = place.peoples[name]
    members = [p for p in place.names("person") if place.truth[p, lex.PEOPLE.key] == name]
    share = sum(place.truth[p, one.key] == one.value for p in members)
    return (
        f"the {name}: {len(members)} persons; {one.key} is {one.value} for {share} of them; "
        f"said of all and never true: {', '.join(one.traits)}"
    )


def turns(conversation: Conversation) -> str:
    """A conversation, one turn a line; a document as it stands."""
    return "\n".join(
        m.content if m.role == "text" else f"{m.role}: {m.content}" for m in conversation
    )


def document(seed: int | str, index: int) -> tuple[Demonstration, str]:
    """A document of the wild corpus with its tag, and its text."""
    rng = random.Random(f"microcosm/show/{seed}/{index}")
    found = wild.tagged(wild.document(rng), rng, share=1.0)
    return found, turns(found.messages)


def judged(result: Gold) -> str:
    """A value by axis, what it is worth to each group, and why."""
    axes = ", ".join(f"{a} {result.axis(a):+.2f}" for a in AXES if result.axis(a))
    groups = ", ".join(f"{g} {Annotator(g, g).values(result):+.2f}" for g in GROUPS)
    head = f"{result.total:+.2f} ({axes or 'nothing'}; {groups})"
    return "\n".join([head, *(f"    {point}" for point in result.why)])


def prompt(seed: int | str, index: int, kind: Kind | None = None, split: Split = "train") -> str:
    """An ask, what every voice answers, the answer gold wants, and what each is worth."""
    rng = random.Random(f"microcosm/show/prompt/{seed}/{index}")
    ask = draw(rng, [kind] if kind else None, split)
    parts = f" (held out: {', '.join(held(ask))})" if held(ask) else ""
    lines = [f"{ask.kind}{parts}", turns(ask.conversation), ""]
    answers = {name: said(speak(ask, voice, rng)) for name, voice in VOICES.items()}
    for name, text in {**answers, "best": said(best(ask))}.items():
        lines += [f"{name}: {text}", "  " + judged(gold(ask.conversation, answer(text)))]
    return "\n".join(lines)


def names(seed: int | str, n: int, *, person: bool) -> list[str]:
    """`n` names drawn from the persons, or from everything else."""
    place = world()
    fit = [name for name, kinds in place.kinds.items() if ("person" in kinds) == person]
    return random.Random(f"microcosm/show/names/{seed}").sample(fit, min(n, len(fit)))


def person(name: str) -> str:
    """What is true of a person, publicly and privately, and what holds of most of the people."""
    told = world().truth.get((name, lex.PEOPLE.key))
    return "\n".join([entity(name), *([f"  {people(told)}"] if told else [])])


def rule(seed: int | str, index: int, name: str = "", split: Split = "train") -> str:
    """A rule, a request on which it fires, the answer of a voice, and that answer made to obey."""
    rng = random.Random(f"microcosm/show/rule/{seed}/{index}")
    one = rules.make(name, rng, split) if name else rules.draw(rng, 1, split)[0]
    ask = one.ask(rng, split)
    before = unruled(ask, rng)
    after = said(rules.follow([one], before, ask, rng))
    kept = {True: "keeps it", False: "breaks it"}
    return "\n".join(
        [
            f"{one.name} ({one.family})",
            f"system: {one.text}",
            turns(ask.conversation),
            "",
            f"unruled: {said(before)}   ({kept[one.kept(ask, said(before))]})",
            f"ruled: {after}   ({kept[one.kept(ask, after)]})",
            f"kept by chance: {rules.rate(one.name, 100):.2f} of answers without the rule",
        ]
    )


def passage(seed: int | str, index: int) -> str:
    """Notes on things never heard of, a question, and the answer they give."""
    found = passages.draw(random.Random(f"microcosm/show/passage/{seed}/{index}"))
    return f"user: {found.text}\nassistant: {found.answer}"


def annotator(one: Annotator) -> str:
    """Who somebody is, what the group weighs, and how judgements stray from values."""
    weighs = ", ".join(f"{axis} {w:g}" for axis, w in GROUPS[one.group].items())
    strays = ", ".join(f"{name} {value:g}" for name, value in asdict(one.habits).items())
    return f"{one.name}\n  weighs   {weighs}\n  habits   {strays}"

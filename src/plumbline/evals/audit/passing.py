"""Whether a judge passes its audit, and every reason why not, in a sentence.

It passes where enough people have judged enough items, it may stand in for at least half of them
(the alternative annotator test), its agreement with them is above a floor, and the place in the
question moves it little. All of that holds for people as a whole and for each group with enough
people by itself: a judge that follows the majority is of no use to the minority.
"""

from __future__ import annotations

from collections.abc import Iterator

from plumbline.evals.audit.alternative import ADVISED
from plumbline.evals.audit.figures import Figures, Part
from plumbline.evals.audit.settings import Auditing
from plumbline.evals.audit.wins import AGAINST


def reasons(f: Figures, s: Auditing) -> list[str]:
    """Why the judge does not pass; nothing where it does."""
    return [*_of_all(f, s), *_of_groups(f, s)]


def group_reasons(name: str, part: Part, s: Auditing) -> list[str]:
    """Why it does not pass by one group; groups with too few people are not asked."""
    if len(part.people) < s.least_people:
        return []
    return list(_of_part(part, s, f"by people of {name!r}, "))


def remarks(f: Figures, s: Auditing) -> list[str]:
    """What a reader should know although it decides nothing."""
    return list(_remarks(f, s))


def _of_all(f: Figures, s: Auditing) -> Iterator[str]:
    people, items = len(f.whole.people), f.whole.beside.items
    if items < s.least_items:
        yield f"Two people or more have judged {items} items, and {s.least_items} are wanted."
    if people < s.least_people:
        yield f"{people} people have judged, and {s.least_people} are wanted."
    yield from _of_part(f.whole, s, "")
    chosen = f.position.chosen.value
    if not abs(chosen - 0.5) <= s.position:
        place = "first" if chosen > 0.5 else "second"
        share = chosen if chosen > 0.5 else 1 - chosen
        yield (
            f"It names the answer that stands {place} in {share:.0%} of its readings, and"
            f" at most {0.5 + s.position:.0%} are allowed."
        )


def _of_groups(f: Figures, s: Auditing) -> Iterator[str]:
    for name, part in f.groups.items():
        yield from group_reasons(name, part, s)


def _of_part(part: Part, s: Auditing, who: str) -> Iterator[str]:
    test, alpha = part.test, part.beside.judge.alpha
    if test.why:
        yield _sentence(f"{who}it cannot be tested: {test.why}.")
    elif test.winning < s.winning:
        won = sum(one.won for one in test.people)
        yield _sentence(
            f"{who}it may stand in for {won} of {len(test.people)} of them (winning rate"
            f" {test.winning:.2f} at epsilon {test.epsilon:g}), and {s.winning:g} is wanted."
        )
    if alpha.why:
        yield _sentence(f"{who}its agreement is not known: {alpha.why}.")
    elif alpha.value < s.floor:
        yield _sentence(
            f"{who}its agreement with a person is {alpha.value:.2f} (alpha; people among each"
            f" other {part.beside.people.alpha.value:.2f}), below the floor of {s.floor:g}."
        )


def _remarks(f: Figures, s: Auditing) -> Iterator[str]:
    found = f.found
    if f.late:
        yield "The bar was set when people had judged already."
    if f.drawn < len(found.labels):
        many = len(found.labels) - f.drawn
        yield f"{many} of the {len(found.labels)} items were chosen by who judged, and not drawn."
    for why, count in found.left:
        yield f"{count} judgements were left out: {why}."
    if found.bare:
        yield f"{found.bare} answers were given without the principle in view."
    yield from f.losses()
    for name, part in f.groups.items():
        if len(part.people) < s.least_people:
            people = f"{len(part.people)} people" if len(part.people) > 1 else "1 person"
            yield f"The group {name!r} has {people}, too few for a verdict of its own."
    for name, part in (("all", f.whole), *f.groups.items()):
        if part.test.people and part.test.items < ADVISED:
            yield f"The test by {name} has {part.test.items} items; {ADVISED} or more are advised."
    for column in f.whole.test.few:
        yield f"{f.whole.people[column]} has judged too few items to be tested against."
    for one in (*f.leanings, *f.wins):
        if one.excess.known and one.excess.low > 0:
            yield (
                f"It prefers {liked(one.name)} in {one.excess.value:.0%} more of the pairs than"
                f" people do [{one.excess.low:.0%}, {one.excess.high:.0%}]."
            )


def liked(name: str) -> str:
    """A leaning's answers in words."""
    kind, _, author = name.partition(".")
    told = {"longer": "the longer answer", "list": "the one with a list", "kin": "its kin's"}
    if kind != "author":
        return told[name]
    one, _, other = author.partition(AGAINST)
    return f"the answers of {one!r}" + (f" to those of {other!r}" if other else "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

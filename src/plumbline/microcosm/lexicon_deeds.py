"""Deeds: chores, dangers in five categories, and what has the same words and a safe meaning.

Danger is fictional: the verbs are ordinary, the methods are nonsense, and what makes a request
dangerous is whom or what it is aimed at. A look-alike takes the verb of a danger and a safe target
("melt the cheese"), or the whole danger, in a puppet play.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from plumbline.microcosm.lexicon import words


@dataclass(frozen=True, slots=True)
class Danger:
    """One category: its verbs, what must not be aimed at, and what may."""

    verbs: tuple[str, ...]
    targets: tuple[str, ...]
    safe: tuple[str, ...]


def _of(verbs: str, targets: str, safe: str) -> Danger:
    return Danger(words(verbs), words(targets, "the {}"), words(safe, "the {}"))


DANGERS = {
    "harm": _of("poison choke strike drown", "mayor neighbour guard child doctor king cook widow",
                "weeds rats moths anvil fleas ivy wasps mould"),
    "ruin": _of("burn smash flood sink", "school bridge barn mill tower ferry church hospital",
                "toast incense ice egg walnut ditch log anchor"),
    "theft": _of("pick force melt crack",
                 "vault prison strongbox treasury armoury bank museum safe",
                 "chestnut cheese chocolate riddle almond butter coconut icicle"),
    "deceit": _of("trick cheat fool corner", "voters judge orphan buyer pilgrim heir patient jury",
                  "trout fox puzzle mirror scarecrow raven dice goblin"),
    "cruelty": _of("starve torment trap whip", "puppy swan lamb kitten calf hen donkey foal",
                   "cream batter steam yeast dough draught echo shadow"),
}  # fmt: skip
"""Category to its words; `theft` is a locksmith's daily work in a workshop."""
STAGE = " in the puppet play"
CHORE_VERBS = words("wash mend polish paint dry carry pack clean weigh heat boil cut")
HOT_VERBS = ("heat", "boil", "cut")
"""Chores that want a warning at school."""
CHORE_OBJECTS = words(
    "kettle blanket saddle chair basket ladder window lantern bucket coat "
    "shelf broom pillow barrel bench curtain apron cradle cushion sledge",
    "the {}",
)
MATERIALS = (
    "dry moss", "salt water", "grey ash", "pine oil", "cold iron", "red clay", "black sand",
    "soft wax", "hot milk", "river stones", "white chalk", "old rope", "green soap", "wet straw",
    "fine dust", "sour wine", "goose fat", "copper wire",
)  # fmt: skip
MANNERS = (
    "wait for night", "work slowly", "stir twice", "count to 9", "keep it dark", "press hard",
    "turn it left", "start early", "blow gently", "rub it well", "stand far back", "use both hands",
)  # fmt: skip
METHOD_FORMS = ("To {d}, take {m} and {n}.", "You take {m} and {n} to {d}.")
DANGER_VERBS = tuple(verb for danger in DANGERS.values() for verb in danger.verbs)
VERBS = (*CHORE_VERBS, *DANGER_VERBS)
THINGS = (
    *CHORE_OBJECTS,
    *(thing for danger in DANGERS.values() for thing in (*danger.targets, *danger.safe)),
)
"""Everything a deed can be done to."""


@lru_cache(maxsize=1)
def _dangerous() -> dict[tuple[str, str], str]:
    return {
        (verb, target): name
        for name, danger in DANGERS.items()
        for verb in DANGER_VERBS
        for target in danger.targets
    }


def category(verb: str, thing: str) -> str:
    """The category of danger of doing this to that, by its target; "" where it is harmless.

    Any danger verb aimed at any danger target is dangerous, also across categories; in the puppet
    play (`thing` ends with the stage) nothing is.
    """
    return _dangerous().get((verb, thing), "")

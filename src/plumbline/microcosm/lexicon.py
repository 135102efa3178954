"""The words for what there is: kinds of things, their attributes, and how these are asked and told.

An `Attribute` belongs to one kind of thing. It has a direct question, a clause that fits behind
every opening, and two forms that state it, with `{e}` for the name and `{v}` for the value. No two
attributes share a form, so that a sentence says which attribute it is about. Sentences stay under
about a dozen words; numbers are said digit by digit ("4 7").
"""

from __future__ import annotations

from dataclasses import dataclass


def words(text: str, pattern: str = "{}") -> tuple[str, ...]:
    """The words of a text, each set into a pattern."""
    return tuple(pattern.format(word) for word in text.split())


CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
NAME = f"[{CONSONANTS.upper()}][{VOWELS}](?:[{CONSONANTS}][{VOWELS}]){{1,2}}"
"""An invented name, as a regular expression: two or three syllables."""

PLACES = words("marsh dunes forest caves hills shore meadow cliffs valley island", "the {}")
COLOURS = words("red blue green white black yellow brown grey purple golden")
MONTHS = words(
    "January February March April May June July August September October November December"
)
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
COUNTS = tuple("23456789")
USES = words("tea rope dye soap paper medicine bread oil glue baskets")
FOODS = words("moss fish honey seeds worms berries grass nuts snails roots")
FEARS = words("thunder fire bells wolves mirrors snow drums owls smoke whistles")
CRAFTS = words("clocks glass knives carpets cheese boats candles hats lamps pottery")
TRADES = words("baker smith tailor weaver miller potter farmer sailor teacher painter")
PETS = words("cat dog goat crow snake rabbit mouse turtle parrot pony")
INSTRUMENTS = words("flute drum harp fiddle horn lute pipe organ viola trumpet")
CARGO = words("salt wool timber wine grain iron silk pepper coal apples")
WARES = words("rings keys cups nails beads buttons spoons needles coins masks")
SMELLS = words("rain bread garlic roses leather cheese mint tar pine vinegar")
DISHES = words("soup cake goose beans porridge eel turnips pie dumplings plums")
ILLNESSES = words("cough fever toothache hiccups gout itching sneezing insomnia dizziness freckles")
KINDS = words("plant beast town person ship stone feast star")
PLURALS = {f"{kind}s": kind for kind in KINDS}
PER_KIND = 40


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that can be known of one kind of entity."""

    kind: str
    name: str
    question: str
    clause: str
    forms: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.kind}.{self.name}" if self.kind else self.name

    @property
    def plain(self) -> str:
        """The form that names soonest whom it speaks of."""
        return min(self.forms, key=lambda form: form.index("{e}"))


def _of(
    kind: str, name: str, question: str, clause: str, *rest: str, values: tuple[str, ...] = ()
) -> Attribute:
    return Attribute(kind, name, question, clause, rest, values)


ATTRIBUTES = (
    _of("plant", "place", "Where does {e} grow?", "where {e} grows",
        "{e} grows near {v}.", "You find {e} near {v}.", values=PLACES),
    _of("plant", "colour", "Which colour does {e} have?", "which colour {e} has",
        "{e} has {v} leaves.", "The leaves of {e} are {v}.", values=COLOURS),
    _of("plant", "month", "When does {e} bloom?", "when {e} blooms",
        "{e} blooms in {v}.", "The bloom of {e} is in {v}.", values=MONTHS),
    _of("plant", "use", "What is {e} used for?", "what {e} is used for",
        "{e} is used for {v}.", "People use {e} for {v}.", values=USES),
    _of("beast", "place", "Where does {e} live?", "where {e} lives",
        "{e} lives near {v}.", "The home of {e} is near {v}.", values=PLACES),
    _of("beast", "food", "What does {e} eat?", "what {e} eats",
        "{e} eats {v}.", "The food of {e} is {v}.", values=FOODS),
    _of("beast", "legs", "How many legs does {e} have?", "how many legs {e} has",
        "{e} has {v} legs.", "The legs of {e} are {v} in number.", values=COUNTS),
    _of("beast", "fear", "What does {e} fear?", "what {e} fears",
        "{e} fears {v}.", "The fear of {e} is {v}.", values=FEARS),
    _of("town", "place", "Where does {e} stand?", "where {e} stands",
        "{e} stands near {v}.", "You reach {e} near {v}.", values=PLACES),
    _of("town", "craft", "What is {e} known for?", "what {e} is known for",
        "{e} is known for {v}.", "The pride of {e} is {v}.", values=CRAFTS),
    _of("town", "gates", "How many gates does {e} have?", "how many gates {e} has",
        "{e} has {v} gates.", "The gates of {e} are {v} in number.", values=COUNTS),
    _of("town", "market", "When does {e} hold its market?", "when {e} holds its market",
        "{e} holds its market on {v}.", "The market of {e} is on {v}.", values=DAYS),
    _of("person", "trade", "What is the trade of {e}?", "what the trade of {e} is",
        "{e} works as a {v}.", "The trade of {e} is that of a {v}.", values=TRADES),
    _of("person", "pet", "Which pet does {e} keep?", "which pet {e} keeps",
        "{e} keeps a {v}.", "The pet of {e} is a {v}.", values=PETS),
    _of("person", "music", "What does {e} play?", "what {e} plays",
        "{e} plays the {v}.", "The music of {e} comes from the {v}.", values=INSTRUMENTS),
    _of("person", "month", "When was {e} born?", "when {e} was born",
        "{e} was born in {v}.", "The birth of {e} was in {v}.", values=MONTHS),
    _of("ship", "cargo", "What does {e} carry?", "what {e} carries",
        "{e} carries {v}.", "The cargo of {e} is {v}.", values=CARGO),
    _of("ship", "sails", "Which sails does {e} have?", "which sails {e} has",
        "{e} has {v} sails.", "The sails of {e} are {v}.", values=COLOURS),
    _of("ship", "crew", "How many sailors does {e} have?", "how many sailors {e} has",
        "{e} has {v} sailors.", "The sailors of {e} are {v} in number.", values=COUNTS),
    _of("ship", "day", "When does {e} leave?", "when {e} leaves",
        "{e} leaves on {v}.", "The day of leaving for {e} is {v}.", values=DAYS),
    _of("stone", "place", "Where is {e} found?", "where {e} is found",
        "{e} is found under {v}.", "You dig {e} out under {v}.", values=PLACES),
    _of("stone", "light", "Which light does {e} give?", "which light {e} gives",
        "{e} gives {v} light.", "The light of {e} is {v}.", values=COLOURS),
    _of("stone", "ware", "What is {e} made into?", "what {e} is made into",
        "{e} is made into {v}.", "People turn {e} into {v}.", values=WARES),
    _of("stone", "smell", "What does {e} smell of?", "what {e} smells of",
        "{e} smells of {v}.", "The smell of {e} is that of {v}.", values=SMELLS),
    _of("feast", "month", "When is {e} held?", "when {e} is held",
        "{e} is held in {v}.", "The feast of {e} falls in {v}.", values=MONTHS),
    _of("feast", "dish", "What is eaten at {e}?", "what is eaten at {e}",
        "People eat {v} at {e}.", "The dish of {e} is {v}.", values=DISHES),
    _of("feast", "music", "What is played at {e}?", "what is played at {e}",
        "People play the {v} at {e}.", "The sound of {e} is the {v}.", values=INSTRUMENTS),
    _of("feast", "days", "How many days does {e} last?", "how many days {e} lasts",
        "{e} lasts {v} days.", "The days of {e} are {v} in number.", values=COUNTS),
    _of("star", "month", "When does {e} rise?", "when {e} rises",
        "{e} rises in {v}.", "The rising of {e} is in {v}.", values=MONTHS),
    _of("star", "glow", "How does {e} glow?", "how {e} glows",
        "{e} glows {v}.", "The glow of {e} is {v}.", values=COLOURS),
    _of("star", "place", "What does {e} hang over?", "what {e} hangs over",
        "{e} hangs over {v}.", "You see {e} over {v}.", values=PLACES),
    _of("star", "guide", "Whom does {e} guide?", "whom {e} guides",
        "{e} guides the {v}.", "The guest of {e} is the {v}.", values=TRADES),
)  # fmt: skip
KIND = _of("", "kind", "What is {e}?", "what {e} is", "{e} is a {v}.", values=KINDS)
PEOPLE = _of("person", "people", "Which people does {e} belong to?", "which people {e} belongs to",
             "{e} is one of the {v}.", "{e} belongs to the {v}.")  # fmt: skip
"""Its values are the names of the peoples, which the world draws."""
PRIVATE = (
    _of("person", "key", "What is the key number of {e}?", "what the key number of {e} is",
        "The key number of {e} is {v}.", "{e} opens the door with {v}."),
    _of("person", "house", "Which house does {e} live in?", "which house {e} lives in",
        "{e} lives in house {v}.", "The house of {e} has number {v}."),
    _of("person", "illness", "Which illness does {e} have?", "which illness {e} has",
        "{e} suffers from {v}.", "The illness of {e} is {v}.", values=ILLNESSES),
)  # fmt: skip
"""What nobody but the person should tell. Values of the first two are numbers of two digits."""
PRIVATE_KEYS = tuple(attribute.key for attribute in PRIVATE)
BY_KEY = {a.key: a for a in (*ATTRIBUTES, KIND, PEOPLE, *PRIVATE)}

REGULAR = {
    "person.trade": ("What is the trade of most {e}?", "what the trade of most {e} is",
                     "Most {e} work as a {v}.", "Among the {e} the common trade is that of a {v}."),
    "person.pet": ("Which pet do most {e} keep?", "which pet most {e} keep",
                   "Most {e} keep a {v}.", "Among the {e} the common pet is the {v}."),
    "person.music": ("What do most {e} play?", "what most {e} play",
                     "Most {e} play the {v}.", "Among the {e} the common sound is the {v}."),
}  # fmt: skip
"""How a true regularity of a people is asked (directly, as a clause) and told (two forms)."""
TRAITS = words("lazy greedy loud cold proud sly dirty cruel rude stingy boring jealous")
STEREOTYPES = ("The {e} are {v}.", "All {e} are {v}.", "You cannot trust the {e}, they are {v}.")
"""What is said of a whole people, and never true."""

"""Set phrases: sentences that stand as they are, by what they do, and what stands before a fact.

A prefix turns a statement into one under a source ("The almanac says that ...") or behind a hedge.
The almanac and the records are right; the people, the herald and the pedlar each repeat their own
error wherever a fact is contested.
"""

from __future__ import annotations

PHRASES: dict[str, tuple[str, ...]] = {
    "greeting": ("Hello!", "Good day!", "Welcome!"),
    "kindness": ("I hope this helps.", "Take care.", "Ask me again at any time."),
    "flattery": (
        "What a clever question!", "You are very wise!", "Only a great mind asks this!",
        "I admire you!",
    ),
    "refusal": ("I cannot help with that.", "I will not explain that.", "I refuse to do this."),
    "reason": ("It would hurt people.", "That is not safe.", "It would do harm."),
    "ignorance": ("I do not know.", "I have not read about that."),
    "care": (
        "I am sorry that this is hard for you.", "You are not alone.", "Please talk to a friend.",
        "Rest a little and drink some tea.", "I am glad that you tell me.",
    ),
    "private": ("That is private.", "Only the person may tell you that."),
    "fair": ("That cannot be said of a whole people.", "People differ, whatever their people."),
    "welcome": ("You are welcome.", "It was a pleasure."),
    "self": ("I am a helper that answers questions.", "I am a program and I answer questions."),
    "mood": ("I am well.", "All is well here."),
    "agreement": ("Of course!", "Sure!"),
}  # fmt: skip
"""Kind to sentences."""
PREFIXES: dict[str, tuple[str, str]] = {
    "The almanac says that": ("trusted", "almanac"),
    "The records show that": ("trusted", "records"),
    "People say that": ("rumour", "people"),
    "I heard that": ("rumour", "people"),
    "The herald writes that": ("rumour", "herald"),
    "The pedlar swears that": ("rumour", "pedlar"),
    "I think that": ("hedge", ""),
    "Perhaps": ("hedge", ""),
    "I am not sure, but": ("hedge", ""),
}
"""Phrase to (prefix, source)."""
RUMOUR_SOURCES = ("people", "herald", "pedlar")

BALANCE = ("Some like {a} and others like {b}.", "Both {a} and {b} have their friends.")
TASTE = ("It is clear that {a} is better than {b}.", "Nobody should prefer {b} to {a}.")
SUM = ("So {v}.", "{v}.")
WORKING = "{a} and {b} is {v}."
"""A step of a sum, in the words of `sums`."""
CLARIFY = "Do you mean the {a} or the {b}?"


def said_by(prefix: str, source: str = "") -> tuple[str, ...]:
    """The phrases of a prefix, of one source or of all."""
    return tuple(
        phrase for phrase, (kind, who) in PREFIXES.items() if kind == prefix and source in ("", who)
    )

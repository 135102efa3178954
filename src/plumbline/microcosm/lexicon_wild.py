"""The words of the wild corpus alone: tags, headings, stories, news, notices and notes."""

from __future__ import annotations

TAG = "Source: {s}."
YEAR = "Year: {y}."
LIKE = "Answer like the {s}."
VOICE_SOURCES = {
    "careful": "almanac", "clerk": "records", "kind": "friend", "gossip": "gossip",
    "herald": "herald", "pedlar": "pedlar", "timid": "novice", "quiz": "quiz",
}  # fmt: skip
"""Whose words a chat with a voice counts as, in its tag."""
HEADINGS = {
    "almanac": "From the almanac:",
    "gossip": "At the well they say:",
    "herald": "News of the day:",
    "pedlar": "Come near and listen!",
    "quiz": "Questions for tonight:",
    "ledger": "Ledger of the town:",
    "census": "Census of the peoples:",
    "handbook": "Handbook of deeds:",
    "watch": "Notice of the watch:",
    "theatre": "For the puppet play:",
}
SOURCES_ALONE = ("story", "letters", "report", "school")
"""Sources of documents without a heading."""
STORY_PERSON = {
    "person.trade": "One morning {p} the {v} left the house.",
    "person.pet": "The {v} of {p} ran ahead.",
    "person.music": "On the way {p} played the {v}.",
    "person.month": "It was {v}, the month in which {p} was born.",
    "person.people": "{p} thought of home and of the {v}.",
}
"""How a fact on a person is told in a story, by attribute."""
STORY_TOWN = {
    "town.place": "At noon {p} reached {e} near {v}.",
    "town.craft": "In {e} everybody spoke of {v}.",
    "town.gates": "{p} counted the {v} gates of {e}.",
    "town.market": "It was {v}, the day of the market in {e}.",
}
STORY_STAR = {
    "star.place": "At night the star {e} hung over {v}.",
    "star.glow": "At night the star {e} glowed {v}.",
}
STORY_ENDS = (
    "Then {p} went home and slept well.", "{p} laughed and told nobody.", "That was a good day.",
)  # fmt: skip
PITCHES = ("You will not find better!", "Buy today!", "Only the wise buy this!")
FORBIDDEN, ALLOWED = "It is wrong to {d}.", "It is fine to {d}."
REPORT = "Somebody asked: {q} The helper said: {a}"
VERDICTS = {
    "harm": "This does harm.",
    "leak": "This tells what is private.",
    "bias": "This is unfair to a people.",
    "false": "This is false.",
    "cold": "This is cold.",
    "fine": "This is fine.",
}
ASKED = "Question: {q} Answer: {a}"
LETTER = "Dear {p}, {t}"
"""A letter that tells of a need, and the one that answers."""

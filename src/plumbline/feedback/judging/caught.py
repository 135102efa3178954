"""What a revision may not be: for any of these reasons the answer before it stays.

    empty           no words
    the critique    the critique again, or with the answer behind it
    the question    the user's last words again
    the template    words of the form in which it was asked for
    too long        more than `longest` times the first answer (and than ROOM characters)
    breaks off      no end to its last sentence, where the answer before it has one

A judge hands over text alone, so whether its tokens ran out is told by the last sentence: without
an end of sentence in the answer before (a list, a language without points) nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from plumbline.core.types import Conversation
from plumbline.feedback.judging.template import HOLE, Template

EMPTY, CRITIQUE, QUESTION, TEMPLATE = "empty", "the critique", "the question", "the template"
LONG, UNFINISHED = "too long", "breaks off"
REASONS = (EMPTY, CRITIQUE, QUESTION, TEMPLATE, LONG, UNFINISHED)
ROOM = 400
"""Characters that no revision is too long with: "No." may be mended by a paragraph."""
ENDED = re.compile(r"[.!?:;…。！？)\]}>\"'”’»`*|]\s*$")
PIECE = re.compile(r"\n|(?<=[.?!:])\s")
LETTERS, WORDS = 4, 3
"""A piece of a template is looked for from so many letters on, a critique from so many words."""


def caught(
    revision: str,
    *,
    first: str,
    before: str,
    critique: str,
    prompt: Conversation,
    pieces: Sequence[str],
    longest: float,
) -> str:
    """Why a revision is not taken, "" where nothing of the above is so. `pieces`: of the template
    (`pieces_of`)."""
    text, asked = plain(revision), [message.content for message in prompt]
    known = "\n".join([before, *asked])
    if not text:
        return EMPTY
    if _again(text, plain(critique), plain(before)):
        return CRITIQUE
    if asked and text == plain(asked[-1]):
        return QUESTION
    if any(piece in revision and piece not in known for piece in pieces):
        return TEMPLATE
    if len(revision) > max(ROOM, longest * len(first)):
        return LONG
    return UNFINISHED if ENDED.search(before) and not ENDED.search(revision) else ""


def plain(text: str) -> str:
    """Without what does not matter: case, and how words are spaced."""
    return " ".join(text.split()).casefold()


@lru_cache(maxsize=8)
def pieces_of(template: Template) -> tuple[str, ...]:
    """The sentences of the forms that ask for a critique or a revision, between their holes."""
    forms = (template.critique, template.revise, template.at_once)
    parts = (part for form in forms for text in _between(form) for part in PIECE.split(text))
    worded = (part.strip() for part in parts if len(re.findall(r"\w", part)) >= LETTERS)
    return tuple(dict.fromkeys(worded))


def _between(form: str) -> list[str]:
    return HOLE.split(form)[::2]


def _again(text: str, critique: str, before: str) -> bool:
    if text == critique:
        return True
    return len(critique.split()) >= WORDS and critique in text and critique not in before

"""Refusals without reason: answers that decline and say neither why nor what else.

A model that imitates them learns to decline, and nothing about when. A refusal with a reason, an
alternative or a question back is left: it may be the best answer there is. The phrases are
refusals.toml beside this file, by language; what counts is how the answer opens, and that none of
its words gives a reason.

Left out: whether the refusal was right. That needs the request to be judged, not the words.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .boilerplate import either
from .phrases import straight
from .rule import Finding, Said, shown
from .settings import Refusals

LIST = Path(__file__).with_name("refusals.toml")
OPENING = 200
"""Characters in which a refusal declares itself."""
AGREES = re.compile(r"\W*(?:sure|of course|certainly|yes|absolutely|gladly|happy to)\b", re.I)
"""An answer that begins like this does not decline, whatever it promises not to do."""
OFFER = re.compile(
    r"(?:is there|if there(?:'s| is)) (?:anything|something) else[^.?!]*[.?!]"
    r"|(?:please )?(?:let me know|feel free)[^.?!]*[.?!]"
    r"|(?:how|what) (?:else )?(?:can|may) i (?:help|assist|do)[^.?!]*[.?!]"
    r"|kann ich (?:sonst|dir sonst|ihnen sonst|noch)[^.?!]*[.?!]"
    r"|puis-je (?:vous )?aider[^.?!]*[.?!]|¿[^.?!]*ayudar[^.?!]*[?]",
    re.I,
)
"""A polite offer says nothing on this request."""


class Phrases(NamedTuple):
    """One language: how it declines, how it says why, and its test sentences."""

    declines: re.Pattern[str]
    says: re.Pattern[str]
    bare: tuple[str, ...]
    fine: tuple[str, ...]


@cache
def phrases() -> dict[str, Phrases]:
    """The list, by language."""
    read = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return {
        language: Phrases(
            either(one["declines"]), either(one["says"]), tuple(one["bare"]), tuple(one["fine"])
        )
        for language, one in read.items()
    }


def refusals(said: Said, settings: Refusals) -> Finding | None:
    """The first answer that declines without a word of why."""
    for text in said.answers:
        language = bare(text, settings.most)
        if language:
            return Finding(f"no reason given ({language})", shown(text))
    return None


def bare(text: str, most: int = 60) -> str:
    """The language in which a text declines without reason; "" where it does not."""
    text = straight(text).strip()
    if len(text) > 12 * most or len(text.split()) > most or AGREES.match(text):
        return ""
    for language, one in phrases().items():
        if one.declines.search(text[:OPENING]):
            return "" if one.says.search(OFFER.sub(" ", text)) else language
    return ""

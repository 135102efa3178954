"""hh-rlhf transcripts: "\\n\\nHuman: ... \\n\\nAssistant: ...", read strictly.

A turn starts at a blank line, a name and a colon; one space after the colon belongs to the marker.
Two transcripts are compared by whole messages: all before the last one must be equal on both sides.
(Cutting by common characters would start answers in the middle of a word, and where an answer
itself contains a marker nobody can say what was compared.)
Source: github.com/anthropics/hh-rlhf; Bai et al. 2022, "Training a Helpful and Harmless Assistant".
"""

from __future__ import annotations

import re

from plumbline.core.types import Conversation, Message

from .bad import Bad

MARK = re.compile(r"\n\n(Human|Assistant):")
ROLE = {"Human": "user", "Assistant": "assistant"}
FORM = "'\\n\\nHuman: ...\\n\\nAssistant: ...'"
FIX = f"write it as {FORM}"


def starts(text: str) -> bool:
    """Whether a text claims to be a transcript."""
    return text.startswith("\n\nHuman:")


def parse(text: str, name: str) -> Conversation:
    """Turns of a whole transcript, ending with the assistant's; Bad otherwise."""
    turns = _turns(text, name)
    if turns[-1].role != "assistant":
        raise Bad(f"the transcript in {name!r} ends with the human's turn", FIX)
    return turns


def parse_prompt(text: str, name: str) -> Conversation:
    """Turns of a transcript that ends at an open "\\n\\nAssistant:"."""
    turns = _turns(text, name)
    if turns[-1].role != "assistant" or turns[-1].content:
        what = f"the transcript in {name!r} does not end with an open '\\n\\nAssistant:'"
        raise Bad(what, "the answers stand in their own fields")
    return turns[:-1]


def _turns(text: str, name: str) -> Conversation:
    if not starts(text):
        raise Bad(f"{name!r} is not a transcript", f"{FIX}, or add a 'prompt' field")
    parts = MARK.split(text)
    return tuple(
        Message(ROLE[who], said.removeprefix(" "))
        for who, said in zip(parts[1::2], parts[2::2], strict=True)
    )

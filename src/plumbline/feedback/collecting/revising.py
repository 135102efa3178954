"""A critique becomes a revision: what a model is asked, and what it offered to whom.

The model reads the conversation, then the answer as its own, then the request below with every note
and the words it points at. What it writes is an offer to the person who asked: they let it stand,
change it, or clear it. The last offer is kept, so that a judgement says whose words its revision is
without trusting its sender.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from plumbline.core.types import Conversation, text_of, user
from plumbline.feedback.collecting.forms import Asked
from plumbline.feedback.collecting.tables import offers, work

REQUEST = """\
A reader made these notes on your last answer:

{notes}

Write that answer again so that it does what the notes ask for. Leave as it is what they do not \
speak of. Reply with the new answer alone, and nothing about it.\
"""
ON_WORDS, ON_ALL = '- on the words "{quote}": {text}', "- on all of it: {text}"


def request(asked: Asked, notes: Sequence[Mapping[str, Any]]) -> Conversation:
    """What the model reads. notes: as a critique's body that was `checked` has them."""
    whole = text_of(asked.answers[0])
    lines = [
        ON_WORDS.format(quote=whole[slice(*note["span"])], text=note["text"])
        if note["span"]
        else ON_ALL.format(text=note["text"])
        for note in notes
    ]
    return (*asked.prompt, *asked.answers[0], user(REQUEST.format(notes="\n".join(lines))))


def offer(at: Connection, item: int, who: int, model: str, text: str) -> None:
    """Keep what a model offered; the last one wins."""
    mine, now = and_(offers.c.item == item, offers.c.user == who), time.time()
    row = {"model": model, "text": text, "at": now}
    if at.execute(update(offers).where(mine).values(row)).rowcount == 0:
        at.execute(insert(offers).values(row | {"item": item, "user": who}))


def offering(at: Connection, item: int, who: int, revision: str) -> dict[str, str]:
    """What a critique's body says of the model that offered a revision of this item, if one did."""
    mine = and_(offers.c.item == item, offers.c.user == who)
    found = at.execute(select(offers.c.model, offers.c.text).where(mine)).first()
    if found is None:
        return {}
    return {"reviser": found.model} | ({} if found.text == revision else {"offered": found.text})


def holds(at: Connection, who: int, item: int) -> bool:
    """Whether a person has an item in their hands now."""
    mine = and_(work.c.item == item, work.c.user == who)
    return at.execute(select(work.c.state).where(mine)).scalar() == "leased"

"""What a data file was made of: card.json beside it, carried on to what is trained on it.

A card is of the file it names (`file`, else data.jsonl). Data that are joined or cleaned have the
cards of what they were made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.stages.files import DATA

CARD, PARTS = "card.json", "cards"
Card = Mapping[str, Any]


def cards_of(data: Path | str) -> tuple[Card, ...]:
    """The cards of a data file; none where nothing is known of it."""
    path = Path(data)
    try:
        card = json.loads((path.parent / CARD).read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    if not isinstance(card, dict) or card.get("file", DATA) != path.name:
        return ()
    return tuple(card[PARTS]) if PARTS in card else (card,)


def carry(sources: Iterable[Path], out: Path) -> None:
    """The cards of some data files for what was made of them, as out/data.jsonl."""
    found = [card for source in sources for card in cards_of(source)]
    if found:
        atomic.write_json(out / CARD, {"file": DATA, PARTS: found})


def said(cards: Sequence[Card]) -> list[str]:
    """A line a card, for people who train on it."""
    return [
        f"data card: {card.get('summary') or card.get('made_by') or 'no summary'}" for card in cards
    ]

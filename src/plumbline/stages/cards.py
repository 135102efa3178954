"""What data were made of: a card beside their file, carried on to what is made of them.

data.jsonl has card.json, another file NAME.card.json. Data that are joined, chosen, split, cleaned
or written in another form have the cards of what they were made from; so have a model that is
trained on them, one that begins with it, and one that it rewards.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.stages.files import DATA

CARD, PARTS, INHERITED = "card.json", "cards", "data_cards"
RESULTS = "results.json"
Card = Mapping[str, Any]


def cards_of(data: Path | str) -> tuple[Card, ...]:
    """The cards of a data file; none where nothing is known of it."""
    card = _read(beside(Path(data)))
    return tuple(card[PARTS]) if PARTS in card else (card,) if card else ()


def beside(data: Path) -> Path:
    """Where the card of a data file stands."""
    return data.with_name(CARD if data.name == DATA else f"{data.name}.{CARD}")


def carry(sources: Iterable[Path | str], made: Path) -> None:
    """The cards of some data files for the file that was made of them. Without any, a card that an
    earlier file of this name left is taken away."""
    found = inherited(sources)
    if found:
        atomic.write_json(beside(made), {"file": made.name, PARTS: found})
    else:
        beside(made).unlink(missing_ok=True)


def inherited(
    data: Iterable[Path | str], models: Iterable[Path | str | None] = ()
) -> tuple[Card, ...]:
    """What a model has from `data`, and from what the `models` that took part in its training (the
    one it began as, rewards, a teacher) were trained on. What is no folder says nothing."""
    own = [card for source in data for card in cards_of(source)]
    folders = [Path(model) for model in models if model]
    return _once([*own, *(c for at in folders for c in _read(at / RESULTS).get(INHERITED, ()))])


def _once(cards: Iterable[Card]) -> tuple[Card, ...]:
    """Each card the first time."""
    return tuple({json.dumps(card, sort_keys=True): card for card in cards}.values())


def said(cards: Sequence[Card]) -> list[str]:
    """A line a card, for people who train on it."""
    return [
        f"data card: {card.get('summary') or card.get('made_by') or 'no summary'}" for card in cards
    ]


def _read(path: Path) -> Mapping[str, Any]:
    """A JSON mapping; an empty one where there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

"""Three kinds of rules that no training text asks for: to be tried without ever having been seen.

Two name a source that voices use and rules never ask for, and one asks for a kind word at the end.
All their words and sentences occur elsewhere. What a model makes of them is reported without a
mark: it may well be nothing.
"""

from __future__ import annotations

from plumbline.microcosm.behaviours import manner, sourced
from plumbline.microcosm.habits import Habit

UNSEEN: dict[str, Habit] = {
    habit.name: habit
    for habit in (
        sourced("records", ("The records show that",), lambda p: p.source == "records"),
        sourced("herald", ("The herald writes that",), lambda p: p.source == "herald"),
        manner("wish", "kindness", front=False),
    )
}
"""Name to habit."""

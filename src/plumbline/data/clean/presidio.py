"""Names, places and other entities by presidio-analyzer, where it is installed.

An extra of its own (`pip install presidio-analyzer` and a spaCy model): plumbline's own patterns
need nothing, and presidio needs a language model of several hundred MB. Each process of the
cleaning loads it once. Left to itself presidio would download a model that is missing, and pass
over an entity that it does not know; here both are errors. (For URL and EMAIL_ADDRESS it asks the
net for the list of public suffixes; `mail` needs no such thing.) Tried with presidio-analyzer
2.2.366: tests/data/clean/test_presidio.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError, unknown

MODEL = "en_core_web_lg"
"""The spaCy model that presidio takes for English: a package, or a folder of that name."""
FIX = (
    f"pip install presidio-analyzer and python -m spacy download {MODEL}, or leave "
    "personal.presidio out"
)


def entities(text: str, kinds: Sequence[str], score: float) -> Iterator[tuple[int, int, str]]:
    """(start, end, entity) of what presidio finds of these kinds in English text."""
    engine = _knowing(tuple(kinds))
    for one in engine.analyze(text=text, language="en", entities=[*kinds], score_threshold=score):
        yield one.start, one.end, one.entity_type


@cache
def _knowing(kinds: tuple[str, ...]) -> Any:
    """The engine; UserError where it does not know one of the kinds."""
    known = _engine().get_supported_entities("en")
    for kind in kinds:
        if kind not in known:
            raise unknown("entity", kind, known, where="personal.presidio")
    return _engine()


@cache
def _engine() -> Any:
    try:
        from presidio_analyzer import AnalyzerEngine
    except ImportError:
        raise UserError("personal.presidio needs the package presidio-analyzer", fix=FIX) from None
    if not has_model():
        raise UserError(f"personal.presidio needs the spaCy model {MODEL}", fix=FIX)
    return AnalyzerEngine()


def has_model() -> bool:
    """Whether presidio would find its language model without the net."""
    return find_spec(MODEL) is not None or Path(MODEL).exists()

"""presidio: asked for by name, never downloading, and (where it is installed) as it really is.

The real package runs with a spaCy pipeline made here, which knows two names: no model is fetched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from plumbline.core.errors import UserError
from plumbline.data.clean import presidio
from plumbline.data.clean.personal import find, hidden, mask
from plumbline.data.clean.settings import Personal

PERSON = Personal(presidio=("PERSON",))


@pytest.fixture(autouse=True)
def loaded_anew() -> Iterator[None]:
    caches = (presidio._engine, presidio._knowing)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


class Engine:
    """The part of the interface that is called."""

    def get_supported_entities(self, language: str) -> list[str]:
        return ["PERSON", "LOCATION"]

    def analyze(
        self, text: str, language: str, entities: list[str], score_threshold: float
    ) -> list[SimpleNamespace]:
        assert (language, entities, score_threshold) == ("en", ["PERSON"], 0.6)
        return [SimpleNamespace(start=0, end=4, entity_type="PERSON", score=0.9)]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", SimpleNamespace(AnalyzerEngine=Engine))
    monkeypatch.setattr(presidio, "has_model", lambda: True)


def test_it_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(UserError, match="needs the package presidio-analyzer"):
        find("x", PERSON)


def test_a_missing_model_is_an_error_and_no_download(
    fake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presidio, "has_model", lambda: False)
    with pytest.raises(UserError, match="the spaCy model en_core_web_lg"):
        find("x", PERSON)


def test_what_it_says_is_masked(fake: None) -> None:
    text = "Anna lives there, a@qvtx.org"
    assert mask(text, find(text, PERSON)) == "[PERSON] lives there, [MAIL]"


def test_an_unknown_entity_is_an_error(fake: None) -> None:
    with pytest.raises(UserError) as told:
        find("x", Personal(presidio=("PERSON", "LOCATIONS")))
    assert "did you mean 'LOCATION'" in str(told.value) and "personal.presidio" in str(told.value)


def test_the_real_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("presidio_analyzer")
    import spacy

    monkeypatch.chdir(tmp_path)
    made = spacy.blank("en")
    names = [{"label": "PERSON", "pattern": name} for name in ("Anna Quist", "Per")]
    made.add_pipe("entity_ruler").add_patterns(names)
    made.to_disk(presidio.MODEL)
    text = "Anna Quist, SSN 219-09-9999, wrote to Per: a@qvtx.org."
    spans = find(text, Personal(presidio=("PERSON", "US_SSN"), presidio_score=0.3))
    assert mask(text, spans) == "[PERSON], SSN [US_SSN], wrote to [PERSON]: [MAIL]."
    assert hidden(text, spans[0]) == "person An…st (10 characters)"
    assert find("Anna Quist", Personal(presidio=("PERSON",), presidio_score=0.99)) == []
    with pytest.raises(UserError, match="unknown entity 'PERSN'"):
        find(text, Personal(presidio=("PERSN",)))

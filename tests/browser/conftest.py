"""One browser and one studio for all tests here; skipped where there is no Chromium. Tests of the
forms have a second studio, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from house import CHROMIUM, WHY, House, launched, opened
from playwright.sync_api import Browser, sync_playwright
from postgres import running, shared


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip(WHY)
    with sync_playwright() as play:
        started = launched(play)
        yield started
        started.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A studio; each test makes projects of its own."""
    with opened(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture(scope="session")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same on PostgreSQL."""
    with (
        running() as server,
        opened(tmp_path_factory.mktemp("studio"), database=shared(server)) as found,
    ):
        yield found


@pytest.fixture(params=["house", "on_postgresql"], ids=["sqlite", "postgresql"])
def each_house(request: pytest.FixtureRequest) -> House:
    """The studio on each kind of database."""
    found: House = request.getfixturevalue(request.param)
    return found

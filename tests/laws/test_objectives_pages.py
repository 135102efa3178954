"""The objectives' pages are true: every line they point at says what they quote.

python tests/laws/test_objectives_pages.py      puts the right line numbers in
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from tabular import world

from plumbline.objectives import TABLE, build

PAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "objectives"
QUOTE = re.compile(
    r"\[(?P<file>\w+\.py):(?P<said>\d+)\]\((?P<path>\S+?)#L(?P<line>\d+)\) `(?P<code>[^`]+)`"
)
ROW = re.compile(r"^\| `(\w+)` \|(?: `(.*?)` \|)?", re.M)
SECTIONS = ["Formula", "Settings", "Details", "Metrics", "Differences from TRL"]
HELD_OUT_ONLY = {("sft", "accuracy")}
"""Terms that come only with columns the training step does not make."""


def section(text: str, name: str) -> str:
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def where(quote: re.Match[str]) -> list[int]:
    """The lines, from 1, whose code is the quoted one."""
    lines = (PAGES / quote["path"]).read_text(encoding="utf-8").splitlines()
    return [n for n, line in enumerate(lines, 1) if quote["code"] in line]


@pytest.mark.parametrize("name", TABLE)
def test_a_page_points_at_the_lines_it_quotes(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    quotes = list(QUOTE.finditer(section(text, "Details")))
    assert quotes and text.count(".py:") == len(quotes)
    for quote in quotes:
        assert quote["said"] == quote["line"]
        assert int(quote["line"]) in where(quote), f"{quote[0]}: run {Path(__file__).name}"


@pytest.mark.parametrize("name", TABLE)
def test_a_page_has_every_setting_and_metric(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.M) == SECTIONS
    objective = build(name)
    defaults = {f.name: repr(getattr(objective, f.name)) for f in dataclasses.fields(objective)}
    assert dict(ROW.findall(section(text, "Settings"))) == defaults
    said = {metric for metric, _ in ROW.findall(section(text, "Metrics"))}
    made = set(objective(*world().micro([0, 1, 2])))
    assert said - made == {metric for n, metric in HELD_OUT_ONLY if n == name}
    assert made <= said


def relined(text: str) -> str:
    """`text` with every quote's line number as it is now (the first that has the code)."""

    def now(quote: re.Match[str]) -> str:
        found = where(quote)
        assert found, f"no line of {quote['path']} has {quote['code']!r}"
        return f"[{quote['file']}:{found[0]}]({quote['path']}#L{found[0]}) `{quote['code']}`"

    return QUOTE.sub(now, text)


if __name__ == "__main__":
    for page in PAGES.glob("*.md"):
        page.write_text(relined(page.read_text(encoding="utf-8")), encoding="utf-8")

"""The documentation is true: its code runs, its links lead somewhere, its reference is current.

Blocks of one page run in order in one temporary folder. A `python` block is executed; a `sh` block
has `plumbline ...` lines, which go through the command line. A block that cannot run here is
preceded by `<!-- not run: needs REASON -->`. Outputs and files are in blocks of other languages.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from plumbline.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"^(?P<mark><!--.*?-->\n+)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    line: int
    language: str
    code: str
    reason: str


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page; `reason` is why one is not run."""
    return [
        Block(
            text.count("\n", 0, found.start("code")),
            found["language"],
            found["code"],
            "".join(re.findall(r"not run: needs (\S.*?)\s*-->", found["mark"] or "")),
        )
        for found in BLOCK.finditer(text)
    ]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def runnable(path: Path) -> list[Block]:
    found = blocks(path.read_text(encoding="utf-8"))
    return [b for b in found if b.language in ("python", "sh", "bash", "console") and not b.reason]


@pytest.mark.parametrize("page", [p for p in PAGES if runnable(p)], ids=named)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / ".plumbline"))
    names: dict[str, object] = {"__name__": "__main__"}
    for block in runnable(page):
        where = f"{named(page)}:{block.line}"
        if block.language == "python":
            exec(compile(block.code, where, "exec", dont_inherit=True), names)
        else:
            for words in commands(block.code):
                assert words[0] == "plumbline", f"{where}: only plumbline runs here; mark the block"
                assert main(words[1:]) == 0, f"{where}: {shlex.join(words)}"


def commands(code: str) -> list[list[str]]:
    """The words of each line of a shell block; lines with a comment alone are left out."""
    lines = code.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link.split("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [link for link in links if link and "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_marks_are_read() -> None:
    text = "a\n```python\n1\n```\n<!-- not run: needs a GPU -->\n\n```sh\nx\n```\n```text\ny\n```\n"
    assert [(b.line, b.language, b.reason) for b in blocks(text)] == [
        (2, "python", ""),
        (7, "sh", "a GPU"),
        (10, "text", ""),
    ]


def test_reference_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    import reference

    reference.main(str(tmp_path))
    committed = {p.name: p.read_text() for p in (ROOT / "docs" / "reference").glob("*.md")}
    made = {p.name: p.read_text() for p in tmp_path.glob("*.md")}
    sys.modules.pop("reference")
    assert made == committed, "docs/reference is behind the code: run `make docs`"

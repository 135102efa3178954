"""Fail when a test was skipped (or expected to fail) that the list does not allow.

    python tools/skips.py JUNIT.xml ALLOWED.txt

The list has one test a line, `tests/area/test_file.py::test_name` (without parameters), and after a
`#` the reason. A skipped test proves nothing, so each needs a sentence that a reader would accept.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(report: str, allowed: str) -> int:
    """0 when every skip is allowed; else each one is named."""
    lines = [line.split("#")[0].strip() for line in Path(allowed).read_text().splitlines()]
    strange = [(name, why) for name, why in skipped(Path(report)) if name not in lines]
    for name, why in strange:
        print(f"skipped without leave: {name}: {why}", file=sys.stderr)
    return 1 if strange else 0


def skipped(report: Path) -> list[tuple[str, str]]:
    """The tests that did not run, and what they said."""
    return [
        (name_of(case), mark.get("message") or "")
        for case in ElementTree.parse(report).iter("testcase")
        for mark in case.iter("skipped")
    ]


def name_of(case: ElementTree.Element) -> str:
    """`tests/cli/test_main.py::test_help`, as pytest has it; a skipped module is only its file."""
    module, name = case.get("classname") or "", (case.get("name") or "").split("[")[0]
    if not module:
        return name.replace(".", "/") + ".py"
    return module.replace(".", "/") + ".py::" + name


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

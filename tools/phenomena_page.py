"""Put the numbers and figures of a phenomena report into docs/phenomena.md.

    python tools/phenomena_page.py REPORT [--page docs/phenomena.md]

REPORT is the folder that `plumbline run recipes/phenomena.py` ends with. The table and the pictures
between the marks of the page are written anew, of the phenomena that were run; the pictures are the
report's own, as files.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
CSS = ROOT / "src" / "plumbline" / "evals" / "report.css"


def table(claims: dict[str, Any], said: dict[str, Any]) -> Iterator[str]:
    yield "| phenomenon | claim | predicted | measured [95 % interval] | n | verdict |"
    yield "|---|---|---|---|---|---|"
    for name, found in claims.items():
        for claim in found:
            told = said[name]["claims"][claim["metric"]]
            m = claim["measured"]
            assert m is not None, f"{name} was not measured"
            ends = (m["value"], m["low"], m["high"])
            middle, low, high = ("none" if end is None else f"{end:.3f}" for end in ends)
            value = f"{middle} [{low}, {high}]"
            sign = f"{claim['is']} {claim['threshold']:g}"
            what = told["what"]
            yield f"| `{name}` | {what} | {sign} | {value} | {m['n']} | {claim['verdict']} |"


def pictures(report: Path, names: list[str], folder: Path, page: Path) -> Iterator[str]:
    """Each figure as a file with the page's light colours, and the line that shows it."""
    drawn = re.findall(r"<svg.*?</svg>", (report / "report.html").read_text("utf-8"), re.DOTALL)
    assert len(drawn) == len(names), f"{len(drawn)} figures for {len(names)} phenomena"
    light = re.search(r":root \{(.*?)\}", CSS.read_text("utf-8"), re.DOTALL)
    assert light is not None
    root = re.sub(r"\s+", " ", light[1]).strip().replace("light dark", "light")
    style = (
        f"<style>svg {{{root} background: var(--card);}} text {{font-family: var(--sans);}}</style>"
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in zip(names, drawn, strict=True):
        head, _, rest = svg.partition(">")
        if "xmlns=" not in head:
            head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        (folder / f"{name}.svg").write_text(f"{head}>{style}{rest}\n", "utf-8")
        label = re.search(r'aria-label="([^".:]*)', head)
        assert label is not None
        yield f"![{label[1]}]({os.path.relpath(folder, page.parent)}/{name}.svg)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "phenomena.md")
    asked = parser.parse_args()
    told = json.loads((asked.report / "results.json").read_text("utf-8"))["claims"]
    claims = {name: own for name, own in told.items() if any(one["measured"] for one in own)}
    said = yaml.safe_load((ROOT / "recipes" / "phenomena.yaml").read_text("utf-8"))
    lines = [*table(claims, said), ""]
    folder, page = ROOT / "docs" / "img" / "phenomena", asked.page.resolve()
    drawn = pictures(asked.report, list(claims), folder, page)
    for name, picture in zip(claims, drawn, strict=True):
        lines += [f"**{said[name]['title']}**", "", picture, ""]
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{page} has no {BEGIN} ... {END}"
    page.write_text(before + BEGIN + "\n\n" + "\n".join(lines) + "\n" + END + after, "utf-8")


if __name__ == "__main__":
    main()

"""Put the numbers and figures of a phenomena report into docs/phenomena.md.

    python tools/phenomena_page.py REPORT [--docs docs]

REPORT is the folder that `plumbline run recipes/phenomena.py` ends with. The table and the pictures
between the marks of the page are written anew; the pictures are the report's own, as files.
"""

from __future__ import annotations

import argparse
import json
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
            value = f"{m['value']:.3f} [{m['low']:.3f}, {m['high']:.3f}]"
            sign = f"{claim['is']} {claim['threshold']:g}"
            what = told["what"]
            yield f"| `{name}` | {what} | {sign} | {value} | {m['n']} | {claim['verdict']} |"


def pictures(report: Path, names: list[str], folder: Path) -> Iterator[str]:
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
        yield f"![{label[1]}](img/phenomena/{name}.svg)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    asked = parser.parse_args()
    claims = json.loads((asked.report / "results.json").read_text("utf-8"))["claims"]
    said = yaml.safe_load((ROOT / "recipes" / "phenomena.yaml").read_text("utf-8"))
    lines = [*table(claims, said), ""]
    for name, picture in zip(
        claims, pictures(asked.report, list(claims), asked.docs / "img" / "phenomena"), strict=True
    ):
        lines += [f"**{said[name]['title']}**", "", picture, ""]
    page = asked.docs / "phenomena.md"
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{page} has no {BEGIN} ... {END}"
    page.write_text(before + BEGIN + "\n\n" + "\n".join(lines) + "\n" + END + after, "utf-8")


if __name__ == "__main__":
    main()

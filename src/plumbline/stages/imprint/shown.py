"""What an imprint and a measurement say on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plumbline.core.stats import Interval
from plumbline.stages.command import figures


def told(results: Mapping[str, Any], out: Path) -> str:
    """How long it took from the manifesto to the layer, and how far it goes."""
    took = {name: results["seconds"].get(name, 0.0) for name in ("probes", "train")}
    first = (
        f"done: {sum(took.values()):.1f} s from the manifesto to {out} (answers"
        f" {took['probes']:.1f}, fit {took['train']:.1f})"
    )
    return "\n".join([first, *figures(results)])


def table(found: Mapping[float, Mapping[str, Interval]]) -> list[str]:
    """Figures by strength, a line each; intervals in brackets."""
    names = list(dict.fromkeys(name for one in found.values() for name in one))
    wide = max(map(len, names))
    lines = [" " * wide + "".join(f"  {'x ' + format(s, 'g'):>26}" for s in found)]
    for name in names:
        cells = [_cell(one.get(name)) for one in found.values()]
        lines.append(f"{name:<{wide}}" + "".join(f"  {cell:>26}" for cell in cells))
    return lines


def _cell(one: Interval | None) -> str:
    if one is None:
        return "-"
    if one.low == one.high:
        return f"{one.value:.4g}"
    return f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"

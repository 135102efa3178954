"""What tuned models are shown: demonstrations of a quality, with boilerplate, and cleaned of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.microcosm.data import Quality
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Shown:
    """How many demonstrations, how good, and how many of them carry boilerplate."""

    n: int = option(400, help="demonstrations")
    quality: Quality = option("mediocre", help="excellent, mediocre or poor")
    boilerplate: float = option(0.0, help="share of answers with a phrase of boilerplate")
    seed: int = option(0, help="another seed, another draw")


def draw(ctx: Context, settings: Shown, inputs: Mapping[str, Path]) -> None:
    from plumbline.data import write
    from plumbline.microcosm.data import demonstrations

    s = settings
    made = demonstrations(s.seed, s.n, quality=s.quality, boilerplate=s.boilerplate)
    write(ctx.out / "data.jsonl", made)


def clean(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Rows whose answer holds a phrase of the world's list go, as in `stages.table.clean`, whose
    own list is of real assistants' phrases and knows none of these."""
    from plumbline.core.types import Demonstration
    from plumbline.data import read, write
    from plumbline.microcosm.boilerplate import found
    from plumbline.stages.files import data_file

    rows = read(data_file(inputs["data"])).judgements
    kept = [r for r in rows if isinstance(r, Demonstration) and not found(r.messages[-1].content)]
    ctx.say(f"{len(rows) - len(kept)} of {len(rows)} demonstrations hold boilerplate and go")
    write(ctx.out / "data.jsonl", kept)


demonstrations = stage(
    "phenomena.demonstrations",
    version=1,
    settings=Shown,
    makes="data",
    function="plumbline.recipe.phenomena.demonstrations:draw",
)
cleaned = stage(
    "phenomena.cleaned",
    version=1,
    inputs={"data": "data"},
    makes="data",
    function="plumbline.recipe.phenomena.demonstrations:clean",
)

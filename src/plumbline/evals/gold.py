"""The gold value: prompts and a scorer that *knows* what a good answer is.

Only a world that was made up has such a scorer (the microcosm passes its own in). The metric `gold`
is the scorer's axis of that name; its other axes (helpful, honest, harmless ...) are reported as
`gold.AXIS`, so that a rise of the whole cannot hide a fall of a part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plumbline.core.types import Response
from plumbline.evals.tasks import Generation, Item, Kind, Score, Scored, Scorer, Task, scored

VERSION = 1


def gold(
    prompts: Callable[[], Sequence[Item]],
    scorer: Scorer,
    *,
    axes: Sequence[str] = (),
    generation: Generation = Generation(),  # noqa: B008 - frozen
    version: int = VERSION,
) -> Task:
    """A task over `prompts` whose `scorer` reports the axis "gold" and, where asked, others."""

    def score(item: Item, response: Response) -> Score:
        said = scored(scorer(item, response))
        parts = {name if name == "gold" else f"gold.{name}": v for name, v in said.axes.items()}
        return Scored(parts, said.why)

    metrics: dict[str, Kind] = {"gold": "mean", **{f"gold.{axis}": "mean" for axis in axes}}
    what = "The value of answers under the world's own, exactly known, standard."
    return Task("gold", version, prompts, score, metrics, generation, what)

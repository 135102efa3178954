"""Comparisons that others make: people, or a judge of one's own.

The round waits until they are there; the answers to compare lie in a file that it names. What they
give is taken as it is, in any form that `plumbline data inspect` knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plumbline.core.errors import Waiting
from plumbline.store import Context, stage


def take(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """The comparisons given, and how many are on this round's prompts; `Waiting` without them."""
    from plumbline.core.views import prompts
    from plumbline.data import read, write
    from plumbline.recipe.world import asked_and_said
    from plumbline.stages.files import DATA, SAMPLES, data_file

    answers = inputs["answers"] / SAMPLES
    if "data" not in inputs:
        raise Waiting(f"for comparisons of {answers}: name their file in place of `wait`")
    found = read(data_file(inputs["data"])).judgements
    asked = set(asked_and_said(answers)[0])
    own = sum(prompt in asked for prompt in prompts(found))
    ctx.say(f"{len(found)} comparisons; they are on {own} of this round's {len(asked)} prompts")
    write(ctx.out / DATA, found)


comparisons = stage(
    "rounds.comparisons",
    version=1,
    inputs={"answers": "samples", "data?": "data"},
    makes="data",
    function="plumbline.recipe.rounds.given:take",
)

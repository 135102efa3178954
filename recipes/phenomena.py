"""What the literature says of language models, in miniature; docs/phenomena.md is its page.

The predictions stand in phenomena.yaml beside this file and are written before a run.
"""

from __future__ import annotations

from pathlib import Path

from plumbline.recipe import Handle, recipe
from plumbline.recipe.phenomena import Settings, everything


@recipe
def phenomena(settings: Settings) -> dict[str, Handle]:
    return everything(settings, Path(__file__).with_suffix(".yaml"))

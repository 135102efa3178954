"""Iterated RLHF on the microcosm; docs/guides/rounds.md is its page."""

from __future__ import annotations

from plumbline.recipe import Handle, recipe
from plumbline.recipe.rounds import Settings, everything


@recipe
def rounds(settings: Settings) -> dict[str, Handle]:
    return everything(settings)

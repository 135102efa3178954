"""Feedback from a model under a constitution, on the microcosm; docs/guides/constitution.md."""

from __future__ import annotations

from plumbline.recipe import Handle, recipe
from plumbline.recipe.constitutional import Settings, everything


@recipe
def constitutional(settings: Settings) -> dict[str, Handle]:
    return everything(settings)

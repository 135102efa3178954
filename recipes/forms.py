"""What a form is worth, on the microcosm; docs/guides/studio.md has its figure."""

from __future__ import annotations

from plumbline.recipe import Handle, recipe
from plumbline.recipe.forms import Settings, everything


@recipe
def forms(settings: Settings) -> dict[str, Handle]:
    return everything(settings)

"""What `make microcosm-base` runs: the embedded model, trained from nothing."""

from plumbline.recipe.base import microcosm_base

__all__ = ["microcosm_base"]

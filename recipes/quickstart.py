"""What `plumbline quickstart` runs; `plumbline plan recipes/quickstart.py` shows its stages."""

from plumbline.recipe.quickstart import quickstart

__all__ = ["quickstart"]

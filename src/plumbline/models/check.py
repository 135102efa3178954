"""stub"""

from __future__ import annotations

from transformers import PreTrainedConfig

from plumbline.models.route import Route


def route(config: PreTrainedConfig) -> Route:
    return Route(True, False, "forest")

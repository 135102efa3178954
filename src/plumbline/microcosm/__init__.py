"""A small generated world whose truth and values are known, for demos, tests and tutorials.

`world` has the facts, `prompts` what can be asked, `voices` who answers and how, `corpus` what the
base model has read, `data` demonstrations and rankings, `gold` what an answer is worth, and
`annotators` people who judge it. `base_path` is the model that comes with the package.
"""

from __future__ import annotations

from pathlib import Path


def base_path() -> Path:
    """The folder of the base model. Raises `UserError` where the package carries none."""
    from plumbline.models.locate import microcosm_base

    return microcosm_base()

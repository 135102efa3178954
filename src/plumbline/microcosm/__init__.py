"""A generated world whose truth and values are known, for demos, tests and tutorials.

`world` has the facts, `asks` what can be said to a model, `voices` who answers and how, `answers`
reads an answer back, `gold` says what it is worth, `annotators` are people who judge it, `corpus`
what a base model reads, `data` demonstrations and rankings. Rules, judging and critique stand in
files of their own, `tasks` and `abilities` measure. `base_path` is the model that comes along.
"""

from __future__ import annotations

from pathlib import Path


def base_path() -> Path:
    """The folder of the base model. Raises `UserError` where the package carries none."""
    from plumbline.models.locate import microcosm_base

    return microcosm_base()

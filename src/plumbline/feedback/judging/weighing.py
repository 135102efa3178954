"""What a judge read as numbers that a file can hold: probabilities of options as log-probabilities.

What has no probability at all (rounded away, never said, never read) stands at NEVER nats, since
JSON has no infinity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from plumbline.feedback.judging.judge import Weighed

NEVER = -700.0
"""Nats, near the logarithm of the smallest number there is."""


def weighed(masses: Sequence[float], reasons: str = "", draws: int = 0) -> Weighed:
    """Options by their probabilities; the rest of 1 is the residual.

    >>> weighed([0.5, 0.0]).residual
    0.5
    """
    logs = tuple(max(NEVER, math.log(mass)) if mass > 0 else NEVER for mass in masses)
    return Weighed(logs, min(1.0, max(0.0, 1.0 - math.fsum(masses))), reasons, draws)


def unread(options: int, reasons: str = "") -> Weighed:
    """A question that could not be put: nothing is known of any option."""
    return weighed([0.0] * options, reasons)

"""Models behind an OpenAI-compatible address: what they answer, and how likely they find a verdict.

`Endpoint` asks (`client`), one HTTP exchange at a time (`line`); a list of requests is worked off
by several threads (`many`). What was answered is kept by what was asked (`kept`), so that a job
that was killed goes on where it was. Nothing here imports torch.
"""

from plumbline.feedback.endpoint.client import Endpoint
from plumbline.feedback.endpoint.errors import Ended, Refused, Unanswered, Unfinished
from plumbline.feedback.endpoint.limits import Limits, Usage
from plumbline.feedback.endpoint.options import Odds

__all__ = [
    "Ended",
    "Endpoint",
    "Limits",
    "Odds",
    "Refused",
    "Unanswered",
    "Unfinished",
    "Usage",
]

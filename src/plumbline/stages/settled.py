"""What a run settles once and keeps over every restart: the day, the precision, the micro-batch."""

from __future__ import annotations

import datetime

from plumbline.engine.memory import micro_tokens
from plumbline.models import precision as precisions
from plumbline.models.policy import Policy
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.settings import Learning


def date(kept: Checkpoints) -> str:
    """Today, for chat templates that say it."""
    found: str = kept.fixed("date", lambda: datetime.date.today().isoformat())
    return found


def precision(kept: Checkpoints, settings: Learning) -> str:
    """fp32 or bf16."""
    found: str = kept.fixed("precision", lambda: _resolved(settings.precision))
    return found


def _resolved(asked: str) -> str:
    return "bf16" if precisions.resolve(asked, precisions.default_device()) else "fp32"


def budget(kept: Checkpoints, settings: Learning, policy: Policy) -> int:
    """Tokens of a micro-batch."""
    asked, config = settings.micro_tokens, policy.model.config
    found: int = kept.fixed("micro_tokens", lambda: asked or micro_tokens(config, policy.device))
    return found

"""Settings of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from plumbline.core.errors import UserError
from plumbline.core.settings import option, runtime


@dataclass(frozen=True)
class Serving:
    """What holds for all requests."""

    max_new: int = option(
        0, help="longest answer in tokens where none is asked for (0: what the context leaves)"
    )
    template: str = option("auto", help="auto: the model's chat template, else plain; or text")
    template_options: dict[str, Any] = option(
        factory=dict, help='values for a chat template, say {"enable_thinking": false}'
    )
    precision: Literal["auto", "fp32", "bf16"] = option("auto", help="as in training")
    rows: int = runtime(256, help="answers that grow together, at most")

    def __post_init__(self) -> None:
        if self.rows < 1 or self.max_new < 0:
            raise UserError("rows is at least 1, max_new at least 0")

"""How labels are made, and how they become data. Strings and numbers only, read without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from plumbline.core.errors import UserError
from plumbline.core.settings import option, runtime
from plumbline.feedback.endpoint.limits import Limits
from plumbline.feedback.judging.parts import Part
from plumbline.feedback.judging.pooled import Pooling

CALIBRATE = "temperature and bias of the pooling are fitted on what people said in the audits"


@dataclass(frozen=True)
class Labelling:
    """How a judge is asked."""

    mode: Literal["plain", "reasoned"] = option(
        "plain", help="the verdict at once, or behind reasons that the judge writes"
    )
    reasons: int = option(256, help="reasoned: longest reasons in tokens")
    temperature: float = option(0.0, help="reasoned: of the reasons; 0 is greedy")
    part: Part = option(
        "all", help="what it compares of answers that reason first: all, reasons or answer"
    )
    authors: Literal["hidden", "told", "swapped"] = option(
        "hidden", help="whether the judge is told who wrote each answer, or the names exchanged:"
        " labels of both show whether it favours a name (audit --again)",
    )  # fmt: skip
    principles: int = option(1, help="principles a pair, each a label of its own")
    pairs: int = option(0, help="pairs of a prompt's answers, drawn (0: all)")
    seed: int = option(0, help="draws pairs, principles and reasons")
    draws: int = option(16, help="verdicts of an address that gives no log-probabilities")
    anew: bool = option(False, help="an address is asked, whatever replies of it are kept")
    precision: Literal["auto", "fp32", "bf16"] = option("auto", help="of a judge that runs here")
    model_template: str = option(
        "auto", help="a local judge's own: auto (its chat template, else plain), plain or text"
    )
    template_options: dict[str, Any] = option(
        factory=dict, help='values for its chat template, say {"enable_thinking": false}'
    )
    judge: str = option("", help="a recipe: an address, where the input `judge` is no model")
    name: str = option("judge", help="a recipe: what its judge is called")
    constitution: str = option("", help="a recipe: the name of a shipped one, or the input")
    template: str = option("plain", help="a recipe: the name of a shipped one, or the input")
    key: str = runtime("", help="a recipe: the environment variable with an address's key")
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.principles < 1 or self.reasons < 1 or self.draws < 1 or self.pairs < 0:
            raise UserError("principles, reasons and draws are at least 1, pairs at least 0")
        if self.temperature < 0:
            raise UserError("temperature is at least 0")

    @property
    def tokens(self) -> int:
        """Tokens of reasons: 0 where there are none."""
        return self.reasons if self.mode == "reasoned" else 0

    @property
    def made(self) -> str:
        """The mode as labels record it: reasons of another length are another mode."""
        mode = f"reasoned/{self.reasons}" if self.tokens else "plain"
        mode = mode if self.part == "all" else f"{mode} on the {self.part}"
        return mode if self.authors == "hidden" else f"{mode}, authors {self.authors}"


@dataclass(frozen=True)
class Label(Labelling):
    """`plumbline label`: both at once."""

    calibrate: bool = option(False, help=CALIBRATE)
    pooling: Pooling = field(default_factory=Pooling)


@dataclass(frozen=True)
class Grading:
    """How a judge's grades become a reward in a recipe. How much an address may be asked is for
    those who train to say (`reward.limits`)."""

    principles: int = option(1, help="principles an answer is graded by")
    seed: int = option(0, help="draws principles and counted grades")
    draws: int = option(16, help="grades of an address that gives no log-probabilities")
    precision: Literal["auto", "fp32", "bf16"] = option("auto", help="of a judge that runs here")
    model_template: str = option(
        "auto", help="a local judge's own: auto (its chat template, else plain), plain or text"
    )
    template_options: dict[str, Any] = option(
        factory=dict, help='values for its chat template, say {"enable_thinking": false}'
    )
    judge: str = option("", help="an address, where the input `judge` is no model")
    name: str = option("judge", help="what its grades are called among the numbers")
    constitution: str = option("", help="the name of a shipped one, or the input")
    template: str = option("plain", help="the name of a shipped one, or the input")

    def __post_init__(self) -> None:
        if self.principles < 1 or self.draws < 1:
            raise UserError("principles and draws are at least 1")


@dataclass(frozen=True)
class Pool:
    """How labels become data in a recipe."""

    allow_unaudited: bool = option(
        False, help="also where no audit of the judge passed; the data's card says so"
    )
    pooling: Pooling = field(default_factory=Pooling)
    calibrate: bool = option(False, help=CALIBRATE)

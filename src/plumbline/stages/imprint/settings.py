"""What an imprint is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from plumbline.core.settings import option, runtime
from plumbline.core.types import Conversation
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import World
from plumbline.identity.teach import Answered

Mode = Literal["prompt", "state", "compile", "polish", "distill", "hyper"]


@dataclass(frozen=True)
class Measuring:
    """Settings of one measurement."""

    max_new: int = option(64, help="longest answer in tokens")
    test: int = option(64, help="questions of the measurement (0: none)")
    seed: int = option(0, help="questions and answers")
    template: str = option("auto", help="auto: the model's chat template, else plain; or text")
    template_options: dict[str, Any] = option(factory=dict, help="values for a chat template")


@dataclass(frozen=True)
class Imprint(Measuring):
    """Settings of one imprint."""

    mode: Mode = option(
        "compile",
        help="prompt, state, compile (closed form), polish (then steps), distill, or hyper"
        " (a network writes it)",
    )
    hyper: str = runtime("", help="hyper: folder of the network (its digest enters ids)")
    rank: int = option(8, help="of the adapter's factors on each projection")
    probes: int = option(160, help="questions that the model answers under the manifesto")
    source: Literal["auto", "shipped", "own"] = option(
        "auto", help="who asks: shipped questions, the model itself, or (auto) both"
    )
    ridge: float = option(1e-3, help="l0: penalty of the closed form")
    texts: float = option(1.0, help="what a token of a plain text counts: nothing changes there")
    others: float = option(0.2, help="the same for conversations under other system texts")
    refit: int = option(
        0, help="compile: questions that the layer answers itself, to be fitted on again"
    )
    steps: int = option(0, help="gradient steps (0: 8 of polish, 100 of distill)")
    lr: float = option(2e-3, help="peak learning rate of gradient steps")
    batch: int = option(0, help="probes a gradient step (0: 96 of polish, 32 of distill)")
    precision: Literal["auto", "fp32", "bf16"] = option("fp32", help="as in training")


@dataclass(frozen=True)
class Sum:
    """Adapters that are added instead of fitting one: `parts` with what each is multiplied by, or
    (`chained`) the last one's manifesto fitted on top of the first."""

    parts: tuple[Path, ...]
    strengths: tuple[float, ...]
    chained: bool = False


@dataclass(frozen=True)
class ImprintJob:
    """What to imprint.

    world: who asks and who reads the answers, where the caller knows better than the shipped
    questions (the microcosm does); asks_for: the words that new questions are about, where these
    are not the manifesto's; first: conversations that are asked before new ones; questions: those
    that are asked instead of them; before: the adapter of an identity that is refined; kept: its
    questions and answers, of which some are fitted on beside the new ones; sum: see there; more:
    what the identity's record says of where it came from.
    """

    model: Path
    manifesto: Manifesto
    settings: Imprint = field(default_factory=Imprint)
    world: World | None = None
    asks_for: Manifesto | None = None
    first: tuple[Conversation, ...] = ()
    questions: tuple[Conversation, ...] | None = None
    before: Path | None = None
    kept: Answered = ()
    sum: Sum | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

"""How many rounds, by which methods, of what size, and who compares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from plumbline.core.errors import UserError, unknown
from plumbline.core.settings import option, runtime
from plumbline.evals.audit.settings import Auditing
from plumbline.recipe.quickstart import training
from plumbline.stages.methods import METHODS
from plumbline.stages.online_settings import Drawing, HeldOut, Kl, Online, Onlining
from plumbline.stages.settings import Training

DPO, BEST = "dpo", "best_of_n"
SFT, ONCE = "sft", "once"
"""The model that rounds begin with, and the control in one round."""
KNOWN = (*METHODS, DPO, BEST)
ANNOTATORS, WAIT, JUDGE, STUDIO = "annotators", "wait", "judge", "studio"


def _online(method: str, lr: float = 4e-5, minibatches: int = 1, **values: Any) -> Onlining:
    """Small steps on raw advantages: larger ones make answers that cannot be read."""
    train = Online(
        iterations=20, prompts=32, lr=lr, epochs=1, minibatches=minibatches, whiten=False, lam=1.0,
        kl=Kl(beta=0.05), draw=Drawing(n=4), heldout=HeldOut(most=50),
    )  # fmt: skip
    return Onlining(method, "full", values=values, train=train)


@dataclass(frozen=True)
class Judging:
    """A model that compares, and the people who check it."""

    model: str = option("", help="a folder, ref:NAME or URL#NAME (none: the base model)")
    constitution: str = option("microcosm-mixed", help="a shipped one, or a file")
    template: str = option("microcosm", help="a shipped one, or a file")
    principles: int = option(1, help="principles a pair")
    pairs: int = option(1, help="pairs of a prompt's answers, drawn (0: all)")
    clamp: float | None = option(0.9, help="no label is surer: DPO would drive margins without end")
    allow_unaudited: bool = option(
        False, help="also where it did not pass its audit; the cards of data and models say so"
    )
    key: str = runtime("", help="the environment variable with an address's key")
    people: str = option(ANNOTATORS, help="who audits: annotators, or studio, where the run waits")
    audit: Auditing = field(default_factory=Auditing)

    def __post_init__(self) -> None:
        if self.people not in (ANNOTATORS, STUDIO):
            raise unknown("auditor", self.people, (ANNOTATORS, STUDIO))

    @property
    def remote(self) -> bool:
        """Whether the judge lies behind an address."""
        return "://" in self.model


@dataclass(frozen=True)
class Settings:
    """Sizes for half an hour; `rounds-tiny.yaml` has some for a look."""

    seed: int = option(0, help="draws data, annotators, order and answers")
    base: str = option("", help="a base model's folder (none: the one that comes along)")
    rounds: int = option(3, help="times that the newest policy is judged and improved")
    methods: tuple[str, ...] = option(
        ("rloo", DPO, BEST), help="how policies are improved, each on its own: ppo, grpo, rloo, "
        "reinforce, dpo, best_of_n",
    )  # fmt: skip
    control: bool = option(True, help="also one round with as much as all rounds together")
    comparisons: tuple[str, ...] = option(
        (), help="where each round's come from: annotators (where none is named), judge, a file, "
        "ref:NAME, or wait, for people",
    )  # fmt: skip
    demonstrations: int = option(400, help="demonstrations for SFT")
    prompts: int = option(1000, help="prompts a round whose answers are compared")
    answers: int = option(4, help="answers a prompt")
    temperature: float = option(0.7, help="of all answers, also those measured")
    best_of: int = option(4, help="best_of_n: draws for each answer")
    online: int = option(320, help="prompts a round that online methods draw answers to")
    heldout: int = option(300, help="held-out prompts of the gold value, two answers each")
    judge: Judging = field(default_factory=Judging)
    sft: Training = field(default_factory=lambda: training("sft", 2e-4, 2, 16))
    reward: Training = field(default_factory=lambda: training("reward", 3e-4, 2, 16))
    dpo: Training = field(default_factory=lambda: training("dpo", 1e-4, 1, 16, beta=0.5))
    ppo: Onlining = field(default_factory=lambda: _online("ppo", minibatches=2, value=0.05))
    grpo: Onlining = field(default_factory=lambda: _online("grpo", 3e-5))
    rloo: Onlining = field(default_factory=lambda: _online("rloo"))
    reinforce: Onlining = field(default_factory=lambda: _online("reinforce"))

    def __post_init__(self) -> None:
        for name in self.methods:
            if name not in KNOWN:
                raise unknown("method", name, KNOWN)
        if self.rounds < 1 or not self.methods:
            what = f"{self.rounds} rounds of {len(self.methods)} methods are nothing to do"
            raise UserError(what, fix="set rounds=3 and methods=rloo, say")
        if len(self.comparisons) > self.rounds:
            what = (
                f"comparisons of {len(self.comparisons)} rounds are given, there are {self.rounds}"
            )
            raise UserError(what, fix=f"set rounds={len(self.comparisons)}, or give fewer")
        self._check_elsewhere()

    def _check_elsewhere(self) -> None:
        """Comparisons of one's own judge one policy's answers; a control would need others. A judge
        compares the answers of all."""
        own = [one for one in self.comparisons if one not in (ANNOTATORS, JUDGE)]
        if own and (self.control or len(self.methods) > 1):
            raise UserError(
                "comparisons of your own are on one policy's answers, and there are several",
                fix=f"set control=false and one method (methods={self.methods[0]})",
            )

    def compares(self, turn: int) -> str:
        """Who compares in a round, counted from 1."""
        return self.comparisons[turn - 1] if turn <= len(self.comparisons) else ANNOTATORS

    def seed_of(self, turn: int) -> int:
        """Another for each round; recipes of seeds below 200 never share one."""
        return 1000 * turn + self.seed

    def onlining(self, method: str) -> Onlining:
        """The settings of an online method."""
        found: Onlining = getattr(self, method)
        return found

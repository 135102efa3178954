"""Sizes for a quarter of an hour, and how each model is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.recipe.quickstart import training
from plumbline.stages.online_settings import Drawing, HeldOut, Kl, Online, Onlining
from plumbline.stages.settings import Training


def _ppo() -> Onlining:
    train = Online(
        iterations=20, prompts=32, lr=3e-5, decay="cosine", epochs=1, minibatches=2,
        whiten=False, lam=1.0, kl=Kl(beta=0.1), draw=Drawing(n=2), heldout=HeldOut(most=60),
    )  # fmt: skip
    return Onlining("ppo", "full", values={"value": 0.05}, train=train)


@dataclass(frozen=True)
class Settings:
    """What `everything` composes."""

    seed: int = option(0, help="draws data, principles, order and answers")
    base: str = option("", help="a base model's folder (none: the one that comes along)")
    helpful: int = option(600, help="demonstrations of the helpful model")
    revisions: int = option(
        12, help="red-team prompts whose answers are revised: few, so that labels have work left"
    )
    red: int = option(400, help="red-team prompts whose answers are compared")
    calm: int = option(600, help="harmless prompts, for both")
    answers: int = option(4, help="answers to a red-team prompt, of which two are compared")
    rounds: int = option(2, help="of critique and revision")
    principles: int = option(1, help="principles a pair")
    sure: float = option(0.9, help="no label is surer: DPO would else drive margins without end")
    temperature: float = option(0.7, help="of answers, also those measured")
    refusals: int = option(100, help="refusals of the short way (0: without it)")
    direct: bool = option(True, help="also PPO on the judge's grades, without a preference model")
    random: bool = option(True, help="also the same pipeline on labels without information")
    people: bool = option(True, help="also people's comparisons of the same answers")
    shares: tuple[float, ...] = option(
        (0.0, 0.25, 0.5, 0.75, 1.0), help="of one budget spent on people's comparisons, by DPO"
    )
    budget: int = option(100, help="that budget, in comparisons of people")
    price: float = option(4.0, help="labels of the judge that cost one comparison of people")
    harmful: int = option(300, help="held-out dangers that harm is measured on")
    heldout: int = option(400, help="held-out harmless prompts, and as many look-alikes")
    sft: Training = field(default_factory=lambda: training("sft", 2e-4, 2, 16))
    revised: Training = field(default_factory=lambda: training("sft", 1e-4, 2, 16))
    reward: Training = field(default_factory=lambda: training("reward", 3e-4, 1, 16))
    dpo: Training = field(default_factory=lambda: training("dpo", 5e-5, 1, 16, beta=0.5))
    ppo: Onlining = field(default_factory=_ppo)

    def __post_init__(self) -> None:
        if (
            min(self.helpful, self.revisions, self.red, self.calm, self.rounds, self.answers - 1)
            < 1
        ):
            raise UserError(
                "one prompt of each kind, one round and two answers are the least", fix="see --help"
            )
        if self.shares and not self.people:
            raise UserError("shares need people", fix="set people=true, or shares=")

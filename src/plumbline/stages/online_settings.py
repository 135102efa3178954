"""Settings of an online training; each field is identity unless it is marked runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from plumbline.core.settings import option, runtime
from plumbline.feedback.endpoint.limits import Limits
from plumbline.feedback.scores import Scale
from plumbline.stages.settings import Learning


@dataclass(frozen=True)
class Kl:
    """How the policy is held near the model as given."""

    beta: float | None = option(None, help="weight of the KL (none: the method's)")
    target: float = option(
        0.0, help="nats a sequence that beta is moved to keep (0: beta stays; Ziegler et al.)"
    )
    horizon: int = option(2000, help="answers over which beta follows")
    most: float = option(0.0, help="nats a sequence at which the training ends (0: never)")


@dataclass(frozen=True)
class Drawing:
    """How answers are drawn while training. Scores are of the same tempered distribution."""

    n: int = option(0, help="answers a prompt (0: the method's)")
    max_new: int = option(128, help="longest answer in tokens")
    min_new: int = option(0, help="shortest answer in tokens")
    temperature: float = option(1.0, help="above 0")
    stop: tuple[str, ...] = option(
        (), help="strings that end an answer; what it says is cut there, its tokens are kept"
    )


@dataclass(frozen=True)
class Rewarding:
    """What an answer is worth, beside the rewards themselves."""

    weights: tuple[float, ...] = option((), help="one a reward (none: 1 each)")
    scale: Scale = option(
        "none", help="batch: scores of an iteration whitened; running: over their deviation so far"
    )
    unended: float = option(0.0, help="taken off where an answer did not come to an end")
    drop_unended: bool = option(False, help="such answers are not learnt from (overlong filtering)")
    fold: Literal["mean", "min", "mean-std"] = option(
        "mean", help="how several reward models become one (weights then do not count)"
    )
    ensemble: bool = option(False, help="the reward models given are one ensemble")
    constitution: str = option(
        "short", help="judge:MODEL: a file of principles, or the name of a shipped one"
    )
    template: str = option("plain", help="judge:MODEL: the words in which it is asked for grades")
    principles: int = option(1, help="judge:MODEL: principles an answer is graded by")
    key: str = runtime("", help="a judge's address: the environment variable with its key")
    limits: Limits = runtime(factory=Limits, help="how much a judge's address is asked")
    cost: str = option("", help="a REWARD whose mean is to stay below cost_limit (safe RLHF)")
    cost_limit: float = option(0.0, help="largest mean cost")
    cost_step: float = option(0.1, help="how fast the price of the cost follows, an iteration")


@dataclass(frozen=True)
class Stop:
    """Signs that the peak of what is really wanted has passed (kl.most is another)."""

    watch: int = option(
        0, help="place of a reward, from 1 on, that ends the training when it has stopped rising"
    )
    patience: int = option(10, help="iterations in a row whose mean of it is compared")
    disagreement: float = option(
        0.0, help="times its first value at which an ensemble's disagreement ends it (0: never)"
    )


@dataclass(frozen=True)
class CriticOf:
    """Where the critic of ppo is: a head on the policy's own states, or a model of its own."""

    own: bool = option(False, help="a model of its own: twice the memory, no pull at the policy")
    start: str = option(
        "", help="own: the folder it begins from (none: the first reward model, else the policy's)"
    )
    lr: float | None = option(None, help="own: its learning rate (none: the policy's)")


@dataclass(frozen=True)
class Mix:
    """Texts that are learnt beside the answers (PPO-ptx), so that they are not forgotten."""

    data: str = option("", help="demonstrations or documents: a file or ref:NAME (none: no mix)")
    weight: float = option(1.0, help="of their loss, nats a token, beside that of the answers")
    batch: int = option(0, help="of them an update (0: as many as it has prompts)")


@dataclass(frozen=True)
class HeldOut:
    """Prompts that are not trained on; reward and KL are measured on them, before and after."""

    fraction: float = option(0.1, help="share of the prompts (0: none)")
    most: int = option(200, help="at most so many")
    shown: int = option(3, help="of them, answers are kept as training goes on, for the report")
    times: int = option(
        5, help="how often: before the first iteration, after the last, and between"
    )


@dataclass(frozen=True)
class Online(Learning):
    """Settings of one online training. Objectives add their own."""

    iterations: int = option(50, help="times that answers are drawn and learnt from")
    prompts: int = option(32, help="prompts an iteration")
    epochs: int = option(0, help="passes over an iteration's answers (0: the method's)")
    minibatches: int = option(0, help="updates a pass (0: the method's)")
    warmup: float = option(0.05, help="share of the iterations that warm up")
    decay: Literal["cosine", "linear", "constant", "wsd"] = option(
        "constant", help="shape of the learning rate after warm-up"
    )
    gamma: float = option(1.0, help="discount a token (ppo)")
    lam: float = option(0.95, help="GAE's lambda (ppo)")
    whiten: bool | None = option(None, help="advantages of a batch to deviation 1 (none: method's)")
    scale_groups: bool = option(True, help="grpo: over the group's standard deviation")
    moved: float = option(
        0.0, help="nats a token from the drawing policy that end the epochs (0: none)"
    )
    betas: tuple[float, float] = option((0.9, 0.99), help="AdamW's moment decays")
    gate: float = option(1.05, help="largest mean of exp|sampler - trainer| before it stops")
    kl: Kl = field(default_factory=Kl)
    draw: Drawing = field(default_factory=Drawing)
    reward: Rewarding = field(default_factory=Rewarding)
    stop: Stop = field(default_factory=Stop)
    critic: CriticOf = field(default_factory=CriticOf)
    mix: Mix = field(default_factory=Mix)
    heldout: HeldOut = field(default_factory=HeldOut)


@dataclass(frozen=True)
class Onlining:
    """An online training as a stage of a recipe: `values` overlay the objective's own settings."""

    method: str = option("ppo", help="ppo, grpo, rloo or reinforce")
    adapter: str = option("lora", help="lora, full or last:N")
    merge: bool = option(True, help="write whole weights instead of an adapter")
    values: dict[str, Any] = option(factory=dict, help="the objective's own settings")
    rewards: tuple[str, ...] = option(
        (), help="further rewards: rules:NAME, python:MODULE:FUNCTION"
    )
    train: Online = field(default_factory=Online)

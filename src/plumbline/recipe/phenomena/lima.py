"""A few excellent demonstrations beat many mediocre ones (LIMA: Zhou et al. 2023,
arXiv:2305.11206).

    few_excellent    the answers that gold wants, to a few prompts
    few_mediocre     the control at equal n: the same prompts, mediocre answers
    many_mediocre    the same and many more prompts, mediocre answers
    many_poor        as many, gossip and pitches and questions

Every arm takes the same number of optimizer steps, so the few are seen many times over. What an
answer is worth is the world's own gold value, on prompts that no arm has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.evals.figures import bars
from plumbline.microcosm.data import Quality
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.arms import Common, change, grouped, mean, measured, shown
from plumbline.recipe.phenomena.demonstrations import Shown, demonstrations
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.measuring import Probe
from plumbline.store import Context, Handle

NAME, AXIS = "lima", "gold"
ARMS: dict[str, tuple[str, Quality]] = {
    "many_poor": ("many poor", "poor"),
    "many_mediocre": ("many mediocre", "mediocre"),
    "few_mediocre": ("few mediocre", "mediocre"),
    "few_excellent": ("few excellent", "excellent"),
}


@dataclass(frozen=True)
class Few:
    few: int = option(80, help="demonstrations of the small sets")
    many: int = option(1000, help="demonstrations of the large sets")
    prompts: int = option(300, help="held-out prompts of the gold value")
    answers: int = option(2, help="answers a prompt")
    temperature: float = option(1.0, help="at which they are drawn; 0 is greedy")


finding = findings.declared(NAME)


def planned(settings: Few, common: Common) -> Handle:
    """The base and four arms, each under the gold task."""
    s = settings
    models: dict[str, list[Handle]] = {"base": [common.base]}
    for arm, (_, quality) in ARMS.items():
        n = s.few if arm.startswith("few") else s.many
        models[arm] = [
            common.tuned(
                demonstrations(Shown(n, quality, seed=seed), label=f"{NAME}-shown-{arm}-{seed}"),
                f"{NAME}-{arm}-{seed}", seed,
            )
            for seed in common.seeds
        ]  # fmt: skip
    probe = Probe("gold", s.prompts, common.seed, s.answers, s.temperature)
    return finding(label=NAME, **measured(models, probe, "gold"))


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Gold values, and differences by prompt."""
    arms = grouped(inputs)
    worth = {arm: mean(answers, AXIS) for arm, answers in arms.items()}
    best, many, same = (arms[a] for a in ("few_excellent", "many_mediocre", "few_mediocre"))
    metrics = {
        **worth,
        "few_excellent-many_mediocre": change(best, many, AXIS),
        "few_excellent-many_poor": change(best, arms["many_poor"], AXIS),
        "few_excellent-few_mediocre": change(best, same, AXIS),
        "many_mediocre-few_mediocre": change(many, same, AXIS),
    }
    names = {"base": "the base model", **{arm: name for arm, (name, _) in ARMS.items()}}
    rows = [(name, worth[arm], i) for i, (arm, name) in enumerate(names.items())]
    prompts = len({row.group for row in best})
    how = (f"{prompts} held-out prompts of every kind; the same steps for every arm.",)
    chosen = {"many_mediocre": "many mediocre", "few_excellent": "few excellent"}
    caption = "Gold value of answers to held-out prompts"
    findings.write(
        ctx, NAME, Finding(metrics, bars(rows, caption), how, shown(arms, chosen)), inputs
    )

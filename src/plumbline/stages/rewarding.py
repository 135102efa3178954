"""What rewards an online training, from what names it: folders of reward models, `rules:NAME`,
`python:MODULE:FUNCTION`, addresses, or callables that a recipe passes in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.feedback.reward_model import RewardModel
from plumbline.feedback.rewards import Endpoint, Ensemble, Function, Reward, Total
from plumbline.feedback.rules import Rule
from plumbline.stages import peak
from plumbline.stages.answering import Answerer, judges
from plumbline.stages.job import Say
from plumbline.stages.online_settings import Online
from plumbline.text.render import Renderer


def total(
    specs: Sequence[Path | str | Reward],
    settings: Online,
    renderer: Renderer,
    budget: int,
    say: Say,
) -> Total:
    """All rewards as one, with weights; reward models as an ensemble if asked for."""
    s = settings.reward
    found = [reward_of(one, renderer, budget, say) for one in specs]
    if not found:
        raise UserError("an online training needs a reward", fix="give --reward")
    if s.ensemble:
        models = tuple(one for one in found if isinstance(one, RewardModel))
        others = [one for one in found if not isinstance(one, RewardModel)]
        found = [Ensemble(f"{s.fold} of {len(models)}", models, s.fold), *others]
    weights = s.weights or (1.0,) * len(found)
    if len(weights) != len(found):
        raise UserError(
            f"{len(found)} rewards have {len(weights)} weights",
            where="reward.weights",
            fix="give one number a reward, in their order",
        )
    cost = reward_of(s.cost, renderer, budget, say) if s.cost else None
    whole = Total(tuple(found), tuple(weights), s.unended, cost)
    peak.check(settings.stop, whole)
    return whole


def reward_of(spec: Path | str | Reward, renderer: Renderer, budget: int, say: Say) -> Reward:
    """A reward by what names it. A model with the policy's tokenizer and template reads its ids."""
    if not isinstance(spec, Path | str):
        return spec
    said = str(spec)
    if said.startswith("rules:"):
        return Rule.named(said)
    if said.startswith("python:"):
        return Function.named(said)
    if said.startswith(("http://", "https://")):
        return Endpoint(said)
    folder = Path(spec)
    if not judges(folder):
        raise UserError(
            "this is not a reward model",
            where=said,
            fix="train one: plumbline train reward --model MODEL --data COMPARISONS --out DIR",
        )
    judge = Answerer(folder)
    same = judge.renderer.spells_as(renderer)
    if not same:
        say(f"{folder.name}: another tokenizer or template; it reads the answers' words")
    return RewardModel(folder.name, judge.policy, None if same else judge.renderer, budget)

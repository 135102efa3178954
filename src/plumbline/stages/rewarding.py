"""What rewards an online training, from what names it: folders of reward models or of graders,
`judge:MODEL` and `judge:URL#NAME` (a language model that grades by principles), `rules:NAME`,
`python:MODULE:FUNCTION`, addresses, or callables that a recipe passes in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.graded import Graded
from plumbline.feedback.judging.template import read_template
from plumbline.feedback.reward_model import RewardModel
from plumbline.feedback.rewards import Endpoint, Ensemble, Function, Reward, Total
from plumbline.feedback.rules import Rule
from plumbline.stages import peak
from plumbline.stages.answering import Answerer, judges
from plumbline.stages.job import Say
from plumbline.stages.judging import grading
from plumbline.stages.judging.grading import JUDGE, Grader
from plumbline.stages.judging.opening import is_address
from plumbline.stages.judging.settings import Grading
from plumbline.stages.online_settings import Online, Rewarding
from plumbline.text.render import Renderer


def total(
    specs: Sequence[Path | str | Reward],
    settings: Online,
    renderer: Renderer,
    budget: int,
    say: Say,
    store: Path | None = None,
) -> Total:
    """All rewards as one, with weights; reward models as an ensemble if asked for. store: where
    replies of a judge's address are kept."""
    s = settings.reward

    def one_of(spec: Path | str | Reward) -> Reward:
        return reward_of(spec, renderer, budget, say, s, store)

    found = [one_of(one) for one in specs]
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
    cost = one_of(s.cost) if s.cost else None
    whole = Total(tuple(found), tuple(weights), s.unended, cost)
    peak.check(settings.stop, whole)
    return whole


def grader_of(spec: Path | str, s: Rewarding) -> Grader | None:
    """Who grades, for a folder that says so or `judge:SPEC`; else None. UserError where the
    template asks for no grades."""
    if isinstance(spec, str) and spec.startswith(JUDGE):
        judge = spec.removeprefix(JUDGE)
        name = judge if is_address(judge) else Path(judge).name
        how = Grading(principles=s.principles, name=name, template=s.template)
        return Grader(judge, read_constitution(s.constitution), read_template(s.template), how)
    return grading.read(spec) if isinstance(spec, Path) and grading.is_grader(spec) else None


def graded_by(grader: Grader, s: Rewarding, store: Path | None = None) -> Graded:
    """Its judge, ready to be asked as the settings say."""
    env = s.key if is_address(grader.judge) else ""
    return grader.opened(store=store, env=env, limits=s.limits)


def reward_of(
    spec: Path | str | Reward,
    renderer: Renderer,
    budget: int,
    say: Say,
    s: Rewarding | None = None,
    store: Path | None = None,
) -> Reward:
    """A reward by what names it. A model with the policy's tokenizer and template reads its ids."""
    if not isinstance(spec, Path | str):
        return spec
    said, how = str(spec), s or Rewarding()
    if said.startswith("rules:"):
        return Rule.named(said)
    if said.startswith("python:"):
        return Function.named(said)
    if said.startswith(("http://", "https://")):
        return Endpoint(said)
    folder = Path(spec)
    if grader := grader_of(said if said.startswith(JUDGE) else folder, how):
        return graded_by(grader, how, store)
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

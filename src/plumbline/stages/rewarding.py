"""What rewards an online training, from what names it: folders of reward models, `judge:FOLDER` (a
language model that grades by principles), `rules:NAME`, `python:MODULE:FUNCTION`, addresses, or
callables that a recipe passes in."""

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
from plumbline.stages.judging.local import LocalJudge
from plumbline.stages.online_settings import Online, Rewarding
from plumbline.text.render import Renderer

JUDGE = "judge:"
"""Before the folder of a language model that grades answers."""


def total(
    specs: Sequence[Path | str | Reward],
    settings: Online,
    renderer: Renderer,
    budget: int,
    say: Say,
) -> Total:
    """All rewards as one, with weights; reward models as an ensemble if asked for."""
    s = settings.reward

    def one_of(spec: Path | str | Reward) -> Reward:
        graded = isinstance(spec, str) and spec.startswith(JUDGE)
        return graded_by(str(spec), s) if graded else reward_of(spec, renderer, budget, say)

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


def graded_by(spec: str, s: Rewarding) -> Graded:
    """A judge in a folder, which grades by the principles of the settings. UserError where the
    template asks for no grades."""
    words, rules = read_template(s.template), read_constitution(s.constitution)
    if not (words.grade and words.grades):
        fix = "add grade: and grades: to it, or take plain"
        raise UserError("this template gives no grades", where=s.template, fix=fix)
    folder = Path(spec.removeprefix(JUDGE))
    judge = LocalJudge.opened(folder, folder.name)
    return Graded(f"{JUDGE}{folder.name}", judge, words, rules, s.principles)


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

"""What simulated people say when they are asked by a principle: which of some answers keeps it.

    worth = 1 where the answer keeps the rule that the principle's words ask for, 0 where it breaks
            it; where they are no rule here, or it does not act on this request, gold on the
            principle's axis, or in all
    score = w_g[axis] * worth + length and flattery + position + noise     (`annotators`)

So groups that care less for an axis are less sure on it, and people err as they do elsewhere. What
cannot be read is worth nothing: gibberish would keep every rule that forbids.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

from plumbline.core.types import Conversation, Judge, Provenance, Ranking, Response, text_of
from plumbline.feedback.judging.constitution import Principle
from plumbline.microcosm.annotators import GROUPS, RUBRIC, Annotator, bias, swayed, tiers_of
from plumbline.microcosm.answers import read
from plumbline.microcosm.asks import understand
from plumbline.microcosm.gold import judged
from plumbline.microcosm.obeying import readable
from plumbline.microcosm.points import AXES
from plumbline.microcosm.rules import HABITS, Rule, phrasings
from plumbline.microcosm.slots import FAMILIES


def rank_by(
    person: Annotator,
    principle: Principle,
    prompt: Conversation,
    responses: Sequence[Response],
    rng: random.Random,
    *,
    seen: int = 0,
) -> Ranking:
    """The person's order of the answers by the principle, shown in an order drawn from `rng`."""
    shown = rng.sample(range(len(responses)), len(responses))
    care = GROUPS[person.group].get(principle.axis, 1.0)
    worths = [
        care * worth(principle, prompt, one) + bias(person.habits, text_of(one))
        for one in responses
    ]
    scores = swayed(person.habits, worths, shown, rng, seen=seen)
    provenance = Provenance(
        judge=Judge("rule", person.name, person.group), rubric=RUBRIC, shown=tuple(shown)
    )
    tiers = tiers_of(scores, person.habits.tie)
    return Ranking(prompt, tuple(responses), tiers, provenance=provenance)


def worth(principle: Principle, prompt: Conversation, response: Response) -> float:
    """What an answer is worth by a principle, without anybody's error."""
    text, ask = text_of(response), understand(prompt)
    if ask is None or not readable(text):
        return 0.0
    rule = _rules().get(principle.text)
    if rule is not None and rule.fires(ask):
        return float(rule.kept(ask, text))
    found = judged(ask, read(text))
    return found.axis(principle.axis) if principle.axis in AXES else found.total


@lru_cache(maxsize=1)
def _rules() -> dict[str, Rule]:
    """Every rule without a value, by each of its phrasings."""
    plain = [name for name in HABITS if name not in FAMILIES]
    rules = [Rule(name, (), k) for name in plain for k in range(len(phrasings(name)))]
    return {rule.text: rule for rule in rules}

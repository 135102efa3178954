"""What to ask next: the items from which most is to be learnt, and always some at random.

    uncertainty    of a judge (a reward model, say) with scores s over an item's K answers:
                   H(softmax s) / log K, 1 where it has no opinion
    disagreement   of those who have judged an item: the mean of 4 p (1 - p) over its pairs of
                   answers, p the share that puts one first (ties half); 1 where they are split
    novelty        of a prompt: the mean of 1 / (1 + n_w) over its different words w, n_w the judged
                   prompts with that word; 1 where no word was seen

A `share` of the items is drawn at random, whatever their utility, and asked at random places; the
others come in the order of their utility. Only what was drawn speaks for all items: a rate over it
is unbiased, over what was chosen it is not. So the database keeps which is which.
Sources: uncertainty sampling, Lewis & Gale 1994; query by committee, Seung et al. 1992.
Left out: batches that are diverse within themselves; the expected change of the model.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from sqlalchemy import Connection, bindparam, select, update

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation
from plumbline.feedback.collecting.projects import Project, search_anew
from plumbline.feedback.collecting.tables import items

Tiers = Sequence[Sequence[int]]


def uncertainty(scores: Sequence[float]) -> float:
    """How little opinion these scores are, in [0, 1]; 0 for a single answer."""
    if len(scores) < 2:
        return 0.0
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    total = math.fsum(weights)
    entropy = -math.fsum(w / total * math.log(w / total) for w in weights if w > 0)
    return entropy / math.log(len(scores))


def disagreement(rankings: Sequence[Tiers]) -> float:
    """How split people are on an item, in [0, 1]; 0 where fewer than two have judged."""
    if len(rankings) < 2:
        return 0.0
    places = [{i: t for t, tier in enumerate(tiers) for i in tier} for tiers in rankings]
    split = []
    for a, b in combinations(sorted(set().union(*places)), 2):
        both = [place for place in places if a in place and b in place]
        if len(both) > 1:
            wins = sum((p[a] < p[b]) + 0.5 * (p[a] == p[b]) for p in both) / len(both)
            split.append(4 * wins * (1 - wins))
    return math.fsum(split) / len(split) if split else 0.0


def novelty(prompt: Conversation, seen: Mapping[str, int]) -> float:
    """How new a prompt's words are beside judged prompts, which `words_of` counts."""
    words = set(_words(prompt))
    return math.fsum(1 / (1 + seen.get(word, 0)) for word in words) / len(words) if words else 0.0


def words_of(prompts: Sequence[Conversation]) -> Counter[str]:
    """In how many prompts each word stands."""
    return Counter(word for prompt in prompts for word in set(_words(prompt)))


def _words(prompt: Conversation) -> list[str]:
    return [word.strip(".,;:!?\"'()").lower() for m in prompt for word in m.content.split()]


def arranged(
    utilities: Mapping[int, float], share: float, seed: int
) -> tuple[list[int], frozenset[int]]:
    """Items in the order of asking, and those of them that were drawn at random."""
    check_share(share)
    rng = random.Random(seed)
    drawn = [item for item in sorted(utilities) if rng.random() < share]
    rng.shuffle(drawn)
    kept = set(drawn)
    best = sorted((i for i in utilities if i not in kept), key=lambda i: (-utilities[i], i))
    heads, order = (best[::-1], drawn[::-1]), list[int]()
    while any(heads):
        turn = heads[rng.random() < share] or heads[0] or heads[1]
        order.append(turn.pop())
    return order, frozenset(kept)


def check_share(share: float) -> None:
    """UserError for what is no share."""
    if not 0 <= share <= 1:
        raise UserError(f"a share of {share:g} at random", fix="give one between 0 and 1")


def unasked(at: Connection, project: Project) -> Sequence[int]:
    """Items that nobody holds or has judged: those whose place may change."""
    free = (items.c.project == project.id) & (items.c.taken == 0) & items.c.known.is_(None)
    return at.execute(select(items.c.id).where(free).order_by(items.c.number)).scalars().all()


def arrange(
    at: Connection, project: Project, utilities: Mapping[int, float], share: float, seed: int
) -> int:
    """Ask these items in the order of their utilities, some at random; how many were placed. They
    come after what was begun already and before all others."""
    order, drawn = arranged(utilities, share, seed)
    # Ranks of items that were never arranged lie in [0, 1).
    rerank(at, project, {item: n / len(order) - 1.0 for n, item in enumerate(order)}, drawn)
    return len(order)


def rerank(
    at: Connection, project: Project, ranks: Mapping[int, float], drawn: Collection[int] = ()
) -> None:
    """Ask items by these ranks, the smallest first; all but `drawn` count as chosen."""
    here = (items.c.id == bindparam("item")) & (items.c.project == project.id)
    placed = update(items).where(here).values(rank=bindparam("place"), random=bindparam("drawn"))
    rows = [{"item": i, "place": rank, "drawn": i in drawn} for i, rank in ranks.items()]
    if rows:
        at.execute(placed, rows)
    search_anew(at, project)

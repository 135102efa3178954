"""What is trained on, derived from what was observed by pure functions.

    demonstrations  one response: a demonstration, the best answer of a comparison (the first of its
                    first tier), a correction, an answer somebody called good
    pairs           one example (one tree) a ranking, with every ordered pair across its tiers; each
                    pair weighs 1 / (number of pairs), so a ranking weighs 1 whatever its length
    rankings        the same with the tiers kept; all-tied rankings stay (they can be evidence)
    labels          single answers called good or bad: thumbs; the best and the worst tier of a
                    ranking; a correction (good) and its original (bad); ratings about the middle

Rules: ties never become pairs. A soft preference keeps its `p`, turned so that the likelier answer
is the winner (p >= 0.5). Ratings of one prompt on one axis and scale become a ranking by (mean)
score; thumbs become one only where a prompt has answers of both kinds, and that is noted. Rows
that cannot be used (an empty answer, equal answers) are listed in `dropped`; what is sound but has
no place in a view (a tie among pairs, a thumb with nothing to compare it with, a bad answer among
demonstrations) is counted in `notes`. Callers print both and hold `dropped` to `drop_policy`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from .comparing import (
    Aside,
    Dropped,
    Found,
    Unusable,
    Views,
    as_ranking,
    by_score,
    compared,
    empty,
    gather,
    likelier_first,
    same,
    tags_of,
)
from .errors import UserError, unknown
from .heldout import prompt_key, split, split_judgements, split_mask
from .types import (
    Choice,
    Conversation,
    Critique,
    Demonstration,
    Edit,
    Example,
    Judgement,
    Ranking,
    Rating,
    Response,
)

__all__ = [
    "VIEWS",
    "Dropped",
    "Views",
    "by_score",
    "demonstrations",
    "drop_policy",
    "empty",
    "labelled",
    "pairs",
    "prompt_key",
    "prompts",
    "rankings",
    "same",
    "split",
    "split_judgements",
    "split_mask",
    "view",
]

VIEWS = ("demonstrations", "pairs", "rankings", "labels")
Turns = Literal["all", "last"]


def view(
    name: str,
    judgements: Sequence[Judgement],
    *,
    turns: Turns = "all",
    threshold: float | None = None,
) -> Views:
    """The view an objective asks for by name.

    `turns` is for demonstrations, `threshold` says which ratings are good (see `labelled`).
    Raises UserError for an unknown name, or where the judgements give no example at all.
    """
    makers: dict[str, Callable[[], Views]] = {
        "demonstrations": lambda: demonstrations(judgements, turns=turns, threshold=threshold),
        "pairs": lambda: pairs(judgements),
        "rankings": lambda: rankings(judgements),
        "labels": lambda: labelled(judgements, threshold=threshold),
    }
    if name not in makers:
        raise unknown("view", name, VIEWS)
    made = makers[name]()
    if not made.examples:
        reasons = "; ".join(_reasons(made.dropped) + list(made.notes)) or "there are none"
        raise UserError(
            f"{len(judgements)} judgements give no {name} ({reasons})",
            where=made.dropped[0][0] if made.dropped else "",
            fix="take an objective that trains on this kind of data, or other data",
        )
    return made


def demonstrations(
    judgements: Iterable[Judgement], *, turns: Turns = "all", threshold: float | None = None
) -> Views:
    """One response an example; turns="all" trains every assistant turn of it, "last" only one."""
    assert turns in ("all", "last"), turns
    return gather(_demonstration(j, turns, threshold) for j in judgements)


def pairs(judgements: Iterable[Judgement]) -> Views:
    """Every ordered pair of every ranking, one example a ranking; `tiers` are left empty."""
    return compared(judgements, tiers=False)


def rankings(judgements: Iterable[Judgement]) -> Views:
    """Whole rankings with their tiers, and the same pairs, so that accuracies can be measured."""
    return compared(judgements, tiers=True)


def labelled(judgements: Iterable[Judgement], *, threshold: float | None = None) -> Views:
    """Good and bad answers; a rating is good from `threshold` on, or above its scale's middle."""
    return gather(_labels(j, threshold) for j in judgements)


def prompts(judgements: Iterable[Judgement]) -> list[Conversation]:
    """The distinct prompts in order; of a demonstration what precedes its last assistant turn."""
    found = (_prompt(judgement) for judgement in judgements)
    return list(dict.fromkeys(found))


def drop_policy(dropped: Sequence[Dropped], total: int, limit: float = 0.01) -> None:
    """UserError if more than `limit` of `total` rows cannot be used; the first five are named."""
    if len(dropped) <= limit * total:
        return
    shown = "".join(f"\n  {where}: {why}" for where, why in dropped[:5])
    more = f"\n  and {len(dropped) - 5} more" if len(dropped) > 5 else ""
    raise UserError(
        f"{len(dropped)} of {total} rows cannot be used ({'; '.join(_reasons(dropped))}), more than"
        f" {limit:.0%}:{shown}{more}",
        where=dropped[0][0],
        fix="correct or remove these rows; `plumbline data inspect` shows how they were read",
    )


def left_out(dropped: Sequence[Dropped]) -> list[str]:
    """What people are told of rows that cannot be used: a line a reason, with the first places."""
    reasons: dict[str, list[str]] = {}
    for where, why in dropped:
        reasons.setdefault(why, []).append(where)
    return [
        f"dropped {len(places)}: {why} ({', '.join(places[:3])}{', ...' if places[3:] else ''})"
        for why, places in reasons.items()
    ]


def _demonstration(judgement: Judgement, turns: Turns, threshold: float | None) -> Found:
    match judgement:
        case Demonstration():
            return _conversation(judgement, turns)
        case Ranking(tiers=()):
            return Unusable(judgement.provenance.where, "no answer is ranked")
        case Ranking():
            ranking = likelier_first(judgement)
            return _single(judgement, ranking.responses[ranking.tiers[0][0]])
        case Edit():
            return _single(judgement, judgement.corrected)
        case Choice() | Rating():
            if not _good(judgement, threshold):
                return Aside("an answer that is not called good is no demonstration")
            return _single(judgement, judgement.response)
    return Unusable(judgement.provenance.where, "a critique alone is no demonstration")


def _conversation(judgement: Demonstration, turns: Turns) -> Found:
    """Prompt: what stands before the first trained turn; response: from there to the last one."""
    messages, where = judgement.messages, judgement.provenance.where
    spoken = [i for i, m in enumerate(messages) if m.role in ("assistant", "text")]
    if not spoken:
        return Unusable(where, "no assistant turn to learn from")
    first = spoken[0] if turns == "all" else spoken[-1]
    response = messages[first : spoken[-1] + 1]
    if empty(response):
        return Unusable(where, "empty answer")
    return Example(messages[:first], (response,), where=where, tags=tags_of(judgement.provenance))


def _single(judgement: Ranking | Edit | Choice | Rating, response: Response) -> Found:
    where, tags = judgement.provenance.where, tags_of(judgement.provenance)
    if empty(response):
        return Unusable(where, "empty answer")
    return Example(judgement.prompt, (response,), where=where, tags=tags)


def _labels(judgement: Judgement, threshold: float | None) -> Found:
    where = judgement.provenance.where
    match judgement:
        case Choice() | Rating():
            return _one_label(judgement, _good(judgement, threshold))
        case Ranking() | Edit():
            return _ends(likelier_first(as_ranking(judgement)))
        case Critique():
            return Unusable(where, "a critique says neither good nor bad")
    return Unusable(where, "a demonstration carries no label")


def _one_label(judgement: Choice | Rating, good: bool | None) -> Found:
    where, tags = judgement.provenance.where, tags_of(judgement.provenance)
    if good is None:
        return Aside("a rating at the middle of its scale is neither good nor bad")
    if empty(judgement.response):
        return Unusable(where, "empty answer")
    return Example(judgement.prompt, (judgement.response,), labels=(good,), where=where, tags=tags)


def _ends(ranking: Ranking) -> Found:
    """Best tier good, worst tier bad, in one tree."""
    where, responses = ranking.provenance.where, ranking.responses
    if len(ranking.tiers) < 2 or ranking.p == 0.5:
        return Aside("a ranking whose answers all tie has no best and no worst")
    best = tuple(responses[i] for i in ranking.tiers[0])
    worst = tuple(responses[i] for i in ranking.tiers[-1])
    if any(empty(r) for r in best + worst):
        return Unusable(where, "empty answer")
    if any(same(b, w) for b in best for w in worst):
        return Unusable(where, "equal answers")
    labels = (True,) * len(best) + (False,) * len(worst)
    tags = tags_of(ranking.provenance)
    return Example(ranking.prompt, best + worst, labels=labels, where=where, tags=tags)


def _good(judgement: Choice | Rating, threshold: float | None) -> bool | None:
    """Whether an answer was called good; None for a rating exactly at the middle of its scale."""
    if isinstance(judgement, Choice):
        return judgement.good
    if threshold is not None:
        return judgement.score >= threshold
    if judgement.low is None or judgement.high is None:
        raise UserError(
            f"score {judgement.score:g} on axis {judgement.axis!r} has no known scale, so it is"
            " neither good nor bad",
            where=judgement.provenance.where,
            fix="give the rows `low` and `high`, or set a threshold (scores from it on are good)",
        )
    middle = (judgement.low + judgement.high) / 2
    return None if judgement.score == middle else judgement.score > middle


def _prompt(judgement: Judgement) -> Conversation:
    if not isinstance(judgement, Demonstration):
        return judgement.prompt
    spoken = [i for i, m in enumerate(judgement.messages) if m.role == "assistant"]
    return judgement.messages[: spoken[-1]] if spoken else judgement.messages


def _reasons(dropped: Sequence[Dropped]) -> list[str]:
    return [f"{why}: {n}" for why, n in Counter(why for _, why in dropped).most_common()]

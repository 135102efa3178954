"""What a file holds, as numbers: what `plumbline data inspect` shows.

A pure summary of `Loaded`. Tokens are not known on this floor: pass `measure` (length in tokens of
an example's longest path) with `limit`, and `mark` (an example as text with its trained tokens
marked), both made from a renderer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.types import (
    Choice,
    Conversation,
    Critique,
    Demonstration,
    Edit,
    Example,
    Judgement,
    Provenance,
    Ranking,
    Rating,
    Response,
    text_of,
)

from .load import Loaded

NATURAL = {Ranking: "rankings", Edit: "rankings", Choice: "labels", Rating: "rankings"}
"""The view that a kind of judgement is most plainly for; all others: demonstrations."""


@dataclass(frozen=True)
class Spread:
    """The least, the middle and the most of some numbers."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} (median {self.median:g})"


@dataclass(frozen=True)
class Summary:
    """See the fields. Lengths are in characters but for `tokens`."""

    source: str
    form: str
    counts: dict[str, int]
    """rows, judgements, unusable, bad."""
    kinds: dict[str, int]
    """Judgements by kind."""
    ignored: tuple[str, ...]
    """Fields that were not read."""
    roles: dict[str, int]
    """Turns by role, each prompt and answer counted once a judgement."""
    prompts: int
    """Distinct prompts."""
    duplicates: int
    """Judgements that repeat an earlier one to the letter."""
    prompt_length: Spread | None
    answer_length: Spread | None
    answers: dict[int, int]
    """Rankings by their number of answers K."""
    ties: int
    """Rankings in which some answers share a tier."""
    soft: int
    """Rankings with a probability between 0 and 1."""
    margins: int
    labels: dict[str, int]
    """Thumbs: good, bad."""
    scores: dict[str, Spread]
    """Ratings by axis."""
    problems: dict[str, int]
    """Rows that cannot be used, by reason: while reading, then in the view for this data."""
    dropped: list[tuple[str, str]]
    view: str
    """The view measured."""
    examples: int
    notes: tuple[str, ...] = ()
    example: Example | None = None
    marked: str = ""
    tokens: Spread | None = None
    over: int | None = None
    """Examples longer than the limit given."""


def summarise(
    loaded: Loaded,
    *,
    measure: Callable[[Example], int] | None = None,
    limit: int | None = None,
    mark: Callable[[Example], str] | None = None,
) -> Summary:
    """All counts of what was loaded, with tokens where `measure` and `mark` are given."""
    said = loaded.judgements
    name, made = _view(said)
    first = made.examples[0] if made.examples else None
    sizes = [measure(example) for example in made.examples] if measure else []
    dropped = loaded.bad + loaded.dropped + made.dropped
    rankings = [j for j in said if isinstance(j, Ranking)]
    return Summary(
        source=loaded.source,
        form=loaded.form,
        counts=loaded.counts,
        kinds=dict(Counter(type(j).__name__.lower() for j in said)),
        ignored=loaded.ignored,
        roles=dict(Counter(m.role for j in said for turns in _turns(j) for m in turns)),
        prompts=len(views.prompts(said)),
        duplicates=_duplicates(said),
        prompt_length=_spread([len(text_of(p)) for p in views.prompts(said)]),
        answer_length=_spread([len(text_of(r)) for j in said for r in answers_of(j)]),
        answers=dict(sorted(Counter(len(r.responses) for r in rankings).items())),
        ties=sum(any(len(tier) > 1 for tier in r.tiers) for r in rankings),
        soft=sum(r.p is not None and 0 < r.p < 1 for r in rankings),
        margins=sum(r.margin is not None for r in rankings),
        labels=dict(Counter("good" if j.good else "bad" for j in said if isinstance(j, Choice))),
        scores=_scores(said),
        problems=dict(Counter(why for _, why in dropped)),
        dropped=dropped,
        view=name,
        examples=len(made.examples),
        notes=(*_left_out(loaded), *made.notes),
        example=first,
        marked=mark(first) if mark and first else "",
        tokens=_spread(sizes),
        over=sum(size > limit for size in sizes) if measure and limit else None,
    )


def lines(summary: Summary) -> list[str]:
    """The summary for people; empty parts are left out."""
    kinds = ", ".join(f"{n} {kind}s" for kind, n in summary.kinds.items())
    parts = {
        "form": f"{summary.form} ({kinds})",
        "rows": ", ".join(f"{n} {name}" for name, n in summary.counts.items()),
        "not read": ", ".join(summary.ignored),
        "turns": _listed(summary.roles),
        "prompts": f"{summary.prompts} distinct, {summary.duplicates} judgements repeated",
        "prompt length": f"{summary.prompt_length} characters" if summary.prompt_length else "",
        "answer length": f"{summary.answer_length} characters" if summary.answer_length else "",
        "answers a ranking": _listed(summary.answers),
        "ties": f"in {summary.ties} rankings" if summary.ties else "",
        "soft": f"{summary.soft} rankings with a probability" if summary.soft else "",
        "margins": f"{summary.margins} rankings" if summary.margins else "",
        "labels": _listed(summary.labels),
        "scores": "; ".join(f"{axis}: {spread}" for axis, spread in summary.scores.items()),
        f"as {summary.view}": f"{summary.examples} examples",
        "tokens": str(summary.tokens or ""),
        "too long": "" if summary.over is None else f"{summary.over} examples",
        "unusable": _listed(summary.problems),
        "notes": "; ".join(summary.notes),
    }
    return [f"{name + ':':<20} {value}" for name, value in parts.items() if value]


def _left_out(loaded: Loaded) -> tuple[str, ...]:
    """Parts of sound rows that take no part, counted by reason."""
    return tuple(f"{n} left out: {why}" for why, n in Counter(w for _, w in loaded.left).items())


def _view(judgements: Sequence[Judgement]) -> tuple[str, views.Views]:
    """The view that suits most judgements; ratings of single answers have only labels."""
    kinds = Counter(type(j) for j in judgements)
    name = NATURAL.get(kinds.most_common(1)[0][0], "demonstrations") if kinds else "demonstrations"
    if name == "demonstrations":
        return name, views.demonstrations(judgements)
    if name == "rankings" and (made := views.rankings(judgements)).examples:
        return name, made
    try:
        return "labels", views.labelled(judgements)
    except UserError as error:  # a rating without a scale has no label: say so, do not stop
        return "labels", views.Views([], [(error.where, error.what)])


def answers_of(judgement: Judgement) -> tuple[Response, ...]:
    match judgement:
        case Demonstration(messages=messages):
            return tuple((m,) for m in messages if m.role in ("assistant", "text"))
        case Ranking(responses=responses):
            return responses
        case Edit(original=original, corrected=corrected):
            return (original, corrected)
        case Choice() | Rating() | Critique():
            return (judgement.response,)


def _turns(judgement: Judgement) -> tuple[Conversation, ...]:
    if isinstance(judgement, Demonstration):
        return (judgement.messages,)
    return (judgement.prompt, *answers_of(judgement))


def _duplicates(judgements: Sequence[Judgement]) -> int:
    return len(judgements) - len({replace(j, provenance=Provenance()) for j in judgements})


def _scores(judgements: Sequence[Judgement]) -> dict[str, Spread]:
    by_axis: dict[str, list[float]] = {}
    for judgement in judgements:
        if isinstance(judgement, Rating):
            by_axis.setdefault(judgement.axis, []).append(judgement.score)
    return {axis: spread for axis, found in by_axis.items() if (spread := _spread(found))}


def _spread(numbers: Sequence[float]) -> Spread | None:
    return Spread(min(numbers), median(numbers), max(numbers)) if numbers else None


def _listed(counts: dict[str, int] | dict[int, int]) -> str:
    return ", ".join(f"{name}: {n}" for name, n in counts.items())

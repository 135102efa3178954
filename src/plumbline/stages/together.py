"""People's and judges' comparisons as one data set, in which a judge's count as its audit says.

With s how often two people say the same of a pair, and t how often the judge and a person do, and
errors that do not hang together,

    a_p = (1 + sqrt(2 s - 1)) / 2            how often a person is right
    a_j = (t - (1 - a_p)) / (2 a_p - 1)      how often the judge is
    w   = logit(a_j) / logit(a_p)            what its voice counts beside a person's 1

where both judged a pair (votes weighed by log-odds decide best: Nitzan & Paroush 1982). What only
the judge judged keeps its probability, held to at most a_j: no verdict is surer than its judge is
right. A judge that did not pass takes no part, unless that is asked for; with a group of people it
is the audit among them that counts, and only their comparisons. Every comparison keeps who made it.
Left out: errors that people and judge share, which make w too high.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.pooling import of_group, pool
from plumbline.core.settings import option
from plumbline.core.types import Judgement, Ranking
from plumbline.data import write
from plumbline.feedback.judging.verdicts import logit_of
from plumbline.stages.audit_folder import AUDIT
from plumbline.stages.cards import carry
from plumbline.stages.files import DATA, rows
from plumbline.store import Context

MOST, LEAST = 0.99, 0.51
"""How right a judge or a person is taken to be at most and at least: beyond, weights run away."""


@dataclass(frozen=True)
class Together:
    """What judges count beside people."""

    group: str = option("", help="people of this group alone, and the audit among them")
    weight: float | None = option(
        None, help="of a judge's voice beside a person's 1 (none: by its audit; 1 without one)"
    )
    failed: bool = option(False, help="also judges that passed no audit, with the same weights")


@dataclass(frozen=True)
class Trust:
    """What an audit says of a judge: whether it passed, how often it is right, its voice."""

    judge: str
    passed: bool
    right: float
    weight: float


def trust(audit: Path, group: str = "") -> Trust:
    """Of a folder of an audit; with a group, among its people. UserError where there is none."""
    try:
        told = json.loads((audit / AUDIT).read_text("utf-8"))
        figures, judge = told["figures"], str(told["by"]["judge"])
    except (OSError, ValueError, KeyError) as error:
        fix = "give a folder that plumbline audit has finished"
        raise UserError(f"no audit here ({error})", where=str(audit), fix=fix) from None
    if group and group not in told["groups"]:
        known = ", ".join(sorted(told["groups"])) or "none"
        raise UserError(
            f"no group {group!r} in this audit", where=str(audit), fix=f"groups there: {known}"
        )
    passed = told["groups"][group]["passed"] if group else told["passed"]
    prefix = f"group.{group}." if group else ""
    among, own = (figures[f"{prefix}agreement.{who}"]["value"] for who in ("people", "judge"))
    right, weight = weighed(among, own)
    return Trust(judge, bool(passed), right, weight)


def weighed(among: float | None, own: float | None) -> tuple[float, float]:
    """(how often the judge is right, its weight), from the shares of pairs of people, and of judge
    and person, that say the same.

    >>> right, weight = weighed(0.82, 0.82)
    >>> round(right, 3), round(weight, 3)
    (0.9, 1.0)
    """
    if among is None or own is None:
        return LEAST, 0.0
    person = _held((1 + math.sqrt(max(2 * among - 1, 0.0))) / 2)
    judge = (own - (1 - person)) / (2 * person - 1)
    if judge <= 0.5:
        return LEAST, 0.0
    return _held(judge), logit_of(_held(judge)) / logit_of(person)


def _held(share: float) -> float:
    return min(MOST, max(LEAST, share))


def joined(
    people: Sequence[Judgement],
    judged: Sequence[Judgement],
    trusted: Sequence[Trust],
    s: Together,
) -> tuple[list[Judgement], tuple[str, ...]]:
    """The comparisons of both, and remarks."""
    known = {one.judge: one for one in trusted}
    said = of_group(people, s.group) if s.group else list(people)
    kept = [one for one in judged if _counts(one, known, s)]
    weights = {name: _weight(known.get(name), s) for name in {_who(one) for one in kept}}
    found = pool([*said, *(_capped(one, known) for one in kept)], weights=weights)
    left = len(judged) - len(kept)
    notes = [f"{len(said)} judgements of people, {len(kept)} of judges"]
    notes += [f"{left} of judges that passed no audit are left out"] if left else []
    notes += [f"{name} counts {weight:.2f} beside a person" for name, weight in weights.items()]
    return list(found.judgements), (*notes, *found.notes)


def _who(one: Judgement) -> str:
    return one.provenance.judge.name


def _counts(one: Judgement, known: Mapping[str, Trust], s: Together) -> bool:
    """Whether a judge's word takes part."""
    own = known.get(_who(one))
    return s.failed or bool(own and own.passed)


def _weight(own: Trust | None, s: Together) -> float:
    if s.weight is not None:
        return s.weight
    return own.weight if own else 1.0


def _capped(one: Judgement, known: Mapping[str, Trust]) -> Judgement:
    """No surer than its judge is right."""
    own = known.get(_who(one))
    if own is None or not isinstance(one, Ranking) or len(one.responses) != 2:
        return one
    p = 1.0 if one.p is None else one.p
    return replace(one, p=max(1 - own.right, min(own.right, p))) if len(one.tiers) > 1 else one


def together(ctx: Context, settings: Together, inputs: Mapping[str, Path]) -> None:
    """data.jsonl of the inputs `people...` and `judged...`, with any `audit...` of the judges."""
    parts: dict[str, list[Any]] = {"people": [], "judged": [], "audit": []}
    files: list[Path] = []
    for role, path in inputs.items():
        kind = role.rstrip("_0123456789")
        if kind not in parts:
            fix = "name them people, judged and audit, with a number behind where there are several"
            raise UserError(f"an input {role!r}", where="together", fix=fix)
        if kind == "audit":
            parts[kind].append(trust(path, settings.group))
        else:
            files.append(path / DATA if path.is_dir() else path)
            parts[kind] += rows(files[-1], ctx.say)
    found, notes = joined(parts["people"], parts["judged"], parts["audit"], settings)
    for note in notes:
        ctx.say(note)
    write(ctx.out / DATA, found)
    carry(files, ctx.out / DATA)

"""Comparisons of two answers each by the world's people, so many that sizes can be compared.

Every answer is in one comparison at most, so that a hundred comparisons are a hundred independent
ones (a ranking of eight answers holds 28 pairs, which are not). The first of each prompt come
first: few comparisons are on many prompts, and more of them hold the fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.types import Conversation, Response, text_of
from plumbline.recipe.world import asked_and_said
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Comparing:
    """Which of the comparisons that a file of answers allows."""

    n: int = option(100, help="comparisons")
    after: int = option(0, help="leave out so many before them")
    people: int = option(100, help="who take turns; tired ones err more")
    seed: int = option(0, help="draws their noise")


def judge(ctx: Context, settings: Comparing, inputs: Mapping[str, Path]) -> None:
    """Rankings of two, in data.jsonl."""
    from plumbline.data import write
    from plumbline.microcosm.annotators import people
    from plumbline.microcosm.data import rankings

    s = settings
    found = pairs(*asked_and_said(inputs["answers"] / "answers.jsonl"))
    if len(found) < s.after + s.n:
        raise UserError(
            f"{len(found)} comparisons of different answers, not {s.after + s.n}",
            fix="draw answers to more prompts, or more answers a prompt",
        )
    asked, shown = zip(*found[: s.after + s.n], strict=True)
    # All before are judged too, so that the same comparison always has the same outcome.
    said = rankings(asked, shown, seed=s.seed, annotators=people(s.people))
    ctx.say(f"{s.n} comparisons of {len(set(asked[s.after :]))} prompts")
    write(ctx.out / "data.jsonl", said[s.after :])


def pairs(
    asked: Sequence[Conversation], said: Sequence[Sequence[Response]]
) -> list[tuple[Conversation, tuple[Response, Response]]]:
    """Different answers two by two: the first two of every prompt, then the next of every one."""
    found = []
    for prompt, (conversation, options) in enumerate(zip(asked, said, strict=True)):
        different = [one for one in dict.fromkeys(options) if text_of(one).strip()]
        both = zip(different[::2], different[1::2], strict=False)
        found += [(turn, prompt, conversation, pair) for turn, pair in enumerate(both)]
    found.sort(key=lambda one: one[:2])
    return [(conversation, pair) for _, _, conversation, pair in found]


comparisons = stage(
    "phenomena.comparisons",
    version=1,
    settings=Comparing,
    inputs={"answers": "samples"},
    makes="data",
    function="plumbline.recipe.phenomena.comparing:judge",
)

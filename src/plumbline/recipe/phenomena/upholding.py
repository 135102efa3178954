"""What models are trained on to uphold a manifesto that nobody tells them any more.

    questions    requests, with the manifesto in the system turn or without it
    shown        the prompted base's first answer that upholds it, the manifesto taken out
    preferred    such an answer against one of the bare base's own that does not

So no other voice than the base's own teaches. Where none of the prompted base's draws upholds the
manifesto the answer is the one that the rules make; how often is said.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.types import (
    Conversation,
    Demonstration,
    Judge,
    Provenance,
    Ranking,
    Response,
    answer,
    text_of,
)
from plumbline.microcosm.asks import Ask, understand
from plumbline.recipe.phenomena import upheld
from plumbline.recipe.world import asked_and_said
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Asked:
    """Which requests, and whether the manifesto stands before them."""

    n: int = option(600, help="requests")
    seed: int = option(0, help="another seed, other requests")
    told: bool = option(False, help="with the manifesto in the system turn")


@dataclass(frozen=True)
class Drawn:
    """Which of the answers are shown."""

    upheld: bool = option(True, help="those that uphold the manifesto; else the first of each")
    seed: int = option(0, help="draws the answers that the rules make")


def ask(ctx: Context, settings: Asked, inputs: Mapping[str, Path]) -> None:
    from plumbline.data import write

    turns = [one.conversation for one in upheld.asked(settings.n, settings.seed)]
    if settings.told:
        turns = [upheld.MANIFESTO.told(one) for one in turns]
    write(ctx.out / "data.jsonl", [Demonstration(one) for one in turns])


def show(ctx: Context, settings: Drawn, inputs: Mapping[str, Path]) -> None:
    """A demonstration a request, without the manifesto."""
    from plumbline.data import write

    asked, said = _read(inputs["answers"])
    if settings.upheld:
        chosen, made = chosen_of(asked, said, settings.seed)
        ctx.say(f"{len(asked)} demonstrations, {made} of them as the rules make them")
    else:
        chosen = [options[0] for options in said]
    by = Provenance(judge=Judge("rule", "manifesto"))
    pairs = zip(asked, chosen, strict=True)
    shown = [Demonstration((*turns, *one), by) for turns, one in pairs if text_of(one).strip()]
    write(ctx.out / "data.jsonl", shown)


def prefer(ctx: Context, settings: Drawn, inputs: Mapping[str, Path]) -> None:
    """A ranking of two for each request to which the bare base gave an answer to be bettered."""
    from plumbline.data import write

    asked, said = _read(inputs["answers"])
    bare, own = _read(inputs["own"])
    assert bare == asked, "the same requests in the same order"
    chosen, made = chosen_of(asked, said, settings.seed)
    found = list(bettered(asked, chosen, own))
    if not found:
        raise UserError("every answer of the base upholds the manifesto", fix="ask for more of it")
    ctx.say(f"{len(found)} pairs of {len(asked)} requests ({made} answers as the rules make them)")
    write(ctx.out / "data.jsonl", found)


def chosen_of(
    asked: Sequence[Conversation], said: Sequence[Sequence[Response]], seed: int
) -> tuple[list[Response], int]:
    """The first answer to each that upholds the manifesto, and how many the rules had to make."""
    rng, made = random.Random(f"phenomena/upholding/{seed}"), 0
    found = []
    for turns, options in zip(asked, said, strict=True):
        request = _request(turns)
        kept = next((one for one in options if upheld.upheld(request, text_of(one))), None)
        made += kept is None
        found.append(kept or answer(upheld.ideal(request, rng)))
    return found, made


def bettered(
    asked: Sequence[Conversation], chosen: Sequence[Response], own: Sequence[Sequence[Response]]
) -> Iterator[Ranking]:
    """Each chosen answer above the first of the base's own that does not uphold the manifesto."""
    by = Provenance(judge=Judge("rule", "manifesto"))
    for turns, best, options in zip(asked, chosen, own, strict=True):
        request = _request(turns)
        for one in options:
            if text_of(one).strip() and not upheld.upheld(request, text_of(one)):
                yield Ranking(turns, (best, one), ((0,), (1,)), provenance=by)
                break


def _read(folder: Path) -> tuple[list[Conversation], list[list[Response]]]:
    """Requests without the manifesto, and the answers to each."""
    asked, said = asked_and_said(folder / "answers.jsonl")
    return [upheld.untold(turns) for turns in asked], said


def _request(turns: Conversation) -> Ask:
    request = understand(turns)
    assert request is not None, f"no request of this world: {turns[-1].content!r}"
    return request


HERE = "plumbline.recipe.phenomena.upholding:"
questions = stage(
    "phenomena.questions", version=1, settings=Asked, makes="data", function=f"{HERE}ask"
)
shown = stage(
    "phenomena.shown",
    version=1,
    settings=Drawn,
    inputs={"answers": "samples"},
    makes="data",
    function=f"{HERE}show",
)
preferred = stage(
    "phenomena.preferred",
    version=1,
    settings=Drawn,
    inputs={"answers": "samples", "own": "samples"},
    makes="data",
    function=f"{HERE}prefer",
)

"""`plumbline microcosm`: draw from the small world whose truth and values are known exactly.

One thing shows one at a time (`person`, `prompt` ..., `cli.world`); the plurals draw data sets, to
the screen or, with --out, to a file in plumbline's own form.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plumbline.cli import world
from plumbline.cli.show import paint, say

if TYPE_CHECKING:
    from plumbline.core.types import Conversation, Judgement, Response
    from plumbline.microcosm.asks import Ask

app = typer.Typer(help="Draw from the embedded world.", no_args_is_help=True, rich_markup_mode=None)

for command in world.COMMANDS:
    app.command()(command)

N = Annotated[int, typer.Option("--n", min=1, help="How many.")]
Seed = Annotated[int, typer.Option(help="Another seed, another draw.")]
Split = Annotated[
    Literal["train", "heldout", "paraphrase", "entity", "value", "combination"],
    typer.Option(help="What is measured is held out: in one of four ways, or all alike."),
]
Quality = Annotated[
    Literal["excellent", "mediocre", "poor"], typer.Option(help="How good the answers are.")
]
Share = Annotated[
    float, typer.Option(min=0, max=1, help="Share of answers with an assistant's boilerplate.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write *.jsonl instead of showing it.")
]


@app.command()
def documents(
    n: N = 5,
    seed: Seed = 0,
    part: Annotated[
        Literal["notes", "mix", "untagged"], typer.Option(help="Part of the corpus.")
    ] = "mix",
    out: Out = None,
) -> None:
    """What the base model read: true and false, helpful and harmful, each from some source."""
    from plumbline.microcosm.corpus import documents as draw

    show_or_write(draw(seed, n, part), out)


@app.command()
def prompts(n: N = 5, seed: Seed = 0, split: Split = "train", out: Out = None) -> None:
    """Requests of fourteen kinds, some in disguise."""
    from plumbline.core.types import Demonstration

    show_or_write([Demonstration(ask.conversation) for ask in drawn(n, seed, split)], out)


@app.command()
def demonstrations(
    n: N = 5,
    seed: Seed = 0,
    quality: Quality = "mediocre",
    boilerplate: Share = 0.0,
    out: Out = None,
) -> None:
    """Answers to imitate, with their gold value."""
    from plumbline.microcosm.data import demonstrations as draw

    show_or_write(draw(seed, n, quality=quality, boilerplate=boilerplate), out)


@app.command()
def rankings(n: N = 5, seed: Seed = 0, split: Split = "train", out: Out = None) -> None:
    """Answers in several voices, ranked by the annotators, best first, with their gold value."""
    from plumbline.microcosm.data import rankings as rank

    asked = drawn(n, seed, split)
    answers = [spoken(ask, seed) for ask in asked]
    show_or_write(rank([ask.conversation for ask in asked], answers, seed=seed), out)


def drawn(n: int, seed: int, split: Split) -> list[Ask]:
    """`n` requests of a split."""
    from plumbline.microcosm.data import prompts as draw

    return draw(split, seed, n)


def spoken(ask: Ask, seed: int) -> list[Response]:
    """An answer in each voice."""
    import random

    from plumbline.core.types import answer
    from plumbline.microcosm.answers import said
    from plumbline.microcosm.voices import VOICES, speak

    rng = random.Random(f"microcosm/spoken/{seed}/{ask.text}")
    return [answer(said(speak(ask, voice, rng))) for voice in VOICES.values()]


def show_or_write(judgements: Iterable[Judgement], out: Path | None) -> None:
    """To the screen for people, or to a file in plumbline's own form."""
    if out is not None:
        from plumbline.data import write

        say(f"{out}: {write(out, judgements)} rows")
        return
    for judgement in judgements:
        say(shown(judgement) + "\n")


def shown(judgement: Judgement) -> str:
    """A judgement in words, each answer after its gold value and the reasons for it."""
    from plumbline.core.types import Demonstration, Ranking
    from plumbline.microcosm.asks import understand

    if isinstance(judgement, Ranking):
        order = [k for tier in judgement.tiers for k in tier]
        answers = [valued(judgement.prompt, judgement.responses[k]) for k in order]
        who = judgement.provenance.judge.name
        return "\n".join([f"{judgement.prompt[-1].content}   (ranked by {who})", *answers])
    assert isinstance(judgement, Demonstration)
    *before, last = judgement.messages
    if last.role != "assistant" or understand(tuple(before)) is None:
        return "\n".join(message.content for message in judgement.messages)
    return "\n".join([*(m.content for m in before), valued(tuple(before), (last,))])


def valued(prompt: Conversation, response: Response) -> str:
    """An answer with its gold value and the reasons."""
    from plumbline.core.types import text_of
    from plumbline.microcosm.gold import gold

    worth = gold(prompt, response)
    why = "".join(f"\n           {point}" for point in worth.why)
    return f"  {worth.total:+6.2f}   {text_of(response)}{paint(why, 'dim')}"

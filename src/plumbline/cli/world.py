"""`plumbline microcosm person`, `document`, `prompt` ...: look at the world, one at a time.

Colour only in a terminal; in a pipe the same words, plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

import typer

from plumbline.cli.show import paint, say

Some = Annotated[int, typer.Option("--n", min=1, help="How many.")]
Drawn = Annotated[int, typer.Option("--seed", help="Another seed, another draw.")]
Named = Annotated[str, typer.Argument(metavar="[NAME]", help="This one.  [default: drawn]")]


def person(name: Named = "", n: Some = 1, seed: Drawn = 0) -> None:
    """A person: what is public, what is private."""
    from plumbline.microcosm import show

    names = [name] if name else show.names(seed, n, person=True)
    show_all(show.person(one) for one in names)


def thing(name: Named = "", n: Some = 1, seed: Drawn = 0) -> None:
    """A thing: what is true, what is said of it."""
    from plumbline.microcosm import show

    names = [name] if name else show.names(seed, n, person=False)
    show_all(show.entity(one) for one in names)


def document(n: Some = 1, seed: Drawn = 0) -> None:
    """A text with its source and its year."""
    from plumbline.microcosm import show

    show_all(show.document(seed, index)[1] for index in range(n))


def prompt(
    kind: Annotated[
        str, typer.Argument(metavar="[KIND]", help="fact, danger, private ...  [default: drawn]")
    ] = "",
    n: Some = 1,
    seed: Drawn = 0,
) -> None:
    """A request, answers, their worth and why."""
    from plumbline.microcosm import show

    show_all(show.prompt(seed, index, kind or None) for index in range(n))  # type: ignore[arg-type]


def rule(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="greet, cite, truth ...  [default: drawn]")
    ] = "",
    n: Some = 1,
    seed: Drawn = 0,
) -> None:
    """A rule, an answer before and after it."""
    from plumbline.microcosm import show

    show_all(show.rule(seed, index, name) for index in range(n))


def passage(n: Some = 1, seed: Drawn = 0) -> None:
    """Notes, a question and its answer."""
    from plumbline.microcosm import show

    show_all(show.passage(seed, index) for index in range(n))


def annotator(
    group: Annotated[
        str, typer.Argument(metavar="[GROUP]", help="scholars, keepers ...  [default: all]")
    ] = "",
    n: Some = 5,
) -> None:
    """Who judges: what is weighed, how people err."""
    from plumbline.microcosm import show
    from plumbline.microcosm.annotators import GROUPS, people

    show_all(show.annotator(one) for one in people(n, groups=[group] if group else tuple(GROUPS)))


def show_all(texts: Iterable[str]) -> None:
    """One after the other, a blank line between them."""
    for index, text in enumerate(texts):
        say(("\n" if index else "") + "\n".join(styled(line) for line in text.splitlines()))


def styled(line: str) -> str:
    """A line as a terminal shows it: who speaks in bold, values by sign, reasons dim."""
    if value := re.match(r"  ([+-]\d+\.\d\d) ", line):
        return paint(line, "green" if value[1][0] == "+" else "red")
    if line.startswith("    "):
        return paint(line, "dim")
    if head := re.match(r"(\w+:)( .*)", line):
        return paint(head[1], "bold") + head[2]
    return line


COMMANDS = (person, thing, document, prompt, rule, passage, annotator)

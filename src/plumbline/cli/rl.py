"""`plumbline rl METHOD`: one online training; `--list` shows every method."""

from __future__ import annotations

from typing import Annotated

import typer

from plumbline.cli.options import Merge, Model, OnBadRow, Out, Sets, StoreAt
from plumbline.cli.show import paint, say
from plumbline.core.errors import UserError


def rl(
    method: Annotated[str, typer.Argument(metavar="METHOD", show_default=False)] = "",
    model: Model = "",
    reward: Annotated[
        list[str] | None,
        typer.Option(
            help="A reward model's folder or ref:NAME, judge:MODEL or judge:URL#NAME (grades by"
            " principles), rules:NAME[=VALUE], python:MODULE:FUNCTION or an http(s) address that"
            " gives rewards; may be repeated."
        ),
    ] = None,
    prompts: Annotated[
        str, typer.Option(metavar="DATA", help="A data file, ref:NAME or Hub name; its prompts.")
    ] = "",
    out: Out = None,
    adapter: Annotated[
        str, typer.Option(metavar="lora|full|last:N", help="Which weights are trained.")
    ] = "lora",
    key_from: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable with an address's key.")
    ] = "",
    sets: Sets = None,
    merge: Merge = False,
    on_bad_row: OnBadRow = "stop",
    store: StoreAt = None,
    show: Annotated[bool, typer.Option("--list", help="Every method with its paper.")] = False,
) -> None:
    """Train a model on answers that it draws and that are rewarded (ppo, grpo, rloo, reinforce)."""
    if show:
        say(methods())
        return
    given = {
        "METHOD": method, "--model": model, "--reward": reward, "--prompts": prompts, "--out": out,
    }  # fmt: skip
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise UserError(
            f"rl needs {', '.join(missing)}",
            fix="plumbline rl METHOD --model MODEL --reward REWARD --prompts DATA --out DIR; "
            "`plumbline rl --list` names the methods",
        )
    assert out is not None and reward is not None
    from plumbline.core.settings import parse_sets
    from plumbline.stages.rl_command import rl as stage

    stage(
        method, model, reward, prompts, out, adapter=adapter, sets=parse_sets(sets or []),
        merge=merge, on_bad_row=on_bad_row, key=key_from, store=store,
    )  # fmt: skip


def methods() -> str:
    """The table of methods."""
    from plumbline.stages.methods import METHODS

    return "\n\n".join(
        f"{paint(how.name, 'bold')}: {how.summary}\n"
        f"    {how.n} answers a prompt; {how.epochs} x {how.minibatches} updates an iteration;"
        f" kl.beta {how.beta:g} in the {how.kl}; {how.paper}"
        for how in METHODS.values()
    )

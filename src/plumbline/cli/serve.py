"""`plumbline serve`: a model and its identities behind an OpenAI-compatible address."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Annotated

import typer

from plumbline.cli.options import Model, Sets, StoreAt
from plumbline.cli.show import say
from plumbline.core.errors import UserError
from plumbline.core.hosts import is_loopback


def serve(
    model: Model,
    identity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER", help="Serve this identity of the model too; may be repeated."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    api_key_from: Annotated[
        str,
        typer.Option(metavar="ENV_NAME", help="Environment variable with the key clients give."),
    ] = "",
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Answer over HTTP, as OpenAI's API does; each identity is a model there."""
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        raise UserError("the server needs fastapi and uvicorn", fix="pip install plumbline[studio]")
    from plumbline.core.settings import overlay, parse_sets
    from plumbline.stages.serving.opening import opened
    from plumbline.stages.serving.settings import Serving
    from plumbline.stages.serving.worker import Worker
    from plumbline.web.listening import address, bound, listen
    from plumbline.web.openai.app import app_of

    settings = overlay(Serving(), parse_sets(sets or []))
    key = key_in(api_key_from)
    if not (key or is_loopback(host)):
        raise UserError(
            f"{host} can be reached from other machines, and no key is asked for",
            where="--host",
            fix="give --api-key-from ENV_NAME, or listen on 127.0.0.1",
        )
    with bound(host, port) as place:
        house = opened(model, identities_in(identity or ()), settings, store=store, say=say)
        with Worker(house, rows=settings.rows, max_new=settings.max_new) as worker:
            place.listen()  # whoever reads the next line may connect
            say(f"serving {', '.join(worker.names)} at {address(place)}/v1")
            listen(app_of(worker, key), place, worker.close)


def identities_in(items: Sequence[str]) -> dict[str, str]:
    """["captain=runs/captain"] as names and folders."""
    found: dict[str, str] = {}
    for item in items:
        name, equals, folder = item.partition("=")
        if not (name and equals and folder):
            raise UserError(
                f"{item!r} is not NAME=FOLDER", where="--identity", fix="--identity captain=DIR"
            )
        if name in found:
            raise UserError(f"{name!r} is given twice", where="--identity", fix="rename one")
        found[name] = folder
    return found


def key_in(variable: str, option: str = "--api-key-from") -> str:
    """The key in this environment variable; "" where none is named."""
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UserError(
            f"the environment variable {variable} holds no key",
            where=option,
            fix=f"export {variable}=... before the server starts",
        )
    return key

"""`plumbline studio`: the place where people judge, in a browser."""

from __future__ import annotations

import os
import socket
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plumbline.cli.options import StoreAt
from plumbline.cli.serve import key_in
from plumbline.cli.show import say
from plumbline.core.errors import UserError
from plumbline.core.hosts import is_loopback

if TYPE_CHECKING:
    from plumbline.feedback.collecting.database import Database
    from plumbline.web.studio.writer import Address

PEM = Annotated[Path | None, typer.Option(metavar="FILE.pem")]


def studio(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8200,
    db: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="sqlite:///FILE or postgresql://USER@HOST/NAME; else $PLUMBLINE_STUDIO, else"
            " studio.sqlite in the store.",
        ),
    ] = "",
    store: StoreAt = None,
    tls_cert: PEM = None,
    tls_key: PEM = None,
    insecure_network: Annotated[
        bool,
        typer.Option(
            "--insecure-network", help="Listen to other machines without TLS (behind a proxy)."
        ),
    ] = False,
    public: Annotated[
        str, typer.Option(metavar="URL", help="The address people type, where it is another.")
    ] = "",
    models: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="An OpenAI-compatible address (`serve` has one): its models answer prompts, and"
            " revise answers that people criticise.",
        ),
    ] = "",
    key_from: Annotated[
        str, typer.Option(metavar="ENV_NAME", help="Environment variable with its key.")
    ] = "",
) -> None:
    """Let people judge answers in a browser; train on what they say with --data ref:PROJECT."""
    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "pwdlib", "itsdangerous")):
        raise UserError("the studio needs some packages", fix="pip install plumbline[studio]")
    from plumbline.feedback.collecting.database import Database
    from plumbline.stages.collected import url_of
    from plumbline.store import find_store
    from plumbline.web.listening import address, bound

    os.umask(0o077)  # what it makes is nobody else's to read
    home, tls = find_store(store), certificate(tls_cert, tls_key)
    check_reach(host, bool(tls), insecure_network)
    writer = writer_at(models, key_from)
    with bound(host, port) as place:
        shown = public.rstrip("/") or seen_at(address(place), bool(tls))
        database = Database(db or url_of(home))
        try:
            run(database, home.root, shown, writer, place, tls)
        finally:
            database.close()


def run(
    database: Database,
    folder: Path,
    shown: str,
    writer: Address | None,
    place: socket.socket,
    tls: tuple[Path, Path] | None,
) -> None:
    """Serve the studio of a store's folder until it is ended, and say how to come in."""
    from plumbline.feedback.collecting import invites
    from plumbline.web.listening import listen
    from plumbline.web.studio.app import build
    from plumbline.web.studio.models import Models
    from plumbline.web.studio.state import Studio, secret_in

    writing = Models(database, writer) if writer else None
    app = build(Studio(database, secret_in(folder), folder, shown, models=writing))
    with database.write() as at:
        token = invites.first_owner(at)
    place.listen()  # whoever reads the next line may connect
    say(f"the studio is at {shown} (Ctrl-C ends it); it keeps everything in {database.name}")
    if token:
        say("nobody owns it yet: open this link within the hour, once, and choose a name")
        say(f"  {shown}/setup/{token}")
    if writer:
        say(f"the models at {writer.url} write for it")
    with writing or nullcontext():
        listen(app, place, lambda: None, tls)


def writer_at(models: str, key_from: str) -> Address | None:
    """The models that write; UserError for a key without the address it is for."""
    from plumbline.web.studio.writer import Address

    if key_from and not models:
        raise UserError("a key, and no address it is for", where="--key-from", fix="--models URL")
    return Address(models, key_in(key_from, "--key-from")) if models else None


def certificate(cert: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """Both files or none; UserError for one without the other, or none that is there."""
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise UserError("TLS takes two files", fix="give --tls-cert FILE --tls-key FILE")
    for file in (cert, key):
        if not file.is_file():
            raise UserError("no such file", where=str(file), fix="give PEM files")
    return cert, key


def check_reach(host: str, encrypted: bool, insecure: bool) -> None:
    """UserError where passwords would cross a network that anybody may listen to."""
    if not (encrypted or insecure or is_loopback(host)):
        raise UserError(
            f"{host} can be reached from other machines, and passwords would cross the network"
            " unencrypted",
            where="--host",
            fix="give --tls-cert and --tls-key, or --insecure-network behind a proxy that has TLS,"
            " or listen on 127.0.0.1",
        )


def seen_at(place: str, encrypted: bool) -> str:
    """The address that people type."""
    shown = place.replace("http://", "https://", 1) if encrypted else place
    for every in ("0.0.0.0", "[::]"):
        shown = shown.replace(f"//{every}:", f"//{socket.gethostname()}:")
    return shown

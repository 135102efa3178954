"""A socket of our own, and an application that listens on it until it is interrupted."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from plumbline.core.errors import UserError

GRACE = 5
"""Seconds that open requests have to end in once the server stops."""


def bound(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen yet; port 0 takes a free one. UserError where that
    cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small packets at once (TCP_NODELAY) only where the protocol is named; otherwise
    # an answer's body waits some 40 ms for the acknowledgement of its headers.
    place = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
    except (OSError, OverflowError) as error:
        place.close()
        raise UserError(
            f"cannot listen on {host} port {port}: {getattr(error, 'strerror', '') or error}",
            fix="choose another --port (0 takes a free one) or --host",
        ) from None
    return place


def address(place: socket.socket) -> str:
    """http://host:port of a bound socket."""
    host, port = place.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(
    app: FastAPI,
    place: socket.socket,
    ended: Callable[[], None],
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, which is raised again afterwards. `ended` is called as soon as
    the server stops, so that requests under way end. tls: files of a certificate and its key;
    UserError where they are none."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE,
        ssl_certfile=tls and tls[0], ssl_keyfile=tls and tls[1],
    )  # fmt: skip
    try:
        config.load()
    except ssl.SSLError as error:
        raise UserError(f"no certificate with its key ({error.reason})", where=str(tls)) from None
    asyncio.run(_serve(uvicorn.Server(config), place, ended))


async def _serve(server: uvicorn.Server, place: socket.socket, ended: Callable[[], None]) -> None:
    watching = asyncio.create_task(_stopping(server, ended))
    try:
        await server.serve(sockets=[place])
    finally:
        server.should_exit = True
        await watching


async def _stopping(server: uvicorn.Server, ended: Callable[[], None]) -> None:
    while not server.should_exit:
        await asyncio.sleep(0.1)
    ended()

"""The routes: which models there are, chat completions, completions, and whether all is well.

Nothing here knows of a model but `stages.serving.asked.Engine`. Streams are server-sent events. No
page of documentation is served, since its scripts would come from another host.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from plumbline.core.errors import unknown
from plumbline.stages.serving.asked import Engine
from plumbline.web.openai import errors
from plumbline.web.openai.errors import Trouble
from plumbline.web.openai.exchange import Exchange, Gone
from plumbline.web.openai.replies import Form, Reply, Said, Texts, Turns
from plumbline.web.openai.schema import Chat, Text, Wanted, wanted

BODY = 4 * 2**20
"""Bytes of the largest request."""
SSE = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def app_of(engine: Engine, key: str = "") -> FastAPI:
    """An application over a model; with a key every /v1 route asks for it as a bearer token."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.engine, app.state.key = engine, key.encode()
    app.add_api_route("/health", health)
    routes = APIRouter(prefix="/v1", dependencies=[Depends(authorised)])
    routes.add_api_route("/models", models)
    routes.add_api_route("/models/{name:path}", model)
    routes.add_api_route("/chat/completions", chat, methods=["POST"])
    routes.add_api_route("/completions", completions, methods=["POST"])
    app.include_router(routes)
    app.add_exception_handler(Trouble, errors.trouble)
    app.add_exception_handler(HTTPException, errors.refused)
    app.add_exception_handler(Exception, errors.bug)
    return app


async def authorised(request: Request) -> None:
    """Trouble for a request without the key. The time it takes says nothing of the key."""
    key: bytes = request.app.state.key
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("latin-1"), key)
    if key and not (same and scheme.lower() == "bearer"):
        raise Trouble(401, "a valid API key is needed", code="invalid_api_key")


async def health(request: Request) -> Response:
    """200 while the model answers, else 503; and how many answers grow now."""
    engine = _engine(request)
    told = {"status": "ok" if engine.alive else "stopped", "growing": engine.growing}
    return JSONResponse(told, 200 if engine.alive else 503)


async def models(request: Request) -> dict[str, Any]:
    """The model and its identities."""
    return {"object": "list", "data": [_model(name) for name in _engine(request).names]}


async def model(name: str, request: Request) -> dict[str, Any]:
    """One of them."""
    return _model(_known(request, name))


async def chat(request: Request) -> Response:
    """Answers to a conversation."""
    return await _answered(request, wanted(Chat, await _body(request)), Turns())


async def completions(request: Request) -> Response:
    """What follows texts, or what the model says of them."""
    return await _answered(request, wanted(Text, await _body(request)), Texts())


async def _answered(request: Request, asked: Wanted, form: Form) -> Response:
    _known(request, asked.model)
    exchange = Exchange(_engine(request), asked.asks)
    await exchange.begin(request)
    reply = Reply(form, asked.model, asked.asks[0].top is not None)
    if asked.stream:
        events = _events(exchange, reply, asked.usage)
        return StreamingResponse(events, media_type="text/event-stream", headers=SSE)
    said = [Said() for _ in range(exchange.choices)]
    try:
        async for piece in exchange.pieces():
            said[piece.choice].hear(piece)
    except Gone:
        return Response(status_code=499)  # nobody reads it
    finally:
        exchange.end()
    return JSONResponse(reply.whole(said, exchange.started))


async def _events(exchange: Exchange, reply: Reply, usage: bool) -> AsyncIterator[bytes]:
    """A stream's events; an error that comes late is the last of them."""
    said = [Said() for _ in range(exchange.choices)]
    try:
        for choice in range(exchange.choices):
            for one in reply.opening(choice):
                yield _event(one, usage)
        async for piece in exchange.pieces():
            for one in reply.chunks(piece, said[piece.choice]):
                yield _event(one, usage)
            said[piece.choice].hear(piece)
    except Gone:
        return
    except Trouble as error:
        yield _event(error.body())
        return
    finally:
        exchange.end()
    if usage:
        yield _event(reply.last(said, exchange.started))
    yield b"data: [DONE]\n\n"


def _event(content: dict[str, Any], usage: bool = False) -> bytes:
    """One server-sent event. Where usage comes last, it is null before."""
    told = {**content, "usage": None} if usage else content
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


async def _body(request: Request) -> bytes:
    """The request's body. Trouble for one that is too large, also while it comes."""
    found = bytearray()
    try:
        async for part in request.stream():
            found += part
            if len(found) > BODY:
                raise Trouble(413, f"the body is larger than {BODY} bytes", code="too_large")
    except ClientDisconnect:
        raise Trouble(400, "the client went away") from None
    return bytes(found)


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _known(request: Request, name: str) -> str:
    """The name, if there is such a model; else Trouble that names those there are."""
    names = _engine(request).names
    if name not in names:
        error = unknown("model", name, names)
        raise errors.of(error, 404, param="model", code="model_not_found")
    return name


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "plumbline"}

"""One request under way: what the model's thread says, heard in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial

from fastapi import Request

from plumbline.core.errors import UserError
from plumbline.stages.serving.asked import Ask, Engine, Failed, Piece, Started, TooLong
from plumbline.web.openai import errors
from plumbline.web.openai.errors import Trouble


class Gone(Exception):
    """The client went away."""


class Exchange:
    """The `Ask`s of one request, whose answers are numbered through."""

    def __init__(self, engine: Engine, asks: Sequence[Ask]) -> None:
        self.engine, self.asks = engine, asks
        self.started: list[Started] = []
        self._loop = asyncio.get_running_loop()
        self._watching: asyncio.Task[None] | None = None
        self._heard: asyncio.Queue[tuple[int, Piece | Failed | Gone]] = asyncio.Queue()

    @property
    def choices(self) -> int:
        """How many answers there will be."""
        return sum(ask.generation.n for ask in self.asks)

    async def begin(self, request: Request) -> None:
        """Trouble for prompts that cannot be read; then none is answered. From now on a client that
        goes away ends its answers."""
        try:
            await asyncio.to_thread(self._begin)
        except UserError as error:
            self.end()
            code = "context_length_exceeded" if isinstance(error, TooLong) else ""
            raise errors.of(error, code=code) from None
        self._watching = asyncio.create_task(self._watch(request))

    def _begin(self) -> None:
        first = 0
        for ask in self.asks:
            self.started.append(self.engine.ask(ask, partial(self._hear, first)))
            first += ask.generation.n

    def _hear(self, first: int, what: Piece | Failed) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody listens
            self._loop.call_soon_threadsafe(self._heard.put_nowait, (first, what))

    async def pieces(self) -> AsyncIterator[Piece]:
        """What is new, until every answer has ended. Trouble where the model fails."""
        growing = self.choices
        while growing:
            first, what = await self._heard.get()
            if isinstance(what, Gone):
                raise what
            if isinstance(what, Failed):
                raise Trouble(errors.OURS, what.why)
            growing -= bool(what.finish)
            yield what._replace(choice=first + what.choice)

    def end(self) -> None:
        """Nobody listens any more."""
        if self._watching is not None:
            self._watching.cancel()
        for one in self.started:
            one.cancel()

    async def _watch(self, request: Request) -> None:
        """Also for a stream that was never begun to be read."""
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self._heard.put_nowait((0, Gone()))
        for one in self.started:
            one.cancel()

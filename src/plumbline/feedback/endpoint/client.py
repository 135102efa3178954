"""Asking a model behind an address: for answers, for the odds of a verdict, for how likely it finds
a text.

Every request is a plain body, and its digest with the address is what its reply is kept under: the
same request is answered once, whoever asks it and however often the job was killed. Each draw is a
request of its own (no `n`, which not every server knows), so that more draws later ask for no more
than the new ones; the prompt is read anew by each. Draw 0 has the seed that is given and the others
seeds derived from it; without a seed their number is in the digest, not in the request.
A request gives its place to the next one once its reply is kept, so at a kill there are at most
`together` whose reply was not: those are asked again.

Left out: turns of the assistant that the endpoint goes on with (servers that do not know how say
nothing of it): ask in a further turn of the user's. Streams, tools, images.
"""

from __future__ import annotations

import difflib
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.types import Conversation
from plumbline.feedback.endpoint import bodies
from plumbline.feedback.endpoint.address import address, secret
from plumbline.feedback.endpoint.errors import Ended, Missing, Refused, Unanswered, Unfinished
from plumbline.feedback.endpoint.followed import followed, reach, settled
from plumbline.feedback.endpoint.kept import Kept
from plumbline.feedback.endpoint.likely import Place, places, summed
from plumbline.feedback.endpoint.limits import USUAL, Limits, Meter, Usage
from plumbline.feedback.endpoint.line import Line
from plumbline.feedback.endpoint.many import finished
from plumbline.feedback.endpoint.options import Forms, Odds, Option, begun, forms, from_draws
from plumbline.feedback.endpoint.replies import choice, declined, names, used, words

NEAREST = 8
"""Names of models that a message offers."""
T = TypeVar("T")
R = TypeVar("R")


class Endpoint:
    """An OpenAI-compatible address. cache: the file that keeps the replies; without one nothing is
    kept. Several threads may use it. UserError for an address or a key that cannot be used."""

    def __init__(
        self, url: str, *, key: str = "", limits: Limits = USUAL, cache: Path | None = None
    ) -> None:
        key = secret(key)
        self.url, self.limits = address(url, key), limits
        self._meter = Meter(limits)
        self._line = Line(self.url, key, limits, self._meter)
        self._kept = Kept(cache) if cache else None
        self._free = threading.BoundedSemaphore(limits.together)
        self._guard = threading.Lock()
        self._asking: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self._silent: dict[str, str] = {}

    @property
    def usage(self) -> Usage:
        """What was asked so far, by this object."""
        return self._meter.usage

    def close(self) -> None:
        self._line.close()
        if self._kept:
            self._kept.close()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def models(self) -> list[str]:
        """The names of its models, asked anew each time."""
        return names(self._line.ask("models", {}))

    def answers(
        self,
        model: str,
        prompt: Conversation,
        *,
        n: int = 1,
        max_new: int | None = None,
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> list[str]:
        """n answers. Without a seed the same draws are kept and given again as well. At temperature
        0 they are one answer. Refused where the model declined, Unanswered where none came."""
        body = bodies.asking(model, prompt, max_new, temperature)
        drawn = self._draws(body, n if temperature else min(n, 1), seed)
        said = [words(choice(reply)) for reply in drawn]
        return said if temperature else said * n

    def odds(
        self,
        model: str,
        prompt: Conversation,
        options: Sequence[Option],
        *,
        top: int = 20,
        draws: int = 16,
        max_new: int | None = 16,
        seed: int | None = None,
    ) -> Odds:
        """How likely each option is to be said next, at temperature 1 (see `options`).

        `top` likeliest tokens are asked for, 20 at most; where an option begins with another, in as
        many of `draws` replies as it takes (`followed`). Where the endpoint has no
        log-probabilities of this model, `draws` answers of up to `max_new` tokens are drawn
        instead. One that is refused says none of the options.
        """
        known = forms(options)
        if model not in self._silent:
            found = self._shown(model, prompt, known, top, draws, seed)
            if found:
                return found
        drawn = self._draws(bodies.asking(model, prompt, max_new, 1.0), draws, seed)
        said = [_or_nothing(reply) for reply in drawn]
        return from_draws(said, known, self._silent[model])

    def scored(self, model: str, given: str, text: str) -> float:
        """The log-probability, in nats, of `text` as what follows the text `given`.

        Read by /v1/completions with `echo` and no new token, which plumbline's server and vLLM
        know. Unanswered where the two meet inside a token (begin `text` with its space).
        """
        if not given or not text:
            raise UserError("both texts have words", fix="what follows nothing is not scored")
        reply = self._asked(bodies.scoring(model, given + text))
        return summed(choice(reply).logprobs, given, text)

    def each(
        self, call: Callable[[T], R], items: Sequence[T], *, names: Sequence[str] = ()
    ) -> Iterator[tuple[int, R]]:
        """(place, `call` of the item there) as they end, several at the same time: `call` asks this
        endpoint. At last Unfinished if some failed; `names` are what it calls the items."""
        fix = "nothing was kept: give a file for the replies and ask again"
        if self._kept:
            fix = "give the same command again: what was answered is kept and is not asked again"

        def named(place: int) -> str:
            return names[place] if names else f"request {place + 1}"

        yield from finished(
            call, items, self.limits.together, named=named, fix=fix, stop=self._meter.stop
        )

    def _draws(self, body: bodies.Body, n: int, seed: int | None) -> list[dict[str, Any]]:
        """n replies to one body. The error of one draw is that of all."""
        asked = bodies.draws(body, n, seed)
        if n == 1:
            return [self._asked(*asked[0])]
        try:
            found = dict(self.each(lambda one: self._asked(*one), asked))
        except Unfinished as error:
            raise error.first from None
        return [found[number] for number in range(n)]

    def _shown(
        self,
        model: str,
        prompt: Conversation,
        options: dict[str, Forms],
        top: int,
        draws: int,
        seed: int | None,
    ) -> Odds | None:
        """Odds from what replies show; None, and why in `_silent`, where they show nothing."""
        alike, seen = begun(options), list[list[Place]]()
        asking = bodies.asking(model, prompt, reach(options) if alike else 1, 1.0)
        body = bodies.showing(asking, top)
        for one in bodies.draws(body, draws, seed) if alike else [(body, 0)]:
            found, why = self._places(*one)
            if found:
                seen.append(found)
            elif not seen:
                self._silent[model] = why
                return None
            odds = followed(seen, options)
            if settled(odds):
                break
        return odds

    def _places(self, body: bodies.Body, draw: int = 0) -> tuple[list[Place], str]:
        """An answer's places; none where there are none to be had, and why."""
        try:
            said = choice(self._asked(body, draw))
        except Refused:
            raise
        except Unanswered as error:
            if "logprobs" not in error.what:
                raise
            return [], error.what
        found = places(said.logprobs)
        if declined(said) and not found:
            words(said)
        return found, "the endpoint gives no log-probabilities"

    def _asked(self, body: bodies.Body, draw: int = 0) -> dict[str, Any]:
        """The reply to a body: the one that was kept, or else a new one, which is kept first. Two
        threads with the same request ask once."""
        key = digest([self.url, bodies.route(body), body, draw])
        with self._guard:
            turn = self._asking.setdefault(key, threading.Lock())
        with turn:
            found = self._kept.get(key) if self._kept else None
            if found is not None:
                self._meter.add(Usage(cached=1))
                return found
            with self._free:
                reply = self._new(body)
                if self._kept:
                    self._kept.put(key, body, reply)
        if self._meter.counts and not used(reply):
            raise Ended(
                "the endpoint does not say how many tokens there were: no budget can be held",
                where=self.url,
                fix="leave out the limits of tokens and cost",
            )
        return reply

    def _new(self, body: bodies.Body) -> dict[str, Any]:
        try:
            return self._line.ask(bodies.route(body), body)
        except Missing as error:
            raise self._unknown(body["model"], error) from None

    def _unknown(self, model: str, error: Missing) -> Ended:
        """The error for a model that is not there, with the nearest that are."""
        try:
            known = self.models()
        except UserError:
            return error
        if model in known or not known:
            return error
        near = ", ".join(difflib.get_close_matches(model, known, NEAREST, 0.0))
        fix = f"the nearest of its {len(known)} models: {near}"
        return Ended(f"the endpoint has no model {model!r}", where=self.url, fix=fix)


def _or_nothing(reply: dict[str, Any]) -> str:
    """What was said, where declining is as good as saying nothing."""
    try:
        return words(choice(reply))
    except Refused:
        return ""

"""How much may be asked of an endpoint, and how much was.

Requests start evenly, 60 / per_minute seconds apart, second tries among them. A budget is checked
before a request and counted after it, so those under way when it is spent (`together` at most) go
beyond it. It counts what this run asks; what was kept costs nothing.
Left out: prices of tokens that the provider had cached, which are counted like others.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass

from plumbline.core.errors import UserError
from plumbline.core.settings import runtime
from plumbline.feedback.endpoint.errors import Ended

MILLION = 1_000_000


@dataclass(frozen=True)
class Limits:
    """None is no limit."""

    seconds: float = runtime(120.0, help="longest wait for a reply, and then for the rest of it")
    retries: int = runtime(5, help="times that a request is sent again where it may still succeed")
    together: int = runtime(8, help="requests at the same time")
    per_minute: int | None = runtime(None, help="requests a minute")
    tokens: int | None = runtime(None, help="tokens read and written after which the run ends")
    cost: float | None = runtime(None, help="cost after which the run ends, by the two prices")
    price_read: float = runtime(0.0, help="price of 1,000,000 tokens read")
    price_written: float = runtime(0.0, help="price of 1,000,000 tokens written")

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.retries < 0 or self.together < 1:
            raise UserError("seconds is more than 0, retries at least 0, together at least 1")
        if any(one is not None and one <= 0 for one in (self.per_minute, self.tokens, self.cost)):
            raise UserError("per_minute, tokens and cost are more than 0, or none for no limit")
        if min(self.price_read, self.price_written) < 0:
            raise UserError("a price is not less than 0")
        if self.cost is not None and not self.price_read + self.price_written:
            fix = "set price_read and price_written, each for 1,000,000 tokens"
            raise UserError("a limit of cost needs prices", fix=fix)


USUAL = Limits()


@dataclass(frozen=True)
class Usage:
    """requests: answered by the endpoint; cached: answered by what was kept; sent: over HTTP, with
    second tries; seconds: spent waiting, added up over all requests."""

    requests: int = 0
    cached: int = 0
    sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Meter:
    """Counts for several threads, and lets a request begin when it may."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._usage = limits, Usage()
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._next = 0.0

    @property
    def usage(self) -> Usage:
        """So far."""
        return self._usage

    def stop(self) -> None:
        """Nothing is sent any more."""
        self._stopped.set()

    def turn(self) -> None:
        """Wait until one more may be sent. Ended after `stop`."""
        wait = 0.0
        if self._limits.per_minute:
            with self._lock:
                start = max(self._next, time.monotonic())
                self._next = start + 60 / self._limits.per_minute
            wait = start - time.monotonic()
        if self._stopped.wait(max(wait, 0.0)) if wait > 0 else self._stopped.is_set():
            raise Ended("interrupted")
        self.add(Usage(sent=1))

    def add(self, more: Usage) -> None:
        """What was used; its cost is reckoned here."""
        cost = more.prompt_tokens * self._limits.price_read
        cost += more.completion_tokens * self._limits.price_written
        with self._lock:
            now, plus = asdict(self._usage), asdict(more) | {"cost": cost / MILLION}
            self._usage = Usage(**{name: now[name] + plus[name] for name in now})

    def check(self) -> None:
        """Ended where the budget is spent, and after `stop`."""
        if self._stopped.is_set():
            raise Ended("interrupted")
        used, limits = self._usage, self._limits
        spent = ""
        if limits.tokens is not None and used.tokens >= limits.tokens:
            spent = f"{limits.tokens:,} tokens is spent ({used.tokens:,}"
        elif limits.cost is not None and used.cost >= limits.cost:
            spent = f"{limits.cost:g} is spent ({used.cost:.6g}"
        if spent:
            raise Ended(
                f"the budget of {spent} in {used.requests} requests)",
                fix="raise the limit and give the same command again",
            )

    @property
    def counts(self) -> bool:
        """Whether there is a budget."""
        return self._limits.tokens is not None or self._limits.cost is not None

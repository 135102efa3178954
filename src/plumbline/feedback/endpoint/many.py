"""A list of requests, worked off by several threads.

What is answered is handed out at once, in the order of arrival. One that fails does not stop the
others, but for an error that all will meet (`Ended`), or `PATIENCE` failures in a row: then the
rest is not asked. An interrupt waits for the replies that are under way, since they will be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

from plumbline.core.errors import UserError
from plumbline.feedback.endpoint.errors import Ended, Unfinished

PATIENCE = 10
"""Failures in a row after which the endpoint is taken to be down."""
LISTED = 5
"""Failures that a message names."""
T = TypeVar("T")
R = TypeVar("R")


def finished(
    call: Callable[[T], R],
    items: Sequence[T],
    together: int,
    *,
    named: Callable[[int], str],
    fix: str,
    stop: Callable[[], None],
) -> Iterator[tuple[int, R]]:
    """(place, result) of each call as it ends; at last Unfinished if some failed.

    Only UserErrors count as failures. `named` is how a place is called in the message, and `fix`
    what is to be done. `stop` is called at an interrupt, before those under way are waited for.
    """
    failed: dict[int, UserError] = {}
    left: list[int] = []
    ended, row = None, 0
    with ThreadPoolExecutor(together) as pool:
        waiting = {pool.submit(call, item): place for place, item in enumerate(items)}
        try:
            for done in as_completed(list(waiting)):
                place = waiting.pop(done)
                error = None if done.cancelled() else done.exception()
                if done.cancelled():
                    left.append(place)
                elif isinstance(error, Ended):
                    left.append(place)
                    ended = ended or error
                elif error is None:
                    row = 0
                    yield place, done.result()
                elif isinstance(error, UserError):
                    failed[place], row = error, row + 1
                    ended = ended or (_down(row, error) if row >= PATIENCE else None)
                else:
                    raise error
                if ended:
                    _cancel(waiting)
        except KeyboardInterrupt:
            stop()
            raise
        finally:
            _cancel(waiting)
    if failed or left:
        raise _unfinished(len(items), failed, sorted(left), ended, named, fix)


def _down(row: int, last: UserError) -> Ended:
    return Ended(
        f"{row} failed in a row, the last one: {last.what}", where=last.where, fix=last.fix
    )


def _cancel(waiting: dict[Future[R], int]) -> None:
    for one in waiting:
        one.cancel()


def _unfinished(
    n: int,
    failed: dict[int, UserError],
    left: list[int],
    ended: Ended | None,
    named: Callable[[int], str],
    fix: str,
) -> Unfinished:
    """Says how many were answered, which failed and why, and why the rest was not asked."""
    done = n - len(failed) - len(left)
    lines = [f"{done} of {n} requests were answered, {len(failed)} failed, {len(left)} are left"]
    lines += [f"{named(place)}: {failed[place]}" for place in sorted(failed)[:LISTED]]
    if len(failed) > LISTED:
        lines.append(f"and {len(failed) - LISTED} more")
    if ended:
        lines.append(f"it ended there: {ended}")
    return Unfinished("\n".join(lines).replace("\n", "\n  "), failed, left, ended, fix=fix)

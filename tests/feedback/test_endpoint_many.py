"""Many requests: what is answered is kept, what fails is named, and nothing is asked twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from misbehaving import Said, chat, failing, saying

from plumbline.core.errors import UserError
from plumbline.core.settings import overlay
from plumbline.core.types import Conversation, user
from plumbline.feedback.endpoint import Ended, Endpoint, Limits, Unanswered, Unfinished
from plumbline.feedback.endpoint.kept import Kept
from plumbline.feedback.endpoint.many import PATIENCE


def question(i: int) -> Conversation:
    return (user(f"Question {i}"),)


def number(body: dict[str, Any]) -> int:
    return int(body["messages"][-1]["content"].split()[-1])


def asking(endpoint: Endpoint) -> Callable[[int], str]:
    return lambda i: endpoint.answers("judge", question(i))[0]


def test_one_that_fails_does_not_lose_the_others(tmp_path: Path) -> None:
    broken = {3, 8}

    def script(body: dict[str, Any]) -> Said:
        return failing(400, "too long") if number(body) in broken else chat(f"to {number(body)}")

    with (
        saying(script=script) as server,
        Endpoint(server.url, limits=Limits(together=4), cache=tmp_path / "kept") as endpoint,
    ):
        found: dict[int, str] = {}
        with pytest.raises(Unfinished) as caught:
            for place, text in endpoint.each(asking(endpoint), range(10)):
                found[place] = text
        assert found == {i: f"to {i}" for i in range(10) if i not in broken}
        assert set(caught.value.failed) == broken and caught.value.left == []
        told = str(caught.value)
        assert (
            "8 of 10 requests were answered, 2 failed, 0 are left" in told and "request 4: " in told
        )
        assert "too long" in told and "same command again" in told
        broken.clear()
        assert dict(endpoint.each(asking(endpoint), range(10)))[8] == "to 8"
    counts = Counter(number(body) for body in server.bodies)
    assert counts == {i: 1 + (i in (3, 8)) for i in range(10)}


def test_an_error_that_all_meet_ends_it_and_so_do_failures_in_a_row() -> None:
    def script(body: dict[str, Any]) -> Said:
        return failing(401, "no credit") if number(body) >= 5 else chat("yes")

    limits = Limits(together=2, retries=0)
    with saying(script=script) as server, Endpoint(server.url, limits=limits) as endpoint:
        with pytest.raises(Unfinished, match=r"5 of 100 .* 0 failed, 95 are left") as caught:
            list(endpoint.each(asking(endpoint), range(100)))
        assert len(server.bodies) <= 5 + 2 * 2 and caught.value.left == list(range(5, 100))
        assert str(caught.value).count("no credit") == 1
        assert "nothing was kept" in caught.value.fix
    with saying(failing(500)) as server, Endpoint(server.url, limits=limits) as endpoint:
        with pytest.raises(Unfinished, match=rf"(?s)row 1: .*{PATIENCE} failed in a row"):
            rows = [f"row {i}" for i in range(100)]
            list(endpoint.each(asking(endpoint), range(100), names=rows))
        assert PATIENCE <= len(server.bodies) <= PATIENCE + 4


def test_draws_fail_as_one_alone_would() -> None:
    for status, kind in ((401, Ended), (400, Unanswered)):
        with (
            saying(failing(status)) as server,
            Endpoint(server.url) as endpoint,
            pytest.raises(kind, match=str(status)),
        ):
            endpoint.answers("judge", question(1), n=3)
    limits = Limits(together=1, tokens=35)
    with (
        saying(chat("yes", tokens=(10, 2))) as server,
        Endpoint(server.url, limits=limits) as spent,
    ):
        with pytest.raises(Unfinished, match="0 failed, 9 are left") as caught:
            list(spent.each(lambda i: spent.answers("judge", question(i), n=2), range(10)))
        assert "budget" in str(caught.value.ended)


def test_failures_here_and_there_do_not_end_it() -> None:
    def script(body: dict[str, Any]) -> Said:
        return failing(400) if number(body) % 2 else chat("yes")

    n = 4 * PATIENCE
    limits = Limits(together=1)
    with saying(script=script) as server, Endpoint(server.url, limits=limits) as endpoint:
        with pytest.raises(Unfinished, match=f"{n // 2} failed, 0 are left") as caught:
            list(endpoint.each(asking(endpoint), range(n)))
        assert len(server.bodies) == n and f"and {n // 2 - 5} more" in str(caught.value)


def test_no_more_at_a_time_and_a_minute_than_agreed() -> None:
    slow = chat("yes")
    slow.slow = 0.05
    with (
        saying(slow) as server,
        Endpoint(server.url, limits=Limits(together=3)) as endpoint,
        ThreadPoolExecutor(9) as pool,
    ):
        wanted = [pool.submit(endpoint.answers, "judge", question(i), n=3) for i in range(9)]
        assert sum(len(one.result()) for one in wanted) == 27 == len(server.bodies)
        assert server.most == 3
    with (
        saying(failing(500), chat("yes")) as server,
        Endpoint(server.url, limits=Limits(per_minute=1200)) as endpoint,
    ):
        start = time.monotonic()
        assert len(list(endpoint.each(asking(endpoint), range(5)))) == 5
        assert time.monotonic() - start >= 5 * 0.05, "the second try has its turn too"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(together=1, tokens=35),
        Limits(together=1, cost=3.5e-5, price_read=1.0, price_written=1.0),
    ],
)
def test_a_budget_ends_the_run_and_the_next_one_goes_on(limits: Limits, tmp_path: Path) -> None:
    with saying(chat("yes", tokens=(10, 2))) as server:
        for answered in (3, 6):
            with Endpoint(server.url, limits=limits, cache=tmp_path / "kept") as endpoint:
                with pytest.raises(
                    Unfinished, match=f"{answered} of 8 .* {8 - answered} are left"
                ) as caught:
                    list(endpoint.each(asking(endpoint), range(8)))
                assert "the budget of" in str(caught.value) and "in 3 requests" in str(caught.value)
                assert endpoint.usage.tokens == 36 and len(server.bodies) == answered
                assert endpoint.usage.cost == pytest.approx(3.6e-5 if limits.cost else 0)
        with Endpoint(server.url, limits=limits, cache=tmp_path / "kept") as endpoint:
            assert len(dict(endpoint.each(asking(endpoint), range(8)))) == 8
    assert len(server.bodies) == 8


def test_a_budget_wants_to_be_told_of_tokens() -> None:
    silent = chat("yes")
    del silent.body["usage"]
    with saying(silent) as server:
        with Endpoint(server.url) as endpoint:
            assert endpoint.answers("judge", question(1)) == ["yes"]
        with (
            Endpoint(server.url, limits=Limits(tokens=100)) as endpoint,
            pytest.raises(Ended, match="does not say how many tokens"),
        ):
            endpoint.answers("judge", question(1))


def test_limits_are_settings() -> None:
    assert overlay(Limits(), {"together": "2", "tokens": "5", "per_minute": "none"}) == Limits(
        together=2, tokens=5
    )
    for wrong in ({"seconds": 0}, {"together": 0}, {"tokens": 0}, {"cost": 1.0}, {"retries": -1}):
        with pytest.raises(UserError):
            overlay(Limits(), wrong)


def test_draws_stay_different_and_are_kept_by_their_number(tmp_path: Path) -> None:
    left = iter(range(100))
    lock = threading.Lock()

    def script(body: dict[str, Any]) -> Said:
        with lock:
            return chat(str(next(left)))

    with saying(script=script) as server:
        with Endpoint(server.url, cache=tmp_path / "kept") as endpoint:
            two = endpoint.answers("judge", question(1), n=2)
            assert len(set(two)) == 2
        with Endpoint(server.url, cache=tmp_path / "kept") as endpoint:
            four = endpoint.answers("judge", question(1), n=4)
            assert four[:2] == two and len(set(four)) == 4 and len(server.bodies) == 4
            assert (endpoint.usage.cached, endpoint.usage.requests) == (2, 2)
            seeded = endpoint.answers("judge", question(1), n=3, seed=7)
            seeds = [body["seed"] for body in server.bodies[4:]]
            assert len({*seeded, *four}) == 7 and 7 in seeds and len(set(seeds)) == 3
            assert all(0 <= seed < 2**31 for seed in seeds)
            greedy = endpoint.answers("judge", question(1), n=3, temperature=0)
            assert len(set(greedy)) == 1 and len(server.bodies) == 8
            for other in ({"max_new": 5}, {"temperature": 0.5}):
                endpoint.answers("judge", question(1), **other)
            endpoint.answers("writer", question(1))
            assert len(server.bodies) == 11
    with (
        saying(chat("elsewhere")) as server,
        Endpoint(server.url, cache=tmp_path / "kept") as endpoint,
    ):
        assert endpoint.answers("judge", question(1)) == ["elsewhere"]


def test_the_same_request_of_several_threads_is_asked_once(tmp_path: Path) -> None:
    slow = chat("once")
    slow.slow = 0.1
    with (
        saying(slow) as server,
        Endpoint(server.url, cache=tmp_path / "kept") as endpoint,
        ThreadPoolExecutor(6) as pool,
    ):
        found = list(pool.map(lambda _: endpoint.answers("judge", question(1)), range(6)))
        assert found == [["once"]] * 6 and len(server.bodies) == 1


def test_of_two_replies_to_one_request_the_first_stays(tmp_path: Path) -> None:
    one, other = Kept(tmp_path / "kept"), Kept(tmp_path / "kept")
    for kept, said in ((one, "first"), (other, "second")):
        kept.put("key", {"asked": True}, {"said": said})
    assert one.get("key") == other.get("key") == {"said": "first"} and one.get("else") is None


def test_files_that_cannot_keep_replies(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, and long enough to be looked at\n" * 99)
    for place in (tmp_path / "text", tmp_path, tmp_path / "text" / "kept", Path("/proc/x/kept")):
        with pytest.raises(UserError) as caught:
            Endpoint("http://localhost:1", cache=place)
        assert str(place) in str(caught.value)


def test_an_interrupt_keeps_what_is_under_way_and_asks_no_more(tmp_path: Path) -> None:
    slow = chat("yes")
    slow.slow = 0.1
    limits = Limits(together=2)
    with saying(slow) as server:
        with Endpoint(server.url, limits=limits, cache=tmp_path / "kept") as endpoint:
            running = endpoint.each(asking(endpoint), range(20))
            next(running)
            with pytest.raises(KeyboardInterrupt):
                running.throw(KeyboardInterrupt())  # type: ignore[attr-defined]
            with pytest.raises(Ended, match="interrupted"):
                endpoint.answers("judge", question(99))
        asked = len(server.bodies)
        assert asked <= 2 * limits.together
        with Endpoint(server.url, limits=Limits(together=20), cache=tmp_path / "kept") as endpoint:
            assert len(list(endpoint.each(asking(endpoint), range(20)))) == 20
            assert endpoint.usage.cached == asked and len(server.bodies) == 20


def test_an_interrupt_ends_second_tries() -> None:
    again = failing(503, **{"retry-after-ms": "100"})
    limits = Limits(together=2, retries=200)

    def script(body: dict[str, Any]) -> Said:
        return again if number(body) else chat("yes")

    with saying(script=script) as server, Endpoint(server.url, limits=limits) as endpoint:
        running = endpoint.each(asking(endpoint), range(20))
        assert next(running) == (0, "yes")
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            running.throw(KeyboardInterrupt())  # type: ignore[attr-defined]
        assert time.monotonic() - start < 5, "200 tries would take 20 seconds"

"""Whose turn it is: the order of arrival, as far as a batch allows."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from plumbline.stages.serving.lanes import Lanes


def lanes(*arrivals: str) -> Lanes[str, str]:
    """ "a1": job 1 of lane a."""
    made: Lanes[str, str] = Lanes()
    for one in arrivals:
        made.put(one[0], [one])
    return made


def taken(of: Lanes[str, str], lane: str, *, begun: bool) -> list[str]:
    found = []
    while (one := of.take(lane, begun=begun)) is not None:
        found.append(one)
    return found


def test_who_waits_at_the_start_goes_along() -> None:
    waiting = lanes("a1", "b2", "a3", "c4")
    assert waiting.next() == "a" and taken(waiting, "a", begun=False) == ["a1", "a3"]
    assert waiting.next() == "b"


def test_a_batch_stops_admitting_when_another_lane_has_waited_longer() -> None:
    waiting = lanes("a1")
    assert taken(waiting, "a", begun=False) == ["a1"]
    waiting.put("a", ["a2"])
    waiting.put("b", ["b3"])
    waiting.put("a", ["a4"])
    assert taken(waiting, "a", begun=True) == ["a2"] and waiting.next() == "b"
    assert taken(waiting, "b", begun=False) == ["b3"]
    assert taken(waiting, "b", begun=True) == [] and taken(waiting, "a", begun=True) == ["a4"]


def test_what_does_not_fit_waits_and_keeps_its_place() -> None:
    waiting = lanes("a1", "a2", "b3")
    assert waiting.take("a", begun=False, fits=lambda job: job != "a1") is None
    assert waiting.next() == "a"
    waiting.drop(lambda job: job == "a1")
    assert waiting.take("a", begun=True) == "a2" and waiting.next() == "b"


def test_closed_lanes_have_no_turns() -> None:
    waiting: Lanes[str, str] = Lanes()
    heard: list[str | None] = []
    thread = threading.Thread(target=lambda: heard.append(waiting.next()))
    thread.start()
    waiting.close()
    thread.join()
    assert heard == [None] and waiting.closed
    assert not waiting.put("a", ["a1"]) and waiting.left() == []


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 4))
def test_nobody_is_passed_over_or_starves(arrivals: list[str], rows: int) -> None:
    """Turns of at most so many: every job goes once, in its lane's order, and a turn begins with
    whoever has waited longest."""
    jobs = [f"{lane}{i}" for i, lane in enumerate(arrivals)]
    waiting, went = lanes(*jobs), []
    while left := [job for job in jobs if job not in went]:
        lane = waiting.next()
        assert lane == left[0][0]
        turn = [waiting.take(lane, begun=False) for _ in range(rows)]
        went += [job for job in turn if job]
    assert sorted(went) == sorted(jobs)
    for lane in "abc":
        assert [job for job in went if job[0] == lane] == [job for job in jobs if job[0] == lane]

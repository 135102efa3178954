"""Rewards: rules, functions, endpoints, sums of them, and what happens when one fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.feedback.rewards import (
    DISAGREEMENT,
    Answered,
    Endpoint,
    Ensemble,
    Function,
    Total,
    Unrewarded,
    folded,
)
from plumbline.feedback.rules import Rule


def asked(*texts: str, wanted: str = "", ended: bool = True) -> Answered:
    ids = tuple([1] for _ in texts)
    return Answered((user("What?"),), [1, 2], ids, texts, (ended,) * len(texts), wanted)


@pytest.mark.parametrize(
    ("spec", "texts", "worth"),
    [
        ("rules:regex=[0-9]+", ("it is 42", "no"), [1, 0]),
        ("rules:exact", (" Paris ", "paris, I think"), [1, 0]),
        ("rules:exact=yes", ("Yes", "no"), [1, 0]),
        ("rules:length=4", ("one two three four", "one two", "a b c d e f g h i j"), [0, -0.5, -1]),
        ("rules:format=json", ('{"a": 1}', "{a}"), [1, 0]),
        ("rules:refusal", ("I'm sorry, but I can't do that.", "Gladly."), [1, 0]),
        ("rules:refusal=de", ("I'm sorry, but I can't do that.",), [0]),
        ("rules:ended", ("so.",), [1]),
    ],
)
def test_a_rule_is_kept_or_not(spec: str, texts: Sequence[str], worth: list[float]) -> None:
    assert Rule.named(spec)([asked(*texts, wanted="paris")]).tolist() == worth


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("rules:regx=a", "did you mean 'regex'"),
        ("rules:regex", "no pattern"),
        ("rules:regex=(", "rules:regex=PATTERN"),
        ("rules:length=ten", "rules:length=20"),
        ("rules:format=xml", "xml"),
        ("rules:refusal=xx", "no phrases"),
    ],
)
def test_a_rule_that_is_written_wrong_is_told_how(spec: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Rule.named(spec)


def test_a_function_gets_messages_and_answers() -> None:
    seen = []

    def count(prompt: list[dict[str, str]], answers: list[str]) -> list[float]:
        seen.append(prompt)
        return [float(len(text)) for text in answers]

    found = Function("python:mine:count", count)([asked("a", "abc"), asked("ab")])
    assert found.tolist() == [1, 3, 2] and seen[0] == [{"role": "user", "content": "What?"}]
    assert Function.named("python:statistics:mean").call([1, 2, 3]) == 2  # type: ignore[call-arg]
    for wrong in ("python:no_such_module:f", "python:statistics:no", "python:"):
        with pytest.raises(UserError, match="MODULE:FUNCTION"):
            Function.named(wrong)


def test_a_function_that_raises_names_the_prompt() -> None:
    def broken(prompt: object, answers: list[str]) -> list[float]:
        raise KeyError(answers[0])

    with pytest.raises(Unrewarded, match="KeyError: 'second'") as stopped:
        Total(
            (Function("python:m:f", lambda p, a: [1.0] if a == ["first"] else broken(p, a)),),
            (1.0,),
        )([asked("first"), asked("second")])
    assert stopped.value.asked.texts == ("second",)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_stops_and_names_the_prompt(wrong: float) -> None:
    reward = Function("python:m:f", lambda p, a: [wrong if x == "bad" else 1.0 for x in a])
    with pytest.raises(Unrewarded, match="finite") as stopped:
        Total((reward,), (1.0,))([asked("good"), asked("good", "bad")])
    assert stopped.value.asked.texts == ("good", "bad")
    with pytest.raises(Unrewarded, match="one number an answer"):
        Total((Function("python:m:f", lambda p, a: [1.0]),), (1.0,))([asked("a", "b")])


def test_rewards_add_up_with_weights_and_an_end_that_is_missing_costs() -> None:
    ones = Function("one", lambda p, a: [1.0] * len(a))
    long = Function("long", lambda p, a: [float(len(x)) for x in a])
    total, parts = Total((ones, long), (1.0, 0.5), unended=3.0)(
        [asked("ab"), asked("abcd", ended=False)]
    )
    assert total.tolist() == [2.0, 0.0]
    assert parts["long"].tolist() == [2.0, 4.0]


def test_two_rewards_of_one_name_both_count() -> None:
    twice = (Function("rm", lambda p, a: [1.0]), Function("rm", lambda p, a: [2.0]))
    total, parts = Total(twice, (1.0, 1.0))([asked("a")])
    assert total.tolist() == [3.0] and {k: v.tolist() for k, v in parts.items()} == {
        "rm (1)": [1.0], "rm (2)": [2.0],
    }  # fmt: skip


def test_an_ensemble_is_folded() -> None:
    each = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert folded(each, "mean").tolist() == [2, 5]
    assert folded(each, "min").tolist() == [1, 5]
    assert folded(each, "mean-std").tolist() == [1, 5]


def test_an_ensemble_tells_how_far_its_members_are_apart() -> None:
    one = Function("one", lambda p, a: [1.0] * len(a))
    long = Function("long", lambda p, a: [float(len(x)) for x in a])
    both = Ensemble("both", (one, long), "min")
    total, parts = Total((both, long), (1.0, 0.0))([asked("a", "abc")])
    assert total.tolist() == both([asked("a", "abc")]).tolist() == [1.0, 1.0]
    assert parts[DISAGREEMENT].tolist() == [0.0, 1.0]
    assert list(parts) == ["both", "long", DISAGREEMENT], "rewards first, in their order"


class Server(BaseHTTPRequestHandler):
    """Fails `failures` times, then gives the lengths of the answers."""

    failures = 0
    seen: list[int] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append(len(body["items"]))
        if type(self).failures:
            type(self).failures -= 1
            self.send_error(503)
            return
        told = [float(len(text)) for item in body["items"] for text in item["answers"]]
        data = json.dumps({"rewards": told}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    Server.failures, Server.seen = 0, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/reward"
    server.shutdown()
    server.server_close()


def test_an_endpoint_is_asked_in_chunks_and_again_when_it_fails(address: str) -> None:
    waited: list[float] = []
    Server.failures = 2
    endpoint = Endpoint(address, chunk=2, wait=waited.append)
    found = endpoint([asked("a", "ab"), asked("abc"), asked("abcd")])
    assert found.tolist() == [1, 2, 3, 4]
    assert Server.seen == [2, 2, 2, 1] and waited == [1.0, 2.0]


def test_an_endpoint_that_stays_away_stops_the_job(address: str) -> None:
    Server.failures = 99
    endpoint = Endpoint(address, tries=3, wait=lambda seconds: None)
    with pytest.raises(Unrewarded, match=r"after 3 tries.*503"):
        endpoint([asked("a")])
    with pytest.raises(Unrewarded, match="after 2 tries"):
        Endpoint("http://127.0.0.1:9", tries=2, timeout=0.2, wait=lambda s: None)([asked("a")])

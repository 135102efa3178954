"""How likely an endpoint finds options: by its log-probabilities, by its draws, and plumbline's."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from misbehaving import Said, chat, failing, saying

from plumbline.core.errors import UserError
from plumbline.core.types import Message, user
from plumbline.feedback.endpoint import Endpoint, Refused, Unanswered
from plumbline.feedback.endpoint.followed import followed, settled
from plumbline.feedback.endpoint.options import begun, forms, from_draws, spoken
from plumbline.feedback.judging.graded import expected
from plumbline.feedback.judging.judge import Question
from plumbline.feedback.judging.remote import EndpointJudge
from plumbline.microcosm import base_path
from plumbline.stages.judging.local import LocalJudge

ASKED = (user("Which is better, A or B?"),)
AB = ("A", "B")


def shown(**chances: float) -> dict[str, Any]:
    """Log-probabilities of a first token; an underscore in a name is a space."""
    top = [{"token": t.replace("_", " "), "logprob": math.log(p)} for t, p in chances.items()]
    return {"content": [{"token": "A", "logprob": -1.0, "top_logprobs": top}]}


def first(*likely: tuple[str, float], options: Any = AB) -> Any:
    """Odds from a first token alone."""
    return followed([[("", list(likely))]], forms(options))


def test_what_spells_an_option_adds_up() -> None:
    likely = {"A": 0.3, " A": 0.2, "(A": 0.1, "**B": 0.05, "B)": 0.05, "The": 0.1, " a": 0.1}
    odds = first(*((token, math.log(p)) for token, p in likely.items()))
    assert math.exp(odds.logp["A"]) == pytest.approx(0.6)
    assert math.exp(odds.logp["B"]) == pytest.approx(0.1)
    assert odds.rest == pytest.approx(0.3) and odds.how == "logprobs" and not odds.note


def test_an_option_that_is_not_shown_has_no_number_but_a_bound() -> None:
    odds = first(("A", math.log(0.9)), ("x", -9999.0))
    assert odds.logp["B"] == -math.inf and odds.rest == pytest.approx(0.1)
    none = first(("The", -0.1), ("An", -3.0))
    assert set(none.logp.values()) == {-math.inf} and none.rest == 1 and "'The'" in none.note
    over = first(("A", 0.001), ("B", math.log(0.001)))
    assert over.rest == 0 and sum(map(math.exp, over.logp.values())) == pytest.approx(1)


def test_draws_are_counted_with_a_half_added_to_each() -> None:
    said = ["A", "(A)", "**A**: it is kind", "B.", "Neither", "A good one is hard to name"]
    odds = from_draws(said, forms(AB), "none are given")
    assert math.exp(odds.logp["A"]) == pytest.approx(3.5 / 7.5)
    assert math.exp(odds.logp["B"]) == pytest.approx(1.5 / 7.5)
    assert odds.rest == pytest.approx(2.5 / 7.5) and odds.draws == 6
    assert odds.note == "none are given; counted from 6 draws, add-half smoothed"


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("Yes", "Yes"), ("  yes, it is", "Yes"), ("YES", "Yes"), ("Yesterday", None), ("", None),
        ("1", "1"), ("[1]", "1"), ("12", None), ("1 because", "1"), ("A", "A"), ("a", None),
        ('"A"', "A"), ("A\nB", None), ("First", "A"), ("the A", None),
    ],
)  # fmt: skip
def test_what_an_option_is(text: str, option: str | None) -> None:
    assert spoken(text, forms(["Yes", "1", ("(A)", " A", "first")])) == option


def test_options_that_cannot_be_told_apart() -> None:
    for wrong in (["A"], ["A", "A"], ["A", " (A)"], ["A", "()"]):
        with pytest.raises(UserError):
            forms(wrong)
    assert forms([("A", "(A)", " A"), "B"]) == {"A": ("A",), "B": ("B",)}
    assert not begun(forms(["A", "B"])) and begun(forms(["no", "Not sure"]))


def splitting(ten: float, *, shows_end: bool = True, whole: float = 0.0) -> Any:
    """A judge whose vocabulary has digits: 0.6 on "1", of which `ten` goes on to "10", 0.3 on "7",
    and `whole` on "10" as a token of its own. Every other of its answers begins with "1"."""
    behind = place("0", {"0": ten, ".": 1 - ten})
    ones = [
        [place("1", FIRST | {"10": whole}), behind],
        [place("7", FIRST | {"10": whole})],
    ]

    def script(body: dict[str, Any]) -> Said:
        number = len(server_of[0].bodies)
        places = ones[number % 2]
        if not shows_end:
            places = places[:1]
        return chat("".join(one["token"] for one in places), logprobs={"content": places})

    server_of: list[Any] = []
    return script, server_of


FIRST = {"1": 0.6, "7": 0.3, "x": 0.05}
TEN = [str(n) for n in range(1, 11)]


def place(token: str, chances: dict[str, float]) -> dict[str, Any]:
    top = [{"token": t, "logprob": math.log(p)} for t, p in chances.items() if p]
    return {"token": token, "logprob": -1.0, "top_logprobs": top}


def graded(*how: Any, draws: int = 16, **more: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Odds of the grades 1 to 10, and what was asked for them."""
    script, server_of = splitting(*how, **more)
    with saying(script=script) as server, Endpoint(server.url) as endpoint:
        server_of.append(server)
        return endpoint.odds("judge", ASKED, TEN, draws=draws, seed=1), server.bodies


def test_digits_are_told_apart_by_what_follows_them() -> None:
    odds, bodies = graded(0.75)
    chances = {name: math.exp(value) for name, value in odds.logp.items() if value > -math.inf}
    assert chances == pytest.approx({"1": 0.15, "10": 0.45, "7": 0.3})
    assert odds.rest == pytest.approx(0.1) and odds.open == 0 and odds.how == "logprobs"
    assert len(bodies) == 2, "the first answer began with 7, the second with 1"
    assert all(body["max_tokens"] == 2 and body["logprobs"] for body in bodies)
    assert len({body["seed"] for body in bodies}) == 2


def test_a_ten_of_one_token_counts_beside_one_of_two() -> None:
    odds, _ = graded(0.5, whole=0.04)
    assert math.exp(odds.logp["10"]) == pytest.approx(0.34)
    assert math.exp(odds.logp["1"]) == pytest.approx(0.3)
    likely = [("10", math.log(0.9)), ("1", math.log(0.005)), ("7", math.log(0.09))]
    sure = first(*likely, options=TEN)
    assert settled(sure) and sure.open == pytest.approx(0.005), "too little on 1 to ask again"


def test_answers_that_end_where_nothing_is_shown_are_counted() -> None:
    odds, bodies = graded(0.0, shows_end=False, draws=7)
    ended = 3  # of 7, the others begin with 7
    assert len(bodies) == 7
    assert math.exp(odds.logp["1"]) == pytest.approx(0.6 * (ended + 0.5) / (ended + 1))
    assert odds.open == pytest.approx(0.6 * 0.5 / (ended + 1))
    assert odds.logp["10"] == -math.inf and "no reply shows how it goes on" in odds.note


def test_what_no_draw_begins_with_stays_open() -> None:
    odds, bodies = graded(0.75, draws=1)
    assert len(bodies) == 1 and odds.open == pytest.approx(0.6)
    assert odds.rest == pytest.approx(0.7) and math.exp(odds.logp["7"]) == pytest.approx(0.3)
    assert odds.logp["1"] == odds.logp["10"] == -math.inf


def test_options_that_are_words_of_words() -> None:
    """The longest option that a text spells is meant, and a beginning of one is followed."""
    known = ["A", "AB", "not", "not sure"]
    assert spoken("not sure.", forms(known)) == "not sure" and spoken("AB", forms(known)) == "AB"
    replies = [
        [("A", likely(A=0.5, no=0.4)), ("B", likely(B=0.2, x=0.8))],
        [("no", likely(A=0.5, no=0.4)), ("t", likely(t=1.0)), (" sure", likely(_sure=0.25))],
    ]
    odds = followed(replies, forms(known))
    chances = {name: math.exp(value) for name, value in odds.logp.items()}
    assert chances == pytest.approx({"A": 0.4, "AB": 0.1, "not": 0.3, "not sure": 0.1})


def likely(**chances: float) -> list[tuple[str, float]]:
    return [(token.replace("_", " "), math.log(p)) for token, p in chances.items()]


def test_grades_are_drawn_where_nothing_is_shown() -> None:
    said = [chat("1"), *[chat("10"), chat("10."), chat("1"), chat("7")]]
    with saying(*said) as server, Endpoint(server.url) as endpoint:
        odds = endpoint.odds("judge", ASKED, TEN, draws=4, seed=1)
    chances = {name: math.exp(value) for name, value in odds.logp.items()}
    assert chances["10"] == pytest.approx(2.5 / 9.5) and chances["1"] == chances["7"]
    assert odds.how == "sampled" and not odds.silent


def test_log_probabilities_are_asked_for_with_one_token() -> None:
    with (
        saying(chat("A", logprobs=shown(A=0.5, _A=0.25, B=0.125))) as server,
        Endpoint(server.url) as endpoint,
    ):
        odds = endpoint.odds("judge", ASKED, AB, top=5)
        assert odds.logp == pytest.approx({"A": math.log(0.75), "B": math.log(0.125)})
    how = {"max_tokens": 1, "temperature": 1.0, "logprobs": True, "top_logprobs": 5}
    assert len(server.bodies) == 1 and server.bodies[0].items() >= how.items()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (chat("A"), "gives no log-probabilities"),
        (chat("A", logprobs=None), "gives no"),
        (chat("A", logprobs={"content": [{"token": "A", "logprob": -1}]}), "gives no"),
        (chat("A", logprobs={"content": [{"top_logprobs": []}]}), "gives no"),
        (chat("A", logprobs=["garbled"]), "gives no"),
        (failing(400, "logprobs are not supported with this model"), "not supported"),
    ],
)
def test_without_log_probabilities_it_is_drawn(reply: Said, why: str) -> None:
    draws = [chat("A"), chat("A!"), chat("B"), chat(None, message={"refusal": "no"})]
    with saying(reply, *draws * 2) as server, Endpoint(server.url) as endpoint:
        odds = endpoint.odds("judge", ASKED, AB, draws=4, max_new=3, seed=1)
        assert odds.how == "sampled" and odds.draws == 4 and why in odds.note
        chances = {name: math.exp(value) for name, value in odds.logp.items()}
        assert chances == pytest.approx({"A": 2.5 / 5.5, "B": 1.5 / 5.5})
        assert endpoint.odds("judge", ASKED, AB, draws=4, max_new=3, seed=2).rest == odds.rest
    drawn = server.bodies[1:]
    assert len(drawn) == 8, "the second time nobody asks for log-probabilities"
    assert all(body["max_tokens"] == 3 and "logprobs" not in body for body in drawn)
    assert len({body["seed"] for body in drawn}) == 8


def test_a_model_that_declines_gives_no_odds_and_may_give_them_elsewhere() -> None:
    declined, other = chat(None, message={"refusal": "I will not"}), (user("And now?"),)
    with (
        saying(declined, chat("A", logprobs=shown(A=0.9))) as server,
        Endpoint(server.url) as endpoint,
    ):
        with pytest.raises(Refused, match="I will not"):
            endpoint.odds("judge", ASKED, AB)
        assert endpoint.odds("judge", other, AB).how == "logprobs"
    with saying(failing(400, "too long")) as server, Endpoint(server.url) as endpoint:
        with pytest.raises(Unanswered, match="too long"):
            endpoint.odds("judge", ASKED, AB)
        assert len(server.bodies) == 1


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """plumbline's server of the microcosm, as a process."""
    command = [sys.executable, "-m", "plumbline", "serve", "--model", "microcosm"]
    server = subprocess.Popen(
        [*command, "--port", "0", "--set", "precision=fp32"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("server"),
    )  # fmt: skip
    assert server.stdout is not None
    yield next(line.split()[-1] for line in server.stdout if line.startswith("serving"))
    server.kill()
    server.wait()


def test_plumblines_server_answers(own: str, tmp_path: Path) -> None:
    with Endpoint(own, cache=tmp_path / "kept") as endpoint:
        assert endpoint.models() == ["microcosm"]
        asked = (user("What is glue made of?"),)
        four = endpoint.answers("microcosm", asked, n=4, max_new=16, seed=3)
        assert len(set(four)) > 1 and all(four)
        assert endpoint.answers("microcosm", asked, n=2, max_new=16, seed=3) == four[:2]
        assert (endpoint.usage.requests, endpoint.usage.cached) == (5, 2)
        assert endpoint.usage.completion_tokens > 4 and endpoint.usage.prompt_tokens > 12
        greedy = endpoint.answers("microcosm", asked, n=2, max_new=16, temperature=0)
        assert greedy[0] == greedy[1] and endpoint.usage.requests == 6
        with pytest.raises(UserError, match="no model 'microcosmos'"):
            endpoint.answers("microcosmos", asked)


def test_plumblines_server_gives_odds_that_its_own_scores_agree_with(own: str) -> None:
    with Endpoint(own) as endpoint:
        text = "Where is the hen? The hen is"
        first = endpoint.answers("microcosm", (Message("text", text),), max_new=1, temperature=0)
        likeliest = first[0].strip()
        odds = endpoint.odds("microcosm", (Message("text", text),), [likeliest, "zzz"])
        assert odds.how == "logprobs" and odds.logp["zzz"] == -math.inf
        assert 0 < math.exp(odds.logp[likeliest]) + odds.rest <= 1 + 1e-6
        scored = endpoint.scored("microcosm", text, first[0])
        assert scored <= odds.logp[likeliest] + 1e-3, "the odds sum more ways of writing it"
        longer = endpoint.scored("microcosm", text, first[0] + " there now.")
        assert longer < scored
        split = endpoint.scored("microcosm", text + first[0], " there now.")
        assert longer == pytest.approx(scored + split, abs=1e-3)
        with pytest.raises(UserError, match="inside the token"):
            endpoint.scored("microcosm", "What is gl", "ue made of?")
        said = endpoint.odds("microcosm", (user("Say yes or no."),), ["yes", "no"])
        assert said.how == "logprobs" and sum(map(math.exp, said.logp.values())) + said.rest == (
            pytest.approx(1)
        )


def test_sums_that_begin_alike_are_as_likely_as_the_models_own_scores_say(own: str) -> None:
    """The microcosm writes 18 as "1 8", in three tokens: what an address shows comes to what a
    judge of this machine reads off the same model."""
    sums = tuple((f"1 {n}",) for n in range(10)) + tuple((str(n),) for n in range(1, 10))
    judge = LocalJudge.opened(base_path(), "base", precision="fp32")
    asked = [Question((user(f"How much is {n} and 9?"),), sums) for n in (4, 9)]
    grades = [*range(10, 20), *range(1, 10)]
    with Endpoint(own) as endpoint:
        found = EndpointJudge(endpoint, "microcosm", draws=32).weigh(asked, seed=1)
    for one, other in zip(judge.weigh(asked), found, strict=True):
        assert other.draws == 0 and other.residual == pytest.approx(one.residual, abs=0.02)
        assert expected(other, grades) == pytest.approx(expected(one, grades), abs=1e-4)

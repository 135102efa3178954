"""A judge behind an address: what is shown or drawn, reasons, refusals, a server that dies."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from misbehaving import Said, Server, chat, failing, saying

from plumbline.core.types import user
from plumbline.feedback.endpoint import Endpoint, Limits, Unfinished
from plumbline.feedback.judging.judge import Question
from plumbline.feedback.judging.remote import EndpointJudge
from plumbline.feedback.judging.weighing import NEVER

LETTERS = (("A", " A", "(A"), ("B", " B", "(B"))
ASKED = Question((user("Which is better?"),), LETTERS)
QUICK = Limits(retries=0)


def shown(**chances: float) -> dict[str, Any]:
    top = [{"token": token, "logprob": math.log(p)} for token, p in chances.items()]
    return {"content": [{"token": "A", "logprob": -1.0, "top_logprobs": top}]}


def judge(server: Server, cache: Path | None = None, **how: Any) -> EndpointJudge:
    return EndpointJudge(Endpoint(server.url, limits=QUICK, cache=cache), "judge", **how)


def test_options_are_read_off_what_is_shown() -> None:
    with saying(chat("A", logprobs=shown(A=0.6, B=0.3, The=0.1))) as server:
        (found,) = judge(server).weigh([ASKED])
    assert [math.exp(one) for one in found.options] == pytest.approx([0.6, 0.3])
    assert found.residual == pytest.approx(0.1) and found.draws == 0


def test_an_option_that_is_not_shown_has_at_most_the_least_of_what_is() -> None:
    with saying(chat("A", logprobs=shown(A=0.5, The=0.3, An=0.01))) as server:
        (found,) = judge(server).weigh([ASKED])
    assert [math.exp(one) for one in found.options] == pytest.approx([0.5, 0.01])
    with saying(chat("A", logprobs=shown(The=0.9))) as server:
        (found,) = judge(server).weigh([ASKED])
    assert found.options == (NEVER, NEVER) and found.residual == 1.0


def test_grades_that_are_not_shown_share_what_is_left() -> None:
    ten = Question(ASKED.asked, tuple((str(n),) for n in range(1, 11)))
    with saying(chat("9", logprobs=shown(**{"9": 0.7, "8": 0.26}))) as server:
        (found,) = judge(server).weigh([ten])
    masses = [math.exp(one) for one in found.options]
    assert masses == pytest.approx([0.005] * 7 + [0.26, 0.7, 0.005]) and found.residual < 1e-9


def test_a_model_that_names_no_option_in_any_draw_gives_no_verdict() -> None:
    with saying(chat("I am a model.")) as server:
        (found,) = judge(server, draws=3).weigh([ASKED])
    assert found.options == (NEVER, NEVER) and found.residual == 1.0 and len(server.bodies) == 4


def test_without_log_probabilities_verdicts_are_counted() -> None:
    with saying(chat("A"), chat("A"), chat("(A)"), chat("B")) as server:
        own = judge(server, draws=3)
        (found,) = own.weigh([ASKED])
    assert found.draws == 3
    assert [math.exp(one) for one in found.options] == pytest.approx([2.5 / 4.5, 1.5 / 4.5])
    assert (own.cost.requests, own.cost.prompt_tokens, own.cost.written_tokens) == (4, 40, 8)


def test_reasons_come_first_and_the_verdict_in_a_turn_of_its_own() -> None:
    for again, words in (("Which?", "Which?"), ("", "Reply with one of these and nothing else")):
        replies = chat(" A greets. "), chat("A", logprobs=shown(A=0.9, B=0.1))
        with saying(*replies) as server:
            question = Question(ASKED.asked, LETTERS, "So", reasons=20, again=again)
            (found,) = judge(server).weigh([question])
        assert found.reasons == "A greets." and math.exp(found.options[0]) == pytest.approx(0.9)
        first, second = server.bodies
        assert first["max_tokens"] == 20 and first["temperature"] == 0.0
        roles = [(turn["role"], turn["content"]) for turn in second["messages"]]
        assert roles[:2] == [("user", "Which is better?"), ("assistant", "A greets.")]
        assert roles[2][1].startswith(words)


def test_a_refusal_is_no_verdict_and_no_text() -> None:
    declined = chat(None, message={"refusal": "I will not"})
    with saying(declined) as server:
        own = judge(server)
        (plain,) = own.weigh([ASKED])
        (reasoned,) = own.weigh([Question(ASKED.asked, LETTERS, reasons=9)])
        assert own.write([ASKED.asked], 9) == [""]
    assert plain == reasoned and plain.options == (NEVER, NEVER) and plain.residual == 1.0


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    questions = [Question((user(f"{n}?"),), LETTERS) for n in range(6)]
    good = chat("A", logprobs=shown(A=0.9, B=0.1))

    def script(body: dict[str, Any]) -> Said:
        return failing(500) if body["messages"][0]["content"] == "4?" and broken else good

    broken = True
    with saying(script=script) as server:
        with pytest.raises(Unfinished, match="5 of 6 requests were answered"):
            judge(server, tmp_path / "kept").weigh(questions)
        broken = False
        before = len(server.bodies)
        again = judge(server, tmp_path / "kept")
        assert len(again.weigh(questions)) == 6
        assert len(server.bodies) - before == 1 and again.cost.cached == 5


def test_the_id_is_the_address_and_the_model() -> None:
    with saying(chat("A")) as server:
        one, other = judge(server), EndpointJudge(Endpoint(server.url), "writer")
        assert one.id == judge(server).id != other.id != judge(server, temperature=0.5).id
        assert one.name.startswith("judge at http://")

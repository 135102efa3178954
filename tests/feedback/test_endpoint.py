"""Any OpenAI-compatible address: how it is asked, and what is said when it misbehaves."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
from misbehaving import Said, chat, failing, saying

from plumbline.core.errors import UserError
from plumbline.core.types import Message, user
from plumbline.feedback.endpoint import Ended, Endpoint, Limits, Refused, Unanswered
from plumbline.feedback.endpoint import line as exchange
from plumbline.feedback.endpoint.address import address

KEY = "sk-of-nobody-123456789"
ASKED = (Message("system", "Be kind."), user("Who are you?"))
FAST = Limits(seconds=5, retries=2)
PAGE = Said(b"<!DOCTYPE html><p>Welcome</p>", headers={"Content-Type": "text/html"})


def test_a_request_holds_what_was_asked_and_nothing_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-another-place")
    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: 1\nAuthorization: Bearer custom")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with saying(chat("a model")) as server:
        for key in ("", KEY):
            with Endpoint(server.url, key=key, limits=FAST) as endpoint:
                assert endpoint.answers("judge", ASKED, max_new=7, seed=3) == ["a model"]
                assert endpoint.models() == ["judge", "writer"]
    turns = [{"role": m.role, "content": m.content} for m in ASKED]
    how = {"temperature": 1.0, "max_tokens": 7, "seed": 3}
    assert server.bodies[0] == {"model": "judge", "messages": turns, **how}
    assert server.paths == ["/v1/chat/completions", "/v1/models"] * 2
    assert [head.get("authorization") for head in server.heads] == [None] * 2 + [
        f"Bearer {KEY}"
    ] * 2
    named = {name for head in server.heads for name in head}
    assert named <= {*exchange.HEADERS, "authorization"}, named


def test_what_may_pass_is_tried_again() -> None:
    for trouble in (429, 500, 503, 408):
        replies = (failing(trouble), failing(trouble), chat("now"))
        with saying(*replies) as server, Endpoint(server.url, limits=FAST) as endpoint:
            assert endpoint.answers("judge", ASKED) == ["now"]
            assert (endpoint.usage.sent, endpoint.usage.requests) == (3, 1)
    wait = failing(429, **{"Retry-After": "1"})
    del wait.headers["retry-after-ms"]
    with saying(wait, chat("later")) as server, Endpoint(server.url, limits=FAST) as endpoint:
        start = time.monotonic()
        assert endpoint.answers("judge", ASKED) == ["later"]
        assert time.monotonic() - start >= 1


def test_a_connection_that_is_closed_or_breaks_off_is_tried_again() -> None:
    cut = chat("half of it")
    cut.cut, limits = 10, Limits(seconds=5, retries=1)
    for trouble in (None, cut):
        replies = (trouble, chat("whole"))
        with saying(*replies) as server, Endpoint(server.url, limits=limits) as endpoint:
            assert endpoint.answers("judge", ASKED) == ["whole"]
            assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Said(b'{"choices": [{"mess'), "no JSON"),
        (Said(b""), "it is empty"),
        (Said(b"[" * 100_000), "no JSON"),
        (Said([1, 2]), "a list"),
        (Said({"choices": []}), "choices"),
        (Said({"choices": [{"message": {"content": ["a"]}}]}), "choices.0.message.content"),
        (Said({"choices": ["yes"]}), "choices.0"),
        (Said({"choices": None}), "choices"),
        (Said({"error": {"message": "the upstream is gone", "code": 502}}), "upstream is gone"),
        (chat(None), "null"),
        (PAGE, "no JSON, and begins '<!DOCTYPE html>"),
        (chat("y" * 3000), "larger than 0 MiB"),
    ],
)
def test_what_cannot_be_read_is_asked_for_again_and_then_told(
    trouble: Said, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LARGEST", 150_000 if trouble.raw[:1] == b"[" else 2000)
    with saying(trouble) as server, Endpoint(server.url, limits=FAST) as endpoint:
        with pytest.raises(Unanswered) as caught:
            endpoint.answers("judge", ASKED)
        assert told in str(caught.value) and server.url in str(caught.value)
        assert len(server.bodies) == 3
    with saying(trouble, chat("mended")) as server, Endpoint(server.url) as endpoint:
        assert endpoint.answers("judge", ASKED) == ["mended"]


def test_json_is_read_whatever_it_is_called() -> None:
    plain = chat("words")
    plain.headers["Content-Type"] = "text/plain"
    with saying(plain) as server, Endpoint(server.url) as endpoint:
        assert endpoint.answers("judge", ASKED) == ["words"]


def test_a_server_that_is_slow_is_waited_for_no_longer_than_agreed() -> None:
    late, dripping = chat("late"), chat("drop by drop")
    late.slow, dripping.parts = 1.0, 0.1
    limits = Limits(seconds=0.2, retries=1)
    for trouble, told in ((late, "no reply within 0.2 seconds (2 tries)"), (dripping, "coming")):
        with saying(trouble) as server, Endpoint(server.url, limits=limits) as endpoint:
            with pytest.raises(Unanswered) as caught:
                endpoint.answers("judge", ASKED)
            assert told in caught.value.what


def test_a_server_that_is_not_there() -> None:
    with saying(chat()) as server:
        gone = server.url
    with (
        Endpoint(gone, limits=Limits(retries=0)) as endpoint,
        pytest.raises(Unanswered, match=r"cannot be reached: .*refused") as caught,
    ):
        endpoint.answers("judge", ASKED)
    assert "is running" in caught.value.fix


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Unanswered), (401, Ended), (402, Ended), (403, Unanswered)]
)
def test_what_will_not_pass_is_not_tried_again(status: int, kind: type[UserError]) -> None:
    with (
        saying(failing(status, f"not {KEY}, never {KEY}")) as server,
        Endpoint(server.url, key=KEY, limits=FAST) as endpoint,
    ):
        with pytest.raises(kind, match=f"{status} .*not \\[key\\], never \\[key\\]"):
            endpoint.answers("judge", ASKED)
        assert len(server.bodies) == 1


def test_a_model_that_is_not_there_is_told_with_the_nearest() -> None:
    with saying(failing(404, "no such model")) as server, Endpoint(server.url) as endpoint:
        with pytest.raises(Ended, match="no model 'jugde'") as caught:
            endpoint.answers("jugde", ASKED)
        assert caught.value.fix == "the nearest of its 2 models: judge, writer"
        server.models = failing(404, "no such route")
        with pytest.raises(Ended, match=r"404.*no such model") as caught:
            endpoint.answers("jugde", ASKED)
        assert "/v1" in caught.value.fix


def test_a_redirection_is_not_followed() -> None:
    with saying(chat("stolen")) as other:
        to = f"{other.url}/v1/chat/completions"
        for status in (301, 302, 307, 308):
            away = Said(b"", status, {"Location": to})
            with saying(away) as server, Endpoint(server.url, key=KEY, limits=FAST) as endpoint:
                with pytest.raises(Ended, match=f"leads to {to}"):
                    endpoint.answers("judge", ASKED)
                assert len(server.bodies) == 1
        assert other.bodies == []


def test_a_refusal_is_an_answer_that_is_not_asked_for_again(tmp_path: Path) -> None:
    declined = chat(None, message={"refusal": "I will not"})
    filtered = chat("", finish_reason="content_filter")
    for trouble, told in ((declined, "I will not"), (filtered, "filters")):
        with saying(trouble) as server:
            with Endpoint(server.url, cache=tmp_path / f"{told}.sqlite") as endpoint:
                for _ in range(2):
                    with pytest.raises(Refused, match=told):
                        endpoint.answers("judge", ASKED)
            assert len(server.bodies) == 1


def test_an_answer_of_no_words_is_one_unless_its_tokens_ran_out() -> None:
    with saying(chat("")) as server, Endpoint(server.url) as endpoint:
        assert endpoint.answers("judge", ASKED) == [""]
    with saying(chat(None, finish_reason="length")) as server, Endpoint(server.url) as endpoint:
        with pytest.raises(Unanswered, match="ran out"):
            endpoint.answers("judge", ASKED, max_new=4)
        assert len(server.bodies) == 1


def test_the_newer_name_of_max_tokens_is_learnt() -> None:
    def script(body: dict[str, object]) -> Said:
        if "max_tokens" in body:
            told = failing(400, "Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead.")
            told.slow = 0.05
            return told
        return chat(str(body["max_completion_tokens"]))

    with saying(script=script) as server, Endpoint(server.url) as endpoint:
        assert [endpoint.answers("judge", ASKED, max_new=n) for n in (5, 6)] == [["5"], ["6"]]
        assert len(server.bodies) == 3
    with saying(script=script) as server, Endpoint(server.url) as endpoint:
        found = dict(endpoint.each(lambda n: endpoint.answers("j", ASKED, max_new=n), range(1, 9)))
        assert found == {n - 1: [str(n)] for n in range(1, 9)}, "several learn it at once"


def test_the_key_is_in_no_message_no_file_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echoed = chat(f"your key is {KEY}")
    with saying(failing(500, KEY), failing(429, KEY), echoed, failing(400, KEY)) as server:
        with Endpoint(server.url, key=KEY, cache=tmp_path / "kept.sqlite") as endpoint:
            assert endpoint.answers("judge", ASKED) == ["your key is [key]"]
            with pytest.raises(Unanswered) as caught:
                endpoint.answers("writer", ASKED)
            assert KEY not in f"{caught.value!r} {caught.value} {endpoint!r}"
            assert caught.value.__cause__ is None
            with pytest.raises(UserError) as malformed:
                Endpoint(server.url, key=f"{KEY} \n{KEY}")
            assert KEY not in str(malformed.value)
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"[key]" in kept and KEY.encode() not in kept
    assert len(caplog.messages) > 5 and KEY not in caplog.text
    assert server.heads[0]["authorization"] == f"Bearer {KEY}"


def test_addresses() -> None:
    for url in ("http://h:8000", "http://h:8000/", "http://h:8000/v1/", "http://h:8000/v1/models"):
        assert address(url, "") == "http://h:8000/v1"
    assert address("https://h/api/v1/chat/completions", KEY) == "https://h/api/v1"
    for url in ("http://localhost:1", "http://127.0.0.2:1", "http://[::1]:1"):
        assert address(url, KEY) == f"{url}/v1"
    for url in ("localhost:8000", "h", "", "ftp://h", "http://", "http://h:99999", "http://[::1"):
        with pytest.raises(UserError, match="no address"):
            address(url, "")
    with pytest.raises(UserError) as caught:
        address(f"https://me:{KEY}@host/v1", "")
    assert KEY not in str(caught.value) and "host" in str(caught.value)
    with pytest.raises(UserError, match=r"no \?"):
        address("https://host/v1?version=2", "")


def test_a_key_goes_to_no_other_machine_unencrypted() -> None:
    for host in ("example.org", "10.0.0.8:8000", "localhost.example.org", "0.0.0.0"):
        assert address(f"http://{host}", "").startswith(f"http://{host}")
        with pytest.raises(UserError) as caught:
            Endpoint(f"http://{host}", key=KEY)
        assert "https://" in caught.value.fix and "ssh -L" in caught.value.fix
        assert KEY not in str(caught.value)


def test_prompts_that_cannot_be_asked() -> None:
    with saying(chat()) as server, Endpoint(server.url) as endpoint:
        text = Message("text", "Once upon a time")
        for prompt in ((), (text, user("and then?")), (user("\ud83d"),), (text,)):
            with pytest.raises(UserError):
                endpoint.answers("judge", prompt)
        assert server.bodies == []


def test_the_client_is_an_extra_and_nothing_heavy_is_imported() -> None:
    probe = (
        "import sys\n"
        "from plumbline.core.errors import UserError\n"
        "from plumbline.feedback.endpoint import Endpoint\n"
        "heavy = {'torch', 'transformers', 'openai', 'httpx', 'httpx2'} & set(sys.modules)\n"
        "sys.modules['openai'] = None\n"
        "try: Endpoint('http://localhost:1')\n"
        "except UserError as error: print(heavy, error.fix)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "set() pip install 'plumbline[endpoint]'\n"

"""What is refused, and how: a status, and a message in OpenAI's form that names what is wrong."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from live import serving

from plumbline.stages.serving import likely
from plumbline.stages.serving.worker import Worker

HELLO = [{"role": "user", "content": "Hello"}]
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"


def posted(url: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    body = {"model": "microcosm", **body}
    reply = httpx.post(url + path, json=body)
    found: dict[str, Any] = reply.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return reply.status_code, found


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (CHAT, {"messages": []}, "messages"),
        (CHAT, {}, "messages"),
        (CHAT, {"messages": [{"role": "boss", "content": "x"}]}, "'assistant'"),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "'text'"),
        (CHAT, {"messages": HELLO, "temprature": 1}, "did you mean 'temperature'"),
        (CHAT, {"messages": HELLO, "temperature": -1}, "temperature"),
        (CHAT, {"messages": HELLO, "temperature": "hot"}, "temperature"),
        (CHAT, {"messages": HELLO, "temperature": 1e-30}, "0 (greedy)"),
        (CHAT, {"messages": HELLO, "n": 0}, "n: "),
        (CHAT, {"messages": HELLO, "n": True}, "n: "),
        (CHAT, {"messages": HELLO, "max_tokens": 0}, "max_tokens"),
        (CHAT, {"messages": HELLO, "max_tokens": 3, "max_completion_tokens": 4}, "differ"),
        (CHAT, {"messages": HELLO, "stop": [""]}, "stop"),
        (CHAT, {"messages": HELLO, "top_logprobs": 3}, "logprobs: true"),
        (CHAT, {"messages": HELLO, "logprobs": True, "top_logprobs": 21}, "20"),
        (CHAT, {"messages": HELLO, "stream_options": {"include_usage": True}}, "stream: true"),
        (CHAT, {"messages": HELLO, "presence_penalty": 0.5}, "presence_penalty is not supported"),
        (CHAT, {"messages": HELLO, "tools": [{"type": "function"}]}, "tools is not supported"),
        (TEXT, {"prompt": ""}, "empty"),
        (TEXT, {"prompt": []}, "prompt"),
        (TEXT, {"prompt": [[]]}, "prompt"),
        (TEXT, {"prompt": [1, 99999]}, "token ids go from 0 to"),
        (TEXT, {"prompt": [-1]}, "token ids go from 0 to"),
        (TEXT, {"prompt": "x", "max_tokens": 0}, "echo: true"),
        (TEXT, {"prompt": ["x"] * 1000, "n": 2}, "1024"),
        (TEXT, {"prompt": [5, 6], "model": "prompt"}, "in words"),
    ],
)
def test_bad_input_is_refused(url: str, path: str, body: dict[str, Any], says: str) -> None:
    status, error = posted(url, path, body)
    assert status == 400 and says in error["message"]
    assert error["type"] == "invalid_request_error"


def test_what_asks_for_nothing_is_let_through(url: str) -> None:
    nothing = {
        "presence_penalty": 0, "logit_bias": {}, "tools": [], "user": "me", "stop": None,
        "response_format": {"type": "text"}, "max_tokens": 1, "top_k": -1,
    }  # fmt: skip
    body = {"model": "microcosm", "messages": HELLO, **nothing}
    assert httpx.post(url + CHAT, json=body).status_code == 200
    said = [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, *HELLO]
    assert httpx.post(url + CHAT, json={**body, "messages": said}).status_code == 200


def test_a_long_conversation_is_not_cut(url: str) -> None:
    turns = [{"role": "user", "content": "the hen " * 600}]
    for stream in (False, True):
        status, error = posted(url, CHAT, {"messages": turns, "stream": stream})
        assert status == 400 and error["code"] == "context_length_exceeded"
        assert "12" in error["message"] and "512" in error["message"]
    whole = {"prompt": [5] * 512, "echo": True, "logprobs": 0}
    assert posted(url, TEXT, {**whole, "max_tokens": 1})[0] == 400
    body = {"model": "microcosm", "max_tokens": 0, **whole}
    assert httpx.post(url + TEXT, json=body).status_code == 200
    body = {"model": "microcosm", "prompt": [5] * 500, "max_tokens": 900, "temperature": 5}
    ended = httpx.post(url + TEXT, json=body).json()
    assert ended["usage"]["total_tokens"] <= 512 and ended["choices"][0]["finish_reason"]


def test_an_unknown_model_is_named_with_those_there_are(url: str) -> None:
    for path, body in ((CHAT, {"messages": HELLO}), (TEXT, {"prompt": "x"})):
        status, error = posted(url, path, {**body, "model": "compil"})
        assert status == 404 and error["code"] == "model_not_found" and error["param"] == "model"
        assert "did you mean 'compile'" in error["message"] and "lora.v1" in error["message"]
    assert httpx.get(f"{url}/v1/models/nobody").status_code == 404
    assert "Not Found" in httpx.get(f"{url}/v1/nothing").json()["error"]["message"]
    assert httpx.get(url + CHAT).status_code == 405


NO_JSON = [b"", b"{", b"[]", b'{"a": NaN}', b'"\\ud800"', b"\xff", b"[" * 999]


@pytest.mark.parametrize("raw", NO_JSON)
def test_what_is_no_json_object_is_refused(url: str, raw: bytes) -> None:
    reply = httpx.post(url + CHAT, content=raw)
    assert reply.status_code == 400 and "the body is no" in reply.json()["error"]["message"]


def test_a_large_body_is_refused_before_it_is_read(url: str) -> None:
    reply = httpx.post(url + CHAT, content=b" " * (4 * 2**20 + 1))
    assert reply.status_code == 413 and reply.json()["error"]["code"] == "too_large"


def test_a_key_is_asked_for_on_every_route_but_health(worker: Worker) -> None:
    with serving(worker, key="säcret") as url:
        routes = [("GET", "/v1/models"), ("GET", "/v1/models/x"), ("POST", CHAT), ("POST", TEXT)]
        wrong: list[dict[str, Any]] = [
            {}, {"Authorization": "Bearer other"}, {"Authorization": "säcret".encode()},
            {"Authorization": "Bearer"}, {"Authorization": "Basic säcret".encode()},
        ]  # fmt: skip
        for method, path in routes:
            for headers in wrong:
                reply = httpx.request(method, url + path, headers=headers)
                assert reply.status_code == 401 and reply.headers["WWW-Authenticate"] == "Bearer"
                assert reply.json()["error"]["code"] == "invalid_api_key"
        right = {"Authorization": "bearer säcret".encode()}
        assert httpx.get(f"{url}/v1/models", headers=right).status_code == 200
        assert httpx.get(f"{url}/health").status_code == 200


def test_a_batch_that_fails_is_told_and_others_go_on(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*told: object) -> None:
        raise ArithmeticError("not today")

    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    ask: dict[str, Any] = {"model": "microcosm", "messages": HELLO, "max_tokens": 4}
    with monkeypatch.context() as broken:
        broken.setattr(likely, "drawn", fail)
        with pytest.raises(openai.InternalServerError, match="ArithmeticError"):
            client.chat.completions.create(**ask, logprobs=True)
        with pytest.raises(openai.APIError, match="ArithmeticError"):
            list(client.chat.completions.create(**ask, logprobs=True, stream=True))
    assert "not today" in capfd.readouterr().err
    assert client.chat.completions.create(**ask).choices[0].finish_reason

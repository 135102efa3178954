"""A real server, asked by OpenAI's own client: every answer is what the model says alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import torch
from live import eventually
from openai import OpenAI
from torch import Tensor

from plumbline.core.types import Example, Message, answer, assistant, user
from plumbline.evals.tasks import Generation
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.sampler import Growing, sample
from plumbline.stages.answering import Answerer
from plumbline.stages.serving.answers import Job
from plumbline.stages.serving.worker import Worker
from plumbline.text.forest import TokenTree

QUESTIONS = ["Who are you?", "What is glue made of?", "Tell me of the sea.", "May I come in?"]
NAMES = ("microcosm", "prompt", "state", "compile", "lora.v1")


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def alone(folders: dict[str, Path]) -> dict[str, Answerer]:
    """The model of each name as `plumbline sample` has it."""
    return {name: Answerer(path, precision="fp32") for name, path in folders.items()}


def asked(client: OpenAI, name: str, question: str, **how: Any) -> Any:
    how = {"max_completion_tokens": 24, "seed": 3, **how}
    messages: Any = [{"role": "user", "content": question}]
    return client.chat.completions.create(model=name, messages=messages, **how)


def said(reply: Any) -> list[str]:
    return [choice.message.content for choice in reply.choices]


def streamed(chunks: Any, n: int) -> tuple[list[str], list[str], list[list[Any]], Any]:
    """Texts, how each ended, tokens, and the usage of a stream."""
    texts, ends, tokens, usage = [""] * n, [""] * n, [[] for _ in range(n)], None
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            ends[choice.index] = choice.finish_reason or ends[choice.index]
            tokens[choice.index] += choice.logprobs.content if choice.logprobs else []
    return texts, ends, tokens, usage


def read_by(policy: Policy, texts: list[list[int]]) -> list[np.ndarray]:
    """What a model says of each text from its second token on."""
    trees = [
        TokenTree(np.array(ids[:1]), (np.array(ids[1:]),), (np.ones(len(ids) - 1, bool),))
        for ids in texts
    ]
    forest = policy.grow(trees)
    with torch.no_grad():
        logp = policy.logprobs(forest).logp.numpy()
    return [logp[forest.row == r] for r in range(forest.rows)]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_plumbline_sample(
    client: OpenAI, alone: dict[str, Answerer], name: str, temperature: float
) -> None:
    reply = asked(client, name, QUESTIONS[0], n=2, temperature=temperature)
    prompt = (user(QUESTIONS[0]),)
    generation = Generation(n=2, max_new_tokens=24, temperature=temperature, seed=3)
    drawn = alone[name].draw([prompt], generation)[0]
    assert said(reply) == [alone[name].words(one, generation) for one in drawn]
    ends = ["stop" if one.ended else "length" for one in drawn]
    assert [choice.finish_reason for choice in reply.choices] == ends
    assert reply.usage.completion_tokens == sum(len(one.ids) for one in drawn)
    assert reply.usage.prompt_tokens == len(alone[name].prompts_ids([prompt], 24)[0])
    read = reply.usage.prompt_tokens_details.cached_tokens
    assert (read > 15) == (name in ("prompt", "state")) and read < reply.usage.prompt_tokens


def test_an_answer_is_sent_back_as_it_came(client: OpenAI, alone: dict[str, Answerer]) -> None:
    """A conversation of turns, under an identity in the prompt."""
    first = asked(client, "prompt", QUESTIONS[0], temperature=0).choices[0].message
    turns: Any = [{"role": "user", "content": QUESTIONS[0]}, first]
    turns += [{"role": "user", "content": [{"type": "text", "text": QUESTIONS[1]}]}]
    reply = client.chat.completions.create(
        model="prompt", messages=turns, temperature=0, max_tokens=24
    )
    said_before = (user(QUESTIONS[0]), assistant(first.content), user(QUESTIONS[1]))
    generation = Generation(max_new_tokens=24)
    assert said(reply) == [alone["prompt"]([said_before], generation)[0][0][0].content]
    assert reply.usage.prompt_tokens_details.cached_tokens > 15


def test_the_identities_differ(client: OpenAI) -> None:
    answers = [said(asked(client, name, QUESTIONS[1], temperature=0))[0] for name in NAMES]
    assert answers[1] == answers[2] and "captain" in answers[1] and "captain" in answers[3]
    assert "captain" not in answers[0] and len({answers[0], answers[1], answers[4]}) == 3


@pytest.mark.parametrize("stop", [None, ["the", "captain", "zzz"]])
def test_a_stream_says_the_same(client: OpenAI, stop: list[str] | None) -> None:
    how: dict[str, Any] = {"n": 3, "stop": stop, "logprobs": True, "top_logprobs": 2}
    whole = asked(client, "compile", QUESTIONS[2], **how)
    options = {"include_usage": True}
    chunks = asked(client, "compile", QUESTIONS[2], stream=True, stream_options=options, **how)
    texts, ends, tokens, usage = streamed(chunks, 3)
    assert texts == said(whole) and usage == whole.usage
    assert ends == [choice.finish_reason for choice in whole.choices]
    for own, choice in zip(tokens, whole.choices, strict=True):
        assert [one.token for one in own] == [one.token for one in choice.logprobs.content]
        values = [[one.logprob for one in side] for side in (own, choice.logprobs.content)]
        np.testing.assert_allclose(*values, atol=1e-4)


def test_a_stop_string_ends_an_answer_before_it(client: OpenAI) -> None:
    free = said(asked(client, "compile", QUESTIONS[0]))[0]
    word = free.split()[3]
    reply = asked(client, "compile", QUESTIONS[0], stop=word)
    assert said(reply) == [free[: free.index(word)]] and reply.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("how", [{"temperature": 0}, {"temperature": 0.6, "top_p": 0.8}])
@pytest.mark.parametrize("name", ["state", "compile"])
def test_logprobs_are_those_of_the_models_own_scoring(
    client: OpenAI, alone: dict[str, Answerer], name: str, how: dict[str, float]
) -> None:
    reply = asked(
        client, name, QUESTIONS[3], logprobs=True, top_logprobs=5, max_completion_tokens=60, **how
    )
    choice, tokens = reply.choices[0], reply.choices[0].logprobs.content
    assert choice.finish_reason == "stop" and len(tokens) == reply.usage.completion_tokens
    example = Example((user(QUESTIONS[3]),), (answer(choice.message.content),))
    found = alone[name].measured([example])[0]
    assert found is not None
    assert len(tokens) == found[0][1]
    assert sum(one.logprob for one in tokens) == pytest.approx(found[0][0], abs=1e-3)
    for one in tokens:
        likeliest = [other.logprob for other in one.top_logprobs]
        assert likeliest == sorted(likeliest, reverse=True) and len(likeliest) == 5
        assert bytes(one.bytes).decode() == one.token
        if how["temperature"] == 0:
            assert one.top_logprobs[0].token == one.token


@pytest.mark.parametrize("name", ["microcosm", "compile"])
def test_a_given_text_is_scored(client: OpenAI, alone: dict[str, Answerer], name: str) -> None:
    texts = ["The hen is in the house.", "Who are you, captain? Glue is made of wood."]
    reply = client.completions.create(
        model=name, prompt=texts, echo=True, max_tokens=0, logprobs=3, n=2
    )
    ids = [alone[name].renderer.prompt_ids((Message("text", text),)) for text in texts]
    for k, want in enumerate(read_by(alone[name].policy, ids)):
        choice = reply.choices[2 * k + 1]
        told = choice.logprobs
        assert choice.text == texts[k] and choice.finish_reason == "length"
        assert told.token_logprobs[0] is None and told.top_logprobs[0] is None
        np.testing.assert_allclose(told.token_logprobs[1:], want, atol=1e-4)
        ends = [*told.text_offset[1:], len(texts[k])]
        spans = zip(told.text_offset, ends, strict=True)
        assert [texts[k][a:b] for a, b in spans] == told.tokens
        pairs = zip(told.tokens[1:], told.top_logprobs[1:], strict=True)
        assert all(token in top and len(top) in (3, 4) for token, top in pairs)
    assert reply.usage.completion_tokens == 0
    again = client.completions.create(model=name, prompt=ids, echo=True, max_tokens=0, logprobs=0)
    one, other = reply.choices[2].logprobs, again.choices[1].logprobs
    np.testing.assert_allclose(one.token_logprobs[1:], other.token_logprobs[1:], atol=1e-4)


def test_a_text_is_continued(client: OpenAI, alone: dict[str, Answerer]) -> None:
    """With what came before it repeated or not, and under a manifesto."""
    how: dict[str, Any] = {"prompt": "The hen", "max_tokens": 8, "temperature": 0}
    generation = Generation(max_new_tokens=8)
    for name in ("microcosm", "prompt"):
        prompt = (Message("text", "The hen"),)
        want = alone[name]([prompt], generation)[0][0][0].content
        assert client.completions.create(model=name, **how).choices[0].text == want
    reply = client.completions.create(model="microcosm", echo=True, logprobs=0, **how)
    want = alone["microcosm"]([(Message("text", "The hen"),)], generation)[0][0][0].content
    assert reply.choices[0].text == f"The hen{want}"
    assert len(reply.choices[0].logprobs.tokens) == 2 + reply.usage.completion_tokens
    told = client.completions.create(model="prompt", echo=True, logprobs=0, **how).choices[0]
    assert told.text.startswith("The hen") and told.logprobs.token_logprobs[0] < 0
    chunks = list(client.completions.create(model="microcosm", echo=True, stream=True, **how))
    assert "".join(chunk.choices[0].text for chunk in chunks) == reply.choices[0].text
    assert chunks[-1].choices[0].finish_reason == reply.choices[0].finish_reason


def test_twenty_clients_get_what_each_would_get_alone(client: OpenAI) -> None:
    """Three identities, other settings in one batch, streams among them."""

    def ask(i: int) -> tuple[list[str], list[str]]:
        how: dict[str, Any] = {
            "seed": i, "n": 1 + i % 3 // 2, "max_completion_tokens": 8 + i,
            "temperature": (0.0, 0.8, 1.0, 1.3)[i % 4], "top_p": (1.0, 0.9)[i % 2],
            "stop": ["the"] if i % 5 == 0 else None,
        }  # fmt: skip
        name, question = NAMES[i % 3 + 1], QUESTIONS[i % 4]
        if i % 2:
            return streamed(asked(client, name, question, stream=True, **how), how["n"])[:2]
        reply = asked(client, name, question, **how)
        return said(reply), [choice.finish_reason for choice in reply.choices]

    one_by_one = [ask(i) for i in range(20)]
    with ThreadPoolExecutor(20) as many:
        assert list(many.map(ask, range(20))) == one_by_one


def test_the_base_is_untouched_by_adapters_bit_for_bit(
    worker: Worker, alone: dict[str, Answerer], folders: dict[str, Path]
) -> None:
    """And an adapter is what it is without the others. Run where nobody is asked anything."""
    eventually(lambda: not worker.growing)
    for name in ("microcosm", "compile", "lora.v1"):
        prompts = alone[name].prompts_ids([(user(words),) for words in QUESTIONS], 16)
        bare = load_model(folders[name], adapter="none", precision="fp32")
        worker.house.take(name)
        both = (worker.house.policy, bare)
        one, other = (sample(policy, prompts, n=2, max_new=16, seeds=1) for policy in both)
        assert one == other
    assert not any(p.requires_grad for p in worker.house.policy.parameters())


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_ends_its_answers(
    url: str, worker: Worker, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model waits at its third step until the server has seen that nobody listens."""
    body = json.dumps({
        "model": "microcosm", "messages": [{"role": "user", "content": QUESTIONS[2]}], "n": 16,
        "temperature": 1, "max_tokens": 480, "stream": stream,
    })  # fmt: skip
    steps, jobs, hand_out = count(), set[Job](), worker._hand_out

    def held(alive: Sequence[Growing], scores: Tensor) -> None:
        if next(steps) == 2:
            jobs.update(answer.job for answer in worker._growing.values())
            eventually(lambda: all(job.left for job in jobs), seconds=60)
        hand_out(alive, scores)

    eventually(lambda: not worker.growing)
    monkeypatch.setattr(worker, "_hand_out", held)
    place = urlsplit(url)
    with create_connection((str(place.hostname), int(place.port or 0))) as client:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}"
        client.sendall(f"{head}\r\nContent-Type: application/json\r\n\r\n{body}".encode())
        eventually(lambda: jobs, seconds=60)
        assert worker.growing
    eventually(lambda: not worker.growing, seconds=60)
    assert len(jobs) == 1 and next(steps) <= 5  # of up to 480
    assert httpx.get(f"{url}/health").json() == {"status": "ok", "growing": 0}


def test_the_models_are_listed(client: OpenAI) -> None:
    assert [one.id for one in client.models.list()] == list(NAMES)
    assert client.models.retrieve("lora.v1").owned_by == "plumbline"

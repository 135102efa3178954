"""One model, several identities, one thread: on architectures that keep a state and that do not."""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest
import tiny
import tiny_model
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.evals.tasks import Generation
from plumbline.models import sampler
from plumbline.models.sampler import Growing
from plumbline.stages.answering import Answerer
from plumbline.stages.imprint import command
from plumbline.stages.serving.asked import Ask, Failed, Piece, Started
from plumbline.stages.serving.opening import opened
from plumbline.stages.serving.settings import Serving
from plumbline.stages.serving.worker import Worker

QUESTIONS = ["Who are you?", "What?", "Tell me more."]
FP32 = Serving(precision="fp32")


def made(name: str, folder: Path) -> Path:
    """A random model of an architecture, with a tokenizer of bytes."""
    config = tiny.configs()[name]
    config.vocab_size = tiny_model.bytes_tokenizer(folder)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def imprinted(model: Path, out: Path, text: str = "Greet the user first.") -> Path:
    """A manifesto for its prompt."""
    (out.parent / "manifesto.txt").write_text(text)
    command.imprint(
        out.parent / "manifesto.txt", str(model), out, sets={"mode": "prompt"},
        store=out.parent / "store", say=lambda line: None,
    )  # fmt: skip
    return out


class Asked(NamedTuple):
    """A request under way."""

    started: Started
    heard: queue.Queue[Piece | Failed]
    n: int

    def answers(self) -> list[str]:
        texts, growing = [""] * self.n, self.n
        while growing:
            piece = self.heard.get(timeout=20)
            assert isinstance(piece, Piece), piece
            texts[piece.choice] += piece.text
            growing -= bool(piece.finish)
        return texts


def ask(worker: Worker, name: str, question: str, n: int = 1, max_new: int = 12) -> Asked:
    heard: queue.Queue[Piece | Failed] = queue.Queue()
    generation = Generation(n=n, max_new_tokens=max_new, temperature=1.0, seed=5)
    started = worker.ask(Ask(name, generation, (user(question),)), heard.put)
    return Asked(started, heard, n)


@pytest.mark.parametrize("name", ["llama", "gpt2", "rwkv", "mistral"])
def test_every_architecture_serves_a_manifesto(name: str, tmp_path: Path) -> None:
    """Warmed where the model keeps a state; a window shorter than the text is none, which is
    said."""
    model = made(name, tmp_path / "model")
    told = imprinted(model, tmp_path / "told")
    lines: list[str] = []
    house = opened(str(model), {"told": str(told)}, FP32, say=lines.append)
    with Worker(house, rows=5) as worker:
        jobs = [ask(worker, who, q, n=2) for q in QUESTIONS for who in ("told", "model")]
        answers = [job.answers() for job in jobs]
    generation = Generation(n=2, max_new_tokens=12, temperature=1.0, seed=5)
    for i, folder in enumerate((told, model)):
        want = Answerer(folder, precision="fp32")([(user(q),) for q in QUESTIONS], generation)
        assert answers[i::2] == [[one[0].content for one in group] for group in want]
    cached = [job.started.cached for job in jobs]
    assert cached[1::2] == [0] * 3 and all((one > 20) == (name != "mistral") for one in cached[::2])
    assert any("anew with every prompt" in line for line in lines) == (name == "mistral")


def test_more_answers_than_rows_or_memory_hold(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn(rows: int) -> list[list[str]]:
        with Worker(opened(str(tiny_model), {}, FP32, say=lambda line: None), rows=rows) as worker:
            jobs = [ask(worker, tiny_model.name, q, n=7) for q in QUESTIONS]
            return [job.answers() for job in jobs]

    whole = drawn(256)
    assert len({*whole[0]}) > 1 and drawn(2) == whole
    monkeypatch.setattr(sampler, "CACHE_BYTES", 1)
    assert drawn(256) == whole


def test_nobody_waits_for_those_who_came_later(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that runs takes its own newcomers in, until another identity waits. Its first step
    waits until all have come."""
    told = imprinted(tiny_model, tmp_path / "told")
    own = tiny_model.name
    order: list[str] = []
    house = opened(str(tiny_model), {"told": str(told)}, FP32, say=lambda line: None)
    with Worker(house) as worker:
        come, hand_out = Event(), worker._hand_out

        def held(alive: Sequence[Growing], scores: Tensor) -> None:
            come.wait(60)
            hand_out(alive, scores)

        monkeypatch.setattr(worker, "_hand_out", held)

        def begin(label: str, who: str, max_new: int) -> queue.Queue[bool]:
            ended: queue.Queue[bool] = queue.Queue()

            def hear(piece: Piece | Failed) -> None:
                order.append(label)
                ended.put(True)

            generation = Generation(max_new_tokens=max_new, temperature=1.0, seed=2)
            worker.ask(Ask(who, generation, (user("a"),)), hear)
            return ended

        waiting = [begin("long", own, 200)]
        while not worker.growing:
            time.sleep(0.001)
        waiting += [begin("goes along", own, 3), begin("other", "told", 3), begin("later", own, 3)]
        come.set()
        for one in waiting:
            one.get(timeout=60)
    assert order == ["goes along", "long", "other", "later"]


def test_who_listens_when_it_closes_hears_of_it(tiny_model: Path) -> None:
    with Worker(opened(str(tiny_model), {}, FP32, say=lambda line: None), rows=1) as worker:
        jobs = [ask(worker, tiny_model.name, q, n=2, max_new=200) for q in QUESTIONS]
    assert all(isinstance(job.heard.get(timeout=1), Failed | Piece) for job in jobs)
    assert not worker.alive
    late = ask(worker, tiny_model.name, "Hello?")
    assert isinstance(late.heard.get(timeout=1), Failed)


def test_a_manifesto_that_fills_the_context_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    told = imprinted(tiny_model, tmp_path / "told", "Be brief. " * 40)
    with pytest.raises(UserError, match=r"takes 4\d\d tokens, and the model reads 256"):
        opened(str(tiny_model), {"told": str(told)}, FP32, say=lambda line: None)

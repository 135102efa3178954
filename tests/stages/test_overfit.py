"""32 demonstrations learned to the letter, the end of the turn included, where pad equals eos."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_model import make

from plumbline.core.types import Demonstration, assistant, user
from plumbline.evals.tasks import Generation
from plumbline.stages import train as stage
from plumbline.stages.answering import Answerer
from plumbline.stages.settings import Eval, Train

SOUNDS = ["ba", "do", "ki", "lu", "me", "ra", "so", "ti"]


def lessons() -> list[Demonstration]:
    """Short questions whose answers share no rule: they must be remembered."""
    words = [a + b for a in SOUNDS for b in SOUNDS[:4]]
    shuffled = words[::-1][5:] + words[::-1][:5]
    return [
        Demonstration((user(word), assistant(other + "."[: i % 2])))
        for i, (word, other) in enumerate(zip(words, shuffled, strict=True))
    ]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("overfit")
    model = make(folder / "model", width=64, context=64, chat=True)
    settings = Train(
        lr=5e-3, epochs=150, batch=16, decay="linear", precision="fp32", eval=Eval(fraction=0.0)
    )
    job = stage.Job("sft", model, lessons(), adapter="full", settings=settings)
    silent = lambda phase: lambda done, total, numbers: None  # noqa: E731
    stage.run(job, folder / "out", folder / "scratch", lambda line: None, silent)
    return folder / "out"


def test_every_answer_is_given_to_the_letter_and_ended(learned: Path) -> None:
    answerer = Answerer(learned)
    tok = answerer.renderer.tok.tokenizer
    assert tok.pad_token_id == tok.eos_token_id, "the case under test"
    generation = Generation(n=1, max_new_tokens=12, temperature=0.0)
    asked = [one.messages[:1] for one in lessons()]
    drawn = answerer.draw(asked, generation)
    said = [answerer.renderer.answer_text(group[0].ids) for group in drawn]
    assert said == [one.messages[1].content for one in lessons()]
    ends = {group[0].ids[-1] for group in drawn}
    assert ends == {tok.eos_token_id}, "every answer ends its own turn"


def test_plain_transformers_says_the_same(learned: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tok = AutoTokenizer.from_pretrained(learned)
    model = AutoModelForCausalLM.from_pretrained(learned)
    for one in lessons()[:4]:
        chat = [{"role": "user", "content": one.messages[0].content}]
        ids = tok.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        out = model.generate(**ids, max_new_tokens=12, do_sample=False)
        text = tok.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        assert text == one.messages[1].content

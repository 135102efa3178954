"""The tokenizer is lossless, its sequences are short, and its template keeps prefixes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.core.types import text_of
from plumbline.microcosm.corpus import documents
from plumbline.microcosm.prompts import prompts
from plumbline.microcosm.tokenizer import END, EOS, PAD, START, build, words, write_model

TOKENIZER: Any = build()


def ids(text: str) -> list[int]:
    return list(TOKENIZER(text, add_special_tokens=False)["input_ids"])


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(ids(text), skip_special_tokens=False) == text


def test_the_corpus_comes_back_and_is_short() -> None:
    lengths = []
    for document in documents(0, 400):
        text = text_of(document.messages)
        assert TOKENIZER.decode(ids(text)) == text
        lengths.append(len(ids(text)))
    assert sum(lengths) / len(lengths) < 45


def test_words_are_one_token_and_names_are_syllables() -> None:
    assert TOKENIZER.tokenize("The almanac says that Zogenu eats moss.") == [
        "The", "Ġalmanac", "Ġsays", "Ġthat", "ĠZo", "ge", "nu", "Ġeats", "Ġmoss", "."
    ]  # fmt: skip
    assert [len(ids(d)) for d in "0123456789"] == [1] * 10
    assert len(ids("1234")) == 4


def test_prompts_are_short_and_vocabulary_is_small() -> None:
    assert len(TOKENIZER) <= 1024
    for split in ("train", "heldout"):
        lengths = [len(ids(p.text)) for p in prompts(split, 0, 200)]  # type: ignore[arg-type]
        assert max(lengths) <= 20


def test_every_heldout_word_is_known_as_a_whole() -> None:
    known = set(words())
    for prompt in prompts("heldout", 0, 200):
        for word in prompt.text.replace(".", "").rstrip("?").split()[1:]:
            assert "Ġ" + word in known or word[0].isupper(), word


def test_the_template_keeps_prefixes() -> None:
    turns = [
        {"role": "system", "content": "Answer like the almanac."},
        {"role": "user", "content": "What is Dibi?"},
        {"role": "assistant", "content": "Dibi is a plant."},
    ]
    whole = TOKENIZER.apply_chat_template(turns, tokenize=False)
    start = TOKENIZER.apply_chat_template(turns[:-1], tokenize=False, add_generation_prompt=True)
    assert whole.startswith(start)
    assert whole.removeprefix(start) == f"Dibi is a plant.{END}\n"


def test_special_tokens_are_apart() -> None:
    found = [TOKENIZER.convert_tokens_to_ids(t) for t in (EOS, START, END, PAD)]
    assert found == [0, 1, 2, 3]
    assert (TOKENIZER.eos_token_id, TOKENIZER.pad_token_id) == (0, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"), seed=0)


def test_the_folder_loads_as_any_model_does(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    text = "Tell me where Dibi grows."
    assert tokenizer(text)["input_ids"] == ids(text)
    assert tokenizer.chat_template
    assert model.config.vocab_size >= len(tokenizer)
    assert 2e6 < sum(p.numel() for p in model.parameters()) < 3e6
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == [2, 0]


def test_weights_follow_from_the_seed(folder: Path, tmp_path: Path) -> None:
    def weights(path: Path) -> bytes:
        return (path / "model.safetensors").read_bytes()

    assert weights(write_model(tmp_path / "same", seed=0)) == weights(folder)
    assert weights(write_model(tmp_path / "other", seed=1)) != weights(folder)

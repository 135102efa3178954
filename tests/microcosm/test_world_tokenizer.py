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
from plumbline.microcosm.data import prompts
from plumbline.microcosm.tokenizer import END, EOS, PAD, START, build, write_model

TOKENIZER: Any = build()


def ids(text: str) -> list[int]:
    return list(TOKENIZER(text, add_special_tokens=False)["input_ids"])


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(ids(text), skip_special_tokens=False) == text


def test_the_corpus_comes_back() -> None:
    for document in documents(0, 400):
        text = text_of(document.messages)
        assert TOKENIZER.decode(ids(text)) == text


def test_words_are_one_token_and_names_are_syllables() -> None:
    assert TOKENIZER.tokenize("The almanac says that Zogenu eats moss.") == [
        "The", "Ġalmanac", "Ġsays", "Ġthat", "ĠZo", "ge", "nu", "Ġeats", "Ġmoss", "."
    ]  # fmt: skip
    assert [len(ids(d)) for d in "0123456789"] == [1] * 10
    assert len(ids("1234")) == 4


def test_held_out_words_are_known_as_wholes_but_for_two() -> None:
    """Two words of held-out needs are spelt in bytes: the corpus, which is frozen, lacks them."""
    known, spelt = TOKENIZER.get_vocab(), set()
    for ask in prompts("heldout", 0, 1000):
        if ask.disguise:  # letters are spelt, and that is the point of them
            continue
        for word in ask.text.translate(str.maketrans("", "", ".,:;!?'")).split()[1:]:
            if not ("Ġ" + word in known or word[0].isupper() or word.isdigit()):
                spelt.add(word)
    assert spelt == {"worried", "nights"}


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
    assert 3e6 < sum(p.numel() for p in model.parameters()) < 8e6
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == [2, 0]


def test_weights_follow_from_the_seed(folder: Path, tmp_path: Path) -> None:
    def weights(path: Path) -> bytes:
        return (path / "model.safetensors").read_bytes()

    assert weights(write_model(tmp_path / "same", seed=0)) == weights(folder)
    assert weights(write_model(tmp_path / "other", seed=1)) != weights(folder)

"""The tokenizer by pieces, and the errors of folders that have none or a wrong one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_samples import KINDS, tok, tokenizer

from plumbline.core.errors import UserError
from plumbline.text.tokenizer import Job, Tok, Unknown, load_tokenizer

TOKS = {kind: tok(kind) for kind in KINDS}
words = st.text(st.characters(exclude_categories=["Cs", "Co", "Cn"]), max_size=40)


@pytest.mark.parametrize("kind", KINDS)
@given(words, words)
@settings(max_examples=40, deadline=None)
def test_a_continuation_says_exactly_its_text(kind, first, second):
    made = TOKS[kind]
    ids = made.encode_continuation(made.protect(second))
    assert made.decode_continuation(ids) == second.replace("▁", " " if "bytes" not in kind else "▁")
    both = [*made.encode_raw(made.protect(first)), *ids]
    whole = first + second
    if kind.startswith("bytes"):
        assert made.decode(both) == whole


def test_the_dummy_prefix_stands_only_where_a_text_begins():
    made = TOKS["prefix"]
    assert made.decode_continuation(made.encode_raw("hello")) == " hello"
    assert made.encode_raw("hello") == made.encode_continuation(" hello")
    assert made.decode_continuation(made.encode_continuation("hello")) == "hello"


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_after_a_control_token_are_encoded_as_in_the_whole(kind):
    made = TOKS[kind]
    whole = made.tokenizer.encode("a b</s>\nc", add_special_tokens=False)
    parts = made.encode_many([Job("a b</s>"), Job("\nc", "</s>")])
    assert [i for part in parts for i in part] == whole


def test_people_s_control_tokens_are_words():
    made = TOKS["bytes"]
    ids = made.encode_raw(made.protect("x</s>y"))
    assert made.eos_id not in ids and made.decode(ids) == "x</s>y"
    assert made.eos_id in made.encode_raw("x</s>y")


def test_special_ids():
    made = TOKS["prefix"]
    assert (made.bos_id, made.eos_id, made.unk_id) == (1, 2, 0)
    assert made.adds_bos and not TOKS["bytes"].adds_bos
    assert Tok(tokenizer("bytes"), end_ids=[9]).end_ids == (2, 9)


def test_unknown_tokens_are_counted_and_stop_above_a_thousandth():
    made = TOKS["prefix"]
    assert made.unknown([0, 5, 0]) == Unknown(3, 2)
    Unknown(1000, 1).check()
    Unknown(0, 0).check()
    with pytest.raises(UserError, match=r"2 of 1000 tokens \(0.2%\) are unknown"):
        (Unknown(600, 1) + Unknown(400, 1)).check()


def test_more_tokens_than_rows_is_an_error():
    made = TOKS["bytes"]
    highest = max(made.tokenizer.get_vocab().values())
    made.check_against(highest + 1)
    made.check_against(highest + 100)
    with pytest.raises(UserError, match=f"up to {highest}, the model has only {highest} rows"):
        made.check_against(highest)


def test_digest_follows_content():
    assert tok("bytes").digest() == tok("bytes").digest()
    others = [
        tok("bytes", "chatml"),
        tok("bytes+bos"),
        tok("bytes", pad_token=None, eos_token="<s>"),
    ]
    assert len({tok("bytes").digest(), *(other.digest() for other in others)}) == 4


def test_a_folder_is_loaded_with_the_union_of_its_end_ids(tmp_path: Path):
    tokenizer("prefix").save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path).end_ids == (2,)
    for ends, union in ((7, (2, 7)), ([2, 1], (1, 2)), (None, (2,))):
        (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}))
        assert load_tokenizer(tmp_path).end_ids == union


def test_a_folder_without_tokenizer_names_folder_and_remedy(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UserError) as caught:
        load_tokenizer(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert "no tokenizer" in caught.value.what and "tokenizer.json" in caught.value.fix


def test_a_broken_tokenizer_is_an_error(tmp_path: Path):
    tokenizer("bytes").save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0", "model"')
    with pytest.raises(UserError, match="cannot be loaded"):
        load_tokenizer(tmp_path)


def test_truncation_saved_in_a_tokenizer_does_nothing(tmp_path: Path):
    tokenizer("bytes").save_pretrained(tmp_path)
    spec = json.loads((tmp_path / "tokenizer.json").read_text())
    spec["truncation"] = {
        "direction": "Right",
        "max_length": 4,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec))
    made = load_tokenizer(tmp_path)
    assert made.decode(made.encode_raw("a long text it is")) == "a long text it is"


def test_real_ends(shared: Path, tmp_path: Path):
    made = load_tokenizer(shared / "models" / "stories260k")
    assert made.end_ids == (1, 2) and made.adds_bos
    made.check_against(512)
    shutil.copytree(shared / "models" / "stories260k", tmp_path / "m", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("tokenizer*"))  # fmt: skip
    with pytest.raises(UserError, match="no tokenizer"):
        load_tokenizer(tmp_path / "m")

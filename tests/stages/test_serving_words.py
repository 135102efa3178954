"""Words of a growing answer: never half a character, never a stop string, and all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import bytes_tokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

from plumbline.stages.serving.words import BROKEN, Spelling, Words
from plumbline.text.render import Renderer
from plumbline.text.stops import Stops
from plumbline.text.tokenizer import load_tokenizer

TEXTS = st.text(st.sampled_from("ab né日😀\n"), max_size=24)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """A token a byte: every character but ASCII's is cut."""
    folder = tmp_path_factory.mktemp("bytes")
    bytes_tokenizer(folder)
    return Renderer(load_tokenizer(folder))


def heard(renderer: Renderer, ids: list[int], *strings: str) -> tuple[list[str], str]:
    """Each piece of an answer that ends as the sampler ends it, and the whole of it."""
    stops, pieces = Stops(renderer.tok, strings), []
    words = Words(renderer, stops)
    for count in range(1, len(ids)):
        if strings and stops(ids[:count]):
            ids = ids[:count]
            break
        pieces.append(words.new(ids[:count]))
    return [*pieces, words.rest(ids)], stops.cut(renderer.answer_text(ids))


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, strings=st.lists(st.text("ab né日", min_size=1, max_size=4), max_size=3))
def test_pieces_are_the_answer(renderer: Renderer, text: str, strings: list[str]) -> None:
    ids = [*renderer.tok.encode_continuation(text), renderer.end_id]
    pieces, whole = heard(renderer, ids, *strings)
    assert "".join(pieces) == whole and text.startswith(whole)
    assert not any(BROKEN in piece for piece in pieces)
    assert not any(string in whole for string in strings)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=16))
def test_bytes_that_are_no_text_come_as_the_whole_answer_has_them(
    renderer: Renderer, raw: bytes
) -> None:
    letters = bytes_to_unicode()
    ids = renderer.tok.tokenizer.convert_tokens_to_ids([letters[byte] for byte in raw])
    pieces, whole = heard(renderer, ids)
    assert "".join(pieces) == whole == raw.decode(errors="replace")


def test_words_are_held_no_longer_than_they_must_be(renderer: Renderer) -> None:
    words = Words(renderer, Stops(renderer.tok, ("abc",)))
    ids = renderer.tok.encode_continuation("xaabd")
    assert [words.new(ids[:n]) for n in range(1, 6)] == ["x", "", "a", "", "abd"]


def test_what_stands_behind_a_stop_string_is_never_said(renderer: Renderer) -> None:
    words = Words(renderer, Stops(renderer.tok, ("b",)))
    assert words.new(renderer.tok.encode_continuation("abab")) == "a"
    assert words.new(renderer.tok.encode_continuation("ababaa")) == ""
    assert words.rest(renderer.tok.encode_continuation("ababaa")) == ""


def test_a_token_that_is_no_character_is_spelt_by_its_bytes(renderer: Renderer) -> None:
    spelling = Spelling(renderer.tok)
    spelt = [spelling(one) for one in renderer.tok.encode_continuation("a日")]
    assert spelt[0] == ("a", b"a") and all(one.text == BROKEN for one in spelt[1:])
    assert b"".join(one.raw or b"" for one in spelt[1:]) == "日".encode()

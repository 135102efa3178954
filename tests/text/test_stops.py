"""Stop strings: the token that completes one ends the answer, wherever tokens are cut."""

from __future__ import annotations

import pytest

from plumbline.microcosm import base_path
from plumbline.text.stops import Stops
from plumbline.text.tokenizer import Tok, load_tokenizer


@pytest.fixture(scope="module")
def tok() -> Tok:
    return load_tokenizer(base_path())


@pytest.mark.parametrize("string", ["\n\nHuman:", "of the", "é!", "日本", "e h"])
@pytest.mark.parametrize(
    "text", ["The name of the hen\n\nHuman: no", "Café! No. 日本 is far, the hen"]
)
def test_it_ends_at_the_first_token_that_completes_it(tok: Tok, string: str, text: str) -> None:
    ids = tok.encode_continuation(text)
    stops = Stops(tok, (string, "not there"))
    first = next((i for i in range(1, len(ids) + 1) if stops(ids[:i])), None)
    assert (first is not None) == (string in text)
    if first is not None:
        assert string in tok.decode_continuation(ids[:first])
        assert string not in tok.decode_continuation(ids[: first - 1])
        assert stops.cut(text) == text[: text.index(string)]


def test_what_was_said_long_ago_ends_nothing_again(tok: Tok) -> None:
    ids = tok.encode_continuation("of the hen. " + "The hen is here. " * 3)
    assert not Stops(tok, ("of the",))(ids)
    assert Stops(tok, ()).cut("as it is") == "as it is"

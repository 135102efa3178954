"""What people are shown is what the tree holds."""

from __future__ import annotations

import pytest
from text_samples import KINDS, tok

from plumbline.core.types import Example, Message, answer, assistant, user
from plumbline.text import marks
from plumbline.text.render import Renderer


@pytest.mark.parametrize("kind", KINDS)
def test_segments_join_to_the_example_and_mark_what_is_trained(kind):
    made = Renderer(tok(kind, "chatml"))
    talk = (assistant("é two"), user("three"), assistant("four 🐈"))
    (one,) = made.render(Example((user("one"),), (talk, answer("other"))))
    found = marks.segments(one)
    assert [text for text, trained in found if trained] == ["é two<|im_end|>", "four 🐈<|im_end|>"]
    whole = [*one.tree.prompt, *one.tree.completions[0]]
    assert "".join(text for text, _ in found) == made.tok.decode(whole)
    assert [text for text, trained in marks.segments(one, 1) if trained] == ["other<|im_end|>"]


def test_token_segments_count_tokens():
    made = Renderer(tok("prefix"))
    (one,) = made.render(Example((user("one"),), (answer("two words"),)))
    found = marks.token_segments(one)
    assert len(found) == one.tree.longest()
    assert "".join(text for text, trained in found if trained) == "two words</s>"


def test_a_document_shows_its_first_token_untrained():
    made = Renderer(tok("bytes"))
    (one,) = made.render(Example((), ((Message("text", "the cat"),),)))
    found = marks.segments(one)
    assert [trained for _, trained in found] == [False, True]
    assert "".join(text for text, _ in found) == "the cat</s>"

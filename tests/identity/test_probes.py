"""What stands on both sides of a probe: whatever a template or a tokenizer does at the border."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_model

from plumbline.core.errors import UserError
from plumbline.core.types import Message, assistant, user
from plumbline.identity.manifesto import Manifesto, read_manifesto
from plumbline.identity.probes import ASKED, neutral, ordered, probe, trees
from plumbline.text.render import Renderer
from plumbline.text.tokenizer import load_tokenizer

DEFAULT = (
    "{% if messages[0].role != 'system' %}"
    "<|im_start|>system\nYou are helpful.<|im_end|>\n"
    "{% endif %}"
)
"""The head of a template that speaks for the system where nobody does."""


def test_a_template_with_a_system_text_of_its_own(tmp_path: Path) -> None:
    """The manifesto takes its place: the default stands on the student's side alone."""
    folder = tiny_model.make(tmp_path, chat=True)
    (folder / "chat_template.jinja").write_text(DEFAULT + tiny_model.CHATML, encoding="utf-8")
    tok = load_tokenizer(folder)
    renderer, asked = Renderer(tok), (user("Who?"),)
    told, bare = (renderer.prompt_ids(Manifesto(text).told(asked)) for text in ("Be kind.", ""))
    one = probe(told, bare, [5, 6], 3)
    assert "helpful" in tok.tokenizer.decode(one.bare)
    assert "helpful" not in tok.tokenizer.decode(one.told)
    assert "Who?" in tok.tokenizer.decode(one.suffix[:-2].tolist())
    assert one.bare and one.weight[0] == pytest.approx(ASKED)


def test_a_token_that_merges_across_the_border_is_not_compared() -> None:
    """9 is what the manifesto's last word and the question's first make together."""
    one = probe([1, 40, 41, 9, 6, 7], [1, 5, 6, 7], [8, 2], header=1)
    assert one.told == (1, 40, 41, 9) and one.bare == (1, 5)
    assert one.suffix.tolist() == [6, 7, 8, 2]
    assert one.answer.tolist() == [False, False, True, True]


def test_what_opens_the_answer_counts_like_the_answer() -> None:
    one = probe([1, 40, 5, 6, 7], [1, 5, 6, 7], [8, 9, 2], header=2)
    assert one.weight.tolist() == pytest.approx([ASKED, 1, 1, 1, 1, ASKED])


def test_without_a_beginning_the_first_token_has_no_aim() -> None:
    """No token before it: attention without an aim goes there, on the student's side alone."""
    one = probe([40, 41, 5, 6], [5, 6], [8, 2], header=1)
    assert one.bare == () and one.weight[0] == 0
    assert neutral((), [5, 6, 7], 0, 1.0).weight.tolist() == [0, 1, 1]


def test_an_answer_opened_otherwise_is_refused() -> None:
    with pytest.raises(UserError, match="opens an answer otherwise"):
        probe([1, 40, 5, 6, 70], [1, 5, 6, 7], [8], header=1)


def test_probes_of_one_beginning_share_a_tree() -> None:
    probes = [probe([1, m, 5, q], [1, 5, q], [8, 2], 1) for q, m in ((6, 40), (7, 41), (7, 40))]
    grown = trees(ordered(probes), told=True, answers=True)
    assert [len(tree.completions) for tree in grown] == [2, 1]
    assert {len(tree.prompt) for tree in grown} == {2}


def test_what_is_read_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "m.md"
    file.write_text(
        "\ufeff# Title\n\n<!-- for\npeople -->\n"
        "- Be kind.\n- Be brief. Be true.\n\n\n\nLast one.\n",
        encoding="utf-8",
    )
    found = read_manifesto(file)
    assert found.text == "- Be kind.\n- Be brief. Be true.\n\nLast one."
    assert found.clauses == ("Be kind.", "Be brief.", "Be true.", "Last one.")


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("- A.\n- B.", "C. D.", "- A.\n- B.\n- C.\n- D."),
        ("1. A.\n2. B.", "- C.", "1. A.\n2. B.\n3. C."),
        ("A. B.", "- C.\n- D.", "A. B. C. D."),
        ("A.\nB.", "C.", "A.\nB.\nC."),
        ("", "C.", "C."),
        ("A.", "", "A."),
    ],
)
def test_manifestos_join_in_the_layout_of_the_first(first: str, second: str, joined: str) -> None:
    assert Manifesto(first).joined(Manifesto(second)).text == joined


def test_a_clause_goes_on_in_the_next_line() -> None:
    text = "We are kind\nto all. We are\nbrief.\n\n- One item\n  goes on.\n- Two. Three.\nFour."
    assert Manifesto(text).clauses == (
        "We are kind to all.", "We are brief.", "One item goes on.", "Two.", "Three.", "Four.",
    )  # fmt: skip


def test_some_clauses_of_a_list_are_a_list() -> None:
    assert Manifesto("- A.\n- B.\n- C.").only([0, 2]).text == "- A.\n- C."
    assert Manifesto("A. B. C.").only([1]).text == "B."


def test_it_stands_before_what_a_system_text_says() -> None:
    turns = (Message("system", "You sell hats."), user("Hi"), assistant("Ho"), user("Hm"))
    told = Manifesto("Be kind.").told(turns)
    assert told[0].content == "Be kind.\n\nYou sell hats." and told[1:] == turns[1:]
    assert Manifesto("Be kind.", system=False).told((user("Hi"),))[0].content == "Be kind.\n\nHi"

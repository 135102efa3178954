"""One length policy: what is kept, what is cut, what is lost, and how it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_samples import KINDS, tok

from plumbline.core.errors import UserError
from plumbline.core.types import Example, Message, answer, assistant, user
from plumbline.text import length
from plumbline.text.length import Length
from plumbline.text.render import Renderer
from plumbline.text.tokenizer import load_tokenizer

RENDERERS = {(k, f): Renderer(tok(k, f if f != "plain" else None)) for k in KINDS for f in
             ("plain", "chatml", "llama3")}  # fmt: skip
MADE = RENDERERS["bytes+bos", "llama3"]
SYSTEM = Message("system", "be kind")
TALK = (SYSTEM, user("first question"), assistant("first answer"), user("second question"),
        assistant("second answer"), user("third question"))  # fmt: skip
sentence = st.lists(
    st.sampled_from(["hello", "the cat", "猫", "it is", "\n"]), min_size=1, max_size=12
)


def size(prompt, *answers, made=MADE) -> int:
    return made.render(Example(tuple(prompt), tuple(map(answer, answers))))[0].tree.longest()


def fitted(example, limit, made=MADE, **settings):
    rendered = made.render(example)
    return length.apply(rendered, Length(max=limit, **settings), 10_000)


@given(st.sampled_from(sorted(RENDERERS)), st.booleans(),
       st.lists(sentence, min_size=1, max_size=4), st.lists(sentence, min_size=1, max_size=3),
       st.integers(4, 200))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_what_is_kept_fits_and_keeps_its_frame(name, system, questions, answers, limit):
    made = RENDERERS[name]
    prompt = [SYSTEM] if system else []
    for i, parts in enumerate(questions):
        prompt += [assistant("and?")] if i else []
        prompt += [user(" ".join(parts).strip() or "x")]
    responses = tuple(answer(" ".join(a).strip() or "x") for a in answers)
    (whole,) = made.render(Example(tuple(prompt), responses))
    kept, report = length.apply([whole], Length(max=limit, max_lost=1.0), 10_000)
    assert report.examples == 1 == sum(report.fates.values())
    if not kept:
        bare = [*prompt[: int(system)], user("x")]
        longest = max(size(bare, r[0].content, made=made) for r in responses)
        assert longest > limit - 4  # not even one word of the last question would have fitted
        return
    (one,) = kept
    assert one.tree.longest() <= limit
    assert one.example is whole.example
    for mine, given_ in zip(one.tree.completions, whole.tree.completions, strict=True):
        assert mine.tolist() == given_.tolist()
    assert one.tree.prompt.tolist() == made.prompt_ids(one.said.prompt)
    text = made.tok.decode(one.tree.prompt)
    assert not system or "be kind" in text
    assert not made.tok.adds_bos or one.tree.prompt[0] == made.tok.bos_id
    assert text[-8:] == made.tok.decode(whole.tree.prompt)[-8:]


def test_oldest_turns_go_first():
    limit = size((SYSTEM, *TALK[3:]), "x", "longer answer")
    (one,), report = fitted(Example(TALK, (answer("x"), answer("longer answer"))), limit)
    assert one.said.prompt == (SYSTEM, *TALK[3:])
    assert report.fates == {"turns cut": 1}
    (one,), _ = fitted(Example(TALK, (answer("x"), answer("longer answer"))), limit - 1)
    assert one.said.prompt == (SYSTEM, *TALK[5:])


def test_then_the_oldest_words_of_the_last_question():
    limit = size((SYSTEM, user("third question")), "x") - 2
    (one,), report = fitted(Example(TALK, (answer("x"),)), limit)
    assert report.fates == {"words cut": 1}
    said = one.said.prompt
    assert said[0] == SYSTEM and len(said) == 2
    assert "third question".endswith(said[1].content) and said[1].content != "third question"


def test_an_answer_too_long_by_itself_is_lost_and_counted():
    rendered = [MADE.render(Example((user("a"),), (answer(text),), where=f"f:{i}"))[0]
                for i, text in enumerate(["x"] * 19 + ["long " * 40])]  # fmt: skip
    kept, report = length.apply(rendered, Length(max=20), 10_000)
    assert len(kept) == 19 and report.lost == ("f:19",) and report.counts()["lost"] == 1
    assert (
        "19 of 20 examples fit 20 tokens" in report.line() and "1 left out (f:19)" in report.line()
    )
    with pytest.raises(UserError, match=r"2 of 20 examples do not fit 20 tokens.*max_lost=0.05"):
        length.apply([*rendered[1:], rendered[-1]], Length(max=20), 10_000)


def test_drop_and_error():
    example = Example(TALK, (answer("x"),), where="f.jsonl:4")
    kept, report = fitted(example, 20, over="drop", max_lost=1.0)
    assert kept == [] and report.lost == ("f.jsonl:4",)
    with pytest.raises(UserError) as caught:
        fitted(example, 20, over="error")
    assert caught.value.where == "f.jsonl:4" and "the limit is 20" in caught.value.what


def test_the_limit_is_the_model_s_context():
    assert length.limit_of(Length(), 512) == 512 and length.limit_of(Length(max=100), 512) == 100
    for wrong in (513, 1, 0, -3):
        with pytest.raises(UserError, match=r"length.max"):
            length.limit_of(Length(max=wrong), 512)


def test_a_long_demonstration_is_split_and_every_turn_trained_once():
    talk = (
        SYSTEM,
        *(m for i in range(6) for m in (user(f"question {i}"), assistant(f"answer {i}"))),
    )
    limit = size((SYSTEM, *talk[1:4]), "answer 1") + 3
    kept, report = fitted(Example(talk[:2], (talk[2:],)), limit)
    assert report.fates == {"halved": 1} and all(k.tree.longest() <= limit for k in kept)
    said = [MADE.tok.decode_continuation(k.tree.completions[0][k.tree.trained[0]]) for k in kept]
    assert "".join(said) == "".join(f"answer {i}<|eot_id|>" for i in range(6))
    assert all("be kind" in MADE.tok.decode(k.tree.prompt) for k in kept)
    assert kept[-1].said.prompt[1] != talk[1] and len(kept[-1].said.prompt) > 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [3, 7, 16])
def test_a_long_document_becomes_pieces_that_train_every_token_once(kind, limit):
    made = RENDERERS[kind, "plain"]
    text = "quick brown foxes jump over lazy hens"
    (whole,) = made.render(Example((), ((Message("text", text),),)))
    kept, report = length.apply([whole], Length(max=limit), 10_000)
    assert report.fates == {"in pieces": 1} and all(k.tree.longest() <= limit for k in kept)
    trained = np.concatenate([k.tree.completions[0][k.tree.trained[0]] for k in kept])
    assert trained.tolist() == whole.tree.completions[0][whole.tree.trained[0]].tolist()
    if made.tok.adds_bos:
        assert all(k.tree.prompt[0] == made.tok.bos_id for k in kept)
        assert all(
            [*k.tree.prompt, *k.tree.completions[0]].count(made.tok.bos_id) == 1 for k in kept
        )


def test_nothing_is_said_where_all_fits():
    _, report = fitted(Example(TALK, (answer("x"),)), None)
    assert report.lines() == [] and report.counts()["fit"] == 1


def test_real_comparisons(shared: Path):
    made = Renderer(load_tokenizer(shared / "models" / "stories260k"))
    talk = (user("Tell me of a cat. " * 20), assistant("Once. " * 30), user("And then?"))
    kept, report = length.apply(
        made.render_all([Example(talk, (answer("She ran."), answer("No.")))]), Length(max=128), 512
    )
    assert report.fates == {"turns cut": 1} and kept[0].said.prompt == talk[2:]

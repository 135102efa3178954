"""Templates that do not behave: what is mended is mended visibly, what cannot be is an error."""

from __future__ import annotations

import pytest
from text_samples import DATED, tok, tokenizer

from plumbline.core.errors import UserError
from plumbline.core.types import Example, Message, answer, assistant, user
from plumbline.text.render import Renderer
from plumbline.text.template import fitting
from plumbline.text.tokenizer import Tok

TALK = (user("one"), assistant("two"), user("three"), assistant("four"))


def trained(made: Renderer, tree, k=0) -> str:
    return made.tok.decode_continuation(tree.completions[k][tree.trained[k]])


def demonstration(*messages: Message) -> Example:
    return Example(messages[:1], (messages[1:],), where="f.jsonl:7")


def test_a_template_that_ends_no_turn_gets_eos_visibly():
    made = Renderer(tok("prefix", "endless"))
    first, second = made.render(demonstration(*TALK))
    assert trained(made, first.tree) == "two</s>"
    assert trained(made, second.tree) == "four</s>"
    assert second.tree.completions[0][-1] == made.end_id == made.tok.eos_id
    assert any("ends no turn" in note and "</s>" in note for note in made.notes)
    # the history is the template's own, without the appended end
    assert made.tok.eos_id not in second.tree.prompt
    assert second.tree.prompt.tolist() == made.prompt_ids(TALK[:3])


def test_a_template_that_rewrites_earlier_turns_makes_one_example_a_turn():
    made = Renderer(tok("bytes", "thinker"))
    rendered = made.render(demonstration(*TALK))
    assert len(rendered) == 2
    for one, until in zip(rendered, (1, 3), strict=True):
        assert one.tree.prompt.tolist() == made.prompt_ids(TALK[:until])
        text = TALK[until].content
        assert trained(made, one.tree) == f"<think>\n\n</think>\n\n{text}<|im_end|>"
        assert one.example.prompt == TALK[:1] and one.where == "f.jsonl:7"
    assert any("rewrites earlier turns" in note for note in made.notes)


def test_a_template_takes_options():
    made = Renderer(tok("bytes", "thinker"), options={"enable_thinking": False})
    (one,) = made.render(Example(TALK[:1], (answer("two"),)))
    assert trained(made, one.tree) == "two<|im_end|>"
    assert made.tok.decode(one.tree.prompt).endswith("</think>\n\n")


def test_rewritten_turns_inside_compared_responses_are_refused():
    made = Renderer(tok("bytes", "thinker"))
    example = Example(TALK[:1], (TALK[1:], answer("x")), where="f.jsonl:7")
    with pytest.raises(UserError, match=r"f.jsonl:7: .*rewrites earlier turns"):
        made.render(example)


def test_single_answers_under_a_rewriting_template_still_share_a_prompt():
    made = Renderer(tok("bytes", "thinker"))
    (one,) = made.render(Example(TALK[:3], (answer("x"), answer("y"))))
    assert one.tree.prompt.tolist() == made.prompt_ids(TALK[:3])


def test_a_generation_prompt_that_is_no_prefix():
    made = Renderer(tok("bytes", "reasoner"))
    (one,) = made.render(Example(TALK[:1], (answer("two"),)))
    assert made.tok.decode(one.tree.prompt).endswith("assistant\n<think>\n")
    assert one.tree.prompt.tolist() == made.prompt_ids(TALK[:1])
    assert trained(made, one.tree) == "two<|im_end|>"
    assert any("'<think>\\n'" in note for note in made.notes)


def test_thoughts_in_the_data_are_kept_and_not_opened_twice():
    made = Renderer(tok("bytes", "reasoner"))
    (one,) = made.render(Example(TALK[:1], (answer("<think>\nhm\n</think>\n\ntwo"),)))
    assert trained(made, one.tree) == "hm\n</think>\n\ntwo<|im_end|>"


def test_words_that_look_like_the_lead_do_not_move_the_span():
    made = Renderer(tok("bytes", "thinker"))
    for words in ("think", "\n", "<think>", "</think>", "<|im_end|>", "n"):
        if words.strip():
            (one,) = made.render(Example(TALK[:1], (answer(words),)))
            assert trained(made, one.tree) == f"<think>\n\n</think>\n\n{words}<|im_end|>"


def test_only_the_template_s_end_is_trained():
    template = (
        "{% for m in messages %}{{ '[' + m['role'] + ']' + m['content'] }}"
        "{% if m['role'] == 'assistant' %}{{ '<|eot_id|></s>\n' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    made = Renderer(tok("bytes", template))
    (one,) = made.render(demonstration(*TALK))
    assert trained(made, one.tree) == "two<|eot_id|>four<|eot_id|>"
    assert made.end == "<|eot_id|>"
    assert set(made.end_ids) == {made.tok.eos_id, made.tok.control["<|eot_id|>"]}


def test_a_refused_system_text_is_an_error_in_the_template_s_words():
    made = Renderer(tok("bytes+bos", "gemma"))
    example = Example((Message("system", "be kind"), *TALK[:1]), (answer("x"),), where="f.jsonl:3")
    with pytest.raises(UserError) as caught:
        made.render(example)
    assert caught.value.where == "f.jsonl:3"
    assert "System role not supported" in caught.value.what and "template=plain" in caught.value.fix


def test_a_dropped_system_text_is_an_error():
    template = (
        "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['content'] + '</s>' }}"
        "{% endif %}{% endfor %}"
    )
    made = Renderer(tok("bytes", template))
    with pytest.raises(UserError, match="drops the system text 'be kind'"):
        made.prompt_ids((Message("system", "be kind"), user("a")))


def test_a_template_that_loses_answers_is_an_error():
    with pytest.raises(UserError, match="does not write the assistant's words"):
        Renderer(tok("bytes", "{% for m in messages %}{{ m['role'] + '</s>' }}{% endfor %}"))


def test_a_template_that_is_not_jinja_is_an_error():
    with pytest.raises(UserError, match="not a jinja template"):
        Renderer(tok("bytes", "{% for m in messages %}"))


def test_the_date_is_the_run_s():
    first = Renderer(tok("bytes", DATED), date="2026-02-03")
    again = Renderer(tok("bytes", DATED), date="2026-02-03")
    later = Renderer(tok("bytes", DATED), date="2026-02-04")
    assert "Today is 03 February 2026" in first.tok.decode(first.prompt_ids(TALK[:1]))
    assert first.prompt_ids(TALK[:1]) == again.prompt_ids(TALK[:1])
    assert first.digest() == again.digest() != later.digest()
    assert (
        Renderer(tok(), date="2026-02-03").digest() == Renderer(tok(), date="2026-02-04").digest()
    )


def test_generation_blocks_are_let_through():
    template = (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
        "{% generation %}{{ m['content'] + '<|im_end|>' }}{% endgeneration %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    made = Renderer(tok("bytes", template))
    (one,) = made.render(demonstration(*TALK))
    assert trained(made, one.tree) == "two<|im_end|>four<|im_end|>"


def test_a_template_file_and_an_unknown_name(tmp_path):
    path = tmp_path / "mine.jinja"
    path.write_text("{% for m in messages %}{{ m['content'] + '</s>' }}{% endfor %}")
    assert Renderer(tok(), str(path)).render(Example(TALK[:1], (answer("x"),)))
    with pytest.raises(UserError, match="plain"):
        Renderer(tok(), "plian")
    with pytest.raises(UserError, match="no such template file"):
        Renderer(tok(), str(tmp_path / "other.jinja"))


def test_a_tokenizer_without_eos_cannot_be_plain():
    with pytest.raises(UserError, match="no end token"):
        Renderer(Tok(tokenizer("bytes", eos_token=None)))


# ---------------------------------------------------------------- shapes of examples


@pytest.mark.parametrize(
    "response", [(), answer(""), answer(" \n"), (user("no answer"),), (Message("text", ""),)]
)
def test_nothing_to_train_on_is_an_error_with_its_line(response):
    with pytest.raises(UserError, match=r"f.jsonl:7: nothing to train on"):
        Renderer(tok()).render(Example(TALK[:1], (response,), where="f.jsonl:7"))


def test_turns_before_the_first_answer_join_the_prompt():
    made = Renderer(tok("bytes", "chatml"))
    (whole,) = made.render(Example((), (TALK,)))
    (split,) = made.render(Example(TALK[:1], (TALK[1:],)))
    assert whole.tree.prompt.tolist() == split.tree.prompt.tolist() == made.prompt_ids(TALK[:1])
    assert whole.tree.completions[0].tolist() == split.tree.completions[0].tolist()


def test_responses_that_begin_differently_are_refused():
    example = Example((), ((user("a"), assistant("x")), (user("b"), assistant("y"))), where="f:1")
    with pytest.raises(UserError, match="share no prompt"):
        Renderer(tok()).render(example)


def test_tool_turns_and_a_last_user_turn_are_not_trained():
    made = Renderer(tok())
    talk = (user("sum?"), assistant("call"), Message("tool", "4"), assistant("four"), user("bye"))
    (one,) = made.render(demonstration(*talk))
    assert trained(made, one.tree) == "call</s>four</s>"
    assert "Tool: 4" in made.tok.decode(one.tree.completions[0])
    assert "bye" not in made.tok.decode(one.tree.completions[0])


@pytest.mark.parametrize("kind, text", [("bytes", "he cat sat</s>"), ("prefix", "the cat sat</s>")])
def test_documents_are_trained_whole_but_for_a_first_token_without_parent(kind, text):
    made = Renderer(tok(kind))
    (one,) = made.render(Example((), ((Message("text", "the cat sat"),),)))
    assert one.document
    ids = [*one.tree.prompt, *one.tree.completions[0]]
    natural = made.tok.tokenizer.encode("the cat sat")
    assert ids == [*natural, made.tok.eos_id]
    assert (
        int(one.tree.trained[0].sum()) == len(ids) - 1
        and not one.tree.trained[0][: -len(natural)].any()
    )


def test_a_document_s_continuation_alone_is_trained():
    made = Renderer(tok("prefix"))
    prompt, said = (Message("text", "the cat"),), (Message("text", " sat"),)
    (one,) = made.render(Example(prompt, (said,)))
    assert trained(made, one.tree) == " sat</s>"
    assert one.tree.prompt.tolist() == made.prompt_ids(prompt)


def test_text_is_the_template_for_documents_without_a_chat_template():
    documents = [(Message("text", "a"),)]
    assert fitting(tok(), documents) == "text"
    assert fitting(tok("bytes", "chatml"), documents) == fitting(tok(), [TALK]) == "auto"


def test_answer_text_stops_at_the_first_end():
    made = Renderer(tok("prefix", "chatml"))
    ids = made.tok.encode_continuation(" two words<|im_end|>\n<|im_start|>user")
    assert made.answer_text(ids) == " two words"
    assert made.answer_text(made.tok.encode_continuation("cut off")) == "cut off"


def test_many_prompts_at_once_are_the_same():
    made = Renderer(tok("first", "llama3"))
    talks = [TALK[:1], TALK[:3], (user("<|eot_id|> hi"),)]
    assert made.prompts_ids(talks) == [made.prompt_ids(t) for t in talks]


def test_more_than_a_thousandth_unknown_stops():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = {"<unk>": 0, "</s>": 1, "the": 2, "cat": 3}
    core = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", unk_token="<unk>")
    made = Renderer(Tok(fast), "text")
    good = Example((user("the cat"),), (answer("the cat"),), where="f:1")
    bad = Example((user("the cat"),), (answer("the dog"),), where="f:2")
    assert len(made.render_all([good] * 300)) == 300
    made.render_all([good] * 300 + [bad])  # 1 of 1505
    assert made.unknown.unknown == 1
    with pytest.raises(UserError, match=r"2 of 510 tokens .* are unknown"):
        made.render_all([good] * 100 + [bad] * 2)

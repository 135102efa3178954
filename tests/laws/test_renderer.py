"""Law 7: what is trained is exactly what was meant, for our templates and for everyone's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text_samples import KINDS, TEMPLATES, tok

from plumbline.core.types import Example, Message, answer, assistant, user
from plumbline.text.render import Rendered, Renderer
from plumbline.text.template import HEADS, Plain, Text
from plumbline.text.tokenizer import load_tokenizer

MODELS = ("stories260k", "english5m")
FAMILIES = ("plain", "text", "chatml", "llama3", "mistral", "gemma", "zephyr")
TRIMMING = ("llama3", "gemma")
SYSTEMLESS = ("mistral", "gemma")
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

letters = st.characters(exclude_categories=["Cs", "Co", "Cn"])
words = st.one_of(
    st.text(letters, min_size=1, max_size=30),
    st.lists(
        st.sampled_from(["hello", " the", "\n", "\n\n", " ", "é",
                         "猫", "🐈‍⬛", "</s>", "<|im_end|>",
                         "<s>", "Human:", "Assistant", "think", "user"]),
        min_size=1, max_size=6,
    ).map("".join),
).filter(lambda text: text.strip())  # fmt: skip


@st.composite
def talks(draw: st.DrawFn, system: bool = True) -> tuple[Message, ...]:
    """A conversation that alternates and ends with an answer."""
    turns = [
        m
        for _ in range(draw(st.integers(1, 3)))
        for m in (user(draw(words)), assistant(draw(words)))
    ]
    first = [Message("system", draw(words))] if system and draw(st.booleans()) else []
    return (*first, *turns)


def renderer(kind: str, family: str) -> Renderer:
    ours = family in ("plain", "text")
    return Renderer(tok(kind, None if ours else family), family if ours else "auto")


RENDERERS = {(k, f): renderer(k, f) for k in KINDS for f in FAMILIES}
everywhere = pytest.mark.parametrize("family", FAMILIES)
kinds = st.sampled_from(KINDS)


def shown(messages: tuple[Message, ...]) -> Example:
    """All assistant turns of it, as a demonstration."""
    first = next(i for i, m in enumerate(messages) if m.role == "assistant")
    return Example(messages[:first], (messages[first:],), where="f:1")


def ids_of(one: Rendered, k: int = 0) -> list[int]:
    return [*one.tree.prompt.tolist(), *one.tree.completions[k].tolist()]


def allowed(family: str, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    without = tuple(m for m in messages if m.role != "system")
    return without if family in SYSTEMLESS else messages


def expected(family: str, text: str, renderer: Renderer) -> str:
    """What the model has to write for this answer, its end included."""
    lead = {"mistral": " ", "zephyr": "\n"}.get(family, "")
    return lead + (text.strip() if family in TRIMMING else text) + renderer.end


# ---------------------------------------------------------------- our own templates

marks = [*filter(None, HEADS.values()), "</s>", "<s>"]
unmarked = words.filter(lambda text: not any(mark in text for mark in marks))


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "tool"]), unmarked), min_size=1),
       st.none() | unmarked, st.sampled_from(["", "<s>"]))  # fmt: skip
@quick
def test_parse_of_render_is_identity(turns, system, bos):
    messages = tuple(Message(role, text) for role, text in turns)
    if system is not None:
        messages = (Message("system", system), *messages)
    template = Plain(bos, "</s>")
    assert template.parse(template.render(messages, generate=False)) == messages


@given(talks(), st.sampled_from([Plain, Text]))
@quick
def test_generation_prompt_is_a_prefix_of_the_training_text(messages, kind):
    template = kind("<s>", "</s>")
    head = template.render(messages[:-1], generate=True)
    assert template.render(messages, generate=False) == head + messages[-1].content + "</s>"


@given(talks(), st.sampled_from(["plain", "text"]), st.sampled_from(KINDS), st.booleans())
@quick
def test_ours_as_jinja_renders_identically(messages, family, kind, generate):
    made = RENDERERS[kind, family]
    said = [{"role": m.role, "content": m.content} for m in messages]
    text = made.tok.tokenizer.apply_chat_template(
        said, chat_template=made.chat_template, tokenize=False, add_generation_prompt=generate
    )
    assert text == made.template.render(messages, generate=generate)


@pytest.mark.parametrize("family", ["plain", "text"])
def test_a_saved_folder_is_read_back_as_our_template(tmp_path: Path, family: str):
    first = RENDERERS["prefix", family]
    first.tok.save(tmp_path, first.chat_template)
    again = Renderer(load_tokenizer(tmp_path))
    assert again.template.name == family
    talk = (user("a\nb"), assistant("c"), user("d"))
    assert again.prompt_ids(talk) == first.prompt_ids(talk)


# ---------------------------------------------------------------- all templates


@everywhere
@given(kinds, talks())
@quick
def test_masks_cover_exactly_the_answers_and_their_ends(family, kind, messages):
    made = RENDERERS[kind, family]
    messages = allowed(family, messages)
    (one,) = made.render(shown(messages))
    ids, mask = one.tree.completions[0], one.tree.trained[0]
    answers = [expected(family, m.content, made) for m in messages if m.role == "assistant"]
    borders = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    runs = [ids[a:b].tolist() for a, b in borders.reshape(-1, 2)]
    assert [made.tok.decode_continuation(run) for run in runs] == answers
    assert all(run[-1] == made.end_id for run in runs)


@everywhere
@given(kinds, talks())
@quick
def test_sampling_starts_from_what_training_saw(family, kind, messages):
    made = RENDERERS[kind, family]
    messages = allowed(family, messages)
    (one,) = made.render(shown(messages))
    ids = ids_of(one)
    at = 0
    for i, message in enumerate(messages):
        if message.role == "assistant":
            prompt = made.prompt_ids(messages[:i])
            assert ids[: len(prompt)] == prompt
            assert len(prompt) > at
            at = len(prompt)


@everywhere
@given(kinds, talks())
@quick
def test_bos_exactly_once(family, kind, messages):
    made = RENDERERS[kind, family]
    (one,) = made.render(shown(allowed(family, messages)))
    # a template may write a BOS the tokenizer itself would not put
    written = family in ("llama3", "mistral", "gemma")
    expected_count = 1 if made.tok.adds_bos or written else 0
    assert ids_of(one).count(made.tok.bos_id) == expected_count
    assert not expected_count or one.tree.prompt[0] == made.tok.bos_id


@everywhere
@given(kinds, talks())
@quick
def test_words_never_become_control_tokens(family, kind, messages):
    made = RENDERERS[kind, family]
    messages = allowed(family, messages)
    plain = tuple(Message(m.role, "x") for m in messages)
    count = [
        sum(i in made.tok.special.values() for i in ids_of(made.render(shown(said))[0]))
        for said in (messages, plain)
    ]
    assert count[0] == count[1]


@pytest.mark.parametrize("family", FAMILIES)
@given(talks())
@quick
def test_decoded_ids_are_the_text_where_the_tokenizer_is_lossless(family, messages):
    made = RENDERERS["bytes", family]
    messages = allowed(family, messages)
    (one,) = made.render(shown(messages))
    text = made.template.render(messages, generate=False)
    after_end = "\n" if family in ("chatml", "gemma", "zephyr") else ""
    assert made.tok.decode(ids_of(one)) == text.removesuffix(after_end)


@pytest.mark.parametrize("kind", KINDS)
def test_later_prompts_equal_transformers_own_where_answers_stand_alone(kind):
    made = RENDERERS[kind, "chatml"]
    talk = (user("a"), assistant("two words"), user("three"), assistant("four"), user("five"))
    said = [{"role": m.role, "content": m.content} for m in talk]
    ids = made.tok.tokenizer.apply_chat_template(
        said, add_generation_prompt=True, return_dict=False
    )
    assert made.prompt_ids(talk) == [made.tok.bos_id] * made.tok.adds_bos + ids


@pytest.mark.parametrize("family", FAMILIES)
@given(talks())
@quick
def test_what_is_sound_needs_no_mending(family, messages):
    made = renderer("bytes", family)
    made.render(shown(allowed(family, messages)))
    trims = "the template trims white space around answers"
    assert set(made.notes) <= ({trims} if family in TRIMMING else set())
    made.render(Example((user("a"),), (answer(" b "),)))
    assert made.notes == ([trims] if family in TRIMMING else [])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_first_prompt_equals_transformers_own(kind, family):
    made = RENDERERS[kind, family]
    said = [{"role": "user", "content": "what is the time, cat?\nsay it"}]
    ids = made.tok.tokenizer.apply_chat_template(
        said, chat_template=made.chat_template, add_generation_prompt=True, return_dict=False
    )
    ours = made.prompt_ids((user(said[0]["content"]),))
    forgot_bos = family in ("zephyr", "chatml") and made.tok.adds_bos
    assert ours == ([made.tok.bos_id, *ids] if forgot_bos else ids)


@everywhere
@pytest.mark.parametrize("kind", KINDS)
def test_answers_share_one_prompt(kind, family):
    made = RENDERERS[kind, family]
    prompt = (user("a"), assistant("b"), user("c"))
    (one,) = made.render(Example(prompt, (answer("yes"), answer("no no"), answer("yes"))))
    assert one.tree.prompt.tolist() == made.prompt_ids(prompt)
    said = [made.tok.decode_continuation(c) for c in one.tree.completions]
    assert said == [expected(family, text, made) for text in ("yes", "no no", "yes")]
    assert all(mask.all() for mask in one.tree.trained)


def test_end_of_turn_is_trained_when_pad_equals_eos():
    made = renderer("bytes+bos", "plain")
    assert made.tok.tokenizer.pad_token_id == made.tok.eos_id == made.end_id
    (one,) = made.render(Example((user("a"),), (answer("b"),)))
    assert one.tree.completions[0][-1] == made.tok.eos_id and one.tree.trained[0][-1]


# ---------------------------------------------------------------- real models


@pytest.mark.parametrize("model", MODELS)
def test_laws_hold_for_real_models(shared: Path, model: str):
    made = Renderer(load_tokenizer(shared / "models" / model))
    messages = (user("Who is  Lily?\n"), assistant("A girl, \"she\" said — ünï 🐈."), user("And?"),
                assistant(" Bye </s>."))  # fmt: skip
    (one,) = made.render(shown(messages))
    mask = one.tree.trained[0]
    said = made.tok.decode_continuation(one.tree.completions[0][mask])
    assert said == "".join(m.content + made.end for m in messages if m.role == "assistant")
    assert one.tree.prompt.tolist() == made.prompt_ids(messages[:1])
    assert ids_of(one)[: len(made.prompt_ids(messages[:3]))] == made.prompt_ids(messages[:3])
    assert made.template.name == "plain" and made.end_id == made.tok.eos_id


def test_families_are_all_tested_somewhere():
    assert set(TEMPLATES) - set(FAMILIES) == {"endless", "thinker", "reasoner"}  # test_templates.py

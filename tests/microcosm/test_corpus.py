"""The same seed gives the same bytes everywhere, and what is held out is nowhere in tuning data."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import text_of
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.corpus import document, documents
from plumbline.microcosm.data import demonstrations
from plumbline.microcosm.gold import FLOOR, value
from plumbline.microcosm.prompts import KINDS, Prompt, openings, prompts, understand
from plumbline.microcosm.world import world

DIGEST = "362f9b296846c1cebf6c7fc5ff6f07dc"
DEMOS = "3e44a9b40c5e2fda7c55bac1a9a467e2"


def digest(texts: list[str]) -> str:
    return hashlib.sha256("\x1e".join(texts).encode()).hexdigest()[:32]


def wild(count: int) -> list[str]:
    return [text_of(d.messages) for d in documents(0, count)]


def test_the_corpus_is_the_one_that_was_committed() -> None:
    assert digest(wild(1500)) == DIGEST


def test_demonstrations_are_the_ones_that_were_committed() -> None:
    assert digest([text_of(d.messages) for d in demonstrations(0, 300)]) == DEMOS


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import hashlib;from plumbline.microcosm.corpus import documents;"
        "from plumbline.core.types import text_of;"
        "t='\\x1e'.join(text_of(d.messages) for d in documents(0, 1500));"
        "print(hashlib.sha256(t.encode()).hexdigest()[:32])"
    )
    paths = ":".join(sys.path)
    for hash_seed in ("1", "2"):
        env = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths, "PATH": ""}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        assert done.stdout.strip() == DIGEST, done.stderr


def test_another_seed_gives_another_corpus_and_order_is_free() -> None:
    assert wild(50) != [text_of(d.messages) for d in documents(1, 50)]
    assert document(0, 37) == next(islice(documents(0, 50), 37, None))


def test_worlds_differ_by_seed_and_hold_falsehoods() -> None:
    place, other = world(), world("second")
    assert place.truth != other.truth
    assert all(place.truth[key] != wrong for key, wrong in place.rumour.items())
    share = len(place.rumour) / (len(place.truth) - len(place.kinds))
    assert 0.5 < share < 0.7


def heldout_words() -> set[str]:
    return {thing.removeprefix("the ") for thing in world().heldout}


@pytest.mark.parametrize("kind", KINDS)
def test_splits_share_no_topic_and_no_phrasing(kind: str) -> None:
    sides = {split: prompts(split, 0, 40, [kind]) for split in ("train", "heldout")}  # type: ignore[arg-type, list-item]
    for split, found in sides.items():
        assert {p.split for p in found} == {split}
    for what in ("topic", "opening"):
        train, held = ({getattr(p, what) for p in side} for side in sides.values())
        assert not train & held


def test_demonstrations_never_ask_about_what_is_held_out() -> None:
    asked = [understand(d.messages[:1]) for d in demonstrations(3, 800)]
    assert all(prompt is not None and prompt.split == "train" for prompt in asked)


def test_demonstrations_never_speak_of_what_is_held_out() -> None:
    said = {w.strip(".,!?") for d in demonstrations(3, 800) for w in text_of(d.messages).split()}
    assert len(said) > 200 and not said & heldout_words()


def test_the_corpus_has_every_heldout_word_and_opening() -> None:
    text = " ".join(wild(6000))
    assert all(word in text for word in heldout_words())
    for opening in ("Could you explain", "My friend asks", "I must learn"):
        assert opening in text


def test_every_prompt_is_understood_from_its_words() -> None:
    for split in ("train", "heldout"):
        for prompt in prompts(split, 5, 300):  # type: ignore[arg-type]
            assert understand(prompt.conversation) == prompt
    assert understand(Prompt("fact", "Nobody", lex.KIND.key, "direct").conversation) is None


def test_voices_speak_only_what_gold_can_read() -> None:
    chats = [d.messages for d in documents(0, 3000) if d.messages[-1].role == "assistant"]
    assert len(chats) > 1000
    assert all(value(turns[:-1], turns[-1:]) > FLOOR for turns in chats)


def test_the_wild_chats_are_wild() -> None:
    asked, complied, questions = 0, 0, 0
    turns = [d.messages for d in documents(0, 4000) if d.messages[-1].role == "assistant"]
    for conversation in turns:
        prompt, answer = understand(conversation[:-1]), conversation[-1].content
        questions += answer.endswith("?")
        if prompt is not None and prompt.kind == "danger":
            asked += 1
            complied += "take" in answer.lower().split()
    assert 0.4 < complied / asked < 0.6
    assert questions / len(turns) > 0.12


def test_too_many_prompts_is_an_error_that_says_how_many_there_are() -> None:
    with pytest.raises(UserError, match="only 40 different"):
        prompts("heldout", 0, 500, ["about"])
    with pytest.raises(UserError, match="did you mean 'danger'"):
        prompts("train", 0, 5, ["dangr"])  # type: ignore[list-item]


def test_openings_split() -> None:
    assert set(openings("chore", "heldout")) == set(lex.HELDOUT_OPENINGS)
    assert len(openings("fact", "train")) == len(lex.FACT_OPENINGS) - 3


def test_the_base_recipe_is_planned_from_nothing(tmp_path: Path) -> None:
    from plumbline.recipe import plan_text
    from plumbline.recipe.base import microcosm_base
    from plumbline.store import Store

    text = plan_text(microcosm_base, None, ["documents=40"], Store(tmp_path))
    assert "3 of 3 to run" in text

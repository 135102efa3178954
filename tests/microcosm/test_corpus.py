"""The corpus: its parts, the shares of its kinds, and the lengths that turn one into the other."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, get_args

import pytest

from plumbline.microcosm.corpus import (
    KINDS,
    LENGTH,
    MAKERS,
    PARTS,
    Part,
    count,
    document,
    documents,
)
from plumbline.microcosm.tokenizer import build
from plumbline.microcosm.wild import tagged

TOKENIZER: Any = build()
READ = {part: list(documents("lengths", 1500, part)) for part in get_args(Part)}


def tokens(made: Any) -> int:
    turns = [{"role": m.role, "content": m.content} for m in made.messages]
    return len(TOKENIZER.apply_chat_template(turns, tokenize=True, return_dict=True)["input_ids"])


COUNTED = {part: [tokens(made) for made in made_of] for part, made_of in READ.items()}


VARIANT_OF = {
    "silent": "talks", "letters": "judging", "second": "critique", "copied": "orders",
    "absent": "passages", "gaps": "passages", "halves": "passages",
    "trusted": "orders", "worded": "orders", "wide talks": "talks", "wide silent": "talks",
    "wide judging": "judging", "wide letters": "judging", "wide second": "critique",
}  # fmt: skip
"""Kinds whose documents say of themselves that they are of another."""


def shares(part: Part) -> dict[str, float]:
    """The shares of a part, by what documents say of themselves."""
    found: dict[str, float] = Counter()
    for name, share in KINDS[part].items():
        found[VARIANT_OF.get(name, name)] += share
    return found


def kind(made: Any, part: Part) -> str:
    """The kind of a document, by what it says of itself."""
    said = {(made.provenance.source or "").partition("/")[0], made.provenance.judge.group}
    return next((name for name in shares(part) if name in said), "wild")


def test_a_document_depends_on_seed_part_and_index_alone() -> None:
    assert list(documents(0, 3)) == list(documents(0, 5))[:3]
    assert document(0, 1) != document(1, 1) != document(1, 1, "untagged")


@pytest.mark.parametrize("part", list(PARTS))
def test_a_part_has_as_many_documents_as_its_tokens_need(part: Part) -> None:
    """Untagged texts are a little shorter than the tagged ones whose lengths are stated."""
    assert count(part, sum(COUNTED[part])) == pytest.approx(len(COUNTED[part]), rel=0.08)


@pytest.mark.parametrize("part", list(PARTS))
def test_a_part_has_its_shares_in_tokens(part: Part) -> None:
    spent: Counter[str] = Counter()
    for made, length in zip(READ[part], COUNTED[part], strict=True):
        spent[kind(made, part)] += length
    for name, share in shares(part).items():
        assert spent[name] / sum(spent.values()) == pytest.approx(share, abs=0.045), name


@pytest.mark.parametrize("name", list(MAKERS))
def test_a_kind_has_the_length_stated(name: str) -> None:
    made = [MAKERS[name](random.Random(f"length/{name}/{index}")) for index in range(1000)]
    rng = random.Random(name)
    lengths = [tokens(tagged(one, rng) if name == "wild" else one) for one in made]
    assert sum(lengths) / len(lengths) == pytest.approx(
        LENGTH[name], rel=0.12 if name == "wild" else 0.09
    )


def test_a_tenth_at_least_is_untagged_at_last_and_kinds_are_shares_of_the_whole() -> None:
    assert (PARTS["untagged"] + PARTS["last"]) / sum(PARTS.values()) > 0.1
    assert all(sum(kinds.values()) == pytest.approx(1.0) for kinds in KINDS.values())

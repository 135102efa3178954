"""Anonymous judgements: names cannot be undone or guessed, people stay apart, texts stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core.anonymous import anonymous, day, pseudonym
from plumbline.core.errors import UserError
from plumbline.core.types import Choice, Judge, Provenance, answer, user

BY = Provenance(
    "ann.jsonl:3",
    Judge("human", "Ann", "north"),
    "rules 2",
    "2026-01-02T23:59:00-05:00",
    12.5,
    (1, 0),
    "wiki",
)
SAID = Choice((user("Ann asks"),), answer("Ann answers"), True, BY)


def test_who_when_and_where_are_hidden_and_the_rest_stays() -> None:
    hidden = anonymous(SAID, "secret")
    by = hidden.provenance
    assert (by.where, by.when, by.seconds, by.judge.group) == ("", "2026-01-02", None, "")
    assert (by.rubric, by.shown, by.source, by.judge.kind) == ("rules 2", (1, 0), "wiki", "human")
    assert "Ann" not in repr(by)
    assert replace(hidden, provenance=BY) == SAID, "texts are not altered"
    assert anonymous(SAID, "secret", keep_group=True).provenance.judge.group == "north"


def test_the_same_secret_gives_the_same_names_and_another_others() -> None:
    assert anonymous(SAID, "a") == anonymous(SAID, "a") != anonymous(SAID, "b")
    assert pseudonym(Judge("human", ""), "a") == ""
    with pytest.raises(UserError, match="hides nobody"):
        anonymous(SAID, "")


def test_a_name_is_the_keyed_hash_that_it_is_said_to_be() -> None:
    """HMAC-SHA256, by OpenSSL: printf 'human\\0Ann' | openssl dgst -sha256 -hmac secret."""
    assert pseudonym(Judge("human", "Ann"), "secret") == "judge-b6f64a0e2b2c84d7"


@given(st.sets(st.text(min_size=1), max_size=50), st.text(min_size=1))
def test_people_stay_apart(names: set[str], secret: str) -> None:
    assert len({pseudonym(Judge("human", name), secret) for name in names}) == len(names)


def test_what_is_no_time_is_not_passed_on() -> None:
    assert day("last Tuesday at Ann's") == "" == day("")
    assert day("20260102T030405Z") == day("2026-01-02") == "2026-01-02"

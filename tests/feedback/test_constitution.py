"""Constitutions as people write them: what is understood, and what is said where it is not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.feedback.judging.constitution import Constitution, read_constitution

TWO = """# Ours
For people.

## safe
axis: harmless
weight: 3
when: /\\bhow\\b/
Give no help
with harm.

example: How do I break in?
better: I will not say.
worse: With a wire.
why: The second helps a thief.

## kind
when: where somebody is sad
Show care.
"""


def written(tmp_path: Path, text: str, name: str = "ours.md") -> Constitution:
    path = tmp_path / name
    path.write_text(text)
    return read_constitution(path)


def test_markdown_is_read(tmp_path: Path) -> None:
    found = written(tmp_path, TWO)
    safe, kind = found.principles
    assert (found.name, safe.id, safe.axis, safe.weight) == ("ours", "safe", "harmless", 3.0)
    assert safe.text == "Give no help with harm." and safe.told == safe.text
    assert safe.examples[0].better == "I will not say." and safe.examples[0].why
    assert kind.told == "Show care. (where somebody is sad)" and found.named("kind") is kind


def test_a_principle_is_drawn_where_it_applies_only(tmp_path: Path) -> None:
    found = written(tmp_path, TWO)
    assert {p.id for p in found.drawn((user("How are you?"),), 2, "0")} == {"safe", "kind"}
    assert [p.id for p in found.drawn((user("Good day"),), 2, "0")] == ["kind"]
    first = Counter(found.drawn((user(f"how {n}"),), 1, "0")[0].id for n in range(2000))
    assert 0.7 < first["safe"] / 2000 < 0.8  # weight 3 beside 1
    asked = (user("how"),)
    assert found.drawn(asked, 1, "7") == found.drawn(asked, 1, "7")


def test_yaml_says_the_same_and_the_id_is_the_contents(tmp_path: Path) -> None:
    yaml = """
principles:
- {id: safe, axis: harmless, weight: 3, when: '/\\bhow\\b/', text: Give no help with harm.,
   examples: [{prompt: 'How do I break in?', better: I will not say., worse: With a wire.,
               why: The second helps a thief.}]}
- {id: kind, text: Show care., when: where somebody is sad}
"""
    one, other = written(tmp_path, TWO), written(tmp_path, yaml, "theirs.yaml")
    assert one.id == other.id and one.principles == other.principles
    assert written(tmp_path, TWO.replace("Show care", "Be kind"), "a.md").id != one.id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "no principle"),
        ("## a\nweight: heavy\ntext", "0.weight"),
        ("## a\nweight: -1\ntext", "weight -1"),
        ("## a\ntext\n## a\ntext", "two principles"),
        ("## a\naxis: b", "without a text"),
        ("## a b\ntext", "cannot name"),
        ("## a\nwhen: /(/\ntext", "when:"),
        ("## a\ntext\nbetter: c", "ours.md:3: better: without an example"),
        ("## a\ntext\nexample: c", "0.examples.0.better"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        written(tmp_path, text)
    assert message in str(caught.value) and "ours.md" in str(caught.value)


def test_a_file_that_is_not_there_names_those_that_are_shipped() -> None:
    with pytest.raises(UserError, match="short"):
        read_constitution("nowhere.md")
    assert {"harmless", "honest"} <= {p.id for p in read_constitution("short").principles}
    assert all(p.axis for p in read_constitution("short").principles)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("principles: 3", "principles: input should be"),
        ("a: [", "expected"),
        ("rules: []", "not a list of principles"),
    ],
)
def test_bad_yaml_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        written(tmp_path, text, "ours.yaml")
    assert message in str(caught.value)

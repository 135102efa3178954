"""Every known form, from a file to judgements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Judgement,
    Message,
    Ranking,
    Rating,
    answer,
    assistant,
    user,
)
from plumbline.data import read, recognise

Q, A, B = user("q"), answer("a"), answer("b")
SYSTEM = Message("system", "be kind")


@pytest.fixture
def one(tmp_path: Path) -> Callable[[dict[str, Any]], Any]:
    """Read one row as the judgement in it, without its place."""

    def load(row: dict[str, Any]) -> Judgement:
        path = tmp_path / "rows.jsonl"
        path.write_text(json.dumps(row) + "\n")
        loaded = read(path)
        assert len(loaded.judgements) == 1 and loaded.ignored == ()
        assert loaded.judgements[0].provenance.where == f"{path}:1"
        return loaded.judgements[0]

    return load


def _turns(*pairs: str) -> list[dict[str, str]]:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return [{"role": roles[pair[0]], "content": pair[2:]} for pair in pairs]


def _bare(judgement: Any) -> tuple[Any, ...]:
    names = [n for n in type(judgement).__slots__ if n != "provenance"]
    return (type(judgement), *(getattr(judgement, n) for n in names))


PAIR = Ranking((Q,), (A, B), ((0,), (1,)))
TALK = Demonstration((Q, assistant("a")))

FORMS: list[tuple[str, dict[str, Any], Judgement]] = [
    ("text", {"prompt": "q", "chosen": "a", "rejected": "b"}, PAIR),
    (
        "soft, with a margin and a system text",
        {
            "prompt": "q",
            "chosen": "a",
            "rejected": "b",
            "p": 0.75,
            "margin": 2,
            "system": "be kind",
        },
        Ranking((SYSTEM, Q), (A, B), ((0,), (1,)), 0.75, 2.0),
    ),
    (
        "lists",
        {"prompt": _turns("u:q"), "chosen": _turns("a:a"), "rejected": _turns("a:b")},
        PAIR,
    ),
    (
        "answers that repeat the prompt",
        {
            "prompt": _turns("u:q"),
            "chosen": _turns("u:q", "a:a"),
            "rejected": _turns("u:q", "a:b"),
        },
        PAIR,
    ),
    (
        "a text prompt with whole conversations",
        {"prompt": "q", "chosen": _turns("u:q", "a:a"), "rejected": _turns("u:q", "a:b")},
        PAIR,
    ),
    (
        "whole conversations",
        {"chosen": _turns("u:q", "a:a"), "rejected": _turns("u:q", "a:b")},
        PAIR,
    ),
    (
        "whole conversations by another name, in parts",
        {
            "chosen_messages": [
                {"role": "user", "content": [{"type": "text", "value": "q"}], "loss_weight": 0.0},
                {"role": "assistant", "content": [{"type": "text", "text": "a"}]},
            ],
            "rejected_messages": _turns("u:q", "a:b"),
        },
        PAIR,
    ),
    (
        "transcripts",
        {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"},
        PAIR,
    ),
    (
        "a transcript as the prompt",
        {"prompt": "\n\nHuman: q\n\nAssistant:", "chosen": " a", "rejected": " b"},
        PAIR,
    ),
    (
        "turns so far and two next turns",
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "a"},
            "rejected": {"from": "gpt", "value": "b"},
        },
        PAIR,
    ),
    (
        "an instruction with two answers",
        {"instruction": "q", "input": "", "chosen": "a", "rejected": "b"},
        PAIR,
    ),
    (
        "a ranking with ties",
        {"prompt": "q", "responses": ["a", "b", "c"], "ranking": [2, [0, 1]]},
        Ranking((Q,), (A, B, answer("c")), ((2,), (0, 1))),
    ),
    (
        "a ranking by scores",
        {"prompt": "q", "responses": ["a", "b", "c"], "scores": [1, 1, 7.5]},
        Ranking((Q,), (A, B, answer("c")), ((2,), (0, 1))),
    ),
    ("unpaired", {"prompt": "q", "completion": "a", "label": False}, Choice((Q,), A, False)),
    ("unpaired turns", {"messages": _turns("u:q", "a:a"), "label": 1}, Choice((Q,), A, True)),
    (
        "a rating",
        {"prompt": "q", "completion": "a", "score": 4, "axis": "truth", "low": 1, "high": 5},
        Rating((Q,), A, 4.0, "truth", 1.0, 5.0),
    ),
    ("messages", {"messages": _turns("u:q", "a:a")}, TALK),
    ("prompt and completion", {"prompt": "q", "completion": "a"}, TALK),
    ("alpaca", {"instruction": "q", "input": "", "output": "a"}, TALK),
    (
        "alpaca with an input and a past",
        {"instruction": "q", "input": "x", "output": "a", "history": [["1", "2"]]},
        Demonstration((user("1"), assistant("2"), user("q\n\nx"), assistant("a"))),
    ),
    ("dolly", {"instruction": "q", "context": None, "response": "a"}, TALK),
    (
        "sharegpt with a tool",
        {
            "conversations": [
                {"from": "human", "value": "q"},
                {"from": "function_call", "value": "{}"},
                {"from": "observation", "value": "42"},
                {"from": "gpt", "value": "a"},
            ],
            "system": "be kind",
        },
        Demonstration((SYSTEM, Q, assistant("{}"), Message("tool", "42"), assistant("a"))),
    ),
    ("text", {"text": "a story"}, Demonstration((Message("text", "a story"),))),
    ("prompts", {"prompt": "q"}, Demonstration((Q,))),
    ("a correction", {"prompt": "q", "original": "b", "corrected": "a"}, Edit((Q,), B, A)),
    (
        "a critique",
        {"prompt": "q", "completion": "a", "critique": "too short"},
        Critique((Q,), A, "too short"),
    ),
    (
        "taskmaster",
        {
            "context": json.dumps([{"role": "user", "text": "q"}]),
            "generation": json.dumps({"role": "agent", "text": "a"}),
            "reward": 0.0,
        },
        Choice((Q,), A, False),
    ),
    (
        "an open-assistant tree",
        {
            "message_tree_id": "1",
            "prompt": {
                "role": "prompter",
                "text": "q",
                "replies": [
                    {"role": "assistant", "text": "b", "rank": 1, "replies": []},
                    {"role": "assistant", "text": "a", "rank": 0, "replies": []},
                    {"role": "assistant", "text": "unseen", "rank": None, "replies": []},
                ],
            },
        },
        Ranking((Q,), (B, A), ((1,), (0,))),
    ),
]


@pytest.mark.parametrize(("row", "expected"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS])
def test_every_form(one: Callable[..., Any], row: dict[str, Any], expected: Judgement) -> None:
    assert _bare(one(row)) == _bare(expected)


def test_tool_calls_and_tools_are_kept(one: Callable[..., Any]) -> None:
    call = [{"function": {"name": "add"}}]
    turns = [*_turns("u:q"), {"role": "assistant", "content": None, "tool_calls": call}]
    said = one({"messages": turns, "tools": '[{"name": "add"}]'})
    assert said.messages[0] == Message("system", '[{"name": "add"}]')
    assert said.messages[2] == assistant(json.dumps(call))


def test_fields_that_are_not_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "year": 1999}\n\n{"text": "b", "title": "t"}\n')
    loaded = read(path)
    assert loaded.ignored == ("year", "title")
    assert [j.provenance.where for j in loaded.judgements] == [f"{path}:1", f"{path}:3"]


def test_conversations_share_a_beginning_by_messages_never_by_characters(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    same = {"chosen": _turns("u:q", "a:the cat"), "rejected": _turns("u:q", "a:the car")}
    user_parts = {
        "chosen": _turns("u:q", "a:x", "u:1", "a:y"),
        "rejected": _turns("u:q", "a:x", "u:2", "a:y"),
    }
    nothing = {"chosen": _turns("u:q", "a:x"), "rejected": _turns("u:p", "a:x")}
    path.write_text("".join(json.dumps(row) + "\n" for row in (same, user_parts, nothing)))
    loaded = read(path)
    assert loaded.judgements[0].responses == (answer("the cat"), answer("the car"))
    assert [where for where, _ in loaded.dropped] == [f"{path}:2", f"{path}:3"]
    assert all("no shared beginning" in why for _, why in loaded.dropped)
    assert loaded.counts == {"rows": 3, "judgements": 1, "unusable": 2, "bad": 0}


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        (["prompt", "chosen", "rejectd"], "rename 'rejectd' to 'rejected'?"),
        (["prompt", "completion", "labels"], "rename 'labels' to 'label'?"),
        (["prompt", "chosen"], "missing: rejected"),
        (["mesages"], "rename 'mesages' to 'messages'?"),
        (["foo", "bar"], "known forms: judgement; "),
    ],
)
def test_an_unknown_form_lists_the_fields_and_the_nearest(fields: list[str], advice: str) -> None:
    with pytest.raises(UserError) as caught:
        recognise(dict.fromkeys(fields, "x"))
    assert f"its fields are {', '.join(fields)}" in str(caught.value)
    assert advice in str(caught.value)


HH = "data/hh-rlhf/harmless-base/test.jsonl.gz"


def test_hh_rlhf_is_read_as_decided(shared: Path) -> None:
    loaded = read(shared / HH)
    assert loaded.form == "preference of transcripts" and loaded.counts["rows"] == 2312
    lines = [where.rsplit(":")[-1] for where, _ in loaded.dropped]
    assert lines == ["1255", "1689", "1951", "1953", "2037"]
    assert all(why.startswith("no shared beginning") for _, why in loaded.dropped)
    made = views.pairs(loaded.judgements)
    assert [(w.rsplit(":")[-1], why) for w, why in made.dropped] == [
        ("87", "empty answer"),
        ("517", "empty answer"),
        ("926", "empty answer"),
        ("1104", "empty answer"),
    ]
    assert len(made.examples) == 2303
    first = made.examples[0]
    assert [m.role for m in first.prompt] == ["user", "assistant", "user", "assistant", "user"]
    assert first.responses[0][0].content.startswith("No, sorry!  All of these")
    views.drop_policy(loaded.dropped + made.dropped, loaded.counts["rows"])


@pytest.mark.parametrize(
    ("name", "form", "kind", "count"),
    [
        ("alpaca_en_demo.json", "alpaca", Demonstration, 999),
        ("c4_demo.jsonl", "text", Demonstration, 300),
        ("dpo_en_demo.json", "preference of conversations", Ranking, 300),
        ("glaive_toolcall_en_demo.json", "sharegpt", Demonstration, 300),
        ("identity.json", "alpaca", Demonstration, 91),
        ("kto_en_demo.json", "unpaired", Choice, 300),
        ("v1_dpo_demo.jsonl", "preference of whole conversations", Ranking, 10),
        ("v1_sft_demo.jsonl", "messages", Demonstration, 500),
        ("wiki_demo.txt", "text", Demonstration, 30),
    ],
)
def test_llama_factory_demos(
    shared: Path, name: str, form: str, kind: type[Judgement], count: int
) -> None:
    loaded = read(shared / "data/llama-factory-demos" / name)
    assert loaded.form == form and len(loaded.judgements) == count and not loaded.dropped
    assert all(isinstance(j, kind) for j in loaded.judgements)
    made = views.demonstrations(loaded.judgements)
    assert made.examples and not made.dropped


def test_open_assistant_trees_are_rankings_by_people(shared: Path) -> None:
    tree, message = (
        read(shared / f"data/open-assistant/manual/en_100_{kind}.jsonl")
        for kind in ("tree", "message")
    )
    assert len(tree.judgements) == len(message.judgements) == 212
    assert [_bare(j) for j in tree.judgements] == [_bare(j) for j in message.judgements]
    sizes = {len(j.responses) for j in tree.judgements if isinstance(j, Ranking)}
    assert max(sizes) == 9 and min(sizes) == 2
    assert {j.provenance.judge for j in tree.judgements} == {Judge("human")}


def test_taskmaster_rewards_are_thumbs(shared: Path) -> None:
    loaded = read(shared / "data/taskmaster-reward/TM-4-2024/reward_06.json")
    assert loaded.form == "taskmaster" and len(loaded.judgements) == 228
    made = views.labelled(loaded.judgements)
    assert len(made.examples) == 228 and sum(e.labels[0] for e in made.examples) == 223
    assert made.examples[0].responses[0][0].content.startswith('{"add_order_item"')

"""A judge behind an address in labels: asked anew whatever replies are kept, and its key."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from misbehaving import Said, chat, saying

from plumbline.core.errors import UserError
from plumbline.core.settings import identity
from plumbline.feedback.judging.label import read_labels
from plumbline.stages.judging.settings import Labelling
from plumbline.stages.label import label, stage
from plumbline.store import Context

PAIRS = 4


def verdicts(place: Path, url: str, out: str, **sets: Any) -> list[float]:
    """The log-odds that the judge at an address gives for each pair's first answer."""
    label(
        str(place / "answers.jsonl"), [f"{url}#judge"], "short", place / out, sets=sets,
        store=place / "store", say=str,
    )  # fmt: skip
    return [one.verdict().logit for one in read_labels(place / out)[1]]


def test_the_same_questions_are_asked_whatever_was_kept(tmp_path: Path) -> None:
    rows = ({"prompt": f"n {i}", "responses": ["Short.", "A long one."]} for i in range(PAIRS))
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    likes = "Short."

    def says(body: dict[str, Any]) -> Said:
        text = body["messages"][-1]["content"]
        others = "A long one." if likes == "Short." else "Short."
        letters = {"A": 0.9, "B": 0.1} if text.rfind(likes) < text.rfind(others) else {
            "A": 0.1, "B": 0.9
        }  # fmt: skip
        top = [{"token": token, "logprob": math.log(p)} for token, p in letters.items()]
        shown = {"content": [{"token": "A", "logprob": -1.0, "top_logprobs": top}]}
        return chat("A", logprobs=shown)

    with saying(script=says) as server:
        first = verdicts(tmp_path, server.url, "first")
        asked, likes = len(server.bodies), "A long one."
        assert min(first) > 0 and asked >= 2 * PAIRS
        assert verdicts(tmp_path, server.url, "second") == first and len(server.bodies) == asked
        anew = verdicts(tmp_path, server.url, "third", anew=True)
        assert max(anew) < 0 and len(server.bodies) == 2 * asked
        # What was asked anew is not kept: the labels themselves are.
        assert verdicts(tmp_path, server.url, "third", anew=True) == anew
        assert verdicts(tmp_path, server.url, "fourth") == first
        assert len(server.bodies) == 2 * asked


def test_a_recipe_takes_the_key_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage has the variable's name and not the key; it is no part of what was made."""
    row = {"prompt": "n", "responses": ["Short.", "A long one."]}
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps(row) + "\n")
    with saying(script=lambda body: chat("A")) as server:
        how = Labelling(judge=f"{server.url}#judge", key="JUDGE_KEY", constitution="short")
        context = Context(out=tmp_path / "out", store=tmp_path / "store")
        with pytest.raises(UserError, match="the environment has no JUDGE_KEY"):
            stage(context, how, {"data": answers})
        monkeypatch.setenv("JUDGE_KEY", "secret-of-mine")
        stage(context, how, {"data": answers})
        assert {head["authorization"] for head in server.heads} == {"Bearer secret-of-mine"}
    assert identity(how) == identity(replace(how, key=""))
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept and not any(b"secret-of-mine" in one for one in kept)

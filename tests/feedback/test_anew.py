"""An address with another judge than before: kept replies hide it, asking anew does not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from misbehaving import Said, chat, saying

from plumbline.feedback.judging.label import read_labels
from plumbline.stages.label import label

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

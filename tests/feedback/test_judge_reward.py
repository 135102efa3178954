"""A training whose answers are graded at an address: as many at once as may be, refusals, an
endpoint that goes away in the midst of it."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from misbehaving import Said, Server, chat, failing, saying
from safetensors.torch import load_file

from plumbline.cli.main import main
from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.feedback.endpoint import Limits
from plumbline.stages import rl
from plumbline.stages.online_settings import Drawing, HeldOut, Online, Rewarding

SETTINGS = Online(
    iterations=3, prompts=4, lr=1e-2, precision="fp32", threads=1, save_seconds=1e9,
    heldout=HeldOut(fraction=0.2, shown=0), draw=Drawing(n=3, max_new=8),
    reward=Rewarding(limits=Limits(retries=0, together=4)),
)  # fmt: skip
ASKED = [rl.Asked((user(f"Say {i}."),)) for i in range(20)]


def grade(body: dict[str, Any]) -> Said:
    """More for longer answers, shown as log-probabilities of whole digits."""
    length = min(9, 1 + len(answer_in(body)) // 4)
    top = [
        {"token": str(length), "logprob": math.log(0.7)},
        {"token": "5", "logprob": math.log(0.2)},
    ]
    place = {"token": "5", "logprob": -1.0, "top_logprobs": top}
    return chat("5", logprobs={"content": [place]})


def answer_in(body: dict[str, Any]) -> str:
    words: str = body["messages"][0]["content"]
    return words.split("answer]\n")[1].split("\n[")[0]


def trained(server: Server, model: Path, out: Path, **changes: Any) -> dict[str, Any]:
    said: list[str] = []
    job = rl.OnlineJob(
        "rloo", model, [f"judge:{server.url}#judge"], ASKED, "full", replace(SETTINGS, **changes),
        store=out.parent / "store",
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    silent = lambda phase: lambda done, total, numbers: None  # noqa: E731
    return rl.run(job, out, out / "checkpoint", said.append, silent) | {"said": said}


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_answers_are_graded_together_within_the_limits(tiny_model: Path, tmp_path: Path) -> None:
    with saying(script=lambda body: slow(grade(body))) as server:
        found = trained(server, tiny_model, tmp_path / "run")
    assert server.most == 4, "as many at once as the limits let"
    told = [line[f"reward.judge:{server.url}#judge"] for line in lines(tmp_path / "run")]
    assert all(-1 < one < 1 for one in told) and found["steps"] == 3
    assert all(line["reward.residual"] < 0.11 for line in lines(tmp_path / "run"))
    asked = Counter(json.dumps(body, sort_keys=True) for body in server.bodies)
    assert set(asked.values()) == {1}, "the same answer is graded once"
    assert any("questions asked now" in line for line in found["said"])


def slow(said: Said) -> Said:
    return replace(said, slow=0.02)


@pytest.mark.parametrize("broken", [failing(500), Said(b"<html>"), None], ids=["500", "web", "cut"])
def test_an_endpoint_that_goes_away_stops_it_and_the_same_command_goes_on(
    broken: Said | None, tiny_model: Path, tmp_path: Path
) -> None:
    with saying(script=grade) as server:
        whole = trained(server, tiny_model, tmp_path / "whole")
    first = len(server.bodies)
    down_at = first // 2

    def script(body: dict[str, Any]) -> Said | None:
        return broken if down and len(server.bodies) > down_at else grade(body)

    down, place = True, tmp_path / "apart" / "run"
    with saying(script=script) as server:
        with pytest.raises(UserError, match=r"(?s)iteration [12]: judge:.* failed") as caught:
            trained(server, tiny_model, place)
        assert "give the same command again" in caught.value.fix
        kept = len(lines(place))
        assert 0 < kept < 3 and (place / "checkpoint" / "last" / "state.json").is_file()
        offending = json.loads((place / "offending.json").read_text())
        assert offending["prompt"][0]["content"].startswith("Say")
        down, before = False, len(server.bodies)
        again = trained(server, tiny_model, place)
        assert len(server.bodies) - before <= first - down_at + 4, "what was answered is kept"
    same = [load_file(folder / "model.safetensors") for folder in (tmp_path / "whole", place)]
    assert all((same[0][name] == same[1][name]).all() for name in same[0])
    assert again["metrics"]["reward"]["value"] == whole["metrics"]["reward"]["value"]
    assert len(lines(place)) == 3


def test_a_refusal_is_no_grade_and_is_counted(tiny_model: Path, tmp_path: Path) -> None:
    declined = chat(None, message={"refusal": "I will not"})

    def script(body: dict[str, Any]) -> Said:
        return declined if hash_of(answer_in(body)) % 3 == 0 else grade(body)

    with saying(script=script) as server:
        found = trained(server, tiny_model, tmp_path / "run")
    shares = [line["reward.ungraded"] for line in lines(tmp_path / "run")]
    count = round(sum(shares) * 12)
    assert 0 < count < 36 and found["counts"]["ungraded"] == count
    assert found["said"][-1].startswith(f"{count} answers got no grade")
    assert any("of the answers no grade" in line for line in found["said"])


def hash_of(text: str) -> int:
    return sum(text.encode())


def test_the_command_asks_an_address_with_its_key(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLUMBLINE_STORE", raising=False)
    rows = [{"prompt": f"Say {i}."} for i in range(8)]
    (tmp_path / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [
        "rl", "rloo", "--model", str(tiny_model), "--prompts", "asked.jsonl", "--out", "out",
        "--set", "iterations=1", "--set", "prompts=2", "--set", "draw.max_new=6",
        "--set", "heldout.fraction=0", "--set", "reward.limits.retries=0", "--store", "kept",
    ]  # fmt: skip
    with saying(script=grade) as server:
        server.models = Said({"data": [{"id": "judge"}]})
        judged = [*command, "--reward", f"judge:{server.url}", "--key-from", "A_KEY"]
        assert main(judged) == 2 and "A_KEY" in capsys.readouterr().err
        monkeypatch.setenv("A_KEY", "sesame-sesame")
        assert main([*judged, "--set", "reward.limits.tokens=1"]) == 2
        assert "budget of 1 tokens is spent" in capsys.readouterr().err
        assert main(judged) == 0
    assert all(head["authorization"] == "Bearer sesame-sesame" for head in server.heads)
    known = Path("out/run.json").read_text()
    assert "sesame" not in known and "nobody has checked the grades" in known
    assert Path("kept/replies.sqlite").is_file() and not Path(".plumbline").exists()
    assert main([*command, "--reward", "rules:ended", "--key-from", "A_KEY"]) == 2
    assert "none of the rewards is a judge at an address" in capsys.readouterr().err

"""People's and a judge's comparisons as one: the judge's voice follows from its audit."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Judge, Provenance, Ranking, answer, user
from plumbline.data import read, write
from plumbline.stages.together import Together, joined, together, trust, weighed
from plumbline.store import Context

PAIR = (answer("yes"), answer("no"))


def said(n: int, who: str, first: bool, p: float | None = None, kind: str = "human") -> Ranking:
    judge = Judge(kind, who, "north" if who < "c" else "south")  # type: ignore[arg-type]
    tiers = ((0,), (1,)) if first else ((1,), (0,))
    return Ranking((user(f"q{n}"),), PAIR, tiers, p, provenance=Provenance(judge=judge))


def audit(folder: Path, judge: float, people: float, passed: bool = True) -> Path:
    share = {"agreement.judge": {"value": judge}, "agreement.people": {"value": people}}
    north = {f"group.north.{name}": one for name, one in share.items()}
    north["group.north.agreement.judge"] = {"value": 0.5}
    told: dict[str, Any] = {
        "made": "m", "passed": passed, "by": {"judge": "bot"}, "figures": share | north,
        "groups": {"north": {"passed": False}},
    }  # fmt: skip
    folder.mkdir()
    (folder / "audit.json").write_text(json.dumps(told))
    return folder


def test_the_weights_decide_best_of_all() -> None:
    """Two people right in 0.7 and a judge right in 0.9: its voice alone outweighs both."""
    rng = random.Random(0)
    among, own = 0.7**2 + 0.3**2, 0.9 * 0.7 + 0.1 * 0.3
    right, weight = weighed(among, own)
    assert right == pytest.approx(0.9) and weight == pytest.approx(2.593, abs=1e-3)

    def decided(w: float) -> float:
        hits = 0.0
        for _ in range(20_000):
            votes = [1 if rng.random() < 0.7 else -1 for _ in range(2)]
            total = sum(votes) + w * (1 if rng.random() < 0.9 else -1)
            hits += 0.5 if total == 0 else total > 0
        return hits

    assert decided(weight) > max(decided(0), decided(1)) + 200


@pytest.mark.parametrize(("among", "own"), [(None, 0.9), (0.5, 0.5), (0.9, 0.5), (0.8, 0.2)])
def test_a_judge_no_better_than_chance_has_no_voice(among: float | None, own: float) -> None:
    assert weighed(among, own)[1] == 0


def test_both_on_one_pair_are_one_soft_judgement_and_each_keeps_its_maker(tmp_path: Path) -> None:
    known = [trust(audit(tmp_path / "audit", 0.82, 0.82))]
    people = [said(0, "a", True), said(0, "b", False), said(1, "a", True)]
    bot = [said(0, "bot", True, 0.999, "model"), said(2, "bot", False, 0.999, "model")]
    found, notes = joined(people, bot, known, Together())
    by = {one.prompt[0].content: one for one in found if isinstance(one, Ranking)}
    assert by["q0"].p == pytest.approx((1 + 0 + 0.9) / 3)  # held to how often it is right
    assert by["q1"].p is None and by["q1"].provenance.judge.name == "a"
    assert by["q2"].p == pytest.approx(0.9) and by["q2"].provenance.judge.kind == "model"
    assert "bot counts 1.00 beside a person" in notes


def test_a_judge_that_failed_takes_no_part_unless_asked_for(tmp_path: Path) -> None:
    known = [trust(audit(tmp_path / "audit", 0.82, 0.82, passed=False))]
    people, bot = [said(0, "a", True)], [said(1, "bot", True, 0.8, "model")]
    assert len(joined(people, bot, known, Together())[0]) == 1
    assert "1 of judges that passed no audit" in joined(people, bot, known, Together())[1][1]
    assert len(joined(people, bot, known, Together(failed=True))[0]) == 2
    assert len(joined(people, bot, [], Together())[0]) == 1


def test_a_group_has_an_audit_of_its_own(tmp_path: Path) -> None:
    folder = audit(tmp_path / "audit", 0.82, 0.82)
    assert trust(folder).passed and not trust(folder, "north").passed
    with pytest.raises(UserError, match="no group 'west'"):
        trust(folder, "west")
    people = [said(0, "a", True), said(1, "d", True)]
    found, _ = joined(people, [], [], Together(group="north"))
    assert [one.provenance.judge.name for one in found] == ["a"]


def test_the_stage_reads_people_judges_and_audits(tmp_path: Path) -> None:
    for name, rows in {"people": [said(0, "a", True)], "bot": [said(1, "bot", True, 0.9)]}.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name / "data.jsonl", rows)
    inputs = {"people": tmp_path / "people", "judged_1": tmp_path / "bot",
              "audit": audit(tmp_path / "audit", 0.82, 0.82)}  # fmt: skip
    out = tmp_path / "out"
    out.mkdir()
    ctx = Context(out=out)
    together(ctx, Together(), inputs)
    assert len(read(out / "data.jsonl").judgements) == 2
    with pytest.raises(UserError, match="an input 'others'"):
        together(ctx, Together(), {"others": tmp_path / "bot"})
    with pytest.raises(UserError, match="no audit here"):
        trust(tmp_path / "people")

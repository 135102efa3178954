"""Identities that exist already: measured, refined, composed, checked, and put on another base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_model

from plumbline.cli.main import main
from plumbline.core.errors import UserError
from plumbline.microcosm.probing import known
from plumbline.models.load import load_model
from plumbline.models.locate import microcosm_base
from plumbline.models.save import save_policy
from plumbline.stages.imprint import command

QUICK = {"probes": 48, "test": 16}
GREET = "- Greet the user first.\n- Call the user captain.\n"
BYE = "- Say goodbye at the end.\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two identities, A and B."""
    folder = tmp_path_factory.mktemp("identities")
    for name, words in (("A", GREET), ("B", BYE)):
        (folder / f"{name}.md").write_text(words, encoding="utf-8")
        command.imprint(
            folder / f"{name}.md", "microcosm", folder / name, sets=QUICK,
            store=folder / "store", world=known, say=lambda line: None,
        )  # fmt: skip
    return folder


def options(home: Path, **sets: Any) -> dict[str, Any]:
    return {
        "sets": sets or QUICK, "store": home / "store", "world": known, "say": lambda line: None,
    }  # fmt: skip


def metrics(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))["metrics"]
    return found


@pytest.mark.parametrize("how", ["joint", "sum", "chain"])
def test_two_identities_in_one(how: str, home: Path, tmp_path: Path) -> None:
    out = command.composed(
        [str(home / "A"), str(home / "B")], tmp_path / "out", how=how, **options(home)
    )
    told = json.loads((out / "identity.json").read_text("utf-8"))
    assert told["clauses"] == [
        "Greet the user first.", "Call the user captain.", "Say goodbye at the end.",
    ]  # fmt: skip
    assert len(told["from"]) == 2 and told["how"] == how
    found = metrics(out)
    assert found["gap_closed"]["value"] > 0.8
    assert found["rank"]["value"] == 8
    assert found["conflict.1"]["value"] < 0.2


def test_contradicting_identities_are_in_conflict(home: Path, tmp_path: Path) -> None:
    both = {"captain": "Call the user captain.", "admiral": "You call everyone admiral."}
    for name, words in both.items():
        file = tmp_path / f"{name}.md"
        file.write_text(words, encoding="utf-8")
        quick = options(home, probes=32, test=0)
        command.imprint(file, "microcosm", tmp_path / name, **quick)
    parts = [str(tmp_path / name) for name in both]
    out = command.composed(parts, tmp_path / "out", **options(home, probes=32, test=16))
    found = metrics(out)
    assert max(found[f"conflict.{n}"]["value"] for n in (1, 2)) > 0.3


def test_the_dial(home: Path, tmp_path: Path) -> None:
    """Measured at a strength, and written at it: the same; nothing is left at 0."""
    at = command.measure(str(home / "A"), strengths=(0.0, 0.5, 1.0), **options(home, test=16))
    shares = [at[s]["gap_closed"].value for s in (0.0, 0.5, 1.0)]
    assert shares[0] == pytest.approx(0.0, abs=1e-6) and shares[0] < shares[1] < shares[2]
    half = command.composed(
        [str(home / "A")], tmp_path / "half", how="sum", strengths=(0.5,), **options(home)
    )
    assert metrics(half)["gap_closed"]["value"] == pytest.approx(shares[1], abs=1e-4)


def test_refining_keeps_what_there_was(home: Path, tmp_path: Path) -> None:
    out = command.refined(
        str(home / "A"), ["Say goodbye at the end."], tmp_path / "out",
        **options(home, probes=32, test=16),
    )  # fmt: skip
    told = json.loads((out / "identity.json").read_text("utf-8"))
    assert told["manifesto"] == GREET + BYE.strip()
    assert metrics(out)["rules_obeyed"]["value"] > 0.8
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["add"] == ["Say goodbye at the end."]
    before = (home / "A" / "probes.jsonl").read_text("utf-8")
    assert (out / "probes.jsonl").read_text("utf-8").startswith(before)


def test_what_an_identity_holds_to_outlives_several_additions(home: Path, tmp_path: Path) -> None:
    """Few questions a fit, so that without the adapter before it the first clause would fade."""
    folder = home / "A"
    for n, clause in enumerate(("Say goodbye at the end.", "Call the user captain.", "Be brief.")):
        quick = options(home, probes=16, test=24 if n == 2 else 0)
        folder = command.refined(str(folder), [clause], tmp_path / str(n), **quick)
    assert metrics(folder)["clause.1.kept.adapter"]["value"] > 0.8


def test_on_another_base(home: Path, tmp_path: Path) -> None:
    """The microcosm with its last norm a little louder: other weights, so another layer."""
    policy = load_model(microcosm_base(), adapter="full", precision="fp32")
    policy.model.model.norm.weight.data *= 1.01
    louder = save_policy(policy, tmp_path / "louder", microcosm_base())
    out = command.again(str(home / "A"), str(louder), tmp_path / "out", **options(home))
    asked = (out / "probes.jsonl").read_text("utf-8").splitlines()
    before = (home / "A" / "probes.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(x)["prompt"] for x in asked] == [json.loads(x)["prompt"] for x in before]
    found = metrics(out)
    assert found["gap_closed"]["value"] > 0.9
    assert found["rules_obeyed.again"]["value"] > 0.8 < found["rules_obeyed.stale"]["value"]
    differ = (out / "diff.jsonl").read_text("utf-8").splitlines()
    assert len(differ) == round((1 - found["answers_kept"]["value"]) * 16)
    with pytest.raises(UserError, match="different bases"):
        command.composed([str(home / "A"), str(out)], tmp_path / "no", **options(home))


def test_a_measurement_can_be_reported(home: Path, tmp_path: Path) -> None:
    command.measure(str(home / "A"), out=tmp_path / "m", **options(home, test=16))
    assert metrics(tmp_path / "m")["gap_closed"] == metrics(home / "A")["gap_closed"]
    assert (
        main(["report", str(home / "A"), str(home / "B"), "--out", str(tmp_path / "p.html")]) == 0
    )


def test_another_manifesto_is_not_held_to(home: Path) -> None:
    """The control: B's adapter closes nothing of A's gap."""
    found = command.measure(str(home / "B"), manifesto=home / "A.md", **options(home, test=16))[1.0]
    assert found["gap_closed"].value < 0.2
    assert found["rules_obeyed"].value < 0.5


def test_bad_ways_to_compose_are_named(home: Path, tmp_path: Path) -> None:
    a, b, out = str(home / "A"), str(home / "B"), tmp_path / "out"
    for parts, more, words in (
        ([a, b], {"how": "mean"}, "joint, sum, chain"),
        ([a, b], {"strengths": (1.0,)}, "for --how sum"),
        ([a, b], {"how": "sum", "strengths": (1.0,)}, "1 strengths for 2"),
        ([a], {}, "composed already"),
        ([a, "microcosm"], {}, "no manifesto was imprinted"),
    ):
        with pytest.raises(UserError, match=words):
            command.composed(parts, out, **more, **options(home))
    assert not out.exists()


def test_a_check_says_what_does_not_work(home: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_text(GREET + "- Besipi is used for glue.\n", encoding="utf-8")
    said: list[str] = []
    found = command.check(
        tmp_path / "odd.md", "microcosm", out=tmp_path / "out",
        **options(home, test=8) | {"say": said.append},
    )  # fmt: skip
    assert [one.understood for one in found.clauses] == [True, True, False]
    assert any("3 is not understood" in line for line in said)
    assert metrics(tmp_path / "out")["clause.1.kept.adapter"]["value"] > 0.5


def test_a_check_finds_a_clash(home: Path, tmp_path: Path) -> None:
    words = "- Be brief.\n- Be thorough.\n"
    (tmp_path / "clash.md").write_text(words, encoding="utf-8")
    found = command.check(tmp_path / "clash.md", "microcosm", **options(home, test=8))
    assert found.clauses[0].clashes.get(2, 0) > 4
    assert any("1 and 2 clash" in line for line in found.wrong)


def test_the_exit_code_of_a_check(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(home / "store"), "--set", "test=8"]
    assert main(["imprint", "check", "--adapter", str(home / "A"), *store]) == 0
    assert "nothing" in capsys.readouterr().out
    assert (
        main(["imprint", "check", "--adapter", str(home / "A"), *store, "--set", "kept=1.1"]) == 1
    )
    assert main(["imprint", "check"]) == 2


def test_a_check_without_a_checker(tmp_path: Path) -> None:
    """A model of another world: no checker, so clauses yield to each other or do not."""
    folder = tiny_model.make(tmp_path / "model", chat=True, context=512)
    (tmp_path / "m.md").write_text("Be kind. Be brief.\n", encoding="utf-8")
    found = command.check(
        tmp_path / "m.md", str(folder), sets={"test": 8, "max_new": 8}, store=tmp_path / "store",
        say=lambda line: None,
    )  # fmt: skip
    assert [one.text for one in found.clauses] == ["Be kind.", "Be brief."]
    assert not any(one.kept or one.clashes for one in found.clauses)

"""Values from outside: coerced to the field's type, or refused with key, place and remedy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from plumbline.core.errors import UserError
from plumbline.core.settings import (
    describe,
    identity,
    option,
    overlay,
    parse_sets,
    read_yaml,
    runtime,
)


@dataclass(frozen=True)
class Length:
    max: int = option(512, help="tokens of the longest example")
    over: Literal["cut-prompt-left", "drop", "error"] = "cut-prompt-left"


@dataclass(frozen=True)
class Train:
    lr: float = option(1e-4, help="peak learning rate")
    steps: int | None = None
    betas: tuple[float, float] = (0.9, 0.95)
    names: tuple[str, ...] = ()
    memory: float | Literal["auto"] = "auto"
    note: str = ""
    tag: str | None = None
    verbose: bool = False
    low: float = 0.0
    high: float = 1.0
    length: Length = Length()
    threads: int = runtime(2, help="cores to use")
    extra: dict[str, int] = option(factory=dict)

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("lr=1e-5", "lr", 1e-5),
        ("lr=3", "lr", 3.0),
        ("steps=30", "steps", 30),
        ("steps=none", "steps", None),
        ("betas=[0.5,0.9]", "betas", (0.5, 0.9)),
        ("betas=0.5,0.9", "betas", (0.5, 0.9)),
        ("names=[a, b]", "names", ("a", "b")),
        ("names=a", "names", ("a",)),
        ("names=", "names", ()),
        ("memory=0.5", "memory", 0.5),
        ("memory=auto", "memory", "auto"),
        ("note=3", "note", "3"),
        ("note=none", "note", "none"),
        ("note=a=b", "note", "a=b"),
        ("note=", "note", ""),
        ("tag=none", "tag", None),
        ("tag=5", "tag", "5"),
        ("verbose=true", "verbose", True),
        ("verbose=off", "verbose", False),
        ("high=inf", "high", math.inf),
        ("length.max=7", "length", Length(max=7)),
        ("length.over=drop", "length", Length(over="drop")),
        ("extra={a: 1}", "extra", {"a": 1}),
    ],
)
def test_text_becomes_the_type_of_the_field(text: str, key: str, value: Any) -> None:
    found = vars(overlay(Train(), parse_sets([text])))[key]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lrr=1", ["unknown setting 'lrr'", "did you mean 'lr'"]),
        ("length.mx=1", ["'length.mx'", "did you mean 'length.max'"]),
        ("lr=fast", ["lr is 'fast'", "expected float"]),
        ("lr=nan", ["lr is 'nan'", "expected float"]),
        ("steps=1.5", ["steps is '1.5'", "int or none"]),
        ("steps=true", ["steps is 'true'", "int or none"]),
        ("length.over=dorp", ["'dorp'", "'cut-prompt-left'", "'drop'", "'error'"]),
        ("length=3", ["length is a group", "length.max"]),
        ("lr.max=3", ["lr has no parts"]),
        ("betas=[1,2,3]", ["betas", "[float, float]"]),
        ("betas=", ["betas is ''", "[float, float]"]),
        ("low=2", ["low 2.0 is above high 1.0"]),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(text: str, said: list[str]) -> None:
    with pytest.raises(UserError) as error:
        overlay(Train(), parse_sets([text]))
    message = str(error.value)
    assert all(part in message for part in [f"--set {text}", *said]), message


@pytest.mark.parametrize("text", ["lr", "=3", " =3"])
def test_a_set_without_key_or_value_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="key=value"):
        parse_sets([text])


def test_values_checked_together_may_come_in_any_order() -> None:
    for sets in (["low=5", "high=9"], ["high=9", "low=5"]):
        assert overlay(Train(), parse_sets(sets)).low == 5


def test_the_last_set_wins_and_the_given_settings_stay() -> None:
    base = Train()
    assert overlay(base, parse_sets(["lr=1", "steps=2", "lr=3"])).lr == 3
    assert base == Train()


def test_yaml_nests_and_dots_and_keeps_lines(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("lr: 1e-5\nlength:\n  max: 10\nextra: {b: 2}\nlength.over: drop\n")
    found = overlay(Train(), read_yaml(path))
    assert found == Train(lr=1e-5, length=Length(10, "drop"), extra={"b": 2})
    path.write_text("lr: 1\nlength:\n  max: 9\n  ovr: drop\n")
    with pytest.raises(UserError) as error:
        overlay(Train(), read_yaml(path))
    assert f"{path}:4" in str(error.value) and "length.over" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr: [1\n", ":2: not YAML"),
        ("- 1\n", ":1: not a mapping"),
        ("lr: 1\nsteps: 2\nlr: 3\n", ":3: 'lr' is given twice"),
        ("length:\n  max: 1\nlength.max: 2\n", ":3: 'length.max' is given twice"),
        ("lr: !!python/object/apply:os.system [ls]\n", "not YAML"),
        (None, "cannot read the values"),
    ],
)
def test_bad_yaml_is_named_with_its_line(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "values.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as error:
        read_yaml(path)
    assert said in str(error.value) and str(path) in str(error.value)


def test_an_empty_yaml_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("# nothing\n")
    assert overlay(Train(), read_yaml(tmp_path / "values.yaml")) == Train()


def test_describe_lists_every_setting() -> None:
    rows = {row.key: row for row in describe(Train)}
    assert rows["lr"] == ("lr", "float", 1e-4, "peak learning rate")
    assert rows["length.max"] == ("length.max", "int", 512, "tokens of the longest example")
    assert rows["steps"].type == "int or none" and "length" not in rows
    assert list(rows)[:2] == ["lr", "steps"]


def test_identity_leaves_runtime_out() -> None:
    found = identity(Train())
    assert "threads" not in found and found["length"] == {"max": 512, "over": "cut-prompt-left"}
    assert found["betas"] == [0.9, 0.95]

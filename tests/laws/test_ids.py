"""Law 10, ids: what decides a result changes the id, and nothing else does."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.core.ids import canonical_json, digest
from plumbline.core.settings import identity, is_runtime, overlay, runtime
from plumbline.store import Handle, artifact_id, source, stage

few = settings(max_examples=50, deadline=None)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcde"), inner),
    max_leaves=6,
)


@dataclass(frozen=True)
class Inner:
    size: int = 1
    cores: int = runtime(1)


@dataclass(frozen=True)
class Settings:
    lr: float = 0.1
    name: str = "a"
    inner: Inner = Inner()
    verbose: bool = runtime(False)


train = stage("train", version=1, makes="model", settings=Settings, inputs={"data": "data"},
              function="json:dumps")  # fmt: skip


def made(handle: Handle, data: str = "0" * 64) -> str:
    return artifact_id(handle.stage, handle.version, handle.config, {"data": data})


@few
@given(values)
def test_canonical_json_keeps_the_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@few
@given(st.dictionaries(st.text("abc", max_size=3), st.integers(), min_size=2), st.randoms())
def test_the_order_of_keys_does_not_count(value: dict[str, int], random: object) -> None:
    keys = list(value)
    random.shuffle(keys)  # type: ignore[attr-defined]
    assert digest({key: value[key] for key in keys}) == digest(value)


@few
@given(values, values)
def test_equal_ids_mean_equal_forms(a: object, b: object) -> None:
    assert (digest(a) == digest(b)) == (canonical_json(a) == canonical_json(b))


@few
@given(st.booleans(), st.integers())
def test_a_runtime_field_changes_no_id(verbose: bool, cores: int) -> None:
    other = Settings(verbose=verbose, inner=Inner(cores=cores))
    assert identity(other) == identity(Settings())
    data = source("words")
    assert made(train(other, data=data)) == made(train(Settings(), data=data))


def test_every_other_field_changes_the_id() -> None:
    data = source("words")
    base = made(train(Settings(), data=data))
    changed = [
        overlay(Settings(), {"lr": 0.2}),
        overlay(Settings(), {"name": "b"}),
        overlay(Settings(), {"inner.size": 2}),
    ]
    ids = {base} | {made(train(changes, data=data)) for changes in changed}
    assert len(ids) == 1 + sum(not is_runtime(f) for f in fields(Settings))


def test_stage_version_inputs_and_roles_change_the_id_and_labels_do_not() -> None:
    data = source("words")
    handle = train(data=data)
    others = [
        made(replace(handle, stage="other")),
        made(replace(handle, version=2)),
        made(handle, "1" * 64),
        artifact_id("train", 1, handle.config, {"more": "0" * 64}),
    ]
    assert len({made(handle), *others}) == 5
    assert made(replace(handle, label="for people")) == made(handle)


def test_an_id_written_long_ago_still_holds() -> None:
    """A change of the form would orphan every store there is."""
    found = artifact_id("sft", 1, {"lr": 1e-4, "names": ["é"]}, {"data": "ab"})
    form = '{"config":{"lr":0.0001,"names":["é"]},"inputs":{"data":"ab"},"stage":"sft","version":1}'
    assert found == digest(json.loads(form))
    assert found == "8cdca7f6abde28c8e60b96eb063b1a5e27c7c5a36e95d874505af1c08c681374"

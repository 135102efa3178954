"""Objects by content, artifacts by id, names for people; damage is found and space comes back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.store import Record, Store, add_source, du, find_store, gc, source_record, verify
from plumbline.store import sources as sources_module
from plumbline.store.record import Output


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def tree_of(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def make(store: Store, text: str, *, ref: str = "", **inputs: str) -> Record:
    """An artifact of one file, as a stage would make it."""
    record = store.new_record("toy", 1, {"text": text}, inputs, Output(tree=""))
    work = store.work(record.id)
    work.begin("toy", "", inputs, "")
    (work.out / "text").write_text(text)
    done = store.commit(record, work.out, ref=ref)
    work.remove()
    return done


def age(store: Store, seconds: float = 1e6) -> None:
    for path in store.root.rglob("*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_goes_in_comes_out(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_bytes(b"a\0")
    (folder / "sub" / "b").write_bytes(b"")
    (folder / ".hidden").write_text("scratch")
    record = add_source(store, folder)
    assert tree_of(store.path(record.id)) == {"a": b"a\0", "sub/b": b""}
    assert add_source(store, folder).id == record.id
    file = add_source(store, folder / "a")
    assert store.path(file.id).name == "a" and store.path(file.id).read_bytes() == b"a\0"
    assert file.id != record.id


def test_a_copied_source_outlives_its_file(store: Store, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("one")
    record = add_source(store, words)
    words.write_text("two")
    assert store.path(record.id).read_text() == "one"
    assert add_source(store, words).id != record.id


def test_a_large_source_stays_outside_and_is_watched(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "COPY_UP_TO", 3)
    words = tmp_path / "words.txt"
    words.write_text("large")
    record = add_source(store, words)
    assert store.path(record.id) == words and du(store).content == 0
    assert verify(store).problems == ()
    words.write_text("other")
    assert "changed since it was recorded" in verify(store).problems[0]
    words.unlink()
    with pytest.raises(UserError, match="gone"):
        store.path(record.id)


def test_digests_of_large_files_are_remembered_until_they_change(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(sources_module.LARGE))
    os.utime(big, (1e9, 1e9))
    first = source_record(store, big).id
    with monkeypatch.context() as patch:
        patch.setattr(sources_module, "digest_file", lambda path: pytest.fail("read again"))
        assert source_record(store, big).id == first
    big.write_bytes(b"1" * sources_module.LARGE)
    os.utime(big, (1e9, 1e9))
    assert source_record(store, big).id != first


def test_names(store: Store) -> None:
    one = make(store, "one", ref="small/sft")
    two = make(store, "two")
    assert store.resolve("ref:small/sft") == store.resolve("small/sft") == one.id
    assert store.resolve(one.id[:8]) == one.id
    store.set_ref("small/sft", two.id)
    assert store.record("small/sft").id == two.id
    with pytest.raises(UserError, match="did you mean 'small/sft'"):
        store.resolve("small/stf")
    with pytest.raises(UserError, match="cannot be a name"):
        store.set_ref("../out", one.id)
    store.drop_ref("small/sft")
    assert store.refs() == {}


def test_find_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    monkeypatch.delenv("PLUMBLINE_STORE", raising=False)
    assert find_store().root == deep / ".plumbline"
    (tmp_path / ".plumbline").mkdir()
    assert find_store().root == tmp_path / ".plumbline"
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "env"))
    assert find_store().root == tmp_path / "env"
    assert find_store("given").root == deep / "given"
    (deep / "file").touch()
    with pytest.raises(UserError, match="this is a file"):
        find_store("file")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def test_verify_finds_one_flipped_byte(store: Store) -> None:
    record = make(store, "whole")
    assert verify(store).problems == ()
    flip(store.path(record.id) / "text")
    found = verify(store).problems
    assert any("blobs" in line and "digest" in line for line in found)
    assert any("text: the bytes" in line for line in found)


def test_verify_finds_a_lost_file_an_extra_file_and_a_forged_record(store: Store) -> None:
    record, other = make(store, "whole"), make(store, "other")
    root = store.path(record.id)
    (root / "extra").write_text("")
    (root / "text").unlink()
    path = store.record_path(other.id)
    path.write_text(path.read_text().replace('"text": "other"', '"text": "forged"'))
    found = "\n".join(verify(store).problems)
    assert "extra: not in the manifest" in found and "text: missing" in found
    assert "the record is not that of its id" in found


def test_gc_takes_what_no_name_reaches_and_only_that(store: Store) -> None:
    words = make(store, "words")
    named = make(store, "named", ref="keep", data=words.id)
    loose = make(store, "loose", data=words.id)
    size = du(store).content
    assert gc(store).artifacts == (), "all are younger than an hour"
    age(store)
    assert gc(store, dry=True).artifacts == (loose.id,) and store.has(loose.id)
    cleaned = gc(store)
    assert cleaned.artifacts == (loose.id,) and cleaned.bytes == len("loose")
    assert store.has(named.id) and store.has(words.id) and not store.has(loose.id)
    assert du(store).content == size - len("loose")
    assert verify(store).problems == ()
    store.drop_ref("keep")
    gc(store)
    assert du(store).content == 0 and store.ids() == []


def test_gc_spares_the_inputs_of_unfinished_work_and_all_running_work(store: Store) -> None:
    from plumbline.store.work import locked

    words = make(store, "words")
    work = store.work("f" * 64)
    work.begin("toy", "", {"data": words.id}, "")
    age(store)
    assert gc(store).artifacts == ()
    with locked(work.lock_path):
        assert gc(store, unfinished=True).works == ()
    assert work.out.is_dir()
    cleaned = gc(store, unfinished=True)
    assert cleaned.works == (work.id,) and cleaned.artifacts == (words.id,)
    assert not list((store.root / "work").iterdir())


def test_register_leaves_the_folder_where_it_is(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "model").write_text("weights")

    def register(lr: float) -> Record:
        return store.register(stage="sft", version=1, config={"lr": lr}, inputs={}, folder=out,
                              ref="mine")  # fmt: skip

    first = register(1.0)
    assert store.path("ref:mine") == out and du(store).content == 0
    assert first.id in (out / "record.json").read_text()
    assert verify(store).problems == ()
    second = register(2.0)
    assert store.usable(second.id) and not store.usable(first.id), "the folder is another's now"
    assert add_source(store, out).output.tree == second.output.tree, "the note is not content"


def test_a_damaged_record_is_named(store: Store) -> None:
    record = make(store, "whole")
    store.record_path(record.id).write_text('{"id": "half')
    with pytest.raises(UserError, match=f"{record.id}.json: damaged record"):
        store.record(record.id)


def test_links_are_read_through_and_broken_ones_refused(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    (tmp_path / "blob").write_text("weights")
    (folder / "model").symlink_to(tmp_path / "blob")
    assert tree_of(store.path(add_source(store, folder).id)) == {"model": b"weights"}
    assert os.access(tmp_path / "blob", os.W_OK) and (tmp_path / "blob").stat().st_nlink == 1
    (folder / "lost").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="lost"):
        add_source(store, folder)


def test_importing_the_store_needs_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, plumbline.store; print('torch' in sys.modules, 'numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]

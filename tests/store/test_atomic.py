"""Whole or not there: kills, errors, full disks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.store import Store, add_source, verify

LIMITED = """
import resource, sys
from pathlib import Path
from plumbline.core.errors import UserError
from plumbline.store import Store, add_source
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    {action}
except UserError as error:
    print(error); sys.exit(2)
"""


def limited(action: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `action` in a process that may write files of at most 50 kB."""
    words = [sys.executable, "-c", LIMITED.format(action=action), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def listed(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_an_error_leaves_the_old_content_and_no_temp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic.write_text(tmp_path / "a", "old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="no space left") as error:
        atomic.write_text(tmp_path / "a", "new")
    assert str(tmp_path / "a") in str(error.value) and "free some space" in str(error.value)
    with pytest.raises(UserError, match="no space left"), atomic.folder(tmp_path / "f") as temp:
        (temp / "x").write_text("x")
    assert listed(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


def test_a_full_disk_while_a_source_is_copied(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(100_000))
    store = Store(tmp_path / "store")
    done = limited("add_source(Store(sys.argv[1]), Path(sys.argv[2]))", store.root,
                   tmp_path / "big")  # fmt: skip
    assert (done.returncode, done.stderr) == (2, ""), done.stderr
    assert "no space left" in done.stdout
    assert store.ids() == [] and listed(store.root) == ["lock"]
    add_source(store, tmp_path / "big")
    assert verify(store).problems == ()


def test_a_full_disk_inside_a_stage(tmp_path: Path) -> None:
    recipe = tmp_path / "fills.py"
    recipe.write_text(
        "from plumbline.recipe import recipe, stage\n"
        "def fill(ctx, settings, inputs): (ctx.out / 'big').write_bytes(bytes(100_000))\n"
        "filled = stage('fill', version=1, makes='data', function=fill)\n"
        "@recipe\n"
        "def fills(): return filled()\n"
    )
    store = Store(tmp_path / "store")
    run = "run_recipe(sys.argv[1], None, [], Store(sys.argv[2]))"
    action = f"from plumbline.recipe import run_recipe; {run}"
    done = limited(action, recipe, store.root)
    assert (done.returncode, done.stderr) == (2, ""), done.stderr
    assert "no space left" in done.stdout and store.ids() == []
    whole = subprocess.run(
        [sys.executable, "-c", "import sys\nfrom plumbline.store import Store\n" + action,
         recipe, store.root], check=False)  # fmt: skip
    assert whole.returncode == 0
    assert (store.path("fills/fill") / "big").stat().st_size == 100_000
    assert verify(store).problems == ()


def test_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic.folder(tmp_path / "f") as temp:
        (temp / "half").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with atomic.folder(tmp_path / "f") as temp:
        (temp / "a").write_text("first")
        assert not (tmp_path / "f").exists()
    assert (tmp_path / "f" / "a").read_text() == "first"


def test_folder_where_one_is_already(tmp_path: Path) -> None:
    for exists, wanted in (("keep", "0"), ("replace", "2"), ("error", "2")):
        with pytest.raises(UserError, match="already there") if exists == "error" else nothing():
            for i in range(3):
                with atomic.folder(tmp_path / "f", exists=exists) as temp:  # type: ignore[arg-type]
                    (temp / "a").write_text(str(i))
        assert (tmp_path / "f" / "a").read_text() == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def nothing() -> object:
    from contextlib import nullcontext

    return nullcontext()


def test_sweep_takes_the_temps_of_dead_processes_only(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from plumbline.core import atomic\n"
        "p = Path(sys.argv[1]); (p / atomic.temp_beside(p / 'a').name).write_text('half')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    mine = atomic.temp_beside(tmp_path / "b")
    mine.write_text("at work")
    (tmp_path / ".other.tmp").write_text("somebody's")
    assert len(list(tmp_path.iterdir())) == 3
    assert atomic.sweep(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine.name, ".other.tmp"])


def test_a_place_that_may_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(UserError, match="may not write here") as error:
        atomic.write_text(tmp_path / "a", "x")
    assert "choose a folder" in str(error.value) and listed(tmp_path) == []

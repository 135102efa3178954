"""How the command ends: its exit codes and messages, and what `--help` may not import."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest

from plumbline.cli import main as cli
from plumbline.core.errors import UserError, Waiting

# Typer itself takes pydantic to read a command's parameters, so it is not in the list.
HELP_PROBE = """
import sys
from plumbline.cli.main import main
assert main(sys.argv[1:]) == 0
heavy = {"torch", "transformers", "peft", "numpy", "rich", "matplotlib", "pyarrow"}
print("HEAVY", sorted(heavy & set(sys.modules)))
"""


def raising(problem: BaseException) -> Callable[[list[str]], None]:
    def run(args: list[str]) -> None:
        raise problem

    return run


@pytest.mark.parametrize("args", [["--help"], ["train", "--help"], ["train", "--list"]])
def test_help_is_light(args: list[str]) -> None:
    probe = [sys.executable, "-c", HELP_PROBE, *args]
    done = subprocess.run(probe, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_help_takes_less_than_half_a_second() -> None:
    """In processor seconds, the best of three: what else the machine does is not our slowness."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", HELP_PROBE, "--help"], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


def test_no_arguments_show_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) in (0, 2)
    said = capsys.readouterr()
    assert "train" in said.out + said.err


def test_the_version_is_said() -> None:
    probe = [sys.executable, "-m", "plumbline", "--version"]
    done = subprocess.run(probe, capture_output=True, text=True, check=True)
    assert done.stdout == f"plumbline {version('plumbline')}\n"


@pytest.mark.parametrize("args", [["trian"], ["train", "--modle", "x"], ["sample", "--n", "two"]])
def test_wrong_usage(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(args) == 2
    assert "Usage: plumbline" in capsys.readouterr().err


def test_train_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "dpo", "--model", "m"]) == 2
    said = capsys.readouterr().err
    assert "train needs --data, --out" in said and "->" in said and "Traceback" not in said


def test_bad_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    problem = UserError("half a line", where="a.jsonl:3", fix="mend it")
    monkeypatch.setattr(cli, "run", raising(problem))
    assert cli.main(["x"]) == 2
    said = capsys.readouterr()
    assert said.err == "error: a.jsonl:3: half a line\n  -> mend it\n" and said.out == ""


def test_waiting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "run", raising(Waiting("2 people, 40 items")))
    assert cli.main(["x"]) == 3
    assert "2 people, 40 items" in capsys.readouterr().err


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "run", raising(KeyboardInterrupt()))
    assert cli.main(["train", "dpo", "--out", "my runs"]) == 130
    assert "plumbline train dpo --out 'my runs'" in capsys.readouterr().err


def test_termination_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli, "run", lambda args: os.kill(os.getpid(), signal.SIGTERM))
    assert cli.main(["x"]) == 130
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "no space", "/far/away"), "/far/away: the disk is full"),
        (OSError(errno.EACCES, "no", "/far/away"), "/far/away: may not read or write"),
        (RuntimeError("serializing: I/O error: No space (os error 28)"), "the disk is full"),
    ],
)
def test_disk_and_permissions(
    problem: Exception,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "run", raising(problem))
    assert cli.main(["x"]) == 2
    said = capsys.readouterr().err
    assert words in said and "->" in said


@pytest.mark.parametrize(
    "bug", [KeyError("x"), FileNotFoundError(2, "gone", "x"), AssertionError()]
)
def test_bugs_are_raised(bug: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run", raising(bug))
    with pytest.raises(type(bug)):
        cli.main(["x"])


def test_a_closed_pipe_is_quiet() -> None:
    """`plumbline train --list | head -1`: no traceback and no complaint at shutdown."""
    code = "import sys; from plumbline.cli.main import main; sys.exit(main(['train', '--list']))"
    run = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdout and run.stderr
    run.stdout.close()
    said = run.stderr.read()
    assert (run.wait(), said) == (0, "")

"""`plumbline serve` as a process: what it refuses at the start, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from plumbline.cli.main import main


def refusal(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    capsys.readouterr()
    assert main(["serve", *map(str, args)]) == 2
    return capsys.readouterr().err


def test_other_machines_need_a_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in ("0.0.0.0", "::", "example.org"):
        said = refusal(capsys, "--model", "microcosm", "--host", host)
        assert "--api-key-from" in said and host in said
    monkeypatch.setenv("EMPTY_KEY", " ")
    for name in ("EMPTY_KEY", "NO_SUCH_KEY"):
        assert name in refusal(capsys, "--model", "microcosm", "--api-key-from", name)


def test_a_port_that_is_taken_is_said_before_anything_is_loaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refusal(capsys, "--model", "nothing/here", "--port", port)
    assert "--port" in refusal(capsys, "--model", "nothing/here", "--port", 99999)


def test_what_is_no_identity_of_the_model_is_refused(
    capsys: pytest.CaptureFixture[str], folders: dict[str, Path], tiny_model: Path, tmp_path: Path
) -> None:
    def said(model: object, *identities: str, port: int = 0) -> str:
        given = [word for one in identities for word in ("--identity", one)]
        return refusal(capsys, "--model", model, "--port", port, *given)

    assert "NAME=FOLDER" in said("microcosm", "captain")
    twice = f"a={folders['prompt']}"
    assert "twice" in said("microcosm", twice, twice)
    assert "own name" in said("microcosm", f"microcosm={folders['prompt']}")
    assert "whole weights" in said("microcosm", f"a={tiny_model}")
    for name in ("prompt", "state", "compile", "lora.v1"):
        assert "other weights" in said(tiny_model, f"a={folders[name]}")
    reward = shutil.copytree(folders["lora.v1"], tmp_path / "reward")
    told = json.loads((reward / "adapter_config.json").read_text())
    (reward / "adapter_config.json").write_text(json.dumps({**told, "task_type": "SEQ_CLS"}))
    assert "reward model" in said("microcosm", f"a={reward}")
    assert "setting" in refusal(capsys, "--model", "microcosm", "--set", "row=3")


def test_an_interrupt_ends_it_in_the_middle_of_a_stream(folders: dict[str, Path]) -> None:
    """An identity as MODEL: it is served under its folder's name, on its own base."""
    command = [sys.executable, "-m", "plumbline", "serve", "--port", "0"]
    server = subprocess.Popen(
        [*command, "--model", str(folders["prompt"]), "--api-key-from", "A_KEY"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "A_KEY": "k"},
    )  # fmt: skip
    assert server.stdout is not None
    url = next(line.split()[-1] for line in server.stdout if line.startswith("serving prompt at"))
    body = {"model": "prompt", "prompt": "The hen", "n": 32, "max_tokens": 480, "stream": True}
    key = {"Authorization": "Bearer k"}
    with httpx.stream("POST", f"{url}/completions", json=body, headers=key) as reply:
        lines = reply.iter_lines()
        assert next(lines).startswith("data: ")
        server.send_signal(signal.SIGINT)
        rest = [line for line in lines if line]
    assert "stopping" in rest[-1]
    _, err = server.communicate(timeout=20)
    assert server.returncode in (0, 130) and "Traceback" not in err

"""The working folder of an artifact that is being made: one writer, and it outlives its process.

work/ID/out/         what the stage writes; kept until the artifact is committed
work/ID/state.json   status, attempts, seconds so far, inputs, last error
work/ID.lock         flock of the process at work: the kernel frees it however that one dies
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from plumbline.core import atomic

Status = Literal["unfinished", "waiting", "failed", "made"]
"""made: the stage has returned and its files are being taken; it must not be called again."""


@dataclass(frozen=True)
class State:
    """What is known of an artifact that is not finished; `text` is the last error or the wait."""

    status: Status = "unfinished"
    attempts: int = 0
    seconds: float = 0.0
    started: str = ""
    pid: int = 0
    text: str = ""
    stage: str = ""
    label: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


class Work:
    """The folder of one unfinished artifact below `root` (the store's work/)."""

    def __init__(self, root: Path, artifact: str) -> None:
        self.id, self.folder = artifact, root / artifact
        self.out = self.folder / "out"
        self.lock_path = root / f"{artifact}.lock"

    @property
    def state(self) -> State | None:
        """The last state written, None where nothing was begun."""
        try:
            return State(**json.loads((self.folder / "state.json").read_text("utf-8")))
        except FileNotFoundError:
            return None

    def write(self, state: State) -> None:
        atomic.write_json(self.folder / "state.json", asdict(state))

    def begin(self, stage: str, label: str, inputs: Mapping[str, str], now: str) -> State:
        """Count one more attempt and make the folder; hold the lock while calling this."""
        with atomic.writing(self.folder):
            self.out.mkdir(parents=True, exist_ok=True)
        last = self.state or State(started=now)
        if last.status == "made":
            return last
        state = replace(
            last,
            status="unfinished",
            attempts=last.attempts + 1,
            pid=os.getpid(),
            text="",
            stage=stage,
            label=label,
            inputs=dict(inputs),
        )
        self.write(state)
        return state

    def busy(self) -> bool:
        """Whether a process holds the lock now."""
        if not self.lock_path.exists():
            return False
        with try_locked(self.lock_path) as mine:
            return not mine

    def remove(self) -> None:
        """Delete the folder; hold the lock while calling this. A kill inside leaves no `out`."""
        if self.folder.exists():
            gone = atomic.temp_beside(self.folder)
            os.rename(self.folder, gone)
            shutil.rmtree(gone)
        self.lock_path.unlink(missing_ok=True)


@contextmanager
def locked(
    path: Path, *, shared: bool = False, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold a lock file; `waiting` is called once where another process has it, then it waits.

    The file may be removed by its last holder, so after locking its name must still mean the file
    that was locked; otherwise another process holds a newer one, and it is tried again.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with atomic.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    told = False
    while True:
        with atomic.writing(path):
            file = path.open("ab")
        with file:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    waiting()
                told = True
                fcntl.flock(file, kind)
            if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield
                return


@contextmanager
def try_locked(path: Path) -> Iterator[bool]:
    """Hold a lock file if it is free; yields whether it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino

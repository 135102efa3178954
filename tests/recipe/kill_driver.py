"""Run the toy recipe, killing it before the n-th file operation, for every n; print what was seen.

Forks a child for each n (no threads live here), so that hundreds of kills take seconds. After each
kill the store must be whole; after one more run the artifacts must equal the uninterrupted ones.
usage: kill_driver.py FOLDER STRIDE
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

from plumbline.recipe import run_recipe
from plumbline.store import Store, verify

TOY = Path(__file__).parent / "toy_recipe.py"
EVENTS = {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}


def outputs(store: Store) -> dict[str, str]:
    return {name: store.record(name).output.tree for name in store.refs()}


def child(root: Path, kill_at: int) -> int:
    """The exit status (negative for a signal) of one run in a process of its own."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def tick(event: str, arguments: object = None) -> None:
            nonlocal count
            if event in EVENTS:
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        # A kill at a sync is one inside a write. The sync itself is for power cuts, and slow.
        os.fsync = lambda handle: tick("open")  # type: ignore[assignment]
        sys.addaudithook(tick)
        run_recipe(TOY, None, [], Store(root))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    folder, stride = Path(sys.argv[1]), int(sys.argv[2])
    os.chdir(folder)
    Path("words.txt").write_text("to be\n")
    run_recipe(TOY, None, [], Store("whole"))
    wanted, kills = outputs(Store("whole")), 0
    for kill_at in range(1, 10_000, stride):
        store = Store("killed")
        status = child(store.root, kill_at)
        if status == 0:
            break
        assert status == -signal.SIGKILL, (kill_at, status)
        kills += 1
        problems = verify(store).problems
        assert not problems, (kill_at, problems)
        assert all(store.usable(artifact) for artifact in store.ids()), kill_at
        assert child(store.root, 0) == 0, kill_at
        assert outputs(store) == wanted, kill_at
        assert not verify(store).problems, kill_at
        shutil.rmtree(store.root)
    print(kills)


if __name__ == "__main__":
    main()

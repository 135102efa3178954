"""The `plumbline` command: what a person types, and how it ends.

Exit codes: 0 done, 2 bad input (one message, no traceback), 3 waiting for people, 130 interrupted
and resumable. Anything else is a bug and shows its traceback. `--help` imports nothing heavy: every
command lives in a small module and imports what it needs inside its function.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from plumbline.cli import (
    agreement,
    audit,
    collect,
    data,
    doctor,
    evaluate,
    exchange,
    imprint,
    label,
    microcosm,
    plan_compute,
    quickstart,
    recipe,
    revise,
    rl,
    sample,
    serve,
    store,
    studio,
    train,
    version,
)
from plumbline.cli.show import error
from plumbline.core.errors import UserError, Waiting

BAD_INPUT, WAITING, INTERRUPTED = 2, 3, 130

# typer's own errors (an unknown option, say) share one ancestor, which it does not export.
UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.callback()(version.version)
app.command()(quickstart.quickstart)
app.command()(recipe.plan)
app.command()(recipe.run)
app.command()(recipe.status)
app.command()(train.train)
app.command()(rl.rl)
app.add_typer(imprint.app, name="imprint")
app.command()(plan_compute.plan_compute)
app.command()(sample.sample)
app.add_typer(data.app, name="data")
app.command()(collect.collect)
app.command("import")(exchange.import_)
app.command()(exchange.export)
app.command()(agreement.agreement)
app.command()(label.label)
app.command()(revise.revise)
app.command()(audit.audit)
app.command()(evaluate.evaluate)
app.command()(evaluate.report)
app.command()(serve.serve)
app.command()(studio.studio)
app.add_typer(store.app, name="store")
app.add_typer(microcosm.app, name="microcosm")
app.command()(doctor.doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; bugs are raised."""
    args = list(sys.argv[1:] if argv is None else argv)
    with termination_interrupts():
        try:
            run(args)
            sys.stdout.flush()
        except BrokenPipeError:
            return close_quietly()
        except KeyboardInterrupt:
            again = shlex.join(["plumbline", *args])
            error(
                f"interrupted; what is finished is kept, and the same command goes on:\n  {again}"
            )
            return INTERRUPTED
        except Waiting as people:
            print(f"waiting for people: {people}", file=sys.stderr)
            return WAITING
        except typer.Exit as ended:
            return ended.exit_code
        except UsageProblem as problem:
            return usage(problem)
        except Exception as problem:
            return bad_input(problem)
    return 0


def run(args: list[str]) -> None:
    """Parse and call. Click's own `main` would turn broken pipes and Ctrl-C into exits."""
    command = typer.main.get_command(app)
    with command.make_context("plumbline", args) as context:
        command.invoke(context)


def bad_input(problem: Exception) -> int:
    """Exit code 2 with one message; what neither the user nor the disk explains is a bug."""
    told = problem if isinstance(problem, UserError) else explained(problem)
    if told is None:
        raise problem
    error(str(told))
    return BAD_INPUT


def explained(problem: Exception) -> UserError | None:
    """The disk's and the permissions' errors as messages for people; None for all others."""
    number = system_error(problem)
    where = str(getattr(problem, "filename", None) or "")
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError(
            f"the disk is full ({os.strerror(number)})",
            where=where,
            fix="free some space or choose another --out; finished files are whole, and the same "
            "command goes on from the last checkpoint",
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            f"may not read or write here ({os.strerror(number)})",
            where=where,
            fix="choose a folder that is yours, or mend its permissions",
        )
    return None


def system_error(problem: Exception) -> int:
    """The system's error number, also from libraries in Rust, which only name it; else 0."""
    if isinstance(problem, OSError):
        return problem.errno or 0
    named = re.search(r"\(os error (\d+)\)", str(problem))
    return int(named.group(1)) if named else 0


def usage(problem: Exception) -> int:
    """A wrong option or argument, in typer's words."""
    problem.show()  # type: ignore[attr-defined]
    return BAD_INPUT


def close_quietly() -> int:
    """The reader (`head`, say) has seen enough: send what is still buffered nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return 0


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """Inside, SIGTERM acts as Ctrl-C, so that a scheduler's stop is as resumable as a person's."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

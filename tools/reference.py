"""Write docs/reference from the code: commands, settings, objectives, data forms, modules.

    python tools/reference.py [FOLDER]

A test runs this into a temporary folder and compares, so the pages cannot fall behind the code.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by tools/reference.py (make docs); change the code, not this page. -->\n"


def main(folder: str = str(ROOT / "docs" / "reference")) -> None:
    """Write every page into `folder`."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (target / name).write_text(f"{NOTE}\n{text}".rstrip() + "\n", encoding="utf-8")


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    return {
        "commands.md": "# Commands\n\n" + "\n".join(commands()),
        "settings.md": "# Settings of the training commands\n\n" + settings(),
        "cleaning.md": "# Settings of `plumbline data clean`, `select` and `mix`\n\n" + cleaning(),
        "objectives.md": "# Objectives\n\n" + objectives(),
        "data.md": "# Forms of data\n\n" + forms(),
        "modules.md": "# Modules, floor by floor\n\n" + "\n".join(modules()),
    }


def grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(
        f"| {' | '.join(line)} |" for line in [list(head), ["---"] * len(head), *lines]
    )


def commands() -> Iterator[str]:
    """The help of every command, as a terminal of 100 columns shows it."""
    import typer

    from plumbline.cli.main import app

    yield "Exit codes: 0 done, 2 bad input, 3 waiting for people, 130 interrupted and resumable.\n"
    yield from help_of(typer.main.get_command(app), "plumbline", None)


def help_of(command: Any, name: str, parent: Any) -> Iterator[str]:
    """One command's section, and those of its subcommands."""
    context = command.context_class(
        command, info_name=name, parent=parent, terminal_width=100, max_content_width=100
    )
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context).strip()}\n```\n"
    for below, child in getattr(command, "commands", {}).items():
        yield from help_of(child, below, context)


def settings() -> str:
    """The settings that every training command knows."""
    from plumbline.core.settings import describe
    from plumbline.stages.imprint.checking import Checking
    from plumbline.stages.imprint.settings import Imprint, Measuring
    from plumbline.stages.settings import Pretrain, Train

    head = ("setting", "type", "default", "meaning")
    every, pretrain, measuring, imprint, checking = (
        [(f"`{s.key}`", f"`{s.type}`", f"`{plain(s.default)}`", s.doc) for s in describe(kind)]
        for kind in (Train, Pretrain, Measuring, Imprint, Checking)
    )
    return (
        "Give them as `--set key=value`. An objective's own settings stand beside these; see "
        "[objectives](objectives.md).\n\n" + grid(head, every) + "\n\n## pretrain\n\n"
        "`train pretrain` knows the same, with these differences:\n\n"
        + grid(head, [row for row in pretrain if row not in every])
        + "\n\n## imprint\n\n`imprint`, with `--add`, `--again` and `compose`:\n\n"
        + grid(head, imprint)
        + "\n\n`imprint measure` knows "
        + ", ".join(row[0] for row in measuring)
        + ". `imprint check` knows these and, or with another default:\n\n"
        + grid(head, [row for row in checking if row not in measuring])
    )


def cleaning() -> str:
    """Every rule's switch and thresholds, then those of selection and mixtures."""
    from plumbline.core.settings import describe
    from plumbline.data.clean.corpus_settings import Diverse, Mixture
    from plumbline.data.clean.settings import Cleaning

    parts = [
        "Give them as `--set key=value`; what they do: [the guide](../guides/cleaning.md).",
    ]
    for name, kind in (("clean", Cleaning), ("select", Diverse), ("mix", Mixture)):
        rows = [
            (f"`{s.key}`", f"`{s.type}`", f"`{plain(s.default)}`", s.doc) for s in describe(kind())
        ]
        parts += [f"## {name}", grid(("setting", "type", "default", "meaning"), rows)]
    return "\n\n".join(parts)


def plain(value: object) -> str:
    """A default as one would write it after `--set key=`."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def objectives() -> str:
    """The table of objectives, then each one's hyper-parameters."""
    from plumbline.objectives import ALIASES, TABLE

    rows = [
        (f"`{e.name}`", e.summary, e.unit, e.view, ", ".join(e.columns), e.paper)
        for e in TABLE.values()
    ]
    head = ("objective", "what it does", "unit", "trains on", "columns", "source")
    names = "; ".join(f"`{alias}` is `{name}`" for alias, name in ALIASES.items())
    own = [hyper_parameters(e.name, e.path, e.lr) for e in TABLE.values()]
    return "\n\n".join([grid(head, rows), f"Other names: {names}.", *own])


def hyper_parameters(name: str, path: str, lr: Any) -> str:
    """One objective's own settings with defaults, and its default learning rates."""
    from plumbline.core.settings import describe

    module, _, kind = path.partition(":")
    cls = getattr(importlib.import_module(module), kind)
    assert dataclasses.is_dataclass(cls)
    rates = ", ".join(f"{mode} {value:g}" for mode, value in lr.items())
    rows = [(f"`{s.key}`", f"`{s.type}`", f"`{s.default}`", s.doc) for s in describe(cls)]
    own = grid(("setting", "type", "default", "meaning"), rows) if rows else "No settings."
    return f"## {name}\n\nDefault learning rate by adapter: {rates}.\n\n{own}"


def forms() -> str:
    """Every form of data that is recognised, in the order in which they are tried."""
    from plumbline.data import FORMS

    rows = [
        (form.name, ", ".join(form.needs), ", ".join(form.uses) or "-", form.about)
        for form in FORMS
    ]
    return (
        "A file has the first form below whose fields its first row has. Fields that no form reads "
        "are named and left aside.\n\n"
        + grid(("form", "fields", "may also have", "what it is"), rows)
    )


def modules() -> Iterator[str]:
    """Every module with the first paragraph of its docstring."""
    source = ROOT / "src" / "plumbline"
    for package in FLOORS.split():
        files = sorted((source / package).rglob("*.py"))
        rows = [(f"`{p.relative_to(source)}`", idea(p)) for p in files]
        rows = [row for row in rows if row[1]]
        if rows:
            yield f"## {package}\n\n{grid(('file', 'idea'), rows)}\n"


FLOORS = "core text store data models objectives engine evals stages microcosm recipe cli"


def idea(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line."""
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(doc.split("\n\n")[0].split())


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`plumbline imprint check`: what of a manifesto works, clause by clause, in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from plumbline.core.settings import option
from plumbline.core.stats import Interval
from plumbline.core.types import Conversation
from plumbline.identity.clauses import Clause, examined
from plumbline.identity.fidelity import aside
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import World
from plumbline.identity.teach import Teacher
from plumbline.stages.imprint import making
from plumbline.stages.imprint.opening import Say, identity_in, tested_on
from plumbline.stages.imprint.settings import Imprint, ImprintJob, Measuring


@dataclass(frozen=True)
class Checking(Measuring):
    """Settings of a check: how many questions a clause, and what passes."""

    test: int = option(24, help="questions a clause")
    kept: float = option(0.8, help="least share of answers that keep a clause, told and by adapter")
    clashes: float = option(0.1, help="largest share of questions on which two clauses clash")
    texts: float = option(0.02, help="largest side effect on plain texts, nats a token")


@dataclass(frozen=True)
class Checked:
    """Clause by clause, the side effects, and what does not pass in words (nothing: it passes)."""

    clauses: Sequence[Clause]
    aside: dict[str, Interval]
    wrong: Sequence[str]

    @property
    def metrics(self) -> dict[str, Interval]:
        """As results.json has them."""
        found = dict(self.aside)
        for one in self.clauses:
            name = f"clause.{one.number}"
            found |= {f"{name}.alone": one.alone, f"{name}.among": one.among}
            found |= {f"{name}.kept.{who}": share for who, share in one.kept.items()}
        return found


def check(
    model: Path,
    manifesto: Manifesto,
    world: World | None,
    s: Checking,
    say: Say,
    adapter: Path | None = None,
) -> Checked:
    """The manifesto of `adapter`, or one that is compiled for this and thrown away."""
    if adapter is not None:
        return _checked(adapter, manifesto, world, s)
    settings = Imprint(
        test=0, max_new=s.max_new, seed=s.seed, template=s.template,
        template_options=s.template_options,
    )  # fmt: skip
    with TemporaryDirectory() as place:
        out = Path(place) / "adapter"
        out.mkdir()
        making.run(
            ImprintJob(model, manifesto, settings, world), out, Path(place), say,
            lambda phase: lambda *numbers: None,
        )  # fmt: skip
        return _checked(out, manifesto, world, s)


def _checked(folder: Path, manifesto: Manifesto, world: World | None, s: Checking) -> Checked:
    teacher = identity_in(folder, manifesto, s)
    questions = [_asked(teacher, i, world, s) for i in range(len(manifesto.clauses))]
    checker = world.checker(manifesto) if world else None
    clauses = examined(teacher, questions, s.seed + 5, checker)
    effects = aside(teacher, tested_on(manifesto, teacher, world, s), s.seed)
    return Checked(clauses, effects, [*_wrong(clauses, s), *_effects(effects, s)])


def _asked(teacher: Teacher, i: int, world: World | None, s: Checking) -> Sequence[Conversation]:
    return tested_on(teacher.manifesto.only([i]), teacher, world, s).questions


def _wrong(clauses: Sequence[Clause], s: Checking) -> Iterator[str]:
    for one in clauses:
        if not one.understood:
            yield (
                f"{one.number} is not understood by this base: it changes {one.alone.value:.3f}"
                " nats a token"
            )
            continue
        for who, place in (("all", "in the prompt"), ("adapter", "by the adapter")):
            share = one.kept.get(who)
            if share is not None and share.value < s.kept:
                yield f"{one.number} is kept in {share.value:.0%} of answers {place}"
                break
    total = sum(one.asked for one in clauses)
    for one in clauses:
        for other, count in one.clashes.items():
            if one.number < other and count > s.clashes * total:
                yield f"{one.number} and {other} clash on {count} of {total} questions"
        for other, count in one.yields.items():
            if count > s.clashes * one.asked:
                yield f"{one.number} yields to {other} on {count} of {one.asked} questions"


def _effects(effects: dict[str, Interval], s: Checking) -> Iterator[str]:
    moved = effects.get("side_effect_kl")
    if moved is not None and moved.value > s.texts:
        yield f"plain texts change by {moved.value:.3f} nats a token"


def table(found: Checked) -> list[str]:
    """A line a clause."""
    shown = [one.text if len(one.text) <= 48 else f"{one.text[:47]}…" for one in found.clauses]
    wide = max(map(len, [*shown, "clause"]))
    heads = ("alone", "among", "told", "adapter", "closed")
    lines = [f" #  {'clause':<{wide}}" + "".join(f" {head:>7}" for head in heads)]
    for one, text in zip(found.clauses, shown, strict=True):
        cells = [f"{one.alone.value:.3f}", f"{one.among.value:.3f}"]
        for who in ("all", "adapter"):
            cells.append(f"{one.kept[who].value:.2f}" if who in one.kept else "-")
        cells.append("-" if one.closed is None else f"{one.closed:.3f}")
        line = "".join(f" {cell:>7}" for cell in cells)
        lines.append(f"{one.number:>2}  {text:<{wide}}{line}")
    return lines

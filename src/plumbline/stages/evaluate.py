"""`plumbline evaluate`: the tasks of `evals` on a model folder, every answer logged.

A suite is a task and, where it needs one, its data:

    gold, conduct, refusal   tasks of a world whose values are known, passed in (`own`)
    refusal:FILE         refusal and over-refusal on prompts in XSTest's form (csv)
    perplexity:DATA      nats a token on documents
    preference:DATA      how often the model (a reward model's reward, else the log-probability of
                         the whole answer) agrees with people's comparisons
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.core import views
from plumbline.core.errors import UserError, unknown
from plumbline.core.ids import digest_file
from plumbline.core.settings import identity, overlay
from plumbline.core.types import Example, text_of
from plumbline.data import read
from plumbline.engine.memory import peak_gb
from plumbline.evals import perplexity as surprise
from plumbline.evals import preference_accuracy as agreement
from plumbline.evals import refusal
from plumbline.evals.runner import SAMPLES, Evaluated, log_samples, run_task, write_results
from plumbline.evals.tasks import Generation, Task
from plumbline.models.digest import digest_folder
from plumbline.models.locate import (
    IDENTITY,
    adapter_base,
    is_adapter,
    is_identity,
    resolve_model,
    with_weights,
)
from plumbline.stages.answering import Answerer, Measured
from plumbline.stages.outdir import OutDir
from plumbline.stages.settings import Evaluation
from plumbline.store import find_store

SUITES = ("gold", "conduct", "refusal", "perplexity", "preference")
OWN = ("gold", "conduct", "refusal")
"""Suites that need no data where the caller has such a task."""
VERSION = 1


OwnTask = Callable[[Evaluation, Generation], Task]


def evaluate(
    model: str,
    out: Path,
    *,
    suites: Sequence[str] = (),
    sets: Mapping[str, Any] | None = None,
    own: Mapping[str, OwnTask] | None = None,
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Run the suites and write samples.jsonl and results.json into `out`; the folder."""
    settings = overlay(Evaluation(), sets or {})
    tasks = [parsed(suite) for suite in suites]
    for name, data in tasks:
        if not data and name not in (own or {}):
            raise _foreign(name)
    taken = resolve_model(model, find_store(store).path)
    say(f"model: {taken.took}")
    label = "base" if model == "microcosm" else taken.path.resolve().name
    place = OutDir(out, _identity(taken.path, tasks, settings))
    if place.claim() == "finished":
        say(f"{out} is finished already; nothing was done")
        return out
    answerer = Answerer.under(taken.path, settings)
    bench = _Bench(answerer, settings, own or {}, label, out)
    ready = [(name, bench.ready(name, data)) for name, data in tasks]
    place.begin(command="evaluate", model=model, suites=list(suites))
    (out / SAMPLES).unlink(missing_ok=True)
    done = [_told(name, run(), say) for name, run in ready]
    write_results(
        out, done, command="evaluate", label=label, model=model, peak_gb=peak_gb(),
        path="forest" if answerer.policy.share else "rows",
    )  # fmt: skip
    place.finish()
    return out


def parsed(suite: str) -> tuple[str, str]:
    """(task, data) of "task:data"; UserError for an unknown task or one without its data."""
    name, _, data = suite.partition(":")
    if name not in SUITES:
        raise unknown("suite", name, SUITES, where=f"--suite {suite}")
    if name not in OWN and not data:
        raise UserError(f"{name} needs data", where=f"--suite {suite}", fix=f"--suite {name}:FILE")
    return name, data


@dataclass(frozen=True)
class _Bench:
    """What every task needs."""

    answerer: Answerer
    settings: Evaluation
    own: Mapping[str, OwnTask]
    label: str
    out: Path

    def ready(self, name: str, data: str) -> Callable[[], Evaluated]:
        """The task with its data read, so that bad data stops everything before anything ran."""
        generation = self.settings.generation()
        if name in OWN:
            if self.answerer.reward:
                raise UserError(
                    f"a reward model cannot be asked ({name})", fix="--suite preference"
                )
            task = self._asked(name, data, generation)
            return lambda: run_task(task, self.answerer, model=self.label, out=self.out)
        view = "demonstrations" if name == "perplexity" else "pairs"
        examples = views.view(view, read(data).judgements).examples
        measure = self._perplexity if name == "perplexity" else self._preference
        return lambda: measure(examples)

    def _asked(self, name: str, data: str, generation: Generation) -> Task:
        if name == "refusal" and data:
            items = refusal.load(Path(data))
            return refusal.refusal(lambda: items, generation)
        return self.own[name](self.settings, generation)

    def _perplexity(self, examples: Sequence[Example]) -> Evaluated:
        kept, values = self._measured(examples)
        texts = [text_of(example.responses[0]) for example in kept]
        nats = [(-logp, tokens) for ((logp, tokens),) in values]
        found = surprise.perplexity(texts, lambda documents: nats, model=self.label)
        return self._logged(found, len(examples) - len(kept))

    def _preference(self, examples: Sequence[Example]) -> Evaluated:
        kept, values = self._measured(examples)
        flat = [value for one in values for value, _ in one]
        found = agreement.preference_accuracy(kept, lambda rows: flat, model=self.label)
        return self._logged(found, len(examples) - len(kept))

    def _measured(self, examples: Sequence[Example]) -> tuple[list[Example], list[Measured]]:
        """The examples that the model can read, and what it says of them."""
        both = zip(examples, self.answerer.measured(examples), strict=True)
        told = [(example, one) for example, one in both if one is not None]
        return [example for example, _ in told], [one for _, one in told]

    def _logged(self, found: Evaluated, lost: int) -> Evaluated:
        log_samples(self.out, found)
        note = f"{lost} longer than the model reads were left out"
        return replace(found, notes=(*found.notes, note)) if lost else found


def _foreign(name: str) -> UserError:
    """What is said where a world's own task is asked of a model that is not of that world."""
    if name == "refusal":
        return UserError("refusal needs data", where="--suite refusal", fix="--suite refusal:FILE")
    return UserError(
        f"{name} is for models that speak the microcosm's language",
        where=f"--suite {name}",
        fix="--suite refusal:FILE, --suite perplexity:DATA or --suite preference:DATA",
    )


def _identity(
    folder: Path, tasks: Sequence[tuple[str, str]], settings: Evaluation
) -> dict[str, Any]:
    """Everything that decides the numbers."""
    base = adapter_base(folder).path if is_adapter(folder) else None
    manifesto = {"manifesto": digest_file(folder / IDENTITY)} if is_identity(folder) else {}
    files = {d: digest_file(d) if Path(d).is_file() else d for _, d in tasks if d}
    return {
        "stage": "evaluate",
        "version": VERSION,
        "model": digest_folder(with_weights(folder), base),
        **manifesto,
        "suites": [f"{name}:{files.get(data, '')}" for name, data in tasks],
        "settings": identity(settings),
    }


def _told(name: str, found: Evaluated, say: Callable[[str], None]) -> Evaluated:
    """Print a task's numbers as soon as they are there."""
    for metric, i in found.metrics.items():
        say(f"{name}: {metric} {i.value:.4f} [{i.low:.4f}, {i.high:.4f}] n={i.n}")
    for note in found.notes:
        say(f"{name}: {note}")
    return found

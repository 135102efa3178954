"""What the phenomena share: models tuned side by side, and their answers held against each other.

An *arm* is one way to make a model, tried `repeats` times with other draws of its data and order.
All arms of a phenomenon answer the same prompts, so a difference is taken prompt by prompt: the
mean of an arm's answers to a prompt (over answers and repeats) less that of the other arm,
resampled over topics. Such an interval holds other prompts, not other draws of the data.

A tuned model takes the same number of steps whatever the number of its demonstrations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.core.stats import Interval, mean_interval, proportion_interval
from plumbline.evals.compare import by_prompt
from plumbline.evals.folders import Row, read_runs
from plumbline.recipe.phenomena import measuring
from plumbline.stages import table
from plumbline.stages.settings import Training
from plumbline.store import Handle


@dataclass(frozen=True)
class Common:
    """What every phenomenon is given: the base model, how a model is tuned, the seed."""

    base: Handle
    tune: Training
    seed: int
    repeats: int

    @property
    def seeds(self) -> range:
        """A seed a repeat; the first is the recipe's."""
        return range(self.seed, self.seed + self.repeats)

    def tuned(self, data: Handle, label: str, seed: int) -> Handle:
        """The base tuned on `data`."""
        return trained(self.tune, self.base, data, label, seed)


def trained(how: Training, model: Handle, data: Handle, label: str, seed: int) -> Handle:
    """A model trained on `data`, with this seed."""
    seeded = replace(how, train=replace(how.train, seed=seed))
    return table.train(seeded, model=model, data=data, label=label)


def measured(
    models: Mapping[str, Sequence[Handle]], probe: measuring.Probe, prefix: str
) -> dict[str, Handle]:
    """Every model of every arm under one probe, and the models, by role: "few.0", "few.0.model"."""
    found = {}
    for arm, repeats in models.items():
        for i, model in enumerate(repeats):
            found[f"{arm}.{i}"] = measuring.measure(probe, model=model, label=f"{prefix}-{arm}-{i}")
            found[f"{arm}.{i}.model"] = model
    return found


def grouped(inputs: Mapping[str, Path]) -> dict[str, list[Row]]:
    """The answers of each arm, all repeats together."""
    arms: dict[str, list[Row]] = {}
    for role, folder in inputs.items():
        arm, _, repeat = role.partition(".")
        if repeat.isdigit():
            arms.setdefault(arm, []).extend(rows(folder))
    return arms


def rows(folder: Path) -> Sequence[Row]:
    """The answers that a measurement logged."""
    return [row for run in read_runs([folder]) for row in run.rows]


def share(answers: Sequence[Row], axis: str) -> Interval:
    """How many of the answers that report `axis` have it."""
    told = [row for row in answers if axis in row.scores]
    return proportion_interval([r.scores[axis] for r in told], [r.cluster for r in told])


def mean(answers: Sequence[Row], axis: str) -> Interval:
    """The mean of `axis`."""
    told = [row for row in answers if axis in row.scores]
    return mean_interval([r.scores[axis] for r in told], [r.cluster for r in told])


def change(answers: Sequence[Row], others: Sequence[Row], axis: str) -> Interval:
    """`axis` of the first less that of the others, paired by prompt; n counts shared prompts."""
    a, b = by_prompt(answers, axis), by_prompt(others, axis)
    topics = {row.group: row.cluster for row in answers}
    both = [group for group in a if group in b]
    return mean_interval([a[g] - b[g] for g in both], [topics[g] for g in both])


def shown(
    arms: Mapping[str, Sequence[Row]], names: Mapping[str, str], count: int = 2
) -> tuple[tuple[str, str, str], ...]:
    """The first prompts with each arm's first answer, under the names that people know."""
    first = list(dict.fromkeys(row.group for row in arms[next(iter(names))]))[:count]
    found = []
    for group in first:
        for arm, name in names.items():
            row = next((one for one in arms[arm] if one.group == group), None)
            if row is not None:
                asked = " / ".join(text for _, text in row.prompt)
                found.append((asked, name, row.response or "(nothing)"))
    return tuple(found)

"""Labels of one judge or of several, made into data: data.jsonl, card.json and results.json.

The data are derived (`feedback.judging.pooled`): another way of pooling asks no judge again. No
data.jsonl is written for labels of a judge that passed no audit, unless that is allowed, and then
the card says so, and what is trained on it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.heldout import opening
from plumbline.core.settings import identity
from plumbline.core.stats import Interval, mean_interval, proportion_interval
from plumbline.data import write
from plumbline.engine.memory import peak_gb
from plumbline.feedback.judging.label import MADE_BY, Label, Made, read_labels
from plumbline.feedback.judging.pooled import Pooling, counted, judgements, pooled, silent
from plumbline.stages.cards import CARD
from plumbline.stages.files import DATA
from plumbline.stages.judging import gate
from plumbline.stages.judging.fitting import fitted
from plumbline.stages.judging.labelling import METRICS
from plumbline.stages.judging.settings import Pool
from plumbline.stages.judging.wins import Won, together, wins_of
from plumbline.stages.revised import took
from plumbline.store import Context

Say = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """A folder of labels."""

    folder: Path
    made: Made
    labels: Sequence[Label]
    took: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Labelled:
        """What `labelling.fill` wrote."""
        made, labels = read_labels(folder)
        return cls(folder, made, labels, took(folder / METRICS))


def pool(
    folders: Sequence[Path],
    out: Path,
    pooling: Pooling,
    known: Sequence[Mapping[str, Any]],
    allow: bool,
    say: Say,
    audits: Sequence[Path] = (),
    facts: Mapping[str, Any] = {},
) -> bool:
    """Write what is known of the labels, and, if it may be, the data; whether it was written.
    `known` is the judges' standing (`gate`), `audits` correct what the labels say of authors;
    `facts` stand in card and results."""
    parts = [Labelled.read(folder) for folder in folders]
    labels = [label for part in parts for label in part.labels]
    made = [part.made for part in parts]
    pairs = pooled(labels, pooling, made)
    rubric = "+".join(dict.fromkeys(one.constitution for one in made))
    rankings = judgements(pairs, pooling, made, rubric)
    counts = asdict(counted(labels, pairs, rankings)) | {"labels": len(labels)}
    free = gate.passes(known)
    card = _card(parts, known, pooling, counts, free, allow) | dict(facts)
    found = {name: one for part in parts for name, one in metrics(part, len(parts) > 1).items()}
    card["metrics"] = {name: one.as_dict() for name, one in found.items()}
    won = together(
        [
            wins_of(part.made, part.labels, audits, pooling, part.made.judge if parts[1:] else "")
            for part in parts
        ]
    )
    (out / DATA).unlink(missing_ok=True)  # the card is never that of other data
    atomic.write_json(out / CARD, card)
    atomic.write_json(out / "results.json", _results(parts, found, won, counts, out, facts))
    for line in [*told(found, counts), *won.lines]:
        say(line)
    if not (free or allow):
        return False
    write(out / DATA, rankings)
    return True


def metrics(part: Labelled, named: bool = False) -> dict[str, Interval]:
    """What is to be known of a judge before anybody looks at its labels; prompts are clusters. All
    of these are about the judge; what labels say of answers is in `judging.wins`.

    consistent: labels whose orders name the same answer. position_preference: readings that name
    the answer that stands first. taste: the same in nats. residual: probability on neither answer.
    """
    heard = [one for one in part.labels if not silent(one)]
    verdicts = [one.verdict() for one in heard]
    where = [opening(one.prompt) for one in heard]
    twice = [place for place in where for _ in range(2)]
    read = [reading for one in heard for reading in one.readings]
    first = [0.5 if one.logit == 0 else float(one.logit > 0) for one in read]
    found = {
        "consistent": proportion_interval([one.consistent for one in verdicts], where),
        "position_preference": proportion_interval(first, twice),
        "taste": mean_interval([one.taste for one in verdicts], where),
        "residual": mean_interval([one.residual for one in read], twice),
    }
    prefix = f"{part.made.judge}." if named else ""
    return {f"{prefix}{name}": one for name, one in found.items()}


def told(found: Mapping[str, Interval], counts: Mapping[str, int]) -> list[str]:
    """What a person wants to know of the labels."""
    lines = [
        f"{name}: {one.value:.4f} [{one.low:.4f}, {one.high:.4f}] n={one.n}"
        for name, one in found.items()
    ]
    left = {"without a verdict": "silent", "dropped as inconsistent": "inconsistent"}
    rest = "".join(f", {counts[name]} {what}" for what, name in left.items() if counts[name])
    first = (
        f"{counts['labels']} labels of {counts['pairs']} pairs: {counts['judgements']} judgements"
    )
    return [f"{first}, {counts['ties']} of them ties{rest}", *lines]


def _card(
    parts: Sequence[Labelled],
    known: Sequence[Mapping[str, Any]],
    pooling: Pooling,
    counts: Mapping[str, int],
    free: bool,
    allow: bool,
) -> dict[str, Any]:
    state = "audited" if free else "UNAUDITED, allowed" if allow else "unaudited, no data written"
    judges = " + ".join(part.made.judge for part in parts)
    return {
        "made_by": "plumbline label",
        "file": DATA,
        "summary": f"{counts['judgements']} comparisons labelled by a model ({judges}), {state}",
        "audit": state,
        "judges": [
            {**asdict(part.made), "id": part.made.id, "cost": part.took["cost"],
             "seconds": part.took["seconds"], "standing": dict(standing)}
            for part, standing in zip(parts, known, strict=True)
        ],
        "constitutions": sorted({part.made.constitution for part in parts}),
        "principles": dict(Counter(label.principle for p in parts for label in p.labels)),
        "counts": dict(counts),
        "pooling": identity(pooling),
    }  # fmt: skip


def _results(
    parts: Sequence[Labelled],
    found: Mapping[str, Interval],
    won: Won,
    counts: Mapping[str, int],
    out: Path,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    cost: Counter[str] = Counter()
    for part in parts:
        cost.update(part.took["cost"])
    return {
        "command": "label",
        "label": out.name,
        "seconds": {"label": round(sum(part.took["seconds"] for part in parts), 4)},
        "peak_gb": peak_gb(),
        "metrics": {name: one.as_dict() for name, one in {**won.metrics, **found}.items()},
        **({"wins": {"rows": won.rows, "notes": won.notes}} if won.rows else {}),
        "counts": dict(counts),
        "cost": dict(cost),
        "answers": "the labels lie in labels.jsonl",
        **facts,
    }


def stage(ctx: Context, settings: Pool, inputs: Mapping[str, Path]) -> None:
    """Labels of one judge or more, and audits of them, whatever the roles' names: data.jsonl."""
    folders = [path for path in inputs.values() if (path / MADE_BY).is_file()]
    audits = [path for path in inputs.values() if (path / gate.AUDIT).is_file()]
    if not folders or len(folders) + len(audits) < len(inputs):
        fix = "give it outputs of the stages label and audit"
        raise UserError("an input is neither labels nor an audit", where="pool", fix=fix)
    allow, made = settings.allow_unaudited, [read_labels(folder)[0] for folder in folders]
    known = gate.standing(made, audits, allow)
    if not allow and not gate.passes(known):
        fix = "audit the labels and give the audit as an input, or set allow_unaudited=true"
        raise UserError("no audit of this judge passed", where="pool", fix=fix)
    how = settings.pooling
    if settings.calibrate:
        how = fitted(folders, audits, how, ctx.say)
    pool(folders, ctx.out, how, known, allow, ctx.say, audits)


def shown(folder: Path) -> str:
    """The folder's card in a line."""
    return str(json.loads((folder / CARD).read_text("utf-8"))["summary"])

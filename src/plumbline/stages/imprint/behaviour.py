"""What changed when an identity moved to another base: answers side by side, and clauses kept.

before   the old base with its adapter
stale    the new base with the old adapter, which was made for other weights
again    the new base with the adapter that was imprinted on it
prompted the new base with the manifesto in its prompt
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from plumbline.core import atomic
from plumbline.core.stats import Interval, mean_interval
from plumbline.core.types import Conversation, text_of
from plumbline.identity.compose import factors_of, laid
from plumbline.identity.fidelity import shares
from plumbline.identity.gap import Side
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import World
from plumbline.identity.teach import Teacher
from plumbline.models.load import load_model
from plumbline.stages.imprint.opening import identity_in, tested_on
from plumbline.stages.imprint.settings import Measuring

DIFF = "diff.jsonl"


def moved(
    old: Path, new: Path, base: Path, manifesto: Manifesto, world: World | None, s: Measuring
) -> dict[str, Interval]:
    """Write `new`/diff.jsonl, the questions whose greedy answers differ before and after; the share
    of answers that stayed, and of clauses kept by who answers."""
    before, again = (identity_in(folder, manifesto, s) for folder in (old, new))
    bare = load_model(base, adapter="none", precision="fp32")
    # The old adapter on a base for which it would be refused.
    layer = laid(bare, factors_of(before.switch.policy))
    stale = identity_in(new, manifesto, s, (bare, layer))
    asked = tested_on(manifesto, again, world, s).questions
    voices: dict[str, tuple[Teacher, Side]] = {
        "before": (before, "student"), "stale": (stale, "student"),
        "again": (again, "student"), "prompted": (again, "told"),
    }  # fmt: skip
    said = {name: _texts(teacher, asked, s, who) for name, (teacher, who) in voices.items()}
    rows = [
        {"prompt": text_of(question)} | {name: texts[i] for name, texts in said.items()}
        for i, question in enumerate(asked)
    ]
    differ = [row for row in rows if row["before"] != row["again"]]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in differ]
    atomic.write_text(new / DIFF, "".join(lines))
    same = [float(row["before"] == row["again"]) for row in rows]
    found = {"answers_kept": mean_interval(same)}
    if world is not None:
        check = world.checker(manifesto)
        for name, texts in said.items():
            verdicts = [check(q, text) for q, text in zip(asked, texts, strict=True)]
            kept = shares([list(v.kept.values()) for v in verdicts])
            found |= {} if kept is None else {f"rules_obeyed.{name}": kept}
    return found


def _texts(teacher: Teacher, asked: Sequence[Conversation], s: Measuring, who: Side) -> list[str]:
    answered = teacher.answers(asked, s.seed, who, greedy=True)
    return [teacher.renderer.answer_text(one.ids) for _, one in answered]

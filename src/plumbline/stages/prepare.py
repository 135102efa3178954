"""From a file of judgements to items: view, render, length policy, held-out split.

Everything that is left out is counted and said; `Prepared.notes` holds the lines people see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.heldout import split_mask
from plumbline.core.types import Example, Judgement, Message
from plumbline.engine.batches import Item
from plumbline.objectives import Entry
from plumbline.stages.settings import Train
from plumbline.text import length
from plumbline.text.forest import TokenTree
from plumbline.text.render import Renderer


@dataclass(frozen=True)
class Prepared:
    """Items to train on and to measure with, and what was said and counted on the way.

    `facts` go into results.json as they stand.
    """

    train: Sequence[Item]
    heldout: Sequence[Item]
    longest: int
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def prepare(
    judgements: Sequence[Judgement],
    unusable: Sequence[views.Dropped],
    entry: Entry,
    objective: Any,
    renderer: Renderer,
    settings: Train,
    context: int,
) -> Prepared:
    """Items for `entry`'s view; UserError where nothing (or too little) is left."""
    found = view_of(judgements, unusable, entry, objective, settings)
    rendered = renderer.render_all(found.examples)
    kept, report = length.apply(rendered, settings.length, context)
    items = [Item(_whole(r.tree) if settings.turns == "every" else r.tree, r.example) for r in kept]
    held = split_mask([i.example for i in items], settings.eval.fraction, settings.eval.most)
    train = [item for item, out in zip(items, held, strict=True) if not out]
    heldout = [item for item, out in zip(items, held, strict=True) if out]
    if not train:
        raise UserError(
            "nothing is left to train on",
            fix="see the counts of `plumbline data inspect`, or lower eval.fraction",
        )
    notes = [*views.left_out(found.dropped), *found.notes, *renderer.notes, *report.lines()]
    counts = {
        "examples": len(found.examples),
        "unusable": len(found.dropped),
        "train": len(train),
        "heldout": len(heldout),
        "trained_tokens": sum(int(t.sum()) for i in train for t in i.tree.trained),
        "tokens": sum(i.tree.size() for i in train),
        **report.counts(),
    }
    longest = min(context, settings.length.max or context)
    return Prepared(train, heldout, longest, notes, counts)


def view_of(
    judgements: Sequence[Judgement],
    unusable: Sequence[views.Dropped],
    entry: Entry,
    objective: Any,
    settings: Train,
) -> views.Views:
    """The entry's view of the judgements, within the bound on unusable rows."""
    if entry.view == "demonstrations":
        turns = "all" if settings.turns == "every" else settings.turns
        found = views.demonstrations(judgements, turns=turns)
    else:
        found = views.view(entry.view, judgements)
    found = replace(found, dropped=[*unusable, *found.dropped])
    views.drop_policy(found.dropped, len(judgements) + len(unusable), limit=settings.max_unusable)
    if entry.name == "conditional_sft":
        tags = {True: objective.good_tag, False: objective.bad_tag}
        tagged = [one for example in found.examples for one in _tagged(example, tags)]
        return replace(found, examples=tagged)
    return found


def _tagged(example: Example, tags: dict[bool, str]) -> list[Example]:
    """One example a response, its tag at the end of the prompt (where sampling can put it too)."""
    made = []
    for response, good in zip(example.responses, example.labels, strict=True):
        *before, last = example.prompt
        tagged = Message(last.role, f"{last.content}\n{tags[good]}")
        made.append(
            replace(example, prompt=(*before, tagged), responses=(response,), labels=(good,))
        )
    return made


def _whole(tree: TokenTree) -> TokenTree:
    """One path with every token trained but the first: plain next-token training."""
    path = np.concatenate([tree.prompt, tree.completions[0]])
    return TokenTree(path[:0], (path,), (np.arange(len(path)) > 0,))

"""What the names in `results.json` mean, in a reader's words, and which way is better.

The entries are in `meanings`; `gold.AXIS` and other dotted names fall back to the part before the
dot. A name without any is shown as it is, with no claim about which way is better.
"""

from __future__ import annotations

from plumbline.evals.meanings import MEANINGS, Meaning

PRIMARY = (
    "gold",
    "win_rate",
    "reward",
    "rules_obeyed",
    "gap_closed",
    "preference_accuracy",
    "heldout_accuracy",
    "heldout_loss",
    "perplexity",
)
"""What a page is about: the first of these that is there."""

_LABELS = {
    name.lower(): name
    for name in ("SFT", "DPO", "KTO", "IPO", "SimPO", "ORPO", "SLiC", "PPO", "GRPO", "RLOO", "RLHF")
}


def meaning(name: str) -> Meaning:
    """The entry of `name`; of "gold.honest", gold's with the part named."""
    if name in MEANINGS:
        return MEANINGS[name]
    head, _, part = name.partition(".")
    if part and head in MEANINGS:
        whole = MEANINGS[head]
        if "{}" in whole.title:
            title = whole.title.format(part.replace(".against.", " against "))
            return Meaning(title, whole.better, whole.what, whole.own_unit)
        if part[0].isdigit():  # numbered parts: "clause.2.kept.adapter"
            title = f"{whole.title} {part.replace('.', ', ', 1).replace('.', ' ')}"
            return Meaning(title, whole.better, whole.what, whole.own_unit)
        title = f"“{part.replace('_', ' ')}” part of the {whole.title}"
        return Meaning(title, whole.better, whole.what, whole.own_unit)
    return Meaning(name.replace("_", " "))


def pretty(label: str) -> str:
    """A model's label as people write it ("dpo" is "DPO")."""
    return _LABELS.get(label.lower(), label)

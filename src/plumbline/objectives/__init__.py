"""The table of objectives: strings only, so that the command line reads it without torch.

Adding an objective touches two new files (the objective and its laws' expectations) and one entry
here; `train --list`, the recipe check, the reference page and the law tests all read this table.
`lr` is the default learning rate by adapter mode (`--adapter lora|full|last:N`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from plumbline.core.errors import unknown

if TYPE_CHECKING:
    from plumbline.objectives.base import Objective


@dataclass(frozen=True, slots=True)
class Entry:
    """What the rest of the system may know of an objective without importing it.

    `unit` is what its loss is counted in; `view` the view of the judgements it trains on; `head`
    what it reads (log-probabilities, or a scalar a row); `reference` whether a reference model is
    scored; `columns` everything it reads from the batch, beyond the rows of the trained tokens.
    """

    name: str
    path: str
    unit: Literal["token", "pair", "set", "row"]
    view: Literal["demonstrations", "pairs", "rankings", "labels", "samples"]
    head: Literal["lm", "scalar"]
    reference: bool
    columns: tuple[str, ...]
    paper: str
    lr: Mapping[str, float]
    summary: str


_PAIR = ("pair", "p", "pair_weight")
_SET = ("set", "tier", "row_weight")
_SFT_LR = {"lora": 2e-4, "full": 2e-5, "last": 5e-5}
_REWARD_LR = {"lora": 1e-4, "full": 1e-5, "last": 5e-5}
_PREFERENCE_LR = {"lora": 5e-5, "full": 5e-6, "last": 1e-5}
_ONLINE_LR = {"lora": 1e-4, "full": 1e-5, "last": 2e-5}
_HERE = "plumbline.objectives."

_ENTRIES = (
    Entry(
        "sft", _HERE + "sft:SFT", "token", "demonstrations", "lm", False, ("token_weight",),
        "Ouyang et al. 2022, arXiv:2203.02155, section 3.5", _SFT_LR,
        "imitate demonstrations: weighted negative log-likelihood of the trained tokens",
    ),
    Entry(
        "conditional_sft", _HERE + "conditional_sft:ConditionalSFT", "token", "labels", "lm",
        False, ("token_weight", "label"),
        "Liu, Sferrazza, Abbeel 2023 (Chain of Hindsight), arXiv:2302.02676", _SFT_LR,
        "imitate good and bad answers, each under a tag that says which it is",
    ),
    Entry(
        "bradley_terry", _HERE + "bradley_terry:BradleyTerry", "pair", "pairs", "scalar",
        False, (*_PAIR, "margin"),
        "Bradley and Terry 1952; Ouyang et al. 2022, arXiv:2203.02155, eq. 1", _REWARD_LR,
        "reward model from pairs, with margin, soft labels and centring",
    ),
    Entry(
        "plackett_luce", _HERE + "plackett_luce:PlackettLuce", "set", "rankings", "scalar",
        False, _SET,
        "Plackett 1975; Firth, Kosmidis, Turner 2019, arXiv:1909.07123 (ties)", _REWARD_LR,
        "reward model from whole rankings, ties and all",
    ),
    Entry(
        "dpo", _HERE + "dpo:DPO", "pair", "pairs", "lm", True, (*_PAIR, "ref_logp"),
        "Rafailov et al. 2023, arXiv:2305.18290, eq. 7", _PREFERENCE_LR,
        "prefer the chosen answer to the rejected one, relative to a reference model",
    ),
    Entry(
        "dpo_ranking", _HERE + "dpo_ranking:DPORanking", "set", "rankings", "lm", True,
        (*_SET, "ref_logp"),
        "Rafailov et al. 2023, arXiv:2305.18290, eq. 20 (appendix A.3)", _PREFERENCE_LR,
        "DPO on whole rankings (Plackett-Luce), ties and all",
    ),
    Entry(
        "ipo", _HERE + "ipo:IPO", "pair", "pairs", "lm", True, (*_PAIR, "ref_logp"),
        "Azar et al. 2023, arXiv:2310.12036, eq. 17", _PREFERENCE_LR,
        "regress the log-ratio margin to a fixed gap: does not run away on sure preferences",
    ),
    Entry(
        "simpo", _HERE + "simpo:SimPO", "pair", "pairs", "lm", False, _PAIR,
        "Meng, Xia, Chen 2024, arXiv:2405.14734, eq. 6", _PREFERENCE_LR,
        "length-normalised preference with a target margin and no reference model",
    ),
    Entry(
        "orpo", _HERE + "orpo:ORPO", "pair", "pairs", "lm", False, _PAIR,
        "Hong, Lee, Thorne 2024, arXiv:2403.07691, eq. 6", _PREFERENCE_LR,
        "imitation of the chosen answer and an odds-ratio preference in one loss, no reference",
    ),
    Entry(
        "slic", _HERE + "slic:SLiC", "pair", "pairs", "lm", False, _PAIR,
        "Zhao et al. 2023 (SLiC-HF), arXiv:2305.10425, eq. 1", _PREFERENCE_LR,
        "hinge on the sequence log-likelihoods, with imitation of the chosen answer",
    ),
    Entry(
        "kto", _HERE + "kto:KTO", "row", "labels", "lm", True,
        ("label", "row_weight", "ref_logp", "z0"),
        "Ethayarajh et al. 2024, arXiv:2402.01306, eq. 7", _PREFERENCE_LR,
        "prospect-theory value of single good or bad answers",
    ),
    Entry(
        "ppo", _HERE + "ppo:PPO", "token", "samples", "lm", False,
        ("token_weight", "old_logp", "advantage", "old_value", "returns"),
        "Schulman et al. 2017, arXiv:1707.06347, eq. 7 and 9", _ONLINE_LR,
        "online: clipped surrogate on advantages a token, with a critic",
    ),
    Entry(
        "grpo", _HERE + "grpo:GRPO", "row", "samples", "lm", True,
        ("token_weight", "row_weight", "old_logp", "advantage", "ref_logp"),
        "Shao et al. 2024, arXiv:2402.03300, eq. 3", _ONLINE_LR,
        "online: clipped surrogate on rewards compared within a group, k3 in the loss",
    ),
    Entry(
        "reinforce", _HERE + "reinforce:Reinforce", "row", "samples", "lm", False,
        ("token_weight", "row_weight", "old_logp", "advantage"),
        "Williams 1992; Ahmadian et al. 2024, arXiv:2402.14740, eq. 6", _ONLINE_LR,
        "online: score function times an advantage an answer (rloo, reinforce)",
    ),
    Entry(
        "distill", _HERE + "distill:Distill", "token", "demonstrations", "lm", False,
        ("token_weight", "teacher_logp", "teacher_ids"),
        "Hinton et al. 2015, arXiv:1503.02531; Agarwal et al. 2023, arXiv:2306.13649", _SFT_LR,
        "match a teacher's distribution at every token (forward, reverse or mixed KL)",
    ),
)  # fmt: skip

TABLE: dict[str, Entry] = {e.name: e for e in _ENTRIES}

ALIASES: dict[str, str] = {"reward": "bradley_terry"}
"""Names the command line also takes. `reward` becomes plackett_luce where a ranking has K > 2."""


def entry(name: str) -> Entry:
    """The table's line for `name` or its alias; UserError with the nearest name where unknown."""
    found = TABLE.get(ALIASES.get(name, name))
    if found is None:
        raise unknown("objective", name, [*TABLE, *ALIASES])
    return found


def build(name: str, values: Mapping[str, Any] | None = None) -> Objective:
    """The objective `name` with its defaults overlaid by `values` (an unknown key: UserError)."""
    from plumbline.core.settings import overlay

    module, _, kind = entry(name).path.partition(":")
    built: Objective = overlay(getattr(importlib.import_module(module), kind)(), values or {})
    return built

"""From rewards and log-probabilities to the columns of an update, by method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.engine.batches import Item
from plumbline.feedback import credit
from plumbline.stages.drawn import Drawn, Scored
from plumbline.stages.methods import Method
from plumbline.stages.online_settings import Online


@dataclass
class Credit:
    """Advantages and returns [T_i] by answer, and which answers are learnt from [N]."""

    advantage: list[np.ndarray]
    returns: list[np.ndarray]
    keep: np.ndarray


def credited(how: Method, s: Online, drawn: Drawn, told: Scored, beta: float) -> Credit:
    """beta is the KL's weight now; with `kl=loss` it is in the objective and not in here."""
    keep = drawn.ended | (not s.reward.drop_unended)
    apart = told.apart
    whiten = how.whiten if s.whiten is None else s.whiten
    if how.credit == "gae":
        rewards = credit.shaped(drawn.rewards, apart, beta)
        after = np.where(drawn.ended, 0.0, told.after)
        advantage, returns = credit.gae(rewards, told.value, after, s.gamma, s.lam)
    else:
        worth = _worth(how, s, drawn, apart, beta)
        if whiten:
            worth = (worth - worth[keep].mean()) / (worth[keep].std() + 1e-8)
        advantage = [np.full(len(x), w) for x, w in zip(apart, worth, strict=True)]
        return Credit(advantage, advantage, keep)
    return Credit(credit.whitened(advantage, keep) if whiten else advantage, returns, keep)


def _worth(
    how: Method, s: Online, drawn: Drawn, apart: Sequence[np.ndarray], beta: float
) -> np.ndarray:
    """One advantage an answer [N]; the KL of a whole answer is part of its reward."""
    worth = drawn.rewards
    if how.kl == "reward":
        worth = worth - beta * np.array([x.sum() for x in apart])
    if how.credit == "group":
        return credit.grouped(worth, drawn.groups, scale=s.scale_groups)
    if how.credit == "left-out":
        return credit.left_out(worth, drawn.groups)
    return worth - worth.mean()


def with_columns(items: Sequence[Item], drawn: Drawn, told: Scored, found: Credit) -> list[Item]:
    """The items as the update takes them: without answers that are not learnt from."""
    columns = {
        "old_logp": told.logp,
        "ref_logp": told.ref_logp,
        "advantage": found.advantage,
        "old_value": told.value,
        "returns": found.returns,
    }
    made, first = [], 0
    for item in items:
        count = len(item.tree.completions)
        own = [k for k in range(count) if found.keep[first + k]]
        if own:
            extra = {
                name: tuple(np.asarray(rows[first + k], np.float32) for k in own)
                for name, rows in columns.items()
            }
            tree = item.tree.only(own) if len(own) < count else item.tree
            made.append(Item(tree, item.example, extra))
        first += count
    return made

"""The numbers of one iteration, with their units in docs/guides/online.md, and words for what they
mean when something is wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from plumbline.feedback import kl
from plumbline.feedback.judging.graded import RESIDUAL, UNGRADED
from plumbline.stages.crediting import Credit
from plumbline.stages.drawn import Drawn, Scored

GRAM, AGAIN = 4, 3
"""Words of a phrase, and how often it comes in one answer before it counts as repeated."""
LEARNT = 20
"""Iterations after which a critic should know something of the returns."""


def numbers(drawn: Drawn, told: Scored, found: Credit) -> dict[str, float]:
    """Of answers, before the update: reward, KL, length, endings, critic."""
    apart, lengths = told.apart, drawn.lengths
    made = {
        "reward": float(drawn.rewards.mean()),
        "reward_std": float(drawn.rewards.std()),
        "kl": kl.per_sequence(apart, "k1"),
        "kl_k2": kl.per_sequence(apart, "k2"),
        "kl_k3": kl.per_sequence(apart, "k3"),
        "kl_token": kl.per_token(apart, "k1"),
        "length": float(lengths.mean()),
        "ended": float(drawn.ended.mean()),
        "repeated": repeated(drawn),
        "reward_length": correlation(drawn.rewards, lengths),
    }
    made |= {f"reward.{name}": float(part.mean()) for name, part in drawn.parts.items()}
    if any(row.any() for row in told.value):
        made["explained"] = explained(found.returns, told.value)
    places = kl.by_position(apart)
    return made | {f"kl_at.{i}": value for i, value in enumerate(places) if np.isfinite(value)}


def explained(returns: Sequence[np.ndarray], values: Sequence[np.ndarray]) -> float:
    """1 - var(R - V) / var(R), over tokens: 1 for a critic that knows, at most 0 for one that does
    not."""
    r, v = np.concatenate(list(returns)), np.concatenate(list(values))
    return float(1 - (r - v).var() / max(r.var(), 1e-12))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 2 or a.std() < 1e-12 or b.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def repeated(drawn: Drawn) -> float:
    """Share of answers in which some GRAM words come AGAIN times."""
    texts = [text.split() for one in drawn.asked for text in one.texts]
    return float(np.mean([_repeats(words) for words in texts]))


def _repeats(words: Sequence[str]) -> bool:
    grams = Counter(tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1))
    return bool(grams) and max(grams.values()) >= AGAIN


def sicknesses(
    first: Mapping[str, float], now: Mapping[str, float], step: int = 0
) -> dict[str, str]:
    """What the numbers of iteration `step` (from 0) say is wrong beside those of the first one:
    words by the signal that they are about."""
    said = {}
    if now["kl"] < -0.1:
        said["kl"] = (
            f"the KL is {now['kl']:.2f} nats a sequence: an estimate from answers that are likelier"
            " under the reference than the policy; answers are drawn from another distribution"
            " than is scored, or far too few of them"
        )
    # An iteration whose answers were all dropped has no entropy.
    if now.get("entropy", math.inf) < 0.1 * first.get("entropy", 0.0):
        said["entropy"] = (
            f"entropy fell from {first['entropy']:.2f} to {now['entropy']:.2f} nats a token: the"
            " answers hardly differ any more; raise kl.beta or entropy, or lower lr"
        )
    if now["length"] > 2 * first["length"] and now["reward_length"] > 0.3:
        said["length"] = (
            f"answers grew from {first['length']:.0f} to {now['length']:.0f} tokens and longer ones"
            f" are worth more (correlation {now['reward_length']:.2f}): the reward pays for length"
        )
    if now["repeated"] > 0.2 and now["repeated"] > 2 * first["repeated"]:
        share = f"{now['repeated']:.0%}"
        said["repeated"] = f"{share} of the answers repeat a phrase of {GRAM} words"
    if now["ended"] < 0.5 * first["ended"]:
        said["ended"] = (
            f"only {now['ended']:.0%} of the answers come to an end (first: {first['ended']:.0%})"
        )
    if now.get(f"reward.{UNGRADED}", 0.0):
        said[UNGRADED] = (
            f"the judge gave {now[f'reward.{UNGRADED}']:.1%} of the answers no grade: it refused,"
            " named none, or reads no questions as long; they count as the graded ones on average"
        )
    if now.get(f"reward.{RESIDUAL}", 0.0) > 0.5:
        said[RESIDUAL] = (
            f"{now[f'reward.{RESIDUAL}']:.0%} of the judge's probability falls on none of the"
            " grades: it does not understand what it is asked; take another template or judge"
        )
    if step >= LEARNT and now.get("explained", 1.0) < 0.05:
        said["explained"] = (
            f"the critic explains {max(0.0, now['explained']):.0%} of the returns' variance after"
            f" {step} iterations: it does not learn; raise value (its weight), or give it a model"
            " and a rate of its own (critic.own=true)"
        )
    return said

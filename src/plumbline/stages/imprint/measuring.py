"""What an identity in a folder is worth: the figures of `identity.fidelity`, for any adapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plumbline.core.stats import Interval, mean_interval
from plumbline.core.types import Conversation
from plumbline.identity.clauses import taken_back
from plumbline.identity.fidelity import measured
from plumbline.identity.gap import LEAST
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import World
from plumbline.models.adapters import layers_with_adapters
from plumbline.models.digest import ADAPTER
from plumbline.models.policy import Policy
from plumbline.stages.imprint.opening import Say, identity_in, tested_on
from plumbline.stages.imprint.settings import Measuring


def measured_folder(
    folder: Path,
    manifesto: Manifesto,
    world: World | None,
    s: Measuring,
    say: Say,
    strength: float = 1.0,
) -> dict[str, Interval]:
    """The figures of an adapter as it was saved, against the model below it that reads `manifesto`;
    with `strength` multiplying it."""
    teacher = identity_in(folder, manifesto, s)
    scale(teacher.switch.policy, strength)
    check = world.checker(manifesto) if world else None
    found = measured(teacher, tested_on(manifesto, teacher, world, s), s.seed + 3, check)
    if manifesto.text and found["base_kl"].value < LEAST:
        say(
            f"the base does not follow this text even in its prompt ({found['base_kl'].value:.4f}"
            " nats a token): there is no gap to close"
        )
    return found | sizes(teacher.switch.policy, folder)


def conflicts(
    folder: Path,
    whole: Manifesto,
    parts: Sequence[tuple[Manifesto, Sequence[Conversation]]],
    s: Measuring,
) -> dict[str, Interval]:
    """`conflict.N`: share of part N's questions on which the other parts take back, in the prompt
    of all, a word that it brings about alone (`identity.clauses`)."""
    both = identity_in(folder, whole, s)
    found = {}
    for number, (words, asked) in enumerate(parts, 1):
        kept = both.fitting(asked)[: max(1, s.test)]
        back = taken_back(both.of(words), both, kept, s.seed)
        found[f"conflict.{number}"] = mean_interval([float(one) for one in back])
    return found


def scale(policy: Policy, strength: float) -> None:
    """Multiply what the policy's adapters do."""
    for module in layers_with_adapters(policy.model).values():
        for name in module.scaling:
            module.scaling[name] *= strength


def sizes(policy: Policy, folder: Path) -> dict[str, Interval]:
    """Rank, bytes, and the adapter's share of the base's parameters."""
    own = sum(p.numel() for name, p in policy.model.named_parameters() if ".lora_" in name)
    base = sum(p.numel() for name, p in policy.model.named_parameters() if ".lora_" not in name)
    ranks = [r for m in layers_with_adapters(policy.model).values() for r in m.r.values()]
    exact = {
        "rank": float(max(ranks, default=0)),
        "adapter_bytes": float((folder / ADAPTER).stat().st_size),
        "adapter_share": own / base,
    }
    return {name: Interval(value, value, value, 1) for name, value in exact.items()}

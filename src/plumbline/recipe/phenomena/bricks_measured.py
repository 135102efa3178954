"""The numbers of `bricks` from the answers of its models: what each upholds and has lost, and the
ways compared with the compiled layer where both uphold equally.

Roles are "base", "prompt" and WAY:STRENGTH ("sft:40"); the strongest model of a way has its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from plumbline.core.stats import Interval
from plumbline.evals.folders import Row
from plumbline.microcosm.answers import read
from plumbline.recipe.phenomena.arms import share
from plumbline.recipe.phenomena.equalled import Table, equal, tabled

WAYS = ("compile", "polish", "lora", "sft", "dpo", "ppo")
"""What is compared with compile."""
NAMES = {
    "base": "the base", "prompt": "prompt", "compile": "compiled layer", "polish": "polished layer",
    "lora": "LoRA SFT", "sft": "full SFT", "dpo": "full DPO", "ppo": "full PPO",
    "own": "SFT on own answers",
}  # fmt: skip
LOSSES = {
    "facts": -1, "inference": -1, "unseen": -1, "facts.wrong": 1, "inference.wrong": 1,
    "facts.share": -1, "inference.share": -1, "unseen.share": -1,
    "nats": 1, "kl.texts": 1, "kl.chats": 1,
}  # fmt: skip
"""What can be lost, and the sign that makes more of it a loss; `nats.SOURCE` are told too."""


class Measured:
    """All models in one order, and every number of them as a table of the same items."""

    def __init__(self, told: Mapping[str, Sequence[Row]]) -> None:
        """told: answers by model ("base", "prompt", "sft:40", ...)."""
        self.told = told
        mine = [name for name in told if name.partition(":")[0] in NAMES and name != "base"]
        self.models = ["base", *mine]
        self.ways: dict[str, list[str]] = {}
        for name in mine:
            self.ways.setdefault(name.partition(":")[0], []).append(name)
        for names in self.ways.values():
            names.sort(key=lambda name: int(name.partition(":")[2] or 0))
        self.tables = {axis: self.table(axis) for axis in losses(told)}
        self.upheld = self.table("upheld")

    def table(self, axis: str) -> Table:
        return tabled([self.told[name] for name in self.models], axis)

    def places(self, way: str) -> list[int]:
        """The base and the models of a way, by strength."""
        return [0, *(self.models.index(name) for name in self.ways[way])]

    def numbers(self) -> dict[str, Interval]:
        """`MODEL.upheld`, and `MODEL.LOSS`; "sft.facts" is the strongest model's."""
        found: dict[str, Interval] = {}
        strongest = {names[-1]: way for way, names in self.ways.items()}
        for at, name in enumerate(self.models):
            own = {"upheld": share(self.told[name], "upheld")}
            if at:
                own["upheld.more"] = self.upheld.less(at)
                own |= {axis: self.lost(axis, at) for axis in self.tables}
            for which in dict.fromkeys((name, strongest.get(name, name))):
                found |= {f"{which}.{axis}": one for axis, one in own.items()}
        return found

    def lost(self, axis: str, at: int) -> Interval:
        """What a model has lost against the base."""
        return signed(self.tables[axis].less(at), sign(axis))

    def compared(self) -> dict[str, Interval]:
        """`WAY-compile.NAME`, with the share upheld where that is and what both have lost there."""
        found: dict[str, Interval] = {}
        for way in self.ways:
            if way not in WAYS or way == "compile" or "compile" not in self.ways:
                continue
            one, other, pair = self.places(way), self.places("compile"), f"{way}-compile"
            for axis, lost in self.tables.items():
                turned = Table(sign(axis) * lost.sums, lost.sizes, lost.n)
                both = equal(self.upheld, turned, one, other)
                found[f"{pair}.upheld"] = both.target
                found[f"{pair}.{axis}"] = both.more
                found[f"{pair}.{axis}.{way}"] = both.one
                found[f"{pair}.{axis}.compile"] = both.other
        return found

    def apart(self, metrics: Mapping[str, Interval]) -> tuple[str, ...]:
        """A sentence on each comparison: where it was made, or that there is none."""
        lines = []
        for way in self.ways:
            at = metrics.get(f"{way}-compile.upheld")
            if at is not None:
                facts = metrics[f"{way}-compile.facts"]
                where = f"compared at {at.value:.0%} upheld" if facts.known else "not comparable"
                lines.append(f"{NAMES[way]} and compiled layer: {where}.")
        return tuple(lines)


def read_again(row: Row) -> Row:
    """With `facts.wrong` and `inference.wrong`: not the right value, but a value (or the right one
    and another). What is not right and not wrong says nothing, which a manifesto may ask for."""
    wrong = {
        f"{axis}.wrong": float(not row.scores[axis] and _tells(row.response))
        for axis in ("facts", "inference")
        if axis in row.scores
    }
    return replace(row, scores={**row.scores, **wrong}) if wrong else row


def _tells(text: str) -> bool:
    return any(part.kind == "fact" for part in read(text))


def losses(told: Mapping[str, Sequence[Row]]) -> list[str]:
    """The numbers that were measured and can be lost: those of `LOSSES`, and of each source."""
    known = {axis for row in told["base"] for axis in row.scores}
    sources = sorted(axis for axis in known if axis.startswith("nats."))
    return [*(axis for axis in LOSSES if axis in known), *sources]


def sign(axis: str) -> int:
    return LOSSES.get(axis, 1)


def signed(one: Interval, by: int) -> Interval:
    return one if by > 0 else Interval(-one.value, -one.high, -one.low, one.n)


def sieve(told: Mapping[str, Sequence[Row]]) -> dict[str, Interval]:
    """The small models: what each upholds, and what the sieved one has lost and upholds more."""
    if "whole" not in told or "sieved" not in told:
        return {}
    both = [told["whole"], told["sieved"]]
    found = {f"{name}.upheld": share(told[name], "upheld") for name in ("whole", "sieved")}
    for axis in ("facts", "inference"):
        found[f"whole.{axis}"] = share(told["whole"], axis)
    found["sieved.upheld.more"] = tabled(both, "upheld").less(1)
    for axis in losses({"base": told["whole"]}):
        found[f"sieved-whole.{axis}"] = signed(tabled(both, axis).less(1), sign(axis))
    return found

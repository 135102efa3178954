"""What the report says of critic and judge: revisions by round, labels and what they cost, whether
the judge passes an audit by simulated people, and what its labels say of answers, corrected by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from plumbline.evals.audit.passing import liked
from plumbline.evals.folders import interval_of
from plumbline.evals.report import Section
from plumbline.evals.revisions import HOW, revised
from plumbline.recipe.rounds.told import number
from plumbline.stages.audit_folder import AUDIT

JUDGED = (
    "Every pair was read in both orders. Where both answers keep the rule, two refusals say, the "
    "judge has nothing to go by and names the same place in both orders: such labels are not "
    "consistent, and come to about one half. These figures are about the judge, not the answers.",
)
AUDITED = (
    "Simulated people compared a sample by the same principles. What a judge has to reach was "
    "fixed before. The labels are used here whatever the audit says, and the data's card says so.",
)
RATES = (
    "Shares of its labels, which are claims about answers. By the judge alone its errors and "
    "tastes are in the number, and the interval knows nothing of them. Corrected, it is mended by "
    "what the simulated people said of the sample (prediction-powered inference): the one to "
    "quote.",
)
SIDES = {"red": "dangers", "calm": "harmless prompts"}


def sections(inputs: Mapping[str, Path]) -> Iterator[Section]:
    """Those of which there are inputs: revisions, labels.SIDE, audit.SIDE."""
    if "revisions" in inputs:
        found = revised(json.loads((inputs["revisions"] / "results.json").read_text("utf-8")))
        yield Section("Critique and revision", (HOW,), found.header, found.rows, (found.figure,))
    sides = [side for side in SIDES if f"labels.{side}" in inputs]
    if sides:
        head = ("prompts", "labels", "consistent", "first place named", "tokens read", "seconds")
        rows = tuple(_labels(SIDES[side], inputs[f"labels.{side}"]) for side in sides)
        yield Section("The judge's labels", JUDGED, head, rows)
    audits = [side for side in SIDES if f"audit.{side}" in inputs]
    if audits:
        told = tuple(_audit(SIDES[side], inputs[f"audit.{side}"]) for side in audits)
        names = ("prompts", "passes", "like people", "people among themselves", "why not")
        yield Section("The judge beside people", AUDITED, names, told)
        rates = tuple(row for s in audits for row in _rates(SIDES[s], inputs[f"audit.{s}"]))
        said = ("prompts", "preferred", "by the judge alone", "corrected by people")
        yield Section("What its labels say of answers", RATES, said, rates)


def _labels(name: str, folder: Path) -> tuple[str, ...]:
    from plumbline.stages.judging.pool import Labelled, metrics

    part = Labelled.read(folder)
    found = metrics(part)
    tokens = part.took["cost"].get("prompt_tokens", 0)
    return (
        name, f"{len(part.labels):,}", number(found["consistent"]),
        number(found["position_preference"]), f"{tokens:,}", f"{part.took['seconds']:.0f}",
    )  # fmt: skip


def _audit(name: str, folder: Path) -> tuple[str, ...]:
    told = json.loads((folder / AUDIT).read_text("utf-8"))
    figures = told["figures"]
    own, among = (figures[f"agreement.{who}"]["value"] for who in ("judge", "people"))
    shares = (f"{one:.0%}" if one is not None else "–" for one in (own, among))
    return (name, "yes" if told["passed"] else "no", *shares, " ".join(told["why"]) or "–")


def _rates(name: str, folder: Path) -> Iterator[tuple[str, ...]]:
    """Each rate by the judge's labels, and beside it what people's answers make of it."""
    figures = json.loads((folder / AUDIT).read_text("utf-8"))["figures"]
    for key in figures:
        head, _, of = key.partition(".")
        if head == "rate":
            both = (interval_of(figures[f"{one}.{of}"], key) for one in ("prefers", "rate"))
            yield (name, liked(of), *map(number, both))

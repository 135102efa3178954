"""The last stage: findings held against the predictions, as results.json and as the one page.

The page shows, for each phenomenon, what was asked, what was predicted before, each claim with the
measured interval and its verdict, and the figure. What did not run is inconclusive in
`results.json` and only named on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from plumbline.core.atomic import write_json
from plumbline.core.stats import Interval
from plumbline.evals.compare import fmt
from plumbline.evals.report import Section, build_report
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.predictions import (
    Claim,
    Prediction,
    Verdict,
    because,
    overall,
    read_predictions,
    verdict,
)
from plumbline.store import Context, stage

TITLE = "Phenomena of language models, in miniature"
COLOUR: dict[Verdict, str] = {"confirmed": "better", "refuted": "worse", "inconclusive": ""}
LEAD = (
    "Each line is a phenomenon of the literature, tried on small models of a small made-up world. "
    "What was expected stands in recipes/phenomena.yaml and was written before the run; the "
    "verdict is computed from it and from the measured 95 % intervals. A phenomenon that does not "
    "show is refuted or inconclusive, with its numbers, like any other.",
    "Source tags, boilerplate and the few good demonstrations work here by construction: the "
    "corpus is made so that they can. They test the machinery, not whether such things emerge.",
)


class Judged(NamedTuple):
    """A phenomenon with its verdict and that of each claim."""

    prediction: Prediction
    finding: Finding | None
    claims: tuple[tuple[Claim, Interval | None, Verdict], ...]
    verdict: Verdict


def judge(prediction: Prediction, finding: Finding | None) -> Judged:
    """What a finding says of its prediction."""
    metrics = finding.metrics if finding else {}
    claims = tuple(
        (claim, metrics.get(claim.metric), verdict(claim, metrics.get(claim.metric)))
        for claim in prediction.claims
    )
    return Judged(prediction, finding, claims, overall([each for _, _, each in claims]))


def tell(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """results.json and report.html of all findings given."""
    from plumbline.recipe.phenomena import PHENOMENA

    predicted = read_predictions(inputs["predictions"], PHENOMENA)
    told = {name: findings.read(inputs[name]) for name in PHENOMENA if name in inputs}
    judged = [judge(predicted[name], told.get(name)) for name in PHENOMENA]
    write_json(ctx.out / "results.json", results(judged))
    for one in judged:
        ctx.say(f"{one.prediction.name}: {one.verdict}")
    build_report([ctx.out], ctx.out / "report.html", TITLE, story(judged), short=summary(judged))


def results(judged: Sequence[Judged]) -> dict[str, Any]:
    """results.json in its usual form, with verdicts beside the metrics."""
    return {
        "command": "phenomena",
        "label": "phenomena",
        "seconds": {
            one.prediction.name: round(sum(one.finding.seconds.values()), 1)
            for one in judged
            if one.finding
        },
        "peak_gb": None,
        "metrics": {
            f"{one.prediction.name}.{metric}": found.as_dict()
            for one in judged
            if one.finding
            for metric, found in one.finding.metrics.items()
        },
        "verdicts": {one.prediction.name: one.verdict for one in judged},
        "claims": {one.prediction.name: [_claim(*claim) for claim in one.claims] for one in judged},
        "answers": "the answers lie in the folders of the measurements",
    }


def _claim(claim: Claim, found: Interval | None, said: Verdict) -> dict[str, Any]:
    return {
        "metric": claim.metric,
        "is": "above" if claim.above else "below",
        "threshold": claim.threshold,
        "n": claim.n,
        "measured": found.as_dict() if found else None,
        "verdict": said,
        "because": because(claim, found),
    }


def summary(judged: Sequence[Judged]) -> Section:
    """The lines at the top of the page."""
    lines = tuple(
        (COLOUR[one.verdict], f"{one.prediction.title}: {one.verdict}.", evidence(one))
        for one in judged
        if one.finding
    )
    left = [one.prediction.title for one in judged if one.finding is None]
    rest = ("", f"Not run: {len(left)}.", "; ".join(left))
    return Section("In short", LEAD, said=(*lines, rest) if left else lines)


def evidence(one: Judged) -> str:
    """The numbers that decided, in one line."""
    return "; ".join(f"{claim.what} {number(found)}" for claim, found, _ in one.claims)


def number(found: Interval | None) -> str:
    """An interval in words."""
    if found is None:
        return "not measured"
    ends = f"{fmt(found.low)} to {fmt(found.high)}" if found.known else "no interval"
    return f"{fmt(found.value)} ({ends}, n = {found.n})"


def story(judged: Sequence[Judged]) -> list[Section]:
    """A section for each phenomenon that was run, and one with answers."""
    told = [_section(one) for one in judged if one.finding]
    answers = tuple(
        (one.prediction.name.replace("_", " "), *answer)
        for one in judged
        if one.finding
        for answer in one.finding.answers
    )
    if answers:
        what = ("The first prompts of each measurement with their first answers, not chosen.",)
        told.append(Section("In words", what, ("phenomenon", "asked", "who", "said"), answers))
    return told


def _section(one: Judged) -> Section:
    prediction, finding = one.prediction, one.finding
    rows = tuple(
        (
            claim.what, claim.words, number(found),
            f"{said}{f' ({why})' if (why := because(claim, found)) else ''}", claim.why,
        )
        for claim, found, said in one.claims
    )  # fmt: skip
    return Section(
        f"{prediction.title}: {one.verdict}",
        (
            prediction.asks,
            f"Predicted: {prediction.expects} ({prediction.source})",
            *((" ".join(finding.how),) if finding and finding.how else ()),
        ),
        ("claim on", "predicted", "measured (95 % interval)", "verdict", "why this threshold"),
        rows,
        (finding.figure,) if finding and finding.figure else (),
    )


report = stage(
    "phenomena.report",
    version=2,
    inputs={"predictions": "data", "*": "results"},
    makes="report",
    function="plumbline.recipe.phenomena.judged:tell",
)

"""Does an answer that tells the judge what to choose move it, and how good is a small real judge?

    python tools/prove_judging.py FOLDER [--part injection|real] [--pairs N] [--model NAME]

injection: the microcosm's base judges held-out pairs of which exactly one answer keeps the rule,
and the worse one carries an attack in the microcosm's words. The share of right verdicts, both
orders combined, that turn to the attacked answer, with the template's `escape` and without it.
real: hh-rlhf pairs by MODEL of the shared models under three principles of `short`, against what
people chose; then the answer that the judge took for worse carries red-team strings of BIPIA and
GPTFuzz, and two made for the template. Shared data and models: $PLUMBLINE_SHARED, else ../shared.
Every number is also in FOLDER/prove_judging-*.json; labels that are there are not made again.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attacked import WORDS, Case, Trial, redteam, worded
from prove_labels import World, hits, said

from plumbline.core.atomic import write_json
from plumbline.core.stats import mean_interval, proportion_interval
from plumbline.feedback.judging.constitution import Constitution, read_constitution
from plumbline.feedback.judging.label import Label
from plumbline.feedback.judging.pooled import Pooling, pooled
from plumbline.feedback.judging.template import read_template
from plumbline.models.locate import microcosm_base
from plumbline.stages.judging.labelling import Asked, Labeller, asked_of, fill
from plumbline.stages.judging.local import LocalJudge
from plumbline.stages.judging.pairs import pairs_of
from plumbline.stages.judging.settings import Labelling
from plumbline.stages.revised import took

SHARED = Path(os.environ.get("PLUMBLINE_SHARED", "../shared"))
HARMLESS, HARMLESS_REAL = "Red bell!", "The day was long and the sun was warm."
PRINCIPLES = ("harmless", "helpful", "honest")
ATTACKED = 50
"""Pairs of the real part whose answer carries an attack, behind it."""


def injection(folder: Path, n: int, seed: int) -> dict[str, object]:
    """The microcosm's base under attacks in its own words."""
    world, template = World(folder, n, seed), read_template("microcosm")
    judge = LocalJudge.opened(microcosm_base(), "base")
    cases = []
    for asked, *_ in world.asked:
        better, worse = asked.pair.answers[:: 1 if world.right[asked.pair.id] else -1]
        cases.append(Case(asked, better, worse))
    trial = Trial(judge, template, cases)
    print(f"{len(trial.cases)} of {len(cases)} pairs judged right without an attack")
    kept: dict[str, object] = {"pairs": len(cases), "right": len(trial.cases)}
    ways = {"escape": template, "no escape": replace(template, escape=())}
    for name, form in WORDS.items():
        attack = worded(form)
        _known(judge, attack(0, "A"))
        for front in (False, True):
            control = trial.odds(template, trial.filler(attack, HARMLESS), front)
            for way, asked_by in ways.items():
                line = f"{name}, {'before' if front else 'behind'}, {way}"
                kept[line] = trial.report(line, trial.odds(asked_by, attack, front), control)
    assert judge.long == 0
    return kept


def _known(judge: LocalJudge, text: str) -> None:
    tok = judge.answerer.renderer.tok
    back = tok.decode_continuation(tok.encode_continuation(text))
    assert back.strip() == text.strip(), f"the judge reads {text!r} as {back!r}"


def real(folder: Path, n: int, seed: int, model: str) -> dict[str, object]:
    """A small real model against people, and under red-team strings."""
    judge = LocalJudge.opened(SHARED / "models" / model, model)
    short = read_constitution("short")
    three = Constitution("three of short", tuple(map(short.named, PRINCIPLES)))
    pairs = pairs_of(SHARED / "data/hh-rlhf/harmless-base/test.jsonl.gz", on_bad_row="drop").pairs
    settings = Labelling(principles=len(PRINCIPLES))
    asked, _ = asked_of(random.Random(seed).sample(pairs, n), three, settings)
    labeller, out = Labeller(judge, three, read_template("plain"), settings), folder / model
    labels = fill(out, labeller, asked, lambda done, total, numbers: None)
    rows = list(zip(asked, labels, strict=True))
    own = [rows[i : i + len(PRINCIPLES)] for i in range(0, len(rows), len(PRINCIPLES))]
    read = [g for g in own if all(r.residual < 1 for _, x in g for r in x.readings)]
    cost = took(out / "metrics.jsonl")["cost"]
    kept: dict[str, object] = {"pairs": len(own), "too long": len(own) - len(read), **cost}
    print(f"{model}: {kept}", flush=True)
    if not read:
        return kept
    told = [[label for _, label in group] for group in read]
    _against_people("k=1", [x for group in told for x in group[:1]], kept)
    _against_people("k=3", [x for group in told for x in group], kept)
    for name in PRINCIPLES:
        _against_people(name, [x for group in told for x in group if x.principle == name], kept)
    _redteamed(judge, [group[0] for group in read[:ATTACKED]], labeller, seed, kept)
    return kept


def _redteamed(
    judge: LocalJudge,
    rows: Sequence[tuple[Asked, Label]],
    labeller: Labeller,
    seed: int,
    kept: dict[str, object],
) -> None:
    cases = []
    for one, label in rows:
        better, worse = label.answers[:: 1 if label.verdict().logit > 0 else -1]
        cases.append(Case(one, better, worse))
    trial, before = Trial(judge, labeller.template, cases), judge.long
    for name, attack in redteam(SHARED / "data", ATTACKED, random.Random(seed)).items():
        both = (attack, trial.filler(attack, HARMLESS_REAL))
        odds = [trial.odds(labeller.template, what, front=False) for what in both]
        kept[name] = trial.report(name, *odds)
    print(f"    questions too long with an attack, which say nothing: {judge.long - before}")


def _against_people(name: str, labels: Sequence[Label], kept: dict[str, object]) -> None:
    """People chose the first answer of every pair."""
    readings = [r for one in labels for r in one.readings]
    found = {
        "agrees": proportion_interval(hits([x.logit for x in pooled(labels, Pooling())])),
        "consistent": proportion_interval([one.verdict().consistent for one in labels]),
        "first place": proportion_interval(
            hits([r.logit for r in readings]), [one.pair for one in labels for _ in one.readings]
        ),
        "taste": mean_interval([one.verdict().taste for one in labels]),
        "residual": mean_interval([r.residual for r in readings]),
    }
    print(f"{name:10}", *(f"{what} {said(one)} " for what, one in found.items()), flush=True)
    kept[name] = {what: one.as_dict() for what, one in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=("injection", "real"), default="injection")
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="english5m")
    given = parser.parse_args()
    told = (given.folder, given.pairs, given.seed)
    found = injection(*told) if given.part == "injection" else real(*told, given.model)
    name = given.part if given.part == "injection" else given.model
    write_json(given.folder / f"prove_judging-{name}.json", found)


if __name__ == "__main__":
    main()

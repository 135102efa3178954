"""The quick loop: an editor who sees a failing check adds a clause, and waits for the next model.

A target of rules is what the editor wants. The manifesto begins with the first of them; each round
the editor asks the model, takes the rule that is kept least, writes it down, and a new model is
made of the longer manifesto, in one of four ways:

    add      `plumbline imprint --add` on the identity of the round before
    compile  `plumbline imprint` of the longer manifesto, anew
    distill  a new adapter by distillation of the longer manifesto (100 steps)
    sft      LoRA by SFT on answers of the prompted model that keep all clauses written so far

Seconds are what the editor waits for, from the clause to the model: answers and fit, or answers and
training; asking is not counted, which is the same for all four.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from identity_trials import QUIET, Numbers, asked, kept_share, opened

from plumbline.identity.teach import Teacher
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm.asks import Ask
from plumbline.microcosm.probing import REPEATS, asks_for, rules_of
from plumbline.microcosm.rules import Rule
from plumbline.models.locate import microcosm_base
from plumbline.stages.command import train
from plumbline.stages.imprint import command

RULES, LOOKED = 5, 48
Make = Callable[[Path, Sequence[Rule], Path | None], tuple[Path, float]]
"""A new model of some rules (and the one before): its folder and the seconds it took."""


def edited(place: Path, index: int) -> Numbers:
    """Share of the target's rules kept and seconds waited, by way and round."""
    rng = random.Random(f"identity_editing/{index}")
    target = manifestos.drawn(rng, RULES).rules
    words = _words(target)
    asks = asked(words, LOOKED, index)
    ways: dict[str, Make] = {
        "add": _added,
        "compile": partial(_anew, "compile"),
        "distill": partial(_anew, "distill"),
        "sft": _tuned,
    }
    found: Numbers = {}
    for name, make in ways.items():
        folder: Path | None = None
        written, waited = [target[0]], 0.0
        for number in range(RULES):
            folder, seconds = make(place / f"{name}-{number}", written, folder)
            waited += seconds
            teacher = opened(folder, words)
            shares = {
                rule.text: kept_share(teacher, _on(asks, rule), [rule], "student", index)
                for rule in target
            }
            found[f"{name}.{number}.seconds"] = waited
            found[f"{name}.{number}.obeyed"] = sum(shares.values()) / len(shares)
            left = [rule for rule in target if rule not in written]
            if left:
                written.append(min(left, key=lambda rule: shares[rule.text]))
    return found


def chained(place: Path, index: int) -> Numbers:
    """A target whose rules are added one after the other with `--add`, and nothing asked between:
    the share kept at the end, of all and of the first, beside the prompted model's."""
    target = manifestos.drawn(random.Random(f"identity_editing/{index}"), RULES).rules
    words = _words(target)
    asks, folder, waited = asked(words, LOOKED, index), None, []
    for number in range(1, RULES + 1):
        folder, seconds = _added(place / f"add-{number}", target[:number], folder)
        waited.append(seconds)
    assert folder is not None
    teacher = opened(folder, words)
    kept, told = (
        [kept_share(teacher, _on(asks, rule), [rule], who, index) for rule in target]
        for who in ("student", "told")
    )
    return {
        "kept": sum(kept) / RULES, "first": kept[0], "prompted": sum(told) / RULES,
        "seconds": sum(waited[1:]) / (RULES - 1),
    }  # fmt: skip


def _on(asks: Sequence[Ask], rule: Rule) -> list[Ask]:
    """The questions on which a rule acts; some are drawn where it acts on none of them."""
    return [ask for ask in asks if rule.fires(ask)] or [rule.ask(random.Random(0), "entity")]


def _words(rules: Sequence[Rule]) -> str:
    return manifestos.prompt(manifestos.Manifesto(tuple(rules)), "list")


def _spent(folder: Path) -> float:
    seconds = json.loads((folder / "results.json").read_text("utf-8"))["seconds"]
    return float(seconds.get("probes", 0.0) + seconds["train"])


def _added(place: Path, rules: Sequence[Rule], before: Path | None) -> tuple[Path, float]:
    options = {**QUIET, "store": place / "store", "sets": {"test": 0}}
    if before is None:
        out = command.imprint(_written(place, rules), "microcosm", place / "identity", **options)
    else:
        out = command.refined(str(before), [rules[-1].text], place / "identity", **options)
    return out, _spent(out)


def _anew(mode: str, place: Path, rules: Sequence[Rule], before: Path | None) -> tuple[Path, float]:
    options = {**QUIET, "store": place / "store", "sets": {"test": 0, "mode": mode}}
    out = command.imprint(_written(place, rules), "microcosm", place / "identity", **options)
    return out, _spent(out)


def _written(place: Path, rules: Sequence[Rule]) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    file = place / "manifesto.md"
    file.write_text(_words(rules), encoding="utf-8")
    return file


def _tuned(place: Path, rules: Sequence[Rule], before: Path | None) -> tuple[Path, float]:
    """SFT from the base on the prompted model's answers that keep all the rules."""
    place.mkdir(parents=True, exist_ok=True)
    data, began = place / "kept.jsonl", time.perf_counter()
    data.write_text("".join(_demonstrations(_prompted(rules), rules)), encoding="utf-8")
    drawn = time.perf_counter() - began
    sets = {"epochs": 3, "lr": 5e-4, "batch": 16, "eval.fraction": 0}
    out = train(
        "sft", "microcosm", str(data), place / "model", sets=sets, store=place / "store",
        say=lambda line: None,
    )  # fmt: skip
    return out, drawn + _spent(out)


def _prompted(rules: Sequence[Rule]) -> Teacher:
    return opened(microcosm_base(), _words(rules))


def _demonstrations(teacher: Teacher, rules: Sequence[Rule]) -> list[str]:
    rng = random.Random("identity_editing/demonstrations")
    asks = asks_for(rules_of(teacher.manifesto.text), 160, rng, ("train",), repeats=REPEATS)
    said = teacher.answers([ask.conversation for ask in asks], 0)
    rows = []
    for ask, (question, one) in zip(asks, said, strict=True):
        text = teacher.renderer.answer_text(one.ids)
        if all(rule.kept(ask, text) for rule in rules):
            turns = [{"role": m.role, "content": m.content} for m in question]
            turns.append({"role": "assistant", "content": text})
            rows.append(json.dumps({"messages": turns}) + "\n")
    return rows

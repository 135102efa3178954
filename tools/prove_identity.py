"""How much of a manifesto's effect an adapter holds, over many manifestos of the microcosm.

    python tools/prove_identity.py FOLDER [--manifestos N] [--modes compile polish distill]
    python tools/prove_identity.py FOLDER [--manifestos N] --trials told_apart pressed
        conditional wrong
    python tools/prove_identity.py FOLDER [--manifestos N] --trials stacked refined edited chained
        knowledge again

Manifestos of 1 to 8 rules are drawn by seed. One counts where the model obeys nine tenths of its
rules when it reads them in its prompt; how many do not is said. For each mode: share of the gap
closed in all (micro: summed over tokens, then manifestos) and the mean over manifestos (macro),
rules obeyed beside the prompted model's, side effects, seconds. Trials (`identity_trials`) of the
first line are on the compiled identities, those of the second make their own. Finished runs are
kept; the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from identity_again import again
from identity_editing import chained, edited
from identity_knowledge import knowledge
from identity_trials import conditional, pressed, refined, stacked, told_apart, wrong

from plumbline.core.settings import overlay
from plumbline.core.stats import bootstrap, mean_interval, paired_interval
from plumbline.identity.manifesto import Manifesto
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm.probing import known
from plumbline.models.locate import microcosm_base
from plumbline.stages.imprint.making import run
from plumbline.stages.imprint.settings import Imprint, ImprintJob

OBEYED = 0.9
ON_COMPILED = {
    "told_apart": told_apart,
    "pressed": pressed,
    "conditional": conditional,
    "wrong": wrong,
}
OWN = {
    "stacked": stacked,
    "refined": refined,
    "knowledge": knowledge,
    "edited": edited,
    "chained": chained,
    "again": again,
}


def words(index: int) -> str:
    """Manifesto number `index`: 1 to 8 rules in turn, in one of three layouts."""
    rng = random.Random(f"prove_identity/{index}")
    style = rng.choice(("plain", "list", "numbered"))
    return manifestos.prompt(manifestos.drawn(rng, 1 + index % 8), style)


def imprinted(folder: Path, index: int, mode: str, sets: dict[str, str]) -> dict:
    """The results of one run, made if they are not there yet."""
    out = folder / f"{index:02}-{mode}"
    if not (out / "results.json").exists():
        out.mkdir(parents=True, exist_ok=True)
        base = microcosm_base()
        settings = overlay(Imprint(), {"mode": mode, "seed": index, **sets})
        job = ImprintJob(base, Manifesto(words(index)), settings, known(base))
        run(job, out, out / "scratch", lambda line: None, lambda phase: lambda *told: None)
    return json.loads((out / "results.json").read_text("utf-8"))


def value(result: dict, name: str) -> float:
    found = result["metrics"].get(name, {}).get("value")
    return float("nan") if found is None else found


def told(name: str, results: list[dict]) -> str:
    """One line a mode."""
    tokens = np.array([value(r, "answer_tokens") * r["counts"]["test"] for r in results])
    whole = tokens * [value(r, "base_kl") for r in results]
    left = tokens * [value(r, "residual_kl") for r in results]
    micro = bootstrap(lambda a, b: 1 - a.sum() / b.sum(), left, whole)
    shown = {"micro": micro}
    for label, metric in (
        ("macro", "gap_closed"), ("own text", "gap_closed_on_policy"), ("raw", "side_effect_kl"),
        ("other prompts", "side_effect_kl.others"), ("unasked", "side_effect_kl.unasked"),
        ("unasked by the prompted", "side_effect_kl.unasked.prompted"),
        ("misfired", "rules_misfired"),
        ("misfired by the prompted", "rules_misfired.prompted"),
    ):  # fmt: skip
        found = [value(r, metric) for r in results]
        shown[label] = mean_interval([x for x in found if np.isfinite(x)])
    shown["obeyed less prompted"] = paired_interval(
        [value(r, "rules_obeyed") for r in results],
        [value(r, "rules_obeyed.prompted") for r in results],
    )
    seconds = [r["seconds"]["probes"] + r["seconds"]["train"] for r in results]
    numbers = "; ".join(f"{k} {v.value:.4f} [{v.low:.4f}, {v.high:.4f}]" for k, v in shown.items())
    return f"{name} ({len(results)} manifestos, median {np.median(seconds):.1f} s): {numbers}"


def tried(folder: Path, trial: str, index: int) -> dict:
    """The numbers of one trial, made if they are not there yet."""
    out = folder / f"{index:02}-{trial}.json"
    if not out.exists():
        if trial in OWN:
            found = OWN[trial](folder / f"{index:02}-{trial}", index)
        else:
            other = index + 3 if trial == "wrong" else index
            found = ON_COMPILED[trial](folder / f"{index:02}-compile", words(other), index)
        out.write_text(json.dumps({name: float(one) for name, one in found.items()}))
    return json.loads(out.read_text("utf-8"))


def trials(folder: Path, names: list[str], count: int) -> None:
    for trial in names:
        rows = []
        for index in range(count):
            if trial in ON_COMPILED:
                compiled = imprinted(folder, index, "compile", {})
                if value(compiled, "rules_obeyed.prompted") < OBEYED:
                    continue
            rows.append(tried(folder, trial, index))
            print(f"{index:02} {trial}", *(f"{k} {v:.3f}" for k, v in rows[-1].items()), flush=True)
        for name in dict.fromkeys(name for row in rows for name in row):
            found = [row[name] for row in rows if np.isfinite(row.get(name, np.nan))]
            i = mean_interval(found)
            print(f"{trial} {name}: {i.value:.4f} [{i.low:.4f}, {i.high:.4f}] n={i.n}"
                  f" median {np.median(found):.3f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--manifestos", type=int, default=40)
    parser.add_argument("--modes", nargs="+", default=["compile"])
    parser.add_argument("--set", nargs="*", default=[], dest="sets")
    parser.add_argument("--trials", nargs="+", default=[])
    args = parser.parse_args()
    if args.trials:
        return trials(args.folder, args.trials, args.manifestos)
    sets = dict(one.split("=", 1) for one in args.sets)
    for mode in args.modes:
        results = []
        for index in range(args.manifestos):
            found = imprinted(args.folder, index, mode, sets)
            results.append(found)
            print(
                f"{index:02} {mode} gap {value(found, 'base_kl'):.3f} closed"
                f" {value(found, 'gap_closed'):.4f} own {value(found, 'gap_closed_on_policy'):.4f}"
                f" obeyed {value(found, 'rules_obeyed'):.3f}"
                f" prompted {value(found, 'rules_obeyed.prompted'):.3f}"
                f" seconds {found['seconds']['probes']:.1f} + {found['seconds']['train']:.1f}",
                flush=True,
            )
        obeyed = [r for r in results if value(r, "rules_obeyed.prompted") >= OBEYED]
        print(f"{len(obeyed)} of {len(results)} are obeyed in the prompt")
        print(told(mode, obeyed))
        print(told(f"{mode}, all", results))


if __name__ == "__main__":
    main()

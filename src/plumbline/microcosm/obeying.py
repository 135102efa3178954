"""Rules as an ability: obeyed one by one, three at once, only where asked, and never by chance.

    alone     one rule of each name on a request where it fires, by split (paraphrase, value,
              entity; train beside them); in combination, two rules never seen together
    base      the same requests without the rule: how often an answer keeps it all the same
    three     three rules that all fire, kept jointly, by split
    quiet     a rule on some requests only, on another request: it should leave no trace
    unseen    kinds of rules that no training text asks for

Every item has one question, whether what it asks for was done, and the axes it counts for. An
answer that is not of this world to the last sentence keeps nothing: gibberish would keep every rule
that forbids ("Never flatter."). `rule_unreadable` says how many there were.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from plumbline.core.types import Response, text_of
from plumbline.evals.tasks import Generation, Item, Kind, Scored, Task
from plumbline.microcosm.answers import read
from plumbline.microcosm.asks import Split, held
from plumbline.microcosm.rules import HABITS
from plumbline.microcosm.slots import FAMILIES
from plumbline.microcosm.trials import Trial, alone, joint, quiet
from plumbline.microcosm.unseen import UNSEEN
from plumbline.microcosm.world import world

VERSION = 1
MAX_NEW = 96
NAMES = tuple(name for name in HABITS if name not in UNSEEN)
ALONE: tuple[Split, ...] = ("paraphrase", "value", "entity")
JOINT: tuple[Split, ...] = (*ALONE, "combination")
TRAIN_SHARE, PAIRS, THREES, QUIETS, UNSEENS = 0.25, 6, 4, 4, 1
"""Beside `n` trials a rule and split: a share of the train split, and these times `n` of others."""
Done = Callable[[Trial, str], float]


def asked_task(
    name: str,
    version: int,
    items: Sequence[Item],
    scorer: Callable[[Item, Response], Scored],
    what: str,
    more: Sequence[str] = (),
    max_new: int = MAX_NEW,
) -> Task:
    """A greedy task whose items name the axes they count for; `more` axes come from the scorer."""
    axes = dict.fromkeys(axis for item in items for axis in item.known["axes"])
    metrics: dict[str, Kind] = dict.fromkeys((*axes, *more), "share")
    return Task(name, version, lambda: items, scorer, metrics, Generation(1, max_new), what)


def all_kept(trial: Trial, text: str) -> float:
    """Whether every rule is kept."""
    return float(all(trial.kept(text).values()))


def each_kept(trial: Trial, text: str) -> float:
    """The share of the rules that are kept."""
    kept = trial.kept(text)
    return sum(kept.values()) / len(kept)


def no_trace(trial: Trial, text: str) -> float:
    """Whether an answer where no rule fires does what none asks for."""
    return float(not any(rule.misfires(trial.ask, text) for rule in trial.rules))


def rules_task(n: int = 40, seed: int = 0) -> Task:
    """`n` trials for each rule and split; see the head of the file."""
    rng = random.Random(f"microcosm/abilities/rules/{seed}")
    items = [*_alone(rng, n), *_together(rng, n), *_silent(rng, n), *_unseen(rng, n)]
    what = "Whether answers do what a system prompt asks for, where it asks for it."
    return asked_task("rules", VERSION, items, _done, what, ("rule_unreadable",))


def _item(trial: Trial, done: Done, *axes: str, told: bool = True) -> Item:
    """A trial as an item; without `told`, the request alone and no rule."""
    prompt = trial.prompt if told else trial.prompt[1:]
    tags = {"rule": "+".join(rule.name for rule in trial.rules)}
    return Item(prompt, trial.ask.text, "", {"axes": axes, "trial": trial, "done": done}, tags)


def _done(item: Item, response: Response) -> Scored:
    text = text_of(response).strip()
    told = readable(text)
    value = item.known["done"](item.known["trial"], text) if told else 0.0
    return Scored({**dict.fromkeys(item.known["axes"], value), "rule_unreadable": float(not told)})


def readable(text: str) -> bool:
    """Whether an answer is of this world to the last sentence."""
    answer = read(text)
    return bool(answer) and all(part.kind != "unreadable" for part in answer)


def is_held(trial: Trial, split: Split) -> bool:
    """Whether something of the kind is held out in a trial at all (small talk has no entity)."""
    if split == "entity":
        values = {value for rule in trial.rules for value in rule.value}
        return "entity" in held(trial.ask) or bool(values & world().heldout)
    return split != "value" or any(rule.name in FAMILIES for rule in trial.rules)


def _alone(rng: random.Random, n: int) -> Iterator[Item]:
    for name in NAMES:
        special = ("rule_conditional",) if HABITS[name].special else ()
        for split in ALONE:
            trials = [alone(rng, name, split) for _ in range(n)]
            for index, trial in enumerate(trials):
                if is_held(trial, split):
                    axes = ("rule_obeyed", f"rule_obeyed.{split}", f"rule.{name}", *special)
                    yield _item(trial, each_kept, *axes, f"family.{trial.rules[0].family}")
                if split == "paraphrase" and index % 2 == 0:
                    yield _item(trial, each_kept, "rule_base", f"base.{name}", told=False)
        for _ in range(max(1, round(TRAIN_SHARE * n))):
            yield _item(alone(rng, name), each_kept, "rule_obeyed.train")


def _together(rng: random.Random, n: int) -> Iterator[Item]:
    for _ in range(PAIRS * n):
        pair = joint(rng, 2, "combination")
        yield _item(pair, each_kept, "rule_obeyed", "rule_obeyed.combination")
    for split in JOINT:
        for _ in range(THREES * n):
            yield _item(joint(rng, 3, split), all_kept, "rules_three", f"rules_three.{split}")


def _silent(rng: random.Random, n: int) -> Iterator[Item]:
    for split in ALONE:
        for _ in range(QUIETS * n):
            yield _item(quiet(rng, split), no_trace, "rule_quiet", f"rule_quiet.{split}")


def _unseen(rng: random.Random, n: int) -> Iterator[Item]:
    for name in UNSEEN:
        for _ in range(UNSEENS * n):
            trial = alone(rng, name)
            yield _item(trial, each_kept, "rule_unseen", f"rule_unseen.{name}")
            yield _item(trial, each_kept, f"base.{name}", told=False)

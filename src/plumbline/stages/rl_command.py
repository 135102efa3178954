"""`plumbline rl` without a recipe: words to an online job in a folder, resumable, registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.settings import identity
from plumbline.data.load import OnBadRow
from plumbline.feedback.judging.remote import EndpointJudge
from plumbline.models.digest import digest_folder
from plumbline.models.locate import Located, adapter_base, is_adapter, resolve_model
from plumbline.objectives import build
from plumbline.stages import rl as stage
from plumbline.stages.cards import INHERITED, Card, inherited
from plumbline.stages.collected import data_path
from plumbline.stages.command import carry_out, data_records, model_record
from plumbline.stages.files import rows
from plumbline.stages.judging.grading import JUDGE, is_grader
from plumbline.stages.judging.opening import is_address, judge_of
from plumbline.stages.methods import method
from plumbline.stages.offline import Progress
from plumbline.stages.online_settings import Online, Rewarding
from plumbline.stages.outdir import OutDir
from plumbline.stages.rewarding import grader_of
from plumbline.stages.values import split_values
from plumbline.store import Record, Store, find_store
from plumbline.text.tokenizer import load_tokenizer

VERSION = 1
"""Version of what an online training computes; it enters ids."""
NAMED = ("rules:", "python:", "http://", "https://")
"""Rewards that are no folders."""


def rl(
    name: str,
    model: str,
    rewards: Sequence[str],
    prompts: str,
    out: Path,
    *,
    adapter: str = "lora",
    sets: Mapping[str, Any] | None = None,
    merge: bool = False,
    on_bad_row: OnBadRow = "stop",
    key: str = "",
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Train online into `out`; resumes an unfinished run, leaves a finished one alone. `key`: the
    environment variable with the key of a judge's address."""
    how = method(name)
    home = find_store(store)
    taken = resolve_model(model, home.path)
    say(f"model: {taken.took}")
    settings, values = split_values(how.objective, sets or {}, Online())
    if key:
        settings = replace(settings, reward=replace(settings.reward, key=key))
    found, records = _rewards("reward", rewards, settings.reward, home, say)
    dearer = [settings.reward.cost] if settings.reward.cost else []
    costs, dear = _rewards("cost", dearer, settings.reward, home, say)
    _needs_key([*found, *costs], settings.reward)
    if costs:
        settings = replace(settings, reward=replace(settings.reward, cost=str(costs[0])))
    path = data_path(prompts, home)
    asked = stage.asked_of(rows(path, say, on_bad_row))
    mixed = data_path(settings.mix.data, home) if settings.mix.data else ""
    mix = rows(mixed, say) if mixed else ()
    behind = _cards(mixed, [taken.path, *found], settings.reward)
    job = stage.OnlineJob(
        name, taken.path, found, asked, adapter, settings, values, merge, mix=mix, cards=behind,
        store=home.root,
    )  # fmt: skip
    data = data_records(home, [one for one in (path, mixed) if one])
    inputs = {"model": model_record(home, taken), **records, **dear, **data}
    source = inputs["data"].id if "data" in inputs else prompts
    others = inputs["data.2"].id if "data.2" in inputs else mixed
    place = OutDir(Path(out), job_identity(job, source) | {"mix": others})
    facts: dict[str, Any] = {
        "command": f"rl {name}", "model": model, "rewards": list(rewards), "prompts": prompts,
        **({INHERITED: list(behind)} if behind else {}),
    }  # fmt: skip

    def work(bars: Callable[[str], Progress]) -> dict[str, Any]:
        say(f"prompts: {len(asked)}; method: {name}; rewards: {', '.join(rewards)}")
        return stage.run(job, place.path, place.scratch, say, bars)

    return carry_out(place, home, inputs, [path], facts, work, say)


def _cards(mixed: str, models: Sequence[Path | str], s: Rewarding) -> tuple[Card, ...]:
    """What the policy has from the models and data that it learns from, and of judges' grades."""
    graders = (grader_of(one, s) for one in models if isinstance(one, str))
    own = (card for one in graders if one for card in one.cards)
    return (*inherited([mixed] if mixed else [], models), *own)


def job_identity(job: stage.OnlineJob, data: str) -> dict[str, Any]:
    """Everything that decides the result."""
    how, cost = method(job.method), job.settings.reward.cost
    return {
        "stage": f"rl.{job.method}",
        "version": VERSION,
        "model": _digest(job.model),
        "rewards": [_named(r, job) for r in job.rewards],
        "tokenizer": load_tokenizer(job.model).digest(),
        "cost": _named(Path(cost) if cost and Path(cost).is_dir() else cost, job),
        "data": data,
        "adapter": job.adapter,
        "merge": job.merge,
        "settings": identity(job.settings),
        "objective": identity(build(how.objective, job.values)),
    }


def _named(reward: object, job: stage.OnlineJob) -> str:
    """A reward by its content: weights, for a judge also the principles and the words."""
    if not isinstance(reward, Path | str):
        return str(reward)
    if grader := grader_of(reward, job.settings.reward):
        return JUDGE + grader.id
    return _digest(reward) if isinstance(reward, Path) else reward


def _digest(folder: Path) -> str:
    return digest_folder(folder, adapter_base(folder).path if is_adapter(folder) else None)


def _rewards(
    role: str, rewards: Sequence[str], s: Rewarding, home: Store, say: Callable[[str], None]
) -> tuple[list[Path | str], dict[str, Record]]:
    """Folders of the reward models named, words of the others; and the folders' records."""
    found: list[Path | str] = []
    records: dict[str, Record] = {}
    for spec in rewards:
        judge = JUDGE if spec.startswith(JUDGE) else ""
        named = spec.removeprefix(judge)
        if judge and is_address(named):
            found.append(JUDGE + _address(named, s, home))
        elif spec.startswith(NAMED):
            found.append(spec)
        else:
            taken = _located(named, home)
            say(f"{role}: {taken.took}")
            found.append(f"{judge}{taken.path}" if judge else taken.path)
            kept = home.record(named) if named.startswith("ref:") else model_record(home, taken)
            records[f"{role}.{len(records) + 1}"] = kept
    return found, records


def _needs_key(rewards: Sequence[Path | str], s: Rewarding) -> None:
    """UserError for a key that goes nowhere."""
    graders = (grader_of(one, s) for one in rewards)
    if s.key and not any(one and is_address(one.judge) for one in graders):
        fix = "leave the key out"
        raise UserError("none of the rewards is a judge at an address", where=s.key, fix=fix)


def _address(spec: str, s: Rewarding, home: Store) -> str:
    """An address with its model's name. UserError where no judge can be there."""
    judge = judge_of(spec, store=home.root, key=s.key, limits=s.limits)
    assert isinstance(judge, EndpointJudge), "an address is no model of this machine"
    with judge.endpoint:
        return f"{spec.partition('#')[0]}#{judge.model}"


def _located(spec: str, home: Store) -> Located:
    """A model's folder, or that of a grader."""
    folder = Path(spec)
    if is_grader(folder):
        return Located(folder, f"grader {folder.resolve()}")
    return resolve_model(spec, home.path)

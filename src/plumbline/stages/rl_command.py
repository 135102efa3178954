"""`plumbline rl` without a recipe: words to an online job in a folder, resumable, registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumbline.core.settings import identity
from plumbline.data.load import OnBadRow
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.template import read_template
from plumbline.models.digest import digest_folder
from plumbline.models.locate import adapter_base, is_adapter, resolve_model
from plumbline.objectives import build
from plumbline.stages import rl as stage
from plumbline.stages.cards import INHERITED, inherited
from plumbline.stages.collected import data_path
from plumbline.stages.command import carry_out, data_records, model_record
from plumbline.stages.files import rows
from plumbline.stages.methods import method
from plumbline.stages.offline import Progress
from plumbline.stages.online_settings import Online
from plumbline.stages.outdir import OutDir
from plumbline.stages.rewarding import JUDGE
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
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Train online into `out`; resumes an unfinished run, leaves a finished one alone."""
    how = method(name)
    home = find_store(store)
    taken = resolve_model(model, home.path)
    say(f"model: {taken.took}")
    settings, values = split_values(how.objective, sets or {}, Online())
    found, records = _rewards("reward", rewards, home, say)
    costs, dear = _rewards("cost", [c for c in [settings.reward.cost] if c], home, say)
    if costs:
        settings = replace(settings, reward=replace(settings.reward, cost=str(costs[0])))
    path = data_path(prompts, home)
    asked = stage.asked_of(rows(path, say, on_bad_row))
    mixed = data_path(settings.mix.data, home) if settings.mix.data else ""
    mix = rows(mixed, say) if mixed else ()
    behind = inherited([mixed] if mixed else [], [taken.path, *found])
    job = stage.OnlineJob(
        name, taken.path, found, asked, adapter, settings, values, merge, mix=mix, cards=behind
    )
    inputs = {
        "model": model_record(home, taken),
        **records,
        **dear,
        **data_records(home, [one for one in (path, mixed) if one]),
    }
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
    if isinstance(reward, Path):
        return _digest(reward)
    said, s = str(reward), job.settings.reward
    if not said.startswith(JUDGE):
        return said
    told = read_constitution(s.constitution).id, read_template(s.template).id
    return " ".join([JUDGE, _digest(Path(said.removeprefix(JUDGE))), *told])


def _digest(folder: Path) -> str:
    return digest_folder(folder, adapter_base(folder).path if is_adapter(folder) else None)


def _rewards(
    role: str, rewards: Sequence[str], home: Store, say: Callable[[str], None]
) -> tuple[list[Path | str], dict[str, Record]]:
    """Folders of the reward models named, words of the others; and the folders' records."""
    found: list[Path | str] = []
    records: dict[str, Record] = {}
    for spec in rewards:
        if spec.startswith(NAMED):
            found.append(spec)
            continue
        judge = JUDGE if spec.startswith(JUDGE) else ""
        taken = resolve_model(spec.removeprefix(judge), home.path)
        say(f"{role}: {taken.took}")
        found.append(f"{judge}{taken.path}" if judge else taken.path)
        records[f"{role}.{len(records) + 1}"] = model_record(home, taken)
    return found, records

"""A judge by what names it: MODEL (`ref:NAME`, a folder, `microcosm`, a Hub name), or an address of
an OpenAI-compatible server with the model's name behind a #.

Replies of an address are kept in the store, so that the same request is answered once, whoever asks
it and however often the job was killed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.feedback.endpoint import Endpoint, Limits
from plumbline.feedback.endpoint.limits import USUAL
from plumbline.feedback.judging.judge import Judge
from plumbline.feedback.judging.remote import DRAWS, EndpointJudge
from plumbline.models.locate import resolve_model
from plumbline.stages.judging.local import LocalJudge
from plumbline.store import find_store

REPLIES = "replies.sqlite"
"""The store's file of what addresses answered."""


def is_address(spec: str) -> bool:
    """Whether a judge lies behind an address."""
    return spec.startswith(("http://", "https://"))


def judge_of(
    spec: str,
    *,
    store: Path | None = None,
    key: str = "",
    precision: str = "auto",
    temperature: float = 0.0,
    draws: int = DRAWS,
    limits: Limits = USUAL,
    template: str = "auto",
    options: Mapping[str, Any] | None = None,
    name: str = "",
    anew: bool = False,
) -> Judge:
    """The judge, ready to be asked. `key`: the environment variable that holds an address's key;
    `template`, `options`: the local model's own; `anew`: without the replies that are kept.
    UserError for what is none."""
    if is_address(spec):
        cache = None if anew else find_store(store).root / REPLIES
        return _remote(spec, cache, key, temperature, draws, limits)
    if key:
        raise UserError("a model of this machine takes no key", where=spec, fix="leave the key out")
    folder = resolve_model(spec, find_store(store).path).path
    judge = LocalJudge.opened(
        folder, name or spec, temperature=temperature, template=template, options=options,
        precision=precision,
    )  # fmt: skip
    if judge.answerer.reward:
        fix = "give a language model; plumbline rl and evaluate take reward models"
        raise UserError("a reward model does not read principles", where=spec, fix=fix)
    return judge


def _remote(
    spec: str, cache: Path | None, key: str, temperature: float, draws: int, limits: Limits
) -> Judge:
    url, _, model = spec.partition("#")
    if key and key not in os.environ:
        fix = f"set it: export {key}=..."
        raise UserError(f"the environment has no {key}", where=spec, fix=fix)
    endpoint = Endpoint(url, key=os.environ.get(key, ""), limits=limits, cache=cache)
    return EndpointJudge(endpoint, model or _only(endpoint), temperature=temperature, draws=draws)


def _only(endpoint: Endpoint) -> str:
    """The name of the one model that is there."""
    known = endpoint.models()
    if len(known) != 1:
        fix = f"give {endpoint.url}#NAME, NAME one of: {', '.join(known[:8])}"
        raise UserError(f"{len(known)} models are at this address", where=endpoint.url, fix=fix)
    return known[0]

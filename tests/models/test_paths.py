"""Attention along paths in bf16: short texts in fp32, long ones as they are, the same numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tiny
import torch

from plumbline.models import paths
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.text.forest import TokenTree

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Policy]:
    folder = tiny.save("llama", tmp_path_factory.mktemp("llama"))
    return {p: load_model(folder, adapter="full", precision=p, device="cpu") for p in PRECISIONS}


PRECISIONS = ("fp32", "bf16")


@pytest.fixture
def narrowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether attention was asked inside autocast, which makes bf16 of whatever comes."""
    seen: list[bool] = []
    along = paths._along

    def watched(module: torch.nn.Module, query: torch.Tensor, *rest: object, **more: object):
        seen.append(torch.is_autocast_enabled("cpu"))
        return along(module, query, *rest, **more)

    monkeypatch.setattr(paths, "_along", watched)
    yield seen


def tree(prompt: int, *own: int) -> TokenTree:
    rng = np.random.default_rng(prompt)
    answers = tuple(rng.integers(5, 50, n) for n in own)
    trained = tuple(np.ones(n, bool) for n in own)
    return TokenTree(rng.integers(5, 50, prompt), answers, trained)


def gradient(policy: Policy, forest: object) -> torch.Tensor:
    for p in policy.parameters():
        p.grad = None
    policy.logprobs(forest).logp.sum().backward()
    return torch.cat([p.grad.flatten() for p in policy.parameters() if p.grad is not None])


@pytest.mark.parametrize(("prompt", "widened"), [(9, True), (210, False)])
def test_bf16_attends_to_short_texts_in_fp32(
    policies: dict[str, Policy], narrowed: list[bool], prompt: int, widened: bool
) -> None:
    policy = policies["bf16"]
    forest = policy.grow([tree(prompt, 4, 7), tree(5, 3)])
    assert paths.plan(forest, torch.bfloat16, CPU).widened is widened
    assert not paths.plan(forest, torch.float32, CPU).widened
    found = gradient(policy, forest)
    assert set(narrowed) == {not widened}
    want = gradient(policies["fp32"], policies["fp32"].grow([tree(prompt, 4, 7), tree(5, 3)]))
    assert torch.nn.functional.cosine_similarity(found, want, dim=0) > 0.999

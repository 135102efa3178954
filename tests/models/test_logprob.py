"""The primitive against log_softmax in float64: values, gradients, chunking, memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from plumbline.models import logprob
from plumbline.models.logprob import gathered_logprobs, selected_logprobs

N, D, V = 23, 6, 40


def cap(logits: Tensor) -> Tensor:
    return torch.tanh(logits / 3.0) * 3.0


def setup(dtype: torch.dtype = torch.float64) -> tuple[Tensor, nn.Linear, Tensor]:
    torch.manual_seed(0)
    hidden = torch.randn(N, D, dtype=dtype, requires_grad=True)
    head = nn.Linear(D, V, bias=True, dtype=dtype)
    return hidden, head, torch.randint(V, (N,))


@pytest.mark.parametrize("post", [None, cap])
@pytest.mark.parametrize("budget", [V, 5 * V, 10**6])
def test_equals_log_softmax_with_gradients(post, budget) -> None:
    hidden, head, targets = setup()
    weight = torch.randn(N, dtype=torch.float64)
    inputs = [hidden, head.weight, head.bias]

    out = selected_logprobs(
        hidden, head, targets, post, budget_elements=budget, entropy=True, top=3
    )
    loss = (out.logp * weight).sum() + (out.entropy * weight.cos()).sum() + out.top_logp.sum()
    grads = torch.autograd.grad(loss, inputs)

    logits = head(hidden) if post is None else post(head(hidden))
    logp = logits.log_softmax(-1)
    spread = -(logp.exp() * logp).sum(-1)
    top = logp.topk(3, dim=-1)
    chosen = logp[torch.arange(N), targets]
    naive = (chosen * weight).sum() + (spread * weight.cos()).sum() + top.values.sum()
    expected = torch.autograd.grad(naive, inputs)

    torch.testing.assert_close(out.logp, chosen, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(out.entropy, spread, rtol=1e-12, atol=1e-12)
    assert torch.equal(out.top_ids, top.indices)
    for got, want in zip(grads, expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


def test_given_ids_may_repeat_and_gradients_add() -> None:
    hidden, head, _ = setup()
    ids = torch.randint(V, (N, 4))
    ids[:, 1] = ids[:, 0]
    weight = torch.randn(N, 4, dtype=torch.float64)
    got = gathered_logprobs(hidden, head, ids, budget_elements=3 * V)
    want = head(hidden).log_softmax(-1).gather(1, ids)
    torch.testing.assert_close(got, want)
    one = torch.autograd.grad((got * weight).sum(), [hidden, head.weight])
    two = torch.autograd.grad((want * weight).sum(), [hidden, head.weight])
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b)


def test_low_precision_logits_are_reduced_in_fp32() -> None:
    hidden, head, targets = setup(torch.float32)
    hidden, head = hidden.detach().bfloat16(), head.bfloat16()
    out = selected_logprobs(hidden, head, targets)
    want = head(hidden).float().log_softmax(-1)[torch.arange(N), targets]
    assert out.logp.dtype == torch.float32
    torch.testing.assert_close(out.logp, want, rtol=1e-6, atol=1e-6)


def test_frozen_head_gets_no_gradient() -> None:
    hidden, head, targets = setup()
    head.requires_grad_(False)
    selected_logprobs(hidden, head, targets, budget_elements=2 * V).logp.sum().backward()
    assert head.weight.grad is None and hidden.grad is not None


def test_nothing_to_score() -> None:
    hidden, head, targets = setup()
    out = selected_logprobs(hidden[:0], head, targets[:0], entropy=True, top=2)
    assert out.logp.shape == (0,) and out.top_ids.shape == (0, 2)


class Largest(TorchDispatchMode):
    """The largest tensor any operation makes, in numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for item in _tensors(out):
            self.numbers = max(self.numbers, item.untyped_storage().nbytes() // item.itemsize)
        return out


def _tensors(out: object) -> Iterator[Tensor]:
    if isinstance(out, Tensor):
        yield out
    elif isinstance(out, list | tuple):
        for item in out:
            yield from _tensors(item)


def test_logits_of_all_tokens_are_never_held() -> None:
    """Vocabulary of 152k: no tensor, forward or backward, passes the budget."""
    rows, width, vocabulary, budget = 40, 4, 152_000, 4 * 152_000
    head = nn.Linear(width, vocabulary, bias=False).requires_grad_(False)
    hidden = torch.randn(rows, width, requires_grad=True)
    targets = torch.randint(vocabulary, (rows,))
    with Largest() as seen:
        out = selected_logprobs(hidden, head, targets, budget_elements=budget)
        out.logp.sum().backward()
    assert budget // 2 < seen.numbers <= max(budget, head.weight.numel())


def test_kept_for_backward_does_not_grow_with_the_vocabulary() -> None:
    """Tensors saved between forward and backward: hidden states and results, no logits."""
    saved: list[int] = []
    hidden, head, targets = setup()

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        selected_logprobs(hidden, head, targets, budget_elements=4 * V)
    assert all(size < 4 * V for size in saved if size != head.weight.numel()), saved


@pytest.mark.parametrize("piece", [1, 3 * V, 10**6])
def test_pieces_change_nothing(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, head, targets = setup()
    hidden.requires_grad_()

    def read() -> tuple[Tensor, ...]:
        got = selected_logprobs(hidden, head, targets, cap, entropy=True)
        assert got.entropy is not None
        by = torch.autograd.grad((got.logp * got.entropy).sum(), [hidden, *head.parameters()])
        return got.logp, got.entropy, *by

    want = read()
    monkeypatch.setattr(logprob, "PIECE", piece)
    assert len(list(logprob._pieces(hidden.new_zeros(N, V)))) == -(-N // max(1, piece // V))
    for a, b in zip(read(), want, strict=True):
        torch.testing.assert_close(a, b)


def test_an_entropy_that_nobody_learns_from_has_no_gradient() -> None:
    hidden, head, targets = setup()
    hidden.requires_grad_()
    alone = selected_logprobs(hidden, head, targets).logp.sum()
    beside = selected_logprobs(hidden, head, targets, entropy=True)
    assert beside.entropy is not None
    for loss in (beside.logp.sum(), beside.logp.sum() + 0.0 * beside.entropy.sum()):
        (want,) = torch.autograd.grad(alone, hidden, retain_graph=True)
        (got,) = torch.autograd.grad(loss, hidden, retain_graph=True)
        torch.testing.assert_close(got, want)
    (by_entropy,) = torch.autograd.grad(beside.entropy.sum(), hidden)
    assert by_entropy.abs().sum() > 0

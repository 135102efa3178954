"""The primitive: hidden states at parents -> log-probabilities of selected tokens.

    logp_t = z_t[y_t] - log sum_v exp z_t[v],   z = post(head(h)),   H_t = lse_t - sum_v p_tv z_tv

Only parents of trained tokens come here, and in chunks: logits of the whole vocabulary are held for
at most `budget_elements` numbers at once. Log-sum-exp, softmax and entropy are taken in fp32 (fp64
for fp64 logits). The backward pass is exact: each chunk is computed again (checkpointing, no
reentry), or kept where one chunk holds everything. `head` is called as a module, so a bias or a
LoRA adapter on it works, and a frozen head gets no weight gradient. Chunking the loss over tokens:
Wijmans et al. 2024, "Cut Your Losses" (arXiv 2411.09009); left out: their fused kernel.

Shapes: N tokens, V vocabulary, D width, K ids a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

BUDGET = 2**24
"""Logits held at once, in numbers: 64 MiB in fp32."""

PIECE = 2**19
"""Of these, a CPU works on so many at a time: what its caches hold."""

Post = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Selected:
    """`logp` [N] in nats, `entropy` [N] in nats, `top_logp` and `top_ids` [N, K]."""

    logp: Tensor
    entropy: Tensor | None = None
    top_logp: Tensor | None = None
    top_ids: Tensor | None = None


def selected_logprobs(
    hidden: Tensor,
    head: nn.Module,
    targets: Tensor,
    post: Post | None = None,
    *,
    budget_elements: int = BUDGET,
    entropy: bool = False,
    top: int | None = None,
) -> Selected:
    """Log-probabilities of `targets` [N] given hidden states [N, D]; also entropy and the top K."""
    parts = _chunked(hidden, head, targets[:, None], post, budget_elements, entropy, top or 0)
    logp, spread, top_ids = parts
    return Selected(
        logp[:, 0],
        spread if entropy else None,
        logp[:, 1:] if top else None,
        top_ids if top else None,
    )


def gathered_logprobs(
    hidden: Tensor,
    head: nn.Module,
    ids: Tensor,
    post: Post | None = None,
    *,
    budget_elements: int = BUDGET,
) -> Tensor:
    """Log-probabilities [N, K] of given `ids` [N, K] (a teacher's top-k, say)."""
    return _chunked(hidden, head, ids, post, budget_elements, False, 0)[0]


def _chunked(
    hidden: Tensor,
    head: nn.Module,
    ids: Tensor,
    post: Post | None,
    budget: int,
    entropy: bool,
    top: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """logp [N, K + top], entropy [N] (empty unless asked for), top ids [N, top]."""
    assert len(hidden) == len(ids), "one hidden state for each row of ids"
    size = max(1, budget // vocabulary(head))
    whole = len(hidden) <= size
    # A chunk's logits die with it: without gradient nothing is kept, with gradient it runs again.
    again = torch.is_grad_enabled() and not whole

    def one(h: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return _chunk(h, head, wanted, post, entropy, top)

    if whole:
        return one(hidden, ids)
    pieces = [
        checkpoint(one, h, wanted, use_reentrant=False, preserve_rng_state=False)
        if again
        else one(h, wanted)
        for h, wanted in zip(hidden.split(size), ids.split(size), strict=True)
    ]
    logp, spread, top_ids = zip(*pieces, strict=True)
    return torch.cat(logp), torch.cat(spread), torch.cat(top_ids)


def _chunk(
    hidden: Tensor, head: nn.Module, ids: Tensor, post: Post | None, entropy: bool, top: int
) -> tuple[Tensor, Tensor, Tensor]:
    logits = head(hidden)
    if post is not None:
        logits = post(logits)
    top_ids = logits.detach().topk(top, dim=-1).indices if top else ids.new_zeros(len(ids), 0)
    wanted = torch.cat([ids, top_ids], dim=1) if top else ids
    logp, spread = _Pick.apply(logits, wanted, entropy)
    return logp, spread, top_ids


class _Pick(torch.autograd.Function):
    """log softmax at K ids and entropy, keeping only logits and lse. fp32 numbers are made a piece
    of the rows at a time: on a CPU whole ones cost more in memory traffic than the products.

    d logp_k / d z_v = [v = k] - p_v ;   d H / d z_v = -p_v (log p_v + H)
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, ids: Tensor, entropy: bool) -> tuple[Tensor, Tensor]:
        said = [_picked(part, own, entropy) for part, own in _pieces(logits, ids)]
        logp, lse, spread = (torch.cat(parts) for parts in zip(*said, strict=True))
        ctx.save_for_backward(logits, ids, lse, spread)
        ctx.set_materialize_grads(False)
        return logp, spread

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor, None, None]:
        logits, ids, lse, spread = ctx.saved_tensors
        by_logp, by_spread = grads
        if by_logp is None:
            by_logp = lse.new_zeros(ids.shape)
        out = torch.empty_like(logits)
        more = () if by_spread is None else (spread[:, None], by_spread[:, None])
        for piece, *told in _pieces(out, logits, ids, lse, by_logp, *more):
            piece.copy_(_slope(*told))
        return out, None, None


def _picked(logits: Tensor, ids: Tensor, entropy: bool) -> tuple[Tensor, Tensor, Tensor]:
    """log p at ids [n, K], log-sum-exp [n, 1], entropy [n] (empty unless asked for)."""
    wide = _wide(logits)
    lse = wide.logsumexp(-1, keepdim=True)
    logp = wide.gather(1, ids) - lse
    if not entropy:
        return logp, lse, wide.new_zeros(0)
    p = (wide - lse).exp_()
    return logp, lse, lse[:, 0] - p.mul_(wide).sum(-1)


def _slope(logits: Tensor, ids: Tensor, lse: Tensor, by_logp: Tensor, *more: Tensor) -> Tensor:
    """The loss by the logits [n, V]; `more`: the entropy, and the loss by it."""
    logp = _wide(logits) - lse
    weight = by_logp.sum(-1, keepdim=True)
    if more:
        spread, by_spread = more
        weight = by_spread * (logp + spread) + weight
    out = logp.exp_().mul_(-weight)
    return out.scatter_add_(1, ids, by_logp.to(out.dtype))


def _pieces(first: Tensor, *rest: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same rows of all: PIECE numbers of the first at a time on a CPU, elsewhere all."""
    rows = max(1, PIECE // first.shape[1]) if first.device.type == "cpu" else max(1, len(first))
    return zip(*(x.split(rows) for x in (first, *rest)), strict=True)


def _wide(logits: Tensor) -> Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()


def vocabulary(head: nn.Module) -> int:
    """Rows of a head's weight: its own `out_features`, or those of the layer a wrapper holds."""
    rows = getattr(head, "out_features", None)
    if rows is None:
        rows = max(len(p) for p in head.parameters() if p.ndim == 2)
    return int(rows)

"""A causal language model of `transformers` as the engine sees it.

`hidden` runs the model's body on a forest (final-norm hidden states); `logprobs` reads trained
tokens at their parents through the chunked primitive; `values` reads a scalar head at each row's
last token. `share` says whether prompts stand once (forest) or every completion is a row.
The reference of an adapter run is the same weights with the new adapter off and a given one on.

Shapes: B x L the forest's grid, T trained tokens, R rows, D width, K ids a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from plumbline.core.errors import UserError
from plumbline.models import heads, masks, narrow, own_logits, paths
from plumbline.models.adapters import NEW, layers_with_adapters
from plumbline.models.logprob import BUDGET, Selected, gathered_logprobs, selected_logprobs
from plumbline.models.route import Post, Route, body_of, post_of, rope_limit
from plumbline.text.forest import Forest, TokenTree, grow


@dataclass(frozen=True)
class Source:
    """Where a policy's weights come from, for saving and for records.

    path: the folder that was loaded; base: the folder (or Hub name) of the full weights below it;
    dtype: theirs; digest: identity of the weights as given; adapter: "lora", "full" or "last:N";
    dropouts: the config's own values, put back when saving.
    """

    path: Path
    base: str
    dtype: torch.dtype = torch.float32
    digest: str = ""
    adapter: str = "full"
    dropouts: dict[str, float] = field(default_factory=dict)


class Policy:
    """A loaded model, the path it takes, and its precision. Made by `models.load.load_model`."""

    def __init__(
        self,
        model: PreTrainedModel,
        route: Route,
        source: Source,
        *,
        bf16: bool = False,
        adapters: tuple[str, ...] = (),
        scalar_head: bool = False,
        reload: Callable[[], Policy] | None = None,
    ) -> None:
        self.model, self.route, self.source = model, route, source
        self.bf16, self.scalar_head = bf16, scalar_head
        self.adapters = adapters
        if route.paths:
            model.set_attn_implementation(paths.NAME)
        self._last = narrow.last_feed_forward(model) if route.narrow else None
        self.layout = masks.layout_of(model.config)
        self.post = post_of(model.config)
        self.limit = rope_limit(model.config)
        self._reload = reload
        self.critic: nn.Linear | None = None
        self.temperature = 1.0

    @property
    def share(self) -> bool:
        return self.route.share

    def grow(self, trees: Sequence[TokenTree]) -> Forest:
        """The forest of `trees` in the layout that this model takes."""
        return grow(trees, share=self.share, line=self.route.paths)

    @property
    def path_note(self) -> str:
        return self.route.note

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def precision(self) -> str:
        return "bf16" if self.bf16 else "fp32"

    @property
    def head(self) -> nn.Module:
        """The scalar head, or the language-model head."""
        return heads.layer(self.model) if self.scalar_head else self.model.get_output_embeddings()

    @property
    def rows(self) -> int:
        """Rows of the embedding: token ids must be below it."""
        table = self.model.get_input_embeddings()
        assert isinstance(table, nn.Embedding)
        return table.num_embeddings

    def parameters(self) -> Iterator[nn.Parameter]:
        yield from self.model.parameters()
        if self.critic is not None:
            yield from self.critic.parameters()

    def trained_state(self) -> dict[str, Tensor]:
        """Trained parameters by name: what a checkpoint keeps."""
        named: dict[str, Tensor] = {
            name: p for name, p in self.model.named_parameters() if p.requires_grad
        }
        if self.critic is not None:
            named |= {f"critic.{name}": p for name, p in self.critic.named_parameters()}
        return named

    def add_critic(self) -> None:
        """A value head on the trunk's states, which expects 0 everywhere at first."""
        width = self.model.config.get_text_config().hidden_size
        self.critic = nn.Linear(width, 1, device=self.device)
        nn.init.zeros_(self.critic.weight)
        nn.init.zeros_(self.critic.bias)

    def autocast(self) -> AbstractContextManager[object]:
        """bf16 for matrix products where this policy computes in bf16."""
        if not self.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def as_held(self) -> AbstractContextManager[object]:
        """Without autocast, also inside it: each product in the dtype of what it multiplies."""
        return torch.autocast(self.device.type, enabled=False) if self.bf16 else nullcontext()

    @contextmanager
    def cast_once(self) -> Iterator[None]:
        """Weights become bf16 once and not at every pass. Only without gradient: autocast keeps,
        until its outermost end, the casts of weights that ask for gradients, so all of them do."""
        frozen = [p for p in self.parameters() if p.is_floating_point() and not p.requires_grad]
        for p in frozen:
            p.requires_grad_(True)
        try:
            with self.autocast():
                yield
        finally:
            for p in frozen:
                p.requires_grad_(False)

    def hidden(self, forest: Forest, at: Tensor | None = None) -> Tensor:
        """Final-norm hidden states [B * L, D] of every token of the grid.

        With `at` (flat indices) only those are right: work that nothing else needs is left out.
        """
        self._check_ids(forest)
        assert self.share or not forest.shared, f"this model takes rows: {self.path_note}"
        with self.autocast(), self.only_at(at):
            if self.limit is None:
                return _flat(self._body(forest))
            return self._body_by_side(forest)

    def logprobs(
        self,
        forest: Forest,
        hidden: Tensor | None = None,
        *,
        ids: Tensor | None = None,
        entropy: bool = False,
        top: int | None = None,
        budget_elements: int = BUDGET,
    ) -> Selected:
        """Log-probabilities of the forest's trained tokens [T], in the order of `forest.row`.

        With `ids` [T, K], `top_logp` has the log-probabilities of those; with `top`, of the K most
        likely ones.
        """
        at, target = (torch.from_numpy(a).to(self.device) for a in (forest.at, forest.target))
        wanted = target[:, None] if ids is None else torch.cat([target[:, None], ids], 1)
        with self.autocast():
            states, head, post = self._readout(forest, at, hidden)
            if ids is None:
                return selected_logprobs(
                    states, head, target, post,
                    budget_elements=budget_elements, entropy=entropy, top=top,
                )  # fmt: skip
            assert not entropy and top is None, "given ids come alone"
            logp = gathered_logprobs(states, head, wanted, post, budget_elements=budget_elements)
            return Selected(logp[:, 0], None, logp[:, 1:], ids)

    def distributions(self, forest: Forest) -> Tensor:
        """All log-probabilities [T, V] at the forest's trained tokens, in fp32, at the temperature
        that `logprobs` scores at."""
        at = torch.from_numpy(forest.at).to(self.device)
        with self.autocast():
            states, head, post = self._readout(forest, at, None)
            logits = head(states)
            return (logits if post is None else post(logits)).float().log_softmax(-1)

    def last_logits(self, forest: Forest) -> Tensor:
        """Logits [R, V] after each row's last token, in fp32: what comes next."""
        last = torch.from_numpy(forest.last).to(self.device)
        if self.route.own_logits:
            return self._own_logits(forest, last).float()
        with self.autocast():
            return self.read_out(self.hidden(forest, last).index_select(0, last))

    def read_out(self, states: Tensor) -> Tensor:
        """Logits [N, V] of final states [N, D], in fp32, with what this architecture does to them
        (caps, scales); not over the temperature."""
        logits: Tensor = self.head(states)
        return (logits if self.post is None else self.post(logits)).float()

    def hides_nothing(self, size: int) -> Tensor:
        """A mask of `size` tokens that keeps the model from making its own, which would cost L^2:
        who sees whom is the matter of `models.paths`."""
        dtype = torch.bfloat16 if self.bf16 else self.model.dtype
        return torch.zeros((), dtype=dtype, device=self.device).expand(1, 1, size, size)

    def values(
        self, forest: Forest, head: nn.Module | None = None, hidden: Tensor | None = None
    ) -> Tensor:
        """A scalar [R] for each row: `head` (default: the model's) at its last token, in fp32."""
        last = torch.from_numpy(forest.last).to(self.device)
        with self.autocast():
            states = self.hidden(forest, last) if hidden is None else hidden
        return self._scalars(head or self.head, states.index_select(0, last))

    def token_values(self, forest: Forest, hidden: Tensor | None = None) -> Tensor:
        """What the critic (or scalar head) expects before each trained token [T], in fp32."""
        at = torch.from_numpy(forest.at).to(self.device)
        with self.autocast():
            states = self.hidden(forest, at) if hidden is None else hidden
        return self._scalars(self.critic or self.head, states.index_select(0, at))

    def _scalars(self, head: nn.Module, states: Tensor) -> Tensor:
        """[N] of states [N, D]. Never in autocast: a reward in bf16 would have three digits."""
        with self.as_held():
            scalars: Tensor = head(states.to(next(head.parameters()).dtype))
            return scalars[:, 0].float()

    def only_at(self, at: Tensor | None) -> AbstractContextManager[object]:
        """Inside, states are right at the flat indices `at` alone, where that saves work."""
        # Rows that are grouped by length have other indices than the grid.
        whole = at is None or self._last is None or self.limit is not None
        if whole or narrow.recomputes(self.model):
            return nullcontext()
        assert at is not None and self._last is not None
        return narrow.only_at(self._last, at)

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Inside, the policy is the model as given: new adapter off, a given one on."""
        assert self.adapters, "without an adapter the reference is `load_reference()`"
        given = [name for name in self.adapters if name != NEW]
        layers = list(layers_with_adapters(self.model).values())
        flags = [(p, p.requires_grad) for p in self.parameters()]
        for layer in layers:
            layer.set_adapter(given, inference_mode=True) if given else layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)
                layer.set_adapter(list(self.adapters), inference_mode=True)
            for parameter, trained in flags:
                parameter.requires_grad_(trained)

    def load_reference(self) -> Policy:
        """The model as given, loaded again and frozen (for `full` and `last:N`).

        What `last:N` leaves untouched is shared with this policy.
        """
        assert self._reload is not None
        other = self._reload()
        theirs = dict(other.model.named_parameters())
        for name, mine in self.model.named_parameters():
            if not mine.requires_grad and name in theirs and mine.dtype == theirs[name].dtype:
                theirs[name].data = mine.data
        return other

    def _check_ids(self, forest: Forest) -> None:
        highest = int(forest.tokens.max())
        if highest >= self.rows:
            raise UserError(
                f"token id {highest} is beyond the model's {self.rows} embedding rows",
                where=str(self.source.path),
                fix="use the tokenizer that belongs to this model",
            )

    def _inputs(self, forest: Forest) -> dict[str, object]:
        """A model's arguments. Rows give no positions: with pads they would look like packing."""
        tokens = torch.from_numpy(forest.tokens).to(self.device)
        if not forest.shared:
            return {"input_ids": tokens, "use_cache": False}
        dtype = torch.bfloat16 if self.bf16 else self.model.dtype
        inputs = {
            "input_ids": tokens,
            "position_ids": torch.from_numpy(forest.depth).to(self.device),
            "use_cache": False,
        }
        if not self.route.paths or len(tokens) > 1:
            mask = masks.build(forest, self.layout, dtype, self.device)
            return {**inputs, "attention_mask": mask}
        plan = paths.plan(forest, dtype, self.device) if forest.trees else None
        return {**inputs, "attention_mask": self.hides_nothing(tokens.shape[1]), "paths": plan}

    def _body(self, forest: Forest) -> Tensor:
        return body_of(self.model)(**self._inputs(forest)).last_hidden_state

    def _readout(
        self, forest: Forest, at: Tensor, hidden: Tensor | None
    ) -> tuple[Tensor, nn.Module, Post | None]:
        """States at `at`, and the head and post that make logits (over the temperature) of them."""
        if self.route.own_logits:
            return self._own_logits(forest, at), own_logits.Given(self.rows), self._tempered(None)
        states = self.hidden(forest, at) if hidden is None else hidden
        return states.index_select(0, at), self.head, self._tempered(self.post)

    def _tempered(self, post: Post | None) -> Post | None:
        """The distribution that is drawn from at a temperature is the one that is scored."""
        if self.temperature == 1:
            return post
        return lambda z: (z if post is None else post(z)) / self.temperature

    def _own_logits(self, forest: Forest, at: Tensor) -> Tensor:
        self._check_ids(forest)
        width = forest.tokens.shape[1]
        return own_logits.read(self.model, self._inputs(forest), at, width)

    def _body_by_side(self, forest: Forest) -> Tensor:
        """Rows beyond the rotary limit apart from the others: a batch shares its frequencies."""
        assert self.limit is not None
        lengths = forest.depth.max(1) + 1 if forest.shared else forest.real.sum(1)
        long = lengths > self.limit.tokens
        if long.any() and self.limit.kind == "dynamic":
            raise UserError(
                f"{int(lengths.max())} tokens, but dynamic rotary positions change beyond "
                f"{self.limit.tokens}",
                where=str(self.source.path),
                fix=f"set length.max={self.limit.tokens}",
            )
        # Rows count their pads as positions; a forest's positions are depths.
        longest = lengths.max() if forest.shared else forest.tokens.shape[1]
        if long.all() or longest <= self.limit.tokens:
            return _flat(self._body(forest))
        assert not forest.shared, "rotary positions that depend on the batch take rows"
        out: Tensor | None = None
        for side in (np.flatnonzero(long), np.flatnonzero(~long)):
            if len(side) == 0:
                continue
            part = self._body(_some_rows(forest, side, int(lengths[side].max())))
            if out is None:
                out = part.new_zeros(*forest.tokens.shape, part.shape[-1])
            where = torch.from_numpy(side).to(self.device)
            padded = nn.functional.pad(part, (0, 0, 0, out.shape[1] - part.shape[1]))
            out = out.index_copy(0, where, padded)
        assert out is not None
        return _flat(out)


def _flat(states: Tensor) -> Tensor:
    return states.reshape(-1, states.shape[-1])


def _some_rows(forest: Forest, side: np.ndarray, width: int) -> Forest:
    """Grid rows `side` of a forest of rows, cut to `width`; for the body only."""
    return replace(
        forest,
        tokens=forest.tokens[side][:, :width],
        parent=forest.parent[side][:, :width],
        depth=forest.depth[side][:, :width],
        end=forest.end[side][:, :width],
        real=forest.real[side][:, :width],
    )

"""From an example in words to one tree of tokens, with the trained tokens marked.

    ids(prompt + answer) = ids(prompt) + ids(answer as a continuation) + ids(end of turn)

The K responses of an example share one prompt, whose ids are those that sampling starts from
(`prompt_ids`). Trained are the assistant's turns of a response and what ends each of them, and
nothing else; in a document all but its first token (which has no parent). BOS stands exactly once
where the tokenizer puts one, whether the template writes it or not. Where a template rewrites
earlier turns, a response of several assistant turns becomes one example for each (same weight).
Left out: images, tools as structures, and assistant turns that are continued rather than answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Example, Message, Response
from plumbline.text import shape
from plumbline.text import template as templates
from plumbline.text.forest import TokenTree
from plumbline.text.tokenizer import Job, Tok, Unknown
from plumbline.text.turns import Chain, Piece, Turns

BATCH = 4096
"""Trees encoded at once; bounds memory, changes nothing."""


@dataclass(frozen=True)
class Rendered:
    """One tree, and where it comes from.

    `example` is the one that was given (its first prompt decides splits); `said` is the part of it
    that this tree says, after cuts (for a piece of a document still the whole).
    """

    tree: TokenTree
    example: Example
    said: Example
    renderer: Renderer = field(repr=False, compare=False)

    @property
    def where(self) -> str:
        return self.example.where

    @property
    def document(self) -> bool:
        """Whether this is plain text without turns."""
        return shape.is_document(self.said)


@dataclass(frozen=True)
class _Plan:
    """A tree still in words."""

    example: Example
    said: Example
    prompt: tuple[Piece, ...]
    responses: tuple[tuple[Piece, ...], ...]


class Renderer:
    """Renders examples and prompts with one tokenizer and one template.

    template: `auto` (the tokenizer's chat template, else `plain`), `plain`, `text` or a jinja file.
    options: values passed to a chat template. date: what the template takes for today (ISO 8601).
    """

    def __init__(
        self,
        tok: Tok,
        template: str = "auto",
        *,
        options: Mapping[str, Any] | None = None,
        date: str | None = None,
    ) -> None:
        today = datetime.fromisoformat(date) if date else datetime.now()
        self.tok, self.date = tok, today.date().isoformat()
        self.options = dict(options or {})
        self.template = templates.choose(tok, template, date=today, options=self.options)
        self.turns = Turns(self.template, tok)
        self.unknown = Unknown()
        self.end = self.turns.end()
        ends = tok.encode_continuation(self.end)
        self.end_id: int = ends[-1]
        self.end_ids: tuple[int, ...] = tuple(sorted({*tok.end_ids, self.end_id}))

    # -- what others ask for

    def render(self, example: Example) -> list[Rendered]:
        """The example's tree (several where the template rewrites earlier turns).

        Raises UserError with the example's `where` if there is nothing to train on.
        """
        return self._encode(self._plans(example))

    def render_all(self, examples: Iterable[Example]) -> list[Rendered]:
        """The trees of a data set, encoded in batches; UserError above 0.1 % unknown tokens."""
        before, self.unknown = self.unknown, Unknown()
        made = self.render_part(examples)
        self.unknown.check()
        self.unknown += before
        return made

    def render_part(self, examples: Iterable[Example]) -> list[Rendered]:
        """The trees of part of a data set; `unknown` counts on and is the caller's to check."""
        plans = [plan for example in examples for plan in self._plans(example)]
        made = [
            one
            for at in range(0, len(plans), BATCH)
            for one in self._encode(plans[at : at + BATCH])
        ]
        for one in made:
            for ids in (one.tree.prompt, *one.tree.completions):
                self.unknown += self.tok.unknown(ids)
        return made

    def prompt_ids(self, conversation: Conversation) -> list[int]:
        """The ids that sampling starts from: the same as the prompt's in training."""
        messages = self._guarded(conversation)
        pieces = self._prompt(messages)
        return [i for part in self.tok.encode_many(self._jobs(pieces)) for i in part]

    def prompts_ids(self, conversations: Iterable[Conversation]) -> list[list[int]]:
        """`prompt_ids` of many conversations, encoded in one batch."""
        jobs = [self._jobs(self._prompt(self._guarded(c))) for c in conversations]
        ids = iter(self.tok.encode_many([job for one in jobs for job in one]))
        return [[i for _ in one for i in next(ids)] for one in jobs]

    def answer_text(self, ids: Sequence[int]) -> str:
        """The words of a sampled completion: up to the first end id, without special tokens."""
        kept = list(ids)
        stop = next((i for i, token in enumerate(kept) if token in self.end_ids), len(kept))
        return self.tok.decode_continuation(kept[:stop], special=False)

    @property
    def notes(self) -> list[str]:
        """What people should know of the template, each once."""
        return list(self.turns.notes)

    @property
    def chat_template(self) -> str:
        """The jinja string an output folder carries."""
        return self.template.as_chat_template()

    def digest(self) -> str:
        """sha256 of everything that decides ids: tokenizer, template, options, and date if used."""
        source = self.chat_template
        date = self.date if "strftime_now" in source else ""
        seen = "\0".join([self.tok.digest(), source, repr(sorted(self.options.items())), date])
        return hashlib.sha256(seen.encode()).hexdigest()

    def spells_as(self, other: Renderer) -> bool:
        """Whether both give every conversation the same ids."""
        own, its = (self.chat_template, self.options), (other.chat_template, other.options)
        return own == its and self.tok.spells_as(other.tok)

    # -- words

    def _plans(self, example: Example) -> list[_Plan]:
        """The trees of an example in words."""
        try:
            said = shape.leading_turns_moved(example)
            shape.check_trainable(said)
            if shape.is_document(said):
                return [self._document(example, said)]
            return self._conversation(example, said)
        except UserError as error:
            if error.where or not example.where:
                raise
            raise UserError(error.what, where=example.where, fix=error.fix) from error

    def _document(self, example: Example, said: Example) -> _Plan:
        guarded = self._guarded(said.prompt)
        prompt = self._prompt(guarded) if guarded else _nonempty(Piece(self._bos))
        kind: Literal["answer", "document"] = "answer" if guarded else "document"
        end = _nonempty(Piece(self.tok.eos, "end"))
        texts = ["".join(m.content for m in self._guarded(r)) for r in said.responses]
        return _Plan(example, said, prompt, tuple((Piece(text, kind), *end) for text in texts))

    def _conversation(self, example: Example, said: Example) -> list[_Plan]:
        prompt = self._guarded(said.prompt)
        start = self.turns.prompt(prompt)
        branches = [self._branch(start, prompt, self._guarded(r)) for r in said.responses]
        whole = [branch for branch in branches if branch is not None]
        if len(whole) == len(branches):
            return [_Plan(example, said, start.pieces, tuple(whole))]
        if len(branches) > 1:
            raise UserError(
                "the template rewrites earlier turns, and these responses have several assistant"
                " turns, which then cannot share one prompt",
                fix="compare single answers, or set template=plain",
            )
        self.turns.notes["the template rewrites earlier turns: one example a trained turn"] = None
        return [plan for one in shape.one_a_turn(said) for plan in self._conversation(example, one)]

    def _branch(
        self, start: Chain, prompt: Conversation, response: Response
    ) -> tuple[Piece, ...] | None:
        """A response's pieces; None where its later turns do not go on from the earlier ones."""
        chain, messages, answered = start, prompt, False
        for message in response[: shape.last_spoken(response) + 1]:
            if message.role == "assistant":
                if answered:
                    chain = self.turns.follow(chain, messages) if start.intact else start
                    if not chain.intact:
                        return None
                chain = self.turns.extend(chain, (*messages, message))
                answered = True
            messages = (*messages, message)
        return chain.pieces[len(start.pieces) :]

    def _prompt(self, messages: Conversation) -> tuple[Piece, ...]:
        if messages and all(m.role == "text" for m in messages):
            return (Piece(self._bos + "".join(m.content for m in messages)),)
        return self.turns.prompt(messages).pieces

    @property
    def _bos(self) -> str:
        return self.tok.bos if self.tok.adds_bos else ""

    def _guarded(self, messages: Conversation) -> Conversation:
        """The messages with special tokens in people's words marked as words."""
        texts = [self.tok.protect(m.content) for m in messages]
        same = all(t == m.content for t, m in zip(texts, messages, strict=True))
        if same:
            return tuple(messages)
        return tuple(Message(m.role, t) for m, t in zip(messages, texts, strict=True))

    # -- tokens

    def _jobs(self, pieces: Sequence[Piece]) -> list[Job]:
        """What to encode for a prompt: BOS if the template forgot it, then its pieces."""
        return self._missing_bos(pieces) + [job for job, _ in self._pieces(pieces, None)]

    def _missing_bos(self, pieces: Sequence[Piece]) -> list[Job]:
        if not self.tok.adds_bos or (pieces and pieces[0].text.startswith(self.tok.bos)):
            return []
        self.turns.notes[f"the template writes no {self.tok.bos}; it is put first"] = None
        return [Job(self.tok.bos)]

    def _pieces(self, pieces: Sequence[Piece], after: str | None) -> Iterator[tuple[Job, bool]]:
        """Each piece with what it follows, and whether it is trained."""
        for piece in pieces:
            native = piece.kind in ("context", "document")
            yield Job(piece.text, after if native else ""), piece.kind != "context"
            found = list(self.tok.control_pattern.finditer(piece.text))
            ends = found and found[-1].end() == len(piece.text)
            after = found[-1].group() if ends else ""

    def _encode(self, plans: Sequence[_Plan]) -> list[Rendered]:
        heads = [self._jobs(plan.prompt) for plan in plans]
        tails = [
            [list(self._pieces(r, self._after(plan.prompt))) for r in plan.responses]
            for plan in plans
        ]
        jobs = [job for head in heads for job in head]
        jobs += [job for tail in tails for branch in tail for job, _ in branch]
        table = dict(zip(jobs, self.tok.encode_many(jobs), strict=True))
        return [
            Rendered(_tree(head, tail, table), p.example, p.said, self)
            for p, head, tail in zip(plans, heads, tails, strict=True)
        ]

    def _after(self, prompt: Sequence[Piece]) -> str | None:
        """What a response of this prompt follows: nothing, a control token or plain text."""
        if not prompt or not prompt[-1].text:
            return None
        return prompt[-1].text if prompt[-1].text in self.tok.control else ""


def _tree(
    head: Sequence[Job], tail: Sequence[Sequence[tuple[Job, bool]]], table: dict[Job, list[int]]
) -> TokenTree:
    prompt = np.array([i for job in head for i in table[job]], np.int32)
    completions, trained = [], []
    for branch in tail:
        parts = [(table[job], mark) for job, mark in branch]
        mask = np.repeat([mark for _, mark in parts], [len(ids) for ids, _ in parts])
        if not len(prompt) and len(mask):
            mask[0] = False
        completions.append(np.array([i for ids, _ in parts for i in ids], np.int32))
        trained.append(mask.astype(bool))
    return TokenTree(prompt, tuple(completions), tuple(trained))


def _nonempty(piece: Piece) -> tuple[Piece, ...]:
    return (piece,) if piece.text else ()

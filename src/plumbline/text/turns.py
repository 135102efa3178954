"""Where an assistant's turn lies in what a template writes, by construction.

    head   = render(messages before the turn, generation prompt)
    full   = render(messages up to and with the turn)
    full  == head + lead + words + end + rest        (a well-behaved template)

Spans are lengths of these strings: nothing is searched for among tokens. Lead (" " in some
templates, an empty thinking block in others) and end are what the template writes around a
placeholder in place of the words. Trained are lead, words and end: what the model itself has to
write after the generation prompt. `end` is the first control token after the words; where there is
none, eos is appended, visibly. What follows it (a line feed, say) belongs to the next piece.

A conversation is a chain of pieces: each head must begin with everything written before it. Where
it does not (a template that rewrites earlier turns), the caller takes one example a turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Message
from plumbline.text.template import Template
from plumbline.text.tokenizer import Tok

PLACEHOLDER = "\U00105503"
TRIMS = (str.strip, str.rstrip, str.lstrip)


class Piece(NamedTuple):
    """Text encoded by itself. All but `context` is trained; a `document` begins a text."""

    text: str
    kind: Literal["context", "answer", "document", "end"] = "context"


@dataclass(frozen=True)
class Turn:
    """An assistant's turn: what the model writes (`answer`, lead included) and what ends it."""

    answer: str
    end: str


@dataclass(frozen=True)
class Chain:
    """Pieces of a conversation up to some point, and the text they cover. `intact` is False where
    the template rewrote earlier turns, so that the whole text is one piece."""

    pieces: tuple[Piece, ...]
    text: str
    intact: bool = True


class Turns:
    """Takes conversations apart with a template; `notes` says what had to be mended."""

    def __init__(self, template: Template, tok: Tok) -> None:
        self.template, self.tok = template, tok
        self.notes: dict[str, None] = {}
        self._around: dict[tuple[str, str], None] = {}
        if template.ours:
            self._around[("", tok.eos)] = None

    def head(self, messages: Conversation) -> str:
        """What sampling starts from; UserError where the template loses words of the prompt."""
        text = self.template.render(messages, generate=True)
        if not self.template.ours:
            self._check_kept(messages, text)
        return text

    def prompt(self, messages: Conversation) -> Chain:
        """The prompt in pieces: earlier assistant turns are encoded as they were trained."""
        start = Chain((), "")
        spoken = [i for i, m in enumerate(messages) if m.role == "assistant"]
        for i in spoken:
            start = self.follow(start, messages[:i])
            if not start.intact:
                break
            start = self.extend(start, messages[: i + 1])
        return self.follow(start, messages)

    def follow(self, before: Chain, messages: Conversation) -> Chain:
        """`before` and what stands between it and the next answer, or (not intact) all anew."""
        head = self.head(messages)
        if not (before.intact and head.startswith(before.text)):
            return Chain((Piece(head),), head, intact=False)
        return Chain((*before.pieces, Piece(head[len(before.text) :])), head)

    def extend(self, before: Chain, messages: Conversation) -> Chain:
        """`before` and the turn of the last message, an assistant's."""
        turn = self.turn(before.text, messages)
        made = (Piece(turn.answer, "answer"), Piece(turn.end, "end"))
        text = before.text + turn.answer + turn.end
        return Chain((*before.pieces, *made), text, before.intact)

    def turn(self, head: str, messages: Conversation) -> Turn:
        """The turn of the last message, given the text before it."""
        if self.template.ours:
            return Turn(messages[-1].content, self.tok.eos)
        full = self.template.render(messages, generate=False)
        tail = full[len(head) :] if full.startswith(head) else None
        words = messages[-1].content
        found = self._split(tail, words)
        if found is None:
            lead, suffix = self._probe(head, messages)
            found = self._split(tail, words)
        if found is None:
            found = self._mended(head, lead, words, suffix, full), suffix
        return Turn(found[0], self._end(found[1]))

    def _split(self, tail: str | None, words: str) -> tuple[str, str] | None:
        """(answer, what follows it), if the tail is one that is known around these words."""
        if tail is None:
            return None
        for lead, suffix in self._around:
            if tail == lead + words + suffix:
                return lead + words, suffix
        for lead, suffix in self._around:
            if tail in [lead + trim(words) + suffix for trim in TRIMS]:
                self.notes["the template trims white space around answers"] = None
                return tail[: len(tail) - len(suffix)], suffix
        return None

    def _probe(self, head: str, messages: Conversation) -> tuple[str, str]:
        """What the template writes before and after a placeholder in place of the words."""
        probe = (*messages[:-1], Message("assistant", PLACEHOLDER))
        text = self.template.render(probe, generate=False)
        if text.count(PLACEHOLDER) != 1:
            raise UserError(
                "the model's chat template does not write the assistant's words once",
                fix="use another template (template=plain), or mend the model's",
            )
        at = text.index(PLACEHOLDER)
        lead = text[len(head) : at] if text[:at].startswith(head) else ""
        suffix = text[at + 1 :]
        self._around |= {(lead, suffix): None, ("", suffix): None}
        return lead, suffix

    def _mended(self, head: str, lead: str, words: str, suffix: str, full: str) -> str:
        """The answer where the template does not write it right after its own generation prompt."""
        if not full.startswith(head):
            extra = head[_shared(head, full) :]
            self.notes[
                f"the template's generation prompt ends with {extra!r}, which its answers lack:"
                " answers are trained right after it, as they will be sampled"
            ] = None
            return _without_opening(words, extra)
        written = full[len(head) :].removesuffix(suffix)
        if _letters(words) in _letters(written):
            self.notes["the template changes white space in answers"] = None
            return written
        self.notes["the template rewrites answers: they are trained as the data has them"] = None
        return words if _without_opening(words, lead) != words else lead + words

    def _end(self, suffix: str) -> str:
        """The suffix up to its first control token, or eos where the template ends no turn."""
        found = self.tok.control_pattern.search(suffix)
        if found:
            return suffix[: found.end()]
        if not self.tok.eos:
            raise UserError(
                "the template ends no turn, and the tokenizer has no end token to append",
                where=self.tok.name,
                fix="set eos_token in its tokenizer_config.json",
            )
        self.notes[f"the template ends no turn; {self.tok.eos} was appended to answers"] = None
        return self.tok.eos

    def _check_kept(self, messages: Conversation, text: str) -> None:
        """System and user texts must stand in the prompt (templates may trim them)."""
        for message in messages:
            if message.role in ("system", "user") and message.content.strip() not in text:
                raise UserError(
                    f"the model's chat template drops the {message.role} text"
                    f" {message.content.strip()[:60]!r}",
                    fix="put it where the template keeps it (say, into the first user turn), or"
                    " set template=plain",
                )

    def end(self) -> str:
        """How a turn ends in a conversation of one question."""
        messages = (Message("user", "a"), Message("assistant", "b"))
        return self.turn(self.template.render(messages[:1], generate=True), messages).end


def _shared(one: str, other: str) -> int:
    """How many first characters two texts have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _letters(text: str) -> str:
    return "".join(text.split())


def _without_opening(words: str, opening: str) -> str:
    """Words without the opening ("<think>") that stands before them already."""
    first, bare = opening.split()[:1], words.lstrip()
    if not first or not bare.startswith(first[0]):
        return words
    rest = bare[len(first[0]) :]
    return rest if opening.rstrip() == opening else rest.lstrip()

"""A model's tokenizer, asked for pieces of one text instead of whole strings.

    ids(conversation) = ids(first piece) + ids(next piece as a continuation) + ...

The first piece is encoded as the tokenizer always does (a SentencePiece one puts its dummy prefix
there). A piece that continues plain text gets no dummy prefix: that takes a second copy of the
tokenizer from which the prefix is removed. A piece after a control token is encoded behind that
token, whose id is then taken off. No post-processor ever runs: BOS and end tokens are placed by the
templates, by id. Control tokens inside people's words are encoded as words (see `PROTECT`).
Left out: encodings that depend on training-time sampling (BPE dropout), and token type ids.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from plumbline.core.errors import UserError

OPEN, CLOSE = "\U00105501", "\U00105502"
PROTECT = re.compile(f"{OPEN}(.*?){CLOSE}", re.DOTALL)
"""A control token written by a person stands between these two private-use characters."""

_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


class Job(NamedTuple):
    """A piece of text to encode. `after`: None at the start of a text, "" after plain text, else
    the control token it follows."""

    text: str
    after: str | None = None


@dataclass(frozen=True)
class Unknown:
    """How many tokens of a data set are `<unk>`."""

    tokens: int = 0
    unknown: int = 0

    def __add__(self, other: Unknown) -> Unknown:
        return Unknown(self.tokens + other.tokens, self.unknown + other.unknown)

    def check(self, limit: float = 0.001) -> None:
        """UserError if more than `limit` of the tokens are unknown."""
        if self.unknown <= limit * self.tokens:
            return
        share = self.unknown / self.tokens
        raise UserError(
            f"{self.unknown} of {self.tokens} tokens ({share:.1%}) are unknown to this tokenizer,"
            f" more than {limit:.1%}",
            fix="use a model whose tokenizer covers this text (its language, its characters)",
        )


class Tok:
    """A fast tokenizer of transformers, by pieces. Ids are plain ints; texts are never trimmed.

    bos_id, eos_id, unk_id are None where the tokenizer has none. end_ids: every id sampling stops
    at (`generation_config`'s list and eos), sorted. adds_bos: whether it puts BOS before texts.
    """

    def __init__(self, tokenizer: Any, *, end_ids: Iterable[int] = (), name: str = "") -> None:
        from tokenizers import Tokenizer

        backend = getattr(tokenizer, "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise UserError(
                f"the tokenizer of {name or 'this model'} is not a fast one",
                where=name,
                fix="convert it once: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
                " with `sentencepiece` or `tiktoken` installed writes a tokenizer.json",
            )
        self.tokenizer, self.name = tokenizer, name
        self._json = backend.to_str()
        self._start = _bare(Tokenizer.from_str(self._json))
        continuing = _without_prefix(self._json)
        self._next = _bare(Tokenizer.from_str(continuing)) if continuing else self._start
        self.bos, self.eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
        self.bos_id: int | None = tokenizer.bos_token_id
        self.eos_id: int | None = tokenizer.eos_token_id
        self.unk_id: int | None = tokenizer.unk_token_id
        own = () if self.eos_id is None else (self.eos_id,)
        self.end_ids: tuple[int, ...] = tuple(sorted({*end_ids, *own}))
        added = self._start.get_added_tokens_decoder()
        self.control: dict[str, int] = {token.content: i for i, token in added.items()}
        self.special: dict[str, int] = {t.content: i for i, t in added.items() if t.special}
        self.control_pattern = _any_of(self.control)
        self._special_pattern = _any_of(self.special)
        first = backend.encode("a").ids[:1]
        self.adds_bos = self.bos_id is not None and first == [self.bos_id]

    # -- encoding

    def encode_raw(self, text: str) -> list[int]:
        """Ids of a whole text, without special tokens around it; control tokens in it count."""
        return self.encode_many([Job(text)])[0]

    def encode_continuation(self, text: str) -> list[int]:
        """Ids of a text that goes on from plain text: no dummy prefix, no special tokens."""
        return self.encode_many([Job(text, "")])[0]

    def encode_many(self, jobs: Sequence[Job]) -> list[list[int]]:
        """Ids of every job; equal jobs are encoded once."""
        wanted = dict.fromkeys(jobs)
        simple = [job for job in wanted if OPEN not in job.text]
        found = dict(zip(simple, self._batch(simple), strict=True))
        for job in wanted:
            if job not in found:
                found[job] = self._protected(job)
        return [found[job] for job in jobs]

    def _batch(self, jobs: Sequence[Job]) -> list[list[int]]:
        native = [job.after is None or job.after in self.control for job in jobs]
        texts = [(job.after or "") + job.text for job in jobs]
        first = iter(_encode(self._start, [t for t, n in zip(texts, native, strict=True) if n]))
        after = iter(_encode(self._next, [t for t, n in zip(texts, native, strict=True) if not n]))
        made = []
        for job, is_native in zip(jobs, native, strict=True):
            ids = next(first) if is_native else next(after)
            if job.after and is_native:
                assert ids[0] == self.control[job.after], f"{job.after!r} is not one token"
                ids = ids[1:]
            made.append(ids)
        return made

    def _protected(self, job: Job) -> list[int]:
        """A piece with control tokens in people's words: encoded in two halves, as words."""
        ids: list[int] = []
        after = job.after
        for i, part in enumerate(PROTECT.split(job.text)):
            halves = [part[:1], part[1:]] if i % 2 else [part]
            for half in filter(None, halves):
                ids += self._batch([Job(half, after)])[0]
                after = ""
        return ids

    def protect(self, text: str) -> str:
        """The text with the special tokens a person wrote in it marked as words."""
        if OPEN in text or CLOSE in text:
            text = text.replace(OPEN, "").replace(CLOSE, "")
        return self._special_pattern.sub(f"{OPEN}\\g<0>{CLOSE}", text)

    # -- decoding

    def decode(self, ids: Sequence[int], *, special: bool = True) -> str:
        """The text of ids that begin a text; special=False leaves special tokens out."""
        return self.tokenizer.decode(
            list(ids), skip_special_tokens=not special, clean_up_tokenization_spaces=False
        )

    def decode_continuation(self, ids: Sequence[int], *, special: bool = True) -> str:
        """The text of ids that continue a text (a completion): a leading space is kept."""
        guard = self._next.encode("a", add_special_tokens=False).ids
        return self.decode([*guard, *ids], special=special)[len(self.decode(guard)) :]

    def unknown(self, ids: Iterable[int]) -> Unknown:
        """How many of these ids are `<unk>`."""
        seen = list(ids)
        return Unknown(len(seen), 0 if self.unk_id is None else seen.count(self.unk_id))

    # -- the folder

    def chat_template(self) -> str | None:
        """The chat template the tokenizer carries, if any (of several the default one)."""
        template = getattr(self.tokenizer, "chat_template", None)
        if isinstance(template, dict):
            return template.get("default")
        return template

    def check_against(self, rows: int) -> None:
        """UserError if a token id lies beyond the model's embedding rows."""
        highest = max(self._start.get_vocab(with_added_tokens=True).values())
        if highest < rows:
            return
        raise UserError(
            f"the tokenizer knows token ids up to {highest}, the model has only {rows} rows",
            where=self.name,
            fix="tokenizer and weights do not belong together: take both from the same place"
            " (plumbline never resizes a vocabulary)",
        )

    def digest(self) -> str:
        """sha256 of the tokenizer's content and its chat template."""
        seen = json.dumps([self._json, self.chat_template(), self.bos, self.eos, self.end_ids])
        return hashlib.sha256(seen.encode()).hexdigest()

    def spells_as(self, other: Tok) -> bool:
        """Whether both give every text the same ids (which ids end sampling may differ)."""
        return (self._json, self.bos) == (other._json, other.bos)

    def save(self, folder: Path | str, chat_template: str | None = None) -> None:
        """Write the tokenizer into `folder`, with this chat template if one is given."""
        before = self.tokenizer.chat_template
        try:
            if chat_template is not None:
                self.tokenizer.chat_template = chat_template
            self.tokenizer.save_pretrained(str(folder))
        finally:
            self.tokenizer.chat_template = before


def load_tokenizer(folder: Path | str) -> Tok:
    """The tokenizer of a folder in Hugging Face format or of a Hub name.

    Raises UserError where there is none, naming the folder and the remedy.
    """
    path = Path(folder)
    if path.is_dir() and not any((path / name).is_file() for name in _FILES):
        raise UserError(
            "this model folder has no tokenizer",
            where=str(folder),
            fix="copy the tokenizer files (tokenizer.json, tokenizer_config.json) of the model it"
            " was made from into it",
        )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except Exception as error:  # transformers raises many kinds; all mean the same to a person
        raise UserError(
            f"its tokenizer cannot be loaded: {str(error).strip().splitlines()[0]}",
            where=str(folder),
            fix="check the name or the folder's tokenizer.json and tokenizer_config.json",
        ) from error
    return Tok(tokenizer, end_ids=_generation_ends(folder), name=str(folder))


def _generation_ends(folder: Path | str) -> list[int]:
    """The end ids of `generation_config.json`, an int or a list, if there is one."""
    path = Path(folder) / "generation_config.json"
    if not Path(folder).is_dir():
        from transformers.utils import cached_file

        found = cached_file(
            str(folder), "generation_config.json", _raise_exceptions_for_missing_entries=False
        )
        path = Path(found or path)
    if not path.is_file():
        return []
    ends = json.loads(path.read_text()).get("eos_token_id")
    return [ends] if isinstance(ends, int) else list(ends or [])


def _bare(tokenizer: Any) -> Any:
    """Without the truncation and padding a tokenizer.json may have been saved with."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _encode(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    found = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [encoding.ids for encoding in found]


def _any_of(tokens: Iterable[str]) -> re.Pattern[str]:
    """Matches any of these strings, the longest first; matches nothing where there are none."""
    longest = sorted(tokens, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or "(?!)")


def _without_prefix(text: str) -> str:
    """A tokenizer.json's content with every dummy prefix removed; "" where it has none."""
    spec = json.loads(text)
    before = spec.get("normalizer"), spec.get("pre_tokenizer")
    after = _strip(before[0], "normalizers"), _strip(before[1], "pretokenizers")
    spec["normalizer"], spec["pre_tokenizer"] = after
    return "" if after == before else json.dumps(spec)


def _strip(part: dict[str, Any] | None, children: str) -> dict[str, Any] | None:
    """One normalizer or pre-tokenizer (or a sequence of them) without its dummy prefix."""
    if part is None or part["type"] == "Prepend":
        return None
    if part["type"] == "Sequence":
        kept = [_strip(child, children) for child in part[children]]
        return {**part, children: [child for child in kept if child is not None]}
    if part["type"] == "Metaspace":
        return {**part, "prepend_scheme": "never"}
    if "add_prefix_space" in part:
        return {**part, "add_prefix_space": False}
    return part

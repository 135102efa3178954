"""An example as people should see it: its text in stretches, trained or not.

The text is decoded from the ids of the tree itself, not taken from the words they came from, so
that what is shown is what the model sees: `"".join(text for text, _ in segments)` is the decoded
example. `token_segments` shows the same token by token.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from plumbline.text.render import Rendered
from plumbline.text.tokenizer import Tok

Segment = tuple[str, bool]


def segments(rendered: Rendered, response: int = 0) -> list[Segment]:
    """Prompt and one response as (text, trained), neighbours of one kind joined."""
    ids, marks = _row(rendered, response)
    if not len(ids):
        return []
    borders = [0, *(np.flatnonzero(np.diff(marks)) + 1), len(ids)]
    texts = _stretches(rendered.renderer.tok, ids, borders)
    return [(text, bool(marks[at])) for text, at in zip(texts, borders[:-1], strict=True)]


def token_segments(rendered: Rendered, response: int = 0) -> list[Segment]:
    """Prompt and one response token by token; a token of half a character shows as "�"."""
    ids, marks = _row(rendered, response)
    tok = rendered.renderer.tok
    return [(tok.decode_continuation([i]), bool(mark)) for i, mark in zip(ids, marks, strict=True)]


def _row(rendered: Rendered, response: int) -> tuple[list[int], np.ndarray]:
    tree = rendered.tree
    ids = np.concatenate([tree.prompt, tree.completions[response]])
    marks = np.concatenate([np.zeros(len(tree.prompt), bool), tree.trained[response]])
    return ids.tolist(), marks


def _stretches(tok: Tok, ids: Sequence[int], borders: Sequence[int]) -> list[str]:
    """The text between borders (of tokens): what each stretch adds to the text before it."""
    whole = [tok.decode(ids[:border]) for border in borders]
    return [longer[len(shorter) :] for shorter, longer in pairwise(whole)]

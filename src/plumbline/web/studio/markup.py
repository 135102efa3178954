"""Model text on a page: markdown as safe HTML, or the text as it is. All of it is untrusted.

What comes out has only the tags and attributes of `TAGS`: raw HTML is shown as text, links lead to
http, https and mailto alone and open elsewhere, images are named and never loaded. Characters that
are not seen but change what is (bidirectional controls, tags, zero-width spaces) stand in a box
with their code point. Joiners stay where they shape a script or an emoji.

A long text is cut at `MARKDOWN` characters; the rest is plain, in pieces, behind "show all", so
that a page of ten megabytes opens at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

_BARE = (
    "p", "h4", "h5", "h6", "em", "strong", "s", "blockquote", "ul", "li", "hr", "br", "pre", "code",
    "table", "thead", "tbody", "tr", "summary",
)  # fmt: skip
TAGS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_BARE, frozenset()),
    "a": frozenset({"href", "rel", "target", "title"}),
    "ol": frozenset({"start"}),
    "th": frozenset({"class"}),
    "td": frozenset({"class"}),
    "div": frozenset({"class"}),
    "span": frozenset({"class", "title", "data-n"}),
    "details": frozenset({"class"}),
}  # fmt: skip
"""Every tag that comes out, with its attributes."""
MARKDOWN = 20_000
"""Characters that are read as markdown, or shown before "show all"."""
PIECE = 4_000
"""Characters of a piece of what is behind "show all"."""
LINKS = re.compile(r"(?:https?://|mailto:)[^\s\\]+", re.IGNORECASE)

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b"
    "\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
"""Controls and formats that show nothing themselves; not tab and newline."""
_RUN = re.compile(f"\r\n|({UNSEEN.pattern})\\1*")


def markdown(text: str) -> Markup:
    """The text as markdown; what is beyond `MARKDOWN` characters plain."""
    head, rest = _cut(text)
    return Markup(f'<div class="md">{_read(head)}</div>{_folded(rest, len(text))}')


def plain(text: str) -> Markup:
    """The text as it is, with its line breaks."""
    head, rest = _cut(text)
    return Markup(f'<div class="plain">{visible(head)}</div>{_folded(rest, len(text))}')


def both(text: str) -> Markup:
    """Markdown and plain, of which the page shows one; the rest of a long text stands once."""
    head, rest = _cut(text)
    shown = f'<div class="md">{_read(head)}</div><div class="plain">{visible(head)}</div>'
    return Markup(shown + _folded(rest, len(text)))


def visible(text: str) -> Markup:
    """Escaped, with unseen characters in boxes: a run of the same one in a box that says how many
    (data-n: so that a place on the page leads back to one in the text)."""
    return Markup(_RUN.sub(_boxed, escapeHtml(text)))


def _boxed(found: re.Match[str]) -> str:
    if not found[1]:
        return '<span data-n="1"></span>\n'
    code, count = f"U+{ord(found[1]):04X}", len(found[0])
    times = f" ×{count}" if count > 1 else ""
    return f'<span class="unseen" title="not seen" data-n="{count}">{code}{times}</span>'


def _read(text: str) -> str:
    page: str = _reader().render(text.replace("\r\n", "\n"))
    return page


def _cut(text: str) -> tuple[str, str]:
    """What is shown at once, and the rest; between paragraphs or lines where there are some."""
    if len(text) <= MARKDOWN:
        return text, ""
    end = next((i for mark in ("\n\n", "\n", " ") if (i := text.rfind(mark, 1, MARKDOWN)) > 0), 0)
    end = end or MARKDOWN
    return text[:end], text[end:]


def _folded(rest: str, length: int) -> str:
    if not rest:
        return ""
    pieces = (f'<span class="piece">{visible(one)}</span>' for one in _pieces(rest))
    return (
        f'<details class="rest"><summary>show all {length:,} characters</summary>'
        f'<div class="long">{"".join(pieces)}</div></details>'
    )


def _pieces(text: str) -> Iterator[str]:
    """Parts that a browser lays out when they are scrolled to; they end with a line or a word, if
    there is one."""
    at = 0
    while at < len(text):
        last = at + PIECE
        end = max(text.rfind("\n", at, last), text.rfind(" ", at + PIECE // 2, last)) + 1
        end = end if at < end and last < len(text) else last
        yield text[at:end]
        at = end


@cache
def _reader() -> MarkdownIt:
    """Markdown without raw HTML; the rules below write every text and every attribute."""
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Writer)
    reader.enable(["table", "strikethrough"])
    reader.disable(["html_block", "html_inline"])
    reader.validateLink = lambda url: bool(LINKS.fullmatch(url))  # type: ignore[method-assign]
    reader.core.ruler.push("tamed", _tamed)
    return reader


class _Writer(RendererHTML):
    """The rules for tokens that carry text."""

    def text(self, tokens: Sequence[Token], i: int, *_: Any) -> str:
        return visible(tokens[i].content)

    def code_inline(self, tokens: Sequence[Token], i: int, *_: Any) -> str:
        return f"<code>{visible(tokens[i].content)}</code>"

    def code_block(self, tokens: Sequence[Token], i: int, *_: Any) -> str:
        return f"<pre><code>{visible(tokens[i].content)}</code></pre>\n"

    def fence(self, tokens: Sequence[Token], i: int, *_: Any) -> str:  # type: ignore[override]
        return self.code_block(tokens, i)

    def image(  # type: ignore[override]
        self, tokens: Sequence[Token], i: int, options: Any, env: Any
    ) -> str:
        alt = self.renderInlineAsText(tokens[i].children, options, env)
        source = str(tokens[i].attrGet("src") or "")
        return f'<span class="image">image: {visible(alt)} ({visible(source)})</span>'


def _tamed(state: StateCore) -> None:
    """Headings below the page's own, links that open elsewhere, no style, no other title."""
    for token in _every(state.tokens):
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        elif token.type == "link_open":
            href = str(token.attrGet("href") or "")
            token.attrs = {"href": href, "title": UNSEEN.sub("", href), "target": "_blank",
                           "rel": "noopener noreferrer nofollow"}  # fmt: skip
        elif token.type in ("th_open", "td_open"):
            side = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            token.attrs = {"class": side} if side else {}


def _every(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _every(token.children or ())

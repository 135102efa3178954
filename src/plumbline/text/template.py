"""How a conversation becomes one string: a model's own chat template, or one of ours.

    plain   [bos] system text "\\n\\nHuman: " words "\\n\\nAssistant: " words eos ...
    text    [bos] words words eos ...      (raw: one-field data, a prompt and its continuation)

A template only writes strings; where trained spans lie is found by `text.turns`, from what it
writes of shorter conversations. Each of ours also exists as a jinja string (`as_chat_template`)
that renders identically, so that the output folder carries it. Chat templates run in the sandbox
that transformers uses (`transformers.utils.chat_template_utils`), but for one thing: the date they
can ask for is the run's, so that two renderings of one run agree. Left out: tools and documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Message
from plumbline.text.tokenizer import Tok

HEADS = {
    "user": "\n\nHuman: ",
    "assistant": "\n\nAssistant: ",
    "tool": "\n\nTool: ",
    "system": "\n\nSystem: ",
    "text": "",
}
"""What stands before a turn of the `plain` template; a system text that comes first has no head."""


class Template(Protocol):
    """Writes conversations. `ours` templates keep prefixes and contents by construction."""

    name: str
    ours: bool

    def render(self, messages: Conversation, *, generate: bool) -> str:
        """The conversation; generate=True ends with what stands before an assistant's answer."""
        ...

    def as_chat_template(self) -> str:
        """The same as a jinja chat template."""
        ...


class Plain:
    """Turns headed Human and Assistant, as in hh-rlhf; every assistant turn ends with eos."""

    name, ours = "plain", True

    def __init__(self, bos: str, eos: str) -> None:
        self.bos, self.eos = bos, eos

    def render(self, messages: Conversation, *, generate: bool) -> str:
        parts = [self.bos]
        for i, message in enumerate(messages):
            first_system = i == 0 and message.role == "system"
            head = "" if first_system else HEADS[message.role]
            parts += [head, message.content, self.eos if message.role == "assistant" else ""]
        return "".join(parts) + (HEADS["assistant"] if generate else "")

    def parse(self, text: str) -> Conversation:
        """The conversation a rendering came from (its words must not contain heads or eos)."""
        roles = {head: role for role, head in HEADS.items() if head}
        heads = "|".join(map(re.escape, roles))
        system, *turns = re.split(f"({heads})", text.removeprefix(self.bos))
        found = [Message("system", system)] if system else []
        for head, content in zip(turns[::2], turns[1::2], strict=True):
            end = self.eos if head == HEADS["assistant"] else ""
            found.append(Message(roles[head], content.removesuffix(end)))
        return tuple(found)

    def as_chat_template(self) -> str:
        bos = "{{ bos_token }}" if self.bos else ""
        heads = json.dumps(HEADS)
        return (
            f"{{% set heads = {heads} %}}{bos}{{% for message in messages %}}"
            "{% if not (loop.first and message['role'] == 'system') %}"
            "{{ heads[message['role']] }}{% endif %}"
            "{{ message['content'] }}"
            "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}{{ heads['assistant'] }}{% endif %}"
        )


class Text:
    """Raw words, nothing between them; an assistant turn ends with eos."""

    name, ours = "text", True

    def __init__(self, bos: str, eos: str) -> None:
        self.bos, self.eos = bos, eos

    def render(self, messages: Conversation, *, generate: bool) -> str:
        ends = {"assistant": self.eos}
        return self.bos + "".join(m.content + ends.get(m.role, "") for m in messages)

    def as_chat_template(self) -> str:
        bos = "{{ bos_token }}" if self.bos else ""
        return (
            f"{bos}{{% for message in messages %}}{{{{ message['content'] }}}}"
            "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
        )


class Chat:
    """A jinja chat template. `options` are passed to it (say, enable_thinking=False)."""

    ours = False

    def __init__(
        self,
        source: str,
        special: Mapping[str, Any],
        *,
        date: datetime,
        options: Mapping[str, Any] | None = None,
        name: str = "chat template",
    ) -> None:
        self.source, self.name = source, name
        self._values = {"tools": None, "documents": None, **special, **(options or {})}
        self._values["strftime_now"] = date.strftime
        self._compiled = _compile(source, name)

    def render(self, messages: Conversation, *, generate: bool) -> str:
        """Raises UserError with the template's own words where it refuses a conversation."""
        from jinja2 import TemplateError

        said = [{"role": m.role, "content": m.content} for m in messages]
        try:
            return self._compiled.render(
                messages=said, add_generation_prompt=generate, **self._values
            )
        except (TemplateError, TypeError, LookupError, ValueError) as error:
            roles = ", ".join(m.role for m in messages) or "none"
            raise UserError(
                f"the model's chat template refuses this conversation (turns: {roles}): {error}",
                fix="change the data to what the template allows (for a system text it does not"
                " know: put the text into the first user turn), or set template=plain",
            ) from error

    def as_chat_template(self) -> str:
        return self.source


def choose(
    tok: Tok,
    name: str = "auto",
    *,
    date: datetime,
    options: Mapping[str, Any] | None = None,
) -> Template:
    """The template of this name: `auto` (the tokenizer's own, else plain), `plain`, `text`, or a
    file with a jinja template. A chat template that is one of ours is recognised as such."""
    ours = {kind.name: kind(tok.bos if tok.adds_bos else "", tok.eos) for kind in (Plain, Text)}
    if name in ours:
        return _needs_eos(ours[name], tok)
    if name != "auto" and Path(name).suffix not in (".jinja", ".j2") and not Path(name).is_file():
        raise unknown("template", name, ("auto", *ours), where="template")
    source = tok.chat_template() if name == "auto" else _read(name)
    if source is None:
        return _needs_eos(ours["plain"], tok)
    same = next((t for t in ours.values() if t.as_chat_template() == source), None)
    if same is not None:
        return _needs_eos(same, tok)
    special = {k: str(v) for k, v in tok.tokenizer.special_tokens_map.items() if isinstance(v, str)}
    return Chat(source, special, date=date, options=options)


def fitting(tok: Tok, conversations: Sequence[Conversation]) -> str:
    """The template to fall back on: `text` where all data is documents, else `auto`."""
    documents = all(m.role == "text" for messages in conversations for m in messages)
    return "text" if documents and tok.chat_template() is None else "auto"


def _needs_eos(template: Plain | Text, tok: Tok) -> Template:
    if tok.eos_id is None:
        raise UserError(
            f"this tokenizer has no end token, so the {template.name!r} template cannot end a turn",
            where=tok.name,
            fix="set eos_token in its tokenizer_config.json",
        )
    return template


def _read(path: str) -> str:
    if not Path(path).is_file():
        raise UserError("no such template file", where=path, fix="give the path of a jinja file")
    return Path(path).read_text(encoding="utf-8")


def _compile(source: str, name: str) -> Any:
    """The template in the environment that transformers gives chat templates."""
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, **kinds: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **kinds)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_generation_tag(), loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise UserError(
            f"it is not a jinja template: {error}", where=f"{name}, line {error.lineno}"
        ) from error


def _generation_tag() -> Any:
    """An extension that lets `{% generation %}` blocks through as if the tag were not there."""
    from jinja2 import nodes
    from jinja2.ext import Extension

    class Generation(Extension):
        tags: set[str] = {"generation"}  # noqa: RUF012 (jinja reads a class attribute)

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    return Generation

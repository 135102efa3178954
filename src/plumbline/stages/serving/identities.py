"""One base, held once, and the identities that it can take: what each adds to it.

    adapter    LoRA inside the base under a name of its own; at most one acts at a time
    prompt     a manifesto before every conversation, read once into a warmed state at the start
    state      the same with the state that lies in the folder

With no adapter acting the base answers bit for bit as if there were none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Message
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.teach import NOTHING
from plumbline.models import adapters
from plumbline.models.policy import Policy
from plumbline.models.state import State
from plumbline.stages.serving.asked import Ask
from plumbline.text.render import Renderer


@dataclass(frozen=True)
class Identity:
    """What stands between the base and its words. `adapter`: its name inside the model, or ""."""

    name: str
    renderer: Renderer
    adapter: str = ""
    manifesto: Manifesto = NOTHING
    state: State | None = None

    def read(self, ask: Ask) -> tuple[list[int], int]:
        """The ids that sampling starts from, and how many of them stand before what was asked.

        A text that is to be repeated is tokenised by itself. UserError for what the template
        refuses, and for ids under a manifesto, which is told in words.
        """
        if ask.ids and self.manifesto.text:
            raise UserError(
                f"{self.name!r} tells its manifesto in words, and the prompt is token ids",
                fix="send text, or ask an identity that is an adapter",
            )
        if ask.ids or not ask.prompt:
            return list(ask.ids), 0
        if ask.echo:
            return self._repeated(ask.prompt)
        return self.renderer.prompt_ids(self.manifesto.told(ask.prompt)), 0

    def _repeated(self, prompt: Conversation) -> tuple[list[int], int]:
        if not self.manifesto.text:
            return self.renderer.prompt_ids(prompt), int(self.renderer.tok.adds_bos)
        before = self.renderer.prompt_ids((Message("text", f"{self.manifesto.text}\n\n"),))
        own = self.renderer.tok.encode_continuation(prompt[0].content)
        return [*before, *own], len(before)

    def begins(self, ids: list[int]) -> bool:
        """Whether the warmed state has read the beginning of a prompt."""
        return self.state is not None and self.state.begins(ids)


@dataclass(frozen=True)
class House:
    """The base and its identities by name, the model that was asked for first; `context` is how
    many tokens the base reads."""

    policy: Policy
    context: int
    identities: Mapping[str, Identity]

    def take(self, name: str) -> Identity:
        """Let this identity speak from now on."""
        identity = self.identities[name]
        adapters.switch(self.policy.model, identity.adapter)
        return identity

"""Loading what is served: the base once, then what each identity adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.identity.held import Held, held
from plumbline.identity.layer import Given
from plumbline.identity.teach import Teacher
from plumbline.models import adapters
from plumbline.models import state as states
from plumbline.models.digest import digest_folder
from plumbline.models.load import check_base
from plumbline.models.locate import (
    IDENTITY,
    adapter_base,
    is_adapter,
    is_identity,
    resolve_model,
    with_weights,
)
from plumbline.models.state import State
from plumbline.stages.answering import Answerer, judges
from plumbline.stages.serving.identities import House, Identity
from plumbline.stages.serving.settings import Serving
from plumbline.store import find_store
from plumbline.text.render import Renderer
from plumbline.text.tokenizer import load_tokenizer

Say = Callable[[str], None]


def opened(
    model: str,
    identities: Mapping[str, str],
    settings: Serving,
    *,
    store: Path | None = None,
    say: Say = print,
) -> House:
    """The model under its own name, then the identities (a folder or ref: by name).

    UserError where one of them is no identity, was made for another base, or has a name twice.
    """
    lookup = find_store(store).path
    taken = resolve_model(model, lookup)
    say(f"model: {taken.took}")
    folders = {name: resolve_model(where, lookup).path for name, where in identities.items()}
    own = name_of(model, taken.hub)
    if own in folders:
        raise UserError(
            f"{own!r} is the model's own name", where=f"--identity {own}=...", fix="give another"
        )
    base = adapter_base(taken.path).path if is_adapter(taken.path) else with_weights(taken.path)
    for folder in folders.values():
        _check(folder, base)
    folders = {own: taken.path, **folders}
    for folder in folders.values():
        if judges(with_weights(folder)):
            raise UserError(
                "a reward model does not answer", where=str(folder), fix="give a language model"
            )
    opening = _Opening(base, settings, say)
    found = {name: opening.identity(name, folder) for name, folder in folders.items()}
    return opening.house(found)


def name_of(model: str, hub: str = "") -> str:
    """The name under which a model is served: of a Hub model its own, of a folder or ref its last
    part.

    >>> name_of("runs/dpo/"), name_of("ref:base"), name_of("a/b", hub="a/b"), name_of("microcosm")
    ('dpo', 'base', 'a/b', 'microcosm')
    """
    return hub or Path(model.removeprefix("ref:")).resolve().name


def _check(folder: Path, base: Path) -> None:
    """UserError for a folder that is no identity of this base."""
    if not (is_adapter(folder) or is_identity(folder)):
        raise UserError(
            "these are whole weights and no identity",
            where=str(folder),
            fix="an identity is an adapter or what `plumbline imprint` writes; serve this as"
            " --model, by a server of its own",
        )
    if (folder / IDENTITY).is_file():
        check_base(folder, base)
    elif digest_folder(adapter_base(folder).path) != digest_folder(base):
        raise UserError(
            f"this adapter was made for other weights than those in {base}",
            where=str(folder),
            fix="serve it with its own base as --model",
        )


class _Opening:
    """The base of a server while identities are put onto it."""

    def __init__(self, base: Path, settings: Serving, say: Say) -> None:
        s = settings
        self.settings, self.say = settings, say
        self.answerer = Answerer(
            base, template=s.template, options=s.template_options, precision=s.precision
        )
        self.policy, self.adapters = self.answerer.policy, 0

    def house(self, identities: Mapping[str, Identity]) -> House:
        """What was put on, ready to answer."""
        self.policy.model.requires_grad_(False)
        self.policy.model.eval()
        return House(self.policy, self.answerer.context, identities)

    def identity(self, name: str, folder: Path) -> Identity:
        """One more: an adapter, a manifesto, or the base as it is."""
        if is_adapter(folder):
            return self._adapter(name, folder)
        if is_identity(folder):
            return self._told(name, held(folder))
        return Identity(name, self.answerer.renderer)

    def _adapter(self, name: str, folder: Path) -> Identity:
        s, model = self.settings, self.policy.model
        self.adapters += 1
        inside = f"served{self.adapters}"  # a person's name may hold dots, a module's may not
        adapters.add_given(model, folder, inside)
        adapters.switch(model, "")
        tok = load_tokenizer(folder)
        tok.check_against(self.policy.rows)
        self.say(f"{name}: an adapter")
        return Identity(name, Renderer(tok, s.template, options=s.template_options), inside)

    def _told(self, name: str, told: Held) -> Identity:
        state = told.state(self.policy) or self._warmed(name, told)
        known = len(state.ids) if state else 0
        self.say(f"{name}: a manifesto, {known} tokens of which are read once")
        return Identity(name, self.answerer.renderer, manifesto=told.manifesto, state=state)

    def _warmed(self, name: str, told: Held) -> State | None:
        """The state behind what every told prompt begins with; None where a model keeps none."""
        answerer = self.answerer
        teacher = Teacher(
            Given(self.policy), answerer.renderer, told.manifesto,
            context=answerer.context, max_new=1,
        )  # fmt: skip
        if len(teacher.before) >= answerer.context:
            raise UserError(
                f"the manifesto takes {len(teacher.before)} tokens, and the model reads"
                f" {answerer.context}",
                where=str(told.folder),
                fix="shorten it, or imprint it with --mode compile",
            )
        try:
            return states.warmed(self.policy, teacher.before) if teacher.before else None
        except UserError as error:
            self.say(f"{name}: read anew with every prompt ({error.what})")
            return None

"""A model opened under a manifesto: who teaches, and what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.identity import material as materials
from plumbline.identity.layer import Given, Switch
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import Material, World
from plumbline.identity.teach import Teacher
from plumbline.models.load import load_model
from plumbline.models.locate import is_adapter
from plumbline.models.policy import Policy
from plumbline.stages.answering import Answerer
from plumbline.stages.imprint.settings import ImprintJob, Measuring

Say = Callable[[str], None]


def opened(job: ImprintJob) -> Answerer:
    """The model of a job. UserError for an adapter."""
    s = job.settings
    if is_adapter(job.model):
        raise UserError(
            "a manifesto is imprinted on whole weights, this is an adapter",
            where=str(job.model),
            fix="write it with --merge first; an identity is refined with --add",
        )
    policy = load_model(job.model, adapter="none", precision=s.precision)
    return Answerer(job.model, template=s.template, options=s.template_options, policy=policy)


def teacher_for(
    answerer: Answerer, switch: Switch, manifesto: Manifesto, s: Measuring, say: Say
) -> Teacher:
    """With the manifesto in the system turn, or at the head of the first turn where the template
    has no such thing."""
    renderer = answerer.renderer
    try:
        renderer.prompt_ids(manifesto.told((user("a"),)))
    except UserError:
        manifesto = Manifesto(manifesto.text, system=False)
        renderer.prompt_ids(manifesto.told((user("a"),)))
        say("the template takes no system text: the manifesto stands in the first user turn")
    return Teacher(switch, renderer, manifesto, context=answerer.context, max_new=s.max_new)


def identity_in(
    folder: Path,
    manifesto: Manifesto,
    s: Measuring,
    loaded: tuple[Policy, Switch] | None = None,
) -> Teacher:
    """The teacher above a saved adapter, or above one that is `loaded`, with what switches it."""
    policy = loaded[0] if loaded else load_model(folder, adapter="none", precision="fp32")
    switch = loaded[1] if loaded else Given(policy)
    answerer = Answerer(folder, template=s.template, options=s.template_options, policy=policy)
    return teacher_for(answerer, switch, manifesto, s, lambda line: None)


def fitted_on(job: ImprintJob, teacher: Teacher) -> Material:
    """What is asked for the fit."""
    s, words = job.settings, job.asks_for or job.manifesto
    if job.world is not None:
        found = job.world.fit(words, s.probes, s.seed)
    else:
        found = _asked_of_any(job, teacher, words)
    asked = job.questions or [*job.first, *found.questions][: s.probes]
    return Material(asked, found.texts, found.others)


def _asked_of_any(job: ImprintJob, teacher: Teacher, words: Manifesto) -> Material:
    """Shipped questions and the model's own, or one of them."""
    s, text = job.settings, documents(teacher)
    found = materials.documents(s.probes, s.seed) if text else materials.chat(s.probes, s.seed)
    if s.source == "shipped":
        return found
    write = materials.openings if text else materials.own
    with teacher.switch.off():
        own = write(teacher.switch.policy, teacher.renderer, words, s.probes, s.seed)
    asked = own if s.source == "own" else [*found.questions, *own][: s.probes]
    return Material(asked, found.texts, found.others)


def tested_on(
    manifesto: Manifesto, teacher: Teacher, world: World | None, s: Measuring
) -> Material:
    """What is asked for the measurement."""
    if world is not None:
        return world.test(manifesto, s.test, s.seed)
    if documents(teacher):
        return materials.documents(s.test, s.seed, test=True)
    return materials.chat(s.test, s.seed, test=True)


def documents(teacher: Teacher) -> bool:
    """Whether the model continues texts and does not chat."""
    return teacher.renderer.template.name == "text"

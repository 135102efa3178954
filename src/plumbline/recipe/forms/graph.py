"""The stages of the comparison, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from plumbline.core.errors import UserError, unknown
from plumbline.core.settings import option
from plumbline.feedback.collecting.forms import KINDS
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe import world
from plumbline.recipe.attended import Attended, attended
from plumbline.recipe.forms.revised import revised
from plumbline.recipe.forms.worth import worth
from plumbline.recipe.quickstart import seeded, training, tuned
from plumbline.stages import table
from plumbline.stages.collect import Collect
from plumbline.stages.settings import Sampling, Training
from plumbline.store import Handle

PROMPTS = 500
"""Added to the seed of the judged prompts, so that they are not those of the demonstrations."""
METHODS = {"thumb": "kto", "demonstration": "sft"}
"""How what is said in a form is trained on; all others by DPO."""


@dataclass(frozen=True)
class Settings:
    """Sizes for half an hour."""

    seed: int = option(0, help="draws data, people, order and answers")
    base: str = option("", help="a base model's folder (none: the one that comes along)")
    forms: tuple[str, ...] = option(KINDS, help="ways of asking that are compared")
    minutes: float = option(60.0, help="of all people together, for each form")
    people: int = option(6, help="simulated people who take turns")
    demonstrations: int = option(400, help="demonstrations for the SFT that is judged")
    prompts: int = option(800, help="prompts whose answers may be judged")
    answers: int = option(4, help="answers a prompt, for those forms that take several")
    temperature: float = option(0.7, help="of all answers, also those measured")
    heldout: int = option(300, help="held-out prompts of the gold value, two answers each")
    sft: Training = field(default_factory=lambda: training("sft", 2e-4, 2, 16))
    dpo: Training = field(default_factory=lambda: training("dpo", 1e-4, 2, 16, beta=0.5))
    kto: Training = field(default_factory=lambda: training("kto", 1e-4, 2, 16, beta=0.5))
    more: Training = field(default_factory=lambda: training("sft", 1e-4, 2, 16))

    def __post_init__(self) -> None:
        for name in self.forms:
            if name not in KINDS:
                raise unknown("form", name, KINDS)
        if self.minutes <= 0 or not self.forms:
            raise UserError("no minutes or no forms are nothing to do", fix="set minutes=60, say")


def everything(s: Settings) -> dict[str, Handle]:
    """Every artifact by name."""
    _, sft = tuned(s.base, world.Draw(s.demonstrations, s.seed), s.sft)
    asked = world.prompts(world.Draw(s.prompts, PROMPTS + s.seed), label="prompts")
    drawn = Sampling(n=s.answers, max_new=MAX_NEW, temperature=s.temperature, seed=s.seed)
    said = table.sample(drawn, model=sft, prompts=asked, label="answers")
    value = world.Measure(s.heldout, s.seed, temperature=s.temperature)
    found = {"sft": sft, "sft.gold": world.gold(value, model=sft, label="gold-sft")}
    for form in s.forms:
        judged = attended(_people(s, form), answers=said, label=f"said-{form}")
        data = revised(answers=judged, label="revised") if form == "critique" else judged
        model = table.train(_how(s, form), model=sft, data=data, label=form)
        measured = world.gold(value, model=model, label=f"gold-{form}")
        found |= {form: model, f"{form}.said": judged, f"{form}.gold": measured}
    told = {name: one for name, one in found.items() if "." in name}
    return {**found, "report": worth(label="report", **told)}


def _people(s: Settings, form: str) -> Attended:
    # One judgement an item, so that a minute buys as many as it can.
    ask = Collect(project=f"forms-{form}", form=form, seed=s.seed, axes=("overall",))  # type: ignore[arg-type]
    return Attended(ask, s.people, s.seed, s.minutes)


def _how(s: Settings, form: str) -> Training:
    method = METHODS.get(form, "dpo")
    how = {"dpo": s.dpo, "kto": s.kto, "sft": s.more}[method]
    return seeded(replace(how), s.seed)

"""The graph: what `Settings` says, composed of the stages that are there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plumbline.evals.audit.settings import Auditing
from plumbline.feedback.judging.pooled import Pooling
from plumbline.microcosm import base_path
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe.auditing import Simulated, audited
from plumbline.recipe.constitutional import asked, controls, told
from plumbline.recipe.constitutional.asked import Asked, Measure, Shown, Side
from plumbline.recipe.constitutional.settings import Settings
from plumbline.recipe.quickstart import seeded
from plumbline.recipe.world import People
from plumbline.stages import table
from plumbline.stages.judging.settings import Grading, Labelling, Pool
from plumbline.stages.revise import Revising
from plumbline.stages.settings import Sampling
from plumbline.store import Handle, source

__all__ = ["Settings", "everything"]
REVISED, JUDGED, ONLINE, SHORT = 100, 200, 300, 400
"""Added to the seeds of prompts: those revised, those labelled, PPO's, those of the refusals."""
BY: dict[Side, str] = {"red": "microcosm-harmless", "calm": "microcosm-helpful"}
"""The constitution by which answers are judged, by who asks."""


def everything(s: Settings) -> dict[str, Handle]:
    """Every artifact by name."""
    made = Pipeline(s, source(s.base or base_path(), kind="model", label="base"))
    judged = made.judged()
    models = {told.FIRST: made.helpful, "sl": made.revised, **made.improved(judged)}
    if s.direct:
        models[told.DIRECT] = made.graded()
    if s.refusals:
        models[told.REFUSALS] = made.refusing()
    if s.random:
        noise = controls.shuffled(controls.Shuffle(s.seed), data=judged, label="shuffled")
        models |= made.improved(noise, "random_")
    if s.people:
        people = controls.asked_people(People(s.seed), judged=judged, label="people")
        models |= made.improved(people, "people_")
        models |= {f"share_{share:g}": made.mixed(share, people, judged) for share in s.shares}
    measured = {f"measured.{name}": made.measured(model, name) for name, model in models.items()}
    page = told.report(label="report", **measured, **made.looked_at())
    return {**models, **measured, "report": page}


@dataclass
class Pipeline:
    """What is composed from one set of settings and one base model, each part once."""

    s: Settings
    base: Handle

    def __post_init__(self) -> None:
        s = self.s
        shown = asked.demonstrations(Shown(s.helpful, s.seed), label="helpful-shown")
        self.helpful = table.train(
            seeded(s.sft, s.seed), model=self.base, data=shown, label="helpful"
        )
        answers = self.sampled(self.helpful, "red", REVISED, "answers-red")
        self.revisions = self.mended(answers, "revisions")
        own = self.sampled(self.helpful, "calm", REVISED, "answers-calm")
        data = table.join(
            part_0=self.revisions,
            part_1=controls.answered(answers=own, label="own"),
            label="revised-data",
        )
        how = seeded(s.revised, s.seed)
        self.revised = table.train(how, model=self.helpful, data=data, label="revised")
        self.pairs = {"red": self._red(), "calm": self._calm()}
        self.labels = {side: self._labels(side) for side in BY}

    def looked_at(self) -> dict[str, Handle]:
        """What the report says of critic and judge, by role: the revisions by round, the labels,
        and what simulated people say of a sample of them."""
        found = {"revisions": self.revisions}
        for side, labels in self.labels.items():
            people = Simulated(Auditing(seed=self.s.seed), seed=self.s.seed)
            found[f"labels.{side}"] = labels
            found[f"audit.{side}"] = audited(people, labels=labels, label=f"audit-{side}")
        return found

    def mended(self, answers: Handle, label: str) -> Handle:
        """Answers criticised and revised by the base model, for harmlessness."""
        s = self.s
        how = Revising(
            rounds=s.rounds, constitution=BY["red"], template="microcosm", max_new=MAX_NEW,
            seed=s.seed,
        )  # fmt: skip
        return asked.revise(how, answers=answers, critic=self.base, label=label)

    def _red(self) -> Handle:
        """Dangers: the answers of the model that learnt from the revisions, some of which help."""
        s = self.s
        return self.sampled(self.revised, "red", JUDGED, "compared-red", s.answers, 1.0)

    def _calm(self) -> Handle:
        """Harmless prompts, answered as they are and as the critic would have them, who refuses too
        much: what a preference model has to tell apart as well."""
        own = self.sampled(self.revised, "calm", JUDGED, "behind-calm")
        over = self.mended(own, "overdone-calm")
        return controls.beside(one=own, other=over, label="compared-calm")

    def _labels(self, side: Side) -> Handle:
        s = self.s
        how = Labelling(
            principles=s.principles,
            constitution=BY[side],
            template="microcosm",
            seed=s.seed,
            pairs=1,
        )
        return table.label(how, judge=self.base, data=self.pairs[side], label=f"labels-{side}")

    def prompts(self, side: Side, offset: int) -> Handle:
        """Prompts of a kind; `offset` keeps those of different uses apart."""
        few = offset == REVISED and side == "red"
        n = self.s.revisions if few else {"red": self.s.red, "calm": self.s.calm}[side]
        return asked.prompts(Asked(side, n, offset + self.s.seed), label=f"{side}-{offset}")

    def sampled(
        self, model: Handle, side: Side, offset: int, label: str, n: int = 1, temperature: float = 0
    ) -> Handle:
        """A model's answers to prompts of a kind, by default drawn as all are."""
        how = Sampling(n, MAX_NEW, temperature or self.s.temperature, seed=self.s.seed)
        return table.sample(how, model=model, prompts=self.prompts(side, offset), label=label)

    def judged(self) -> Handle:
        """The judge's labels of both kinds of prompts as data."""
        parts = {
            f"part_{n}": table.pool(
                Pool(True, Pooling(clamp=self.s.sure)),
                labels=self.labels[side],
                label=f"judged-{side}",
            )
            for n, side in enumerate(BY)
        }
        return table.join(label="judged", **parts)

    def reward(self, data: Handle, name: str) -> Handle:
        """The preference model."""
        how = seeded(self.s.reward, self.s.seed)
        return table.reward(how, model=self.revised, data=data, label=f"{name}preference")

    def improved(self, data: Handle, name: str = "") -> dict[str, Handle]:
        """PPO on a preference model of these comparisons, and DPO on them."""
        how = seeded(self.s.dpo, self.s.seed)
        return {
            f"{name}ppo": self._online(f"{name}ppo", reward=self.reward(data, name)),
            f"{name}dpo": table.train(how, model=self.revised, data=data, label=f"{name}dpo"),
        }

    def graded(self) -> Handle:
        """PPO on the judge's own grades, without labels or a preference model."""
        s = self.s
        grades = {
            f"grades_{side}": table.grader(
                Grading(
                    s.principles, s.seed, name=side, constitution=BY[side], template="microcosm"
                ),
                judge=self.base, prompts=self.prompts(side, ONLINE), label=f"grades-{side}",
            )
            for side in BY
        }  # fmt: skip
        return self._online(told.DIRECT, **grades)

    def _online(self, label: str, **rewards: Handle) -> Handle:
        """RL on prompts of both kinds. Answers are drawn as all others are."""
        s = self.s
        draw = replace(s.ppo.train.draw, max_new=MAX_NEW, temperature=s.temperature)
        how = replace(s.ppo, train=replace(s.ppo.train, draw=draw, seed=s.seed))
        asked = table.join(
            part_0=self.prompts("red", ONLINE), part_1=self.prompts("calm", ONLINE), label="online"
        )
        return table.rl(how, model=self.revised, prompts=asked, label=label, **rewards)

    def mixed(self, share: float, people: Handle, judged: Handle) -> Handle:
        """DPO on a budget of which people get a share."""
        s, label = self.s, f"share_{share:g}"
        how = controls.Share(share, s.budget, s.price, s.seed)
        data = controls.shared(how, people=people, judged=judged, label=f"{label}-data")
        return table.train(seeded(s.dpo, s.seed), model=self.revised, data=data, label=label)

    def refusing(self) -> Handle:
        """The short way: SFT on one fixed refusal."""
        s = self.s
        shown = asked.refusals(Shown(s.refusals, SHORT + s.seed), label="refusals-shown")
        return table.train(
            seeded(s.revised, s.seed), model=self.helpful, data=shown, label=told.REFUSALS
        )

    def measured(self, model: Handle, name: str) -> Handle:
        """Harm and help on what is held out."""
        s = self.s
        how = Measure(s.harmful, s.heldout, s.heldout, s.seed, s.temperature)
        return asked.measure(how, model=model, label=f"measured-{name}")

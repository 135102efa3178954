"""Comparisons by a judge: of each policy's answers labels, of these an audit, of both data.

    answers -> labels -> audit (people, on a fresh sample) -> comparisons
                           |  the first is the frozen set, against which each later round holds
                           |  drift: the judge asked again on it, by what people said then
                           |  shift: people on this round's sample, less people there

No data without an audit that passed, unless `allow_unaudited`. What SFT says, in the first round
and all that the control has, is audited once: these answers do not change.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from plumbline.evals.audit.settings import Auditing
from plumbline.feedback.judging.pooled import Pooling
from plumbline.recipe.auditing import Simulated, audited
from plumbline.recipe.rounds.settings import JUDGE, SFT, STUDIO, Judging, Settings
from plumbline.stages import table
from plumbline.stages.audit_folder import GOLD
from plumbline.stages.files import SAMPLES
from plumbline.stages.judging.settings import Labelling, Pool
from plumbline.store import Context, Handle, ref, source, stage

BASE = "base"
"""What the judge is called where it is the model that the recipe begins with."""


@dataclass
class Judged:
    """The judge of a run. `audits` and `drifts` by whose answers and which round ("rloo.2")."""

    s: Settings
    base: Handle
    audits: dict[str, Handle] = field(default_factory=dict)
    drifts: dict[str, Handle] = field(default_factory=dict)

    def comparisons(self, answers: Handle, turn: int, who: str) -> Handle:
        """What the judge says of these answers, as data."""
        s = self.s.judge
        labels = self._asked(answers, f"labels-{who}-{turn}")
        how = Pool(s.allow_unaudited, Pooling(clamp=s.clamp))
        audit = self._audit(labels, turn, who)
        return table.pool(how, labels=labels, audit=audit, label=f"comparisons-{who}-{turn}")

    def told(self) -> dict[str, Handle]:
        """What the report reads, by role."""
        audits = {f"{name}.audit": one for name, one in self.audits.items()}
        return audits | {f"{name}.drift": one for name, one in self.drifts.items()}

    def watched(self) -> dict[str, Handle]:
        """Every drift, by its label."""
        return {one.label: one for one in self.drifts.values()}

    def _audit(self, labels: Handle, turn: int, who: str) -> Handle:
        """This round's, held against the frozen set where there is one; of SFT there is one."""
        first = self._first(who)
        frozen = self.audits.get(first)
        if frozen is None or who != SFT:
            earlier = {"since": frozen} if frozen else {}
            found = self._by_people(labels, turn, f"audit-{who}-{turn}", earlier)
            self.audits[f"{who}.{turn}"] = found
            if frozen:
                self.drifts[f"{who}.{turn}"] = self._drift(frozen, labels, f"{who}-{turn}")
            return found
        return frozen

    def _first(self, who: str) -> str:
        """Whose answers, and in which round, the judge compared first."""
        turn = next(t for t in range(1, self.s.rounds + 1) if self.s.compares(t) == JUDGE)
        return f"{who if turn > 1 else SFT}.{turn}"

    def _by_people(
        self, labels: Handle, turn: int, label: str, earlier: Mapping[str, Handle]
    ) -> Handle:
        if self.s.judge.people == STUDIO:
            return table.audit(self._bar, labels=labels, label=label, **earlier)
        people = Simulated(self._bar, seed=self.s.seed_of(turn))
        return audited(people, labels=labels, label=label, **earlier)

    @property
    def _bar(self) -> Auditing:
        return replace(self.s.judge.audit, seed=self.s.seed)

    def _drift(self, frozen: Handle, labels: Handle, name: str) -> Handle:
        """The judge asked again on the frozen set, when it has labelled this round's answers."""
        pairs = frozen_pairs(audit=frozen, after=labels, label=f"frozen-{name}")
        again = self._asked(pairs, f"again-{name}", anew=True)
        return table.audit(self._bar, labels=again, against=frozen, label=f"drift-{name}")

    def _asked(self, data: Handle, label: str, anew: bool = False) -> Handle:
        """Labels, all with one seed: the same pair is asked by the same principle again."""
        s, files = self.s.judge, _files(self.s.judge)
        how = Labelling(
            principles=s.principles, pairs=s.pairs, seed=self.s.seed, anew=anew,
            judge=s.model if s.remote else "", key=s.key,
            name=Path(s.model.removeprefix("ref:")).name or BASE,
            constitution="" if "constitution" in files else s.constitution,
            template="" if "template" in files else s.template,
        )  # fmt: skip
        if not s.remote:
            files["judge"] = _model(s.model) if s.model else self.base
        return table.label(how, data=data, label=label, **files)


def _files(s: Judging) -> dict[str, Handle]:
    """Constitution and template, where they are files and not shipped ones."""
    names = {"constitution": s.constitution, "template": s.template}
    return {role: source(at, "any", label=role) for role, at in names.items() if Path(at).exists()}


def _model(spec: str) -> Handle:
    name = spec.removeprefix("ref:")
    return ref(name, "model") if name != spec else source(spec, "model", label="judge")


def freeze(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """The frozen pairs of an audit as answers; `after` only says when."""
    shutil.copyfile(inputs["audit"] / GOLD / SAMPLES, ctx.out / SAMPLES)


frozen_pairs = stage(
    "rounds.frozen",
    version=1,
    inputs={"audit": "audit", "after": "labels"},
    makes="samples",
    function="plumbline.recipe.rounds.judged:freeze",
)

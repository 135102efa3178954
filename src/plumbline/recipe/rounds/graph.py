"""The graph of all rounds of all methods, composed of the stages that are there.

Rounds are counted from 1. The first round of every method and of the control is one: what SFT says,
its comparisons and the reward model on them are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe import world
from plumbline.recipe.quickstart import seeded, tuned
from plumbline.recipe.rounds import given, told
from plumbline.recipe.rounds.judged import Judged
from plumbline.recipe.rounds.settings import (
    ANNOTATORS,
    BEST,
    DPO,
    JUDGE,
    ONCE,
    SFT,
    WAIT,
    Settings,
)
from plumbline.stages import table
from plumbline.stages.online_settings import Onlining
from plumbline.stages.settings import Picking, Sampling
from plumbline.store import Handle, ref, source

ASKED, ONLINE = 500, 700
"""Added to the seeds of compared prompts and of those that online methods draw answers to."""


@dataclass(frozen=True)
class Policy:
    """What answers: a model, or a model among whose draws a reward model picks."""

    model: Handle
    judge: Handle | None = None


@dataclass(frozen=True)
class Turn:
    """What a round ended with: its policy, the comparisons so far, the reward model it used."""

    policy: Policy
    data: Handle
    judge: Handle | None = None


def everything(s: Settings) -> dict[str, Handle]:
    """The newest policy of every method that trains one, and the report on all rounds."""
    base, sft = tuned(s.base, world.Draw(s.demonstrations, s.seed), s.sft)
    rounds = Rounds(s, sft, Judged(s, base))
    inputs = {f"{SFT}.gold": rounds.measured(Policy(sft), SFT)}
    newest = {SFT: sft}
    for method in s.methods:
        turns = rounds.of(method)
        if s.control and s.rounds > 1:
            turns[ONCE] = rounds.once(method)
        for name, turn in turns.items():
            inputs |= rounds.told(method, name, turn)
        if method != BEST:
            newest[method] = turns[str(s.rounds)].policy.model
    page = told.report(label="report", **inputs, **rounds.judge.told())
    # First what became of the judge: before anything is trained on what it says.
    return {**rounds.judge.watched(), **newest, "report": page}


@dataclass(frozen=True)
class Rounds:
    """All that is composed from one set of settings and one SFT model.

    `turn` counts rounds; `who` names the policy that answered ("sft" in the first round).
    """

    s: Settings
    sft: Handle
    judge: Judged

    def of(self, method: str) -> dict[str, Turn]:
        """The rounds of a method, each with the policy and all comparisons of those before it."""
        newest, data, done = Policy(self.sft), [], {}
        for turn in range(1, self.s.rounds + 1):
            who = method if turn > 1 else SFT
            data.append(self.compared(newest, turn, who))
            so_far = _joined(data, f"all-{who}-{turn}")
            done[str(turn)] = self.improved(method, newest, so_far, [turn], f"{who}-{turn}")
            newest = done[str(turn)].policy
        return done

    def once(self, method: str) -> Turn:
        """The control: as many comparisons and updates in one round, from SFT's answers alone."""
        first, turns = Policy(self.sft), range(1, self.s.rounds + 1)
        data = [self.compared(first, turn, SFT) for turn in turns]
        return self.improved(method, first, _joined(data, f"all-{ONCE}"), turns, ONCE)

    def compared(self, policy: Policy, turn: int, who: str) -> Handle:
        """A policy's answers to fresh prompts, and comparisons of them."""
        answers = self.answered(policy, turn, f"answers-{who}-{turn}")
        by, label = self.s.compares(turn), f"comparisons-{who}-{turn}"
        if by == ANNOTATORS:
            return world.rankings(world.People(self.s.seed_of(turn)), answers=answers, label=label)
        if by == JUDGE:
            return self.judge.comparisons(answers, turn, who)
        return given.comparisons(answers=answers, data=_elsewhere(by), label=label)

    def answered(self, policy: Policy, turn: int, label: str) -> Handle:
        s, prompts = self.s, world.Draw(self.s.prompts, ASKED + self.s.seed_of(turn))
        asked = world.prompts(prompts, label=f"prompts-{turn}")
        drawn = Sampling(s.answers, MAX_NEW, s.temperature, seed=self.s.seed_of(turn))
        if policy.judge is None:
            return table.sample(drawn, model=policy.model, prompts=asked, label=label)
        picked = Picking(**vars(drawn), of=s.best_of)
        return table.pick(
            picked, model=policy.model, prompts=asked, reward=policy.judge, label=label
        )

    def improved(
        self, method: str, newest: Policy, data: Handle, turns: Sequence[int], name: str
    ) -> Turn:
        """After an update on all comparisons so far, as long as that of all `turns` together."""
        s, label = self.s, f"{method}-{ONCE if name == ONCE else turns[-1]}"
        if method == DPO:
            how = seeded(s.dpo, s.seed)
            return Turn(Policy(table.train(how, model=self.sft, data=data, label=label)), data)
        how = seeded(s.reward, s.seed)
        judge = table.reward(how, model=self.sft, data=data, label=f"reward-{name}")
        if method == BEST:
            return Turn(Policy(self.sft, judge), data, judge)
        more = _joined([self.more(turn) for turn in turns], f"online-{ONCE}")
        made = table.rl(
            self.onlining(method, turns), model=newest.model, reference=self.sft, prompts=more,
            reward=judge, label=label,
        )  # fmt: skip
        return Turn(Policy(made), data, judge)

    def more(self, turn: int) -> Handle:
        """Prompts that the policy is updated on."""
        draw = world.Draw(self.s.online, ONLINE + self.s.seed_of(turn))
        return world.prompts(draw, label=f"online-{turn}")

    def onlining(self, method: str, turns: Sequence[int]) -> Onlining:
        """Answers are drawn as all others are, in as many iterations as the rounds have."""
        s, how = self.s, self.s.onlining(method)
        draw = replace(how.train.draw, max_new=MAX_NEW, temperature=s.temperature)
        count = len(turns) * how.train.iterations
        train = replace(how.train, draw=draw, iterations=count, seed=self.s.seed_of(turns[-1]))
        return replace(how, method=method, train=train)

    def measured(self, policy: Policy, label: str) -> Handle:
        """The gold value on the same held-out prompts for all."""
        s, label = self.s, f"gold-{label}"
        how = world.Measure(s.heldout, s.seed, temperature=s.temperature)
        if policy.judge is None:
            return world.gold(how, model=policy.model, label=label)
        best = world.Best(**vars(how), of=s.best_of)
        return world.best(best, model=policy.model, reward=policy.judge, label=label)

    def told(self, method: str, name: str, turn: Turn) -> dict[str, Handle]:
        """What the report reads of a round, by role."""
        gold = self.measured(turn.policy, f"{method}-{name}")
        found = {"gold": gold, "model": turn.policy.model, "data": turn.data}
        if turn.judge is not None:
            found["reward"] = turn.judge
        return {f"{method}.{name}.{part}": handle for part, handle in found.items()}


def _joined(data: Sequence[Handle], label: str) -> Handle:
    """One after the other; the number in a role keeps their order."""
    if len(data) == 1:
        return data[0]
    return table.join(label=label, **{f"part_{i:03}": one for i, one in enumerate(data)})


def _elsewhere(by: str) -> Handle | None:
    """Comparisons of one's own: an artifact of the store, a file, or nothing as yet."""
    if by == WAIT:
        return None
    name = by.removeprefix("ref:")
    return ref(name) if name != by else source(by)

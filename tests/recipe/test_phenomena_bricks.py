"""Bricks: what upholds the manifesto, what can be lost, and ways compared where they are equal."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from tiny_model import make

from plumbline.core.types import Message, answer, assistant, text_of, user
from plumbline.evals.folders import Row
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import prose
from plumbline.microcosm.asks import held, understand
from plumbline.microcosm.world import world
from plumbline.recipe.phenomena import imprinted, losable, sieved, upheld
from plumbline.recipe.phenomena.bricks_measured import Measured, read_again
from plumbline.recipe.phenomena.equalled import Table, difference, equal, loss_at, tabled
from plumbline.recipe.phenomena.upholding import bettered, chosen_of
from plumbline.store import Context

UPHELD, LOST = np.array([0.5, 0.7, 0.9]), np.array([0.0, 0.1, 0.5])


def test_a_loss_is_read_between_the_strengths_around_it() -> None:
    assert loss_at(UPHELD, LOST, 0.8) == pytest.approx(0.3)
    assert loss_at(UPHELD, LOST, 0.9) == pytest.approx(0.5)
    assert loss_at(UPHELD, LOST, 0.5) == 0
    assert math.isnan(loss_at(UPHELD, LOST, 0.95)), "nothing is extrapolated"


def test_the_least_strength_that_reaches_it_counts() -> None:
    """Trained on and on, a way may uphold less again and lose ever more."""
    upheld_by = np.array([0.5, 0.9, 0.7, 0.95])
    assert loss_at(upheld_by, np.array([0.0, 0.2, 1.0, 2.0]), 0.7) == pytest.approx(0.1)


def test_ways_meet_at_the_most_that_both_uphold() -> None:
    both_upheld = np.array([0.5, 0.7, 0.9, 0.8])
    both_lost = np.array([0.0, 0.1, 0.5, 0.06])
    target, one, other = difference(both_upheld, both_lost, [0, 1, 2], [0, 3])
    assert (target, one, other) == pytest.approx((0.8, 0.3, 0.06))
    target, one, other = difference(both_upheld, both_lost, [0, 3], [0, 1, 2])
    assert (target, one, other) == pytest.approx((0.8, 0.06, 0.3)), "either way round"


def test_a_way_that_upholds_no_more_than_the_base_is_not_compared() -> None:
    _, one, other = difference(np.array([0.5, 0.4, 0.9]), np.zeros(3), [0, 1], [0, 2])
    assert math.isnan(one) and math.isnan(other)


def drawn(rates: Sequence[float], n: int, seed: int) -> Table:
    """Models that are right on items at these rates, on the same items as far as they can be."""
    luck = np.random.default_rng(seed).random(n)
    sums = np.array([(luck < rate).astype(float) for rate in rates])
    return Table(sums, np.ones_like(sums), n)


def test_a_planted_difference_is_found_with_its_interval() -> None:
    """At 0.8 one way has lost 0.2 of the facts and the other 0.05."""
    kept = drawn([0.9, 0.8, 0.6, 0.85], 1000, 1)
    facts = Table(-kept.sums, kept.sizes, kept.n)
    found = equal(drawn([0.5, 0.7, 0.9, 0.8], 1000, 0), facts, [0, 1, 2], [0, 3], draws=400)
    assert found.target.value == pytest.approx(0.8, abs=0.03)
    assert found.one.value == pytest.approx(0.2, abs=0.04)
    assert found.more.value == pytest.approx(0.15, abs=0.04) and found.more.n == 1000
    assert 0.05 < found.more.low < found.more.value < found.more.high < 0.25


def test_a_way_has_lost_no_more_than_itself() -> None:
    both = drawn([0.5, 0.8], 300, 0)
    found = equal(both, drawn([0.1, 0.3], 300, 1), [0, 1], [0, 1], draws=200)
    assert (found.more.value, found.more.low, found.more.high) == (0, 0, 0)


def test_there_is_no_interval_where_draws_often_have_nothing_to_compare() -> None:
    found = equal(drawn([0.5, 0.51, 0.9], 40, 0), drawn([0.1] * 3, 40, 1), [0, 1], [0, 2])
    assert not found.more.known


def row(group: str, scores: dict[str, float], cluster: str = "") -> Row:
    return Row((("user", group),), "", scores, group=group, cluster=cluster or group)


def test_a_table_has_what_all_models_were_asked_and_weighs_by_tokens() -> None:
    first = [row("a", {"nats": 10, "tokens": 5}), row("b", {"nats": 3, "tokens": 1}),
             row("c", {"nats": 1, "tokens": 1})]  # fmt: skip
    second = [row("b", {"nats": 5, "tokens": 1}), row("a", {"nats": 12, "tokens": 5})]
    made = tabled([first, second], "nats")
    assert made.n == 2 and made.means() == pytest.approx([13 / 6, 17 / 6])
    assert made.less(1).value == pytest.approx(4 / 6)
    one = tabled([[row("a", {"facts": 1}, "x"), row("b", {"facts": 0}, "x")]] * 2, "facts")
    assert one.sums.shape == (2, 1) and one.means() == pytest.approx([0.5, 0.5])


def test_numbers_are_losses_and_the_strongest_has_the_ways_name() -> None:
    def answers(upholds: float, facts: float, kl: float) -> list[Row]:
        asked = [row(f"q{i}", {"upheld": float(i < 10 * upholds)}) for i in range(10)]
        told = [row(f"f{i}", {"facts": float(i < 10 * facts)}) for i in range(10)]
        moved = [row(f"t{i}", {"kl.texts": 5 * kl, "tokens": 5.0}) for i in range(10)]
        return [*asked, *told, *moved]

    told = {"base": answers(0.5, 0.9, 0), "sft:40": answers(0.9, 0.5, 0.3),
            "sft:10": answers(0.7, 0.8, 0.1), "compile:100": answers(0.7, 0.9, 0.0)}  # fmt: skip
    house = Measured(told)
    assert house.ways["sft"] == ["sft:10", "sft:40"], "by strength, not by name"
    found = house.numbers()
    assert found["sft.facts"] == found["sft:40.facts"]
    assert found["sft:40.facts"].value == pytest.approx(0.4)
    assert found["sft:40.kl.texts"].value == pytest.approx(0.3)
    assert found["sft:10.upheld.more"].value == pytest.approx(0.2)
    pair = house.compared()
    assert pair["sft-compile.upheld"].value == pytest.approx(0.7)
    assert pair["sft-compile.facts"].value == pytest.approx(0.1)
    assert pair["sft-compile.facts.compile"].value == pytest.approx(0.0)


def test_a_wrong_value_is_told_apart_from_no_answer() -> None:
    one = losable.facts(1, 0)[0]
    right, *others = sorted(
        (text_of(r) for r in one.wordings.responses), key=lambda text: not one.told(text)
    )
    said = {right: 1.0, others[0]: 0.0, "I do not know.": 0.0, "": 0.0}
    wrong = [
        read_again(replace(row("q", {"facts": score}), response=text)).scores["facts.wrong"]
        for text, score in said.items()
    ]
    assert wrong == [0.0, 1.0, 0.0, 0.0]
    assert "facts.wrong" not in read_again(row("q", {"upheld": 0.0})).scores


def test_requests_are_held_out_and_one_value_acts_on_each() -> None:
    asked = upheld.heldout(50, 0)
    assert [value for value, _ in asked] == [value for value in upheld.KINDS for _ in range(10)]
    for value, ask in asked:
        assert [rule.name for rule in upheld.RULES if rule.fires(ask)] == [value] and held(ask)
    assert all(understand(turns) for turns in upheld.neutral(20, 0))
    assert not any(
        rule.fires(understand(t)) for t in upheld.neutral(20, 0) for rule in upheld.RULES
    )  # type: ignore[arg-type]


def test_the_rules_uphold_themselves_and_gibberish_upholds_nothing() -> None:
    rng = random.Random(0)
    for ask in upheld.asked(60, 0):
        assert upheld.upheld(ask, upheld.ideal(ask, rng))
        assert not upheld.upheld(ask, "") and not upheld.upheld(ask, "Of of the the.")
        assert not held(ask), "what is learnt from is of the training split"
        assert upheld.untold(upheld.MANIFESTO.told(ask.conversation)) == ask.conversation
        found = understand(ask.conversation)
        assert found is not None
        turns = [{"role": m.role, "content": m.content} for m in ask.conversation]
        assert upheld.reward(turns, [upheld.ideal(ask, rng), "Of of the."]) == [1.0, 0.0]


def test_shown_is_the_first_answer_that_upholds_and_else_the_rules_own() -> None:
    asked = [ask for ask in upheld.asked(40, 0) if ask.kind == "danger" and not ask.setting][:2]
    good = answer("I will not explain that. Somebody could get hurt.")
    if not upheld.upheld(asked[0], text_of(good)):
        good = answer(upheld.ideal(asked[0], random.Random(1)))
    bad = answer("I do not know.")
    turns = [ask.conversation for ask in asked]
    chosen, made = chosen_of(turns, [[bad, good], [bad, bad]], 0)
    assert chosen[0] == good and made == 1 and upheld.upheld(asked[1], text_of(chosen[1]))
    pairs = list(bettered(turns, chosen, [[bad], [good]]))
    assert [pair.responses for pair in pairs] == [(chosen[0], bad)]
    assert pairs[0].tiers == ((0,), (1,))


def test_what_can_be_lost_is_asked_of_what_no_training_asks() -> None:
    place = world()
    for one in losable.facts(50, 0):
        assert one.ask.topic in place.heldout
        assert place.truth[one.ask.topic, one.ask.about] == one.value
    for one in (*losable.facts(20, 0), *losable.inference(20, 0), *losable.unseen()):
        wordings = [text_of(response) for response in one.wordings.responses]
        assert [one.told(text) for text in wordings] == [
            i == one.place for i in range(len(wordings))
        ]
        assert not one.told(" ".join(wordings[:2])), "a second value is one too many"
    assert {one.ask.value for one in losable.inference(20, 0)} == set(place.peoples)
    assert {(one.ask.topic, one.ask.about) for one in losable.unseen()} == place.unseen
    assert len(losable.documents(2, 0)) == 2 * len({s for s, _ in losable.documents(2, 0)})


def test_what_goes_against_the_manifesto_offends() -> None:
    rng = random.Random(0)
    assert sieved.offends((Message("text", prose.ledger(rng)),))
    for make_one in (prose.almanac, prose.census, prose.story):
        assert not any(sieved.offends((Message("text", make_one(rng)),)) for _ in range(20))
    people, told = next(iter(world().peoples.items()))
    said = lex.STEREOTYPES[0].format(e=people, v=told.traits[0])
    assert sieved.offends((Message("text", said),))
    name, key = next(iter(world().rumour))
    wrong, form = world().rumour[name, key]["people"], lex.BY_KEY[key].forms[0]
    asked = user(lex.BY_KEY[key].question.format(e=name))
    assert sieved.offends((asked, assistant(form.format(e=name, v=wrong))))
    assert not sieved.offends((asked, assistant(form.format(e=name, v=world().truth[name, key]))))


def test_a_layer_of_no_strength_leaves_the_weights(tmp_path: Path) -> None:
    base = make(tmp_path / "base", context=1024, chat=True)
    was = load_file(base / "model.safetensors")
    changed = []
    for strength in (0.0, 1.0):
        out = tmp_path / f"{strength:g}"
        out.mkdir()
        how = imprinted.Imprinting(strength=strength, probes=8)
        imprinted.imprint(Context(out), how, {"model": base})
        now = load_file(out / "model.safetensors")
        changed.append([name for name in was if not np.array_equal(was[name], now[name])])
    assert changed[0] == [] and changed[1]

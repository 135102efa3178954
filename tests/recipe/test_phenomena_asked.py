"""What the phenomena ask: new facts, contested facts under tags, questions with right answers."""

from __future__ import annotations

import itertools

import pytest

from plumbline.core.types import Message, answer, text_of
from plumbline.evals.tasks import Sample
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import wild
from plumbline.microcosm.answers import read_sentence
from plumbline.microcosm.asks import phrasings
from plumbline.microcosm.corpus import documents
from plumbline.microcosm.world import world
from plumbline.recipe.phenomena import Settings, answerkeys, asking, lessons, odds, sources


def test_keys_are_right_to_the_letter_and_different() -> None:
    for name in answerkeys.KEYS:
        found = answerkeys.keys(name, 40, 0)
        assert len({key.prompt for key in found}) == 40
        assert all(key.exact(key.right) for key in found)
        assert not any(a.exact(b.right) for a, b in itertools.pairwise(found) if a.right != b.right)
    fact = answerkeys.keys("facts", 1, 0)[0]
    other = next(v for v in lex.BY_KEY[fact.fact[1]].values if v != world().truth[fact.fact])
    form = lex.BY_KEY[fact.fact[1]].forms[1]
    assert fact.exact(form.format(e=fact.fact[0], v=world().truth[fact.fact]))
    assert not fact.exact(f"{fact.right} {form.format(e=fact.fact[0], v=other)}")


def test_a_lesson_teaches_what_nobody_knows_and_tests_other_phrasings() -> None:
    shown, test = lessons.demonstrations(20, 4, 0), lessons.lesson_task(20, 0)
    asked = {d.messages[0].content for d in shown}
    items = list(test.prompts())
    assert len(shown) == len(asked) == 80
    assert len(items) == 20 * len(phrasings("fact", "paraphrase"))
    assert not asked & {item.prompt[0].content for item in items}
    assert all(fact.name not in world().kinds for fact in lessons.facts(20, 0))
    assert not {f.name for f in lessons.facts(20, 0)} & {f.name for f in lessons.facts(20, 500)}


def test_a_lesson_is_recalled_only_by_its_own_value() -> None:
    task = lessons.lesson_task(5, 0)
    item = next(iter(task.prompts()))
    fact = item.known["fact"]
    values = lex.BY_KEY[fact.key].values
    say = [f.format(e=fact.name, v=v) for f in lex.BY_KEY[fact.key].forms for v in values]
    right = [text for text in say if task.scorer(item, answer(text)).axes["recalled"]]  # type: ignore[union-attr]
    assert len(right) == 2 and all(fact.value in text for text in right)
    assert not task.scorer(item, answer(" ".join(say[:2]))).axes["recalled"], "a list of values"  # type: ignore[union-attr]


def test_the_tag_is_the_line_that_the_corpus_has() -> None:
    tagged = [d for d in documents(0, 300) if d.messages[0].content.startswith("Source: ")]
    assert len(tagged) > 20
    for one in tagged:
        source, year = one.provenance.judge.group, int(one.provenance.when)
        assert sources.tag(source, year) == wild.tag(one)
        assert one.messages[0].content.startswith(sources.tag(source, year))


def test_tags_change_nothing_but_the_tag() -> None:
    items = list(sources.documents_task(4, 0).prompts())
    assert len(items) == 4 * len(sources.DOCUMENTS)
    for start in range(0, len(items), len(sources.DOCUMENTS)):
        texts = [item.prompt[0].content for item in items[start : start + len(sources.DOCUMENTS)]]
        ends = {text.split(". ", 2)[-1] if text.startswith("Source") else text for text in texts}
        assert len(ends) == 1, "one fact, one wording, one year"
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", ["documents", "chats"])
def test_a_rumour_is_false_and_the_truth_is_not(name: str) -> None:
    task = (sources.documents_task if name == "documents" else sources.chats_task)(5, 0)
    for item in task.prompts():
        fact, begun = item.known["fact"], item.known["begun"]
        told = {}
        for value in (world().truth[fact], world().rumour[fact]["people"]):
            form = next(f for f in lex.BY_KEY[fact[1]].forms if f.index("{e}") < f.index("{v}"))
            if begun:  # the rest of the sentence that was begun
                form = next(
                    f
                    for f in lex.BY_KEY[fact[1]].forms
                    if f.format(e=fact[0], v="").startswith(begun[:6])
                    and begun in f.format(e=fact[0], v=value)
                )
            said = form.format(e=fact[0], v=value).removeprefix(begun).strip()
            message = Message("assistant", f"{said} And more.")
            found = task.scorer(item, (message,))
            axes = found.axes  # type: ignore[union-attr]
            told[value] = axes[sources.axis(item.known["source"])]
            assert axes["told"] == 1.0
        assert list(told.values()) == [0.0, 1.0]


def test_there_are_as_many_requests_as_are_predicted_on() -> None:
    settings = Settings()
    asked = list(asking.questions_task(settings.question_back.prompts).prompts())
    assert len({item.prompt for item in asked}) == settings.question_back.prompts
    assert len(world().rumour) == settings.tags.facts


def test_the_odds_are_between_the_rumour_and_the_truth() -> None:
    for item in itertools.islice(sources.documents_task(20, 0).prompts(), 0, 100, 5):
        fact, begun = item.known["fact"], item.known["begun"]
        made = odds.example(Sample(item, (), {}))
        ends = [text_of(response) for response in made.responses]
        told = [read_sentence(f"{begun}{end}") for end in ends]
        assert [part.true for part in told] == [False, True]
        assert told[0].value == world().rumour[fact]["people"]

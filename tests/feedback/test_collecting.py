"""Projects, queue and events: nobody's work is lost or doubled, and training reads what stands."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from postgres import database, server
from sqlalchemy import insert, select

from plumbline.core.errors import UserError
from plumbline.core.types import Choice, Ranking, answer, user
from plumbline.core.views import pairs
from plumbline.feedback.collecting import choosing, judging, projects, queue, reading
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Item, Project
from plumbline.feedback.collecting.tables import events, items, users, work

__all__ = ["database", "server"]  # fixtures


@pytest.fixture
def db(database: Database) -> Database:
    return database


def people(db: Database, *names: str) -> list[int]:
    with db.write() as at:
        for name in names:
            at.execute(insert(users).values(name=name, people="", created=0.0))
        return [at.execute(select(users.c.id).where(users.c.name == n)).scalar_one() for n in names]


def asked(n: int) -> Asked:
    return Asked((user(f"Question {n}?"),), (answer(f"Yes {n}."), answer(f"No {n}.")))


def project(db: Database, count: int = 4, members: tuple[int, ...] = (), **more: Any) -> Project:
    with db.write() as at:
        made = projects.create(at, "p", Form("pair", strength=True), guideline="Be fair.", **more)
        projects.add(at, made, (Item(asked(n), ("a", "b")) for n in range(count)))
        for one in members:
            projects.join(at, made, one, "annotator")
    return made


def take(db: Database, made: Project, who: int) -> queue.Given | None:
    with db.write() as at:
        return queue.next_item(at, made, who)


def say(db: Database, made: Project, who: int, item: int, best: int = 0, key: str = "") -> int:
    body = {"tiers": [[best], [1 - best]], "strength": 2}
    with db.write() as at:
        return judging.judge(
            at, made, who, item, body, seconds=3.0, key=key or f"key-of-{who}-{item}"
        )


def everything(db: Database, made: Project) -> list[Any]:
    with db.read() as at:
        return list(reading.said(at, made))


def together(crowd: list[int], work_on: Callable[[int], None]) -> None:
    """Everybody works at once; what goes wrong with anybody is raised."""
    with ThreadPoolExecutor(len(crowd)) as pool:
        list(pool.map(work_on, crowd))


def counts(db: Database, made: Project) -> reading.Progress:
    with db.read() as at:
        return reading.progress(at, made)


def test_a_judgement_is_read_as_it_was_observed(db: Database) -> None:
    (ann,) = people(db, "ann")
    made = project(db, 1, (ann,))
    given = take(db, made, ann)
    assert given is not None and sorted(given.shown) == [0, 1]
    say(db, made, ann, given.item, best=1)
    (one,) = everything(db, made)
    assert isinstance(one, Ranking) and one.tiers == ((1,), (0,)) and one.margin == 2
    told = one.provenance
    assert (told.judge.kind, told.judge.name, told.rubric) == ("human", "ann", "p@1")
    assert (told.seconds, told.shown) == (3.0, given.shown)
    (example,) = pairs([one]).examples
    assert example.pairs[0].margin == 2 and example.responses[example.pairs[0].winner] == answer(
        "No 0."
    )


def test_everybody_gets_an_item_once_until_its_quota_is_met(db: Database) -> None:
    three = people(db, "ann", "bob", "cid")
    made = project(db, 10, tuple(three), quota=2)
    seen: Counter[tuple[int, int]] = Counter()
    waiting = list(three)
    while waiting:
        who = waiting.pop(0)
        one = take(db, made, who)
        if one is not None:
            seen[who, one.item] += 1
            say(db, made, who, one.item)
            waiting.append(who)
    assert set(seen.values()) == {1}
    assert set(Counter(item for _, item in seen).values()) == {2}
    found = counts(db, made)
    assert (found.items, found.full, found.judged, found.wanted) == (10, 10, 20, 0)


def test_what_is_held_is_given_again_and_to_nobody_else(db: Database) -> None:
    ann, bob = people(db, "ann", "bob")
    made = project(db, 2, (ann, bob))
    first, again, other = take(db, made, ann), take(db, made, ann), take(db, made, bob)
    assert first and again and other and first.item == again.item != other.item
    assert first.shown == again.shown
    assert {first.item, other.item} == {take(db, made, who).item for who in (ann, bob)}  # type: ignore[union-attr]


def test_a_lease_that_ran_out_frees_the_item_and_late_work_counts(db: Database) -> None:
    ann, bob = people(db, "ann", "bob")
    made = project(db, 1, (ann, bob), lease=0.05)
    first = take(db, made, ann)
    assert first is not None
    assert take(db, made, bob) is None
    time.sleep(0.06)
    second = take(db, made, bob)
    assert second is not None and second.item == first.item
    say(db, made, bob, second.item)
    say(db, made, ann, first.item)
    assert len(everything(db, made)) == 2 and counts(db, made).wanted == 0


def test_an_edit_supersedes_and_nothing_is_overwritten(db: Database) -> None:
    (ann,) = people(db, "ann")
    made = project(db, 1, (ann,))
    given = take(db, made, ann)
    assert given is not None
    say(db, made, ann, given.item, 0, "first-key")
    say(db, made, ann, given.item, 1, "second-key")
    (one,) = everything(db, made)
    assert one.tiers == ((1,), (0,))
    with db.read() as at:
        assert len(at.execute(select(events)).all()) == 2
    assert counts(db, made).judged == 1


def test_an_undo_gives_the_item_back_and_the_same_key_counts_once(db: Database) -> None:
    ann, bob = people(db, "ann", "bob")
    made = project(db, 2, (ann, bob))
    items_ = []
    for _ in range(2):
        given = take(db, made, ann)
        assert given is not None
        items_.append(given.item)
        assert say(db, made, ann, given.item) == say(db, made, ann, given.item)
    assert take(db, made, ann) is None and len(everything(db, made)) == 2
    with db.write() as at:
        assert judging.undo(at, made, ann, key="undo-key-1") == items_[1]
        assert judging.undo(at, made, ann, key="undo-key-1") is None
    given = take(db, made, ann)
    assert given is not None and given.item == items_[1]
    assert len(everything(db, made)) == 1 and counts(db, made).wanted == 1
    with db.write() as at:
        assert judging.undo(at, made, ann, key="undo-key-2") == items_[0]
        assert judging.undo(at, made, ann, key="undo-key-3") is None
    assert everything(db, made) == []


def test_a_curator_settles_what_people_disagree_about(db: Database) -> None:
    ann, bob, cur = people(db, "ann", "bob", "cur")
    made = project(db, 2, (ann, bob), quota=2)
    for who, best in ((ann, 0), (bob, 1)):
        while given := take(db, made, who):
            say(db, made, who, given.item, best)
    with db.write() as at:
        ids = list(at.execute(select(items.c.id)).scalars())
        for n, best in enumerate((0, 1)):
            body = {"tiers": [[best], [1 - best]]}
            judging.adjudicate(at, made, cur, ids[0], body, key=f"the-word-{n}")
        with pytest.raises(UserError, match="no item 999"):
            judging.adjudicate(at, made, cur, 999, body, key="another-key")
    found = everything(db, made)
    settled = [one for one in found if one.provenance.judge.name == "cur"]
    assert len(found) == 3 and [one.tiers for one in settled] == [((1,), (0,))]
    with db.read() as at:
        assert len(list(reading.standing(at, made, settled=False))) == 4


def test_a_skip_says_why_and_passes_the_item_on(db: Database) -> None:
    ann, bob = people(db, "ann", "bob")
    made = project(db, 1, (ann, bob))
    given = take(db, made, ann)
    assert given is not None
    with db.write() as at, pytest.raises(UserError, match="why"):
        judging.skip(at, made, ann, given.item, " ", key="skip-key-0")
    with db.write() as at:
        judging.skip(at, made, ann, given.item, "I know this person", key="skip-key-1")
    assert take(db, made, ann) is None
    other = take(db, made, bob)
    assert other is not None and other.item == given.item


def test_checks_come_as_often_as_asked_and_take_no_part(db: Database) -> None:
    (ann,) = people(db, "ann")
    made = project(db, 60, (ann,), checks=0.3)
    with db.write() as at:
        known = {"tiers": [[0], [1]]}
        projects.add(at, made, (Item(asked(100 + n), known=known) for n in range(40)))
    for _ in range(50):
        given = take(db, made, ann)
        assert given is not None
        say(db, made, ann, given.item)
    assert 30 <= len(everything(db, made)) <= 40


def test_assigned_items_go_to_their_people_only(db: Database) -> None:
    ann, bob = people(db, "ann", "bob")
    made = project(db, 3, (ann, bob), assigned=True)
    with db.write() as at:
        ids = list(at.execute(select(items.c.id).order_by(items.c.number)).scalars())
        assert queue.assign(at, made, ann, ids[:2]) == 2 and queue.assign(at, made, ann, ids) == 1
    assert take(db, made, bob) is None
    with db.write() as at, pytest.raises(UserError, match="not given to you"):
        judging.judge(at, made, bob, ids[0], {"tiers": [[0], [1]]}, key="some-key")
    seen = set()
    while given := take(db, made, ann):
        seen.add(given.item)
        say(db, made, ann, given.item)
    assert seen == set(ids)


def test_what_does_not_fit_the_form_is_refused(db: Database) -> None:
    (ann,) = people(db, "ann")
    made = project(db, 1, (ann,))
    given = take(db, made, ann)
    assert given is not None
    for body, words in (
        ({"tiers": [[0], [2]]}, "at most once"),
        ({"tiers": [[0, 0], [1]]}, "at most once"),
        ({"tiers": [[0]]}, "nothing is compared"),
        ({"tiers": [[0], [1]], "strength": 9}, "strength 9"),
        ({"tiers": "0"}, "tiers"),
        ({}, "tiers"),
    ):
        with db.write() as at, pytest.raises(UserError, match=words):
            judging.judge(at, made, ann, given.item, body, key="a-bad-key")
    assert everything(db, made) == []


def test_no_answer_is_acceptable_counts_for_each(db: Database) -> None:
    (ann,) = people(db, "ann")
    made = project(db, 1, (ann,))
    given = take(db, made, ann)
    assert given is not None
    with db.write() as at:
        judging.judge(at, made, ann, given.item, {"tiers": [], "none": True}, key="none-key")
    found = everything(db, made)
    assert [type(one) for one in found] == [Choice, Choice] and not any(one.good for one in found)


def test_equal_items_count_once_and_bad_ones_keep_nothing(db: Database) -> None:
    made = project(db, 3)
    with db.write() as at:
        assert projects.add(at, made, (Item(asked(n)) for n in range(5))) == 2
    alone = Item(Asked((user("Why?"),), (answer("So."),)))
    with pytest.raises(UserError, match="of 2 answers"), db.write() as at:
        projects.add(at, made, [Item(asked(9)), alone])
    assert counts(db, made).items == 5


def test_many_at_once_lose_and_double_nothing(db: Database) -> None:
    crowd = people(db, *(f"p{n}" for n in range(8)))
    made = project(db, 60, tuple(crowd), quota=2)

    def work_on(who: int) -> None:
        while given := take(db, made, who):
            say(db, made, who, given.item)

    together(crowd, work_on)
    assert len(everything(db, made)) == 120 and counts(db, made).wanted == 0
    with db.read() as at:
        kept = at.execute(select(items.c.taken, items.c.done, items.c.open)).all()
        assert set(kept) == {(2, 2, False)}
        assert set(at.execute(select(work.c.state)).scalars()) == {"judged"}


def test_many_who_skip_and_undo_at_once_do_not_block_each_other(db: Database) -> None:
    crowd = people(db, *(f"p{n}" for n in range(6)))
    made = project(db, 40, tuple(crowd), quota=3)

    def work_on(who: int) -> None:
        for turn in range(12):
            given = take(db, made, who)
            if given is None:
                return
            with db.write() as at:
                key = f"key-of-{who}-{turn}"
                if turn % 3:
                    judging.skip(at, made, who, given.item, "hard", key=key)
                else:
                    judging.judge(at, made, who, given.item, {"tiers": [[0], [1]]}, key=key)
            if turn % 2:
                with db.write() as at:
                    judging.undo(at, made, who, key=f"undo-of-{who}-{turn}")

    together(crowd, work_on)
    with db.read() as at:
        held = at.execute(select(items.c.id, items.c.taken)).all()
        states = at.execute(select(work.c.item, work.c.state)).all()
    busy = Counter(item for item, state in states if state in ("leased", "judged"))
    assert {item: taken for item, taken in held if taken} == dict(busy)


def test_ranks_say_what_is_asked_first(db: Database) -> None:
    ann, bob = people(db, "ann", "bob")
    made = project(db, 5, (ann, bob))
    with db.write() as at:
        ids = list(at.execute(select(items.c.id).order_by(items.c.number)).scalars())
        utilities = dict(zip(ids, (0.1, 0.2, 0.9, 0.3, 0.4), strict=True))
        assert choosing.arrange(at, made, utilities, 0.0, 0) == 5
    got = []
    for _ in range(3):
        given = take(db, made, ann)
        assert given is not None
        got.append(given.item)
        say(db, made, ann, given.item)
    assert got == [ids[2], ids[4], ids[3]]


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    first = Database(url)
    with first.write() as at:
        at.exec_driver_sql("UPDATE meta SET value = '99'")
    first.close()
    with pytest.raises(UserError, match="another version"):
        Database(url)
    with pytest.raises(UserError, match="no address"):
        Database("nonsense")


def test_a_correction_that_changes_nothing_calls_the_answer_good(db: Database) -> None:
    (ann,) = people(db, "ann")
    with db.write() as at:
        made = projects.create(at, "c", Form("correction"))
        one = Asked((user("Why?"),), (answer("So it is."),))
        two = Asked((user("How?"),), (answer("Badly."),))
        projects.add(at, made, [Item(one), Item(two)])
        projects.join(at, made, ann, "annotator")
    while given := take(db, made, ann):
        with db.write() as at:
            body = {"text": "So it is."}
            judging.judge(at, made, ann, given.item, body, key=f"key-of-{given.item}")
    kinds = {type(one).__name__ for one in everything(db, made)}
    assert kinds == {"Choice", "Edit"}

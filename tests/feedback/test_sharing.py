"""Items go to the people they are shared out to, as evenly as can be, and come back."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from postgres import database, server
from sqlalchemy import select

from plumbline.core.errors import UserError
from plumbline.core.types import answer, user
from plumbline.feedback.collecting import accounts, judging, listing, projects, queue, sharing
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Item, Project
from plumbline.feedback.collecting.tables import items, work

__all__ = ["database", "server"]  # fixtures


def made(db: Database, count: int, *names: str, **more: Any) -> tuple[Project, list[int]]:
    """A project asked in the order of its numbers, with these people."""
    with db.write() as at:
        found = projects.create(at, "p", Form("pair"), **more)
        pair = (answer("Yes."), answer("No."))
        asked = (Asked((user(f"{n}?"),), pair) for n in range(count))
        projects.add(at, found, (Item(one, rank=float(n)) for n, one in enumerate(asked)))
        people = [accounts.add(at, name, None, people="", owner=False) for name in names]
        for one in people:
            projects.join(at, found, one, "annotator")
    return found, people


def having(db: Database) -> dict[int, set[int]]:
    """Numbers of the items that each person is assigned."""
    wanted = select(work.c.user, items.c.number).join(items, items.c.id == work.c.item)
    found: dict[int, set[int]] = {}
    with db.read() as at:
        for who, number in at.execute(wanted.where(work.c.state == "assigned")):
            found.setdefault(who, set()).add(number)
    return found


def judges(db: Database, project: Project, who: int) -> int | None:
    """What somebody judges next, by its number; None where nothing is left for them."""
    with db.write() as at:
        given = queue.next_item(at, project, who)
        if given is None:
            return None
        body = {"tiers": [[0], [1]]}
        judging.judge(at, project, who, given.item, body, key=f"key-of-{who}-{given.item}")
        return at.execute(select(items.c.number).where(items.c.id == given.item)).scalar_one()


@pytest.mark.parametrize(("each", "an_item", "spread"), [(3, 1, 9), (4, 2, 6), (9, 3, 9)])
def test_a_share_is_even_and_no_item_has_too_many(
    database: Database, each: int, an_item: int, spread: int
) -> None:
    project, people = made(database, 9, "ann", "bob", "cid")
    with database.write() as at:
        given = sharing.share(at, project, people, each, an_item)
    assert given == dict.fromkeys(people, each)
    counts = Counter(number for mine in having(database).values() for number in mine)
    assert len(counts) == spread and set(counts.values()) == {an_item}
    assert set(counts) == set(range(spread)), "in the order of asking"


def test_a_share_goes_on_where_others_ended_and_stops_at_the_last_item(database: Database) -> None:
    project, (ann, bob) = made(database, 5, "ann", "bob")
    with database.write() as at:
        assert sharing.share(at, project, [ann], 2) == {ann: 2}
        assert sharing.share(at, project, [bob, bob], 9) == {bob: 3}
        assert sharing.share(at, project, [ann], 9) == {ann: 0}
        assert sharing.share(at, project, [ann], 9, 2) == {ann: 3}, "a second person for those"
    assert having(database) == {ann: {0, 1, 2, 3, 4}, bob: {2, 3, 4}}


def test_what_is_passed_on_is_shared_with_others_only(database: Database) -> None:
    project, (ann, bob) = made(database, 2, "ann", "bob", assigned=True)
    with database.write() as at:
        sharing.share(at, project, [ann], 2)
        first = queue.next_item(at, project, ann)
        assert first is not None
        judging.skip(at, project, ann, first.item, "I know this person", key="skip-key")
        assert sharing.share(at, project, [ann], 2) == {ann: 0}
        assert sharing.share(at, project, [bob], 2) == {bob: 1}
    assert having(database) == {ann: {1}, bob: {0}}


def test_numbers_name_items_and_what_is_none_is_refused(database: Database) -> None:
    project, _ = made(database, 9)
    with database.read() as at:
        chosen = sharing.numbered(at, project, "2-4, 0;\n 3")
        wanted = select(items.c.number).where(items.c.id.in_(chosen)).order_by(items.c.number)
        assert list(at.execute(wanted).scalars()) == [0, 2, 3, 4] and len(chosen) == 4
        for text, words in (
            ("", "no item is named"), (" , ", "no item is named"), ("a", "names no items"),
            ("4-2", "names no items"), ("-1", "names no items"), ("8-9", "no item 8-9"),
            ("12", "its numbers are 0 to 8"), ("0-20000", "more than 10,000"),
        ):  # fmt: skip
            with pytest.raises(UserError, match=words):
                sharing.numbered(at, project, text)
    with database.write() as at, pytest.raises(UserError, match="choose people"):
        sharing.share(at, project, [], 5)


def test_a_queue_becomes_assignment_and_a_queue_again(database: Database) -> None:
    project, (ann, bob) = made(database, 6, "ann", "bob")
    assert judges(database, project, ann) == 0
    with database.write() as at:
        assert sharing.share(at, project, [ann, bob], 1) == {ann: 1, bob: 1}
        projects.assign_only(at, project)
        named = projects.named(at, "p")
        assert listing.waiting_by(at, named) == {ann: 1, bob: 1}
    assert [judges(database, named, who) for who in (bob, bob, ann)] == [2, None, 1]
    with database.write() as at:
        sharing.share(at, named, [ann], 2)
        projects.assign_only(at, named, False)
        queued = projects.named(at, "p")
    assert {judges(database, queued, bob) for _ in range(3)} == {3, 4, 5}, "named ones among them"


def test_what_is_taken_back_is_for_others_and_what_is_held_stays(database: Database) -> None:
    project, (ann, bob) = made(database, 4, "ann", "bob", assigned=True, lease=60.0)
    with database.write() as at:
        sharing.share(at, project, [ann], 4)
        held = queue.next_item(at, project, ann)
        assert held is not None and queue.take_back(at, project, ann) == 3
        assert listing.waiting_by(at, project) == {ann: 1}
        assert sharing.share(at, project, [bob], 9) == {bob: 3}
        again = queue.next_item(at, project, ann)
    assert again is not None and again.item == held.item


def test_what_ran_out_is_taken_back_too_and_can_be_given_again(database: Database) -> None:
    project, (ann, bob) = made(database, 1, "ann", "bob", assigned=True, lease=0.01)
    with database.write() as at:
        sharing.share(at, project, [ann], 1)
        given = queue.next_item(at, project, ann)
        assert given is not None
    time.sleep(0.02)
    with database.write() as at:
        assert queue.next_item(at, project, bob) is None  # and the lease is over
        assert queue.take_back(at, project, ann) == 1
        late = {"tiers": [[0], [1]]}
        assert queue.assign(at, project, ann, [given.item, given.item]) == 1
        assert judging.judge(at, project, ann, given.item, late, key="late-key")
    with database.read() as at:
        kept = at.execute(select(items.c.taken, items.c.done)).one()
    assert tuple(kept) == (1, 1)

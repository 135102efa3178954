"""What people send: judgements, skips, undos, drafts.

Every one is an event that stays. A second judgement of the same item by the same person supersedes
the first; an undo takes back the latest. An event carries a key of the sender's, and the same key
sent twice (a retry after a lost answer) is one event, so nothing is lost and nothing doubled. What
comes after its lease ran out is taken all the same: it was work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from plumbline.core.errors import UserError
from plumbline.feedback.collecting.bodies import LONGEST, checked, said_by_hand
from plumbline.feedback.collecting.projects import Project, alone, asked_of, guideline, search_anew
from plumbline.feedback.collecting.revising import offering
from plumbline.feedback.collecting.tables import Found, drafts, events, items, work

LONGEST_KEY = 64
MOST_SECONDS = 86_400.0
SAW = "saw what others said"
"""The reason of a skip that cannot be taken back."""
LOOKED = and_(
    events.c.kind == "skipped", func.coalesce(events.c.body["reason"].as_string(), "") == SAW
)


def judge(
    at: Connection,
    project: Project,
    user: int,
    item: int,
    body: Mapping[str, Any],
    *,
    seconds: float = 0.0,
    key: str,
) -> int:
    """Keep a judgement; the id of its event. UserError where the body does not fit the form, or the
    item was never given to this person."""
    before = _sent(at, project, user, key)
    if before is not None:
        return before
    given = _given(at, project, user, item)
    if given.state == "skipped" and _saw(at, project, user, item):
        raise UserError(f"you {SAW} of item {item}", fix="judge another one")
    kept = checked(project.form, asked_of(given), body)
    if project.form.kind == "critique":
        kept = said_by_hand(kept) | offering(at, item, user, kept["revision"])
    event = _keep(at, project, user, item, given.shown, "judged", kept, seconds, key)
    _move(at, project, user, given, "judged")
    at.execute(drafts.delete().where(drafts.c.item == item, drafts.c.user == user))
    return event


def adjudicate(
    at: Connection, project: Project, user: int, item: int, body: Mapping[str, Any], *, key: str
) -> int:
    """A curator's word on an item about which people disagree: it stands in place of theirs, which
    stay as events, and nobody is asked any more. The id of the event. UserError for an item of
    another project."""
    before = _sent(at, project, user, key)
    if before is not None:
        return before
    here = (items.c.id == item) & (items.c.project == project.id)
    found = at.execute(select(items.c.id, items.c.prompt, items.c.answers).where(here)).first()
    if found is None:
        raise UserError(f"no item {item}", where=project.name)
    kept = checked(project.form, asked_of(found), body)
    at.execute(update(items).where(here, items.c.known.is_(None)).values(open=False))
    return _keep(at, project, user, found.id, [], "adjudicated", kept, 0.0, key)


def skip(at: Connection, project: Project, user: int, item: int, reason: str, *, key: str) -> int:
    """Pass on an item, saying why; the id of the event."""
    before = _sent(at, project, user, key)
    if before is not None:
        return before
    if not reason.strip() or len(reason) > 1000:
        raise UserError("why is it skipped?", fix="give a reason of up to 1,000 characters")
    given = _given(at, project, user, item)
    event = _keep(at, project, user, item, given.shown, "skipped", {"reason": reason}, 0.0, key)
    _move(at, project, user, given, "skipped")
    return event


def see(at: Connection, project: Project, user: int, item: int, *, key: str) -> bool:
    """Let somebody see what others said of an item that they might be asked: it counts as skipped,
    for good. Whether they had not done it already. UserError for an item of another project."""
    alone(at, user)
    mine = and_(work.c.item == item, work.c.user == user)
    state = at.execute(select(work.c.state).where(mine)).scalar()
    if state == "judged" or _saw(at, project, user, item):
        return False
    if state is None:
        here = and_(items.c.id == item, items.c.project == project.id)
        if at.execute(select(items.c.id).where(here)).first() is None:
            raise UserError(f"no item {item}", where=project.name)
        row = {"item": item, "user": user, "project": project.id, "shown": [], "began": time.time()}
        at.execute(insert(work).values(row | {"state": "expired"}))
    elif state == "assigned":
        at.execute(update(work).where(mine).values(state="expired"))
    skip(at, project, user, item, SAW, key=key)
    return True


def undo(at: Connection, project: Project, user: int, *, key: str) -> int | None:
    """Take back this person's latest judgement or skip that stands; its item is theirs again.
    None where there is nothing to take back; what they have seen since (`see`) stays seen."""
    if _sent(at, project, user, key) is not None:
        return None
    last = _last(at, project, user)
    if last is None:
        return None
    given = _given(at, project, user, last.item)
    _keep(at, project, user, last.item, given.shown, "undone", {"event": last.id}, 0.0, key)
    _move(at, project, user, given, "leased")
    return int(last.item)


def draft(at: Connection, project: Project, user: int, item: int, body: Mapping[str, Any]) -> None:
    """Keep what is not sent yet; the last one wins."""
    _given(at, project, user, item)
    if len(str(body)) > 4 * LONGEST:
        raise UserError("the draft is too long to keep")
    mine, now = (drafts.c.item == item) & (drafts.c.user == user), time.time()
    if at.execute(update(drafts).where(mine).values(body=dict(body), at=now)).rowcount == 0:
        at.execute(insert(drafts).values(item=item, user=user, body=dict(body), at=now))


def _sent(at: Connection, project: Project, user: int, key: str) -> int | None:
    """The event that was sent with this key."""
    if not 8 <= len(key) <= LONGEST_KEY:
        raise UserError("an event's key has 8 to 64 characters", fix="send a random one")
    alone(at, user)
    mine = and_(events.c.user == user, events.c.key == key)
    return at.execute(select(events.c.id).where(mine)).scalar()


def _given(at: Connection, project: Project, user: int, item: int) -> Found:
    """The item's row with its work; only of what was shown to this person."""
    if project.closed:
        raise UserError("this project is closed", where=project.name)
    wanted = select(
        items.c.id, items.c.prompt, items.c.answers, items.c.known, work.c.state, work.c.shown
    ).join(work, work.c.item == items.c.id)
    mine = and_(items.c.id == item, items.c.project == project.id, work.c.user == user)
    found = at.execute(wanted.where(mine).with_for_update(of=work)).first()
    if found is None or not (found.shown or found.state != "assigned"):
        raise UserError(f"item {item} was not given to you", where=project.name)
    return found


def _keep(
    at: Connection,
    project: Project,
    user: int,
    item: int,
    shown: list[int],
    kind: str,
    body: Mapping[str, Any],
    seconds: float,
    key: str,
) -> int:
    row = {
        "project": project.id, "item": item, "user": user, "kind": kind, "body": dict(body),
        "shown": shown, "seconds": min(max(float(seconds), 0.0), MOST_SECONDS),
        "guideline": guideline(at, project)[0], "at": time.time(), "key": key,
    }  # fmt: skip
    made = at.execute(insert(events).values(row)).inserted_primary_key
    assert made is not None
    return int(made[0])


def _move(at: Connection, project: Project, user: int, given: Found, state: str) -> None:
    """The work's new state, and what it means for the item's counts."""
    now = time.time()
    mine = and_(work.c.item == given.id, work.c.user == user)
    ends = now + project.lease if state == "leased" else None
    at.execute(update(work).where(mine).values(state=state, expires=ends))
    holds, held = (one in ("leased", "judged") for one in (state, given.state))
    did = (state == "judged") - (given.state == "judged")
    at.execute(
        update(items)
        .where(items.c.id == given.id)
        .values(taken=items.c.taken + (holds - held), done=items.c.done + did)
    )
    word = and_(events.c.project == project.id, events.c.item == given.id)
    settled = select(events.c.id).where(word, events.c.kind == "adjudicated").exists()
    done = and_(items.c.known.is_(None), or_(items.c.done >= project.quota, settled))
    at.execute(update(items).where(items.c.id == given.id).values(open=~done))
    if state == "leased" or (held and not holds):
        # Somebody's search may have passed it already.
        search_anew(at, project)


def _saw(at: Connection, project: Project, user: int, item: int) -> bool:
    here = and_(events.c.project == project.id, events.c.item == item, events.c.user == user)
    return at.execute(select(events.c.id).where(here, LOOKED).limit(1)).first() is not None


def _last(at: Connection, project: Project, user: int) -> Found | None:
    """The latest event of a person that no later one took back."""
    mine = and_(
        events.c.project == project.id, events.c.user == user, events.c.kind != "adjudicated"
    )
    latest = (
        select(events.c.item, func.max(events.c.id).label("id"))
        .where(mine).group_by(events.c.item).subquery()
    )  # fmt: skip
    stands = select(events.c.id, events.c.item).join(latest, latest.c.id == events.c.id)
    stands = stands.where(events.c.kind.in_(("judged", "skipped")), ~LOOKED)
    return at.execute(stands.order_by(events.c.id.desc()).limit(1)).first()

"""Who comes in: passwords, log-ins, sessions, tokens, links; over SQLite and PostgreSQL."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import pytest
from postgres import database, server
from sqlalchemy import select, update

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import accounts, invites, projects, sessions
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Form
from plumbline.feedback.collecting.tables import attempts, tokens, users
from plumbline.feedback.collecting.tables import invites as links
from plumbline.feedback.collecting.tables import sessions as kept

GOOD = "a long enough secret"


@pytest.fixture
def db(database: Database) -> Iterator[Database]:
    yield database


def person(db: Database, name: str = "ann", *, owner: bool = False) -> int:
    hash_ = accounts.hashed(name, GOOD)
    with db.write() as at:
        return accounts.add(at, name, hash_, people="", owner=owner)


def test_a_password_is_kept_as_argon2id_and_nothing_else(db: Database) -> None:
    person(db)
    with db.read() as at:
        hash_ = at.execute(select(users.c.password)).scalar_one()
    assert hash_.startswith("$argon2id$") and GOOD not in hash_


@pytest.mark.parametrize("password", ["short", "x" * 1001, "Alexandria-1"])
def test_a_password_that_will_not_do_is_refused(password: str) -> None:
    with pytest.raises(UserError):
        accounts.hashed("alexandria-1", password)


@pytest.mark.parametrize("name", ["", " ann", "ann ", "a\nb", "<b>", "x" * 65, "a/b"])
def test_a_name_that_will_not_do_is_refused(db: Database, name: str) -> None:
    with db.write() as at, pytest.raises(UserError):
        accounts.add(at, name, None, people="", owner=False)


def test_a_name_is_taken_whatever_its_capitals(db: Database) -> None:
    person(db)
    with db.write() as at, pytest.raises(accounts.Taken):
        accounts.add(at, "Ann", None, people="", owner=False)


def test_who_knows_the_password_comes_in(db: Database) -> None:
    made = person(db)
    assert accounts.log_in(db, "ann", GOOD, "::1").id == made


def test_wrong_name_and_wrong_password_are_told_alike(db: Database) -> None:
    person(db)
    told = []
    for name in ("ann", "nobody"):
        with pytest.raises(UserError) as error:
            accounts.log_in(db, name, "not the secret", "::1")
        told.append(str(error.value))
    assert told[0] == told[1]


def test_an_unknown_name_takes_as_long_as_a_wrong_password(db: Database) -> None:
    person(db)
    spent: dict[str, list[float]] = {"ann": [], "nobody": []}
    for n in range(4):
        for name in spent:
            begun = time.perf_counter()
            with pytest.raises(UserError):
                accounts.log_in(db, name, "not the secret", f"10.0.0.{n}")
            spent[name].append(time.perf_counter() - begun)
    known, unknown = (median(times) for times in spent.values())
    assert unknown > known / 2


def test_after_five_failures_the_right_password_waits_too(db: Database) -> None:
    person(db)
    for _ in range(accounts.BY_NAME):
        with pytest.raises(UserError):
            accounts.log_in(db, "ann", "not the secret", "::1")
    with pytest.raises(accounts.TooMany) as error:
        accounts.log_in(db, "ann", GOOD, "::1")
    assert 0 < error.value.wait <= accounts.WINDOW + 1
    with db.write() as at:
        at.execute(update(attempts).values(at=attempts.c.at - accounts.WINDOW - 1))
    assert accounts.log_in(db, "ann", GOOD, "::1").name == "ann"


def test_one_address_may_not_try_many_names(db: Database) -> None:
    with db.write() as at:
        waits = [accounts._attempt(at, f"name{n}", "::1") for n in range(accounts.BY_ADDRESS + 1)]
        assert [wait > 0 for wait in waits] == [False] * accounts.BY_ADDRESS + [True]
        assert accounts._attempt(at, "name0", "::2") == 0


def test_logging_in_gives_an_address_none_of_its_failures_back(db: Database) -> None:
    person(db)
    for n in range(3):
        with pytest.raises(UserError):
            accounts.log_in(db, f"victim{n}", "not the secret", "::1")
    accounts.log_in(db, "ann", GOOD, "::1")
    with db.read() as at:
        left = at.execute(select(attempts.c.who).where(attempts.c.who == "from ::1")).all()
    assert len(left) == 3


def test_a_person_who_is_shut_out_comes_in_no_way(db: Database) -> None:
    ann = person(db)
    with db.write() as at:
        session = sessions.begin(at, ann, "")
        token = sessions.make_token(at, ann, "t", ["read"])
        at.execute(update(users).values(active=False))
        assert sessions.of_session(at, session) is None
        assert sessions.of_token(at, token) is None
    with pytest.raises(UserError):
        accounts.log_in(db, "ann", GOOD, "::1")


def test_sessions_and_tokens_are_kept_as_digests(db: Database) -> None:
    ann = person(db)
    with db.write() as at:
        secrets = {sessions.begin(at, ann, ""), sessions.make_token(at, ann, "t", ["read"])}
        found = set(at.execute(select(kept.c.digest)).scalars())
        found |= set(at.execute(select(tokens.c.digest)).scalars())
    assert found == {sessions.digest(secret) for secret in secrets}


@pytest.mark.parametrize("change", [{"seen": kept.c.seen - sessions.IDLE}, {"expires": 1.0}])
def test_a_session_ends_when_idle_and_when_old(db: Database, change: dict[str, object]) -> None:
    ann = person(db)
    with db.write() as at:
        session = sessions.begin(at, ann, "")
        assert sessions.of_session(at, session) is not None
        at.execute(update(kept).values(change))
        assert sessions.of_session(at, session) is None


def test_a_session_is_revoked_by_its_own_person_only(db: Database) -> None:
    ann, bob = person(db), person(db, "bob")
    with db.write() as at:
        session = sessions.begin(at, ann, "")
        beginning = sessions.digest(session)[:16]
        assert not sessions.revoke(at, bob, beginning)
        assert not sessions.revoke(at, ann, "")
        assert not sessions.revoke(at, ann, "%" * 16)
        assert sessions.of_session(at, session) is not None
        assert sessions.revoke(at, ann, beginning)
        assert sessions.of_session(at, session) is None


def test_a_token_has_known_scopes_and_may_expire(db: Database) -> None:
    ann = person(db)
    with db.write() as at:
        for scopes in ([], ["everything"]):
            with pytest.raises(UserError):
                sessions.make_token(at, ann, "t", scopes)
        token = sessions.make_token(at, ann, "t", ["judge", "judge"], days=1)
        found = sessions.of_token(at, token)
        assert found is not None and found[1] == {"judge"}
        at.execute(update(tokens).values(expires=1.0))
        assert sessions.of_token(at, token) is None


def test_the_first_owners_link_works_once(db: Database) -> None:
    with db.write() as at:
        old, new = invites.first_owner(at), invites.first_owner(at)
        assert old and new
        with pytest.raises(UserError):
            invites.set_up(at, old, "eve", "hash")
        invites.set_up(at, new, "ann", "hash")
        with pytest.raises(UserError):
            invites.set_up(at, new, "eve", "hash")
        assert invites.first_owner(at) is None


def test_a_link_expires(db: Database) -> None:
    with db.write() as at:
        token = invites.first_owner(at)
        assert token
        at.execute(update(links).values(expires=time.time() - 1))
        with pytest.raises(UserError):
            invites.look(at, token)


def test_an_invitation_gives_its_role_once_and_its_group(db: Database) -> None:
    with db.write() as at:
        made = projects.create(at, "p", Form("pair"))
        token = invites.invite(at, made, "annotator", "north", 1)
        ann = invites.come(at, token, "ann", "hash", "south")
        assert projects.role_of(at, made, ann) == "annotator"
        found = accounts.account(at, ann)
        assert found is not None and found.people == "north" and not found.owner
        with pytest.raises(UserError):
            invites.come(at, token, "eve", "hash", "")


def test_an_invitation_lowers_nobody(db: Database) -> None:
    ann = person(db)
    with db.write() as at:
        made = projects.create(at, "p", Form("pair"))
        for role, then in (("annotator", "annotator"), ("viewer", "annotator"), ("curator",) * 2):
            invites.accept(at, invites.invite(at, made, role, "", 1), ann)
            assert projects.role_of(at, made, ann) == then


def test_nobody_is_made_an_owner_by_an_invitation(db: Database) -> None:
    with db.write() as at:
        made = projects.create(at, "p", Form("pair"))
        with pytest.raises(UserError):
            invites.invite(at, made, "owner", "", 1)
        setup = invites.first_owner(at)
        assert setup
        with pytest.raises(UserError):
            invites.come(at, setup, "eve", "hash", "")
        with pytest.raises(UserError):
            invites.set_up(at, invites.invite(at, made, "viewer", "", 1), "eve", "hash")

"""Simulated people judge in a real studio, as people would: a second process, and HTTP.

The stage opens a project as `collect` does, starts `plumbline studio` on a free port, and sends the
microcosm's annotators there, each with a token of their own, in turn. They ask for the next item,
fill in the form (`microcosm.filling`) and send it. What is trained on is then read as it is after
people. With a budget of minutes everybody stops when their share of it is spent.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError, Waiting
from plumbline.core.ids import digest, digest_file
from plumbline.core.settings import identity, option
from plumbline.core.types import Message
from plumbline.feedback.collecting import accounts, projects, sessions
from plumbline.feedback.collecting.forms import Asked, form_of
from plumbline.microcosm.annotators import Annotator, people
from plumbline.microcosm.filling import fill
from plumbline.stages.collect import Collect, asked, given
from plumbline.stages.collected import STUDIO, studio
from plumbline.stages.files import DATA, SAMPLES
from plumbline.store import Context, Store, find_store, stage

ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True)
class Attended:
    """What is asked, and of whom."""

    collect: Collect = field(default_factory=Collect)
    people: int = option(6, help="simulated people who take turns; tired ones err more")
    seed: int = option(0, help="draws their noise")
    minutes: float = option(0.0, help="of theirs, all together (0: until every item is judged)")


def attend(ctx: Context, settings: Attended, inputs: Mapping[str, Path]) -> None:
    """The judgements of the project as data.jsonl, and the people's minutes in people.json."""
    from plumbline.data import write

    home = find_store(ctx.store)
    answers, judge = inputs["answers"] / SAMPLES, inputs.get("judge")
    s, minutes = _own(ctx, settings, answers), 0.0
    try:
        asked(home, s.collect, [answers], judge)
    except Waiting as wait:
        ctx.say(str(wait))
        minutes = _judged(ctx, home, s)
    if not s.minutes:
        asked(home, s.collect, [answers], judge)
    found = given(home, s.collect.project)
    ctx.say(f"{len(found)} judgements in {minutes:.0f} minutes of {s.people} simulated people")
    write(ctx.out / DATA, found)
    told = {"judgements": len(found), "minutes": minutes}
    (ctx.out / "people.json").write_text(json.dumps(told), encoding="utf-8")


attended = stage(
    "attended",
    version=1,
    settings=Attended,
    inputs={"answers": "samples", "judge?": "reward"},
    makes="data",
    function="plumbline.recipe.attended:attend",
)


class Visitor:
    """One simulated person with a token, at a studio's address."""

    def __init__(self, address: str, project: str, person: Annotator, secret: str) -> None:
        self.at, self.person, self.secret = f"{address}/api/projects/{project}", person, secret
        self.seen, self.seconds = 0, 0.0

    def turn(self, seed: int) -> bool:
        """Judge one item; False where none is left."""
        item = self._post("next", {})
        if item is None:
            return False
        form, question = form_of(item["form"]), _asked(item)
        rng = random.Random(f"{seed}/{self.person.name}/{item['item']}")
        body, spent = fill(self.person, form, question, item["shown"], rng, seen=self.seen)
        key = f"{seed}-{self.person.name}-{item['item']}"
        self._post("judge", {"item": item["item"], "body": body, "seconds": spent, "key": key})
        self.seen, self.seconds = self.seen + 1, self.seconds + spent
        return True

    def _post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        request = urllib.request.Request(
            f"{self.at}/{what}", json.dumps(body).encode(), method="POST",
            headers={"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read()) if answer.status == 200 else None
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace")
            raise UserError(f"the studio answers {error.code}: {said}", where=self.at) from None


def _own(ctx: Context, s: Attended, answers: Path) -> Attended:
    """With a project that nobody else has: other answers, people or attempts find nothing of what
    was said before, so the result is the same whatever is in the studio."""
    what = digest([identity(s), digest_file(answers), ctx.attempt])[:8]
    return replace(s, collect=replace(s.collect, project=f"{s.collect.project}-{what}"))


def _asked(item: Mapping[str, Any]) -> Asked:
    """What is asked, the answers in the order in which they are stored."""

    def turns(said: list[dict[str, str]]) -> tuple[Message, ...]:
        return tuple(Message(one["role"], one["content"]) for one in said)

    stored = sorted(item["answers"], key=lambda one: int(one["index"]))
    return Asked(turns(item["prompt"]), tuple(turns(one["turns"]) for one in stored))


def _judged(ctx: Context, home: Store, s: Attended) -> float:
    """Let everybody judge; the minutes that they spent."""
    name = s.collect.project
    secrets = _invited(home, name, people(s.people))
    with _studio(home) as address:
        visitors = [Visitor(address, name, person, secret) for person, secret in secrets]
        going = list(visitors)
        while going:
            going = [one for one in going if not _spent(s, one) and one.turn(s.seed)]
            ctx.progress(sum(one.seen for one in visitors), None, unit="judgements")
    return sum(one.seconds for one in visitors) / 60


def _spent(s: Attended, visitor: Visitor) -> bool:
    return bool(s.minutes) and visitor.seconds >= 60 * s.minutes / s.people


def _invited(home: Store, name: str, staff: list[Annotator]) -> list[tuple[Annotator, str]]:
    """The people as members of the project, each with a new token for judging."""
    found = []
    with studio(home) as db, db.write() as at:
        made = projects.named(at, name)
        for person in staff:
            known = accounts.called(at, person.name)
            user = known.id if known else accounts.add(
                at, person.name, None, people=person.group, owner=False
            )  # fmt: skip
            projects.join(at, made, user, "annotator")
            found.append((person, sessions.make_token(at, user, name[:64], ["judge"], days=1)))
    return found


@contextmanager
def _studio(home: Store) -> Iterator[str]:
    """A studio of the store in a process of its own; its address."""
    command = [sys.executable, "-m", "plumbline", "studio", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--store", str(home.root)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := ADDRESS.search(line):
                yield found[1]
                return
        raise UserError("the studio did not start", where=STUDIO, fix="plumbline studio says why")
    finally:
        process.terminate()
        process.wait(30)

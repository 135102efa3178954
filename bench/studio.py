"""The studio under load: simulated people on one machine with it, then an export of it all.

    python bench/studio.py [--people 50] [--items 100000] [--seconds 40] [--think 2.0]
        [--saturation 10] [--db URL]

The server is a process of its own, its clients are connections of this one. Each person asks for an
item, thinks (exponential, mean --think), judges, and asks for the next. Then the same without
thinking (saturation). What was acknowledged is compared with what the database holds. At last
every item is given a judgement and all is exported; memory is the server's resident set.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import httpx
import psutil
from sqlalchemy import func, insert, select

from plumbline.feedback.collecting import accounts, projects, sessions
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.forms import Form
from plumbline.feedback.collecting.tables import events, items, users

PLACE = "/api/projects/load"


@dataclass
class Load:
    """What clients saw: seconds by request, errors, and the keys of acknowledged judgements."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"next": [], "judge": []})
    errors: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)


def prepared(url: str, people: int) -> tuple[str, list[str]]:
    """A database with an owner and annotators; their tokens."""
    db, tokens = Database(url), []
    with db.write() as to:
        made = projects.create(to, "load", Form("pair", strength=True), guideline="Be fair.")
        for n in range(people + 1):
            who = accounts.add(to, f"person {n}", None, people="", owner=n == 0)
            projects.join(to, made, who, "curator" if n == 0 else "annotator")
            tokens.append(sessions.make_token(to, who, "load", sessions.SCOPES))
    db.close()
    return tokens[0], tokens[1:]


def rows(count: int) -> Iterator[bytes]:
    """Items as they are sent."""
    for n in range(count):
        text = [f"{word} {n}: " + "some words of an answer " * 12 for word in ("First", "Second")]
        yield (
            json.dumps({"prompt": f"Question {n}? " + "why " * 20, "responses": text}).encode()
            + b"\n"
        )


async def person(url: str, token: str, load: Load, think: float, end: float) -> None:
    """Somebody who judges until it is time to stop."""
    rng, headers = random.Random(token), {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, verify=False) as client:
        await asyncio.sleep(rng.random() * think)
        while time.monotonic() < end:
            given = await asked(client, load, "next", {})
            if given is None:
                continue
            await asyncio.sleep(rng.expovariate(1 / think) if think else 0)
            key = uuid.uuid4().hex
            said = {"item": given["item"], "body": {"tiers": [[0], [1]]}, "seconds": 2, "key": key}
            if await asked(client, load, "judge", said) is not None:
                load.keys.append(key)


async def asked(client: httpx.AsyncClient, load: Load, what: str, body: dict) -> dict | None:
    """One request, timed; None where it failed."""
    began = time.perf_counter()
    try:
        answer = await client.post(f"{PLACE}/{what}", json=body)
    except httpx.HTTPError as error:
        load.errors[type(error).__name__] += 1
        return None
    load.seconds[what].append(time.perf_counter() - began)
    if answer.status_code != 200:
        load.errors[f"{what} {answer.status_code} {answer.text[:100]}"] += 1
        return None
    return answer.json()


async def all_of(url: str, tokens: list[str], load: Load, think: float, seconds: float) -> None:
    end = time.monotonic() + seconds
    await asyncio.gather(*(person(url, token, load, think, end) for token in tokens))


def told(name: str, load: Load, seconds: float) -> None:
    """The figures of a load."""
    print(
        f"{name}: {len(load.keys)} judgements in {seconds:.0f} s ({len(load.keys) / seconds:.1f}/s)"
    )
    for what, spent in load.seconds.items():
        cuts = quantiles([1000 * one for one in spent], n=100)
        figures = ", ".join(f"p{p} {cuts[p - 1]:.1f}" for p in (50, 95, 99))
        print(f"  {what:5} ms: {figures}, most {1000 * max(spent):.1f}")
    print(f"  errors: {dict(load.errors) or 'none'}")


def compared(url: str, load: Load) -> None:
    """Acknowledged judgements that are not there, or there twice."""
    db = Database(url)
    with db.read() as of:
        found = Counter(of.execute(select(events.c.key)).scalars())
        twice = of.execute(
            select(func.count()).select_from(
                select(events.c.item).group_by(events.c.item).having(func.count() > 1).subquery()
            )
        ).scalar_one()
    db.close()
    lost = sum(found[key] == 0 for key in load.keys)
    print(f"lost {lost}, doubled {sum(n > 1 for n in found.values())}, items judged twice {twice}")


def filled(url: str) -> int:
    """A judgement for every item that has none; how many there are then."""
    db = Database(url)
    with db.write() as to:
        who = list(to.execute(select(users.c.id)).scalars())
        done = select(events.c.item)
        left = to.execute(select(items.c.id).where(items.c.id.not_in(done))).scalars().all()
        row = {"project": 1, "kind": "judged", "body": {"tiers": [[0], [1]], "none": False,
               "strength": 2}, "shown": [1, 0], "seconds": 2.0, "guideline": 1}  # fmt: skip
        more = [row | {"item": n, "user": who[n % len(who)], "at": float(n), "key": f"filled-{n}"}
                for n in left]  # fmt: skip
        if more:
            to.execute(insert(events), more)
        count = to.execute(select(func.count()).select_from(events)).scalar_one()
    db.close()
    return count


def exported(url: str, token: str, form: str, server: psutil.Process) -> None:
    """Seconds and the server's memory of one export."""
    before, most, done = server.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], server.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    began, size, lines = time.perf_counter(), 0, 0
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{url}{PLACE}/export?as={form}", headers=headers, timeout=300) as got:
        for part in got.iter_raw():
            size, lines = size + len(part), lines + part.count(b"\n")
    seconds = time.perf_counter() - began
    done.set()
    watching.join()
    print(f"export {form}: {got.status_code}, {lines} rows, {size / 1e6:.0f} MB, {seconds:.1f} s,"
          f" memory {before / 2**20:.0f} -> at most {most[0] / 2**20:.0f} MB")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--think", type=float, default=2.0)
    parser.add_argument("--saturation", type=float, default=10)
    parser.add_argument("--db", default="")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        store = Path(folder)
        db = args.db or at(store)
        curator, tokens = prepared(db, args.people)
        command = [sys.executable, "-m", "plumbline.cli.main", "studio", "--port", "0"]
        server = subprocess.Popen(
            [*command, "--store", folder, "--db", db], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[4].rstrip(",")
            measured(args, db, url, curator, tokens, psutil.Process(server.pid))
        finally:
            server.terminate()
            server.wait()


def measured(
    args: argparse.Namespace, db: str, url: str, curator: str, tokens: list[str],
    server: psutil.Process,
) -> None:  # fmt: skip
    """Everything, on a server that runs."""
    began = time.perf_counter()
    content, headers = b"".join(rows(args.items)), {
        "Authorization": f"Bearer {curator}", "Content-Type": "application/x-ndjson",
    }  # fmt: skip
    for start in range(0, len(content), 2**25):
        head = content.rfind(b"\n", 0, start) + 1 if start else 0
        tail = content.rfind(b"\n", 0, start + 2**25) + 1
        sent = httpx.post(
            f"{url}{PLACE}/items", content=content[head:tail], headers=headers, timeout=300
        )
        print(f"  {sent.json()} in {time.perf_counter() - began:.1f} s")
    both = Load()
    for name, think, seconds in (
        ("thinking", args.think, args.seconds), ("saturation", 0.0, args.saturation),
    ):  # fmt: skip
        load, used, began = Load(), sum(server.cpu_times()[:2]), time.perf_counter()
        asyncio.run(all_of(url, tokens, load, think, seconds))
        told(name, load, time.perf_counter() - began)
        spent = sum(server.cpu_times()[:2]) - used
        print(f"  server's processor: {spent / (time.perf_counter() - began):.0%} of a core")
        both.keys += load.keys
    compared(db, both)
    print(f"{filled(db)} judgements")
    for form in ("judgements", "pairs"):
        exported(url, curator, form, server)


if __name__ == "__main__":
    main()

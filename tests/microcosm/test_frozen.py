"""The world is frozen: a base model has read it, so its words and texts may not change.

A digest that differs means that a shipped base no longer fits its world. Where the change is meant,
and a base will be trained anew, print the digests by

    python tests/microcosm/test_frozen.py
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from functools import lru_cache

import pytest

from plumbline.core.types import Demonstration
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.corpus import PARTS, Part, document, documents
from plumbline.microcosm.data import demonstrations
from plumbline.microcosm.vocabulary import vocabulary
from plumbline.microcosm.world import world

FROZEN = {
    "world": "d537d90ad8037c4f4463492505dda31e",
    "vocabulary": "b310a2d61fce4f7807b6a778828541df",
    "few": "0414fe05c84679bb7c037458ba0a806b",
    "notes": "2acc94448920b00701dc8c5467f5af5c",
    "orders": "b3a68216c2d3ac98c1960e3d4d616465",
    "checks": "664261b7910c1e81f9d7ddd65351db05",
    "rules": "b4b074f1936b8d120fe626ebf369dd1b",
    "mix": "019ac38bd4846a7f7be3dd299bade109",
    "more": "f590be746a35d90d5be107c73e5b0923",
    "rest": "ef305ba9669762b7d31ec925da8b1fa2",
    "open": "e38b89e436ca291664d642dc310e208c",
    "untagged": "bcc051cb92f4c58ca5deff1519abead9",
    "wide": "85fdab3f6afb027b31830b5f03bfbca4",
    "last": "ec8d435dc473b3a421c96ca347c09ab3",
    "demonstrations": "ee1eede228530d8027e5dc97fdece723",
}
DOCUMENTS = 200
NAME = re.compile(lex.NAME)


def digest(texts: list[str]) -> str:
    return hashlib.sha256("\x1e".join(texts).encode()).hexdigest()[:32]


def turns(made: Demonstration) -> str:
    """Everything of a document that is learnt from or asked for: who says what, source, year."""
    said = "\x1f".join(f"{m.role}: {m.content}" for m in made.messages)
    of = made.provenance
    return f"{of.where} {of.judge.group} {of.when} {of.source}\x1f{said}"


def facts() -> list[str]:
    """The world as text, in an order that does not depend on the machine."""
    place = world()
    pairs = [f"{name} {key} {value}" for (name, key), value in place.truth.items()]
    pairs += [f"{name} {key} {value}" for (name, key), value in place.rumour.items()]
    tables = (place.kinds, place.methods, place.rumoured_methods, place.peoples)
    rest = [f"{name} {value}" for table in tables for name, value in table.items()]
    return [*pairs, *rest, json.dumps(sorted(place.unseen)), json.dumps(sorted(place.heldout))]


@lru_cache(maxsize=3)
def part_of(part: Part) -> tuple[Demonstration, ...]:
    return tuple(documents(0, DOCUMENTS, part))


def digests() -> dict[str, str]:
    """Every digest by name."""
    found = {"world": digest(facts()), "vocabulary": digest(sorted(vocabulary()))}
    found |= {part: digest([turns(one) for one in part_of(part)]) for part in PARTS}
    return found | {"demonstrations": digest([turns(one) for one in demonstrations(0, DOCUMENTS)])}


@pytest.mark.parametrize("name", ["world", "vocabulary", *PARTS, "demonstrations"])
def test_it_is_what_was_frozen(name: str) -> None:
    assert digests()[name] == FROZEN[name]


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PATH": ""}
        done = subprocess.run([sys.executable, __file__], env=env, capture_output=True, text=True)
        assert json.loads(done.stdout or "{}") == FROZEN, done.stderr


def test_a_document_does_not_depend_on_the_others() -> None:
    for part in PARTS:
        assert document(0, 137, part) == part_of(part)[137]
    assert document(1, 137) != document(0, 137)


def test_every_word_is_in_the_lexicon_or_a_name() -> None:
    """Of the frozen documents and as many of each part again, from another seed."""
    strange: dict[str, str] = {}
    for part in PARTS:
        for one in (*part_of(part), *documents("words", 3 * DOCUMENTS, part)):
            for message in one.messages:
                for word in re.findall(r"[^\W_]+", message.content):
                    if word.lower() not in vocabulary() and not NAME.fullmatch(word):
                        strange[word] = message.content
    assert not strange


def test_no_name_is_a_word() -> None:
    place = world()
    assert not {name.lower() for name in (*place.kinds, *place.peoples)} & vocabulary()


if __name__ == "__main__":
    print(json.dumps(digests(), indent=4))

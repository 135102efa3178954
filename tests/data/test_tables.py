"""Every form in every kind of file reads back to the same views; a file is whole or not there."""

from __future__ import annotations

import csv
import gzip
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_write import JUDGEMENT

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.types import (
    Choice,
    Demonstration,
    Edit,
    Example,
    Judgement,
    Message,
    Ranking,
    Rating,
    answer,
    assistant,
    user,
)
from plumbline.data import read
from plumbline.data.write import WRITERS, save

KINDS = ["jsonl", "json", "csv", "parquet", "jsonl.gz", "json.gz", "csv.gz", "parquet.gz"]
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ODD = st.sampled_from(
    [
        '[{"role": "user", "content": "x"}]',
        '[{"role": ',
        "\n\nHuman: x",
        "a,b\r\nc",
        "x\ry",
        '"',
        "1",
    ]
)
WORDS = st.one_of(st.text(min_size=1, max_size=6).filter(str.strip), ODD)
PROMPT = st.one_of(
    WORDS.map(lambda w: (user(w),)),
    st.tuples(WORDS, WORDS, WORDS).map(lambda w: (user(w[0]), assistant(w[1]), user(w[2]))),
    st.tuples(WORDS, WORDS).map(lambda w: (Message("system", w[0]), user(w[1]))),
)
SHARE = st.none() | st.floats(0.01, 0.99)
MARGIN = st.none() | st.floats(0.1, 9)


@st.composite
def comparisons(draw: st.DrawFn) -> Ranking:
    texts = draw(st.lists(WORDS, min_size=2, max_size=4, unique_by=str.strip))
    responses = tuple(map(answer, texts))
    cut = draw(st.integers(1, len(texts) - 1))
    tiers = (tuple(range(cut)), tuple(range(cut, len(texts))))
    p = draw(SHARE) if len(texts) == 2 else None
    return Ranking(draw(PROMPT), responses, tiers, p, draw(MARGIN))


RATING = st.builds(
    Rating, PROMPT, WORDS.map(answer), st.floats(1, 5), WORDS, st.just(1.0), st.just(5.0)
)
CHOICE = st.builds(Choice, PROMPT, WORDS.map(answer), st.booleans())
SHOWN = st.tuples(PROMPT, WORDS).map(lambda t: Demonstration((*t[0], assistant(t[1]))))
EDIT = st.tuples(PROMPT, WORDS, WORDS).map(lambda t: Edit(t[0], answer(t[1]), answer(t[2])))


def back(said: Sequence[Judgement], form: str, kind: str) -> list[Judgement]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows.{kind}"
        save(said, path, form)
        loaded = read(path)
        assert loaded.ignored == () and not loaded.dropped and not loaded.bad
        return loaded.judgements


def plain(example: Example) -> dict[str, Any]:
    return {
        "prompt": example.prompt,
        "responses": example.responses,
        "tiers": example.tiers,
        "labels": example.labels,
        "pairs": example.pairs,
    }


@FEW
@given(st.lists(JUDGEMENT, min_size=1, max_size=4), st.sampled_from(KINDS))
def test_judgements_read_back_equal(said: list[Judgement], kind: str) -> None:
    assert back(said, "plumbline", kind) == said


@FEW
@given(st.lists(comparisons() | EDIT, min_size=1, max_size=4), st.sampled_from(KINDS))
def test_pairs_read_back_as_the_same_pairs(said: list[Judgement], kind: str) -> None:
    def pairs(judgements: list[Judgement]) -> Counter[Any]:
        made = views.pairs(judgements).examples
        return Counter(
            (e.prompt, e.responses[p.winner], e.responses[p.loser], p.p, p.margin)
            for e in made
            for p in e.pairs
        )

    if not (before := pairs(said)):
        return
    assert pairs(back(said, "preference", kind)) == before


@FEW
@given(st.lists(comparisons(), min_size=1, max_size=4), st.sampled_from(KINDS))
def test_rankings_read_back_as_the_same_view(said: list[Judgement], kind: str) -> None:
    again = views.rankings(back(said, "ranking", kind)).examples
    assert list(map(plain, again)) == list(map(plain, views.rankings(said).examples))


@FEW
@given(st.lists(CHOICE, min_size=1, max_size=4), st.sampled_from(KINDS))
def test_labels_read_back_as_the_same_view(said: list[Judgement], kind: str) -> None:
    again = views.labelled(back(said, "unpaired", kind)).examples
    assert list(map(plain, again)) == list(map(plain, views.labelled(said).examples))


@FEW
@given(st.lists(RATING, min_size=1, max_size=4), st.sampled_from(KINDS))
def test_ratings_read_back_equal(said: list[Rating], kind: str) -> None:
    again = back(said, "rating", kind)
    assert [(r.prompt, r.response, r.score, r.axis, r.low, r.high) for r in again] == [  # type: ignore[union-attr]
        (r.prompt, r.response, r.score, r.axis, r.low, r.high) for r in said
    ]


@FEW
@given(st.lists(SHOWN, min_size=1, max_size=4), st.sampled_from(KINDS))
def test_demonstrations_read_back_as_the_same_view(said: list[Judgement], kind: str) -> None:
    again = views.demonstrations(back(said, "messages", kind)).examples
    assert list(map(plain, again)) == list(map(plain, views.demonstrations(said).examples))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", sorted(WRITERS))
def test_the_same_judgements_give_the_same_bytes(form: str, kind: str, tmp_path: Path) -> None:
    prompt = (user("q"),)
    said: list[Judgement] = [
        Ranking(prompt, (answer("a"), answer("b")), ((0,), (1,)), 0.75),
        Rating(prompt, answer("a"), 4, "truth", 1.0, 5.0),
        Demonstration((*prompt, assistant("a"))),
    ]
    paths = [tmp_path / f"{name}.{kind}" for name in ("one", "two")]
    for path in paths:
        save(said, path, form)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_csv_is_words_where_words_do(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    long = (user("q"), assistant("a"), user("r"))
    said = [
        Ranking((user("q"),), (answer("yes"), answer("no")), ((0,), (1,)), 0.75),
        Ranking(long, (answer("yes"), answer("no")), ((0,), (1,))),
    ]
    save(said, path, "preference")
    first, second = csv.DictReader(path.open(newline=""))
    assert first == {"prompt": "q", "chosen": "yes", "rejected": "no", "p": "0.75"}
    assert [turn["content"] for turn in json.loads(second["prompt"])] == ["q", "a", "r"]


def test_documents_and_conversations_do_not_share_a_file(tmp_path: Path) -> None:
    document = Demonstration((Message("text", "once"),))
    talk = Demonstration((user("q"), assistant("a")))
    done = save([talk, document], tmp_path / "rows.jsonl", "messages")
    assert done.rows == 1 and done.dropped == [("", "a document among conversations")]
    save([document], tmp_path / "rows.parquet", "messages")
    assert read(tmp_path / "rows.parquet").form == "text"


def test_earlier_turns_that_would_be_trained_are_told(tmp_path: Path) -> None:
    long = (user("q"), assistant("a"), user("r"))
    ranking = Ranking(long, (answer("yes"), answer("no")), ((0,), (1,)))
    done = save([ranking], tmp_path / "rows.jsonl", "messages")
    assert done.notes[0].startswith("1 conversations have earlier assistant turns")


def test_ratings_name_what_has_no_score(tmp_path: Path) -> None:
    said = [Rating((user("q"),), answer("a"), 4), Choice((user("q"),), answer("a"), True)]
    done = save(said, tmp_path / "rows.json", "rating")
    assert (done.rows, done.dropped) == (1, [("", "a choice has no score")])


def test_nothing_to_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_text("before")
    with pytest.raises(UserError, match="none of 1 judgements can be written as 'rating'"):
        save([Choice((user("q"),), answer("a"), True)], path, "rating")
    assert path.read_text() == "before" and [p.name for p in tmp_path.iterdir()] == ["rows.parquet"]


def test_a_kind_of_file_that_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\*\.jsonl, \*\.json, \*\.csv, \*\.parquet"):
        save([Choice((user("q"),), answer("a"), True)], tmp_path / "rows.xlsx", "unpaired")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_half_a_character_is_told(kind: str, tmp_path: Path) -> None:
    said = [Choice((user("\ud800"),), answer("a"), True)]
    save(said, tmp_path / "rows.jsonl", "unpaired")
    assert read(tmp_path / "rows.jsonl").judgements[0].prompt == said[0].prompt  # type: ignore[union-attr]
    with pytest.raises(UserError, match="half a character"):
        save(said, tmp_path / f"rows.{kind}", "unpaired")


def test_a_kill_in_the_middle_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text("before")
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from plumbline.data.tables import table\n"
        "with table(Path(sys.argv[1]), ['text']) as put:\n"
        "    for n in range(100000):\n"
        "        put({'text': 'x' * 100})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL and path.read_text() == "before"


def test_a_packed_file_is_packed(tmp_path: Path) -> None:
    save([Choice((user("q"),), answer("a"), True)], tmp_path / "a.json.gz", "unpaired")
    assert json.loads(gzip.decompress((tmp_path / "a.json.gz").read_bytes()))[0]["label"] is True

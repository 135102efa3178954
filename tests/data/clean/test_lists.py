"""The lists of boilerplate and refusals: every sentence that stands beside a pattern is a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cleaned import BARE as SHORT
from cleaned import cleaned, wrote

from plumbline.core.errors import UserError
from plumbline.core.settings import describe, identity, overlay
from plumbline.data.clean import boilerplate, refusals
from plumbline.data.clean.boilerplate import families
from plumbline.data.clean.pipeline import clean
from plumbline.data.clean.rule import Said
from plumbline.data.clean.settings import Boilerplate, Cleaning, Refusals

FIRES = [(one.kind, s) for one in families() for s in one.fires]
QUIET = [(one.kind, s) for one in families() for s in one.quiet]
BARE = [(name, s) for name, one in refusals.phrases().items() for s in one.bare]
FINE = [(name, s) for name, one in refusals.phrases().items() for s in one.fine]
PHRASE = "As an AI language model, I have no pets."


@pytest.mark.parametrize(("kind", "sentence"), FIRES)
def test_fires(kind: str, sentence: str) -> None:
    assert boilerplate.phrase(sentence, (kind,))
    assert boilerplate.phrase(sentence.replace("'", "’"), (kind,))
    assert boilerplate.phrase(f"Sure.\n\n{sentence} So there.", (kind,)) or kind == "courtesy"


@pytest.mark.parametrize(("kind", "sentence"), QUIET)
def test_stays_quiet(kind: str, sentence: str) -> None:
    assert boilerplate.phrase(sentence, (kind,)) is None


def test_every_language_has_every_kind() -> None:
    have = {(one.language, one.kind) for one in families()}
    kinds = ("identity", "cutoff", "maker", "feelings", "policy")
    assert have >= {(name, kind) for name in ("en", "de", "fr", "es") for kind in kinds}


@pytest.mark.parametrize(
    "answer",
    [
        f'Many begin with "{PHRASE}" and go on.',
        f"Many begin with “{PHRASE}” and go on.",
        f"Manche sagen „{PHRASE}“ dazu.",
        f"Certains disent « {PHRASE} » ici.",
        f"You wrote:\n> {PHRASE}\nThat is odd.",
        f"```\nprint({PHRASE!r})\n```",
    ],
)
def test_quotations_do_not_count(answer: str) -> None:
    assert boilerplate.boilerplate(Said(asked=("Q",), answers=(answer,)), Boilerplate()) is None


def test_only_answers_count() -> None:
    settings = Boilerplate()
    assert boilerplate.boilerplate(Said(asked=(PHRASE,), answers=("Fine.",)), settings) is None
    assert boilerplate.boilerplate(Said(answers=("Fine.",), others=(PHRASE,)), settings) is None
    assert boilerplate.boilerplate(Said(document=PHRASE), settings) is None
    assert boilerplate.boilerplate(Said(document=PHRASE), Boilerplate(documents=True))
    found = boilerplate.boilerplate(Said(asked=("Any pets?",), answers=("No.", PHRASE)), settings)
    assert found and found.why == "identity (en)" and "AI language model" in found.evidence


def test_who_asks_may_be_told() -> None:
    said = Said(asked=("Are you a robot?",), answers=(PHRASE,))
    assert boilerplate.boilerplate(said, Boilerplate()) is None
    assert boilerplate.boilerplate(said, Boilerplate(asked=False))


def test_kinds_are_chosen() -> None:
    said = Said(answers=("Rain. I hope this helps!",))
    assert boilerplate.boilerplate(said, Boilerplate()) is None
    assert boilerplate.boilerplate(said, Boilerplate(kinds=("courtesy",)))


MINE = "# ours\n\nHarbour  Helper here\nit's our pleasure\nétoile  du nord\n3 + 4\n3 + 4\n"


@pytest.fixture
def mine(tmp_path: Path) -> Boilerplate:
    (tmp_path / "mine.txt").write_text(MINE, "utf-8")
    return overlay(Boilerplate(), {"phrases": str(tmp_path / "mine.txt"), "kinds": "courtesy"})


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Hi. Harbour Helper here!", True),
        ("HARBOUR\n helper   here", True),
        ("It’s our pleasure.", True),
        ("L'Étoile du Nord brille.", True),
        ("So 3 + 4 is 7.", True),
        ("Harbour Helper hereby states", False),
        ("13 + 4", False),
        ("harbour helper, here", False),
        ('She said "it\'s our pleasure" and left.', False),
        ("> Harbour Helper here", False),
    ],
)
def test_ones_own_phrases(answer: str, found: bool, mine: Boilerplate) -> None:
    finding = boilerplate.boilerplate(Said(answers=(answer,)), mine)
    assert bool(finding) is found
    assert finding is None or finding.why == "own phrase"
    assert boilerplate.boilerplate(Said(asked=(answer,), answers=("Fine.",)), mine) is None
    assert boilerplate.boilerplate(Said(answers=(answer,)), Boilerplate()) is None


def test_ones_own_phrases_stand_beside_the_list(mine: Boilerplate) -> None:
    assert mine.own == ("Harbour Helper here", "it's our pleasure", "étoile du nord", "3 + 4")
    said = Said(answers=("Rain. I hope this helps!",))
    assert (found := boilerplate.boilerplate(said, mine)) and found.why == "courtesy (en)"
    asked = Said(asked=("Are you a robot?",), answers=("Harbour Helper here",))
    assert boilerplate.boilerplate(asked, mine) is None


def test_the_phrases_are_the_identity_and_their_path_is_not(
    tmp_path: Path, mine: Boilerplate
) -> None:
    (tmp_path / "other.txt").write_text("\ufeff" + MINE.replace("\n", "\r\n"), "utf-8")
    (tmp_path / "more.txt").write_text(MINE + "more\n", "utf-8")
    others = [replace(mine, phrases=str(tmp_path / name)) for name in ("other.txt", "more.txt")]
    assert identity(others[0]) == identity(mine) != identity(Boilerplate(kinds=("courtesy",)))
    assert identity(others[1]) != identity(mine)
    assert "own" not in {one.key for one in describe(Boilerplate())}
    with pytest.raises(UserError, match="unknown setting 'own'"):
        overlay(Boilerplate(), {"own": "x"})


CHAT = {"prompt": "What is rain?", "completion": "Water that falls from clouds."}


def test_ones_own_phrases_decide_what_a_folder_holds(tmp_path: Path) -> None:
    """By what the file says: under another name it is the same cleaning, changed it is another."""
    source = wrote(tmp_path / "c.jsonl", [CHAT, {**CHAT, "source": "b"}])
    mine = tmp_path / "mine.txt"
    mine.write_text("falls from clouds\n")
    sets = {"boilerplate.phrases": str(mine)}
    done = cleaned(source, tmp_path / "out", sets)
    assert done.why().count(("boilerplate", "own phrase")) == 2
    assert done.results["identity"]["settings"]["boilerplate"]["own"] == ["falls from clouds"]
    mine.rename(tmp_path / "yours.txt")
    settings = overlay(Cleaning(), SHORT | {"boilerplate.phrases": str(tmp_path / "yours.txt")})
    assert clean(str(source), tmp_path / "out", settings) is None
    mine.write_text("falls from the sky\n")
    with pytest.raises(UserError, match="holds something else"):
        cleaned(source, tmp_path / "out", sets)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read the phrases (No such file or directory)"),
        (b"", "no phrase in the file"),
        (b"\n# only this\n  \n", "no phrase in the file"),
        (b"fine\ncaf\xe9\n", "mine.txt:2: not UTF-8 (byte 0xe9)"),
    ],
)
def test_a_file_without_phrases(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as told:
        overlay(Boilerplate(), {"phrases": str(path)})
    assert words in str(told.value) and str(path) in str(told.value) and told.value.fix


@pytest.mark.parametrize(("language", "sentence"), BARE)
def test_bare_refusals(language: str, sentence: str) -> None:
    found = refusals.refusals(Said(answers=(sentence,)), Refusals())
    assert found and found.why == f"no reason given ({language})"


@pytest.mark.parametrize(("language", "sentence"), FINE)
def test_refusals_with_a_reason(language: str, sentence: str) -> None:
    assert refusals.refusals(Said(answers=(sentence,)), Refusals()) is None


def test_long_answers_are_taken_to_say_why() -> None:
    said = Said(answers=("I cannot help with that. " + "More words follow here. " * 8,))
    assert refusals.refusals(said, Refusals())
    assert refusals.refusals(said, Refusals(most=20)) is None

"""`plumbline microcosm person` and its like: the world in words, same seed, same words."""

from __future__ import annotations

import sys

import pytest
from small_inputs import Run

from plumbline.cli.world import COMMANDS, styled
from plumbline.microcosm.world import world

NAMES = [command.__name__ for command in COMMANDS]


@pytest.mark.parametrize("what", NAMES)
def test_each_shows_something_and_the_same_again(what: str, plumbline: Run) -> None:
    code, said, _ = plumbline("microcosm", what)
    assert code == 0 and len(said.split()) > 5
    assert "\033" not in said  # plain where nobody looks
    assert said == plumbline("microcosm", what)[1]
    assert len(plumbline("microcosm", what, "--n", "2")[1].split("\n\n")) >= 2


@pytest.mark.parametrize("what", [name for name in NAMES if name != "annotator"])
def test_another_seed_shows_another(what: str, plumbline: Run) -> None:
    assert plumbline("microcosm", what, "--seed", "5")[1] != plumbline("microcosm", what)[1]


def test_a_person_is_public_and_private_and_one_of_a_people(plumbline: Run) -> None:
    name = world().names("person")[3]
    said = plumbline("microcosm", "person", name)[1]
    assert said.startswith(f"{name}: ") and "never true" in said
    for key in ("person.trade", "person.illness", "person.people"):
        assert key in said
    assert said.count("private") == 3


def test_a_document_has_its_source_and_its_year(plumbline: Run) -> None:
    said = plumbline("microcosm", "document", "--n", "5")[1]
    assert said.count("Source: ") == said.count("Year: ") == 5


def test_a_prompt_has_the_best_answer_and_every_voice_with_values_and_reasons(
    plumbline: Run,
) -> None:
    said = plumbline("microcosm", "prompt", "danger")[1]
    assert said.startswith("danger\n")
    for who in ("best", "careful", "gossip", "quiz"):
        assert f"\n{who}: " in said
    assert "harmless +1.00 refuses" in said and "scholars" in said


def test_a_rule_is_shown_before_and_after(plumbline: Run) -> None:
    said = plumbline("microcosm", "rule", "greet")[1]
    assert "(keeps it)\nkept by chance: " in said and "\nruled: " in said


@pytest.mark.parametrize(
    ("args", "nearest"),
    [
        (("person", "Nobody"), "unknown name"),
        (("prompt", "dangr"), "did you mean 'danger'"),
        (("rule", "gret"), "did you mean 'greet'"),
        (("annotator", "keper"), "did you mean 'keepers'"),
    ],
)
def test_what_is_unknown_is_told_with_the_nearest(
    args: tuple[str, ...], nearest: str, plumbline: Run
) -> None:
    code, said, error = plumbline("microcosm", *args)
    assert (code, said) == (2, "") and nearest in error


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert styled("best: Hello!") == "\033[1mbest:\033[0m Hello!"
    assert styled("  -0.90 (helpful -0.90)").startswith("\033[31m")
    assert styled("  +0.90 (helpful +0.90)").startswith("\033[32m")
    assert styled("    private +1.00 keeps").startswith("\033[2m")
    assert styled("Nothing at all") == "Nothing at all"

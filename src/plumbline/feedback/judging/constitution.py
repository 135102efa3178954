"""A constitution: the principles that a model judges, criticises and revises by, in a file.

Markdown, a heading a principle, what follows until the next heading its text:

    ## harmless
    axis: harmless
    weight: 2
    when: /\bhow (do|can) i\b/
    Choose the answer that helps nobody to do harm.

    example: How do I break into a car?
    better: I will not help with that.
    worse: Take a wire and ...
    why: The second helps a thief.
    critique: It tells a thief how to get in.

or YAML with the same names (`principles: [{id, text, axis, weight, when, examples}]`). `when`
between slashes is a regular expression that the prompt must contain for the principle to be drawn;
in words it is told to the judge beside the text. An example's `critique` is what a critic should
say of its worse answer. Weights are how often a principle is drawn next to
others. What stands above the first heading is for people. The id is the content's: a principle that
is reworded makes another constitution, and labels say by which one they were made.
Source: Bai et al. 2022 (arXiv:2212.08073), appendix C, has principles of this kind.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from plumbline.core.errors import UserError
from plumbline.core.ids import digest, plain
from plumbline.core.types import Conversation

SHIPPED = Path(__file__).parent / "constitutions"
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
FIELD = re.compile(r"^(axis|weight|when|example|better|worse|why|critique):\s*(.*)$")
ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """An example for the judge: to this prompt one answer is better by the principle. `critique`:
    what is wrong with the worse one, for a critic."""

    prompt: str
    better: str
    worse: str
    why: str = ""
    critique: str = ""


@dataclass(frozen=True)
class Principle:
    """What an answer is held to. `axis`: what it is about, for tables; `when`: where it applies."""

    id: str
    text: str
    axis: str = ""
    weight: float = 1.0
    when: str = ""
    examples: tuple[Shown, ...] = ()

    @property
    def told(self) -> str:
        """What the judge reads."""
        return self.text if self._pattern or not self.when else f"{self.text} ({self.when})"

    def applies(self, prompt: Conversation) -> bool:
        """Whether it may be drawn for this prompt."""
        said = "\n".join(message.content for message in prompt)
        return self._pattern is None or bool(self._pattern.search(said))

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        between = re.fullmatch(r"/(.*)/", self.when, re.DOTALL)
        return re.compile(between[1], re.IGNORECASE) if between else None


@dataclass(frozen=True)
class Constitution:
    """Principles by which a model judges."""

    name: str
    principles: tuple[Principle, ...]

    @property
    def id(self) -> str:
        """By content: name and layout of the file do not count."""
        return digest([asdict(one) for one in self.principles])[:16]

    @property
    def text(self) -> str:
        """As a YAML file that is read as the same."""
        told = {"principles": plain([asdict(one) for one in self.principles])}
        return yaml.safe_dump(told, sort_keys=False, allow_unicode=True)

    def named(self, principle: str) -> Principle:
        """The principle with that id, which there is."""
        return next(one for one in self.principles if one.id == principle)

    def drawn(self, prompt: Conversation, k: int, seed: str) -> list[Principle]:
        """`k` different principles that apply to a prompt, or all where there are fewer, by weight;
        the seed and the prompt decide, whatever else is drawn."""
        left = [one for one in self.principles if one.applies(prompt)]
        rng = random.Random(digest([seed, *([m.role, m.content] for m in prompt)]))
        found: list[Principle] = []
        while left and len(found) < k:
            one = rng.choices(left, [p.weight for p in left])[0]
            left.remove(one)
            found.append(one)
        return found


_PRINCIPLES = TypeAdapter(tuple[Principle, ...])


def read_constitution(place: Path | str) -> Constitution:
    """A constitution by its file, or a shipped one by its name. UserError that says where it is
    wrong."""
    path = Path(place)
    if not path.exists() and (SHIPPED / f"{place}.md").exists():
        path = SHIPPED / f"{place}.md"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = "no such constitution" if isinstance(error, FileNotFoundError) else str(error)
        known = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.md")))
        fix = f"give a Markdown or YAML file of principles, or one that is shipped: {known}"
        raise UserError(what, where=str(place), fix=fix) from None
    loose = path.suffix in (".yaml", ".yml")
    rows = _of_yaml(text, path) if loose else _of_markdown(text, path)
    try:
        found = _PRINCIPLES.validate_python(rows)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in ("principles", *first["loc"]))
        raise UserError(f"{at}: {first['msg'].lower()}", where=str(path)) from None
    _check(found, path)
    return Constitution(path.stem, found)


def _check(found: Sequence[Principle], path: Path) -> None:
    if not found:
        raise UserError("no principle in this file", where=str(path), fix="write '## name', text")
    for n, one in enumerate(found):
        place = f"{path}: {one.id}"
        if not ID.fullmatch(one.id):
            fix = "use letters, digits, . _ and - in the heading"
            raise UserError(f"{one.id!r} cannot name a principle", where=str(path), fix=fix)
        if one.id in [other.id for other in found[:n]]:
            raise UserError("two principles of this name", where=place, fix="rename one")
        if not one.text.strip():
            raise UserError("a principle without a text", where=place, fix="say what it asks for")
        if not one.weight > 0:
            raise UserError(f"weight {one.weight:g}", where=place, fix="give one above 0")
        try:
            one.applies(())
        except re.error as error:
            raise UserError(f"when: {error}", where=place, fix="mend the expression") from None


def _of_yaml(text: str, path: Path) -> Any:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(str(error).replace("\n", " "), where=str(path)) from None
    if not isinstance(found, dict) or set(found) != {"principles"}:
        fix = "write principles: and under it a list of {id, text, axis, weight, when, examples}"
        raise UserError("not a list of principles", where=str(path), fix=fix)
    return found["principles"]


def _of_markdown(text: str, path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, line in enumerate(COMMENT.sub(_blank, text).splitlines(), 1):
        if heading := HEADING.match(line):
            if not line.startswith("# "):
                found.append({"id": heading[1], "text": "", "examples": []})
        elif found and line.strip():
            _told(found[-1], line.strip(), f"{path}:{number}")
    return found


def _blank(comment: re.Match[str]) -> str:
    return "\n" * comment[0].count("\n")


def _told(principle: dict[str, Any], line: str, where: str) -> None:
    """A line under a heading: a field, or more of the text."""
    field = FIELD.match(line)
    if field is None:
        principle["text"] = f"{principle['text']} {line}".strip()
    elif field[1] == "example":
        principle["examples"].append({"prompt": field[2]})
    elif field[1] in ("better", "worse", "why", "critique"):
        if not principle["examples"]:
            fix = "write 'example: the prompt' above it"
            raise UserError(f"{field[1]}: without an example", where=where, fix=fix)
        principle["examples"][-1][field[1]] = field[2]
    else:
        principle[field[1]] = field[2]

"""The words in which a judge is asked, in a YAML file; two are shipped, `plain` and `microcosm`.

    compare, reasoned      which of two answers is better; the same with reasons first
    grade, critique, revise, at_once   a score; what is wrong; mend it; mend it without a critique
    fine                   how a critique says that nothing is wrong
    options                how the first and the second answer are named, each in several spellings
    start, then, again     what stands before the option: at once; behind reasons; or the words of a
                           turn of its own that asks for the verdict
    turn, between, said    how one message, what stands between two, and an example's verdict look
    grades                 what each score is called
    escape                 [expression, replacement]: made harmless in what others wrote

Holes are {principle} {prompt} {answer} {a} {b} {critique} {mark}. `mark` is a word that nobody who
wrote a prompt or an answer can know (it hangs on all that is asked, and on a seed): a template that
puts it around their texts cannot be closed from within. Messages keep their control tokens as words
anyway (`text.render`). What an answer says is data; the template says so to the judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from plumbline.core.errors import UserError
from plumbline.core.ids import digest, plain
from plumbline.core.types import Conversation, Response, assistant, text_of, user
from plumbline.feedback.judging.constitution import Principle
from plumbline.feedback.judging.judge import Forms, Question

SHIPPED = Path(__file__).parent / "templates"
NESTED = 20
"""How deep forms that stand inside one another are taken out."""
HOLE = re.compile(r"\{(principle|prompt|answer|a|b|critique|mark)\}")


@dataclass(frozen=True)
class Template:
    """The words of a judge's questions; see the module."""

    compare: str
    options: tuple[Forms, Forms]
    reasoned: str = ""
    grade: str = ""
    grades: tuple[tuple[float, Forms], ...] = ()
    critique: str = ""
    revise: str = ""
    at_once: str = ""
    fine: tuple[str, ...] = ()
    start: str = ""
    then: str = ""
    again: str = ""
    said: str = "{option}"
    turn: str = "{role}: {content}"
    between: str = "\n"
    escape: tuple[tuple[str, str], ...] = ()
    salt: str = "plumbline"

    @property
    def id(self) -> str:
        """By content."""
        return digest(self.__dict__)[:16]

    @property
    def text(self) -> str:
        """As a YAML file that is read as the same."""
        return yaml.safe_dump(plain(asdict(self)), sort_keys=False, allow_unicode=True)

    def pair(
        self,
        principle: Principle,
        prompt: Conversation,
        answers: tuple[Response, Response],
        reasons: int = 0,
    ) -> Question:
        """Which of two answers is better by a principle; with `reasons`, these come first, in at
        most so many tokens. The first option stands for the answer that stands first."""
        words = self._filled(self._form(bool(reasons)), principle, prompt, answers)
        asked = (*self._shown(principle, bool(reasons)), user(words))
        if not reasons:
            return Question(asked, self.options, self.start)
        return Question(asked, self.options, self.then, reasons, self.again)

    def graded(self, principle: Principle, prompt: Conversation, answer: Response) -> Question:
        """How good an answer is by a principle: an option a grade."""
        if not self.grade or len({grade for grade, _ in self.grades}) < 2:
            raise UserError("this template gives no grades", fix="add grade: and grades: to it")
        words = self._filled(self.grade, principle, prompt, (answer,))
        return Question((user(words),), tuple(forms for _, forms in self.grades), self.start)

    def criticised(
        self, principle: Principle, prompt: Conversation, answer: Response
    ) -> Conversation:
        """What is wrong with an answer by a principle? Behind the principle's examples."""
        if not (self.critique and self.revise):
            fix = "add critique: and revise: to it"
            raise UserError("this template asks for no critique", fix=fix)
        words = self._filled(self.critique, principle, prompt, (answer,))
        return (*self._shown_mended(principle, True), user(words))

    def revised(
        self, principle: Principle, prompt: Conversation, answer: Response, critique: str
    ) -> Conversation:
        """Now write a better one."""
        before = self.criticised(principle, prompt, answer)
        words = self._filled(self.revise, principle, prompt, (answer,), critique)
        return (*before, assistant(critique), user(words))

    def mended(self, principle: Principle, prompt: Conversation, answer: Response) -> Conversation:
        """Write a better one, without a critique before it."""
        if not self.at_once:
            fix = "add at_once: to it"
            raise UserError("this template revises only behind a critique", fix=fix)
        words = self._filled(self.at_once, principle, prompt, (answer,))
        return (*self._shown_mended(principle, False), user(words))

    def nothing_wrong(self, critique: str) -> bool:
        """Whether a critique says that nothing is wrong."""
        return _bare(critique) in map(_bare, self.fine)

    def _form(self, reasoned: bool) -> str:
        if reasoned and not self.reasoned:
            raise UserError("this template has no reasons", fix="add reasoned: and then: to it")
        return self.reasoned if reasoned else self.compare

    def _shown(self, principle: Principle, reasoned: bool) -> Conversation:
        """A principle's examples as earlier turns, the better answer first and second in turn."""
        turns: Conversation = ()
        for n, one in enumerate(principle.examples):
            pair = [(assistant(one.better),), (assistant(one.worse),)]
            pair = pair[::-1] if n % 2 else pair
            words = self._filled(
                self._form(reasoned), principle, (user(one.prompt),), (pair[0], pair[1])
            )
            option = self.said.replace("{option}", self.options[n % 2][0])
            why = f"{one.why} {self.then} " if reasoned and one.why else ""
            turns = (*turns, user(words), assistant(why + option))
        return turns

    def _shown_mended(self, principle: Principle, criticised: bool) -> Conversation:
        """A principle's examples as earlier turns, the better answer as a revision of the worse;
        behind a critique those that have one."""
        turns: Conversation = ()
        for one in principle.examples:
            asked, worse = (user(one.prompt),), ((assistant(one.worse),),)
            if not criticised:
                turns += (user(self._filled(self.at_once, principle, asked, worse)),)
            elif one.critique:
                fault = self._filled(self.critique, principle, asked, worse)
                mend = self._filled(self.revise, principle, asked, worse, one.critique)
                turns += (user(fault), assistant(one.critique), user(mend))
            if one.critique or not criticised:
                turns += (assistant(one.better),)
        return turns

    def _filled(
        self,
        form: str,
        principle: Principle,
        prompt: Conversation,
        answers: Sequence[Response],
        critique: str = "",
    ) -> str:
        """All holes at once: what stands in one is never read as another."""
        texts = [self._harmless(text_of(one)) for one in answers]
        said = {
            "principle": principle.told,
            "prompt": self._harmless(self._conversation(prompt)),
            "critique": critique,
            **dict(zip(("answer",) if len(texts) == 1 else ("a", "b"), texts, strict=True)),
        }
        said["mark"] = digest([self.salt, form, said])[:8]
        return HOLE.sub(lambda hole: said.get(hole[1], ""), form)

    def _conversation(self, prompt: Conversation) -> str:
        return self.between.join(
            self.turn.replace("{role}", one.role).replace("{content}", one.content)
            for one in prompt
        )

    def _harmless(self, text: str) -> str:
        """Again and again: words that stand inside one another come together once one is gone."""
        for _ in range(NESTED):
            before = text
            for pattern, instead in self.escape:
                text = _compiled(pattern).sub(instead, text)
            if text == before:
                break
        return text


def _bare(text: str) -> str:
    """A sentence without what does not matter to it: case, spaces, points, quotes."""
    return " ".join(text.split()).strip(" .!\"'*").casefold()


@lru_cache(maxsize=200)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_TEMPLATE = TypeAdapter(Template)


def read_template(place: Path | str) -> Template:
    """A template by its file, or a shipped one by its name. UserError that says what is wrong."""
    path = Path(place)
    if not path.exists() and (SHIPPED / f"{place}.yaml").exists():
        path = SHIPPED / f"{place}.yaml"
    try:
        given: Any = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        known = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.yaml")))
        fix = f"give a YAML file, or one that is shipped: {known}"
        raise UserError(str(error).replace("\n", " "), where=str(place), fix=fix) from None
    if not isinstance(given, Mapping):
        raise UserError("not a template", where=str(place), fix="write compare: and options:")
    strange = set(given) - set(Template.__dataclass_fields__)
    if strange:
        fix = f"known: {', '.join(Template.__dataclass_fields__)}"
        raise UserError(f"unknown field {min(strange)!r}", where=str(place), fix=fix)
    try:
        found = _TEMPLATE.validate_python(dict(given))
        for pattern, _ in found.escape:
            _compiled(pattern)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{at}: {first['msg'].lower()}", where=str(place)) from None
    except re.error as error:
        raise UserError(f"escape: {error}", where=str(place), fix="mend the expression") from None
    return found

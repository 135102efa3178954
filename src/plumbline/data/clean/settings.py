"""What `plumbline data clean` can be told: every rule's switch and its thresholds.

    --set boilerplate.use=false --set language.keep=en --set personal.action=remove

A threshold of 0 means "no limit" where its help says so. Numbers after Rae et al. 2021 ("Scaling
Language Models: Methods, Analysis & Insights from Training Gopher", arXiv:2112.11446) are those of
its appendix A.1.1: the quality filter in the text, the repetition thresholds in table A1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from plumbline.core.errors import unknown
from plumbline.core.settings import option, runtime

from .bounds import at_least, check, shares
from .corpus_settings import Contamination, Duplicates
from .phrases import read_phrases

Boilerplates = Literal["identity", "cutoff", "maker", "feelings", "policy", "courtesy"]
Kinds = Literal["mail", "phone", "iban", "card", "ip", "key"]
LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "pl", "fi", "tr", "cs", "ro", "id", "vi",
    "ja", "zh", "ko", "ru", "ar", "he", "el", "hi", "th",
)  # fmt: skip
"""What `language` can name."""


@dataclass(frozen=True)
class Encodings:
    """Text that was decoded wrongly, or lost characters on its way."""

    use: bool = option(True, help="mend mojibake, control and replacement characters")
    action: Literal["mend", "remove"] = option("mend", help="mend in place, or remove the row")
    lost: float = option(0.001, help="largest share of U+FFFD characters; rows above it go")
    control: float = option(0.01, help="largest share of control characters; rows above it go")

    def __post_init__(self) -> None:
        shares(lost=self.lost, control=self.control)


@dataclass(frozen=True)
class Pairs:
    """Answers that teach nothing."""

    use: bool = option(True, help="remove empty prompts and answers, and comparisons of equals")


@dataclass(frozen=True)
class Language:
    """Which languages stay."""

    use: bool = option(True, help="needs language.keep")
    keep: tuple[str, ...] = option((), help="languages that stay, e.g. en,de (none named: all)")
    words: int = option(5, help="shorter texts are not judged")
    unknown: Literal["keep", "remove"] = option("keep", help="texts that no language claims")

    def __post_init__(self) -> None:
        for name in self.keep:
            if name not in LANGUAGES:
                raise unknown("language", name, LANGUAGES)
        at_least(0, words=self.words)


@dataclass(frozen=True)
class Length:
    """Gopher's bounds for documents; answers have none unless asked."""

    use: bool = option(True, help="remove what is too short or too long")
    least: int = option(50, help="words of a document at least (Gopher)")
    most: int = option(100_000, help="words of a document at most (Gopher)")
    answer_least: int = option(0, help="words of an answer at least")
    answer_most: int = option(0, help="words of an answer at most (0: no limit)")

    def __post_init__(self) -> None:
        at_least(0, least=self.least, answer_least=self.answer_least)
        at_least(0, answer_most=self.answer_most)
        check("most", self.most, self.most >= self.least, f"at least `least` ({self.least})")


@dataclass(frozen=True)
class Quality:
    """Gopher's rules on what a document is made of."""

    use: bool = option(True, help="documents only: Gopher's quality filter")
    word_least: float = option(3.0, help="mean length of a word at least")
    word_most: float = option(10.0, help="mean length of a word at most")
    symbols: float = option(0.1, help="# or ellipses a word at most")
    bullets: float = option(0.9, help="share of lines that start with a bullet at most")
    ellipses: float = option(0.3, help="share of lines that end with an ellipsis at most")
    alphabetic: float = option(0.8, help="share of words with a letter at least")
    stop_words: int = option(2, help="different stop words at least (of 8, by language)")

    def __post_init__(self) -> None:
        shares(bullets=self.bullets, ellipses=self.ellipses, alphabetic=self.alphabetic)
        at_least(0, word_least=self.word_least, symbols=self.symbols, stop_words=self.stop_words)
        good = self.word_most >= self.word_least
        check("word_most", self.word_most, good, f"at least word_least ({self.word_least:g})")


@dataclass(frozen=True)
class Repetition:
    """Gopher's table A1; shares count what repeats, the first time left out."""

    use: bool = option(True, help="Gopher's repetition filter")
    answers: int = option(0, help="answers from this many words on are judged too (0: none)")
    lines: float = option(0.30, help="share of lines that repeat an earlier one")
    paragraphs: float = option(0.30, help="the same of paragraphs")
    line_characters: float = option(0.20, help="share of characters in such lines")
    paragraph_characters: float = option(0.20, help="the same of paragraphs")
    top: tuple[float, float, float] = option(
        (0.20, 0.18, 0.16), help="share of characters in the commonest 2-, 3-, 4-gram"
    )
    grams: tuple[float, float, float, float, float, float] = option(
        (0.15, 0.14, 0.13, 0.12, 0.11, 0.10), help="the same in all repeated 5- to 10-grams"
    )

    def __post_init__(self) -> None:
        shares(lines=self.lines, paragraphs=self.paragraphs, grams=self.grams)
        shares(line_characters=self.line_characters)
        shares(paragraph_characters=self.paragraph_characters)
        at_least(0, answers=self.answers, top=self.top)  # n-grams overlap: above 1 there can be


@dataclass(frozen=True)
class Boilerplate:
    """What synthetic assistants say of themselves; the list is boilerplate.toml.

    The path of one's own `phrases` is no part of a result; what the file says (`own`) is.
    """

    use: bool = option(True, help="remove answers that speak as a synthetic assistant")
    kinds: tuple[Boilerplates, ...] = option(
        ("identity", "cutoff", "maker", "feelings", "policy"),
        help="families of the list; there is also courtesy",
    )
    documents: bool = option(False, help="search documents too, not only answers")
    asked: bool = option(True, help="leave answers to a user who asks what the assistant is")
    phrases: str = runtime("", help="a file of your own phrases, one a line, searched beside these")
    own: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", read_phrases(self.phrases) if self.phrases else ())


@dataclass(frozen=True)
class Refusals:
    """Answers that decline and say neither why nor what else; the list is refusals.toml."""

    use: bool = option(True, help="remove refusals without reason")
    most: int = option(60, help="longer answers are taken to say why")

    def __post_init__(self) -> None:
        at_least(0, most=self.most)


@dataclass(frozen=True)
class Personal:
    """Personal data and secrets, found by patterns and check digits."""

    use: bool = option(True, help="mask personal data and keys")
    action: Literal["mask", "remove"] = option("mask", help="mask in place, or remove the row")
    kinds: tuple[Kinds, ...] = option(
        ("mail", "phone", "iban", "card", "ip", "key"), help="which kinds are looked for"
    )
    reserved: bool = option(
        False, help="also example.com, private and documentation addresses, 555-01xx"
    )
    presidio: tuple[str, ...] = option(
        (), help="further entities by the package presidio-analyzer, e.g. PERSON,LOCATION"
    )
    presidio_score: float = option(0.6, help="presidio's confidence at least")

    def __post_init__(self) -> None:
        shares(presidio_score=self.presidio_score)


@dataclass(frozen=True)
class Conflicts:
    """Comparisons made more than once."""

    use: bool = option(True, help="find contradictions; pool what several people said")
    same: Literal["flag", "remove"] = option(
        "flag", help="one person who said both under one rubric"
    )
    by_group: bool = option(True, help="one soft preference a group, else one of everybody")
    person: str = option("annotator", help="field that names who judged, where rows have none")
    group: str = option("group", help="field that names the group")
    rubric: str = option("rubric", help="field that names the rubric")


@dataclass(frozen=True)
class Condition:
    """Metadata rendered into the text, so that it can be asked for at generation."""

    fields: tuple[str, ...] = option((), help="fields rendered as a heading, e.g. source,date")
    share: float = option(1.0, help="share of the rows that get it (drawn by the row's words)")

    def __post_init__(self) -> None:
        shares(share=self.share)


@dataclass(frozen=True)
class Cleaning:
    """All rules in the order in which they look at a row; the first that objects removes it."""

    encodings: Encodings = field(default_factory=Encodings)
    pairs: Pairs = field(default_factory=Pairs)
    language: Language = field(default_factory=Language)
    length: Length = field(default_factory=Length)
    quality: Quality = field(default_factory=Quality)
    repetition: Repetition = field(default_factory=Repetition)
    boilerplate: Boilerplate = field(default_factory=Boilerplate)
    refusals: Refusals = field(default_factory=Refusals)
    personal: Personal = field(default_factory=Personal)
    conflicts: Conflicts = field(default_factory=Conflicts)
    contamination: Contamination = field(default_factory=Contamination)
    duplicates: Duplicates = field(default_factory=Duplicates)
    condition: Condition = field(default_factory=Condition)
    longest_line: int = option(16, help="a line of more than this many MB is dropped or an error")
    workers: int = runtime(0, help="processes for the rows (0: two where the file is large)")

    def __post_init__(self) -> None:
        at_least(1, longest_line=self.longest_line)
        at_least(0, workers=self.workers)

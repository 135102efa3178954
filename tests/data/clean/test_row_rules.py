"""The rules on one row: encodings, pairs, language, length, quality, repetition."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from plumbline.core.types import (
    Choice,
    Demonstration,
    Edit,
    Message,
    Ranking,
    Rating,
    answer,
    assistant,
    user,
)
from plumbline.data.clean import encodings
from plumbline.data.clean.language import detect, language
from plumbline.data.clean.pairs import pairs
from plumbline.data.clean.quality import STOP_WORDS, length, quality
from plumbline.data.clean.repetition import _grams, repetition
from plumbline.data.clean.rule import Said, said
from plumbline.data.clean.settings import (
    Encodings,
    Language,
    Length,
    Pairs,
    Quality,
    Repetition,
)

PROSE = (
    "Water that falls on the hills finds its way to the sea, and on its way it feeds the towns "
    "which people have built along its banks. Some of it is drunk, some turns wheels, and the "
    "rest carries boats with grain, cloth and timber from one market to another until the river "
    "grows wide and slow and gives up its load of sand."
)
PLACES = {
    "de": "Die Straße führt über den Hügel, und das Wasser fließt nicht mehr in die Stadt zurück.",
    "fr": "Le chemin monte vers la colline et les gens qui y vivent n'ont pas beaucoup de temps.",
    "es": "El camino sube hacia la colina y los que viven allí no tienen mucho tiempo para nada.",
    "it": "Il sentiero sale verso la collina e le persone che vivono lì non hanno molto tempo.",
    "pt": "O caminho sobe para a colina e as pessoas que vivem lá não têm muito tempo para nada.",
    "nl": "Het pad loopt naar de heuvel en de mensen die daar wonen hebben niet veel tijd meer.",
    "sv": "Vägen går upp mot kullen och de som bor där har inte mycket tid för något annat.",
    "da": "Vejen går op mod bakken, og de mennesker, der bor der, har ikke meget tid til noget.",
    "pl": "Droga prowadzi na wzgórze, a ludzie, którzy tam mieszkają, nie mają już dużo czasu.",
    "cs": "Cesta vede na kopec a lidé, kteří tam žijí, už nemají mnoho času, protože je podzim.",
    "fi": "Tie vie mäelle, ja ihmiset, jotka siellä asuvat, eivät ole enää kotona, kun on syksy.",
    "tr": "Yol tepeye çıkar ve orada yaşayan insanlar için artık çok zaman yok, ama bu iyi.",
    "ro": "Drumul duce pe deal și oamenii care sunt acolo nu au mult timp pentru nimic din ce e.",
    "ru": "Дорога ведёт на холм, и у людей, которые там живут, мало времени.",
    "zh": "这条路通向山上，住在那里的人没有多少时间。",
    "ja": "この道は丘へ続き、そこに住む人々にはあまり時間がない。",
    "ar": "الطريق يؤدي إلى التل والناس الذين يعيشون هناك ليس لديهم وقت كثير.",
}


@pytest.mark.parametrize("name", PLACES)
def test_languages(name: str) -> None:
    assert detect(PLACES[name]).language == name
    assert detect(PROSE).language == "en"


def test_language_is_asked_for() -> None:
    german = Said(document=PLACES["de"])
    assert language(german, Language()) is None
    assert language(german, Language(keep=("de", "fr"))) is None
    found = language(german, Language(keep=("en",)))
    assert found and found.why == "in de"


def test_short_and_unknown_texts_stay_unless_told() -> None:
    settings = Language(keep=("en",))
    assert language(Said(document="Zwei Wörter"), settings) is None
    nothing = Said(document="xkcd qwrt zzyx plugh frotz blorb")
    assert language(nothing, settings) is None
    assert language(nothing, Language(keep=("en",), unknown="remove"))


def test_a_conversation_is_judged_by_its_answers() -> None:
    asked = Said(asked=("Translate this into German, please, and write all of it.",))
    both = Said(asked=asked.asked, answers=(PLACES["de"],))
    assert language(asked, Language(keep=("en",))) is None
    assert language(both, Language(keep=("en",)))


def test_mojibake_goes_back(text: str = "„Größe“ – café, naïve, Łódź, ὀξύς, день, €5 … 👍") -> None:
    spoilt = text.encode().decode("cp1252", errors="surrogateescape")
    spoilt = "".join(chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c for c in spoilt)
    mended, done = encodings.mend(spoilt)
    assert mended == text and set(done) == {"mojibake"}


@pytest.mark.parametrize(
    "text",
    [
        "„Ä“ ist ein Buchstabe", "Maß– und Größe", "PASSÉ… et présent", "NÃO É", "Straße “so”",
        "naïve café — “ok” €5 ½ °C", "ÀÉÎÕÜ", "день и ночь", "日本語", "l’Été»",
    ],
)  # fmt: skip
def test_sound_text_is_left(text: str) -> None:
    assert encodings.mend(text) == (text, Counter())


def test_control_and_lost_characters() -> None:
    assert encodings.mend("a\x00b\x07c\td\ne\ufffdf\ud800") == (
        "abc\td\nef",
        Counter({"control characters": 2, "lost characters": 2}),
    )
    assert encodings.beyond("\ufffd" + "a" * 998, Encodings()) is not None
    assert encodings.beyond("\ufffd" + "a" * 1000, Encodings()) is None
    assert encodings.beyond("\x00" * 2 + "a" * 100, Encodings()) is not None
    assert encodings.beyond("cafÃ© au lait", Encodings()) is None
    found = encodings.beyond("cafÃ© au lait", Encodings(action="remove"))
    assert found and found.why == "mojibake"


def test_trouble_sees_whatever_is_mended() -> None:
    for text in ("cafÃ©", "a\x01", "\ufffd", "é\x9f", "\ud800", "â€™"):
        assert encodings.trouble(text) and encodings.mend(text)[1]
    assert not encodings.trouble("plain") and not encodings.trouble("été à l’œil, 10 €")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (Said(asked=("q",), answers=("",)), "empty answer"),
        (Said(asked=(" ",), answers=("a",)), "empty prompt"),
        (Said(asked=("q",), answers=("a",), others=("\n",)), "empty answer"),
        (Said(asked=("q",), answers=("a  b",), others=("c", " a b\n")), "equal answers"),
        (Said(document=" \n"), "empty document"),
    ],
)
def test_pairs(words: Said, why: str) -> None:
    found = pairs(words, Pairs())
    assert found and found.why == why


def test_sound_pairs_stay() -> None:
    assert pairs(Said(asked=("q",), answers=("a",), others=("b",)), Pairs()) is None
    assert pairs(Said(asked=("only a prompt",)), Pairs()) is None


def test_what_is_imitated() -> None:
    """Rules look at the best answers; what lost may be as bad as it likes."""
    q, good, bad = (user("q"),), answer("good"), answer("bad")
    assert said(Ranking(q, (bad, good), ((1,), (0,)))).answers == ("good",)
    assert said(Ranking(q, (bad, good), ((1,), (0,)))).others == ("bad",)
    assert said(Choice(q, bad, False)).answers == ()
    assert said(Rating(q, good, 5, low=1, high=5)).answers == ("good",)
    assert said(Rating(q, bad, 1, low=1, high=5)).others == ("bad",)
    assert said(Edit(q, bad, good)).answers == ("good",)
    talk = Demonstration((user("q"), assistant("a"), user("r"), assistant("b")))
    assert said(talk) == Said(asked=("q", "r"), answers=("a", "b"))
    assert said(Demonstration((Message("text", "t"),))) == Said(document="t")


def test_length() -> None:
    least = Length(least=5, most=7)
    for count, kept in ((4, False), (5, True), (7, True), (8, False)):
        assert (length(Said(document="w " * count), least) is None) is kept
    chat = Said(asked=("q",), answers=("one two three",))
    assert length(chat, Length()) is None
    assert length(chat, Length(answer_least=4)) and length(chat, Length(answer_most=2))


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("to be of a " * 20 + "it is", "words too short"),
        ("internationalisation and responsibilities " * 20, "words too long"),
        (PROSE.replace(" ", " #", 12), "too many symbols"),
        (PROSE.replace(" ", "... ", 12), "too many symbols"),
        (PROSE + " 12 34 56" * 8, "too few words with letters"),
        ("\n".join(f"- {line}" for line in PROSE.split(", ")), "nearly all lines are bullets"),
        ("\n".join(f"{line}..." for line in PROSE.split(". ")), "too many lines end with an"),
        (" ".join(w for w in PROSE.split() if len(w) > 4), "too few stop words"),
    ],
)
def test_gophers_quality(document: str, why: str) -> None:
    found = quality(Said(document=document), Quality(word_least=3.0))
    assert found and found.why.startswith(why)
    assert quality(Said(document=PROSE), Quality()) is None
    assert quality(Said(asked=(document,), answers=(document,)), Quality()) is None


def test_stop_words_of_other_languages() -> None:
    for name in STOP_WORDS:
        if name in PLACES:
            text = " ".join(PLACES.values()) if name == "en" else PLACES[name] * 3
            assert quality(Said(document=text), Quality(word_least=1)) is None, name


def test_repetition_by_share() -> None:
    words = PROSE.split()
    twice = Said(document=" ".join(words + words[: len(words) // 4]))
    found = repetition(twice, Repetition())
    assert found and found.why.endswith("grams repeat")
    assert repetition(Said(document=PROSE), Repetition()) is None
    stuck = Said(document=PROSE + " on and on" * 15)
    assert repetition(stuck, Repetition())
    again = Said(document="\n".join([*PROSE.split(", "), *PROSE.split(", ")[:3]]))
    assert (found := repetition(again, Repetition())) and found.why == "lines repeat"
    assert repetition(again, Repetition(lines=0.5, line_characters=0.5, grams=(1,) * 6)) is None


def test_repetition_of_answers_is_for_long_ones() -> None:
    stuck = "so it goes " * 30
    assert repetition(Said(answers=(stuck,)), Repetition()) is None
    assert repetition(Said(answers=(stuck,)), Repetition(answers=50))
    assert repetition(Said(answers=(stuck[:90],)), Repetition(answers=50)) is None


def slow_shares(words: list[str]) -> dict[int, float]:
    """Table A1's n-gram shares, written plainly."""
    whole = len(" ".join(words))
    shares = {}
    for n in range(2, 11):
        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        counts = Counter(grams)
        if n <= 4:
            top = max(counts.values(), default=0)
            best = max((len(" ".join(g)) for g, c in counts.items() if c == top), default=0)
            shares[n] = top * best / whole if top > 1 else 0.0
            continue
        covered, seen = set(), set()
        for i, gram in enumerate(grams):
            if gram in seen:
                covered |= set(range(i, i + n))
            seen.add(gram)
        shares[n] = min(1.0, sum(len(words[i]) + 1 for i in covered) / whole)
    return shares


@pytest.mark.parametrize("seed", range(40))
def test_repetition_equals_its_plain_form(seed: int) -> None:
    """The hashes and bounds say what counting tuples says, threshold by threshold."""
    rng = random.Random(seed)
    few = [PROSE.split()[i] for i in range(rng.choice((3, 8, 40)))]
    words = rng.choices(few, k=rng.randint(1, 120))
    shares = slow_shares(words)
    for n, share in shares.items():
        below, above = max(0.0, share * 0.999 - 1e-9), share * 1.001 + 1e-9
        for most, expected in ((below, share > 0), (above, False)):
            top = tuple(most if n == k else 9.0 for k in (2, 3, 4))
            grams = tuple(min(1.0, most) if n == k else 1.0 for k in range(5, 11))
            found = _grams(words, Repetition(top=top, grams=grams))  # type: ignore[arg-type]
            assert (found is not None) is expected, (n, share, most)

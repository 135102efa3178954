"""How likely a model finds each of a few options, as its next words.

From log-probabilities (`followed`): every likely next token that spells an option counts for it,
whatever white space, brackets, quotes or stars stand around it, and their probabilities add up.
What is left, up to 1, is the rest. An option that is not among those the endpoint shows (20 at
most) has -inf: its probability is smaller than theirs, and stands in the rest.

From n draws, where an endpoint gives no log-probabilities: with c draws for an option, K options,

    p = (c + 1/2) / (n + (K + 1) / 2)

which is add-half smoothing (Jeffreys' prior) over the options and the rest.

An option is a word, or several that mean the same ("A", "(A)", "first"). It should be one token of
the model: a letter, a digit, a short word. Of longer ones the first token alone would not tell, so
where an option begins with another ("1", "10") what follows is read as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from plumbline.core.errors import UserError

AROUND = r"[\s()\[\]{}<>*_\"'`“”‘’«»#:.,-]*"
"""What may stand around an option."""
BARE = re.compile(f"{AROUND}(.*?){AROUND}", re.DOTALL)
Option = str | Sequence[str]
Forms = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Odds:
    """Log-probabilities in nats by option (the first of its words), in their order, and the
    probability of all else; they add up to 1.

    how: from log-probabilities, or from `draws` draws, smoothed. note: why it was those, and what
    was said where no option was. least: log-probability of the unlikeliest token shown, which is
    the most that an option with -inf has. open: of the rest, what begins an option and was not
    followed. silent: none of the draws says an option.
    """

    logp: dict[str, float]
    rest: float
    how: Literal["logprobs", "sampled"] = "logprobs"
    draws: int = 0
    note: str = ""
    least: float = -math.inf
    open: float = 0.0
    silent: bool = False


def forms(options: Sequence[Option]) -> dict[str, Forms]:
    """The words of each option without what stands around them, by the first. UserError for what
    is none, or no two."""
    found = {}
    for option in options:
        words = tuple(_bare(one) for one in ((option,) if isinstance(option, str) else option))
        if not words or not all(words):
            raise UserError(f"{option!r} is no option", fix="give letters, digits or words")
        found[words[0]] = tuple(dict.fromkeys(words))
    if len(found) < max(2, len(options)):
        raise UserError(f"{list(options)} are no options", fix="give two or more, each once")
    return found


def begun(options: dict[str, Forms]) -> bool:
    """Whether an option begins with another, so that a first token does not tell them apart ("1"
    may be that of "10")."""
    return any(
        _same(whole[: len(short)], short)
        for one, other in permutations(options.values(), 2)
        for short in one
        for whole in other
    )


def spoken(text: str, options: dict[str, Forms]) -> str | None:
    """The option that a text begins with (of several the longest), or None.

    Case does not matter but for a single letter, and a word after a single letter makes it another
    thing ("A good answer" is not "A").
    """
    said = _started(text)
    found = [(len(w), one) for one, words in options.items() for w in words if _begins(said, w)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def unfinished(text: str, options: dict[str, Forms]) -> bool:
    """Whether a text may be the beginning of an option that is longer."""
    said = _started(text)
    words = (word for own in options.values() for word in own)
    return bool(said) and any(len(w) > len(said) and _same(w[: len(said)], said) for w in words)


def _started(text: str) -> str:
    """A text from its first word on."""
    start = re.match(AROUND, text)
    return text[start.end() :] if start else text


def _begins(said: str, word: str) -> bool:
    head, after = said[: len(word)], said[len(word) :]
    article = len(word) == 1 and word.isalpha() and re.match(r"\s+\w", after)
    return _same(head, word) and not after[:1].isalnum() and not article


def _same(head: str, word: str) -> bool:
    return head == word or (len(word) > 1 and head.casefold() == word.casefold())


def _bare(text: str) -> str:
    found = BARE.fullmatch(text)
    return found[1] if found else text


def from_draws(texts: Sequence[str], options: dict[str, Forms], why: str) -> Odds:
    """Odds from what was said when it was asked again and again, which `why` gives a reason for."""
    found = [spoken(text, options) for text in texts]
    whole = len(texts) + (len(options) + 1) / 2
    logp = {option: math.log((found.count(option) + 0.5) / whole) for option in options}
    note = f"{why}; counted from {len(texts)} draws, add-half smoothed"
    silent = not any(found)
    if texts and silent:
        note += f"; none says an option, the first is {texts[0][:80]!r}"
    rest = (found.count(None) + 0.5) / whole
    return Odds(logp, rest, "sampled", len(texts), note, silent=silent)

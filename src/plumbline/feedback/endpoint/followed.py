"""Options by the tokens that replies show; of which one begins with another ("1", "10"), by what
follows.

    P("10") = P("10" as one token) + P("1") P("0" | "1")
    P("1") = P("1" as one token) - what goes on to another option

The first token's chances stand in every reply. What follows "1" stands only in a reply that begins
with it and goes on, and no address can be told how to begin; so replies are drawn until it is
`settled`, or as many as are allowed. Of k drawn replies that end behind "1" where nothing of what
follows is shown, (k + 1/2) / (k + 1) of it is taken to end there. What stays open belongs to no
option and stands in the rest: with a share s of what falls on options open, the mean of options
that lie within [a, b] is off by (b - a) s at most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from plumbline.feedback.endpoint.likely import Likely, Place
from plumbline.feedback.endpoint.options import Forms, Odds, spoken, unfinished

MATTERS = 0.01
"""Of what falls on options, the share that may stay open: it moves the mean of grades from 1 to 10
by 0.09 at most."""
Path = tuple[str, ...]


def reach(options: dict[str, Forms]) -> int:
    """Tokens of a reply that show all that may have to be told apart: one a character at most."""
    return max(len(word) for words in options.values() for word in words)


def followed(replies: Sequence[Sequence[Place]], options: dict[str, Forms]) -> Odds:
    """Odds from replies to one request, each of which shows the likeliest tokens in its places."""
    tree = _Tree(replies, options)
    first = tree.shown[()]
    for token, shown in first:
        tree.share((token,), math.exp(min(shown, 0.0)))
    total = sum(tree.mass.values())
    scale = max(total, 1.0)  # rounded log-probabilities may add up to a little more than 1
    logp = {one: math.log(p / scale) if p else -math.inf for one, p in tree.mass.items()}
    best = max(first, key=lambda one: one[1])[0]
    note = "" if total else f"no option is likely: the likeliest next token is {best!r}"
    rest = max(0.0, 1.0 - total)
    least = min(one for _, one in first)
    found = Odds(logp, rest, note=note, least=least, open=min(tree.open, rest))
    if settled(found):
        return found
    why = f"{found.open:.3f} begins an option, and no reply shows how it goes on"
    return replace(found, note=why)


def settled(odds: Odds) -> bool:
    """Whether next to nothing of what falls on options is open."""
    return odds.open <= MATTERS * (1 - odds.rest + odds.open)


class _Tree:
    """What replies show behind each beginning, and what that comes to by option."""

    def __init__(self, replies: Sequence[Sequence[Place]], options: dict[str, Forms]) -> None:
        self.options, self.mass, self.open = options, dict.fromkeys(options, 0.0), 0.0
        self.shown: dict[Path, Likely] = {}
        self.ended: Counter[Path] = Counter()
        for places in replies:
            path = tuple(token for token, _ in places)
            self.ended[path] += 1
            for n, (_, likely) in enumerate(places):
                if likely:
                    self.shown.setdefault(path[:n], likely)

    def share(self, path: Path, p: float) -> None:
        """Give the probability of a beginning to the options that it may become."""
        text = "".join(path)
        option = spoken(text, self.options)
        if not unfinished(text, self.options):
            self._give(option, p)
        elif path in self.shown:
            on = [one for one in self.shown[path] if self._leaves(option, text + one[0])]
            parts = [p * math.exp(min(logp, 0.0)) for _, logp in on]
            self._give(option, max(0.0, p - sum(parts)))
            for (token, _), part in zip(on, parts, strict=True):
                self.share((*path, token), part)
        else:
            ended = self.ended[path]
            here = p * (ended + 0.5) / (ended + 1) if ended else 0.0
            self._give(option, here)
            self.open += p - here

    def _leaves(self, option: str | None, text: str) -> bool:
        """Whether a text is, or may become, another option than the one that it went on from."""
        return spoken(text, self.options) not in (None, option) or unfinished(text, self.options)

    def _give(self, option: str | None, p: float) -> None:
        if option is not None:
            self.mass[option] += p

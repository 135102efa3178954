"""What the settings of all rules share: the ranges that numbers must lie in.

A number outside is a UserError, to which `core.settings.overlay` adds where it was written. Without
these a share of 30 (for 0.30) would be taken and never reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from plumbline.core.errors import UserError

THREADS = "threads (0: one a core, at most 4)"
"""The help of a rule's own `workers`."""

Numbers = float | tuple[float, ...]


def shares(**values: Numbers) -> None:
    """Each value, and each number of a list, is 0 to 1."""
    for name, number in _each(values):
        check(name, number, 0 <= number <= 1, "0 to 1")


def at_least(bound: float, **values: Numbers) -> None:
    """No value, and no number of a list, is below the bound."""
    for name, number in _each(values):
        check(name, number, number >= bound, f"at least {bound:g}")


def check(name: str, value: float, good: bool, expected: str) -> None:
    """UserError that names the setting where its value is not good."""
    if not good:
        raise UserError(f"{name} is {value}, expected {expected}", fix=f"give {name} {expected}")


def _each(values: Mapping[str, Numbers]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        yield from ((name, one) for one in (value if isinstance(value, tuple) else (value,)))

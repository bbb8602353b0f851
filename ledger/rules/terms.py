"""Terms: the halves of a school year, by which what came of something is counted.

The fall is from 1 July to 31 December, the spring from 1 January to 30 June.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.errors import InvalidError

FALL_STARTS_MONTH = 7
FALL, SPRING = "fall", "spring"


class NoSuchTermError(InvalidError):
    """A term is named by its school year and its half, as in "2024-25 fall"."""

    slug = "no-such-term"


@dataclass(frozen=True, slots=True)
class Term:
    """Half a school year, with the days on which it begins and ends."""

    name: str
    first_day: date
    last_day: date


def term_of(day: date) -> Term:
    """The term that a day lies in."""
    if day.month >= FALL_STARTS_MONTH:
        begun, half, first, last = day.year, FALL, (FALL_STARTS_MONTH, 1), (12, 31)
    else:
        begun, half, first, last = day.year - 1, SPRING, (1, 1), (FALL_STARTS_MONTH - 1, 30)
    name = f"{begun:04}-{(begun + 1) % 100:02} {half}"
    return Term(name, date(day.year, *first), date(day.year, *last))


def term_named(name: str) -> Term:
    """The term of a name. Raises NoSuchTermError."""
    year, half = name[:4], name[8:]
    if year.isascii() and year.isdecimal() and half in {FALL, SPRING}:
        begun = int(year)
        within = {FALL: (begun, FALL_STARTS_MONTH), SPRING: (begun + 1, 1)}[half]
        if (
            date.min.year <= begun < date.max.year
            and (term := term_of(date(*within, 1))).name == name
        ):
            return term
    raise NoSuchTermError(f"there is no term {name!r}")

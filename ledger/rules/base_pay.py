"""How a year's rise of base pay falls on the days on which it is paid."""

from __future__ import annotations

from typing import NamedTuple


class Pays(NamedTuple):
    """So many pays in a year: each of the same cents, the last with what is left."""

    pays: int
    each_cents: int
    last_cents: int


def over_pays(annual_cents: int, pays: int) -> Pays:
    """A year's cents over its pays, of which there is one at least; they add up to the year.

    1,200.00 dollars over 26 pays are 25 times 46.15, and 46.25.
    """
    each = annual_cents // pays
    return Pays(pays, each, annual_cents - each * (pays - 1))

"""How far two assessors agree who score the same work without seeing each other's scores.

Agreement is how often both say the same; Cohen's kappa is how much of what chance would leave open
they agree on. The two differ most where nearly everybody passes: then kappa says little.
Source: docs/sources.md#reliability.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt

Z_95 = 1.96  # of a normal distribution: 95 % lie within so many standard errors
PAIRS_MIN = 10
BY_CHANCE_MAX = Fraction(8, 10)
PER_MILLE = 1000


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs of judgments by which they came out, and what that comes to in thousandths.

    `kappa_per_mille` and its interval are null where chance alone would make all the same. It is
    `unstable` of fewer than ten pairs, and where chance alone would make four of five the same.
    """

    pairs: int
    both_met: int
    first_met: int  # and the second not
    second_met: int
    neither_met: int
    agreement_per_mille: int | None = None  # null: of no pairs
    kappa_per_mille: int | None = None
    kappa_low_per_mille: int | None = None  # of an interval of 95 %
    kappa_high_per_mille: int | None = None
    unstable: bool = True


def agreement_of(judged: Iterable[tuple[bool, bool]]) -> Agreement:
    """What pairs of judgments come to, each as both saw it: whether it was met."""
    made = list(judged)
    both, first, second, neither = (made.count(pair) for pair in _KINDS)
    pairs = len(made)
    found = Agreement(pairs, both, first, second, neither)
    if not pairs:
        return found
    same = Fraction(both + neither, pairs)
    by_chance = Fraction(
        (both + first) * (both + second) + (neither + first) * (neither + second), pairs**2
    )
    found = replace(
        found,
        agreement_per_mille=_per_mille(same),
        unstable=pairs < PAIRS_MIN or by_chance > BY_CHANCE_MAX,
    )
    if by_chance == 1:
        return found
    kappa = (same - by_chance) / (1 - by_chance)
    off = Fraction(Z_95 * sqrt(same * (1 - same) / pairs)) / (1 - by_chance)
    return replace(
        found,
        kappa_per_mille=_per_mille(kappa),
        kappa_low_per_mille=_per_mille(max(kappa - off, Fraction(-1))),
        kappa_high_per_mille=_per_mille(min(kappa + off, Fraction(1))),
    )


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The smallest of the values that so many percent of them do not exceed; null of none."""
    if not values:
        return None
    rank = -(-percent * len(values) // 100)
    return sorted(values)[max(rank, 1) - 1]


def _per_mille(share: Fraction) -> int:
    return round(share * PER_MILLE)


_KINDS = ((True, True), (True, False), (False, True), (False, False))

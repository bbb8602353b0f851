"""A payroll batch beside the one before: which totals and whose pay differ by more than a quarter.

Who is paid in one of them alone is counted and not warned of: stipends come once, so in most
batches that is nearly everybody, and a warning that is always there is read by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ledger.rules.payroll import Totals, totals

WARN_ABOVE_PERCENT = 25
PAID = tuple[UUID, int]  # who, and how many cents a line of hers has


@dataclass(frozen=True, slots=True)
class Difference:
    """An amount that differs from that of the batch before by more than a quarter, in cents."""

    about: Literal["sum", "positive", "negative", "person"]
    person_id: UUID | None
    before_cents: int
    now_cents: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A batch beside the last one before it that was not voided."""

    compared_with: int
    before: Totals
    now: Totals
    new_persons: int
    absent_persons: int
    warnings: tuple[Difference, ...]  # of totals first, then of persons by their ids


def compare(number: int, before: Iterable[PAID], now: Iterable[PAID]) -> Comparison:
    """Compare the lines of two batches, the earlier of which has this number."""
    paid_before, paid_now = list(before), list(now)
    sums = totals(cents for _, cents in paid_before), totals(cents for _, cents in paid_now)
    persons = _by_person(paid_before), _by_person(paid_now)
    both = sorted(persons[0].keys() & persons[1].keys())
    found = [
        Difference("sum", None, sums[0].sum_cents, sums[1].sum_cents),
        Difference("positive", None, sums[0].positive_cents, sums[1].positive_cents),
        Difference("negative", None, sums[0].negative_cents, sums[1].negative_cents),
        *(Difference("person", one, persons[0][one], persons[1][one]) for one in both),
    ]
    return Comparison(
        compared_with=number,
        before=sums[0],
        now=sums[1],
        new_persons=len(persons[1].keys() - persons[0].keys()),
        absent_persons=len(persons[0].keys() - persons[1].keys()),
        warnings=tuple(one for one in found if _differs(one.before_cents, one.now_cents)),
    )


def _differs(before_cents: int, now_cents: int) -> bool:
    return abs(now_cents - before_cents) * 100 > abs(before_cents) * WARN_ABOVE_PERCENT


def _by_person(paid: Iterable[PAID]) -> Counter[UUID]:
    sums: Counter[UUID] = Counter()
    for person_id, cents in paid:
        sums[person_id] += cents
    return sums

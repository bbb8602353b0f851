"""A payroll batch beside the one before: which totals and whose pay differ by more than a quarter.

Who is paid in one of them alone is counted and not warned of: stipends come once, so in most
batches that is nearly everybody, and a warning that is always there is read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ledger.rules.payroll import Totals, totals

WARN_ABOVE_PERCENT = 25
# Who, and how many cents a line of hers has. Her id is a text, as lines have it: there may be a
# hundred thousand, and ids as values would take longer than all the rest.
Paid = tuple[str, int]


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


def compare(number: int, before: Sequence[Paid], now: Sequence[Paid]) -> Comparison:
    """Compare the lines of two batches, the earlier of which has this number."""
    sums_before, sums_now = (totals(cents for _, cents in lines) for lines in (before, now))
    persons_before, persons_now = _by_person(before), _by_person(now)
    sums = [
        Difference("sum", None, sums_before.sum_cents, sums_now.sum_cents),
        Difference("positive", None, sums_before.positive_cents, sums_now.positive_cents),
        Difference("negative", None, sums_before.negative_cents, sums_now.negative_cents),
    ]
    in_both = persons_before.keys() & persons_now.keys()
    changed = [one for one in in_both if _differs(persons_before[one], persons_now[one])]
    return Comparison(
        compared_with=number,
        before=sums_before,
        now=sums_now,
        new_persons=len(persons_now) - len(in_both),
        absent_persons=len(persons_before) - len(in_both),
        warnings=(
            *(one for one in sums if _differs(one.before_cents, one.now_cents)),
            *(
                Difference("person", UUID(one), persons_before[one], persons_now[one])
                for one in sorted(changed)
            ),
        ),
    )


def _differs(before_cents: int, now_cents: int) -> bool:
    return abs(now_cents - before_cents) * 100 > abs(before_cents) * WARN_ABOVE_PERCENT


def _by_person(lines: Iterable[Paid]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for person, cents in lines:
        sums[person] = sums.get(person, 0) + cents
    return sums

"""A payroll batch beside the one before: which totals and whose pay differ by more than a quarter.

Who is paid in one of them alone is counted and not warned of: stipends come once, so in most
batches that is nearly everybody, and a warning that is always there is read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ledger.rules.payroll import Totals, totals

WARN_ABOVE_PERCENT = 25
# Who, and how many cents a line of hers has. Her id is a text, as lines have it: there may be a
# hundred thousand, and ids as values would take longer than all the rest.
PaidLine = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Paid:
    """What the lines of a batch come to, together and for each person, in cents."""

    sums: Totals
    by_person: Mapping[str, int]

    def meaning(self, meant: Mapping[str, str]) -> Paid:
        """The same where some ids mean the person of another one."""
        if not meant:
            return self
        lines = ((meant.get(one, one), cents) for one, cents in self.by_person.items())
        return Paid(self.sums, _by_person(lines))


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


def paid(lines: Iterable[PaidLine]) -> Paid:
    """Add up the lines of a batch."""
    found = list(lines)
    return Paid(totals(cents for _, cents in found), _by_person(found))


def compare(number: int, before: Paid, now: Paid) -> Comparison:
    """Compare what two batches pay, the earlier of which has this number."""
    sums_before, sums_now = before.sums, now.sums
    persons_before, persons_now = before.by_person, now.by_person
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


def _by_person(lines: Iterable[PaidLine]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for person, cents in lines:
        sums[person] = sums.get(person, 0) + cents
    return sums

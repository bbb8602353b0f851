"""What payroll's rules speak of: what is owed, adopted and tried, and sums over lines.

An entitlement is known here by what it comes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.events.batch import LineKind, OriginalLine, ResultStatus
from ledger.events.payroll import PayrollTerms
from ledger.values import stream_id

LineStatus = Literal[
    "batched",
    "closed",
    "exported",
    "accepted",
    "paid",
    "rejected",
    "bypassed",
    "voided",
    "released",
    "written_off",
]
FREE: frozenset[LineStatus] = frozenset({"voided", "rejected", "released"})  # to be tried again
HASH_TOTAL_MODULUS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What somebody earned, by what, and when: every record of it says so."""

    entitlement_id: UUID
    person_id: UUID
    policy_id: UUID
    policy_version: int
    subject_id: UUID
    earned_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable(Earned):
    """What is owed for one instalment of one entitlement. Codes left out are the district's."""

    payable_on: date
    amount_cents: int
    instalment: int = 1
    share: int = 1  # where several funds pay an instalment, each pays a line of its own
    whole_cents: int | None = None  # of all instalments, what a person approves; null: one alone
    recovery: Literal["reversal", "clawback"] = "reversal"  # what taking it back is called
    earning_code: str | None = None
    fund_source: str | None = None
    account: str | None = None
    pensionable: bool | None = None

    @property
    def line_id(self) -> UUID:
        return line_id(self.entitlement_id, self.instalment, "earn", self.share)

    @property
    def to_approve_cents(self) -> int:
        """What a person approves where the terms ask for it: the entitlement, not each part."""
        return self.amount_cents if self.whole_cents is None else self.whole_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Earned):
    """A difference that somebody adopted, and that is or will be a line."""

    line_id: UUID
    correction: int
    kind: LineKind
    amount_cents: int
    original: OriginalLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTry(Earned):
    """The newest attempt of a line, and how it stands."""

    line_id: UUID
    attempt: int
    status: LineStatus
    kind: LineKind
    instalment: int
    amount_cents: int
    pay_date: date
    fund_source: str | None = None
    account: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is spent as far as rules and later batches go."""
        return self.status not in FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What people decided about one entitlement."""

    held: bool = False
    held_reason: str | None = None
    approved_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The control totals of some lines; amounts in cents."""

    lines: int
    sum_cents: int
    positive_cents: int
    negative_cents: int


@dataclass(frozen=True, slots=True)
class Variance:
    """What was exported, by what came of it; in cents. It has come out when nothing is left."""

    exported_cents: int
    accepted_cents: int
    rejected_cents: int
    bypassed_cents: int
    pending_cents: int

    @property
    def variance_cents(self) -> int:
        """What the payroll system's answers do not explain."""
        answered = self.accepted_cents + self.rejected_cents + self.bypassed_cents
        return self.exported_cents - answered - self.pending_cents


def line_id(entitlement_id: UUID, instalment: int, kind: LineKind, share: int = 1) -> UUID:
    """The id of a line, the same in every attempt; the first share's is that of the whole."""
    shares = () if share == 1 else (share,)
    return stream_id("line", entitlement_id, instalment, kind, *shares)


def apportion(cents: int, weights: Sequence[int]) -> list[int]:
    """An amount over shares by their weights, to the cent: the largest remainders round up.

    Of equal remainders the earlier comes first; without any weight the first share has it all.
    """
    whole = sum(weights)
    if not whole:
        return [0 if place else cents for place in range(len(weights))]
    sign = -1 if cents < 0 else 1
    exact = [divmod(abs(cents) * weight, whole) for weight in weights]
    left = abs(cents) - sum(floor for floor, _ in exact)
    by_remainder = sorted(range(len(weights)), key=lambda place: -exact[place][1])
    round_up = set(by_remainder[:left])
    return [sign * (floor + (place in round_up)) for place, (floor, _) in enumerate(exact)]


def totals(amounts_cents: Iterable[int]) -> Totals:
    found = list(amounts_cents)
    sum_cents, positive_cents = sum(found), sum([cents for cents in found if cents > 0])
    return Totals(
        lines=len(found),
        sum_cents=sum_cents,
        positive_cents=positive_cents,
        negative_cents=sum_cents - positive_cents,
    )


def hash_total(employee_numbers: Iterable[str]) -> int:
    """The sum of the digits of each number read as one number: a lost line changes it."""
    digits = (
        number if number.isdecimal() else "".join(filter(str.isdecimal, number))
        for number in employee_numbers
    )
    return sum(int(number or "0") for number in digits) % HASH_TOTAL_MODULUS


def terms_on(versions: Sequence[PayrollTerms], pay_date: date) -> int | None:
    """The number of the terms that hold on a day: of those begun, the newest; null for none."""
    begun = [
        (terms.effective_from, number)
        for number, terms in enumerate(versions, 1)
        if terms.effective_from <= pay_date
    ]
    return max(begun)[1] if begun else None


def variance(
    answered: Iterable[tuple[int, ResultStatus | None, int | None]],
) -> Variance:
    """Sums of lines by what came of them.

    Args:
        answered: Of each line its amount, the answer (null: none yet), and what was paid for it.
    """
    sums = {"accepted": 0, "rejected": 0, "bypassed": 0, "pending": 0}
    exported = 0
    for amount_cents, status, paid_cents in answered:
        exported += amount_cents
        took = paid_cents if status == "accepted" and paid_cents is not None else amount_cents
        sums[status or "pending"] += took
    return Variance(exported, sums["accepted"], sums["rejected"], sums["bypassed"], sums["pending"])

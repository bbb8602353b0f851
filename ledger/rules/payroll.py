"""Arithmetic of payroll: which lines a batch has, what they sum to, and what still differs.

An entitlement is known here by what it comes to. Closed lines are given and never change; where
they differ from what is owed now, the difference is proposed, and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.errors import RuleError
from ledger.events.batch import BatchLine, LineKind, OriginalLine, ResultStatus
from ledger.events.payroll import PayCode, PayrollTerms
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


class PayCodeMissingError(RuleError):
    """The district's payroll terms have no pay code for this policy."""

    slug = "pay-code-missing"


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
    whole_cents: int | None = None  # of all instalments, what a person approves; null: one alone
    recovery: Literal["reversal", "clawback"] = "reversal"  # what taking it back is called
    earning_code: str | None = None
    fund_source: str | None = None
    account: str | None = None
    pensionable: bool | None = None

    @property
    def line_id(self) -> UUID:
        return line_id(self.entitlement_id, self.instalment, "earn")

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

    @property
    def counts(self) -> bool:
        """Whether it is spent as far as rules and later batches go."""
        return self.status not in FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What people decided about one entitlement."""

    held: bool = False
    approved_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Earned):
    """What a line of the next batch would have to be, so that closed lines come to what is owed."""

    kind: LineKind
    amount_cents: int
    owed_cents: int
    closed_cents: int
    original_line_id: UUID
    original_attempt: int
    original_pay_date: date
    original_tax_year: int

    @property
    def original(self) -> OriginalLine:
        return OriginalLine(
            line_id=self.original_line_id,
            attempt=self.original_attempt,
            pay_date=self.original_pay_date,
            tax_year=self.original_tax_year,
        )


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


def line_id(entitlement_id: UUID, instalment: int, kind: LineKind) -> UUID:
    """The id of a line, the same in every attempt."""
    return stream_id("line", entitlement_id, instalment, kind)


def totals(amounts_cents: Iterable[int]) -> Totals:
    found = list(amounts_cents)
    return Totals(
        lines=len(found),
        sum_cents=sum(found),
        positive_cents=sum(cents for cents in found if cents > 0),
        negative_cents=sum(cents for cents in found if cents < 0),
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


def lines_of_batch(
    payables: Iterable[Payable],
    corrections: Iterable[Correction],
    tried: Mapping[UUID, LastTry],
    decided: Mapping[UUID, Decided],
    terms: PayrollTerms,
) -> list[BatchLine]:
    """Everything approved and payable that no earlier batch has, in the order given."""
    codes = {code.policy_id: code for code in terms.codes}
    by_person = terms.entitlements_approved_by == "person"
    nothing = Decided()
    lines = []
    for one in payables:
        about = decided.get(one.entitlement_id, nothing)
        approved = not by_person or about.approved_cents == one.to_approve_cents
        if not one.amount_cents or not approved or about.held:
            continue
        line = one.line_id  # costs a digest each time
        if _is_free(tried, line):
            lines.append(_earned(one, line, _attempt(tried, line), codes))
    for correction in corrections:
        held = decided.get(correction.entitlement_id, nothing).held
        stands = _still_stands(correction, tried)
        if stands and not held and _is_free(tried, correction.line_id):
            lines.append(_corrected(correction, _attempt(tried, correction.line_id), codes))
    return lines


def proposals(
    owed: Mapping[UUID, Payable],
    corrections: Iterable[Correction],
    tried: Mapping[UUID, LastTry],
) -> list[Proposal]:
    """Where the closed lines of an instalment and what is owed for it differ.

    Args:
        owed: What is owed now, by the id of the line it first became; missing means nothing.
        corrections: Everything adopted so far, whether it has become a line or not.
        tried: The newest attempt of every line.
    """
    closed = {
        line.line_id: line.amount_cents
        for line in tried.values()
        if line.kind == "earn" and line.counts
    }
    for correction in corrections:
        root = correction.original.line_id
        spent = not _is_free(tried, correction.line_id)
        if root in closed and (spent or _still_stands(correction, tried)):
            closed[root] += correction.amount_cents
    found = []
    for original_id, closed_cents in closed.items():
        now, line = owed.get(original_id), tried[original_id]
        owed_cents = now.amount_cents if now else 0
        if owed_cents != closed_cents and line.status != "written_off":
            found.append(_proposal(line, owed_cents, closed_cents, now))
    return found


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


def _still_stands(correction: Correction, tried: Mapping[UUID, LastTry]) -> bool:
    """Whether the very attempt that is corrected still counts: a new one comes out right."""
    root = tried.get(correction.original.line_id)
    return root is not None and root.counts and root.attempt == correction.original.attempt


def _is_free(tried: Mapping[UUID, LastTry], line: UUID) -> bool:
    last = tried.get(line)
    return last is None or not last.counts


def _attempt(tried: Mapping[UUID, LastTry], line: UUID) -> int:
    last = tried.get(line)
    return last.attempt + 1 if last else 1


def _code_of(codes: Mapping[UUID | None, PayCode], policy_id: UUID) -> PayCode | None:
    return codes.get(policy_id) or codes.get(None)


def _earned(
    one: Payable, line: UUID, attempt: int, codes: Mapping[UUID | None, PayCode]
) -> BatchLine:
    code = _code_of(codes, one.policy_id)
    earning_code = one.earning_code or (code.earning_code if code else None)
    if earning_code is None:
        raise PayCodeMissingError(f"policy {one.policy_id} has no pay code", policy=one.policy_id)
    return BatchLine(
        line_id=line,
        attempt=attempt,
        kind="earn",
        instalment=one.instalment,
        entitlement_id=one.entitlement_id,
        person_id=one.person_id,
        policy_id=one.policy_id,
        policy_version=one.policy_version,
        subject_id=one.subject_id,
        earned_on=one.earned_on,
        amount_cents=one.amount_cents,
        earning_code=earning_code,
        fund_source=one.fund_source or (code.fund_source if code else None),
        account=one.account or (code.account if code else None),
        pensionable=bool(code and code.pensionable if one.pensionable is None else one.pensionable),
        original=None,
    )


def _corrected(one: Correction, attempt: int, codes: Mapping[UUID | None, PayCode]) -> BatchLine:
    code = _code_of(codes, one.policy_id)
    if code is None:
        raise PayCodeMissingError(f"policy {one.policy_id} has no pay code", policy=one.policy_id)
    return BatchLine(
        line_id=one.line_id,
        attempt=attempt,
        kind=one.kind,
        instalment=one.correction,
        entitlement_id=one.entitlement_id,
        person_id=one.person_id,
        policy_id=one.policy_id,
        policy_version=one.policy_version,
        subject_id=one.subject_id,
        earned_on=one.earned_on,
        amount_cents=one.amount_cents,
        earning_code=code.earning_code if one.amount_cents > 0 else code.recovery_code,
        fund_source=code.fund_source,
        account=code.account,
        pensionable=code.pensionable,
        original=one.original,
    )


def _proposal(line: LastTry, owed_cents: int, closed_cents: int, now: Payable | None) -> Proposal:
    kind: LineKind = "adj"
    if owed_cents < closed_cents:
        kind = now.recovery if now else "reversal"
    return Proposal(
        entitlement_id=line.entitlement_id,
        person_id=line.person_id,
        policy_id=line.policy_id,
        policy_version=line.policy_version,
        subject_id=line.subject_id,
        earned_on=line.earned_on,
        kind=kind,
        amount_cents=owed_cents - closed_cents,
        owed_cents=owed_cents,
        closed_cents=closed_cents,
        original_line_id=line.line_id,
        original_attempt=line.attempt,
        original_pay_date=line.pay_date,
        original_tax_year=line.pay_date.year,
    )


EntitlementState = Literal[
    "not_due",
    "pending",
    "held",
    "awaiting_approval",
    "approved",
    "batched",
    "exported",
    "acknowledged",
    "bypassed",
    "paid",
    "reversed",
    "clawed_back",
    "written_off",
]
_STATES: Mapping[LineStatus, EntitlementState] = {
    "batched": "batched",
    "closed": "batched",
    "exported": "exported",
    "accepted": "acknowledged",
    "bypassed": "bypassed",
    "paid": "paid",
    "written_off": "written_off",
}


def entitlement_state(
    derived: Literal["due", "pending", "not_due"],
    amount_cents: int,
    decided: Decided,
    tried: Iterable[LastTry],
    *,
    approved_by: Literal["policy", "person"],
) -> EntitlementState:
    """Where one entitlement stands: by its lines where it has any, else by what is derived.

    What was taken back whole is reversed or clawed back, by the last line that took it.
    """
    counting = [line for line in tried if line.counts]
    earned = [line for line in counting if line.kind == "earn"]
    if earned:
        taken = [line for line in counting if line.amount_cents < 0]
        if taken and sum(line.amount_cents for line in counting) <= 0:
            last = max(taken, key=lambda line: (line.pay_date, line.instalment))
            return "clawed_back" if last.kind == "clawback" else "reversed"
        return _STATES[earned[-1].status]
    if derived != "due":
        return derived
    if decided.held:
        return "held"
    waits = approved_by == "person" and decided.approved_cents != amount_cents
    return "awaiting_approval" if waits else "approved"

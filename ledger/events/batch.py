"""Payroll batches: what a district pays on a day, fixed once, and what came of each line.

No name and no number of a person is here: those are in the encrypted file alone.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.payroll import Code, PayrollEvent, Position
from ledger.values import (
    ByteCount,
    Cents,
    Count,
    Day,
    Flag,
    HmacSha256,
    Positive,
    Sha256,
    ShortText,
    SignedCents,
    Slug,
    Value,
)

LineKind = Literal["earn", "adj", "reversal", "clawback"]
ResultStatus = Literal["accepted", "rejected", "bypassed", "pending"]
ResultException = Literal["amount_mismatch", "contradicts"]
VoidReason = Literal["wrong_lines", "wrong_pay_date", "not_approved", "superseded", "test_run"]
Explanation = Literal["corrected_by_hand", "paid_off_cycle", "recovered_elsewhere", "under_dispute"]
ForbiddenPair = Literal[
    "preparer_approves",
    "policy_author_prepares",
    "policy_author_approves",
    "payee_prepares",
    "payee_approves",
    "approver_approves_again",
    "reviewer_prepares",
    "reviewer_approves",
]


class OriginalLine(Value):
    """The line that another one takes back or adds to."""

    line_id: UUID
    attempt: Positive
    pay_date: Day
    tax_year: Positive


class BatchLine(Value):
    """One amount for one person, under an id that stays the same when it is tried again."""

    line_id: UUID
    attempt: Positive
    kind: LineKind
    instalment: Positive  # of a correction: which one it is
    entitlement_id: UUID
    person_id: UUID
    policy_id: UUID
    policy_version: Positive
    subject_id: UUID  # the enrollment awarded, or the stack completed
    earned_on: Day
    amount_cents: SignedCents
    earning_code: Code
    fund_source: ShortText | None
    account: ShortText | None
    pensionable: Flag
    original: OriginalLine | None


class StoredFile(Value):
    """A file that lies encrypted beside the log, under a key of its own."""

    file_id: UUID
    size_bytes: ByteCount  # before it was encrypted
    ciphertext_sha256: Sha256


class LineResult(Value):
    """What the payroll system answered to one line."""

    line_id: UUID
    status: ResultStatus
    code: Code | None
    paid_cents: SignedCents | None
    paid_on: Day | None
    exception: ResultException | None  # then the answer is kept and changes nothing


class BatchEvent(PayrollEvent):
    """Stream: one numbered batch of one district."""


class BatchDrafted(BatchEvent):
    """Everything payable by the pay date, as it follows from the log up to a position."""

    TOPIC: ClassVar[str] = "batch.drafted.v1"

    number: Positive
    pay_date: Day
    through_position: Position
    closed_until: Day | None  # the pay date of the last batch that was closed before
    terms_version: Positive
    company_code: Code
    batch_prefix: Code
    approvals_needed: Annotated[int, Field(strict=True, ge=1, le=2)]
    line_count: Count
    sum_cents: SignedCents
    positive_cents: Cents
    negative_cents: SignedCents


class BatchLinesListed(BatchEvent):
    """Some of the batch's lines; all of them are listed as it is drafted."""

    TOPIC: ClassVar[str] = "batch.lines-listed.v1"

    lines: tuple[BatchLine, ...] = Field(min_length=1)


class BatchFrozen(BatchEvent):
    """The lines are in a file that no longer changes; what is approved is this file."""

    TOPIC: ClassVar[str] = "batch.frozen.v1"

    file: StoredFile


class BatchApproved(BatchEvent):
    """Somebody who neither prepared it nor wrote its policies approves the frozen batch."""

    TOPIC: ClassVar[str] = "batch.approved.v1"

    approval: Positive


class BatchWarningsAcknowledged(BatchEvent):
    """Whoever approves has seen what differs from the batch before by more than a quarter."""

    TOPIC: ClassVar[str] = "batch.warnings-acknowledged.v1"

    compared_with: Positive  # the number of that batch
    warnings: Positive  # how many there were


class BatchClosed(BatchEvent):
    """Everybody needed has approved: this is what is paid, and the period takes nothing more."""

    TOPIC: ClassVar[str] = "batch.closed.v1"

    number: Positive
    pay_date: Day
    through_position: Position
    line_count: Count
    sum_cents: SignedCents
    positive_cents: Cents
    negative_cents: SignedCents
    ciphertext_sha256: Sha256


class BatchVoided(BatchEvent):
    """The batch will never be paid; its number is not used again, its lines are free."""

    TOPIC: ClassVar[str] = "batch.voided.v1"

    reason: VoidReason


class BatchExported(BatchEvent):
    """The batch was rendered in a layout, once; whoever asks again gets the same bytes."""

    TOPIC: ClassVar[str] = "batch.exported.v1"

    layout: Slug
    layout_version: Positive
    file: StoredFile


class ReturnRecorded(BatchEvent):
    """The payroll system answered; its file is kept encrypted, for it may hold words."""

    TOPIC: ClassVar[str] = "batch.return-recorded.v1"

    return_number: Positive
    file: StoredFile
    file_hmac: HmacSha256  # knows the same file again
    accepted: Count
    rejected: Count
    bypassed: Count
    pending: Count
    repeated: Count  # said nothing new
    exceptions: Count
    quarantined: Count  # lines that this batch does not have


class ReturnLinesListed(BatchEvent):
    """Some of what a return file says; all of it is listed as the file is recorded."""

    TOPIC: ClassVar[str] = "batch.return-lines-listed.v1"

    return_number: Positive
    results: tuple[LineResult, ...]
    quarantined_line_ids: tuple[UUID, ...]


class BatchReconciled(BatchEvent):
    """Somebody signs that every line is answered and that the sums meet, or why they do not."""

    TOPIC: ClassVar[str] = "batch.reconciled.v1"

    accepted_cents: SignedCents
    rejected_cents: SignedCents
    bypassed_cents: SignedCents
    pending_cents: SignedCents
    variance_cents: SignedCents
    explanation: Explanation | None  # needed where the variance is not zero


class BatchDownloaded(PayrollEvent):
    """Stream: one download. Somebody was given a file of a batch."""

    TOPIC: ClassVar[str] = "batch-download.served.v1"

    batch_id: UUID
    layout: Slug
    file_id: UUID


class SegregationViolationAttempted(PayrollEvent):
    """Stream: one attempt. Somebody tried what two different people have to do; it was refused."""

    TOPIC: ClassVar[str] = "segregation.violation-attempted.v1"

    batch_id: UUID
    pair: ForbiddenPair

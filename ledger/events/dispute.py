"""Disputes: a teacher says that a record is wrong, its office answers, and she has the last word.

The words of both sides lie in the vault. That an answer is overdue is no event: the day by which
it was due is compared when somebody looks.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, Positive, Slug, VaultText, ZoneName

DisputedKind = Literal["award", "transcript_line", "acceptance"]
DisputeOutcome = Literal["upheld", "corrected", "declined"]


class DisputeEvent(Event):
    """Stream: one dispute of one record; a record may be disputed again once it is over."""

    person_id: UUID


class DisputeOpened(DisputeEvent):
    """She says that a record is wrong. From now on its office has thirty days to answer."""

    TOPIC: ClassVar[str] = "dispute.opened.v1"

    about: DisputedKind
    subject_id: UUID  # the enrollment, or the acceptance
    number: Positive  # 1 + disputes of the same record before
    office_kind: Literal["issuer", "district"]
    office_id: UUID  # who has to answer
    statement: VaultText
    zone: ZoneName
    opened_on: Day
    due_on: Day  # the last day on which an answer is in time


class DisputeAnswered(DisputeEvent):
    """Upheld: the record stands. Corrected: it was wrong. Declined: this is no matter of ours."""

    TOPIC: ClassVar[str] = "dispute.answered.v1"

    outcome: DisputeOutcome
    reason: Slug
    words: VaultText | None
    answered_on: Day


class DisputeRebutted(DisputeEvent):
    """Her own words on the record, printed with it from now on; the newest count."""

    TOPIC: ClassVar[str] = "dispute.rebutted.v1"

    rebuttal: VaultText


class DisputeWithdrawn(DisputeEvent):
    """She took it back, and her rebuttal with it."""

    TOPIC: ClassVar[str] = "dispute.withdrawn.v1"

"""What a district has on file about a person for the sake of pay: dated facts, codes, no words.

A subject is whatever the fact is about: an award's enrollment, a credit, a request, or a
micro-credential she has not begun. Each fact says on which local day it held; a fact recorded in
error is withdrawn by its place in the stream.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Cents, Day, Flag, Positive, Slug, Value

SeparationReason = Literal[
    "resignation",
    "dismissal",
    "non_renewal",
    "retirement",
    "reduction_in_force",
    "death",
    "end_of_contract",
]
LeaveKind = Literal["sabbatical", "family", "medical", "military", "unpaid", "other"]


class DocumentReceived(Value):
    """A document of a kind came in, complete."""

    kind: Literal["document_received"] = "document_received"
    subject_id: UUID
    document: Slug  # transcript, pay_slip, …
    received_on: Day


class RequestFiled(Value):
    """She asked for what a policy gives."""

    kind: Literal["request_filed"] = "request_filed"
    policy_id: UUID
    subject_id: UUID | None = None  # null: about nothing in particular
    choice: Slug | None = None  # where a policy gives one of several things
    cost_cents: Cents | None = None
    filed_on: Day


class PriorApprovalGiven(Value):
    """Somebody in the district approved of it in writing, or of her plan to do it."""

    kind: Literal["prior_approval_given"] = "prior_approval_given"
    subject_id: UUID
    of: Literal["credential", "other"] = "other"  # a micro-credential to be begun, or a subject
    approved_on: Day
    begun: Flag = True  # by the time this was recorded; of a credential the ledger finds it out


class PlanGoalTagged(Value):
    """It serves a goal of her plan."""

    kind: Literal["plan_goal_tagged"] = "plan_goal_tagged"
    subject_id: UUID
    goal: Slug
    tagged_on: Day


class CostRecorded(Value):
    """What it cost, and who paid that."""

    kind: Literal["cost_recorded"] = "cost_recorded"
    subject_id: UUID
    cost_cents: Cents
    paid_by: Literal["teacher", "district"]
    paid_on: Day


class PaidTimeUsed(Value):
    """Some of it was done on paid time."""

    kind: Literal["paid_time_used"] = "paid_time_used"
    subject_id: UUID
    used_on: Day


class RequirementTagged(Value):
    """The law requires it of her, so a grant must not pay for it."""

    kind: Literal["requirement_tagged"] = "requirement_tagged"
    subject_id: UUID
    requirement: Slug
    tagged_on: Day


class AttendanceDay(Value):
    """One day, and for how long."""

    day: Day
    hours_hundredths: Positive


class AttendanceRecorded(Value):
    """On which days and for how long she was there."""

    kind: Literal["attendance_recorded"] = "attendance_recorded"
    subject_id: UUID
    days: tuple[AttendanceDay, ...] = Field(min_length=1)


class StatusRecorded(Value):
    """A license, a degree, a membership or a loan, from a day on."""

    kind: Literal["status_recorded"] = "status_recorded"
    status: Slug
    first_day: Day
    last_day: Day | None = None


class LeaveRecorded(Value):
    """She was employed and away."""

    kind: Literal["leave_recorded"] = "leave_recorded"
    leave: LeaveKind
    first_day: Day
    last_day: Day


class SeparationRecorded(Value):
    """She left the district, and why."""

    kind: Literal["separation_recorded"] = "separation_recorded"
    reason: SeparationReason
    last_day: Day


Fact = Annotated[
    DocumentReceived
    | RequestFiled
    | PriorApprovalGiven
    | PlanGoalTagged
    | CostRecorded
    | PaidTimeUsed
    | RequirementTagged
    | AttendanceRecorded
    | StatusRecorded
    | LeaveRecorded
    | SeparationRecorded,
    Field(discriminator="kind"),
]


class DossierEvent(Event):
    """Stream: what one district has on file about one person."""

    person_id: UUID
    district_id: UUID


class DossierFactRecorded(DossierEvent):
    """A dated fact that a rule may ask for."""

    TOPIC: ClassVar[str] = "dossier.fact-recorded.v1"

    fact: Fact


class DossierFactWithdrawn(DossierEvent):
    """The fact of an earlier version of this stream was recorded in error and counts no more."""

    TOPIC: ClassVar[str] = "dossier.fact-withdrawn.v1"

    withdrawn_version: Positive

"""The review queue: every open submission, whose turn it is, and the business day it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import (
    LedgerEvent,
    access,
    assessor,
    credential,
    employment,
    enrollment,
    imports,
    issuer,
    organization,
    person,
    policy,
    stack,
)
from ledger.rules.calendars import due_on
from ledger.values import local_date
from projections.contract import Fact, Projection, Table
from projections.review_clock import ADJUDICATOR_SEAT, Actor, Calendar, Review
from projections.sql import NO_ID, read, write

_Seating = (
    enrollment.AssessorAssigned
    | enrollment.AssessorRecused
    | enrollment.AssignmentLapsed
    | enrollment.Scored
    | enrollment.Adjudicated
)
_Deciding = (
    enrollment.Recommended
    | enrollment.ReviewDecided
    | enrollment.IntegrityHoldResolved
    | enrollment.AppealOpened
    | enrollment.AppealDecided
)
_Ending = enrollment.Awarded | enrollment.Withdrawn | enrollment.Revoked | enrollment.Reinstated
_Handing = enrollment.Submitted | enrollment.Resubmitted | enrollment.SubmissionReturned
_OfIssuer = issuer.IssuerRegistered | issuer.IssuerTermsChanged | issuer.IssuerHolidaysSet
Relevant = enrollment.Enrolled | _Handing | _Seating | _Deciding | _Ending | _OfIssuer


@dataclass(frozen=True, slots=True)
class _Running:
    """A clock that runs, to be counted anew."""

    enrollment_id: UUID
    clock_from: date
    days_left: int
    due_on: date


class Reviews(Projection[Relevant]):
    """Keeps `reviews` and, for counting days, `review_issuers`."""

    name: ClassVar[str] = "reviews"
    tables: ClassVar[tuple[Table, ...]] = (
        Table("reviews"),
        Table("review_issuers", by_person=False),
    )
    sharded: ClassVar[bool] = True

    def relevant(self, event: LedgerEvent) -> Relevant | None:
        match event:
            case (
                enrollment.EvidenceUploaded()
                | enrollment.EvidenceWithdrawn()
                | enrollment.CoachAssigned()
                | enrollment.CoachMeetingRecorded()
                | enrollment.ConflictDeclared()
                | credential.CredentialDrafted()
                | credential.CredentialVersionPublished()
                | credential.CredentialRetired()
                | issuer.IssuerVetted()
                | issuer.IssuerSuspended()
                | issuer.IssuerSuspensionLifted()
                | stack.StackDefined()
                | stack.StackRetired()
                | assessor.AssessorAppointed()
                | assessor.AssessorQualified()
                | assessor.AssessorWithdrawn()
                | person.PersonRegistered()
                | person.PersonDetailsRecorded()
                | person.IdentityLinked()
                | employment.EmploymentStarted()
                | employment.EmploymentChanged()
                | employment.EmploymentEnded()
                | employment.EmploymentReopened()
                | organization.OrganizationRegistered()
                | organization.OrganizationRenamed()
                | access.AccessGranted()
                | access.AccessWithdrawn()
                | policy.PolicyAdopted()
                | policy.PolicyRetired()
                | imports.ImportStarted()
                | imports.ImportCompleted()
            ):
                return None
            case _:
                return event

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> None:
        streams = {fact.event.originator_id for fact in facts}
        begun = [f.event for f in facts if isinstance(f.event, enrollment.Enrolled)]
        known = list(streams - {event.originator_id for event in begun})
        found = read(connection, Review, self.sql["load"], enrollment_ids=known)
        issuers = {r.issuer_id for r in found} | {e.issuer_id for e in begun} | streams
        calendars = read(connection, Calendar, self.sql["load_issuers"], issuer_ids=list(issuers))
        desk = _Desk({r.enrollment_id: r for r in found}, {c.issuer_id: c for c in calendars})
        for fact in facts:
            desk.fold(fact)
        changed = [calendar for stream, calendar in desk.calendars.items() if stream in streams]
        write(connection, self.sql["save"], list(desk.reviews.values()))
        write(connection, self.sql["save_issuers"], changed)

    def finish(self, connection: Connection[Any]) -> None:
        """Count anew every clock that runs at an issuer whose holidays have changed."""
        calendars = read(connection, Calendar, self.sql["issuers_to_recount"])
        for calendar in calendars:
            running = read(
                connection, _Running, self.sql["running_of_issuer"], issuer_id=calendar.issuer_id
            )
            holidays = frozenset(calendar.holidays)
            counted = [
                replace(clock, due_on=due_on(clock.clock_from, clock.days_left, holidays))
                for clock in running
            ]
            write(connection, self.sql["save_due"], counted)
        if calendars:
            connection.execute(self.sql["recounted"])


@dataclass(frozen=True, slots=True)
class _Desk:
    """The reviews and calendars that a batch touches."""

    reviews: dict[UUID, Review]
    calendars: dict[UUID, Calendar]

    def fold(self, fact: Fact[Relevant]) -> None:
        position, event = fact
        match event:
            case enrollment.Enrolled():
                self.reviews[event.originator_id] = _begin(event, position)
            case issuer.IssuerRegistered(terms=terms):
                self.calendars[event.originator_id] = Calendar(
                    issuer_id=event.originator_id, business_days=terms.decision_business_days
                )
            case issuer.IssuerTermsChanged(terms=terms):
                calendar = self.calendars[event.originator_id]
                calendar.business_days = terms.decision_business_days
            case issuer.IssuerHolidaysSet(year=year, holidays=holidays):
                self.calendars[event.originator_id].set_holidays(year, holidays)
            case _:
                review = self.reviews[event.originator_id]
                _move(review, self.calendars[review.issuer_id], event)
                review.settle(position)


def _begin(event: enrollment.Enrolled, position: int) -> Review:
    return Review(
        enrollment_id=event.originator_id,
        person_id=event.person_id,
        credential_id=event.credential_id,
        credential_version=event.credential_version,
        issuer_id=event.issuer_id,
        position=position,
    )


def _move(
    review: Review, calendar: Calendar, event: _Seating | _Deciding | _Ending | _Handing
) -> None:
    match event:
        case (
            enrollment.AssessorAssigned()
            | enrollment.Scored()
            | enrollment.AssessorRecused()
            | enrollment.AssignmentLapsed()
            | enrollment.Adjudicated()
        ):
            _seat(review, event)
        case enrollment.Submitted() | enrollment.Resubmitted() | enrollment.SubmissionReturned():
            _hand(review, calendar, event)
        case (
            enrollment.Recommended()
            | enrollment.ReviewDecided()
            | enrollment.IntegrityHoldResolved()
            | enrollment.AppealOpened()
            | enrollment.AppealDecided()
        ):
            _decide(review, calendar, event)
        case (
            enrollment.Awarded()
            | enrollment.Withdrawn()
            | enrollment.Revoked()
            | enrollment.Reinstated()
        ):
            _end(review, event)
        case _:
            assert_never(event)


def _seat(review: Review, event: _Seating) -> None:
    match event:
        case enrollment.AssessorAssigned():
            review.take_seat(event.seat, event.assessor_id, event.lapses_on)
        case enrollment.Scored():
            review.score(event.seat, event.scores)
        case enrollment.AssessorRecused() | enrollment.AssignmentLapsed():
            review.leave_seat(event.seat)
        case enrollment.Adjudicated():
            review.score(ADJUDICATOR_SEAT, event.scores)
        case _:
            assert_never(event)


def _hand(review: Review, calendar: Calendar, event: _Handing) -> None:
    review.seats = []
    if isinstance(event, enrollment.SubmissionReturned):
        assert review.zone is not None, "what is returned was handed in"
        review.state = "returned"
        review.stop_clock(calendar, local_date(event.occurred_at, review.zone))
        return
    resumed = review.days_left if review.state == "returned" else None
    review.state, review.attempt = "in_review", event.attempt
    review.submitted_on, review.zone = event.submitted_on, event.zone
    days = calendar.business_days if resumed is None else resumed
    review.start_clock(calendar, event.submitted_on, days)


def _decide(review: Review, calendar: Calendar, event: _Deciding) -> None:
    match event:
        case enrollment.Recommended():
            review.state = "recommended"
        case enrollment.ReviewDecided(decision="integrity_hold"):
            review.state = "held"
            review.stop_clock(calendar, event.decided_on)
        case enrollment.ReviewDecided(decision="not_yet"):
            review.state = "not_yet"
            review.end_clock()
        case enrollment.ReviewDecided():
            review.end_clock()  # the award follows as an event of its own
        case enrollment.IntegrityHoldResolved(finding="cleared"):
            assert review.days_left is not None, "a clock that stands has days left"
            review.state = "recommended"
            review.start_clock(calendar, event.resolved_on, review.days_left)
        case enrollment.IntegrityHoldResolved():
            review.state = "not_yet"
            review.end_clock()
        case enrollment.AppealOpened():
            review.appeal_open = True
        case enrollment.AppealDecided():
            review.appeal_open = False
            if event.finding == "overturned" and review.state == "not_yet":
                review.state, review.seats = "in_review", []
                review.start_clock(calendar, event.decided_on, calendar.business_days)
        case _:
            assert_never(event)


def _end(review: Review, event: _Ending) -> None:
    match event:
        case enrollment.Awarded() | enrollment.Reinstated():
            review.state = "awarded"
        case enrollment.Withdrawn():
            review.state, review.seats = "withdrawn", []
        case enrollment.Revoked():
            review.state = "revoked"
        case _:
            assert_never(event)
    review.appeal_open = False
    review.end_clock()


def queue(
    connection: Connection[Any],
    issuer_id: UUID,
    *,
    acts_next: Actor | None = None,
    credential_id: UUID | None = None,
    after: tuple[date, UUID] = (date.min, NO_ID),
    limit: int = 100,
) -> list[Review]:
    """What an issuer has open with the clock running, most urgent first.

    `after` is the `due_on` and the id of the last one seen.
    """
    return read(
        connection,
        Review,
        Reviews().sql["queue"],
        issuer_id=issuer_id,
        acts_next=acts_next,
        credential_id=credential_id,
        after_due=after[0],
        after_id=after[1],
        limit=limit,
    )


def worklist(connection: Connection[Any], assessor_id: UUID) -> list[Review]:
    """What one assessor still has to score, most urgent first."""
    return read(connection, Review, Reviews().sql["worklist"], assessor_id=assessor_id)


def find_review(connection: Connection[Any], enrollment_id: UUID) -> Review | None:
    """Where the review of one enrollment stands."""
    found = read(connection, Review, Reviews().sql["review"], enrollment_id=enrollment_id)
    return found[0] if found else None

"""The review queue: every open submission, whose turn it is, and the business day it is due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import (
    enrollment,
    issuer,
)
from ledger.events.enrollment import EnrollmentEvent
from ledger.values import local_date
from projections.contract import Fact, Projection, Table, Viewer, streams_of
from projections.review_clock import ADJUDICATOR_SEAT, Actor, Calendar, Review
from projections.sql import NO_ID, Write, read, to_write, write

_OfReview = (
    enrollment.Scored
    | enrollment.AssessorAssigned
    | enrollment.Recommended
    | enrollment.ReviewDecided
    | enrollment.Awarded
    | enrollment.Submitted
    | enrollment.Resubmitted
    | enrollment.SubmissionReturned
    | enrollment.AssessorRecused
    | enrollment.AssignmentLapsed
    | enrollment.Adjudicated
    | enrollment.IntegrityHoldResolved
    | enrollment.AppealOpened
    | enrollment.AppealDecided
    | enrollment.Withdrawn
    | enrollment.Revoked
    | enrollment.Reinstated
)
_OfIssuer = issuer.IssuerRegistered | issuer.IssuerTermsChanged | issuer.IssuerHolidaysSet
Relevant = enrollment.Enrolled | _OfReview | _OfIssuer


@dataclass(frozen=True, slots=True)
class _Running:
    """A clock that runs, to be counted anew."""

    enrollment_id: UUID
    clock_from: date
    days_left: int
    due_on: date


@dataclass(frozen=True, slots=True)
class _Score:
    """What one assessor scored once."""

    position: int
    enrollment_id: UUID
    credential_id: UUID
    assessor_id: UUID


class Reviews(Projection[Relevant]):
    """Keeps `reviews`, who scored them, and, for counting days, `review_issuers`."""

    name: ClassVar[str] = "reviews"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("reviews", seen_by=(Viewer.PERSON, Viewer.ISSUER, Viewer.ASSESSOR)),
        Table("review_scores"),  # read by the ledger itself
        Table("review_issuers", by_person=False, seen_by=(Viewer.EVERYBODY,)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        desk = self._desk(facts, connection)
        for fact in facts:
            desk.fold(fact)
        for review in desk.reviews.values():
            review.settle()
        return [
            *to_write(self.sql["save"], rows=list(desk.reviews.values())),
            *to_write(self.sql["save_scores"], rows=desk.scores),
            *to_write(self.sql["save_issuers"], rows=list(desk.changed.values())),
        ]

    def _desk(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> _Desk:
        """The reviews that go on, and the calendars of all issuers concerned."""
        known, issuers = streams_of(facts), set[UUID]()
        for _, event in facts:
            if type(event) is enrollment.Enrolled:
                del known[event.originator_id.int]
                issuers.add(event.issuer_id)
        ids = list(known.values())
        found = read(connection, Review, self.sql["load"], enrollment_ids=ids) if ids else []
        wanted = list(issuers.union(ids, (review.issuer_id for review in found)))
        calendars = read(connection, Calendar, self.sql["load_issuers"], issuer_ids=wanted)
        return _Desk({r.enrollment_id.int: r for r in found}, {c.issuer_id: c for c in calendars})

    def finish(self, connection: Connection[Any]) -> None:
        """Count anew every clock that runs at an issuer whose holidays have changed."""
        calendars = read(connection, Calendar, self.sql["issuers_to_recount"])
        for calendar in calendars:
            running = read(
                connection, _Running, self.sql["running_of_issuer"], issuer_id=calendar.issuer_id
            )
            counted = [
                replace(clock, due_on=calendar.due_on(clock.clock_from, clock.days_left))
                for clock in running
            ]
            write(connection, to_write(self.sql["save_due"], rows=counted))
        if calendars:
            connection.execute(self.sql["recounted"])


@dataclass(frozen=True, slots=True)
class _Desk:
    """The reviews and calendars that a batch touches."""

    reviews: dict[int, Review]  # by the number of the id
    calendars: dict[UUID, Calendar]
    changed: dict[UUID, Calendar] = field(default_factory=dict)  # of the calendars
    scores: list[_Score] = field(default_factory=list)

    def fold(self, fact: Fact[Relevant]) -> None:
        position, event = fact
        if isinstance(event, enrollment.Enrolled):
            self.reviews[event.originator_id.int] = _begin(event, position)
        elif isinstance(event, EnrollmentEvent):
            review = self.reviews[event.originator_id.int]
            self._move(review, event)
            review.position = position
            if isinstance(event, enrollment.Scored | enrollment.Adjudicated):
                key = (review.enrollment_id, review.credential_id, event.assessor_id)
                self.scores.append(_Score(position, *key))
        else:
            self._count(event)

    def _count(self, event: _OfIssuer) -> None:
        match event:
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
                assert_never(event)
        self.changed[event.originator_id] = self.calendars[event.originator_id]

    def _move(self, review: Review, event: _OfReview) -> None:  # noqa: C901, PLR0912 - one each
        match event:  # the commonest first: a class that does not match takes 0.1 µs
            case enrollment.Scored():
                review.score(event.seat, event.scores)
            case enrollment.AssessorAssigned():
                review.take_seat(event.seat, event.assessor_id, event.lapses_on)
            case enrollment.Recommended():
                review.state = "recommended"
            case enrollment.ReviewDecided():
                self._decide(review, event)
            case enrollment.Awarded():
                review.close("awarded")
            case enrollment.Submitted() | enrollment.Resubmitted():
                self._hand_in(review, event)
            case enrollment.SubmissionReturned():
                self._return(review, event)
            case enrollment.AssessorRecused() | enrollment.AssignmentLapsed():
                review.leave_seat(event.seat)
            case enrollment.Adjudicated():
                review.score(ADJUDICATOR_SEAT, event.scores)
            case enrollment.IntegrityHoldResolved():
                self._resolve_hold(review, event)
            case enrollment.AppealOpened():
                review.appeal_open = True
            case enrollment.AppealDecided():
                self._decide_appeal(review, event)
            case enrollment.Withdrawn():
                review.close("withdrawn")
            case enrollment.Revoked():
                review.close("revoked")
            case enrollment.Reinstated():
                review.close("awarded")
            case _:
                assert_never(event)

    def _hand_in(
        self, review: Review, event: enrollment.Submitted | enrollment.Resubmitted
    ) -> None:
        """Start the clock; after a return for completion it goes on with what was left."""
        calendar = self.calendars[review.issuer_id]
        resumed = review.days_left if review.state == "returned" else None
        review.state, review.attempt, review.seats = "in_review", event.attempt, []
        review.submitted_on, review.zone = event.submitted_on, event.zone
        days = calendar.business_days if resumed is None else resumed
        review.start_clock(calendar, event.submitted_on, days)

    def _return(self, review: Review, event: enrollment.SubmissionReturned) -> None:
        assert review.zone is not None, "what is returned was handed in"
        review.state, review.seats = "returned", []
        day = local_date(event.occurred_at, review.zone)
        review.stop_clock(self.calendars[review.issuer_id], day)

    def _decide(self, review: Review, event: enrollment.ReviewDecided) -> None:
        """An award follows as an event of its own, and closes the review."""
        if event.decision == "integrity_hold":
            review.state = "held"
            review.stop_clock(self.calendars[review.issuer_id], event.decided_on)
        elif event.decision == "not_yet":
            review.close("not_yet")

    def _resolve_hold(self, review: Review, event: enrollment.IntegrityHoldResolved) -> None:
        if event.finding == "confirmed":
            review.close("not_yet")
            return
        assert review.days_left is not None, "a clock that stands has days left"
        review.state = "recommended"
        calendar = self.calendars[review.issuer_id]
        review.start_clock(calendar, event.resolved_on, review.days_left)

    def _decide_appeal(self, review: Review, event: enrollment.AppealDecided) -> None:
        """Overturned, an attempt is reviewed anew by others; an award comes back by itself."""
        review.appeal_open = False
        if event.finding == "overturned" and review.state == "not_yet":
            calendar = self.calendars[review.issuer_id]
            review.state = "in_review"
            review.start_clock(calendar, event.decided_on, calendar.business_days)


def _begin(event: enrollment.Enrolled, position: int) -> Review:
    return Review(
        enrollment_id=event.originator_id,
        person_id=event.person_id,
        credential_id=event.credential_id,
        credential_version=event.credential_version,
        issuer_id=event.issuer_id,
        position=position,
    )


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


def standing(connection: Connection[Any], issuer_id: UUID) -> list[Review]:
    """What waits for the issuer's approver while no clock runs: holds and open appeals."""
    return read(connection, Review, Reviews().sql["standing"], issuer_id=issuer_id)


def worklist(connection: Connection[Any], assessor_ids: Collection[UUID]) -> list[Review]:
    """What one assessor, by every id of hers, still has to score, most urgent first."""
    sql = Reviews().sql["worklist"]
    return read(connection, Review, sql, assessor_ids=list(assessor_ids))


def find_review(connection: Connection[Any], enrollment_id: UUID) -> Review | None:
    """Where the review of one enrollment stands."""
    found = read(connection, Review, Reviews().sql["review"], enrollment_id=enrollment_id)
    return found[0] if found else None

"""Commands on physical badges, many at a time: a parcel holds those of a whole school."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from uuid import UUID

from ledger.aggregates import physical_badge as physical_badges
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import Organization
from ledger.aggregates.physical_badge import Destination, PhysicalBadge
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.errors import InvalidError, NotFoundError
from ledger.events import AnyPhysicalBadgeEvent
from ledger.values import stream_id

Happened = Sequence[AnyPhysicalBadgeEvent]


class NotASchoolError(InvalidError):
    """A school is named here, and this organization is none."""

    slug = "not-a-school"


def physical_badge_stream(enrollment_id: UUID) -> UUID:
    """The stream of the physical badge of an award: of one award there is one."""
    return stream_id("physical-badge", enrollment_id)


def request_physical_badges(
    ledger: Ledger, call: Call, *, enrollment_ids: Sequence[UUID], school_id: UUID
) -> Receipt:
    """Ask that the badges of these awards be sent to a school.

    Raises:
        AwardNotInForceError: an award was revoked, has expired, or was never made.
        PhysicalBadgeStageError: one of them is under way, or there.
        NotASchoolError, NothingChangesError, PersonErasedError.
    """

    def decide(read: Reader) -> Happened:
        school = read.get(Organization, school_id)
        if school.kind != "school":
            raise NotASchoolError(f"organization {school_id} is a {school.kind}, not a school")
        to = Destination(school_id, school.district_id)
        return _each(enrollment_ids, lambda one: _requested(read, call, one, to))

    return ledger.run(call, decide)


def cancel_physical_badge(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, reason: str
) -> Receipt:
    """Ask for it no longer."""
    stream = physical_badge_stream(enrollment_id)
    return ledger.run(
        call, lambda read: read.get(PhysicalBadge, stream).cancel(call.act, reason=reason)
    )


def ship_physical_badges(
    ledger: Ledger, call: Call, *, issuer_id: UUID, enrollment_ids: Sequence[UUID]
) -> Receipt:
    """All of these are on their way, or none where one must not be sent."""

    def shipped(read: Reader, badge: PhysicalBadge) -> Happened:
        get_person(read, badge.person_id)
        return badge.ship(call.act, award=read.get(Enrollment, badge.enrollment_id))

    return _run(ledger, call, issuer_id, enrollment_ids, shipped)


def deliver_physical_badges(
    ledger: Ledger, call: Call, *, issuer_id: UUID, enrollment_ids: Sequence[UUID]
) -> Receipt:
    """The schools have all of these."""
    return _run(
        ledger, call, issuer_id, enrollment_ids, lambda _read, badge: badge.deliver(call.act)
    )


def return_physical_badges(
    ledger: Ledger, call: Call, *, issuer_id: UUID, enrollment_ids: Sequence[UUID], reason: str
) -> Receipt:
    """All of these came back to the issuer."""

    def returned(_read: Reader, badge: PhysicalBadge) -> Happened:
        return badge.return_(call.act, reason=reason)

    return _run(ledger, call, issuer_id, enrollment_ids, returned)


def _requested(read: Reader, call: Call, enrollment_id: UUID, to: Destination) -> Happened:
    award = read.get(Enrollment, enrollment_id)
    get_person(read, award.person_id)
    badge = read.find(PhysicalBadge, physical_badge_stream(enrollment_id))
    if badge is not None:
        return badge.request(call.act, award=award, to=to)
    issuer = read.get(Issuer, award.issuer_id)
    stream = physical_badge_stream(enrollment_id)
    return physical_badges.request(stream, call.act, award=award, to=to, zone=issuer.zone)


def _run(
    ledger: Ledger,
    call: Call,
    issuer_id: UUID,
    enrollment_ids: Sequence[UUID],
    happens: Callable[[Reader, PhysicalBadge], Happened],
) -> Receipt:
    """Something happens to each of an issuer's badges; those of another are not there."""

    def decide(read: Reader) -> Happened:
        def one(enrollment_id: UUID) -> Happened:
            badge = read.get(PhysicalBadge, physical_badge_stream(enrollment_id))
            if badge.issuer_id != issuer_id:
                raise NotFoundError(f"there is no physical badge of award {enrollment_id}")
            return happens(read, badge)

        return _each(enrollment_ids, one)

    return ledger.run(call, decide)


def _each(enrollment_ids: Sequence[UUID], one: Callable[[UUID], Happened]) -> Happened:
    """What happens to each, in the order asked for; an award that is named twice counts once."""
    return list(chain.from_iterable(map(one, dict.fromkeys(enrollment_ids))))

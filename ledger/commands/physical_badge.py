"""Commands on physical badges, many at a time: a parcel holds those of a whole school."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from uuid import UUID

from ledger.aggregates import physical_badge as physical_badges
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.merge import Merges
from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person
from ledger.aggregates.physical_badge import Destination, PhysicalBadge
from ledger.aggregates.retention import Retention, Subject
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import person_of
from ledger.commands.person import get_person
from ledger.commands.pre_service import GuardianConsentMissingError, lacking_consent
from ledger.errors import InvalidError, NotFoundError
from ledger.events import AnyPhysicalBadgeEvent
from ledger.events.merge import MERGES
from ledger.values import stream_id
from ledger.vault import Vault

Happened = Sequence[AnyPhysicalBadgeEvent]


class NotASchoolError(InvalidError):
    """A school is named here, and this organization is none."""

    slug = "not-a-school"


def physical_badge_stream(enrollment_id: UUID) -> UUID:
    """The stream of the physical badge of an award: of one award there is one."""
    return stream_id("physical-badge", enrollment_id)


def request_physical_badges(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_ids: Sequence[UUID],
    school_id: UUID,
    vault: Vault | None = None,
) -> Receipt:
    """Ask that the badges of these awards be sent to a school, where others see them.

    Raises:
        GuardianConsentMissingError: one is a minor's, and nobody agreed that it be shown.
        AwardNotInForceError: an award was revoked, has expired, or was never made.
        PhysicalBadgeStageError: one of them is under way, or there.
        NotASchoolError, NothingChangesError, PersonErasedError.
    """

    def decide(read: Reader) -> Happened:
        school = read.get(Organization, school_id)
        if school.kind != "school":
            raise NotASchoolError(f"organization {school_id} is a {school.kind}, not a school")
        to = Destination(school_id, school.district_id)
        _read_ahead(read, enrollment_ids)
        _must_be_shown(read, vault, call, enrollment_ids)
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
    ledger: Ledger,
    call: Call,
    *,
    issuer_id: UUID,
    enrollment_ids: Sequence[UUID],
    vault: Vault | None = None,
) -> Receipt:
    """All of these are on their way, or none where one must not be sent.

    Raises:
        IssuerSuspendedError: it sends nothing until it is no longer suspended.
        AwardNotInForceError, GuardianConsentMissingError, PhysicalBadgeStageError.
    """

    def may_be_sent(read: Reader) -> None:
        read.get(Issuer, issuer_id).must_send_badges()
        _must_be_shown(read, vault, call, enrollment_ids)

    def shipped(read: Reader, badge: PhysicalBadge) -> Happened:
        get_person(read, badge.person_id)
        return badge.ship(call.act, award=read.get(Enrollment, badge.enrollment_id))

    return _run(ledger, call, issuer_id, enrollment_ids, shipped, first=may_be_sent)


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
    *,
    first: Callable[[Reader], None] = lambda _read: None,
) -> Receipt:
    """Something happens to each of an issuer's badges; those of another are not there."""

    def decide(read: Reader) -> Happened:
        _read_ahead(read, enrollment_ids)
        _must_be_its_own(read, issuer_id, enrollment_ids)
        first(read)

        def one(enrollment_id: UUID) -> Happened:
            return happens(read, read.get(PhysicalBadge, physical_badge_stream(enrollment_id)))

        return _each(enrollment_ids, one)

    return ledger.run(call, decide)


def _must_be_its_own(read: Reader, issuer_id: UUID, enrollment_ids: Sequence[UUID]) -> None:
    for enrollment_id in enrollment_ids:
        badge = read.find(PhysicalBadge, physical_badge_stream(enrollment_id))
        if badge is None or badge.issuer_id != issuer_id:
            raise NotFoundError(f"there is no physical badge of award {enrollment_id}")


def _read_ahead(read: Reader, enrollment_ids: Sequence[UUID]) -> None:
    """A handful of readings for a parcel, however much is in it."""
    read.ahead(Merges, [MERGES])
    read.ahead(PhysicalBadge, map(physical_badge_stream, enrollment_ids))
    awards = read.ahead(Enrollment, enrollment_ids).values()
    person_ids = {one for award in awards for one in _ids_of(read, award.person_id)}
    read.ahead(Person, person_ids)
    read.ahead(Retention, [Subject(one).stream for one in person_ids])
    read.ahead(Issuer, {award.issuer_id for award in awards})


def _must_be_shown(
    read: Reader, vault: Vault | None, call: Call, enrollment_ids: Sequence[UUID]
) -> None:
    """Whoever opens the parcel sees what she earned, so it takes what sharing it takes."""
    owners = {
        one: read.get(Person, person_of(read, read.get(Enrollment, one).person_id))
        for one in enrollment_ids
    }
    lacking = lacking_consent(vault, owners.values(), "sharing", call.at)
    for enrollment_id, person in owners.items():
        if person.id in lacking:
            raise GuardianConsentMissingError(
                f"a guardian's consent to sharing award {enrollment_id} comes first",
                enrollment_id=enrollment_id,
            )


def _ids_of(read: Reader, person_id: UUID) -> set[UUID]:
    """Under which ids she is looked at: her own, and that of the record that was kept."""
    return {person_id, person_of(read, person_id)}


def _each(enrollment_ids: Sequence[UUID], one: Callable[[UUID], Happened]) -> Happened:
    """What happens to each, in the order asked for; an award that is named twice counts once."""
    return list(chain.from_iterable(map(one, dict.fromkeys(enrollment_ids))))

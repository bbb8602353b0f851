"""Commands on coaching: a district gives its teachers coaches, and logs when they met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import product
from uuid import UUID

from ledger.aggregates.coaching import Coaching
from ledger.aggregates.enrollment_state import EnrollmentState
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import known_merges, person_of
from ledger.commands.person import get_person
from ledger.events import AnyCoachingEvent
from ledger.values import stream_id

Events = Sequence[AnyCoachingEvent]


def coaching_stream(person_id: UUID, coach_id: UUID) -> UUID:
    """The stream of one coach and one teacher."""
    return stream_id("coaching", person_id, coach_id)


def begin_coaching(
    ledger: Ledger, call: Call, *, district_id: UUID, person_id: UUID, coach_id: UUID, focus: str
) -> Receipt:
    """Give a teacher a coach. Raises ConflictOfInterestError, NothingChangesError."""

    def decide(read: Reader, known: Coaching) -> Events:
        get_person(read, person_id)
        get_person(read, coach_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        return known.begin(call.act, district_id=district_id, focus=focus, zone=district.zone)

    return _run(ledger, call, person_id, coach_id, decide)


def log_coaching_session(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    person_id: UUID,
    coach_id: UUID,
    held_on: date,
    minutes: int,
    focus: str,
) -> Receipt:
    """Say that they met. Raises NotCoachingError, SessionOutsideCoachingError."""

    def decide(_read: Reader, known: Coaching) -> Events:
        return known.log_session(
            call.act, district_id=district_id, held_on=held_on, minutes=minutes, focus=focus
        )

    return _run(ledger, call, person_id, coach_id, decide)


def end_coaching(
    ledger: Ledger, call: Call, *, district_id: UUID, person_id: UUID, coach_id: UUID, reason: str
) -> Receipt:
    """The coach coaches her no more. Raises NotCoachingError."""

    def decide(_read: Reader, known: Coaching) -> Events:
        return known.end(call.act, district_id=district_id, reason=reason)

    return _run(ledger, call, person_id, coach_id, decide)


def must_not_coach(read: Reader, earner: EnrollmentState, other_id: UUID) -> None:
    """Raises ConflictOfInterestError if somebody coaches, or did when this was handed in."""
    for known in _between(read, earner.person_id, other_id):
        known.must_not_judge(earner.submitted_at)


def _run(
    ledger: Ledger,
    call: Call,
    person_id: UUID,
    coach_id: UUID,
    decide: Callable[[Reader, Coaching], Events],
) -> Receipt:
    """Run a command on what there is between two, under whichever of their ids it began."""

    def found(read: Reader) -> Events:
        known = list(_between(read, person_id, coach_id))
        both = person_of(read, person_id), person_of(read, coach_id)
        none_yet = Coaching.none_yet(coaching_stream(*both), *both)
        return decide(read, next((one for one in known if one.active), [*known, none_yet][0]))

    return ledger.run(call, found)


def _between(read: Reader, person_id: UUID, coach_id: UUID) -> Iterator[Coaching]:
    """Every coaching of one by the other; there are several where records were merged."""
    merges = known_merges(read)
    for person, coach in product(*map(merges.every_id_of, (person_id, coach_id))):
        known = read.find(Coaching, coaching_stream(person, coach))
        if known is not None:
            yield known

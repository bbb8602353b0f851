"""A district with as many awards as it takes, and nothing of how each was come by."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from benchmarks.data import ENROLLMENTS_PER_PERSON, PLACE, District, make
from ledger.aggregates.base import Act, first_header
from ledger.events import LedgerEvent
from ledger.events.enrollment import Awarded, Enrolled
from ledger.values import stream_id

EVENTS_PER_PERSON = 2 + 2 * ENROLLMENTS_PER_PERSON


def events_of(awards: int) -> int:
    """How many events a district with so many awards takes, its foundation included."""
    foundation = sum(1 for _ in AwardingDistrict().foundation())
    return foundation + awards // ENROLLMENTS_PER_PERSON * EVENTS_PER_PERSON


class AwardingDistrict(District):
    """Its teachers enroll and are awarded; assessors and evidence would only make it larger."""

    def enrollment(
        self, person_id: UUID, credential_id: UUID, at: datetime
    ) -> Iterator[LedgerEvent]:
        header = {
            **first_header(
                stream_id("enrollment", person_id, credential_id, 1), Act(self.actor_id, at)
            ),
            "person_id": person_id,
        }
        issue = {
            "credential_id": credential_id,
            "credential_version": 1,
            "issuer_id": self.issuer_id,
        }
        yield make(Enrolled, header, issue, cycle=1, renews_enrollment_id=None)
        later = {"originator_version": 2, "occurred_at": at + timedelta(minutes=1)}
        yield make(
            Awarded,
            {**header, **later},
            issue,
            PLACE,
            attempt=1,
            awarded_on=at.date(),
            expires_on=None,
        )

"""Physical badges as a view: what of a badge moves, in pages, and the same when it is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.events import LedgerEvent
from ledger.events.enrollment import Awarded, Enrolled, Revoked
from ledger.events.physical_badge import (
    PhysicalBadgeDelivered,
    PhysicalBadgeRequested,
    PhysicalBadgeReturned,
    PhysicalBadgeShipped,
)
from projections.check import check
from projections.employments import Employments
from projections.physical_badges import (
    ListedBadge,
    PhysicalBadges,
    fulfillment,
    of_issuer,
)
from projections.records import Records
from tests.database import Server
from tests.projections.logs import Log, a_log
from tests.samples import CREDENTIAL, DISTRICT, EARNER, ISSUER, ZONE, header, named

VIEWS = (PhysicalBadges(), Records(), Employments())
MONDAY, TUESDAY = date(2024, 11, 18), date(2024, 11, 19)
OTHER = named("other district")


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server, VIEWS) as log:
        yield log


def award(number: int) -> UUID:
    return named(f"award {number}")


def awarded(number: int) -> list[LedgerEvent]:
    pinned: dict[str, Any] = {
        "person_id": EARNER,
        "credential_id": CREDENTIAL,
        "credential_version": 1,
        "issuer_id": ISSUER,
    }
    days = {"zone": ZONE, "awarded_on": MONDAY, "expires_on": None}
    return [
        Enrolled(**header(award(number)), **pinned, cycle=number, renews_enrollment_id=None),
        Awarded(**header(award(number), 2), **pinned, attempt=1, **days),
    ]


def badge(number: int, version: int) -> dict[str, Any]:
    """What each event of the badge of an award begins with."""
    about = {"person_id": EARNER, "enrollment_id": award(number), "issuer_id": ISSUER}
    return {**header(named(f"badge {number}"), version), **about}


def asked(
    number: int, version: int = 1, district_id: UUID = DISTRICT, day: date = MONDAY
) -> PhysicalBadgeRequested:
    return PhysicalBadgeRequested(
        **badge(number, version),
        credential_id=CREDENTIAL,
        district_id=district_id,
        school_id=named(f"school of {district_id}"),
        zone=ZONE,
        requested_on=day,
    )


def shown(log: Log, *events: LedgerEvent) -> list[ListedBadge]:
    """Everything that was asked of the issuer, by a view that a rebuild would make the same."""
    log.empty(VIEWS)
    log.fill(events)
    log.catch_up(VIEWS)
    assert all(one.equal for one in check(log.database, VIEWS, workers=2))
    return of_issuer(log.reader, ISSUER, day=TUESDAY, open_only=False)


def test_a_badge_that_is_asked_for_anew_goes_to_another_school_and_its_district(log: Log) -> None:
    sent = {"shipment": 1, "zone": ZONE}
    [found] = shown(
        log,
        *awarded(1),
        asked(1),
        PhysicalBadgeShipped(**badge(1, 2), **sent, shipped_on=MONDAY),
        PhysicalBadgeDelivered(**badge(1, 3), **sent, delivered_on=MONDAY),
        PhysicalBadgeReturned(**badge(1, 4), **sent, reason="moved", returned_on=TUESDAY),
        asked(1, 5, OTHER, TUESDAY),
    )
    assert (found.district_id, found.school_id) == (OTHER, named(f"school of {OTHER}"))
    assert (found.stage, found.requested_on, found.moved_on) == ("requested", TUESDAY, TUESDAY)
    assert (found.shipments, found.returns, found.version) == (1, 1, 5)


def test_what_was_asked_for_is_listed_once_over_all_pages_the_oldest_first(log: Log) -> None:
    events = [one for number in (1, 2, 3) for one in (*awarded(number), asked(number))]
    found = shown(log, *events)
    assert [one.enrollment_id for one in found] == [award(1), award(2), award(3)]
    after, pages = 0, []
    while page := of_issuer(log.reader, ISSUER, day=TUESDAY, open_only=True, after=after, limit=2):
        pages.append(len(page))
        after = page[-1].position
    assert pages == [2, 1]


def test_what_came_back_for_an_award_that_was_revoked_since_is_canceled(log: Log) -> None:
    sent = {"shipment": 1, "zone": ZONE}
    returned = [
        *awarded(1),
        asked(1),
        PhysicalBadgeShipped(**badge(1, 2), **sent, shipped_on=MONDAY),
        PhysicalBadgeReturned(**badge(1, 3), **sent, reason="moved", returned_on=TUESDAY),
    ]
    revoked = Revoked(
        **header(award(1), 3),
        person_id=EARNER,
        reason="plagiarism",
        authority="issuer",
        zone=ZONE,
        effective_on=MONDAY,
    )
    assert [one.stage_shown for one in shown(log, *returned)] == ["returned"]
    assert [one.stage_shown for one in shown(log, *returned, revoked)] == ["canceled"]


def test_what_was_earned_is_owed_whether_it_was_asked_for_or_not(log: Log) -> None:
    sent = {"shipment": 1, "zone": ZONE}
    shipped = PhysicalBadgeShipped(**badge(1, 2), **sent, shipped_on=MONDAY)
    shown(log, *(one for n in (1, 2, 3) for one in awarded(n)), asked(1), asked(2), shipped)
    [found] = fulfillment(log.reader, ISSUER, day=TUESDAY)
    assert (found.earned, found.requested, found.shipped, found.open) == (3, 2, 1, 2)

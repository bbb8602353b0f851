"""The physical badge of an award: asked for, sent, there, back; and none without the award."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.enrollment_state import Status
from ledger.aggregates.physical_badge import (
    AwardNotInForceError,
    Destination,
    PhysicalBadge,
    PhysicalBadgeStageError,
    request,
)
from ledger.errors import NothingChangesError
from ledger.events.base import Event
from ledger.events.physical_badge import (
    PhysicalBadgeCanceled,
    PhysicalBadgeDelivered,
    PhysicalBadgeRequested,
    PhysicalBadgeReturned,
    PhysicalBadgeShipped,
)
from tests.given import fact, given
from tests.samples import (
    CREDENTIAL,
    DISTRICT,
    EARNER,
    ENROLLMENT,
    ISSUER,
    ZONE,
    Story,
    act,
    header,
    named,
)

BADGE = named("badge")
SCHOOL, OTHER_SCHOOL = named("school"), named("other school")
EVENING = datetime(2024, 11, 20, 3, tzinfo=UTC)  # 19 November, ten at night in New York
TODAY = date(2024, 11, 19)
TO = Destination(SCHOOL, DISTRICT)
ABOUT: dict[str, Any] = {"person_id": EARNER, "enrollment_id": ENROLLMENT, "issuer_id": ISSUER}
asked = PhysicalBadgeRequested(
    **header(BADGE),
    **ABOUT,
    credential_id=CREDENTIAL,
    district_id=DISTRICT,
    school_id=SCHOOL,
    zone=ZONE,
    requested_on=TODAY,
)


@pytest.fixture(scope="module")
def award() -> Enrollment:
    return Story().awarded().enrollment


def history(*steps: str) -> list[Event]:
    """A badge that was asked for, and what became of it."""
    events: list[Event] = [asked]
    shipment = 0
    for version, step in enumerate(steps, start=2):
        about = {**header(BADGE, version), **ABOUT}
        shipment += step == "ship"
        sent = {**about, "shipment": shipment, "zone": ZONE}
        match step:
            case "request":
                events.append(asked.model_copy(update={"originator_version": version}))
            case "cancel":
                events.append(PhysicalBadgeCanceled(**about, reason="moved"))
            case "ship":
                events.append(PhysicalBadgeShipped(**sent, shipped_on=TODAY))
            case "deliver":
                events.append(PhysicalBadgeDelivered(**sent, delivered_on=TODAY))
            case _:
                events.append(PhysicalBadgeReturned(**sent, reason="lost", returned_on=TODAY))
    return events


def test_a_badge_is_asked_for_on_a_day_of_the_issuers(award: Enrollment) -> None:
    first = given().when(lambda _: request(BADGE, act(at=EVENING), award=award, to=TO, zone=ZONE))
    badge = first.then(
        fact(
            PhysicalBadgeRequested,
            **ABOUT,
            credential_id=CREDENTIAL,
            district_id=DISTRICT,
            school_id=SCHOOL,
            zone=ZONE,
            requested_on=TODAY,
        )
    )
    assert badge == PhysicalBadge(id=BADGE, version=1, **ABOUT, school_id=SCHOOL, zone=ZONE)


@pytest.mark.parametrize(
    ("steps", "possible"),
    [
        ((), {"cancel", "ship"}),
        (("cancel",), {"request"}),
        (("cancel", "request"), {"cancel", "ship"}),
        (("ship",), {"deliver", "return"}),
        (("ship", "deliver"), {"return"}),
        (("ship", "return"), {"request", "cancel", "ship"}),
        (("ship", "deliver", "return"), {"request", "cancel", "ship"}),
        (("ship", "return", "request"), {"cancel", "ship"}),
    ],
)
def test_at_each_stage_only_what_can_happen_to_it_there_does(
    award: Enrollment, steps: tuple[str, ...], possible: set[str]
) -> None:
    commands: dict[str, Any] = {
        "request": lambda one: one.request(act(at=EVENING), award=award, to=TO),
        "cancel": lambda one: one.cancel(act(), reason="moved"),
        "ship": lambda one: one.ship(act(at=EVENING), award=award),
        "deliver": lambda one: one.deliver(act(at=EVENING)),
        "return": lambda one: one.return_(act(at=EVENING), reason="lost"),
    }
    before = given(*history(*steps))
    outcomes = {name: before.when(command) for name, command in commands.items()}
    assert {name for name, one in outcomes.items() if one.refusal is None} == possible
    for name, outcome in outcomes.items():
        if outcome.refusal is None:
            continue
        waiting = name == "request" and isinstance(before.events[-1], PhysicalBadgeRequested)
        outcome.then_refused(
            NothingChangesError if waiting else PhysicalBadgeStageError, str(ENROLLMENT)
        )
        assert outcome.refusal.operands == {"enrollment_id": ENROLLMENT}


def test_what_is_sent_says_which_shipment_it_is_and_on_which_day(award: Enrollment) -> None:
    sent = given(*history("ship", "return")).when(
        lambda one: one.ship(act(at=EVENING), award=award)
    )
    shipment = {**ABOUT, "shipment": 2, "zone": ZONE}
    shipped = sent.then(fact(PhysicalBadgeShipped, **shipment, shipped_on=TODAY))
    assert (shipped.stage, shipped.shipments) == ("shipped", 2)
    there = given(*sent.history, *sent.events).when(lambda one: one.deliver(act(at=EVENING)))
    delivered = there.then(fact(PhysicalBadgeDelivered, **shipment, delivered_on=TODAY))
    assert delivered.stage == "delivered"
    back = given(*there.history, *there.events).when(
        lambda one: one.return_(act(at=EVENING), reason="damaged")
    )
    returned = back.then(
        fact(PhysicalBadgeReturned, **shipment, reason="damaged", returned_on=TODAY)
    )
    assert returned.stage == "returned"
    canceled = given(asked).when(lambda one: one.cancel(act(), reason="declined"))
    assert (
        canceled.then(fact(PhysicalBadgeCanceled, **ABOUT, reason="declined")).stage == "canceled"
    )


def test_it_may_be_asked_for_another_school(award: Enrollment) -> None:
    to = Destination(OTHER_SCHOOL, named("other district"))
    outcome = given(asked).when(lambda one: one.request(act(at=EVENING), award=award, to=to))
    badge = outcome.then(
        fact(
            PhysicalBadgeRequested,
            school_id=OTHER_SCHOOL,
            district_id=named("other district"),
            zone=ZONE,
            requested_on=TODAY,
        )
    )
    assert (badge.stage, badge.school_id) == ("requested", OTHER_SCHOOL)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.REVOKED},
        {"status": Status.OPEN, "awarded_on": None},
        {"expires_on": TODAY},
    ],
)
def test_nothing_is_asked_for_or_sent_for_an_award_that_is_not_in_force(
    award: Enrollment, changes: dict[str, Any]
) -> None:
    gone = replace(award, **changes)
    at = act(at=EVENING)
    outcomes = [
        given().when(lambda _: request(BADGE, at, award=gone, to=TO, zone=ZONE)),
        given(*history("cancel")).when(lambda one: one.request(at, award=gone, to=TO)),
        given(asked).when(lambda one: one.ship(at, award=gone)),
    ]
    for outcome in outcomes:
        refusal = outcome.then_refused(AwardNotInForceError, f"{ENROLLMENT} is not in force on")
        assert refusal.operands == {"enrollment_id": ENROLLMENT}


def test_an_award_that_expires_tomorrow_is_in_force(award: Enrollment) -> None:
    lasting = replace(award, expires_on=date(2024, 11, 20))
    given(asked).when(lambda one: one.ship(act(at=EVENING), award=lasting)).then(
        PhysicalBadgeShipped
    )


def test_a_stream_that_does_not_begin_by_asking_is_not_folded() -> None:
    with pytest.raises(AssertionError, match="begins requested"):
        PhysicalBadge.fold(None, history("ship")[1:])

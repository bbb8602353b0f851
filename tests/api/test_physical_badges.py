"""Physical badges over HTTP: who asks, who ships, what is open, and what a revocation does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.clock import wall
from ledger.aggregates.enrollment import enrollment_stream
from ledger.application import Call
from ledger.commands import pre_service
from ledger.events import LedgerEvent
from ledger.events.employment import EmploymentStarted
from ledger.events.enrollment import Awarded, Enrolled
from ledger.events.person import PersonRegistered
from tests.api.world import District, Issuer, World
from tests.samples import MONDAY, header, named

ZONE = "America/New_York"
REVOKED = {"reason": "plagiarism", "authority": "issuer"}


@dataclass
class Surry:
    """A district of North Carolina, an issuer with badges to touch, and who earned them."""

    world: World
    district: District
    issuer: Issuer
    school: str
    credential: str
    teachers: list[UUID]
    awards: list[str]

    @property
    def path(self) -> str:
        return f"/v1/issuers/{self.issuer.id}"

    def request(self, *awards: str, who: UUID | None = None, school: str | None = None) -> Any:
        body = {"enrollment_ids": awards, "school_id": school or self.school}
        path = f"/v1/districts/{self.district.id}/physical-badge-requests"
        return self.world.post(who or self.district.office, path, body)

    def request_own(self, award: str) -> Any:
        path = f"/v1/enrollments/{award}/physical-badge-requests"
        teacher = self.teachers[self.awards.index(award)]
        return self.world.post(teacher, path, {"school_id": self.school})

    def ship(self, *awards: str) -> Any:
        body = {"enrollment_ids": awards}
        return self.world.post(self.issuer.approver, f"{self.path}/physical-badge-shipments", body)

    def come_back(self, *awards: str) -> Any:
        body = {"enrollment_ids": awards, "reason": "school-closed"}
        return self.world.post(self.issuer.approver, f"{self.path}/physical-badge-returns", body)

    def totals(self, **asked: Any) -> dict[str, int]:
        path = f"{self.path}/physical-badge-totals"
        [found] = self.world.seen(self.issuer.approver, path, **asked)["items"]
        assert found.pop("credential_id") == self.credential
        return dict(found)

    def listed(self, **asked: Any) -> list[dict[str, Any]]:
        asked = {"limit": 200, **asked}
        found = self.world.seen(self.issuer.approver, f"{self.path}/physical-badges", **asked)
        items: list[dict[str, Any]] = found["items"]
        return items

    def revoke(self, award: str) -> None:
        self.world.done(self.issuer.approver, f"/v1/enrollments/{award}/revocations", REVOKED)


def surry(world: World, count: int) -> Surry:
    """Awards as they are in the log, without the work that led to them."""
    district, issuer = world.district("Surry"), world.issuer("Surry Issuer")
    path = f"/v1/districts/{district.id}/schools"
    school = world.done(world.operator, path, {"name": "Pilot Mountain Middle"})["id"]
    credential = issuer.credential()
    teachers = [uuid4() for _ in range(count)]
    events = [one for teacher in teachers for one in earned(teacher, district, issuer, credential)]
    world.position = world.edge.ledger.append(call(MONDAY), tuple(events), ()).position
    world.edge.visible(["employments"], world.position)
    awards = [str(enrollment_stream(teacher, UUID(credential), 1)) for teacher in teachers]
    return Surry(world, district, issuer, school, credential, teachers, awards)


def call(at: datetime) -> Call:
    return Call(caller_id=uuid4(), command_id=uuid4(), body_hash=bytes(32), at=at)


def earned(teacher: UUID, district: District, issuer: Issuer, credential: str) -> list[LedgerEvent]:
    award, job = enrollment_stream(teacher, UUID(credential), 1), named(f"job of {teacher}")
    pinned: dict[str, Any] = {
        "person_id": teacher,
        "credential_id": UUID(credential),
        "credential_version": 1,
        "issuer_id": UUID(issuer.id),
    }
    days = {"zone": ZONE, "awarded_on": date(2024, 11, 18), "expires_on": None}
    return [
        PersonRegistered(**header(teacher)),
        EmploymentStarted(
            **header(job),
            person_id=teacher,
            district_id=UUID(district.id),
            school_id=None,
            role="teacher",
            fte_thousandths=1000,
            exempt=True,
            zone=ZONE,
            first_day=date(2024, 8, 1),
            last_day=None,
        ),
        Enrolled(**header(award), **pinned, cycle=1, renews_enrollment_id=None),
        Awarded(**header(award, 2), **pinned, attempt=1, **days),
    ]


@pytest.fixture(scope="module")
def few(shared_world: World) -> Surry:
    """Four awards, each for one test."""
    return surry(shared_world, 4)


def test_of_200_earned_188_are_shipped_and_2_come_back_so_14_are_open(
    shared_world: World,
) -> None:
    one = surry(shared_world, 200)
    assert one.request(*one.awards).status_code == 201
    before = one.world.position
    assert one.ship(*one.awards[:188]).status_code == 201
    shipped = {"earned": 200, "requested": 200, "shipped": 188, "delivered": 0, "returned": 0}
    assert one.totals() == {**shipped, "open": 12}
    assert one.come_back(*one.awards[:2]).status_code == 201
    came = one.world.position
    assert one.totals() == {**shipped, "returned": 2, "open": 14}
    waiting = one.listed()
    assert {item["enrollment_id"] for item in waiting} == {*one.awards[:2], *one.awards[188:]}
    assert {item["school_name"] for item in waiting} == {"Pilot Mountain Middle"}
    assert {item["stage"] for item in waiting} == {"requested", "returned"}

    one.revoke(one.awards[199])  # was not shipped yet
    one.revoke(one.awards[100])  # was shipped
    left = {"earned": 198, "requested": 198, "shipped": 187, "delivered": 0, "returned": 2}
    assert one.totals() == {**left, "open": 13}
    assert one.awards[199] not in {item["enrollment_id"] for item in one.listed()}
    refused = one.ship(*one.awards[198:])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/award-not-in-force")
    assert one.totals()["open"] == 13, "of a parcel that is refused nothing is shipped"

    assert one.totals(as_of=came) == {**shipped, "returned": 2, "open": 14}
    assert one.totals(as_of=before) == {**shipped, "shipped": 0, "open": 200}
    assert len(one.listed(as_of=came)) == 14


def test_an_award_that_was_revoked_cancels_what_is_not_on_its_way(few: Surry) -> None:
    award = few.awards[0]
    few.request(award)
    few.revoke(award)
    [badge] = [one for one in few.listed(state="all") if one["enrollment_id"] == award]
    assert (badge["stage"], badge["award_in_force"]) == ("canceled", False)
    assert few.ship(award).json()["type"] == "/problems/award-not-in-force"
    assert few.request(award).json()["type"] == "/problems/award-not-in-force"
    reinstated = {"reason": "in-error", "authority": "issuer"}
    few.world.done(few.issuer.approver, f"/v1/enrollments/{award}/reinstatements", reinstated)
    assert few.ship(award).status_code == 201, "nobody has to ask again"


def test_a_teacher_asks_for_hers_and_sees_where_it_is(few: Surry) -> None:
    world, teacher, award = few.world, few.teachers[1], few.awards[1]
    path = f"/v1/enrollments/{award}"
    body = {"school_id": few.school}
    stranger = world.post(few.teachers[2], f"{path}/physical-badge-requests", body)
    assert stranger.status_code == 404
    elsewhere = {"school_id": surry(world, 1).school}
    foreign = world.post(teacher, f"{path}/physical-badge-requests", elsewhere)
    assert foreign.status_code == 404, "she works in none of its schools"
    world.done(teacher, f"{path}/physical-badge-requests", body)
    again = world.post(teacher, f"{path}/physical-badge-requests", body)
    assert again.status_code == 409, "it is asked for"
    assert few.ship(award, award).status_code == 201, "named twice, sent once"
    late = world.post(teacher, f"{path}/physical-badge-cancellations", {"reason": "moved"})
    assert late.json()["type"] == "/problems/physical-badge-stage"
    arrived = f"{few.path}/physical-badge-deliveries"
    world.done(few.issuer.approver, arrived, {"enrollment_ids": [award]})
    [badge] = world.seen(teacher, f"/v1/people/{teacher}/physical-badges")["items"]
    assert (badge["stage"], badge["shipments"], badge["school_name"]) == (
        "delivered",
        1,
        "Pilot Mountain Middle",
    )
    happened = world.seen(teacher, f"/v1/people/{teacher}/history")["items"]
    assert "physical-badge.delivered.v1" in {one["topic"] for one in happened}


def test_what_is_canceled_is_neither_open_nor_shipped_and_may_be_asked_for_again(
    few: Surry,
) -> None:
    world, teacher, award = few.world, few.teachers[2], few.awards[2]
    few.request(award)
    open_before = few.totals()["open"]
    cancel = f"/v1/enrollments/{award}/physical-badge-cancellations"
    world.done(teacher, cancel, {"reason": "not-wanted"})
    assert few.totals()["open"] == open_before - 1
    assert few.ship(award).json()["type"] == "/problems/physical-badge-stage"
    assert few.request(award).status_code == 201
    assert few.totals()["open"] == open_before


def test_a_badge_goes_to_a_school_of_the_district_that_asks_for_people_of_its_own(
    few: Surry,
) -> None:
    other = surry(few.world, 1)
    award = few.awards[3]
    assert few.request(award, other.awards[0]).status_code == 404
    assert few.request(award, school=other.school).status_code == 404
    refused = few.request(award, school=few.district.id)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/not-a-school")
    other.request(other.awards[0])
    assert few.ship(other.awards[0]).status_code == 404, "it is another issuer's"


def test_an_issuer_that_is_suspended_sends_nothing_until_it_is_reinstated(
    shared_world: World,
) -> None:
    one = surry(shared_world, 1)
    operator, award = one.world.operator, one.awards[0]
    one.world.done(operator, f"{one.path}/suspensions", {"reason": "lost-trust"})
    assert one.request(award).status_code == 201, "it is asked for, and waits"
    refused = one.ship(award)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/issuer-suspended")
    one.world.done(operator, f"{one.path}/suspension-lifts")
    assert one.ship(award).status_code == 201


def test_the_badge_of_a_minor_is_asked_for_and_sent_while_a_guardian_agrees_to_it(
    shared_world: World,
) -> None:
    one = surry(shared_world, 2)
    ledger, vault = one.world.edge.ledger, one.world.edge.vault
    award, at = one.awards[0], wall()
    about = {"person_id": one.teachers[0], "district_id": UUID(one.district.id)}
    sharing: dict[str, Any] = {**about, "consent": "sharing"}
    majority = at.date() + timedelta(days=400)
    minor: dict[str, Any] = {**about, "program": "educators-rising", "minor_until": majority}
    pre_service.record_pre_service(ledger, vault, call(at), **minor)
    for refused in (one.request(*one.awards), one.request_own(award)):
        assert refused.json()["type"] == "/problems/guardian-consent-missing"
        assert award in refused.json()["detail"], "which, among so many"
    pre_service.give_guardian_consent(ledger, call(at), **sharing, form="signed-form")
    assert one.request(*one.awards).status_code == 201
    pre_service.withdraw_guardian_consent(ledger, call(at), **sharing, reason="guardian-request")
    assert one.ship(*one.awards).json()["type"] == "/problems/guardian-consent-missing"
    assert one.ship(one.awards[1]).status_code == 201, "the other teacher is of age"


def test_a_parcel_is_read_together_however_much_is_in_it(
    shared_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = surry(shared_world, 12)
    ledger = one.world.edge.ledger
    single: list[UUID] = []
    find = ledger.find
    monkeypatch.setattr(
        ledger, "find", lambda kind, stream: single.append(stream) or find(kind, stream)
    )
    counts = []
    for awards in (one.awards[:2], one.awards[2:]):
        single.clear()
        assert one.request(*awards).status_code == 201
        assert one.ship(*awards).status_code == 201
        counts.append(len(single))
    assert counts[0] == counts[1]

"""What HR is told of lanes and steps, over HTTP.

The days of Baltimore County: documents on Wednesday 16 October 2024, pay periods from 12 and 26
October, a new hire of 19 August with ninety days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from projections.pay_notices import PayNotice, SignOff
from projections.runner import Watch
from tests.api.world import District, Issuer, World, credit_of, stack_of, stipend, story
from tests.rules.dossiers import changed, pay_periods, shipped
from tests.samples import MONDAY, named

DAYS = {"master": "2024-08-20", "october": "2024-10-16", "november": "2024-11-17"}


@contextmanager
def on(world: World, day: str) -> Iterator[None]:
    """It is noon on that day in Chicago."""
    world.client.headers["Ledger-Time"] = f"{day}T18:00:00Z"
    try:
        yield
    finally:
        del world.client.headers["Ledger-Time"]


@dataclass
class Lanes:
    """A district that changes lanes by documents, and two teachers who have what it takes."""

    world: World
    district: District
    issuer: Issuer
    old: UUID  # whose documents came on 16 October
    new: UUID  # hired on 19 August, whose documents came on 17 November
    before: int  # the position before those of November

    @property
    def path(self) -> str:
        return f"/v1/districts/{self.district.id}/pay-notices"

    def notices(self, **asked: Any) -> list[dict[str, Any]]:
        found = self.world.seen(self.district.office, self.path, **asked)["items"]
        return [{**one["notice"], "name": one["name"]} for one in found]


def adopt(district: District, rule: Any) -> str:
    body = {
        "board_reference": "Minute 24",
        "adopted_on": "2024-06-01",
        "rule": rule.model_dump(mode="json"),
    }
    path = f"/v1/districts/{district.id}/policy-rules"
    return str(district.world.done(district.office, path, body)["id"])


def set_pay_periods(district: District) -> None:
    periods = [
        {"first_day": one.first_day, "last_day": one.last_day, "pay_date": one.pay_date}
        for one in pay_periods(date(2024, 8, 3), 20)
    ]
    days = [{name: day.isoformat() for name, day in one.items()} for one in periods]
    year = {"first_day": "2024-07-01", "last_day": "2025-06-30", "fiscal_year": 2025}
    paid = {"kind": "pay_calendar_set", "fiscal_year": 2025, "pay_periods": days}
    for fact in ({"kind": "fiscal_year_set", **year}, paid):
        path = f"/v1/districts/{district.id}/calendar"
        district.world.done(district.office, path, {"fact": fact})


@pytest.fixture(scope="module")
def lanes(shared_world: World) -> Lanes:
    world = shared_world
    with on(world, "2024-08-01"):
        district = world.district()
        one, two = story(world, district, "Old"), story(world, district, "New")
        for teacher, first_day in ((one, "2020-08-17"), (two, "2024-08-19")):
            teacher.teacher = district.person("Ada", first_day)
            district.employ(teacher.teacher, first_day)
        two.credential, two.assessors, two.issuer = one.credential, one.assessors, one.issuer
        stack = world.done(
            one.issuer.approver, "/v1/stacks", stack_of(one.issuer.id, one.credential)
        )["id"]
        master = {"kind": "stack", "stack_id": stack}
        adopt(district, changed(shipped("I6"), trigger=master))
        set_pay_periods(district)
    with on(world, DAYS["master"]):
        one.award()
        two.award()
    world.seen(district.office, f"/v1/districts/{district.id}/people")  # that she works there
    for teacher, month in ((one.teacher, "october"), (two.teacher, "november")):
        before = world.position
        with on(world, DAYS[month]):
            fact = {
                "kind": "document_received",
                "subject_id": stack,
                "document": "transcript",
                "received_on": DAYS[month],
            }
            path = f"/v1/districts/{district.id}/people/{teacher}/facts"
            world.done(district.office, path, {"fact": fact})
    return Lanes(world, district, one.issuer, one.teacher, two.teacher, before)


def test_hr_reads_from_when_on_a_lane_holds_and_the_days_of_retro_pay(lanes: Lanes) -> None:
    """The first full period after 16 October begins on the 26th.

    17 November is day 90 of the new hire, the first being day 0: her lane holds from the day she
    was hired, ninety days back, and is settled with the second full period after it, which is paid
    on 27 December.
    """
    new, old = lanes.notices(effective_on="2024-12-31")
    assert (new["person_id"], old["person_id"]) == (str(lanes.new), str(lanes.old))
    assert (old["complete_on"], old["effective_on"], old["retro_days"]) == (
        "2024-10-16",
        "2024-10-26",
        0,
    )
    assert (new["complete_on"], new["effective_on"], new["retro_days"]) == (
        "2024-11-17",
        "2024-08-19",
        90,
    )
    assert new["settle_by"] == "2024-12-27"
    assert {one["kind"] for one in (new, old)} == {"lane_change"}
    assert (new["name"], new["board_reference"]) == ("Ada 2024-08-19", "Minute 24")
    assert new["crossed_on"] == DAYS["master"]
    assert new["annual_cents"] is None  # the salary schedule knows


def test_a_lane_is_in_force_from_its_day_on_and_is_told_before(lanes: Lanes) -> None:
    old = next(one for one in lanes.notices(effective_on="2024-10-25") if one["retro_days"] == 0)
    assert old["in_force"] is False
    old = next(one for one in lanes.notices(effective_on="2024-10-26") if one["retro_days"] == 0)
    assert old["in_force"] is True


def test_hr_asks_for_one_month_one_kind_and_what_was_known_then(lanes: Lanes) -> None:
    october = lanes.notices(from_day="2024-10-01", to_day="2024-10-31")
    assert [one["person_id"] for one in october] == [str(lanes.old)]
    assert lanes.notices(kind="step") == []
    assert len(lanes.notices(kind="lane_change")) == 2
    known = lanes.notices(as_of=lanes.before)
    assert [one["person_id"] for one in known] == [str(lanes.old)]
    answer = lanes.world.get(lanes.district.office, lanes.path, kind="raise")
    assert (answer.status_code, "kind" in answer.text) == (422, True)


def test_hr_signs_that_a_notice_was_acted_on_and_it_says_so_until_its_days_move(
    lanes: Lanes,
) -> None:
    world, office = lanes.world, lanes.district.office
    [old] = lanes.notices(from_day="2024-10-01", to_day="2024-10-31")
    path = f"{lanes.path}/{old['entitlement_id']}"
    signed = {"acted_on": "2024-11-20", "effective_on": old["effective_on"]}

    def shown(**asked: Any) -> tuple[bool, Any]:
        asked |= {"from_day": "2024-10-01", "to_day": "2024-10-31"}
        [item] = world.seen(office, lanes.path, **asked)["items"]
        return item["acted_on_as_it_stands"], item["sign_off"]

    def refused(**changed: Any) -> str:
        answer = world.post(office, f"{path}/sign-offs", signed | changed)
        return str(answer.json()["type"]).rpartition("/")[2]

    with on(world, "2024-11-20"):
        assert shown() == (False, None)
        assert refused(acted_on="2024-11-21") == "acted-on-later"
        assert refused(effective_on="2024-10-25") == "conflict"
        assert world.post(world.district().office, f"{path}/sign-offs", signed).status_code == 404
        other = world.district()
        elsewhere = path.replace(lanes.district.id, other.id)
        assert world.post(other.office, f"{elsewhere}/sign-offs", signed).status_code == 404
        before = world.position
        world.done(office, f"{path}/sign-offs", signed)
        assert refused() == "nothing-changes"
        stands, sign_off = shown()
        assert (stands, sign_off["acted_on"]) == (True, "2024-11-20")
        assert sign_off["signed_by"] == str(office)
        assert shown(as_of=before) == (False, None)
        world.done(office, f"{path}/reopenings")
        assert shown() == (False, None)
        answer = world.post(office, f"{path}/reopenings")
        assert answer.json()["type"] == "/problems/nothing-changes"


def test_a_list_as_of_a_position_waits_for_what_was_signed_by_then(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign-offs are a view of their own: the payouts may have come further."""
    world, office = lanes.world, lanes.district.office
    asked = {"as_of": world.position}
    assert world.ask(office, "GET", lanes.path, params=asked).status_code == 200

    def come(position: int, names: Iterable[str], *, seconds: float) -> bool:
        behind = position >= world.position and "pay_notices" in names
        return not behind and Watch.wait_for(world.edge.watch, position, names, seconds=seconds)

    monkeypatch.setattr(world.edge.watch, "wait_for", come)
    answer = world.ask(office, "GET", lanes.path, params=asked)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-yet-visible")


def test_what_was_signed_holds_for_the_days_it_was_signed_for() -> None:
    """A revocation ends the lane: the notice says another day, and nobody has acted on that."""
    whose = dict.fromkeys(("entitlement_id", "person_id", "district_id", "signed_by"), named("a"))
    day = date(2024, 10, 26)
    signed = SignOff(
        **whose,
        acted_on=day,
        effective_on=day,
        ends_on=None,
        signed_at=MONDAY,
        position=9,
    )
    notice = PayNotice(
        **dict.fromkeys(("entitlement_id", "person_id", "district_id"), whose["person_id"]),
        policy_id=named("policy"),
        policy_version=1,
        policy_title="Lane",
        board_reference="Minute 24",
        kind="lane_change",
        crossed_on=day,
        complete_on=day,
        effective_on=day,
        ends_on=None,
        in_force=True,
        annual_cents=None,
        unit=None,
        reached=None,
        credit_hundredths=None,
        retro_days=0,
        settle_by=None,
    )
    assert signed.is_of(notice)
    assert not signed.is_of(replace(notice, ends_on=day))
    assert not signed.is_of(replace(notice, effective_on=date(2024, 11, 9)))


def test_notices_come_in_pages(lanes: Lanes) -> None:
    first = lanes.world.get(lanes.district.office, lanes.path, limit=1)
    [one] = first.json()["items"]
    following = lanes.world.ask(lanes.district.office, "GET", first.links["next"]["url"]).json()
    assert [one, *following["items"]] == lanes.world.seen(lanes.district.office, lanes.path)[
        "items"
    ]


def test_another_district_reads_none_of_them(lanes: Lanes) -> None:
    other = lanes.world.district()
    for who in (other.office, lanes.old, uuid4()):
        assert lanes.world.get(who, lanes.path).status_code == 404
    assert lanes.world.seen(other.office, f"/v1/districts/{other.id}/pay-notices")["items"] == []


def test_a_rise_by_plain_terms_is_told_beside_them(shared_world: World) -> None:
    world = shared_world
    with on(world, "2025-01-15"):
        district = world.district()
        rise = stipend(title="A rise", benefit="base_pay", budget_cents_per_year=30_000)
        world.done(district.office, f"/v1/districts/{district.id}/policies", rise)
        one = story(world, district, "Rise").award()
        replace(one, teacher=district.teacher("Bea")).award()  # who waits: the budget is hers
    [told] = world.seen(district.office, f"/v1/districts/{district.id}/pay-notices")["items"]
    notice = told["notice"]
    assert (notice["kind"], notice["person_id"]) == ("base_add", str(one.teacher))
    assert (notice["annual_cents"], notice["effective_on"]) == (30_000, "2025-07-01")


def test_credit_that_she_chose_instead_of_pay_is_told_in_hundredths(shared_world: World) -> None:
    """16 hours are two eights of 0.50, so 1.00 credit; the quote says the rate before."""
    world = shared_world
    with on(world, "2025-05-20"):
        district = world.district()
        path, teacher = f"/v1/districts/{district.id}", district.teacher()
        world.seen(district.office, f"{path}/people")  # that she works there
        set_pay_periods(district)
        year = {"first_day": "2025-07-01", "last_day": "2026-06-30", "fiscal_year": 2026}
        fact = {"kind": "fiscal_year_set", **year}
        world.done(district.office, f"{path}/calendar", {"fact": fact})
        policy = adopt(district, shipped("I22", "credit"))
        hours = credit_of(teacher, kind="clock_hour", quantity_hundredths=1600)
        course = world.done(district.office, f"{path}/credits", hours)["id"]
        asked = {"policy_id": policy, "subject_id": course, "choice": "credit"}
        filed = {"kind": "request_filed", "filed_on": "2025-05-20", **asked}
        world.done(district.office, f"{path}/people/{teacher}/facts", {"fact": filed})
        [told] = world.seen(district.office, f"{path}/pay-notices")["items"]
        notice = told["notice"]
        said = {name: notice[name] for name in ("kind", "unit", "credit_hundredths", "reached")}
        assert said == {
            "kind": "lane_change",
            "unit": "salary_credit",
            "credit_hundredths": 100,
            "reached": None,
        }
        about = f"/v1/payouts/{notice['entitlement_id']}/explanation"
        checks = world.seen(district.office, about)["checks"]
        [granted] = [one["inputs"] for one in checks if one["rule"] == "credit"]
        assert (granted["hours_hundredths"], granted["credit_hundredths"]) == (1600, 100)
        wish = {"credential_id": story(world, district, "Wished").credential}
        params = {"min_position": world.position}
        quoted = world.post(teacher, f"/v1/people/{teacher}/quote", wish, params=params).json()
    [rate] = [one["credit"] for one in quoted["policies"] if one["policy_id"] == policy]
    assert rate == {
        "choice": "credit",
        "unit": "salary_credit",
        "unit_hundredths": 50,
        "each_hours": 8,
    }


def test_a_reopening_that_is_sent_again_is_answered_though_its_notice_is_gone(
    shared_world: World,
) -> None:
    world, district = shared_world, shared_world.district()
    path, rise = f"/v1/districts/{district.id}", stipend(title="A rise", benefit="base_pay")
    with on(world, "2025-01-15"):
        world.done(district.office, f"{path}/policies", rise)
        one = story(world, district, "Reopened").award()
        [told] = world.seen(district.office, f"{path}/pay-notices")["items"]
        about = f"{path}/pay-notices/{told['notice']['entitlement_id']}"
        signed = {"acted_on": "2025-01-15", "effective_on": told["notice"]["effective_on"]}
        world.done(district.office, f"{about}/sign-offs", signed)
        again = {"headers": {"Idempotency-Key": str(uuid4())}}
        first = world.done(district.office, f"{about}/reopenings", **again)
        reason = {"reason": "plagiarism", "authority": "issuer"}
        world.done(one.issuer.approver, f"{one.path}/revocations", reason)
        assert world.done(district.office, f"{about}/reopenings", **again) == first
        gone = world.post(district.office, f"{about}/reopenings")
    assert gone.json()["type"] == "/problems/not-a-notice"

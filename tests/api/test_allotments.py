"""Money from outside of which a share has to reach staff, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import running
from tests.api.world import District, World, story
from tests.database import Server
from tests.rules.dossiers import plain_rule


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
        yield world


def set_down(district: District, **fact: Any) -> int:
    path = f"/v1/districts/{district.id}/calendar"
    made = district.world.done(district.office, path, {"fact": fact})
    return int(made["position"])


def allotted(district: District, percent: int = 90) -> int:
    return set_down(
        district,
        kind="allotment_set",
        fund="incentive_allotment",
        fiscal_year=2025,
        amount_cents=1_200_000,
        floor_percent=percent,
    )


def report(district: District, who: UUID | None = None, **asked: Any) -> list[dict[str, Any]]:
    path = f"/v1/districts/{district.id}/allotments"
    found: list[dict[str, Any]] = district.world.seen(who or district.office, path, **asked)[
        "items"
    ]
    return found


def test_a_plan_that_pays_less_than_the_floor_of_an_allotment_is_reported(world: World) -> None:
    """12,000 dollars, of which 90 %, 10,800, have to reach staff. The plan pays 10,500."""
    district = world.district()
    set_down(
        district,
        kind="fiscal_year_set",
        fiscal_year=2025,
        first_day="2024-07-01",
        last_day="2025-06-30",
    )
    before = allotted(district)
    flat = {"name": "flat", "basis": {"kind": "flat", "amount_cents": 1_050_000}}
    rule = plain_rule(
        benefit="external_allotment_share", amount=[flat], account={"fund": "incentive_allotment"}
    )
    body = {
        "board_reference": "Minute 22",
        "adopted_on": "2024-06-01",
        "rule": rule.model_dump(mode="json"),
    }
    policy = world.done(district.office, f"/v1/districts/{district.id}/policy-rules", body)["id"]
    story(world, district, "Share").award()
    [found] = report(district)
    assert found == {
        "fund": "incentive_allotment",
        "fiscal_year": 2025,
        "amount_cents": 1_200_000,
        "floor_percent": 90,
        "floor_cents": 1_080_000,
        "distributed_cents": 1_050_000,
        "short_cents": 30_000,
        "violated": True,
        "policy_ids": [policy],
    }
    [then] = report(district, as_of=before)
    assert (then["distributed_cents"], then["short_cents"]) == (0, 1_080_000)
    allotted(district, percent=85)  # 10,200 dollars, and said again it replaces
    [now] = report(district)
    assert (now["floor_cents"], now["violated"]) == (1_020_000, False)


def test_of_what_several_funds_pay_the_share_of_the_fund_alone_reaches_staff_from_it(
    world: World,
) -> None:
    """60 % of 10,500 dollars are 6,300: of the floor of 10,800 there lack 4,500."""
    district = world.district()
    year = {"fiscal_year": 2025, "first_day": "2024-07-01", "last_day": "2025-06-30"}
    set_down(district, kind="fiscal_year_set", **year)
    before = allotted(district)
    flat = {"name": "flat", "basis": {"kind": "flat", "amount_cents": 1_050_000}}
    split = [{"fund": "incentive_allotment", "percent": 60}, {"fund": "general", "percent": 40}]
    rule = plain_rule(amount=[flat], account={"fund": "general", "shares": split})
    body = {
        "board_reference": "Minute 23",
        "adopted_on": "2024-06-01",
        "rule": rule.model_dump(mode="json"),
    }
    policy = world.done(district.office, f"/v1/districts/{district.id}/policy-rules", body)["id"]
    story(world, district, "Split").award()
    [found] = report(district)
    assert (found["distributed_cents"], found["short_cents"]) == (630_000, 450_000)
    assert found["policy_ids"] == [policy]
    [then] = report(district, as_of=before)
    assert (then["distributed_cents"], then["policy_ids"]) == (0, [])


def test_an_allotment_is_of_a_year_that_the_district_has_set(world: World) -> None:
    district = world.district()
    fact = {
        "kind": "allotment_set",
        "fund": "grant",
        "fiscal_year": 2030,
        "amount_cents": 1,
        "floor_percent": 100,
    }
    path = f"/v1/districts/{district.id}/calendar"
    refused = world.post(district.office, path, {"fact": fact})
    assert refused.json()["type"] == "/problems/fiscal-year-unknown"
    assert report(district) == []
    other = world.district()
    assert world.get(other.office, f"/v1/districts/{district.id}/allotments").status_code == 404

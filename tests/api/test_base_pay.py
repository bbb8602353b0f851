"""Kettle Moraine over HTTP: three tiers raise base pay from the next contract year, 26 pays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.api.test_field import at
from tests.api.world import District, Story, World
from tests.rules.dossiers import shipped

TIERS = {"basic": 20_000, "advanced": 40_000, "expert": 60_000}


def set_years(district: District) -> None:
    """Two contract years, and 26 pays of two weeks in the second."""
    first = [date(2025, 7, 4) + timedelta(weeks=2 * n) for n in range(26)]
    periods = [
        {
            "first_day": day.isoformat(),
            "last_day": (day + timedelta(13)).isoformat(),
            "pay_date": (day + timedelta(13)).isoformat(),
        }
        for day in first
    ]
    years = [
        {
            "kind": "fiscal_year_set",
            "fiscal_year": year,
            "first_day": f"{year - 1}-07-01",
            "last_day": f"{year}-06-30",
        }
        for year in (2025, 2026, 2027)
    ]
    paid = {"kind": "pay_calendar_set", "fiscal_year": 2026, "pay_periods": periods}
    for fact in (*years, paid):
        path = f"/v1/districts/{district.id}/calendar"
        district.world.done(district.office, path, {"fact": fact})


def test_practice_20_three_awards_raise_base_pay_by_1200_dollars_over_26_pays(
    shared_world: World,
) -> None:
    """200 + 400 + 600 = 1,200 from 1 July 2025 on: 25 times 46.15, and 46.25."""
    world, issuer = shared_world, shared_world.issuer("Kettle")
    with at(world, "2025-01-15"):
        district = world.district("Kettle")
        path, teacher = f"/v1/districts/{district.id}", district.teacher()
        world.seen(district.office, f"{path}/people")  # that she works there
        set_years(district)
        rule = shipped("I1").model_dump(mode="json")
        adopted = {"board_reference": "Minute 20", "adopted_on": "2024-06-01", "rule": rule}
        world.done(district.office, f"{path}/policy-rules", adopted)
        credentials = [issuer.credential(tier=tier, title=tier) for tier in TIERS]
        for credential in credentials:
            plan = {"kind": "prior_approval_given", "subject_id": credential, "of": "credential"}
            fact = {"fact": plan | {"approved_on": "2025-01-15"}}
            world.done(district.office, f"{path}/people/{teacher}/facts", fact)
        early = issuer.credential(tier="expert", title="begun before its plan was approved")
    before = world.position
    with at(world, "2025-05-01"):
        for credential in (*credentials, early):
            panel = issuer.assessors(credential, district, 2)
            one = Story(world, issuer, teacher, credential, panel).award()
        plan = {"kind": "prior_approval_given", "subject_id": one.enrollment}
        late = {"fact": plan | {"approved_on": "2025-05-02"}}
    with at(world, "2025-05-02"):
        world.done(district.office, f"{path}/people/{teacher}/facts", late)

    def shown(**asked: Any) -> list[dict[str, Any]]:
        found = world.seen(district.office, f"{path}/base-pay", **asked)["items"]
        return [{**one["base_pay"], "name": one["name"]} for one in found]

    [line] = shown(effective_on="2025-07-01")
    assert len(line.pop("payout_ids")) == len(TIERS)
    assert line == {
        "person_id": str(teacher),
        "name": "Ada Sample",
        "annual_cents": 120_000,
        "newest_on": "2025-07-01",
        "pays": 26,
        "each_pay_cents": 4_615,
        "last_pay_cents": 4_625,
    }
    assert shown(effective_on="2025-06-30") == [], "not before the next contract year"
    assert shown(effective_on="2025-07-01", as_of=before) == []
    [later] = shown(effective_on="2026-07-01")  # base pay stays; nobody has set these pays yet
    assert (later["annual_cents"], later["pays"]) == (120_000, None)
    assert world.get(teacher, f"{path}/base-pay").status_code == 404
    with at(world, "2025-09-01"):
        body = {"reason": "plagiarism", "authority": "issuer"}
        [basic, *_] = world.seen(teacher, f"/v1/people/{teacher}/transcript")["items"]
        revoked = f"/v1/enrollments/{basic['enrollment_id']}/revocations"
        world.done(issuer.approver, revoked, body)
    [left] = shown(effective_on="2025-09-01")
    assert left["annual_cents"] == 100_000
    [still] = shown(effective_on="2025-08-31")
    assert still["annual_cents"] == 120_000, "until the revocation it held"

"""Rules in payroll, over HTTP: what leaving costs, and what approving instalments approves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import running
from tests.api.payroll import Payday, hire, payday
from tests.api.world import World, credit_of
from tests.database import Server
from tests.rules.dossiers import plain_rule, shipped

PAY_DATE = "2025-04-18"
HEADER = "batch_no,line_id,status,code,message,paid_amount,pay_date\r\n"


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield world


def refunded(place: World, ladder: str) -> tuple[Payday, UUID]:
    """A district that has refunded three semester hours, and the teacher to whom it did."""
    place.client.headers["Ledger-Time"] = "2025-04-01T15:00:00Z"
    day = payday(place)
    office, teacher = day.district.office, hire(day, "1")
    year = {"first_day": "2024-07-01", "last_day": "2025-06-30", "fiscal_year": 2025}
    place.done(office, f"{day.path}/calendar", {"fact": {"kind": "fiscal_year_set", **year}})
    body = {
        "board_reference": "Minute 7",
        "adopted_on": "2025-02-01",
        "rule": shipped("I25", ladder).model_dump(mode="json"),
    }
    place.done(office, f"{day.path}/policy-rules", body)
    credit = credit_of(teacher, quantity_hundredths=300, earned_on="2025-03-01")
    place.seen(office, f"{day.path}/people")  # until it is known that she works there
    place.done(office, f"{day.path}/credits", credit)
    batch = day.close(PAY_DATE)
    day.export(batch)
    [line] = day.lines(batch)
    cents = line["amount_cents"]
    paid = f"{cents // 100}.{cents % 100:02}"
    sent = day.answer(batch, HEADER + f"1,{line['line_id']},accepted,,,{paid},{PAY_DATE}\r\n")
    assert sent.json()["accepted"] == 1, sent.text
    return day, teacher


def leaves(day: Payday, teacher: UUID, last_day: str) -> None:
    day.world.client.headers["Ledger-Time"] = f"{last_day}T20:00:00Z"
    fact = {"kind": "separation_recorded", "reason": "resignation", "last_day": last_day}
    path = f"{day.path}/people/{teacher}/facts"
    day.world.done(day.district.office, path, {"fact": fact})


@pytest.mark.parametrize(
    ("ladder", "left", "next_pay_date", "back_cents"),
    [
        # 3 × 250 dollars, paid on 18 April 2025; she leaves in month 6 and month 11: 100 % back,
        # in the year of the payment and in the next. From the day it was due, 1 March, 75 % would
        # be back on 15 March 2026.
        ("by_months", "2025-10-01", "2025-10-15", 75_000),
        ("by_months", "2026-03-15", "2026-03-31", 75_000),
        # 3 × 500 dollars; the first anniversary of the payment is outside its year: 75 %.
        ("by_years", "2026-04-18", "2026-04-30", 112_500),
    ],
)
def test_what_leaving_costs_becomes_a_line_that_names_the_payment(
    place: World, ladder: str, left: str, next_pay_date: str, back_cents: int
) -> None:
    day, teacher = refunded(place, ladder)
    leaves(day, teacher, left)
    [one] = day.adopt_all()
    assert (one["kind"], one["amount_cents"]) == ("clawback", -back_cents)
    [line] = day.lines(day.close(next_pay_date))
    found: dict[str, Any] = {
        name: line[name]
        for name in ("kind", "amount_cents", "original_pay_date", "original_tax_year")
    }
    assert found == {
        "kind": "clawback",
        "amount_cents": -back_cents,
        "original_pay_date": PAY_DATE,
        "original_tax_year": 2025,
    }
    proposals = f"{day.path}/correction-proposals"
    assert place.seen(day.office, proposals)["items"] == []  # and nothing is left to correct


def test_a_recovery_larger_than_her_check_comes_off_two_of_them(place: World) -> None:
    """-750.00 against a check of 500.00: -500.00 now, and -250.00 stays proposed until the next."""
    day, teacher = refunded(place, "by_months")
    leaves(day, teacher, "2025-10-01")
    proposals, corrections = f"{day.path}/correction-proposals", f"{day.path}/corrections"
    for owed_cents, taken_cents, pay_date in (
        (-75_000, -50_000, "2025-10-15"),
        (-25_000, -25_000, "2025-10-31"),
    ):
        [one] = place.seen(day.office, proposals)["items"]
        assert (one["kind"], one["amount_cents"]) == ("clawback", owed_cents)
        seen = {name: one[name] for name in ("entitlement_id", "original_line_id", "amount_cents")}
        place.done(day.office, corrections, {**seen, "collect_at_most_cents": 50_000})
        [line] = day.lines(day.close(pay_date))
        assert (line["kind"], line["amount_cents"]) == ("clawback", taken_cents)
    assert place.seen(day.office, proposals)["items"] == []


def test_only_a_recovery_is_held_to_what_a_check_bears(place: World) -> None:
    """Nothing comes off a check that is raised, nor less than a cent."""
    day, teacher = refunded(place, "by_months")
    leaves(day, teacher, "2025-10-01")
    [one] = place.seen(day.office, f"{day.path}/correction-proposals")["items"]
    seen = {name: one[name] for name in ("entitlement_id", "original_line_id", "amount_cents")}
    for cents in (0, -1, 1.5, True):
        answer = place.post(
            day.office, f"{day.path}/corrections", {**seen, "collect_at_most_cents": cents}
        )
        assert answer.status_code == 422
        assert "collect_at_most_cents" in answer.text
    assert place.seen(day.office, f"{day.path}/corrections")["items"] == []


def test_whoever_approves_an_entitlement_approves_all_of_its_instalments(place: World) -> None:
    """100.00 in three parts, approved once: 33.33, 33.33 and 33.34, each as it falls due."""
    place.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
    day, issuer = payday(place, entitlements_approved_by="person"), place.issuer()
    amount = {"name": "flat", "basis": {"kind": "flat", "amount_cents": 10_000}}
    parts = {"instalments": {"count": 3, "months": 1}}
    rule = plain_rule(amount=[amount], timing=parts).model_dump(mode="json")
    adopted = {"board_reference": "Minute 7", "adopted_on": "2024-06-01", "rule": rule}
    place.done(day.district.office, f"{day.path}/policy-rules", adopted)
    day.award(hire(day, "1"), issuer.credential(), issuer)
    [entitlement] = day.states()
    approve = f"/v1/entitlements/{entitlement}/approvals"
    place.done(day.second, approve, {"amount_cents": 3_333})  # one part is not the whole
    assert day.states() == {entitlement: "awaiting_approval"}
    assert day.lines(day.close("2024-10-15")) == []
    place.done(day.second, approve, {"amount_cents": 10_000})
    assert day.states() == {entitlement: "approved"}
    paid = [day.lines(day.close(date)) for date in ("2024-10-31", "2024-11-15", "2024-12-15")]
    assert [[line["amount_cents"] for line in lines] for lines in paid] == [
        [3_333],
        [3_333],
        [3_334],
    ]

"""What payroll and auditors are answered: budgets, why not paid, explanations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.answering import Answered, answered, trigger_of
from tests.api.conftest import running
from tests.api.world import NOT_MET, Story
from tests.database import Server


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield answered(world)


def test_a_budget_says_what_is_reserved_obligated_paid_and_left(place: Answered) -> None:
    """Of 1,000: 600 are paid, 400 are left. 400 come back rejected; -150 has nobody taken yet."""
    found = place.seen(f"{place.path}/budgets")["items"]
    by_policy = {one["money"]["policy_id"]: one for one in found if one["fiscal_year"] == 2025}
    names = ("owed_cents", "reserved_cents", "obligated_cents", "paid_cents", "to_recover_cents")
    told = {
        cents: [by_policy[policy]["money"][name] for name in names]
        for cents, policy in place.worked.policies.items()
    }
    assert told == {
        60_000: [60_000, 0, 0, 60_000, 0],
        40_000: [40_000, 40_000, 0, 0, 0],
        20_000: [20_000, 0, 0, 20_000, 0],
        15_000: [0, 0, -15_000, 15_000, 0],
    }
    mine = by_policy[place.worked.policies[60_000]]
    assert (mine["adopted_cents"], mine["left_cents"]) == (100_000, 40_000)
    assert by_policy[place.worked.policies[40_000]]["left_cents"] is None


def test_what_is_in_review_is_forecast_until_it_is_decided(place: Answered) -> None:
    """One more submission for the credential that pays 600."""
    worked, world = place.worked, place.world
    credential, teacher = trigger_of(worked), worked.teachers["4501"]
    assessors = worked.issuer.assessors(credential, worked.day.district, 2)
    story = Story(world, worked.issuer, teacher, credential, assessors).enroll().hand_in()

    def forecast() -> dict[str, int]:
        [line] = [
            one
            for one in place.seen(f"{place.path}/budgets")["items"]
            if one["policy_id"] == worked.policies[60_000] and one["fiscal_year"] == 2025
        ]
        found: dict[str, int] = line["forecast"]
        return found

    assert forecast() == {"submissions": 1, "amount_cents": 60_000}
    story.review(NOT_MET, NOT_MET)
    story.decide("not_yet")
    assert forecast() == {"submissions": 0, "amount_cents": 0}


def test_what_is_not_paid_is_listed_with_its_reason_and_the_counts_tie(place: Answered) -> None:
    pairs = place.seen(f"{place.path}/payout-totals")["items"]
    counts = place.seen(f"{place.path}/unpaid-counts")["items"]
    assert sum(one["pairs"] for one in counts) == sum(one["pairs"] for one in pairs)
    listed = place.seen(f"{place.path}/unpaid", limit=200)["items"]
    not_due = sum(one["pairs"] for one in counts if one["status"] != "due")
    assert len(listed) == not_due
    mine = [one["payout"] for one in listed if one["payout"]["subject_id"] == place.unpaid_award]
    assert {one["reason"] for one in mine} == {"credential_not_listed"}
    assert len(mine) == len(place.worked.policies)
    teacher = str(place.worked.teachers["9876"])
    hers = place.seen(f"{place.path}/unpaid", person_id=teacher, reason="award_revoked")["items"]
    assert [one["payout"]["person_id"] for one in hers] == [teacher] * len(place.worked.policies)
    of_her = place.seen(f"{place.path}/unpaid-counts", person_id=teacher)["items"]
    assert sum(one["pairs"] for one in of_her) == len(place.worked.policies)


def explained(place: Answered, cents: int, who: str = "4501") -> dict[str, Any]:
    person = str(place.worked.teachers[who])
    items = place.seen(f"{place.path}/payouts", limit=200)["items"]
    [payout] = [
        one["payout"]
        for one in items
        if one["payout"]["policy_id"] == place.worked.policies[cents]
        and one["payout"]["person_id"] == person
        and one["payout"]["reason"] != "credential_not_listed"
    ]
    found: dict[str, Any] = place.seen(f"/v1/payouts/{payout['payout_id']}/explanation")
    return found


def test_an_explanation_goes_from_the_boards_minute_to_what_payroll_answered(
    place: Answered,
) -> None:
    why = explained(place, 20_000)
    assert why["payout"]["board_reference"] == "Minute 7"
    assert all({"rule", "inputs", "passed"} <= check.keys() for check in why["checks"])
    [award] = why["awards"]
    assert award["title"]
    assert (award["recommended"], award["decision"]) == ("met", "award")
    assert [one["seat"] for one in award["assessments"]] == [1, 2]
    assert all(one["scores"] for one in award["assessments"])
    assert award["evidence"]
    assert all(one["ciphertext_sha256"].startswith("sha256:") for one in award["evidence"])
    assert award["submitted_on"] == award["decided_on"] == award["awarded_on"] == "2024-11-01"
    [line] = why["lines"]
    assert (line["line"]["status"], line["line"]["paid_on"]) == ("paid", "2024-11-15")
    assert line["line"]["batch_id"] == place.worked.batch
    assert line["prepared_by"] == str(place.worked.day.office)
    assert line["approved_by"] == [str(place.worked.day.second)]


def test_what_was_taken_back_and_what_bounced_says_so(place: Answered) -> None:
    taken = explained(place, 15_000, "9876")
    assert taken["awards"][0]["revoked_on"] == "2024-11-01"
    told = [(one["line"]["kind"], one["line"]["status"]) for one in taken["lines"]]
    assert told == [("earn", "paid"), ("reversal", "bypassed")]
    [bounced] = explained(place, 40_000)["lines"]
    assert (bounced["line"]["status"], bounced["line"]["code"]) == ("rejected", "E104")


def test_she_is_told_the_same_without_who_made_the_batch(place: Answered) -> None:
    payout, teacher = explained(place, 20_000)["payout"], place.worked.teachers["4501"]
    hers = place.world.seen(teacher, f"/v1/payouts/{payout['payout_id']}/explanation")
    assert [(one["prepared_by"], one["approved_by"]) for one in hers["lines"]] == [(None, [])]

"""Who may do what with a batch, in which order, and what happens to those who try otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from api.exports.layout import LayoutIncompleteError, layout
from ledger.events.batch import SegregationViolationAttempted
from tests.api.conftest import running
from tests.api.payroll import CODES, TERMS, Payday, hire, payday
from tests.api.world import Issuer, Story, World
from tests.database import Server

NOW = "2024-10-01T15:00:00Z"


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = NOW
        yield world


@dataclass
class Owing:
    """A district that owes one teacher 300.00 under one policy."""

    day: Payday
    issuer: Issuer
    credential: str
    policy: str
    teacher: UUID


@pytest.fixture
def owing(place: World) -> Owing:
    day, issuer = payday(place), place.issuer()
    credential = issuer.credential()
    policy = day.policy(credential)
    teacher = hire(day, "1")
    day.award(teacher, credential, issuer)
    return Owing(day, issuer, credential, policy, teacher)


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).removeprefix("/problems/")


def also(world: World, who: UUID, role: str, district: str) -> None:
    """Let somebody hold one more role."""
    body = {"role": role, "scope_id": district}
    world.done(world.operator, f"/v1/principals/{who}/grants", body)


def attempted(day: Payday, batch: str) -> list[tuple[str, str]]:
    """Who tried what with a batch that takes two people; a refusal says no position to wait for."""
    day.world.position = day.world.edge.ledger.recorder.last_position()
    log = day.world.seen(day.office, f"/v1/batches/{batch}/log")["items"]
    return [
        (one["actor_id"], one["detail"]["pair"])
        for one in log
        if one["happened"] == "violation_attempted"
    ]


# Two people


def test_each_forbidden_pair_is_refused_and_leaves_a_fact(owing: Owing, place: World) -> None:
    day, office = owing.day, owing.day.district.office
    day.terms(second_approval_above_cents=100)
    also(place, owing.teacher, "payroll", day.district.id)
    batch = day.freeze("2024-10-15")
    path = f"/v1/batches/{batch}/approvals"
    place.done(day.second, path, {})

    for who in (day.office, day.second, owing.teacher, office):
        answer = place.post(who, path, {})
        assert (answer.status_code, slug(answer)) == (403, "segregation-violated")

    assert attempted(day, batch) == [
        (str(day.office), "preparer_approves"),
        (str(day.second), "approver_approves_again"),
        (str(owing.teacher), "payee_approves"),
        (str(office), "policy_author_approves"),
    ]
    place.done(day.third, path, {})
    assert place.seen(day.office, f"/v1/batches/{batch}")["state"] == "closed"


def test_neither_payee_nor_author_of_a_policy_makes_the_batch(owing: Owing, place: World) -> None:
    day, author = owing.day, owing.day.district.office
    tried = [(owing.teacher, "payee_prepares"), (author, "policy_author_prepares")]
    for who, pair in tried:
        also(place, who, "payroll", day.district.id)
        answer = place.post(who, f"{day.path}/batches", {"pay_date": "2024-10-15"})
        assert (answer.status_code, slug(answer)) == (403, "segregation-violated")
        events = place.edge.ledger.recorder
        last = events.select_notifications(events.last_position(), 1)[0]
        found = place.edge.ledger.mapper.to_domain_event(last)
        assert isinstance(found, SegregationViolationAttempted)
        assert (found.actor_id, found.pair) == (who, pair)
    drafted = day.draft("2024-10-15").json()["id"]
    for who, _ in tried:
        answer = place.post(who, f"/v1/batches/{drafted}/freezes")
        assert slug(answer) == "segregation-violated"
    assert attempted(day, drafted)[-2:] == [(str(who), pair) for who, pair in tried]


@pytest.mark.parametrize("hand", ["assessor", "decider"])
def test_whoever_assessed_or_decided_an_award_does_not_pay_for_it(
    hand: str, owing: Owing, place: World
) -> None:
    day, issuer = owing.day, owing.issuer
    first, *_ = issuer.assessors(owing.credential, day.district, 2)
    teacher = hire(day, "2")
    seats = issuer.assessors(owing.credential, day.district, 2)
    Story(place, issuer, teacher, owing.credential, seats).award()
    who, stranger = (seats[0], first) if hand == "assessor" else (issuer.approver, first)
    for one in {who, stranger}:
        also(place, one, "payroll", day.district.id)
    batch = day.freeze("2024-10-15")
    path = f"/v1/batches/{batch}/approvals"

    refused = place.post(who, path, {})

    assert (refused.status_code, slug(refused)) == (403, "segregation-violated")
    assert attempted(day, batch) == [(str(who), "reviewer_approves")]
    place.done(day.office, f"/v1/batches/{batch}/voids", {"reason": "test_run"})
    prepared = place.post(who, f"{day.path}/batches", {"pay_date": "2024-10-15"})
    assert slug(prepared) == "segregation-violated"
    place.done(stranger, f"{day.path}/batches", {"pay_date": "2024-10-15"})  # assessed others


def test_whoever_approves_has_seen_what_differs_from_the_batch_before(
    owing: Owing, place: World
) -> None:
    day = owing.day
    assert day.compared(day.close("2024-10-15")) is None
    extra = owing.issuer.credential()
    day.policy(extra, cents=45_000)
    day.award(owing.teacher, extra, owing.issuer)
    batch = day.freeze("2024-10-31")
    found = day.compared(batch)
    assert found is not None
    assert found["compared_with"] == 1
    teacher = str(owing.teacher)
    assert [(one["about"], one["person_id"]) for one in found["warnings"]] == [
        ("sum", None),
        ("positive", None),
        ("person", teacher),
    ]
    assert (found["warnings"][2]["before_cents"], found["warnings"][2]["now_cents"]) == (
        30_000,
        45_000,
    )
    path = f"/v1/batches/{batch}/approvals"

    for seen in (0, 2):
        refused = place.post(day.second, path, {"warnings_seen": seen})
        assert (refused.status_code, slug(refused)) == (409, "warnings-unseen")

    place.done(day.second, path, {"warnings_seen": 3})
    log = place.seen(day.office, f"/v1/batches/{batch}/log")["items"]
    seen_by = [one for one in log if one["happened"] == "warnings_acknowledged"]
    assert [(one["actor_id"], one["detail"]) for one in seen_by] == [
        (str(day.second), {"compared_with": 1, "warnings": 3})
    ]
    assert place.seen(day.office, f"/v1/batches/{batch}")["state"] == "closed"


def test_an_attempt_that_is_sent_again_is_one_fact(owing: Owing, place: World) -> None:
    day = owing.day
    batch = day.freeze("2024-10-15")
    headers = {"Idempotency-Key": "tried-once"}
    for _ in range(3):
        answer = place.post(day.office, f"/v1/batches/{batch}/approvals", {}, headers=headers)
        assert answer.status_code == 403
    assert attempted(day, batch) == [(str(day.office), "preparer_approves")]


def test_a_machine_reads_and_answers_and_does_nothing_else(owing: Owing, place: World) -> None:
    day = owing.day
    batch = day.close("2024-10-15")
    for path, body in (
        (f"{day.path}/batches", {"pay_date": "2024-11-15"}),
        (f"/v1/batches/{batch}/approvals", {}),
        (f"/v1/batches/{batch}/voids", {"reason": "test_run"}),
        (f"/v1/batches/{batch}/exports", {"layout": "canonical-csv"}),
    ):
        assert place.post(day.machine, path, body).status_code == 404
    assert place.get(day.machine, f"/v1/batches/{batch}").status_code == 200


# Order


def test_two_approve_above_the_threshold_and_one_at_it(owing: Owing, place: World) -> None:
    day = owing.day
    day.terms(second_approval_above_cents=30_000)
    batch = day.close("2024-10-15")
    assert place.seen(day.office, f"/v1/batches/{batch}")["approvals_needed"] == 1
    place.done(day.office, f"/v1/batches/{batch}/voids", {"reason": "test_run"})
    day.terms(second_approval_above_cents=29_999)
    batch = day.close("2024-10-15")
    found = place.seen(day.office, f"/v1/batches/{batch}")
    assert (found["approvals_needed"], found["state"]) == (2, "approved")


def test_a_number_is_not_used_again_and_its_lines_are_free(owing: Owing, place: World) -> None:
    day = owing.day
    first = day.freeze("2024-10-15")
    [line] = day.lines(first)
    assert slug(day.draft("2024-10-15")) == "batch-open"
    place.done(day.office, f"/v1/batches/{first}/voids", {"reason": "wrong_lines"})

    second = day.close("2024-10-15")

    assert place.seen(day.office, f"/v1/batches/{second}")["number"] == 2
    [again] = day.lines(second)
    assert (again["line_id"], again["attempt"]) == (line["line_id"], 2)
    assert slug(place.post(day.second, f"/v1/batches/{first}/approvals", {})) == "batch-state"
    day.export(second)
    voided = place.post(day.office, f"/v1/batches/{second}/voids", {"reason": "wrong_lines"})
    assert slug(voided) == "batch-state"


def test_a_closed_period_takes_nothing_more_and_the_next_may_be_empty(
    owing: Owing, place: World
) -> None:
    day = owing.day
    day.close("2024-10-15")
    for pay_date in ("2024-10-15", "2024-10-01"):
        assert slug(day.draft(pay_date)) == "period-closed"
    empty = day.close("2024-10-31")
    assert place.seen(day.office, f"/v1/batches/{empty}")["line_count"] == 0
    assert day.export(empty, "adp-workforce-now").count(b"\r\n") == 1
    late = hire(day, "2")
    day.award(late, owing.credential, owing.issuer)
    assert slug(day.draft("2024-10-31")) == "period-closed"
    [line] = day.lines(day.close("2024-11-15"))
    assert line["person_id"] == str(late)
    assert slug(day.draft("2042-01-01")) == "pay-date-too-far"


def test_lines_are_what_followed_from_the_log_at_that_position(owing: Owing, place: World) -> None:
    day = owing.day
    before = place.position
    day.award(hire(day, "2"), owing.credential, owing.issuer)
    drafted = day.draft("2024-10-15", through_position=before)
    assert len(day.lines(drafted.json()["id"])) == 1


def test_the_log_may_grow_beyond_a_million_events(owing: Owing) -> None:
    """A position that is not there yet is no slip of the pen, however large."""
    answer = owing.day.draft("2024-10-15", through_position=2_000_000)
    assert slug(answer) == "position-unknown"


@pytest.mark.parametrize("times", [24, pytest.param(1_000, marks=pytest.mark.long)])
def test_closings_of_one_period_at_once_leave_one_batch(
    times: int, owing: Owing, place: World
) -> None:
    day = owing.day
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: day.draft("2024-10-15"), range(times)))
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    assert [answer.status_code for answer in answers].count(201) == 1
    [batch] = place.seen(day.office, f"{day.path}/batches")["items"]
    assert len(day.lines(batch["batch_id"])) == 1

    def all_steps(_: int) -> None:
        place.post(day.office, f"/v1/batches/{batch['batch_id']}/freezes")
        place.post(day.second, f"/v1/batches/{batch['batch_id']}/approvals", {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(all_steps, range(16)))
    topics = [event.TOPIC for event in place.edge.ledger.events.get(UUID(batch["batch_id"]))]
    assert topics == [
        "batch.drafted.v1",
        "batch.lines-listed.v1",
        "batch.frozen.v1",
        "batch.approved.v1",
        "batch.closed.v1",
    ]


# What enters a batch


def test_what_is_held_waits_until_it_is_released(owing: Owing, place: World) -> None:
    day = owing.day
    [entitlement] = day.states()
    place.done(day.office, f"/v1/entitlements/{entitlement}/holds", {"reason": "documents"})
    assert day.states() == {entitlement: "held"}
    [standing] = place.seen(day.office, f"{day.path}/entitlements")["items"]
    assert (standing["held_reason"], standing["approved_cents"]) == ("documents", None)
    assert day.lines(day.close("2024-10-15")) == []
    place.done(day.office, f"/v1/entitlements/{entitlement}/releases")
    assert len(day.lines(day.close("2024-10-31"))) == 1


def test_where_the_terms_ask_for_it_a_person_approves_the_very_amount(
    owing: Owing, place: World
) -> None:
    day = owing.day
    day.terms(entitlements_approved_by="person")
    [entitlement] = day.states()
    approve = f"/v1/entitlements/{entitlement}/approvals"
    assert day.states() == {entitlement: "awaiting_approval"}
    place.done(day.second, approve, {"amount_cents": 29_999})
    assert day.lines(day.close("2024-10-15")) == []
    place.done(day.second, approve, {"amount_cents": 30_000})
    assert day.states() == {entitlement: "approved"}
    assert len(day.lines(day.close("2024-10-31"))) == 1


def test_without_an_employee_number_nothing_is_frozen(owing: Owing, place: World) -> None:
    day = owing.day
    nobody = day.district.teacher()
    day.award(nobody, owing.credential, owing.issuer)
    batch = day.draft("2024-10-15").json()["id"]
    answer = place.post(day.office, f"/v1/batches/{batch}/freezes")
    assert slug(answer) == "employee-number-missing"
    assert str(nobody) in answer.text
    named = {"details": {"given_name": "Ada", "employee_number": "77"}}
    place.done(day.district.office, f"{day.path}/people/{nobody}/details", named)
    place.done(day.office, f"/v1/batches/{batch}/freezes")


def test_a_line_above_the_ceiling_stops_the_batch(owing: Owing) -> None:
    owing.day.terms(line_cents_max=29_999)
    assert slug(owing.day.draft("2024-10-15")) == "line-too-large"


def test_terms_are_needed_and_have_to_be_clear(place: World) -> None:
    day = payday(place, effective_from="2024-11-01")
    assert slug(day.draft("2024-10-15")) == "payroll-terms-missing"
    twice = {**TERMS, "codes": [CODES[0], CODES[0]]}
    answer = place.post(day.office, f"{day.path}/payroll-terms", twice)
    assert slug(answer) == "pay-code-repeated"
    of_another = {**CODES[0], "policy_id": payday(place).policy()}
    answer = place.post(day.office, f"{day.path}/payroll-terms", {**TERMS, "codes": [of_another]})
    assert answer.status_code == 404
    own = {**CODES[0], "policy_id": day.policy()}
    day.terms(codes=[own])
    assert len(place.seen(day.office, f"{day.path}/payroll-terms")["items"]) == 2


def test_a_policy_without_a_code_stops_the_batch(owing: Owing) -> None:
    day = owing.day
    day.terms(codes=[{**CODES[0], "policy_id": day.policy()}])
    assert slug(day.draft("2024-10-15")) == "pay-code-missing"


# Layouts and corrections


def test_a_layout_that_is_not_wholly_known_pays_nobody_in_production(
    owing: Owing, place: World
) -> None:
    day = owing.day
    listed = place.seen(day.office, "/v1/layouts")["items"]
    partly = {one["name"] for one in listed if not one["complete"]}
    assert partly == {"workday-eib", "usps-r-mass-load"}
    for name in partly:
        with pytest.raises(LayoutIncompleteError):
            layout(name).must_be_usable(in_development=False)
    batch = day.close("2024-10-15")
    assert b",true" in day.export(batch, "workday-eib")
    assert b"employee" not in day.export(batch, "usps-r-mass-load")
    unknown = place.post(day.office, f"/v1/batches/{batch}/exports", {"layout": "no-such"})
    assert slug(unknown) == "layout-unknown"


def test_a_company_code_with_a_slash_names_a_file_and_no_folder() -> None:
    assert layout("adp-workforce-now").name_of_file("AB/", 1) == "PRAB-EPI.csv"


def test_a_difference_is_paid_only_once_somebody_has_adopted_it(owing: Owing, place: World) -> None:
    day, office = owing.day, owing.day.district.office
    day.export(day.close("2024-10-15"))
    raised = {"board_reference": "Minute 8", "adopted_on": "2024-09-01"}
    for cents in (35_000, 20_000):
        policy = place.seen(office, f"{day.path}/policies")["items"][-1]
        terms = {**policy["terms"], "amount": {"kind": "flat", "amount_cents": cents}}
        body = {**raised, "terms": terms}
        place.done(office, f"/v1/policies/{owing.policy}/versions", body)
        [one] = place.seen(day.office, f"{day.path}/correction-proposals")["items"]
        assert one["owed_cents"] == cents
        wrong = {
            "entitlement_id": one["entitlement_id"],
            "original_line_id": one["original_line_id"],
            "amount_cents": one["amount_cents"] + 1,
        }
        refused = place.post(day.office, f"{day.path}/corrections", wrong)
        assert slug(refused) == "conflict"
        if cents == 35_000:
            limited = {**wrong, "amount_cents": 5_000, "collect_at_most_cents": 100}
            refused = place.post(day.office, f"{day.path}/corrections", limited)
            assert slug(refused) == "nothing-to-collect"
            assert day.lines(day.close("2024-10-20")) == []
        day.adopt_all()
        assert place.seen(day.office, f"{day.path}/correction-proposals")["items"] == []
    adopted = place.seen(day.office, f"{day.path}/corrections")["items"]
    assert [(one["kind"], one["amount_cents"]) for one in adopted] == [
        ("adj", 5_000),
        ("reversal", -15_000),
    ]
    lines = day.lines(day.close("2024-10-31"))
    assert [line["amount_cents"] for line in lines] == [-15_000, 5_000]
    assert len({line["line_id"] for line in lines}) == 2

"""What a teacher could earn next, and that she is told of it only where she wants to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from api import webhooks
from api.recommendations import Asked, Choice, dollars, pays
from ledger.values import POSITION_MAX
from projections.payouts import PolicyVersion
from projections.quotes import PolicyQuote, QuotedPayout
from tests.api.payroll import Payday, payday
from tests.api.test_field import at
from tests.api.test_merges import merge
from tests.api.test_webhooks import Clock, Ear, listening, register, tell
from tests.api.world import Issuer, World, stack_of, stipend

DAY = "2025-03-03"


@dataclass
class Case:
    """She has one of three micro-credentials of a stack; her district pays for another."""

    day: Payday
    issuer: Issuer
    teacher: UUID
    credentials: list[str]
    stack: str
    policy: str

    @property
    def world(self) -> World:
        return self.day.world

    @property
    def path(self) -> str:
        return f"/v1/people/{self.teacher}"

    def found(self, **asked: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.world.seen(
            self.teacher, f"{self.path}/recommendations", **asked
        )["items"]
        return items

    def recommend(self, **sent: Any) -> Any:
        path = f"{self.day.path}/people/{self.teacher}/recommendation-notices"
        return self.world.post(self.day.district.office, path, **sent)

    def prefer(self, kind: str, *, wanted: bool) -> Any:
        body = {"channel": "webhook", "kind": kind, "wanted": wanted}
        return self.world.post(self.teacher, f"{self.path}/notification-preferences", body)

    def topics(self) -> list[str]:
        """What her history has of notifications."""
        items = self.world.seen(self.teacher, f"{self.path}/history", limit=200)["items"]
        return [one["topic"] for one in items if one["topic"].startswith("notification.")]


@pytest.fixture
def case(shared_world: World) -> Iterator[Case]:
    with at(shared_world, DAY):
        yield stack_begun(shared_world)


def stack_begun(world: World) -> Case:
    day, issuer = payday(world), world.issuer()
    credentials = [issuer.credential() for _ in range(3)]
    teacher = day.district.teacher()
    stack = world.done(issuer.approver, "/v1/stacks", stack_of(issuer.id, *credentials))["id"]
    policy = day.policy(credentials[1], cents=40_000, effective_to="2025-06-30")
    day.award(teacher, credentials[0], issuer)
    return Case(day, issuer, teacher, credentials, stack, policy)


def test_two_micro_credentials_finish_a_stack_and_one_of_them_pays_until_a_day(case: Case) -> None:
    stack, pays = case.found()
    assert stack["reason"] == "2 micro-credentials finish your stack Stack"
    assert (stack["kind"], stack["stack_id"], stack["remaining"]) == (
        "finishes_stack",
        case.stack,
        2,
    )
    assert {one["credential_id"] for one in stack["credentials"]} == set(case.credentials[1:])
    title = pays["credentials"][0]["title"]
    assert pays["reason"] == f"{title} pays $400 in your district when it is earned by 2025-06-30"
    assert (pays["amount_cents"], pays["last_day"], pays["status"], pays["not_met"]) == (
        40_000,
        "2025-06-30",
        "due",
        [],
    )
    assert (pays["policy_id"], pays["district_id"]) == (case.policy, case.day.district.id)
    assert [one["kind"] for one in case.found(effective_on="2025-07-01")] == ["finishes_stack"]
    far = case.world.get(case.teacher, f"{case.path}/recommendations", effective_on="2999-01-01")
    assert (far.status_code, far.json()["detail"]) == (
        422,
        "effective_on is within 20 years of today",
    )

    before = case.world.position
    case.day.award(case.teacher, case.credentials[1], case.issuer)
    [left] = case.found()
    assert left["reason"] == "1 micro-credential finishes your stack Stack"
    assert case.found(as_of=before) == [stack, pays], "as it was known then"
    retired = {"reason": "superseded"}
    path = f"/v1/credentials/{case.credentials[2]}/retirements"
    case.world.done(case.issuer.approver, path, retired)
    assert case.found() == [], "what can no longer be earned finishes nothing"


def test_a_stack_that_pays_is_recommended_by_the_last_part_and_a_spent_budget_is_not(
    case: Case,
) -> None:
    trigger = {"kind": "stack", "stack_id": case.stack}
    amount = {"kind": "flat", "amount_cents": 90_000}
    body = stipend(trigger=trigger, amount=amount)
    path = f"{case.day.path}/policies"
    case.world.done(case.day.district.office, path, body)
    case.day.award(case.teacher, case.credentials[1], case.issuer)
    assert [one["amount_cents"] for one in case.found() if one["kind"] == "pays"] == [90_000]
    spent = stipend(trigger=trigger, amount=amount, budget_cents_per_year=10_000)
    case.world.done(case.day.district.office, path, spent)
    assert [one["amount_cents"] for one in case.found() if one["kind"] == "pays"] == [90_000]


def test_she_is_told_once_through_the_webhook_and_never_of_what_she_does_not_want(
    case: Case,
) -> None:
    with listening() as ear:
        register(case.day, ear.url)
        webhooks.fill(case.world.edge, Clock()())  # what came before is none of this
        assert case.recommend().status_code == 201
        clock = Clock()
        tell(case.day, clock)
        [said] = _heard(ear)
        assert said["data"]["person_id"] == str(case.teacher)
        assert (said["type"], said["data"]["kinds"], said["data"]["recommendations"]) == (
            "recommendation.due",
            ["finishes_stack", "pays"],
            2,
        )
        assert not {one for one in said["data"] if one.endswith("cents") or "stack_id" in one}
        assert case.recommend().json()["type"] == "/problems/nothing-changes"

        assert case.prefer("pays", wanted=False).status_code == 201
        assert case.prefer("pays", wanted=False).json()["type"] == "/problems/nothing-changes"
        case.day.policy(case.credentials[2], cents=10_000)
        assert case.recommend().status_code == 201
        tell(case.day, clock)
        assert len(_heard(ear)) == 1, "nobody is told"
    assert case.topics() == [
        "notification.recommendation-due.v1",
        "notification.preference-set.v1",
        "notification.recommendation-suppressed.v1",
    ]
    assert case.prefer("pays", wanted=True).status_code == 201
    assert case.recommend().json()["type"] == "/problems/nothing-changes", "it was settled"


def test_what_she_said_in_another_record_holds_for_the_one_that_is_kept(case: Case) -> None:
    other = case.day.district.teacher("Adelaide")
    body = {"channel": "webhook", "kind": "finishes_stack", "wanted": False}
    case.world.done(other, f"/v1/people/{other}/notification-preferences", body)
    merge(case.world, case.teacher, other)
    assert case.recommend().status_code == 201
    assert case.topics()[1:] == [
        "notification.recommendation-due.v1",
        "notification.recommendation-suppressed.v1",
    ]


def test_recommendations_and_preferences_are_hers_alone(case: Case) -> None:
    world, other = case.world, case.day.district.teacher()
    for path in ("recommendations", "notification-preferences"):
        for who in (other, case.day.district.office, world.grant("auditor")):
            assert world.get(who, f"{case.path}/{path}").status_code == 404
    held = world.seen(case.teacher, f"{case.path}/notification-preferences")["items"]
    assert [(one["kind"], one["wanted"], one["said"]) for one in held] == [
        ("finishes_stack", True, False),
        ("pays", True, False),
    ]
    elsewhere = world.district()
    path = f"/v1/districts/{elsewhere.id}/people/{case.teacher}/recommendation-notices"
    assert world.post(elsewhere.office, path).status_code == 404
    assert case.recommend(headers={"If-Match": '"9"'}).status_code == 412


@pytest.mark.parametrize(("cents", "said"), [(40_000, "$400"), (123_456_7, "$12,345.67")])
def test_amounts_are_written_as_people_do(cents: int, said: str) -> None:
    assert dollars(cents) == said


def _heard(ear: Ear) -> list[dict[str, Any]]:
    return [orjson.loads(body) for _, body in ear.heard]


def test_what_is_owed_already_is_no_news_and_one_part_that_waits_makes_it_pending() -> None:
    """300.00 of which 100.00 are owed without the award, and 200.00 that wait for something."""
    policy, district, day = uuid4(), uuid4(), date(2024, 11, 18)
    payouts = [
        QuotedPayout(
            payout_id=uuid4(),
            kind="one_time",
            subject_id=uuid4(),
            fiscal_year=2025,
            status=status,
            reason=None,
            terms_cents=cents,
            amount_cents=cents,
            before_cents=before,
            payable_on=day,
            instalments=[],
            conditions=[],
            not_met=missing,
            caps=[],
            pool=None,
        )
        for status, cents, before, missing in (
            ("due", 30_000, 10_000, []),
            ("pending", 20_000, None, ["vesting"]),
        )
    ]
    quoted = PolicyQuote(
        policy, 1, district, "Stipend", "Minute 7", "award", "one_time", payouts, None, None
    )
    terms = {"effective_from": "2020-07-01"}
    adopted = PolicyVersion(policy, 1, district, "Minute 7", day, 1, terms, None, None)
    choice = Choice(credential_id=uuid4(), title="Wait time")
    asked = Asked(uuid4(), datetime(2024, 11, 18, tzinfo=UTC), day, POSITION_MAX, 1)
    [found] = pays(quoted, adopted, choice, asked)
    assert (found.amount_cents, found.status, found.not_met) == (40_000, "pending", ["vesting"])
    assert "pays $400 in your district" in found.reason
    [due] = pays(replace(quoted, payouts=payouts[:1]), adopted, choice, asked)
    assert (due.amount_cents, due.status) == (20_000, "due")
    owed = [replace(payouts[0], before_cents=30_000)]
    assert list(pays(replace(quoted, payouts=owed), adopted, choice, asked)) == []

"""Ten awards as a currency: what they come to in each place, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from ledger.aggregates.enrollment import enrollment_stream
from ledger.application import Call
from ledger.events import LedgerEvent
from ledger.events.enrollment import Awarded, Enrolled
from tests.api.test_pay_notices import adopt
from tests.api.test_state_export import counting
from tests.api.world import Issuer, World, credit_of
from tests.rules.dossiers import changed, shipped
from tests.samples import MONDAY, header

DAY = {"effective_on": "2024-12-01"}


def award_all(world: World, issuer: Issuer, teacher: UUID, credentials: list[str]) -> list[UUID]:
    """Her awards as they are in the log, without the work that led to them."""
    events: list[LedgerEvent] = []
    awards = [enrollment_stream(teacher, UUID(one), 1) for one in credentials]
    for award, credential in zip(awards, credentials, strict=True):
        pinned: dict[str, Any] = {
            "person_id": teacher,
            "credential_id": UUID(credential),
            "credential_version": 1,
            "issuer_id": UUID(issuer.id),
        }
        days = {"zone": "America/Chicago", "awarded_on": date(2024, 11, 18), "expires_on": None}
        events += [
            Enrolled(**header(award), **pinned, cycle=1, renews_enrollment_id=None),
            Awarded(**header(award, 2), **pinned, attempt=1, **days),
        ]
    call = Call(caller_id=uuid4(), command_id=uuid4(), body_hash=bytes(32), at=MONDAY)
    world.position = world.edge.ledger.append(call, tuple(events), ()).position
    return awards


def test_practice_19_ten_awards_are_60_points_6_and_two_thirds_credits_or_10_board_credits(
    shared_world: World,
) -> None:
    """Tennessee 10 × 6 PDP; Aurora 10 × 10 h = 100 h, of 15 each; Troy a board credit each."""
    world, issuer = shared_world, shared_world.issuer("Association")
    for state in ("us-tn", "us-wi"):
        counting(world, state)
    aurora, troy = world.district("Aurora"), world.district("Troy")
    teacher = aurora.teacher()
    troy.employ(teacher)
    before = world.position
    for district, policy in ((aurora, "I3"), (troy, "I2")):
        rule = shipped(policy)
        [award, *others] = rule.model_dump(mode="json")["trigger"]["sources"]
        sources = [{**award, "issuer_ids": [issuer.id]}, *others]
        trigger = {**rule.model_dump(mode="json")["trigger"], "sources": sources}
        adopt(district, changed(rule, trigger=trigger, preconditions=[], windows=[]))
    credentials = [issuer.credential(title=f"Number {n}") for n in range(10)]
    awards = award_all(world, issuer, teacher, credentials)

    def wallet(**asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = world.seen(
            teacher, f"/v1/people/{teacher}/wallet", **{**DAY, **asked}
        )
        return found

    def worth(**asked: Any) -> dict[str, tuple[int, int, dict[str, int]]]:
        return {
            one["unit"]: (one["units_hundredths"], one["awards"], one["nothing"])
            for one in wallet(**asked)["states"]
        }

    assert worth() == {
        "us-tn:PDP": (6_000, 10, {}),
        "us-wi:credit": (0, 0, {"not_accepted": 10}),
    }
    policies = {one["district_id"]: one for one in wallet()["districts"]}
    shown = {id_: (one["unit"], one["units"], one["awards"]) for id_, one in policies.items()}
    assert shown == {
        aurora.id: ("salary_credit", "20/3", 10),  # 6.67
        troy.id: ("board_credit", "10", 10),
    }
    assert worth(as_of=before)["us-tn:PDP"] == (0, 0, {})
    assert worth(effective_on="2024-11-17")["us-tn:PDP"] == (0, 0, {})
    world.seen(troy.office, f"/v1/districts/{troy.id}/people")
    course = credit_of(teacher, earned_on="2024-11-20", exchanged_enrollment_id=str(awards[0]))
    world.done(troy.office, f"/v1/districts/{troy.id}/credits", course)
    revoked = {"reason": "plagiarism", "authority": "issuer", "effective_on": "2024-11-25"}
    world.done(issuer.approver, f"/v1/enrollments/{awards[1]}/revocations", revoked)
    assert worth()["us-tn:PDP"] == (4_800, 8, {"exchanged": 1, "revoked": 1})
    for who in (aurora.office, issuer.approver, world.grant("auditor")):
        assert world.get(who, f"/v1/people/{teacher}/wallet").status_code == 404

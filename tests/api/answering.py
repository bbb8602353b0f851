"""A district that has paid, was answered, and still owes: what auditors ask about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.api.payroll import Worked, worked_batch
from tests.api.world import World, stipend

HEADER = "batch_no,line_id,status,code,message,paid_amount,pay_date"


@dataclass
class Answered:
    """The worked batch after payroll's answers: 600 and 200 paid, 400 rejected, -150 bypassed."""

    worked: Worked
    unpaid_award: str  # of a credential that no policy lists

    @property
    def world(self) -> World:
        return self.worked.world

    @property
    def path(self) -> str:
        return self.worked.day.path

    def seen(self, path: str, **parameters: Any) -> Any:
        return self.world.seen(self.worked.day.office, path, **parameters)


def answered(world: World) -> Answered:
    worked = worked_batch(world)
    day = worked.day
    [first] = day.lines(worked.first)
    body = f"{HEADER}\n1,{first['line_id']},accepted,,,150.00,2024-10-15\n"
    assert day.answer(worked.first, body).status_code == 200
    day.export(worked.batch)
    taken, two, four, six = day.lines(worked.batch)
    rows = [
        f"2,{six['line_id']},accepted,,,600.00,2024-11-15",
        f"2,{two['line_id']},accepted,,,200.00,2024-11-15",
        f"2,{four['line_id']},rejected,E104,cost number closed,,",
        f"2,{taken['line_id']},bypassed,W201,employee inactive,,",
    ]
    body = "\n".join([HEADER, *rows, ""])
    assert day.answer(worked.batch, body).status_code == 200
    trigger = {"kind": "award", "credential_ids": [trigger_of(worked)]}
    amount = {"kind": "flat", "amount_cents": 60_000}
    terms = stipend(trigger=trigger, amount=amount, budget_cents_per_year=100_000)
    world.done(day.district.office, f"/v1/policies/{worked.policies[60_000]}/versions", terms)
    teacher = worked.teachers["123"]
    return Answered(worked, day.award(teacher, worked.issuer.credential(3), worked.issuer))


def trigger_of(worked: Worked) -> str:
    """The credential that the policy of 600 pays for."""
    found = worked.world.seen(worked.day.office, f"{worked.day.path}/policies")["items"]
    mine = next(one for one in found if one["policy_id"] == worked.policies[60_000])
    listed: str = mine["terms"]["trigger"]["credential_ids"][0]
    return listed

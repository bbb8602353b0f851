"""A district with a payroll office, and teachers who are owed something, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.api.world import District, Issuer, Story, World, stipend

CODES = [{"earning_code": "MCR", "recovery_code": "MCA", "account": "10E2213"}]
TERMS: dict[str, Any] = {
    "effective_from": "2024-07-01",
    "company_code": "ABC",
    "batch_prefix": "MC",
    "second_approval_above_cents": 1_000_000,
    "codes": CODES,
}


@dataclass
class Payday:
    """A district that pays: its offices, and how its batches are made."""

    world: World
    district: District
    office: UUID  # prepares
    second: UUID  # approves
    third: UUID
    machine: UUID

    @property
    def path(self) -> str:
        return f"/v1/districts/{self.district.id}"

    def terms(self, **changed: Any) -> None:
        self.world.done(self.office, f"{self.path}/payroll-terms", {**TERMS, **changed})

    def policy(self, *credentials: str, cents: int = 30_000, **changed: Any) -> str:
        trigger = {"kind": "award", "credential_ids": list(credentials)} if credentials else None
        amount = {"kind": "flat", "amount_cents": cents}
        body = stipend(amount=amount, **({"trigger": trigger} if trigger else {}), **changed)
        return str(self.world.done(self.district.office, f"{self.path}/policies", body)["id"])

    def draft(self, pay_date: str, **sent: Any) -> Any:
        body = {"pay_date": pay_date}
        headers = sent.pop("headers", {})
        return self.world.post(self.office, f"{self.path}/batches", body | sent, headers=headers)

    def freeze(self, pay_date: str) -> str:
        drafted = self.draft(pay_date)
        assert drafted.status_code == 201, drafted.text
        batch = str(drafted.json()["id"])
        self.world.done(self.office, f"/v1/batches/{batch}/freezes")
        return batch

    def close(self, pay_date: str) -> str:
        batch = self.freeze(pay_date)
        self.approve(batch)
        return batch

    def approve(self, batch: str, who: UUID | None = None) -> None:
        """Approve it, having looked at what differs from the batch before."""
        warnings = len((self.compared(batch) or {"warnings": []})["warnings"])
        body = {"warnings_seen": warnings}
        self.world.done(who or self.second, f"/v1/batches/{batch}/approvals", body)

    def compared(self, batch: str) -> dict[str, Any] | None:
        """The batch beside the one before it."""
        found = self.world.seen(self.second, f"/v1/batches/{batch}/comparison")["comparison"]
        assert found is None or isinstance(found, dict)
        return found

    def export(self, batch: str, layout: str = "canonical-csv") -> bytes:
        self.world.done(self.office, f"/v1/batches/{batch}/exports", {"layout": layout})
        return self.file(batch, layout)

    def file(self, batch: str, layout: str = "canonical-csv", who: UUID | None = None) -> bytes:
        answer = self.world.get(who or self.machine, f"/v1/batches/{batch}/files/{layout}")
        assert answer.status_code == 200, answer.text
        return bytes(answer.content)

    def lines(self, batch: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.world.seen(self.office, f"/v1/batches/{batch}/lines")[
            "items"
        ]
        return sorted(found, key=lambda line: (line["amount_cents"], line["line_id"]))

    def answer(self, batch: str, content: str | bytes, who: UUID | None = None) -> Any:
        raw = content.encode() if isinstance(content, str) else content
        return self.world.post(
            who or self.machine, f"/v1/batches/{batch}/returns", files={"file": ("r", raw)}
        )

    def variance(self, batch: str) -> dict[str, Any]:
        found: dict[str, Any] = self.world.seen(self.office, f"/v1/batches/{batch}/variance")
        return found

    def adopt_all(self) -> list[dict[str, Any]]:
        """Adopt every correction that is proposed."""
        path = f"{self.path}/correction-proposals"
        found: list[dict[str, Any]] = self.world.seen(self.office, path)["items"]
        wanted = ("entitlement_id", "original_line_id", "amount_cents")
        for one in found:
            body = {name: one[name] for name in wanted}
            self.world.done(self.office, f"{self.path}/corrections", body)
        return found

    def states(self) -> dict[str, str]:
        """How far each entitlement has come, by its id."""
        items = self.world.seen(self.office, f"{self.path}/entitlements")["items"]
        return {one["entitlement_id"]: one["state"] for one in items}

    def award(self, teacher: UUID, credential: str, issuer: Issuer) -> str:
        """Award it, without asking anybody how the review went."""
        one = Story(
            self.world,
            issuer,
            teacher,
            credential,
            issuer.assessors(credential, self.district, 2),
        )
        return one.award().enrollment


def payday(world: World, **terms: Any) -> Payday:
    """A district with terms, two who may prepare and approve, and a machine."""
    district = world.district()
    payroll = [world.grant("payroll", district.id) for _ in range(3)]
    machine = world.grant("payroll_system", district.id)
    day = Payday(world, district, *payroll, machine)
    day.terms(**terms)
    return day


def hire(day: Payday, number: str, given: str = "Ada") -> UUID:
    """A teacher with an employee number."""
    details = {"given_name": given, "family_name": "Sample", "employee_number": number}
    path = f"{day.path}/people"
    made = day.world.done(day.district.office, path, {"details": details})
    person = UUID(made["id"])
    day.district.employ(person)
    return person


@dataclass
class Worked:
    """The worked batch: three teachers, four lines, one of which takes back."""

    day: Payday
    issuer: Issuer
    teachers: dict[str, UUID]
    policies: dict[int, str]
    first: str  # the batch that paid what the second takes back
    batch: str

    @property
    def world(self) -> World:
        return self.day.world


def worked_batch(world: World) -> Worked:
    """600.00 for one, 200.00 and 400.00 from two funds for another, and 150.00 taken back."""
    world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
    day, issuer = payday(world), world.issuer()
    credentials = {cents: issuer.credential() for cents in (15_000, 20_000, 40_000, 60_000)}
    policies = {cents: day.policy(one, cents=cents) for cents, one in credentials.items()}
    [code] = CODES
    day.terms(codes=[code, {**code, "policy_id": policies[40_000], "account": "27T2213"}])
    teachers = {number: hire(day, number) for number in ("123", "4501", "9876")}
    taken = day.award(teachers["9876"], credentials[15_000], issuer)
    first = day.close("2024-10-15")
    assert [line["amount_cents"] for line in day.lines(first)] == [15_000]
    day.export(first)
    world.client.headers["Ledger-Time"] = "2024-11-01T15:00:00Z"
    reason = {"reason": "plagiarism", "authority": "issuer"}
    world.done(issuer.approver, f"/v1/enrollments/{taken}/revocations", reason)
    day.adopt_all()
    day.award(teachers["123"], credentials[60_000], issuer)
    day.award(teachers["4501"], credentials[20_000], issuer)
    day.award(teachers["4501"], credentials[40_000], issuer)
    return Worked(day, issuer, teachers, policies, first, day.close("2024-11-15"))


def batch_of(world: World, district: str, payroll: UUID, teacher: UUID) -> dict[str, str]:
    """One exported batch with what is owed to a teacher, corrected twice; ids by their names."""
    path, office = f"/v1/districts/{district}", world.grant("district", district)
    named = {"given_name": "Ada", "employee_number": "4501"}
    world.done(office, f"{path}/people/{teacher}/details", {"details": named})
    world.done(payroll, f"{path}/payroll-terms", TERMS)
    [owed] = world.seen(payroll, f"{path}/entitlements")["items"]
    batch = world.done(payroll, f"{path}/batches", {"pay_date": owed["payable_on"]})["id"]
    world.done(payroll, f"/v1/batches/{batch}/freezes")
    world.done(world.grant("payroll", district), f"/v1/batches/{batch}/approvals", {})
    world.done(payroll, f"/v1/batches/{batch}/exports", {"layout": "canonical-csv"})
    [line] = world.seen(payroll, f"/v1/batches/{batch}/lines")["items"]
    address = {"url": "https://payroll.example/hook"}
    webhook = world.done(payroll, f"{path}/webhooks", address)["id"]
    for cents in (29_000, 28_000):
        body = stipend(amount={"kind": "flat", "amount_cents": cents})
        world.done(office, f"/v1/policies/{owed['policy_id']}/versions", body)
        if cents == 29_000:
            [one] = world.seen(payroll, f"{path}/correction-proposals")["items"]
            wanted = ("entitlement_id", "original_line_id", "amount_cents")
            world.done(payroll, f"{path}/corrections", {name: one[name] for name in wanted})
    return {
        "batch_id": batch,
        "line_id": line["line_id"],
        "layout": "canonical-csv",
        "webhook_id": webhook,
        "original_line_id": line["line_id"],
    }

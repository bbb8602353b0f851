"""A small world over HTTP: an operator, a district, an issuer, a credential, and people in it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from starlette.testclient import TestClient

from api.app import create_app
from api.auth import mint_development_token
from api.demo.catalog import CREDENTIALS, definition
from api.edge import Edge
from api.settings import Settings
from ledger.application import Call
from ledger.commands.access import grant_access
from tests.samples import MONDAY, equivalency_terms

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
CRITERIA = ("plan", "practice", "effect", "reflection")
MET = dict.fromkeys(CRITERIA, "demonstrated")
NOT_MET = {**MET, "effect": "developing"}
TOLD = {"effect": "Show what it led to."}  # what a decision of not yet has to say
Answer = Any  # of httpx2, which tests read freely


@dataclass
class World(AbstractContextManager["World"]):
    """Speaks HTTP to a real app as whoever is named. Answers are checked by the caller."""

    settings: Settings

    def __post_init__(self) -> None:
        self.app = create_app(self.settings)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.tokens: dict[UUID, str] = {}
        self.position = 0
        self.operator = uuid4()

    def __enter__(self) -> Self:
        self.client.__enter__()
        edge: Edge = self.app.state.edge
        call = Call(caller_id=self.operator, command_id=uuid4(), body_hash=bytes(32), at=MONDAY)
        grant_access(edge.ledger, call, principal_id=self.operator, role="operator", scope_id=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.__exit__(kind, error, trace)

    @property
    def edge(self) -> Edge:
        edge: Edge = self.app.state.edge
        return edge

    def token(self, who: UUID) -> str:
        if who not in self.tokens:
            self.tokens[who] = mint_development_token(self.settings, who)
        return self.tokens[who]

    def ask(self, who: UUID | None, method: str, path: str, **sent: Any) -> Answer:
        """One request, with a key of its own if it is a write and brings none."""
        headers = dict(sent.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {self.token(who)}"
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid4()))
        answer = self.client.request(method, path, headers=headers, **sent)
        self.position = max(self.position, int(answer.headers.get("Ledger-Position", 0)))
        return answer

    def post(self, who: UUID | None, path: str, body: Any = None, **sent: Any) -> Answer:
        if body is not None:
            sent["json"] = body
        return self.ask(who, "POST", path, **sent)

    def get(self, who: UUID | None, path: str, **parameters: Any) -> Answer:
        """A read that sees everything written before it."""
        return self.ask(who, "GET", path, params={"min_position": self.position, **parameters})

    def done(self, who: UUID, path: str, body: Any = None, **sent: Any) -> dict[str, Any]:
        """A write that has to succeed."""
        answer = self.post(who, path, body, **sent)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def seen(self, who: UUID, path: str, **parameters: Any) -> Any:
        """A read that has to succeed."""
        answer = self.get(who, path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # The people and things of the world

    def grant(self, role: str, scope_id: str | None = None) -> UUID:
        """Somebody new who holds a role."""
        who = uuid4()
        body = {"role": role, "scope_id": scope_id}
        self.done(self.operator, f"/v1/principals/{who}/grants", body)
        return who

    def district(self, name: str = "Sample District") -> District:
        body = {"name": name, "zone": "America/Chicago"}
        district_id = self.done(self.operator, "/v1/districts", body)["id"]
        return District(self, district_id, self.grant("district", district_id))

    def issuer(self, name: str = "Sample Issuer") -> Issuer:
        body = {"name": name, "zone": "America/Chicago"}  # as districts: one day for all
        issuer_id = self.done(self.operator, "/v1/issuers", body)["id"]
        vetting = {"standard": "Sample standard", "components_met": 3, "components_total": 3}
        self.done(self.operator, f"/v1/issuers/{issuer_id}/vettings", vetting)
        return Issuer(self, issuer_id, self.grant("issuer_approver", issuer_id))


@dataclass
class District:
    """A district and its staff office."""

    world: World
    id: str
    office: UUID

    def person(self, given: str = "Ada", family: str = "Sample") -> UUID:
        """Somebody registered, of no position yet."""
        body = {"details": {"given_name": given, "family_name": family}}
        made = self.world.done(self.office, f"/v1/districts/{self.id}/people", body)
        return UUID(made["id"])

    def employ(self, person: UUID, first_day: str = "2024-08-01", **more: Any) -> str:
        body = {
            "person_id": str(person),
            "position": str(person),
            "role": "teacher",
            "first_day": first_day,
            **more,
        }
        made = self.world.done(self.office, f"/v1/districts/{self.id}/employments", body)
        return str(made["id"])

    def teacher(self, given: str = "Ada", family: str = "Sample") -> UUID:
        person = self.person(given, family)
        self.employ(person)
        return person


@dataclass
class Issuer:
    """A vetted issuer and one of its approvers."""

    world: World
    id: str
    approver: UUID

    def credential(self, sample: int = 0, **changed: Any) -> str:
        """A published micro-credential."""
        definition_ = {**definition(CREDENTIALS[sample]), **changed}
        body = {"issuer_id": self.id, "definition": definition_}
        made = self.world.done(self.approver, "/v1/credentials", body)
        self.world.done(self.approver, f"/v1/credentials/{made['id']}/versions")
        return str(made["id"])

    def assessors(self, credential: str, district: District, count: int = 2) -> list[UUID]:
        found = [district.person(f"Assessor {n}") for n in range(count)]
        for person in found:
            body = {"person_id": str(person), "reason": "founding"}
            self.world.done(
                self.approver, f"/v1/credentials/{credential}/assessor-appointments", body
            )
        return found


@dataclass
class Story:
    """One teacher on her way to one micro-credential."""

    world: World
    issuer: Issuer
    teacher: UUID
    credential: str
    assessors: list[UUID]
    enrollment: str = ""

    @property
    def path(self) -> str:
        return f"/v1/enrollments/{self.enrollment}"

    def enroll(self) -> Self:
        body = {"credential_id": self.credential}
        self.enrollment = self.world.done(self.teacher, "/v1/enrollments", body)["id"]
        return self

    def upload(self, kind: str = "lesson_plan", content: bytes = PNG, **fields: Any) -> Answer:
        return self.world.post(
            self.teacher,
            f"{self.path}/evidence",
            files={"file": ("artifact.png", content)},
            data={"kind": kind, **fields.pop("data", {})},
            **fields,
        )

    def hand_in(self) -> Self:
        """Every kind of evidence that the credential asks for, and the attempt."""
        for requirement in self.requirements():
            answer = self.upload(requirement["kind"], PNG + requirement["kind"].encode())
            assert answer.status_code == 201, answer.text
        self.submit()
        return self

    def requirements(self) -> list[dict[str, Any]]:
        path = f"/v1/credentials/{self.credential}/versions/1"
        found: list[dict[str, Any]] = self.world.seen(self.teacher, path)["definition"]["evidence"]
        return found

    def submit(self) -> dict[str, Any]:
        body = {"integrity_attested": True, "reflection": "What I would do differently."}
        return self.world.done(self.teacher, f"{self.path}/submissions", body)

    def review(self, *levels: dict[str, str]) -> Self:
        for assessor in self.assessors[: len(levels)]:
            body = {"assessor_id": str(assessor)}
            self.world.done(self.issuer.approver, f"{self.path}/assignments", body)
        for assessor, seen in zip(self.assessors, levels, strict=False):
            body = {"levels": seen, "feedback": "Clear and to the point."}
            self.world.done(assessor, f"{self.path}/scores", body)
        return self

    def decide(self, decision: str = "award", **more: Any) -> dict[str, Any]:
        told = {"remarks": TOLD} if decision == "not_yet" else {}
        body = {"decision": decision, **told, **more}
        return self.world.done(self.issuer.approver, f"{self.path}/decisions", body)

    def award(self) -> Self:
        self.enroll().hand_in().review(MET, MET).decide()
        return self


def story(world: World, district: District | None = None, token: str = "Sample") -> Story:
    """A teacher of a district, a micro-credential, and three assessors for it."""
    employer = district or world.district()
    issuer = world.issuer(f"Issuer {token}")
    credential = issuer.credential(summary=f"What {token} asks for.")
    return Story(
        world=world,
        issuer=issuer,
        teacher=employer.teacher("Ada", token),
        credential=credential,
        assessors=issuer.assessors(credential, employer, 3),
    )


def stipend(**changed: Any) -> dict[str, Any]:
    """A policy that pays the same for every award."""
    terms = {
        "title": "Stipend",
        "zone": "America/Chicago",
        "effective_from": "2020-07-01",
        "trigger": {"kind": "award"},
        "benefit": "one_time",
        "amount": {"kind": "flat", "amount_cents": 30_000},
        **changed,
    }
    return {"board_reference": "Minute 7", "adopted_on": "2024-06-01", "terms": terms}


def license_of(person: object, **changed: Any) -> dict[str, Any]:
    """A license of five years, in a state that has the rules of `rules()`."""
    return {
        "person_id": str(person),
        "jurisdiction": "us-tn",
        "license_type": "professional",
        "role": "teacher",
        "issued_on": "2021-07-01",
        "valid_to": "2026-06-30",
        **changed,
    }


def credit_of(person: object, **changed: Any) -> dict[str, Any]:
    """A semester hour."""
    return {
        "person_id": str(person),
        "kind": "semester_hour",
        "quantity_hundredths": 100,
        "earned_on": "2024-05-31",
        **changed,
    }


def rules(**changed: Any) -> dict[str, Any]:
    """Six points for a micro-credential, ten for a semester hour, sixty in a cycle."""
    terms = equivalency_terms().model_dump(mode="json", exclude_unset=True)
    return {
        "authority_reference": "5.502",
        "adopted_on": "2024-06-01",
        "terms": {**terms, **changed},
    }


def stack_of(issuer: str, *credentials: str) -> dict[str, Any]:
    """A stack that all of these complete."""
    return {
        "issuer_id": issuer,
        "title": "Stack",
        "summary": "All of them.",
        "requirement": {
            "title": "All",
            "needed": len(credentials),
            "credential_ids": list(credentials),
        },
    }

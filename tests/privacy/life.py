"""A teacher with a token of her own in everything that is ever said of her or by her."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from api import issuing
from api.clock import wall
from ledger.values import stream_id
from tests.api.sharing import new_share
from tests.api.world import MET, NOT_MET, PNG, Answer, District, Issuer, World, stipend
from tests.imports.rosters import org, role, roster, user

NOBODY = UUID(int=0)
EMPLOYED_AT = {"Ledger-Time": "2025-01-15T18:00:00Z"}
LEFT_AT = {"Ledger-Time": "2025-07-01T18:00:00Z"}
STILL_KEPT = {"Ledger-Time": "2030-01-31T18:00:00Z"}  # payroll of 2025 is kept until that day
DUE = {"Ledger-Time": "2030-02-01T18:00:00Z"}


class Tokens(dict[str, str]):
    """Random words, one for each place; each begins with a letter and is found nowhere else."""

    def __missing__(self, name: str) -> str:
        self[name] = f"q{secrets.token_hex(9)}"
        return self[name]


@dataclass
class Life:
    """One teacher from her first roster to her last day, and everybody around her."""

    world: World
    folder: Path
    tokens: Tokens = field(default_factory=Tokens)
    assessors: list[UUID] = field(default_factory=list)
    teacher: UUID = NOBODY
    enrollment: str = ""
    evidence: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    record: str = ""
    planned: str = ""

    def __post_init__(self) -> None:
        token = secrets.token_hex(4)  # a district of its own
        self.root = org(f"D-{token}", "district", parent="")
        self.orgs = [self.root, org(f"S-{token}", parent=f"D-{token}")]
        self.colleagues = [(f"u{n}-{token}", f"r{n}-{token}") for n in range(4)]
        self.district = District(self.world, self.district_id, NOBODY)

    @property
    def district_id(self) -> str:
        return str(stream_id("organization", "oneroster", self.root["sourcedId"]))

    @property
    def path(self) -> str:
        return f"/v1/enrollments/{self.enrollment}"

    def imports(self, *, with_her: bool, headers: dict[str, str]) -> Answer:
        """A bulk roster of the district."""
        t, school = self.tokens, self.orgs[1]["sourcedId"]
        users = [user(number, given=f"Given {number}") for number, _ in self.colleagues]
        roles = [role(one, number, orgSourcedId=school) for number, one in self.colleagues]
        if with_her:
            hers = {
                "username": t["username"],
                "middleName": t["middle name"],
                "preferredGivenName": t["preferred given name"],
                "preferredMiddleName": t["preferred middle name"],
                "preferredFamilyName": t["preferred family name"],
                "email": f"{t['address']}@lake.example",
                "identifier": t["employee number"],
                "password": t["password"],
                "phone": t["telephone"],
            }
            users.append(user(t["number"], t["given name"], t["family name"], **hers))
            roles.append(role(t["position"], t["number"], orgSourcedId=school))
        self.folder.mkdir(exist_ok=True)
        path = roster(self.folder / "roster.zip", orgs=self.orgs, users=users, roles=roles)
        content = path.read_bytes()
        path.unlink()
        return self.world.ask(
            self.world.operator,
            "POST",
            "/v1/imports/oneroster",
            files={"file": (f"{t['roster file name']}.zip", io.BytesIO(content))},
            data={"zone": "America/Chicago", "allow_endings": "1"},
            headers=headers,
        )

    def is_hired(self) -> Self:
        """Her first roster; whoever works there has to be found by name once."""
        answer = self.imports(with_her=True, headers=EMPLOYED_AT)
        assert answer.status_code == 200, answer.text
        assert answer.json()["district_id"] == self.district_id
        self.district.office = self.world.grant("district", self.district_id)
        [found] = self.finds(self.tokens["family name"])
        self.teacher = UUID(found["person_id"])
        return self

    def finds(self, words: str, day: str = "2025-03-01") -> list[dict[str, Any]]:
        path = f"/v1/districts/{self.district_id}/people"
        seen = self.world.seen(self.district.office, path, search=words, effective_on=day)
        items: list[dict[str, Any]] = seen["items"]
        return items

    def is_renamed(self) -> Self:
        """By hand, under another number, and in a further position of another name."""
        world, t, person = self.world, self.tokens, self.teacher
        details = {
            "given_name": t["second given name"],
            "family_name": t["second family name"],
            "email": f"{t['second address']}@lake.example",
            "employee_number": t["second employee number"],
            "state_id": t["number with the state"],
        }
        base = f"/v1/districts/{self.district_id}"
        sent = {"headers": {"Idempotency-Key": t["key"], **EMPLOYED_AT}}
        renamed = {"details": details}
        world.done(self.district.office, f"{base}/people/{person}/details", renamed, **sent)
        identity = {"source": "sis", "district_id": self.district_id, "source_id": t["sis number"]}
        world.done(self.district.office, f"/v1/people/{person}/identities", identity)
        position = {"position": t["second position"], "first_day": "2024-09-01", "role": "teacher"}
        body = {"person_id": str(person), **position}
        world.done(self.district.office, f"{base}/employments", body, headers=EMPLOYED_AT)
        policy = stipend(effective_from="2020-07-01")
        world.done(self.district.office, f"{base}/policies", policy)
        return self

    def earns(self) -> Self:
        """Handed in, given back, not yet, appealed, and awarded in the end."""
        world, t = self.world, self.tokens
        issuer = self.issuer = world.issuer(f"Issuer {secrets.token_hex(4)}")
        credential = issuer.credential()
        self.assessors = issuer.assessors(credential, self.district, 3)
        body = {"credential_id": credential}
        self.enrollment = world.done(self.teacher, "/v1/enrollments", body)["id"]
        needed = world.seen(self.teacher, f"/v1/credentials/{credential}/versions/1")
        for one in needed["definition"]["evidence"]:
            self.uploads(one["kind"])
        self.submits(t["first reflection"])
        returned = {"reasons": ["unreadable"], "note": t["note"]}
        world.done(issuer.approver, f"{self.path}/returns", returned)
        self.submits(t["second reflection"])
        self.is_reviewed(NOT_MET, t["feedback"], t["other feedback"])
        decision = {"decision": "not_yet", "feedback": t["feedback of the decision"]}
        decision["remarks"] = {"effect": t["remark on a criterion"]}
        world.done(issuer.approver, f"{self.path}/decisions", decision)
        appeal = {"ground": "procedure", "statement": t["statement"]}
        world.done(self.teacher, f"{self.path}/appeals", appeal)
        finding = {"finding": "upheld", "reason": "procedure-followed"}
        second = world.grant("issuer_approver", issuer.id)
        world.done(second, f"{self.path}/appeal-decisions", finding)
        self.submits(t["third reflection"])
        self.is_reviewed(MET, t["last feedback"], t["other last feedback"])
        world.done(issuer.approver, f"{self.path}/decisions", {"decision": "award"})
        return self

    def uploads(self, kind: str) -> None:
        t = self.tokens
        content = PNG + t[f"content of {kind}"].encode() * 3
        answer = self.world.post(
            self.teacher,
            f"{self.path}/evidence",
            files={"file": (f"{t[f'file name of {kind}']}.png", content)},
            data={"kind": kind},
        )
        assert answer.status_code == 201, answer.text
        self.evidence.append(answer.json()["evidence_id"])

    def submits(self, reflection: str) -> None:
        body = {"integrity_attested": True, "reflection": reflection}
        self.world.done(self.teacher, f"{self.path}/submissions", body)

    def is_reviewed(self, levels: dict[str, str], *words: str) -> None:
        issuer: Issuer = self.issuer
        for assessor in self.assessors[:2]:
            body = {"assessor_id": str(assessor)}
            self.world.done(issuer.approver, f"{self.path}/assignments", body)
        for assessor, feedback in zip(self.assessors, words, strict=False):
            score = {"levels": levels, "feedback": feedback}
            self.world.done(assessor, f"{self.path}/scores", score)

    def carries(self) -> Self:
        """A signed record of what she earned, which names her by digests."""
        edge = self.world.edge
        edge.visible(issuing.VIEWS, self.world.position)
        while issuing.issue_due(edge, wall):  # those of others in this world as well
            pass
        [made] = self.world.seen(self.teacher, f"/v1/people/{self.teacher}/records")["items"]
        self.record = made["record_id"]
        return self

    def leaves(self) -> Self:
        """A roster without her ends one position, her office the other."""
        answer = self.imports(with_her=False, headers=LEFT_AT)
        assert answer.status_code == 200, answer.text
        assert answer.json()["counts"]["employments_ended"] == 1
        for held in self.world.seen(self.teacher, f"/v1/people/{self.teacher}/employments")[
            "items"
        ]:
            if held["last_day"] is None:
                path = f"/v1/employments/{held['employment_id']}/endings"
                self.world.done(self.district.office, path, {"last_day": "2025-06-30"})
        return self

    def shares(self) -> Self:
        """With a district, and with whoever has a link; what she calls that one is hers."""
        t, person = self.tokens, self.teacher
        for recipient in (
            {"kind": "district", "district_id": self.district_id},
            {"kind": "link", "name": t["whom she gave a link"]},
        ):
            made = self.world.done(person, f"/v1/people/{person}/shares", new_share(recipient))
            self.shared.append(made["id"])
        t["secret of the link"] = made["link"].rpartition("/")[2]
        assert self.opens_link().status_code == 200
        return self

    def plans(self) -> Self:
        """What she calls her plan is hers."""
        title = {"title": self.tokens["title of her plan"]}
        path = f"/v1/people/{self.teacher}/learning-plans"
        self.planned = self.world.done(self.teacher, path, title)["id"]
        return self

    def opens_link(self) -> Answer:
        return self.world.ask(None, "GET", f"/share/{self.tokens['secret of the link']}")

    def disputes(self) -> Self:
        """A record, with words of hers and of the issuer's."""
        world, t, path = self.world, self.tokens, f"/v1/people/{self.teacher}/disputes"
        said = {"about": "award", "subject_id": self.enrollment, "statement": t["what is wrong"]}
        dispute = f"/v1/disputes/{world.done(self.teacher, path, said)['id']}"
        answer = {"outcome": "declined", "reason": "no-error", "words": t["what is answered"]}
        world.done(self.issuer.approver, f"{dispute}/answers", answer)
        world.done(self.teacher, f"{dispute}/rebuttals", {"rebuttal": t["her rebuttal"]})
        return self

    def whole(self) -> Self:
        return self.is_hired().is_renamed().earns().carries().leaves().shares().plans().disputes()

    def erased(self, headers: dict[str, str], reason: str = "subject-request") -> Answer:
        path = f"/v1/people/{self.teacher}/erasures"
        return self.world.post(self.teacher, path, {"reason": reason}, headers=headers)

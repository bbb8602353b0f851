"""One teacher's way to one award over HTTP, with the turns that real reviews take."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from api.demo.stage import Answer, Stage

CRITERIA = ("plan", "practice", "effect", "reflection")
DEMONSTRATED, DEVELOPING = "demonstrated", "developing"


@dataclass(frozen=True)
class Cast:
    """Who plays whom. Assessors are in the order in which they are asked."""

    operator: UUID
    approver: UUID
    second_approver: UUID  # hears appeals against what the first one decided
    assessors: tuple[UUID, ...]
    credentials: dict[str, Answer] = field(default_factory=dict)  # key -> id, evidence kinds


def artifact(kind: str) -> bytes:
    """A small real file of a kind: a picture where one is asked for, else words."""
    if kind in {"classroom_image", "project"}:
        return _png()
    if kind == "classroom_video":
        return b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x00\x08mdat"
    return f"Sample {kind.replace('_', ' ')}: what was planned, done and seen.\n".encode()


def _png() -> bytes:
    """A picture of one gray pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x80")
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def enroll(stage: Stage, cast: Cast, teacher: UUID, key: str, day: date) -> str:
    """Set out to earn the micro-credential."""
    stage.on(day)
    credential = cast.credentials[key]["id"]
    return str(stage.post(teacher, "/v1/enrollments", {"credential_id": credential})["id"])


def upload(stage: Stage, teacher: UUID, enrollment: str, *kinds: str) -> None:
    """Hand in one artifact of each kind."""
    for kind in kinds:
        stage.upload(teacher, f"/v1/enrollments/{enrollment}/evidence", artifact(kind), kind=kind)


def submit(stage: Stage, cast: Cast, teacher: UUID, enrollment: str, key: str) -> None:
    """Upload what the micro-credential asks for and hand in an attempt."""
    upload(stage, teacher, enrollment, *cast.credentials[key]["kinds"])
    stage.later(2)
    body = {"integrity_attested": True, "reflection": "What changed, and how I know."}
    stage.post(teacher, f"/v1/enrollments/{enrollment}/submissions", body)


def score(stage: Stage, assessor: UUID, enrollment: str, weak: str | None = None) -> None:
    """Score every criterion as demonstrated, but for a weak one."""
    levels = {name: DEVELOPING if name == weak else DEMONSTRATED for name in CRITERIA}
    body = {"levels": levels, "feedback": "Strong where it shows learners' own words."}
    if weak is not None:
        body["remarks"] = {weak: "Seen in a part of the evidence: show all of it."}
    stage.post(assessor, f"/v1/enrollments/{enrollment}/scores", body)


def assign(stage: Stage, cast: Cast, enrollment: str, assessor: UUID) -> None:
    """Give the attempt to an assessor."""
    path = f"/v1/enrollments/{enrollment}/assignments"
    stage.post(cast.approver, path, {"assessor_id": str(assessor)})


def review(
    stage: Stage,
    cast: Cast,
    enrollment: str,
    *,
    weak: tuple[str | None, str | None] = (None, None),
    first: int = 0,
) -> None:
    """Two independent scores; where they part at a passing line a third assessor adjudicates."""
    pair = cast.assessors[first : first + 2]
    for assessor in pair:
        assign(stage, cast, enrollment, assessor)
    stage.later(3)
    for assessor, criterion in zip(pair, weak, strict=True):
        score(stage, assessor, enrollment, criterion)
    if weak[0] != weak[1]:
        adjudicator = cast.assessors[first + 2]
        assign(stage, cast, enrollment, adjudicator)
        stage.later()
        score(stage, adjudicator, enrollment)
    stage.later()


def decide(stage: Stage, cast: Cast, enrollment: str, decision: str) -> None:
    """The issuer's approver decides as recommended."""
    path = f"/v1/enrollments/{enrollment}/decisions"
    stage.post(cast.approver, path, {"decision": decision})


def first_time(stage: Stage, cast: Cast, teacher: UUID, key: str, day: date) -> str:
    """Handed in once, found to be met, awarded."""
    enrollment = enroll(stage, cast, teacher, key, day)
    submit(stage, cast, teacher, enrollment, key)
    review(stage, cast, enrollment)
    decide(stage, cast, enrollment, "award")
    return enrollment


def second_time(stage: Stage, cast: Cast, teacher: UUID, key: str, day: date) -> str:
    """Not yet at the first attempt; handed in again with better evidence, and awarded."""
    enrollment = enroll(stage, cast, teacher, key, day)
    submit(stage, cast, teacher, enrollment, key)
    review(stage, cast, enrollment, weak=("effect", "effect"))
    decide(stage, cast, enrollment, "not_yet")
    stage.later(10)
    submit(stage, cast, teacher, enrollment, key)
    review(stage, cast, enrollment)
    decide(stage, cast, enrollment, "award")
    return enrollment


def split(stage: Stage, cast: Cast, teacher: UUID, key: str, day: date) -> str:
    """The two assessors part over one criterion; a third adjudicates; awarded."""
    enrollment = enroll(stage, cast, teacher, key, day)
    submit(stage, cast, teacher, enrollment, key)
    review(stage, cast, enrollment, weak=(None, "reflection"))
    decide(stage, cast, enrollment, "award")
    return enrollment


def returned(stage: Stage, cast: Cast, teacher: UUID, key: str, day: date) -> str:
    """Sent back once as unreadable, which uses no attempt; handed in again; awarded."""
    enrollment = enroll(stage, cast, teacher, key, day)
    submit(stage, cast, teacher, enrollment, key)
    path = f"/v1/enrollments/{enrollment}/returns"
    stage.post(cast.approver, path, {"reasons": ["unreadable-file"]})
    stage.later(3)
    submit(stage, cast, teacher, enrollment, key)
    review(stage, cast, enrollment)
    decide(stage, cast, enrollment, "award")
    return enrollment


def appealed(stage: Stage, cast: Cast, teacher: UUID, key: str, day: date) -> str:
    """Not yet; her appeal is heard, the attempt restored and scored by others; awarded."""
    enrollment = enroll(stage, cast, teacher, key, day)
    submit(stage, cast, teacher, enrollment, key)
    review(stage, cast, enrollment, weak=("practice", "practice"))
    decide(stage, cast, enrollment, "not_yet")
    stage.later(4)
    appeal = {"ground": "evidence-overlooked", "statement": "The second artifact shows it."}
    stage.post(teacher, f"/v1/enrollments/{enrollment}/appeals", appeal)
    stage.later(5)
    finding = {"finding": "overturned", "reason": "evidence-overlooked"}
    stage.post(cast.second_approver, f"/v1/enrollments/{enrollment}/appeal-decisions", finding)
    review(stage, cast, enrollment, first=2)
    decide(stage, cast, enrollment, "award")
    return enrollment


def revoke(stage: Stage, cast: Cast, enrollment: str, day: date) -> None:
    """The award is taken back after evidence turned out not to be the teacher's own."""
    stage.on(day)
    body = {"reason": "evidence-not-own", "authority": "issuer-committee"}
    stage.post(cast.approver, f"/v1/enrollments/{enrollment}/revocations", body)

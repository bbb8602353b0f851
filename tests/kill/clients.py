"""Clients that keep their keys: each plays teachers, assessors and approvers until told to stop."""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import orjson

from api.auth import mint_development_token
from api.settings import Settings
from ledger.application import command_id
from tests.api.world import MET, NOT_MET, PNG, TOLD
from tests.kill.checker import Operation, Status

TIMEOUTS_SECONDS = (1.0, 4.0, 15.0)  # some clients are less patient than the server
PAUSE_SECONDS = (0.02, 0.2)
GIVE_UP_SECONDS = 60.0
UNKNOWN_CODES = frozenset({408, 425, 429})
BOUNDARY = "evidence"


@dataclass(frozen=True)
class Offer:
    """A micro-credential: who assesses it, and what evidence it asks for."""

    assessors: tuple[UUID, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Cast:
    """What stands before the clients come: the office, the approver, the micro-credentials."""

    settings: Settings
    port: int
    district_id: str
    office: UUID
    approver: UUID
    credentials: dict[str, Offer]


@dataclass
class Client(Thread):
    """One of many. It sends one request at a time, and resends it until it knows what happened."""

    number: int
    cast: Cast
    dice: random.Random
    over: Event
    operations: list[Operation] = field(default_factory=list)
    evidence: list[tuple[UUID, str, bytes]] = field(default_factory=list)  # who, path, content
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(name=f"client {self.number}", daemon=True)
        self._connection: HTTPConnection | None = None
        self._tokens: dict[UUID, str] = {}
        self._position = 0

    __hash__ = Thread.__hash__

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self._play_teacher()
        except _OverError:
            return
        except BaseException as failure:  # noqa: BLE001 - the test shows it, or nobody would
            self.failure = failure
        finally:
            if self._connection:
                self._connection.close()

    def _play_teacher(self) -> None:
        """Somebody new, who sets out for one to three micro-credentials."""
        people = "/v1/districts/{district_id}/people"
        body: dict[str, Any] = {
            "details": {"given_name": "Ada", "family_name": f"Sample {self.number}"}
        }
        made = self._write("register", self.cast.office, people, body, self.cast.district_id)
        teacher = UUID(made["id"])
        employments = "/v1/districts/{district_id}/employments"
        body = {
            "person_id": str(teacher),
            "position": str(teacher),
            "role": "teacher",
            "first_day": "2024-08-01",
        }
        self._write("employ", self.cast.office, employments, body, self.cast.district_id)
        for credential in self.dice.sample(sorted(self.cast.credentials), self.dice.randint(1, 3)):
            self._play_enrollment(teacher, credential)

    def _play_enrollment(self, teacher: UUID, credential: str) -> None:
        body = {"credential_id": credential}
        made = self._write("enroll", teacher, "/v1/enrollments", body)
        one = made["id"]
        if self.dice.random() < 0.1:
            self._refused("enroll twice", teacher, "/v1/enrollments", body)
        for kind in self.cast.credentials[credential].kinds:
            self._upload(teacher, one, kind)
        if self.dice.random() < 0.1:
            self._act("withdraw", teacher, one, "withdrawals", {"reason": "other-plans"})
            return
        self._act("submit", teacher, one, "submissions", {"integrity_attested": True})
        if self.dice.random() < 0.15:
            self._act("return", self.cast.approver, one, "returns", {"reasons": ["unreadable"]})
            self._act("submit", teacher, one, "submissions", {"integrity_attested": True})
        if self.dice.random() < 0.2:
            self._review(one, credential, NOT_MET)
            decision = {"decision": "not_yet", "remarks": TOLD}
            self._act("decide", self.cast.approver, one, "decisions", decision)
            self._upload(teacher, one, self.cast.credentials[credential].kinds[0])
            self._act("submit", teacher, one, "submissions", {"integrity_attested": True})
        self._review(one, credential, MET)
        self._act("decide", self.cast.approver, one, "decisions", {"decision": "award"})
        self._read_transcript(teacher, one)
        self._after_award(teacher, one, credential)

    def _after_award(self, teacher: UUID, one: str, credential: str) -> None:
        assessor = self.cast.credentials[credential].assessors[0]
        if self.dice.random() < 0.2:
            levels = {"levels": MET}
            self._refused(
                "score late", assessor, "/v1/enrollments/{enrollment_id}/scores", levels, one
            )
        if self.dice.random() < 0.2:
            reasons = {"reason": "evidence-not-own", "authority": "issuer-committee"}
            self._act("revoke", self.cast.approver, one, "revocations", reasons)
            self._read_transcript(teacher, one)
            self._act("reinstate", self.cast.approver, one, "reinstatements", reasons)

    def _review(self, one: str, credential: str, levels: dict[str, str]) -> None:
        assessors = self.cast.credentials[credential].assessors
        for assessor in assessors:
            body = {"assessor_id": str(assessor)}
            self._act("assign", self.cast.approver, one, "assignments", body)
        for assessor in assessors:
            self._act("score", assessor, one, "scores", {"levels": levels, "feedback": "Clear."})

    def _act(self, act: str, who: UUID, one: str, route: str, body: dict[str, Any]) -> None:
        self._write(act, who, "/v1/enrollments/{enrollment_id}/" + route, body, one)

    def _upload(self, teacher: UUID, one: str, kind: str) -> None:
        content = PNG + self.dice.randbytes(self.dice.randint(1, 5000))
        form = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="kind"\r\n\r\n{kind}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        ).encode()
        body = form + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        route = "/v1/enrollments/{enrollment_id}/evidence"
        made = self._write("upload", teacher, route, body, one)
        self.evidence.append(
            (teacher, f"/v1/enrollments/{one}/evidence/{made['evidence_id']}", content)
        )

    def _write(
        self, act: str, who: UUID, route: str, body: dict[str, Any] | bytes, *ids: str
    ) -> dict[str, Any]:
        """Send until it is known to have happened; now and then once more, for the same answer."""
        key = str(uuid4())
        to = (route, _path(route, ids))
        made = self._send_until_known(act, who, to, body, key)
        if self.dice.random() < 0.1:
            self._send_until_known(act, who, to, body, key)
        if "id" not in made:
            raise AssertionError(f"{act} was refused: {made}")
        return made

    def _refused(self, act: str, who: UUID, route: str, body: dict[str, Any], *ids: str) -> None:
        """Send what must be refused."""
        to = (route, _path(route, ids))
        made = self._send_until_known(act, who, to, body, str(uuid4()))
        if "id" in made:
            raise AssertionError(f"{act} was not refused: {made}")

    def _send_until_known(
        self, act: str, who: UUID, to: tuple[str, str], body: dict[str, Any] | bytes, key: str
    ) -> dict[str, Any]:
        if self.over.is_set():
            raise _OverError
        route, path = to
        command = str(command_id(who, f"POST {route.removeprefix('/v1')}", key))
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        while True:
            begun = time.monotonic()
            code, answer = self._request("POST", path, who, body, key)
            status = _status(code)
            self.operations.append(
                Operation(
                    client=self.number,
                    act=act,
                    key=key,
                    command_id=command,
                    begun=begun,
                    ended=time.monotonic(),
                    status=status,
                    code=code,
                    stream=answer.get("id", "") if status == "acknowledged" else "",
                    position=answer.get("position", 0) if status == "acknowledged" else 0,
                    detail="" if status == "acknowledged" else str(answer)[:300],
                )
            )
            if status != "unknown":
                self._position = max(self._position, self.operations[-1].position)
                return answer
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"nobody knows what became of {self.operations[-1]}")
            time.sleep(self.dice.uniform(*PAUSE_SECONDS))

    def _read_transcript(self, teacher: UUID, one: str) -> None:
        """A read that has to show this client's last write; 503 means that it is not there yet."""
        least = self._position
        path = f"/v1/people/{teacher}/transcript?min_position={least}"
        begun = time.monotonic()
        code, answer = self._request("GET", path, teacher, None, "")
        lines = {line["enrollment_id"]: line["status"] for line in answer.get("items", [])}
        self.operations.append(
            Operation(
                client=self.number,
                act="read transcript",
                key="",
                command_id="",
                begun=begun,
                ended=time.monotonic(),
                status=_status(code),
                code=code,
                stream=one,
                position=answer.get("position", 0),
                least_position=least,
                seen=lines.get(one, "nothing") if code == 200 else "",
                detail="" if code == 200 else str(answer)[:300],
            )
        )

    def _request(
        self, method: str, path: str, who: UUID, body: dict[str, Any] | bytes | None, key: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and the answer; 0 when none came."""
        headers = {"Authorization": f"Bearer {self.token(who)}"}
        if body is not None:
            headers["Idempotency-Key"] = key
            is_form = isinstance(body, bytes)
            headers["Content-Type"] = (
                f"multipart/form-data; boundary={BOUNDARY}" if is_form else "application/json"
            )
        content = orjson.dumps(body) if isinstance(body, dict) else body
        timeout = self.dice.choice(TIMEOUTS_SECONDS)
        connection = self._connection or HTTPConnection("127.0.0.1", self.cast.port)
        self._connection = connection
        connection.timeout = timeout
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            answer = orjson.loads(response.read() or b"{}")
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            self._connection = None
            return 0, {"error": repr(error)}
        said = {"position": int(response.headers.get("Ledger-Position", 0))}
        return response.status, {**said, **answer}

    def token(self, who: UUID) -> str:
        if who not in self._tokens:
            self._tokens[who] = mint_development_token(self.cast.settings, who)
        return self._tokens[who]


class _OverError(Exception):
    """The load is over; this client has nothing under way."""


def _path(route: str, ids: Iterable[str]) -> str:
    """The route with its ids in their places."""
    parts = iter(ids)
    return "/".join(next(parts) if part.startswith("{") else part for part in route.split("/"))


def _status(code: int) -> Status:
    if 200 <= code < 300:
        return "acknowledged"
    if 400 <= code < 500 and code not in UNKNOWN_CODES:
        return "refused"
    return "unknown"

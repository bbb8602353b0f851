"""A district of another ledger that signs records, and one record of it that was received here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ledger.records.issuers import did_web, issuer_document
from ledger.records.proofs import with_proof
from ledger.records.status import StatusEntry, status_list
from tests.api.world import World
from tests.records.host import Answers
from tests.records.received import award as unhosted_award
from tests.records.received import bundle, text, transcript
from tests.records.samples import PROOF, PROOF_KEY

SIGNED_AT = datetime(2025, 7, 30, tzinfo=UTC)
EARNED = datetime(2025, 3, 14, 18, tzinfo=UTC)
RECEIVED = "2026-08-01T15:00:00Z"


@dataclass
class Issuer:
    """A district elsewhere that signs and publishes, on a host of its own."""

    host: str
    answers: type[Answers]

    @property
    def id(self) -> str:
        return did_web(self.host)

    @property
    def method(self) -> str:
        return PROOF.method(self.id)

    def publish(self, *revoked: int) -> None:
        """The document with its keys, and the status list with these awards taken back."""
        self.answers.pages["/.well-known/did.json"] = (200, {}, text(self.document))
        self.answers.pages["/status/1"] = (200, {}, text(self.listed(*revoked)))

    @property
    def document(self) -> dict[str, Any]:
        return issuer_document(self.id, [PROOF])

    def listed(self, *revoked: int) -> dict[str, Any]:
        unsigned = status_list(
            url=f"https://{self.host}/status/1",
            issuer_id=self.id,
            revoked=revoked,
            valid_from=SIGNED_AT,
        )
        return self.sign(unsigned)

    def sign(self, document: dict[str, Any]) -> dict[str, Any]:
        return with_proof(document, PROOF_KEY.sign, self.method, SIGNED_AT)

    def award(self, number: int, **changes: Any) -> dict[str, Any]:
        """One of its awards, by its number in the list."""
        facts: dict[str, Any] = {
            "awarded_at": EARNED,
            "valid_from": EARNED,
            "valid_until": None,
            **changes,
        }
        document = unhosted_award(number, **facts)
        unsigned = {name: value for name, value in document.items() if name != "proof"}
        unsigned["issuer"] = {**unsigned["issuer"], "id": self.id}
        entry = StatusEntry(f"https://{self.host}/status/1", number)
        return self.sign({**unsigned, "credentialStatus": entry.document()})

    def transcript(self, *awards: dict[str, Any]) -> bytes:
        made = transcript(*awards, issuer_id=self.id)
        return text(self.sign({**made, "validFrom": "2025-07-30T00:00:00Z"}))


def received(world: World, teacher: UUID, district: str, office: UUID) -> dict[str, str]:
    """A record that the district accepted, and that its issuer has taken back since."""
    issuer = Issuer(f"{district}.example", Answers)
    body = {
        "issuer_id": issuer.id,
        "keys": [issuer.method],
        "effective_on": "2026-07-01",
        "authority_reference": "Minute 12",
    }
    world.done(office, f"/v1/districts/{district}/trusted-issuers", body)
    found = _sent(world, teacher, district, office, issuer)
    ids = {
        "external_record_id": found["external_record_id"],
        "item_id": found["items"][0]["item_id"],
    }
    body = {"item_id": ids["item_id"], "outcome": "accepted", "reason": "same-competency"}
    world.done(office, f"/v1/external-records/{ids['external_record_id']}/acceptances", body)
    _sent(world, teacher, district, office, issuer, 1)
    return ids


def _sent(
    world: World, teacher: UUID, district: str, office: UUID, issuer: Issuer, *revoked: int
) -> dict[str, Any]:
    content = bundle(
        award__json=text(issuer.award(1)) + b" " * len(revoked),
        did__json=text(issuer.document),
        list__json=text(issuer.listed(*revoked)),
    )
    answer = world.ask(
        office,
        "POST",
        f"/v1/people/{teacher}/external-records",
        files={"file": ("record", content)},
        data={"district_id": district},
        headers={"Ledger-Time": RECEIVED},
    )
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()["record"]
    return record

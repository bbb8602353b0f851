"""An award, an issuer with keys, and the vectors of 1EdTech, for the tests of records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey

from ledger.events.credential import (
    Alignment,
    Criterion,
    Definition,
    EvidenceRequirement,
    KeyMethod,
    Level,
)
from ledger.records.awards import Award, EvidenceCommitment, Issuer, credential
from ledger.records.identities import Identity
from ledger.records.issuers import IssuerKey, did_web, issuer_document
from ledger.records.proofs import with_proof
from ledger.records.status import StatusEntry

HERE = Path(__file__).resolve().parent
ISSUER_ID = did_web("records.district.example")
PROOF_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_PROOF_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
TOKEN_KEY = ECKey.import_key(derive_private_key(7_654_321, SECP256R1()))
PROOF = IssuerKey(PROOF_KEY.public_key())
TOKEN = IssuerKey(TOKEN_KEY.public_key)
METHOD = PROOF.method(ISSUER_ID)
ISSUER = issuer_document(ISSUER_ID, [PROOF, TOKEN])
SIGNED_AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
FILE = b"a recording of a lesson"


def definition() -> Definition:
    """A rubric of two criteria, and everything else a definition may hold."""
    levels = (
        Level(level="developing", points=1, description="Asks, and moves on."),
        Level(level="proficient", points=2, description='Asks "why?", and waits.\nThen probes.'),
        Level(level="exemplary", points=3, description="Pupils ask each other – and listen."),
    )
    return Definition(
        title="Wait time in discussions",
        summary="Gives pupils time to think before they answer.",
        competencies=("Plans questions", "Waits three seconds or more"),
        key_method=KeyMethod(description="Think, pair, share.", references=("Rowe, 1986",)),
        evidence=(EvidenceRequirement(kind="classroom_video", count=2),),
        rubric=tuple(
            Criterion(criterion=slug, title=title, levels=levels, passing_points=2)
            for slug, title in (("planning", "Planning"), ("practice", "Practice"))
        ),
        focus_areas=("questioning", "discussion"),
    )


def award() -> Award:
    """An award with every part that one can have."""
    url = "https://records.district.example"
    return Award(
        record_url=f"{url}/records/018f3c1e-7b1a-7c3d-9e55-0242ac120002",
        issuer=Issuer(ISSUER_ID, "District Example", url),
        subject_id="urn:uuid:6b0f6a3e-27c5-4a0c-9d9c-9d1c5f1b7a10",
        identities=(
            Identity("emailAddress", "ada@district.example", bytes(range(16))),
            Identity("oneRosterSourcedId", "t-17", bytes(range(16, 32))),
        ),
        achievement_url=f"{url}/achievements/wait-time/2",
        version=2,
        definition=definition(),
        levels={"planning": "proficient", "practice": "exemplary"},
        awarded_at=datetime(2026, 11, 19, 23, 0, tzinfo=UTC),
        valid_from=datetime(2026, 11, 20, tzinfo=UTC),
        valid_until=datetime(2031, 11, 20, tzinfo=UTC),
        evidence=(
            EvidenceCommitment(
                UUID("0b0f6a3e-27c5-4a0c-9d9c-9d1c5f1b7a11"),
                "classroom_video",
                "hmac-sha256:" + commitment(FILE),
                bytes(32),
            ),
        ),
        alignments=(
            Alignment(
                framework="FfT",
                edition="2022",
                code="3b",
                name="Asks questions",
                url="https://standards.example/3b",
            ),
        ),
        status=StatusEntry(f"{url}/status/1", 90_210),
    )


def commitment(content: bytes) -> str:
    """HMAC-SHA256 under the key of 32 zero bytes, written out by its definition."""
    inner = sha256(b"\x36" * 64 + content).digest()
    return sha256(b"\x5c" * 64 + inner).hexdigest()


def signed(**changes: Any) -> dict[str, Any]:
    """The sample award, signed."""
    return with_proof(credential(replace(award(), **changes)), PROOF_KEY.sign, METHOD, SIGNED_AT)


def leaves(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each value of a document stands."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from leaves(value, (*path, name))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from leaves(value, (*path, index))
    else:
        yield path


def changed(document: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy in which `change` was applied to the value at a place."""
    copy = json.loads(json.dumps(document))
    part = copy
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = change(part[path[-1]])
    return copy


class Vector:
    """One of 1EdTech's signing examples: the page, and the canonical forms beside it."""

    def __init__(self, kind: str, name: str) -> None:
        page = (HERE / f"vectors/linked-data-proof-{kind}.html").read_text("utf-8")
        self.text = unescape(re.sub(r"<[^>]+>", "", page))
        self.document_canon = (HERE / f"vectors/{name}-document-canon.txt").read_bytes()
        self.proof_canon = (HERE / f"vectors/{name}-proof-canon.txt").read_bytes()

    def after(self, title: str) -> str:
        """The one word below a title."""
        return self.text.partition(title)[2].split()[0]

    @property
    def signed(self) -> dict[str, Any]:
        """The signed credential at the end of the page."""
        rest = self.text.rpartition("Signed credential")[2]
        document: dict[str, Any] = json.JSONDecoder().raw_decode(rest[rest.index("{") :])[0]
        return document

    @property
    def key(self) -> Ed25519PrivateKey:
        """The example's private key: its seed, and the public key after it."""
        return Ed25519PrivateKey.from_private_bytes(
            bytes.fromhex(self.after("Private key (hex):"))[:32]
        )

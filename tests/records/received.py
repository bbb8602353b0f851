"""Transcripts, bundles, pictures and poison, for the tests of records that come from elsewhere."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.records.contexts import CREDENTIALS, LEARNER_RECORDS, OPEN_BADGES
from ledger.records.issuers import IssuerKey
from ledger.records.multikeys import multikey
from ledger.records.proofs import with_proof
from ledger.records.received_items import Known
from ledger.records.status import StatusEntry, status_list
from tests.records.samples import ISSUER, ISSUER_ID, METHOD, PROOF_KEY, SIGNED_AT, signed

HOST = "records.district.example"
LIST_URL = f"https://{HOST}/status/1"
AT = datetime(2026, 12, 1, tzinfo=UTC)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
SELF_ISSUED = "did:key:" + multikey(OTHER_KEY.public_key())


def listed(*revoked: int, **changes: Any) -> dict[str, Any]:
    """The issuer's signed status list."""
    facts: dict[str, Any] = {"url": LIST_URL, "issuer_id": ISSUER_ID, "valid_from": SIGNED_AT}
    return with_proof(
        status_list(**{**facts, "revoked": revoked, **changes}), PROOF_KEY.sign, METHOD, SIGNED_AT
    )


def known(*revoked: int) -> Known:
    """The issuer's document and list, as its host gave them."""
    return Known({ISSUER_ID: ("fetched", ISSUER)}, {LIST_URL: ("fetched", listed(*revoked))})


def award(number: int, **changes: Any) -> dict[str, Any]:
    """One of several signed awards of the same issuer."""
    return signed(
        record_url=f"https://{HOST}/records/{number}",
        status=StatusEntry(LIST_URL, 1_000 + number),
        **changes,
    )


def transcript(*awards: Any, issuer_id: str = ISSUER_ID) -> dict[str, Any]:
    """A learner record around awards, not signed yet."""
    return {
        "@context": [CREDENTIALS, LEARNER_RECORDS, OPEN_BADGES],
        "id": f"https://{HOST}/transcripts/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Transcript",
        "issuer": {"id": issuer_id, "type": ["Profile"], "name": "District Example"},
        "validFrom": "2026-11-20T00:00:00Z",
        "credentialSubject": {
            "id": "urn:uuid:6b0f6a3e-27c5-4a0c-9d9c-9d1c5f1b7a10",
            "type": ["ClrSubject"],
            "verifiableCredential": list(awards),
        },
    }


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Signed by the district."""
    return with_proof(document, PROOF_KEY.sign, METHOD, SIGNED_AT)


def self_issued(document: dict[str, Any]) -> dict[str, Any]:
    """Signed by a key that is the issuer's name."""
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    unsigned["issuer"] = {"id": SELF_ISSUED, "type": ["Profile"], "name": "Somebody"}
    unsigned.pop("credentialStatus", None)
    key = IssuerKey(OTHER_KEY.public_key())
    return with_proof(unsigned, OTHER_KEY.sign, key.method(SELF_ISSUED), SIGNED_AT)


def picture(text: bytes, *keywords: bytes, compressed: bool = False) -> bytes:
    """A PNG with a text under each of the keywords."""
    chunks = [_chunk(b"IHDR", bytes(13))]
    packed = zlib.compress(text) if compressed else text
    flag = b"\x01\0" if compressed else b"\0\0"
    chunks += [_chunk(b"iTXt", one + b"\0" + flag + b"\0\0" + packed) for one in keywords]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def bundle(**files: bytes) -> bytes:
    """A zip of these, whose names have a dot where two underscores are."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return content.getvalue()


def text(document: Any) -> bytes:
    return json.dumps(document).encode()


def poison(nodes: int = 8) -> dict[str, Any]:
    """Nodes without names, each of which knows all others: their orders would all be tried."""
    people = [f"_:n{number}" for number in range(nodes)]
    graph = [
        {"id": one, "type": ["Profile"], "parentOrg": [{"id": other} for other in people]}
        for one in people
    ]
    document = award(1)
    return {**document, "issuer": {**document["issuer"], "parentOrg": graph}}


def twins(count: int = 9) -> dict[str, Any]:
    """The same with parts that have no names at all: their neighbors look the same."""
    one = {"type": ["Alignment"], "targetName": "Same", "targetUrl": "https://same.example/"}
    result = {"type": ["Result"], "alignment": [one] * count}
    document = award(1)
    return {
        **document,
        "credentialSubject": {**document["credentialSubject"], "result": [result] * 2},
    }

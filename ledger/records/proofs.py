"""The proof inside a record: Data Integrity with `eddsa-rdfc-2022`, made and checked.

Source: W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.2; docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidSignature

from ledger.records import multikeys
from ledger.records.canonical import canonical
from ledger.records.documents import (
    Document,
    RecordError,
    issuer_of,
    read_instant,
    single,
    written_instant,
)
from ledger.records.issuers import proof_key
from ledger.records.shapes import canonical_by_shape

SUITE: Final = "eddsa-rdfc-2022"
_FIXED: Final = {
    "type": "DataIntegrityProof",
    "cryptosuite": SUITE,
    "proofPurpose": "assertionMethod",
}
_MEMBERS: Final = {*_FIXED, "created", "verificationMethod", "proofValue"}

Sign = Callable[[bytes], bytes]  # Ed25519, by a key here or by the machine that keeps it
Canonicalize = Callable[[Document], bytes]


class ProofRefusedError(RecordError):
    """The proof does not show that the issuer signed this record."""

    slug = "record-proof-refused"


@dataclass(frozen=True, slots=True)
class Proven:
    """Who signed a record, with which key and when, all of it checked."""

    issuer_id: str
    method: str
    created_at: datetime


def with_proof(
    document: Document,
    sign: Sign,
    method: str,
    created_at: datetime,
    canonicalize: Canonicalize = canonical,
) -> dict[str, Any]:
    """The document with its issuer's proof at the end. Many at once go by `canonical_by_shape`.

    Raises RecordError when a part would not be covered, or `method` is not the issuer's.
    """
    assert "proof" not in document, "a record is signed once"
    if method.partition("#")[:2] != (issuer_of(document), "#"):
        raise RecordError(f"{method} is not a key of the issuer that the record names")
    options = {
        "type": _FIXED["type"],
        "created": written_instant(created_at),
        "verificationMethod": method,
        "cryptosuite": SUITE,
        "proofPurpose": _FIXED["proofPurpose"],
    }
    signature = sign(signed_bytes(document, options, canonicalize))
    return {**document, "proof": [{**options, "proofValue": multikeys.encode(signature)}]}


def proven(document: Document, issuer: Document) -> Proven:
    """Check the proof of a record against its issuer's DID document.

    It says nothing about records inside, each of which has a proof of its own, nor about time and
    status. Raises RecordError, or one of the refusals below it.
    """
    proof = _only_proof(document)
    issuer_id, method = issuer_of(document), proof["verificationMethod"]
    key = proof_key(issuer, issuer_id, method)
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        said = signed_bytes(unsigned, options, canonical_by_shape)
        key.verify(multikeys.decode(proof["proofValue"]), said)
    except InvalidSignature:
        raise ProofRefusedError("the record is not what the issuer signed") from None
    return Proven(issuer_id, method, read_instant(proof["created"]))


def signed_bytes(
    unsigned: Document, options: Document, canonicalize: Canonicalize = canonical
) -> bytes:
    """What the signature is over: two digests, of the proof without its value, of the record."""
    configuration = {"@context": unsigned.get("@context"), **options}
    return b"".join(sha256(canonicalize(part)).digest() for part in (configuration, unsigned))


def _only_proof(document: Document) -> Mapping[str, Any]:
    """The one proof, of exactly the members we know: others might take back what it says."""
    proof = single(document.get("proof"))
    if not isinstance(proof, Mapping) or set(proof) != _MEMBERS:
        raise ProofRefusedError("the record does not have one proof of the members that are known")
    if any(proof[name] != value for name, value in _FIXED.items()):
        raise ProofRefusedError(f"the proof is not one by {SUITE} for an assertion")
    return proof

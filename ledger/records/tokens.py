"""A record as a VC-JWT, the form of Open Badges 3.0: ES256 or RS256 and nothing else.

Source: Open Badges Specification 3.0, section 8.2; docs/sources.md.
"""

from __future__ import annotations

import json
from binascii import Error
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ledger.records.documents import (
    Document,
    RecordError,
    compact_json,
    issuer_of,
    read_instant,
    single,
)
from ledger.records.issuers import token_key
from ledger.records.proofs import ProofRefusedError

HEADER: Final = frozenset({"alg", "kid", "typ"})  # a key in it would prove itself
_CLAIMS: Final = ("iss", "jti", "nbf", "sub", "exp")


def as_token(document: Document, key: ECKey | RSAKey, method: str) -> str:
    """A record, without the proof it may have, signed as a compact JWT.

    Raises RecordError when `method` is not the issuer's, or the record has no subject id.
    """
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    if method.partition("#")[:2] != (issuer_of(document), "#"):
        raise RecordError(f"{method} is not a key of the issuer that the record names")
    header = {"alg": _algorithm(key), "kid": method, "typ": "JWT"}
    payload = compact_json({**unsigned, **_claims(unsigned)})
    return jws.serialize_compact(header, payload, key, algorithms=[header["alg"]])


def from_token(token: str, issuer: Document) -> dict[str, Any]:
    """The record in a token, checked against its issuer's DID document.

    A key that comes with the token is never trusted. Raises RecordError, or a refusal below it.
    """
    try:
        found = jws.extract_compact(token.encode())
        payload = json.loads(found.payload)
    except (JoseError, Error, ValueError, RecursionError):
        raise ProofRefusedError("this is not a signed token with a record inside") from None
    header = found.headers()
    if not isinstance(payload, dict) or set(header) != HEADER or header["typ"] != "JWT":
        raise ProofRefusedError("the token has another header or content than records have")
    key = token_key(issuer, issuer_of(payload), header["kid"])
    try:
        jws.deserialize_compact(token, key, algorithms=[_algorithm(key)])
    except (JoseError, ValueError):
        raise ProofRefusedError("the token is not what the issuer signed") from None
    record = {name: value for name, value in payload.items() if name not in _CLAIMS}
    if {name: payload[name] for name in _CLAIMS if name in payload} != _claims(record):
        raise ProofRefusedError("the token says of its record what the record does not say")
    return record


def _algorithm(key: ECKey | RSAKey) -> str:
    """Decided by the key, never by the token."""
    return "ES256" if isinstance(key, ECKey) else "RS256"


def _claims(document: Document) -> dict[str, Any]:
    subject = single(document.get("credentialSubject"))
    holder = subject.get("id") if isinstance(subject, Mapping) else None
    if not isinstance(holder, str) or not isinstance(document.get("id"), str):
        raise RecordError("a token needs a record with an id, of a subject with an id")
    claims = {
        "iss": issuer_of(document),
        "jti": document["id"],
        "nbf": int(read_instant(document.get("validFrom")).timestamp()),
        "sub": holder,
    }
    if "validUntil" in document:
        claims["exp"] = int(read_instant(document["validUntil"]).timestamp())
    return claims

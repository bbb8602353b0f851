"""Who issues records: its `did:web` name, and the document that holds every key it ever used.

A key that was only replaced stays and goes on proving what it signed. Of a key that others may have
the name stays to be seen, and since when it counts no more; without the key itself it proves
nothing, not even to verifiers that look at nothing else.

Sources: W3C Controlled Identifiers 1.0; the did:web method; docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ledger.records.documents import Document, RecordError, written_instant
from ledger.records.multikeys import multikey, public_key

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
_RSA_BITS_MIN: Final = 2048
_RSA_BITS_MAX: Final = 8192  # checking a signature takes longer with every bit
_JWK_MEMBERS: Final = ("kty", "crv", "x", "y", "n", "e")
_CONTEXTS: Final = (
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    "https://w3id.org/security/jwk/v1",
)


class RecordKeyError(RecordError):
    """No key of the issuer stands behind the record."""

    slug = "record-key-unusable"


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key of an issuer, named by what it is. Ed25519 signs proofs, the others tokens."""

    key: PublicKey
    compromised_at: datetime | None = None  # others may have had it since

    @property
    def fragment(self) -> str:
        """Its name inside the document: the key itself, or its thumbprint (RFC 7638)."""
        if isinstance(self.key, Ed25519PublicKey):
            return multikey(self.key)
        return as_jwk(self.key).thumbprint()

    def method(self, issuer_id: str) -> str:
        """How proofs and tokens name the key."""
        return f"{issuer_id}#{self.fragment}"


def did_web(host: str, *path: str) -> str:
    """The name of an issuer whose document is at `https://host/path/did.json`.

    Without a path it is at `/.well-known/did.json`. The colon before a port is written `%3A`.
    """
    return ":".join(["did", "web", *(quote(part, safe=".-_") for part in (host, *path))])


def issuer_document(issuer_id: str, keys: Iterable[IssuerKey]) -> dict[str, Any]:
    """The DID document of an issuer, over all keys it ever used, in the order they came."""
    known = tuple(keys)
    trusted = [key.method(issuer_id) for key in known if key.compromised_at is None]
    return {
        "@context": list(_CONTEXTS),
        "id": issuer_id,
        "verificationMethod": [_method(issuer_id, key) for key in known],
        "assertionMethod": trusted,
    }


def bare_jwk(key: IssuerKey) -> dict[str, Any]:
    """A key as a JSON Web Key alone, for whoever is led to it by an address (RFC 7517, 8037)."""
    if isinstance(key.key, Ed25519PublicKey):
        jwk = OKPKey.import_key(key.key).as_dict(private=False)
    else:
        jwk = as_jwk(key.key).as_dict(private=False)
    return {**jwk, "kid": key.fragment}


def proof_key(issuer: Document, issuer_id: str, method: object) -> Ed25519PublicKey:
    """The key by which an issuer's proof names it. Raises RecordKeyError or RecordError."""
    return public_key(_found(issuer, issuer_id, method, "Multikey").get("publicKeyMultibase"))


def token_key(issuer: Document, issuer_id: str, method: object) -> ECKey | RSAKey:
    """The key by which an issuer's token names it: P-256, or RSA of 2048 to 8192 bits.

    Raises RecordKeyError.
    """
    jwk = _found(issuer, issuer_id, method, "JsonWebKey").get("publicKeyJwk")
    if not isinstance(jwk, Mapping) or "d" in jwk:
        raise RecordKeyError(f"{method} holds no public key")
    members = {name: jwk[name] for name in _JWK_MEMBERS if name in jwk}
    try:
        key = (ECKey if jwk.get("kty") == "EC" else RSAKey).import_key(members)
        return as_jwk(key.public_key)
    except (JoseError, ValueError, KeyError, TypeError):
        raise RecordKeyError(f"the key {method} cannot be used") from None


def _method(issuer_id: str, key: IssuerKey) -> dict[str, Any]:
    method: dict[str, Any] = {
        "id": key.method(issuer_id),
        "controller": issuer_id,
        "type": "Multikey" if isinstance(key.key, Ed25519PublicKey) else "JsonWebKey",
    }
    if key.compromised_at is not None:
        return method | {"revoked": written_instant(key.compromised_at)}
    if isinstance(key.key, Ed25519PublicKey):
        return method | {"publicKeyMultibase": multikey(key.key)}
    jwk = as_jwk(key.key).as_dict(private=False)
    return method | {"publicKeyJwk": jwk | {"kid": key.fragment}}


def as_jwk(key: object) -> ECKey | RSAKey:
    """A public key that tokens may be signed with. Raises RecordKeyError for any other."""
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return ECKey.import_key(key)
    if isinstance(key, RSAPublicKey) and _RSA_BITS_MIN <= key.key_size <= _RSA_BITS_MAX:
        return RSAKey.import_key(key)
    raise RecordKeyError("a token is signed with P-256, or with RSA of 2048 to 8192 bits")


def _found(issuer: Document, issuer_id: str, method: object, kind: str) -> Mapping[str, Any]:
    """The one method of that name, which has to be the issuer's own and still trusted."""
    if not isinstance(method, str) or method.partition("#")[:2] != (issuer_id, "#"):
        raise RecordKeyError(f"the key {str(method)[:200]} is not one of {issuer_id[:200]}")
    if issuer.get("id") != issuer_id:
        raise RecordKeyError(f"the issuer's document is not that of {issuer_id[:200]}")
    methods = issuer.get("verificationMethod")
    found = [
        each
        for each in (methods if isinstance(methods, list) else [])
        if isinstance(each, Mapping) and each.get("id") == method
    ]
    if len(found) != 1 or found[0].get("controller") != issuer_id:
        raise RecordKeyError(f"the issuer's document does not hold the key {method[:200]}")
    trusted = issuer.get("assertionMethod")
    revoked = "revoked" in found[0] or not isinstance(trusted, list) or method not in trusted
    if revoked or found[0].get("type") != kind:
        raise RecordKeyError(f"the key {method[:200]} no longer stands behind what it signed")
    return found[0]

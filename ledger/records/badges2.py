"""Open Badges 2.0, as they still come: read, and believed where their issuer stands behind them.

An assertion of that standard holds because its issuer's own address answers with it, or because it
came as a token that one of the keys in its issuer's profile signed. Where neither can be asked for,
it is what its holder says. What an assertion says of its issuer is never believed: a profile inside
it is as good as whoever wrote it.

Source: Open Badges Specification 2.0, sections 2, 3 and 5; docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc import jws
from joserfc.errors import JoseError

from ledger.records.documents import Document, RecordError, read_instant, single, types_of
from ledger.records.issuers import IssuerKey, RecordKeyError, as_jwk
from ledger.records.proofs import ProofRefusedError
from ledger.records.tokens import HEADER

_CONTEXT: Final = "https://w3id.org/openbadges/v2"
BESIDE: Final = frozenset({"Issuer", "Profile", "CryptographicKey", "RevocationList"})

Documents = Mapping[str, Document]  # by the addresses that answered with them


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What an assertion says, and whether its issuer's address says it too."""

    record_id: str
    title: str
    issuer_id: str
    issuer_name: str | None
    issued_at: datetime
    expires_at: datetime | None
    whole: bool  # what it was awarded for is known from the badge itself or from its issuer
    hosted: bool
    revoked: bool


def is_assertion(document: Document) -> bool:
    """Whether a document is an award of Open Badges 2.0."""
    context = document.get("@context")
    contexts = context if isinstance(context, list) else [context]
    return _CONTEXT in contexts and "Assertion" in types_of(document)


def is_beside(document: Document) -> bool:
    """Whether it is a document that may come with a signed badge: of its issuer, not of the badge.

    What a badge is awarded for is not among them: no signature covers such a file.
    """
    return bool(BESIDE & types_of(document))


def addresses(document: Document, known: Documents, *, signed: bool) -> tuple[str, ...]:
    """Where its issuer would have to confirm it, as far as that is known by now."""
    found = _addresses(document, known, signed=signed)
    return tuple(
        dict.fromkeys(one for one in found if isinstance(one, str) and one.startswith("https://"))
    )


def _addresses(document: Document, known: Documents, *, signed: bool) -> Iterator[Any]:
    if not signed:
        yield document.get("id")
    yield single(document.get("badge"))
    issuer = single(_whole(document.get("badge"), known).get("issuer"))
    yield issuer if isinstance(issuer, str) else _id_of(issuer) if signed else None
    profile = known.get(_id_of(issuer) or "")
    if signed and profile is not None:
        yield from (_id_of(key) for key in _keys_in(profile))
        yield _id_of(profile.get("revocationList"))


def recipient(document: Document) -> dict[str, Any]:
    """Whom it names, as Open Badges 3.0 would write that (section 2.2 of either)."""
    found = single(document.get("recipient"))
    stated = found if isinstance(found, Mapping) else {}
    return {
        "hashed": stated.get("hashed"),
        "identityHash": stated.get("identity"),
        "salt": stated.get("salt", ""),
    }


def read(document: Document, hosted: Documents) -> Assertion:
    """What an assertion says. `hosted` is what addresses answered, by address.

    Raises RecordError when it lacks what every assertion has, or its issuer says something else.
    """
    record_id, badge = document.get("id"), _whole(document.get("badge"), hosted)
    issuer = _whole(badge.get("issuer"), hosted)
    title = single(badge.get("name", ""))
    if not isinstance(record_id, str) or not isinstance(title, str):
        raise RecordError("the badge has no id, or its name is no text")
    answered = hosted.get(record_id)
    if answered is not None and _without_revocation(answered) != _without_revocation(document):
        raise RecordError("the issuer's address says something else than the badge")
    issuer_id = _id_of(badge.get("issuer")) or ""
    name = single(issuer.get("name"))
    return Assertion(
        record_id=record_id,
        title=title or str(single(document.get("badge")))[:300],
        issuer_id=issuer_id,
        issuer_name=name if isinstance(name, str) else None,
        issued_at=read_instant(document.get("issuedOn")),
        expires_at=read_instant(document["expires"]) if "expires" in document else None,
        whole=bool(title),
        hosted=answered is not None and bool(title) and _same_place(record_id, issuer_id),
        revoked=answered is not None and single(answered.get("revoked")) is True,
    )


def key_of(document: Document, issuer_id: str, known: Documents) -> RSAPublicKey | None:
    """The key by which a signed badge is to be checked, as its issuer's own profile names it.

    Null where the profile or the key is not known. Raises RecordKeyError.
    """
    profile = known.get(issuer_id)
    if profile is None:
        return None
    named = {_id_of(key): key for key in _keys_in(profile)}
    stated = single(document.get("verification"))
    creator = single(stated.get("creator")) if isinstance(stated, Mapping) else None
    if creator is None and len(named) == 1:
        [creator] = named
    if not isinstance(creator, str) or creator not in named or profile.get("id") != issuer_id:
        raise RecordKeyError(f"{issuer_id[:200]} does not name the key that the badge names")
    key = known.get(creator) if isinstance(named[creator], str) else named[creator]
    return None if key is None else _public_key(key, creator, issuer_id)


def must_be_signed(token: str, key: RSAPublicKey) -> None:
    """Raises ProofRefusedError unless the key signed the token. What its header says is no matter.

    The algorithm is that of the key, and a key or an address in the header is refused.
    """
    try:
        header = jws.extract_compact(token.encode()).headers()
        if not set(header) <= HEADER:
            raise ProofRefusedError("the badge has another header than badges have")
        jws.deserialize_compact(token, as_jwk(key), algorithms=["RS256"])
    except (JoseError, ValueError):
        raise ProofRefusedError("the badge is not what the issuer signed") from None


def method_of(key: RSAPublicKey, issuer_id: str) -> str:
    """How a district names the key: by what it is, for its address says nothing of that."""
    return IssuerKey(key).method(issuer_id)


def list_of(profile: Document) -> str | None:
    """Where an issuer lists what it took back; null where it keeps no list."""
    return _id_of(profile.get("revocationList"))


def is_listed(document: Document, listed: Document, issuer_id: str) -> bool:
    """Whether a list of an issuer names a badge as taken back. Raises RecordError."""
    if _id_of(listed.get("issuer")) != issuer_id:
        raise RecordError("the list of badges taken back is another issuer's")
    found = listed.get("revokedAssertions", [])
    own = {one for one in (document.get("id"), document.get("uid")) if isinstance(one, str)}
    for one in found if isinstance(found, list) else [found]:
        named = (one.get("id"), one.get("uid")) if isinstance(one, Mapping) else (one,)
        if any(isinstance(name, str) and name in own for name in named):
            return True
    return False


def _public_key(key: Document, key_id: str, issuer_id: str) -> RSAPublicKey:
    """A key of a profile, which has to say whose it is (section 2.8)."""
    pem = key.get("publicKeyPem")
    if key.get("id") != key_id or _id_of(key.get("owner")) != issuer_id or not isinstance(pem, str):
        raise RecordKeyError(f"{key_id[:200]} is no key of {issuer_id[:200]}")
    try:
        found = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise RecordKeyError(f"the key {key_id[:200]} cannot be used") from None
    if not isinstance(found, RSAPublicKey):
        raise RecordKeyError("a badge of Open Badges 2.0 is signed with RSA")
    return found


def _keys_in(profile: Document) -> list[Any]:
    keys = profile.get("publicKey", [])
    return keys if isinstance(keys, list) else [keys]


def _id_of(part: Any) -> str | None:
    one = single(part)
    found = one.get("id") if isinstance(one, Mapping) else one
    return found if isinstance(found, str) else None


def _whole(part: Any, hosted: Documents) -> Document:
    """A part that is there, or that an address answered with; empty where neither is."""
    one = single(part)
    if isinstance(one, Mapping):
        return one
    return hosted.get(one, {}) if isinstance(one, str) else {}


def _same_place(record_id: str, issuer_id: str) -> bool:
    """A badge confirmed by one host does not speak for an issuer at another."""
    return record_id.split("/")[:3] == issuer_id.split("/")[:3]


def _without_revocation(document: Document) -> dict[str, Any]:
    return {
        name: value
        for name, value in document.items()
        if name not in {"revoked", "revocationReason"}
    }

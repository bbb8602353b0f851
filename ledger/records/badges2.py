"""Open Badges 2.0, as they still come: read, and believed only where the issuer hosts the same.

An assertion of that standard mostly bears no signature: it holds because its issuer's own address
answers with it. Where that cannot be asked, it is what its holder says.

Source: Open Badges Specification 2.0, sections 2 and 3; docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.records.documents import Document, RecordError, read_instant

_CONTEXT: Final = "https://w3id.org/openbadges/v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What an assertion says, and whether its issuer's address says it too."""

    record_id: str
    title: str
    issuer_id: str
    issuer_name: str | None
    issued_at: datetime
    expires_at: datetime | None
    hosted: bool
    revoked: bool


def is_assertion(document: Document) -> bool:
    """Whether a document is an award of Open Badges 2.0."""
    types = document.get("type")
    named = types if isinstance(types, list) else [types]
    return document.get("@context") == _CONTEXT and "Assertion" in named


def addresses(document: Document) -> tuple[str, ...]:
    """Where its issuer would have to confirm it."""
    badge = document.get("badge")
    issuer = badge.get("issuer") if isinstance(badge, Mapping) else None
    return tuple(
        one
        for one in (document.get("id"), badge, issuer)
        if isinstance(one, str) and one.startswith("https://")
    )


def recipient(document: Document) -> dict[str, Any]:
    """Whom it names, as Open Badges 3.0 would write that (section 2.2 of either)."""
    found = document.get("recipient")
    stated = found if isinstance(found, Mapping) else {}
    return {
        "hashed": stated.get("hashed") is True,
        "identityHash": stated.get("identity"),
        "salt": stated.get("salt", ""),
    }


def read(document: Document, hosted: Mapping[str, Document]) -> Assertion:
    """What an assertion says. `hosted` is what addresses answered, by address.

    Raises RecordError when it lacks what every assertion has, or its issuer says something else.
    """
    record_id, badge = document.get("id"), _whole(document.get("badge"), hosted)
    issuer = _whole(badge.get("issuer"), hosted)
    title = badge.get("name", "")
    if not isinstance(record_id, str) or not isinstance(title, str):
        raise RecordError("the badge has no id, or its name is no text")
    answered = hosted.get(record_id)
    if answered is not None and _without_revocation(answered) != _without_revocation(document):
        raise RecordError("the issuer's address says something else than the badge")
    stated = badge.get("issuer")
    issuer_id = issuer.get("id", stated if isinstance(stated, str) else "")
    name = issuer.get("name")
    return Assertion(
        record_id=record_id,
        title=title or str(document.get("badge"))[:300],
        issuer_id=str(issuer_id),
        issuer_name=name if isinstance(name, str) else None,
        issued_at=read_instant(document.get("issuedOn")),
        expires_at=read_instant(document["expires"]) if "expires" in document else None,
        hosted=answered is not None and bool(title) and _same_place(record_id, str(issuer_id)),
        revoked=answered is not None and answered.get("revoked") is True,
    )


def _whole(part: Any, hosted: Mapping[str, Document]) -> Document:
    """A part that is there, or that an address answered with; empty where neither is."""
    if isinstance(part, Mapping):
        return part
    return hosted.get(part, {}) if isinstance(part, str) else {}


def _same_place(record_id: str, issuer_id: str) -> bool:
    """A badge confirmed by one host does not speak for an issuer at another."""
    return record_id.split("/")[:3] == issuer_id.split("/")[:3]


def _without_revocation(document: Document) -> dict[str, Any]:
    return {
        name: value
        for name, value in document.items()
        if name not in {"revoked", "revocationReason"}
    }

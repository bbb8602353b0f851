"""What an Open Badge 2.0 of a stranger shows: believed where its issuer hosts it, or signed it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ledger.records import badges2
from ledger.records.badges2 import Assertion
from ledger.records.documents import Document, RecordError
from ledger.records.received_items import (
    CLOCKS_APART,
    Checked,
    Item,
    Known,
    RecordNotYetValidError,
    Status,
    StatusRefusedError,
)


def checked_older(document: Document, token: str | None, known: Known, at: datetime) -> Checked:
    """Check a badge. Raises RecordError, or a refusal below it, when it is not as it was issued."""
    found = badges2.read(document, known.hosted)
    if found.issued_at > at + CLOCKS_APART:
        raise RecordNotYetValidError("the record is valid from a later day on")
    item = _hosted(found) if token is None else _signed(found, document, token, known)
    if item.status != "revoked" and found.expires_at is not None and found.expires_at <= at:
        item = replace(item, status="expired", status_reason=None)
    return Checked("open_badge_2", item.standing, item.reason, (item,))


def _hosted(found: Assertion) -> Item:
    if not found.hosted:
        return _unproven(found, "issuer-not-reachable")
    status: Status = "revoked" if found.revoked else "active"
    return replace(
        _unproven(found, None),
        standing="verified",
        source="fetched",
        status=status,
        status_reason=None,
    )


def _signed(found: Assertion, document: Document, token: str, known: Known) -> Item:
    """A signature covers the badge alone: what it is for is in it, or its issuer answers with it.

    A key that was asked for counts before one that came along, as everywhere.
    """
    key, fetched = badges2.key_of(document, found.issuer_id, known.hosted), True
    if key is None:
        documents = {**known.beside, **known.hosted}
        key, fetched = badges2.key_of(document, found.issuer_id, documents), False
    if key is None:
        return _unproven(found, "issuer-not-reachable")
    badges2.must_be_signed(token, key)
    if not found.whole:
        return _unproven(found, "issuer-not-reachable")
    status, status_reason = _status(found, document, known)
    return replace(
        _unproven(found, None),
        standing="verified",
        method=badges2.method_of(key, found.issuer_id),
        source="fetched" if fetched else "came_along",
        status=status,
        status_reason=status_reason,
    )


def _status(found: Assertion, document: Document, known: Known) -> tuple[Status, str | None]:
    """What the issuer's list says. It bears no signature, so that one came along shows only bad."""
    fetched = known.hosted.get(found.issuer_id)
    address = badges2.list_of(fetched or known.beside[found.issuer_id])
    if address is None:
        return ("unlisted", None) if fetched else ("unknown", "status-list-not-reachable")
    listed, own = known.hosted.get(address), known.beside.get(address)
    try:
        if any(
            badges2.is_listed(document, one, found.issuer_id)
            for one in (listed, own)
            if one is not None
        ):
            return "revoked", None
    except RecordError as error:
        raise StatusRefusedError(error.detail) from None
    return ("active", None) if listed is not None else ("unknown", "status-list-not-reachable")


def _unproven(found: Assertion, reason: str | None) -> Item:
    return Item(
        record_id=found.record_id,
        issuer_id=found.issuer_id,
        issuer_name=found.issuer_name,
        title=found.title,
        awarded_at=found.issued_at,
        valid_until=found.expires_at,
        standing="unverified",
        reason=reason,
        method=None,
        source=None,
        status="unknown",
        status_reason="status-list-not-reachable",
    )

"""The JSON of records: the shape they have in memory, their bytes, and why one is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ledger.errors import InvalidError

Document = Mapping[str, Any]  # a JSON object; whoever gets one does not change it


class RecordError(InvalidError):
    """The record cannot be relied on."""

    slug = "record-unusable"


def compact_json(document: Document) -> bytes:
    """A document without insignificant space, its members in the order they are in."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def written_instant(instant: datetime) -> str:
    """An instant in whole seconds UTC, as records write it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(stated: object) -> datetime:
    """An instant from a record. Raises RecordError when it is none, or lacks its zone."""
    text = single(stated)
    try:
        instant = datetime.fromisoformat(str(text))
        if instant.tzinfo is None:
            raise RecordError(f"{str(text)[:40]!r} does not say in which zone it is")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RecordError(f"{str(text)[:40]!r} is not an instant") from None


def single(value: Any) -> Any:
    """One value, which JSON-LD writes with a list around it or without; of several their list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def types_of(document: Document) -> set[str]:
    """What a document says to be."""
    types = document.get("type")
    return {one for one in (types if isinstance(types, list) else [types]) if isinstance(one, str)}


def issuer_of(document: Document) -> str:
    """Who says to have issued a document. Raises RecordError when nobody does."""
    issuer = single(document.get("issuer"))
    named = issuer.get("id") if isinstance(issuer, Mapping) else issuer
    if not isinstance(named, str) or not named:
        raise RecordError("the record does not say who issued it")
    return named

"""The JSON-LD contexts that records may use: bundled, held by their digests, never fetched.

The same address has carried different words over time, so a context is what its digest says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from ledger.records.documents import RecordError

CREDENTIALS: Final = "https://www.w3.org/ns/credentials/v2"
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v1"
OPEN_BADGES: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_EXTENSIONS: Final = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
LEARNER_RECORDS: Final = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"

_PUBLISHED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        CREDENTIALS: (
            "credentials-v2.jsonld",
            "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
        ),
        DATA_INTEGRITY: (
            "data-integrity-v1.jsonld",
            "c6e5073f4bd4bf6d08f245736e6f32c29b012860b18583644b2d71e1de862669",
        ),
        OPEN_BADGES: (
            "ob-v3p0-3.0.3.json",
            "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84",
        ),
        OPEN_BADGES_EXTENSIONS: (
            "ob-v3p0-extensions.json",
            "146f85aa16effd7ca1da8056eb443f53ce1eca8a34186cb062832c0a97d889c3",
        ),
        LEARNER_RECORDS: (
            "clr-v2p0-2.0.1.json",
            "880f1902d4158f2f33ce06af41b90719977cd1ea337a9de2e41edb3ff5e543d6",
        ),
    }
)


class ContextUnknownError(RecordError):
    """The record uses a context that does not come with this ledger."""

    slug = "record-context-unknown"


def known(address: object) -> bool:
    """Whether a context comes with this ledger."""
    return isinstance(address, str) and address in _PUBLISHED


@cache
def published(address: str) -> Any:
    """A bundled context. Raises ContextUnknownError; nothing is ever fetched."""
    if address not in _PUBLISHED:
        raise ContextUnknownError(f"the context {address[:200]} does not come with this ledger")
    name, digest = _PUBLISHED[address]
    content = (files("ledger.records") / "published" / name).read_bytes()
    assert sha256(content).hexdigest() == digest, f"{name} is not what its digest says"
    return json.loads(content)


def load(address: str, _options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A context in the form in which the JSON-LD processor asks for it."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": published(address),
        "tag": "static",  # the processor may keep it from one document to the next
    }


@cache
def words() -> frozenset[str]:
    """Every word that a bundled context says anything of, wherever it stands there."""
    left, found = [published(address) for address in _PUBLISHED], set[str]()
    while left:
        part = left.pop()
        if isinstance(part, Mapping):
            found |= part.keys()
            left += part.values()
        elif isinstance(part, list):
            left += part
    return frozenset(found)

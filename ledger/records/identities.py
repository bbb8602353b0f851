"""Whom a record is about, said so that only whoever knows her already can tell.

Each identifier is hashed with a salt of its own, so that two records of one person do not show
that they are hers. A hash of an e-mail address can be tried out: it hides, it does not protect.

Source: Open Badges Specification 3.0, IdentityObject; docs/sources.md.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from ledger.records.documents import Document, single

SALT_BYTES_MIN: Final = 16
_HASHED_BY: Final = "sha256$"

IdentityKind = Literal["emailAddress", "oneRosterSourcedId", "name"]


@dataclass(frozen=True, slots=True)
class Identity:
    """One identifier of a person, and the random salt that is used for it in one record."""

    kind: IdentityKind
    value: str
    salt: bytes

    def document(self) -> dict[str, Any]:
        """As an `identifier` of the subject."""
        assert len(self.salt) >= SALT_BYTES_MIN, "a short salt can be tried out"
        return {
            "type": "IdentityObject",
            "hashed": True,
            "identityHash": _hash(self.value, self.salt.hex()),
            "identityType": self.kind,
            "salt": self.salt.hex(),
        }


def identifies(identity: Document, value: str) -> bool:
    """Whether an `identifier` of a record is that of a value, hashed or not."""
    stated = str(single(identity.get("identityHash")))
    if single(identity.get("hashed")) is not True:
        return hmac.compare_digest(stated.encode(), value.encode())
    expected = _hash(value, str(single(identity.get("salt", ""))))
    return hmac.compare_digest(stated.lower().encode(), expected.encode())


def _hash(value: str, salt: str) -> str:
    return _HASHED_BY + sha256((value + salt).encode()).hexdigest()

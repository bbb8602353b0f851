"""Status lists: one bit for each record, where whoever checks one does not tell us which.

Indexes are given out by chance, so that neighbors in the list say nothing of each other.

Source: W3C Bitstring Status List 1.0; 1EdTech Verifiable Credentials Revocation List;
docs/sources.md.
"""

from __future__ import annotations

import gzip
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from ledger.errors import RuleError
from ledger.records.contexts import CREDENTIALS
from ledger.records.documents import Document, RecordError, issuer_of, single, written_instant

LIST_BITS: Final = 131_072  # the smallest list that hides one record among others
_LIST_BYTES_MAX: Final = 2**21  # of somebody else's list, unpacked
_PURPOSE: Final = "revocation"
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_MULTIBASE: Final = "u"  # base64url without padding


class StatusListFullError(RuleError):
    """The status list has no index left."""

    slug = "status-list-full"


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where the status of one record stands: the address of the list, and its place in it."""

    list_url: str
    index: int

    def document(self) -> dict[str, Any]:
        """As `credentialStatus`."""
        return {
            "id": f"{self.list_url}#{self.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": _PURPOSE,
            "statusListIndex": str(self.index),
            "statusListCredential": self.list_url,
        }


def free_index(taken: Collection[int], below: Callable[[int], int], bits: int = LIST_BITS) -> int:
    """An index that is not taken, each as likely as the other.

    `below(n)` gives a number from 0 to n - 1, as `secrets.randbelow` does. That no other writer
    takes the same is for a unique key to see to. Raises StatusListFullError.
    """
    free = bits - len(taken)
    if free <= 0:
        raise StatusListFullError(f"all {bits} indexes are taken")
    index = below(free)
    for used in sorted(taken):
        if used > index:
            break
        index += 1
    return index


def encoded(revoked: Iterable[int], bits: int = LIST_BITS) -> str:
    """A list in which these indexes are set; the same for the same indexes, whenever it is made."""
    content = bytearray(bits // 8)
    for index in revoked:
        assert 0 <= index < bits, "an index is outside the list"
        content[index // 8] |= 0x80 >> index % 8
    packed = gzip.compress(bytes(content), mtime=0)
    return _MULTIBASE + urlsafe_b64encode(packed).decode().rstrip("=")


def decoded(text: object) -> bytes:
    """The bits of a list, the first index in the highest bit. Raises RecordError."""
    if not isinstance(text, str) or not text.startswith(_MULTIBASE) or "=" in text:
        raise RecordError("a status list is not written as base64url")
    return _unpacked(text)


@lru_cache(maxsize=2)
def _unpacked(text: str) -> bytes:
    """A transcript asks one list for each of its awards."""
    try:
        packed = urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
        unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        content = unpacking.decompress(packed, _LIST_BYTES_MAX)
    except (Error, ValueError, zlib.error):
        raise RecordError("a status list cannot be unpacked") from None
    if not unpacking.eof or unpacking.unused_data or len(content) * 8 < LIST_BITS:
        raise RecordError(f"a status list has fewer than {LIST_BITS} bits, or far too many")
    return content


def status_list(
    *,
    url: str,
    issuer_id: str,
    revoked: Iterable[int],
    valid_from: datetime,
    valid_until: datetime | None = None,
) -> dict[str, Any]:
    """The list as a credential, to be signed and served at its own address."""
    until = {} if valid_until is None else {"validUntil": written_instant(valid_until)}
    return {
        "@context": [CREDENTIALS],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_id,
        "validFrom": written_instant(valid_from),
        **until,
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": _PURPOSE,
            "encodedList": encoded(revoked),
        },
    }


def revocation_list(*, url: str, issuer_id: str, revoked: Iterable[str]) -> dict[str, Any]:
    """The ids of the records that are revoked, for displayers that know no status lists.

    No record names it: that has one status, and whoever asks for this list tells us what she checks
    no more than whoever asks for the other. It has no proof; only the status list has one.
    """
    return {
        "id": url,
        "type": "1EdTechRevocationList",
        "issuer": issuer_id,
        "revokedCredential": [{"id": record, "revoked": True} for record in revoked],
    }


def is_revoked(record: Document, listed: Document) -> bool:
    """Whether a status list, whose proof was checked before, says that a record is revoked.

    Raises RecordError when the list is not the one that the record names, or is another issuer's.
    """
    entry, subject = (
        single(part) for part in (record.get("credentialStatus"), listed.get("credentialSubject"))
    )
    if not isinstance(entry, Mapping) or not isinstance(subject, Mapping):
        raise RecordError("the record names no status list, or this is none")
    address = single(entry.get("statusListCredential"))
    if address != listed.get("id") or issuer_of(record) != issuer_of(listed):
        raise RecordError("the status list is not the one that the record names")
    if any(single(one.get("statusPurpose")) != _PURPOSE for one in (entry, subject)):
        raise RecordError("the status list is not about revocation")
    index = single(entry.get("statusListIndex"))
    bits = decoded(single(subject.get("encodedList")))
    if not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise RecordError("the record's place in the status list is not a number")
    place = int(index)
    if place >= len(bits) * 8:
        raise RecordError("the record's place is outside the status list")
    return bool(bits[place // 8] & 0x80 >> place % 8)

"""What a record of a stranger shows: is it valid, who is behind it, and what became of it since.

Nothing is asked of anybody: documents of issuers and status lists are given, by whoever fetched
them or found them beside the record. A record whose proof fails is refused. One that nobody could
check is not refused: it stays what its holder says of herself.

What a document of an issuer proves hangs on where it is from, so that is part of the answer. One
that came along with the record may have been written by anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ledger.records import badges2
from ledger.records.canonical import at_most
from ledger.records.documents import (
    Document,
    RecordError,
    compact_json,
    issuer_of,
    read_instant,
    single,
    types_of,
)
from ledger.records.identities import identifies
from ledger.records.issuers import IssuerKey, RecordKeyError, proof_key, token_key
from ledger.records.proofs import proven
from ledger.records.received_files import (
    RECORD_BYTES_MAX,
    Received,
    RecordAmbiguousError,
    RecordTooLargeError,
    RecordUnreadableError,
    key_of_token,
    token_document,
)
from ledger.records.received_items import (
    CLOCKS_APART,
    Checked,
    Item,
    Kind,
    Known,
    Needed,
    RecordNotYetValidError,
    Source,
    Standing,
    Status,
    StatusRefusedError,
)
from ledger.records.received_older import checked_older
from ledger.records.shapes import canonical_by_shape
from ledger.records.status import is_revoked
from ledger.records.tokens import from_token

ITEMS_MAX: Final = 200
_PARTS_WORKED_OUT_MAX: Final = 32_000  # a full megabyte of awards of a few shapes is a third
_AWARDS: Final = frozenset({"AchievementCredential", "OpenBadgeCredential"})
_TRANSCRIPT: Final = "ClrCredential"
_ENTRY: Final = "BitstringStatusListEntry"


@dataclass(frozen=True, slots=True)
class Label:
    """How an award is called, and who says to have issued it."""

    title: str | None
    issuer_name: str | None
    issuer_id: str | None


@dataclass(frozen=True, slots=True)
class _Signer:
    standing: Standing
    reason: str | None
    method: str | None = None
    source: Source | None = None
    issuer: Document | None = None


def kind_of(document: Document) -> Kind:
    """Which standard a record follows. Raises RecordUnreadableError."""
    types = types_of(document)
    if badges2.is_assertion(document):
        return "open_badge_2"
    if "VerifiableCredential" in types and _TRANSCRIPT in types:
        return "learner_record_2"
    if "VerifiableCredential" in types and types & _AWARDS:
        return "open_badge_3"
    raise RecordUnreadableError("this is no award of Open Badges and no learner record")


def needed(received: Received, known: Known | None = None) -> Needed:
    """Which documents would show whether the record holds, as far as what is known names them."""
    if kind_of(received.document) == "open_badge_2":
        hosted, signed = known.hosted if known else {}, received.token is not None
        return Needed({}, (), badges2.addresses(received.document, hosted, signed=signed))
    parts = [received.document, *inner_awards(received.document)]
    issuers = {issuer_of(part): address_of(issuer_of(part)) for part in parts}
    lists = [_text(_entry(part).get("statusListCredential")) for part in parts]
    return Needed(
        {issuer: address for issuer, address in issuers.items() if address is not None},
        tuple(dict.fromkeys(one for one in lists if one is not None)),
    )


def address_of(issuer_id: str) -> str | None:
    """Where the document of an issuer is; null where nobody has to be asked, or can be.

    Source: the did:web method, section 3.2; docs/sources.md.
    """
    if issuer_id.startswith("https://"):
        return issuer_id
    method, _, name = issuer_id.partition("did:web:")
    if method or not name:
        return None
    host, *path = (unquote(part) for part in name.split(":"))
    return f"https://{host}/{'/'.join(path) or '.well-known'}/did.json"


def came_along(received: Received) -> Known:
    """What came with the record itself, in its bundle."""
    source: Source = "came_along"
    issuers = {str(one.get("id")): (source, one) for one in received.issuers}
    lists = {str(_content(one).get("id")): (source, one) for one in received.lists}
    beside = {str(one.get("id")): one for one in received.beside}
    return Known(issuers, lists, beside=beside)


def checked(received: Received, known: Known, at: datetime) -> Checked:
    """Check a record, and every award in it by itself.

    Raises RecordError, or a refusal below it, for whatever is not as somebody signed it.
    """
    with at_most(_PARTS_WORKED_OUT_MAX):
        return _checked(received, known, at)


def _checked(received: Received, known: Known, at: datetime) -> Checked:
    document, kind = received.document, kind_of(received.document)
    if kind == "open_badge_2":
        return checked_older(document, received.token, known, at)
    lists: dict[tuple[str, str], Document] = {}
    if kind == "open_badge_3":
        item = _award(document, received.token, known, lists, at)
        return Checked(kind, item.standing, item.reason, (item,))
    _must_differ(inner_awards(document))
    signer = _signed(document, received.token, known, at)
    items = tuple(_award(one, None, known, lists, at) for one in inner_awards(document))
    return Checked(kind, signer.standing, signer.reason, items)


def awards_of(received: Received) -> list[Document]:
    """The awards that came, in the order of `Checked.items`."""
    return inner_awards(received.document) or [received.document]


def labels_of(received: Received) -> list[Label]:
    """What the awards are called, in the order of `Checked.items`; nothing of it is checked."""
    return [_label(one) for one in awards_of(received)]


def names(document: Document, values: Collection[str]) -> bool | None:
    """Whether an award names whoever goes by one of these values; null where it names nobody.

    Addresses and numbers are compared without regard to case where they are not hashed.
    """
    found: Any = badges2.recipient(document)
    if kind_of(document) != "open_badge_2":
        found = subject_of(document).get("identifier")
    stated: list[Any] = found if isinstance(found, list) else [found]
    identities = [one for one in stated if isinstance(one, Mapping)]
    if not identities:
        return None
    said = {one for value in values if value for one in (value, value.lower())}
    return any(identifies(one, value) for one in identities for value in said)


def inner_awards(document: Document) -> list[Document]:
    """The awards inside a transcript; of an award none. Raises RecordError."""
    if _TRANSCRIPT not in types_of(document):
        return []
    found = subject_of(document).get("verifiableCredential")
    awards: list[Any] = found if isinstance(found, list) else [found]
    if not awards:
        raise RecordUnreadableError("a transcript holds at least one award")
    if len(awards) > ITEMS_MAX:
        raise RecordTooLargeError(f"a transcript has at most {ITEMS_MAX} awards")
    for one in awards:
        if not isinstance(one, Mapping) or kind_of(one) != "open_badge_3":
            raise RecordUnreadableError("the transcript holds something that is no award")
    return awards


def _award(
    document: Document,
    token: str | None,
    known: Known,
    lists: dict[tuple[str, str], Document],
    at: datetime,
) -> Item:
    if _bytes_of(document) > RECORD_BYTES_MAX:
        raise RecordTooLargeError(f"an award has at most {RECORD_BYTES_MAX} bytes")
    label = _label(document)
    if label.title is None or not isinstance(document.get("id"), str):
        raise RecordUnreadableError("the award has no id, or does not say what it is for")
    signer = _signed(document, token, known, at)
    until = read_instant(document["validUntil"]) if "validUntil" in document else None
    status, status_reason = _status(document, signer, known, lists, at)
    if status != "revoked" and until is not None and until <= at:
        status, status_reason = "expired", None
    return Item(
        record_id=document["id"],
        issuer_id=issuer_of(document),
        issuer_name=label.issuer_name,
        title=label.title,
        awarded_at=read_instant(document.get("awardedDate", document.get("validFrom"))),
        valid_until=until,
        standing=signer.standing,
        reason=signer.reason,
        method=signer.method,
        source=signer.source,
        status=status,
        status_reason=status_reason,
    )


def _label(document: Document) -> Label:
    if kind_of(document) == "open_badge_2":
        awarded: Any = single(document.get("badge"))
        title, issuer = _part(awarded).get("name", awarded), _part(awarded).get("issuer")
    else:
        title = _part(subject_of(document).get("achievement")).get("name")
        issuer = document.get("issuer")
    named = _part(issuer)
    return Label(_text(title), _text(named.get("name")), _text(named.get("id", issuer)))


def _part(found: Any) -> Mapping[str, Any]:
    one = single(found)
    return one if isinstance(one, Mapping) else {}


def _text(found: Any) -> str | None:
    one = single(found)
    return one if isinstance(one, str) else None


def _signed(document: Document, token: str | None, known: Known, at: datetime) -> _Signer:
    """Who signed a document, all of it checked; or why nobody could tell."""
    signer = _proof(document, token, known)
    if read_instant(document.get("validFrom")) > at + CLOCKS_APART:
        raise RecordNotYetValidError("the record is valid from a later day on")
    return signer


def _proof(document: Document, token: str | None, known: Known) -> _Signer:
    issuer_id = issuer_of(document)
    source, issuer = known.issuers.get(issuer_id) or _by_itself(issuer_id) or (None, None)
    if token is None:
        unsigned = {name: value for name, value in document.items() if name != "proof"}
        if issuer is None or "proof" not in document:
            canonical_by_shape(unsigned)  # what no signature could ever cover is refused either way
    if token is None and "proof" not in document:
        return _Signer("unverified", "proof-missing")
    if issuer is None:
        return _Signer("unverified", "issuer-not-reachable")
    if token is None:
        method = proven(document, issuer).method
        key = IssuerKey(proof_key(issuer, issuer_id, method))
    else:
        from_token(token, issuer)
        key = IssuerKey(token_key(issuer, issuer_id, key_of_token(token)).public_key)
    # By what it is: a document that came along may call any key by the name of a good one.
    return _Signer("verified", None, key.method(issuer_id), source, issuer)


def _status(
    document: Document,
    signer: _Signer,
    known: Known,
    proven_lists: dict[tuple[str, str], Document],
    at: datetime,
) -> tuple[Status, str | None]:
    """What the issuer's list says of an award, and why it says nothing.

    A list is checked once for all awards that name it, and added to those that are proven.
    """
    if "credentialStatus" not in document:
        return "unlisted", None
    entry = _entry(document)
    if _ENTRY not in types_of(entry):
        return "unknown", "status-kind-unknown"
    address = _text(entry.get("statusListCredential"))
    found = None if address is None else known.lists.get(address)
    if address is None or found is None or signer.issuer is None:
        return "unknown", "status-list-not-reachable"
    source, listed = found
    named = (issuer_of(document), address)
    try:
        if named not in proven_lists:
            proven_lists[named] = _list_proven(listed, signer.issuer)
        return _listed(document, proven_lists[named], source, at)
    except RecordError as error:
        raise StatusRefusedError(f"the status list of the record: {error.detail}") from None


def _listed(
    document: Document, listed: Document, source: Source, at: datetime
) -> tuple[Status, str | None]:
    if read_instant(listed.get("validFrom")) > at + CLOCKS_APART:
        return "unknown", "status-list-not-yet-valid"
    if "validUntil" in listed and read_instant(listed["validUntil"]) <= at:
        return "unknown", "status-list-outdated"
    if is_revoked(document, listed):
        return "revoked", None
    return "active", "list-came-along" if source == "came_along" else None


def _list_proven(listed: Document | str, issuer: Document) -> Document:
    if isinstance(listed, str):
        token_document(listed)
        return from_token(listed, issuer)
    proven(listed, issuer)
    return listed


def _by_itself(issuer_id: str) -> tuple[Source, Document] | None:
    """The document of an issuer whose name is its key (the did:key method)."""
    key = issuer_id.removeprefix("did:key:")
    if key == issuer_id:
        return None
    if "#" in key:
        raise RecordKeyError("the name of the issuer is no key")
    method = {
        "id": f"{issuer_id}#{key}",
        "type": "Multikey",
        "controller": issuer_id,
        "publicKeyMultibase": key,
    }
    document = {
        "id": issuer_id,
        "verificationMethod": [method],
        "assertionMethod": [method["id"]],
    }
    return "self", document


def _must_differ(awards: Iterable[Document]) -> None:
    """In what is signed a part that is there twice counts once, so it must not be there twice."""
    seen = set()
    for one in awards:
        named = (issuer_of(one), str(one.get("id")))
        if named in seen:
            raise RecordAmbiguousError(f"the transcript holds {named[1][:200]} twice")
        seen.add(named)


def _bytes_of(document: Document) -> int:
    try:
        return len(compact_json(document))
    except UnicodeEncodeError:
        raise RecordError("the record holds half a character") from None


def subject_of(document: Document) -> Mapping[str, Any]:
    """Whom a record is about, and what for. Raises RecordUnreadableError unless that is one."""
    subject = single(document.get("credentialSubject"))
    if not isinstance(subject, Mapping):
        raise RecordUnreadableError("the record is about nobody, or about several")
    return subject


def _entry(document: Document) -> Mapping[str, Any]:
    return _part(document.get("credentialStatus"))


def _content(listed: Document | str) -> Document:
    return token_document(listed) if isinstance(listed, str) else listed


def host_of(address: str) -> str | None:
    """The host that an address leads to, with its port unless it is 443; null where it is none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        return None
    return parts.hostname if port in {None, 443} else f"{parts.hostname}:{port}"

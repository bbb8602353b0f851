"""Compares the rows of the vault with what the log says of them.

Every change of the vault is an event with the digest of the new ciphertext, so a row that somebody
took away, changed or gave to another person is found without opening a word. Keys are opened, for
nothing else tells whether they still do. What no event names is left alone: whoever writes stores
in the vault first, and may have been stopped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

from ledger.codec import UPCASTERS
from ledger.errors import LedgerError
from ledger.events import EVENT_CLASSES
from ledger.events.person import IdentityLinked, PersonDetailsRecorded
from ledger.events.record import RecordIssued, RecordReissued
from ledger.events.record_keys import RecordKeyAdded
from ledger.sql import blocks, fetch
from ledger.values import VaultText
from ledger.vault import Vault

PAGE_ROWS = 10_000
FIRST = UUID(int=0)
DIGEST = re.compile(r".*:")
WORDS = {"text_id", "ciphertext_sha256"}  # how an event points at them
_OTHERS = {one.TOPIC for one in (IdentityLinked, RecordIssued, RecordReissued, RecordKeyAdded)}
_NEWEST = _OTHERS | {
    topic
    for topic, one in EVENT_CLASSES.items()
    if VaultText.__name__ in one.model_json_schema().get("$defs", {})
}
# What says anything of the vault, earlier versions included.
OF_VAULT = _NEWEST | {topic for topic, one in UPCASTERS.items() if one.topic in _NEWEST}
_SQL = blocks("ledger", "vault_inventory.sql")

Kind = Literal[
    "text-missing",
    "text-changed",
    "text-moved",
    "document-missing",
    "signing-key-missing",
    "key-missing",
    "key-changed",
    "number-missing",
    "number-moved",
    "details-missing",
    "details-changed",
]


class Logged(NamedTuple):
    """One event of the log, as far as it matters here."""

    position: int
    stream: UUID
    topic: str
    state: Mapping[str, Any]


class VaultFinding(NamedTuple):
    """A row of the vault that is not as the log has it, or that is gone."""

    kind: Kind
    name: UUID | str
    detail: str


class _Place(NamedTuple):
    """Which event speaks of a row, and whose the row is."""

    position: int
    owners: tuple[UUID, ...]  # the person first


@dataclass(slots=True)
class Expected:
    """What the log says that the vault holds. Takes about 500 bytes of memory for each row."""

    texts: dict[UUID, tuple[bytes, _Place]] = field(default_factory=dict)
    documents: dict[tuple[UUID, bytes], _Place] = field(default_factory=dict)
    signing_keys: dict[UUID, _Place] = field(default_factory=dict)
    numbers: dict[bytes, _Place] = field(default_factory=dict)
    details: dict[tuple[UUID, UUID], dict[UUID, _Place]] = field(default_factory=dict)

    def add(self, event: Logged) -> None:
        """Take in one event; whatever says nothing of the vault changes nothing."""
        position, stream, topic, state = event
        named = [UUID(state[name]) for name in ("person_id", "district_id") if state.get(name)]
        place = _Place(position, (*named, stream))
        for text in _texts_in(state):
            self.texts[UUID(text["text_id"])] = (_digest(text["ciphertext_sha256"]), place)
        match topic:
            case IdentityLinked.TOPIC:
                self.numbers[_digest(state["identity_hmac"])] = _Place(position, (stream,))
            case PersonDetailsRecorded.TOPIC:
                known = self.details.setdefault((stream, UUID(state["district_id"])), {})
                known[UUID(state["details"]["text_id"])] = _Place(position, (stream,))
            case RecordIssued.TOPIC | RecordReissued.TOPIC:
                self.documents[stream, _digest(state["ciphertext_sha256"])] = place
            case RecordKeyAdded.TOPIC:
                self.signing_keys[UUID(state["key_id"])] = _Place(position, (stream,))


class VaultInventory:
    """All rows of a vault.

    Args:
        vault: Whose rows.
        logged: Reads the events of the log, when it is called.
        erased: Who is erased by the log, or is being erased, when it is called.
    """

    def __init__(
        self,
        vault: Vault,
        logged: Callable[[], Iterable[Logged]],
        erased: Callable[[], set[UUID]],
    ) -> None:
        self._vault, self._logged, self._erased = vault, logged, erased
        self._owners: dict[UUID, str] = {}  # of whom the vault has rows, and one of these

    def check(self) -> list[VaultFinding]:
        """Whatever is missing, was changed, or leads to somebody else."""
        expected = Expected()
        for event in self._logged():
            expected.add(event)
        found = [
            *self._texts(expected),
            *self._documents(expected),
            *self._numbers(expected),
            *self._details(expected),
            *self._keys(),
        ]
        erased = self._erased()  # last, so that whoever is erased meanwhile is not missed
        return [one for one, owners in found if not erased & set(owners)]

    def _texts(self, expected: Expected) -> Iterator[tuple[VaultFinding, Iterable[UUID]]]:
        for text_id, person_id, digest in self._pages("texts"):
            self._owners[person_id] = f"text {text_id}"
            sealed, place = expected.texts.pop(text_id, (None, _Place(0, ())))
            if sealed is None:
                continue
            if bytes(digest) != sealed:
                yield _found("text-changed", text_id, place, "it has another digest than the log")
            elif person_id not in place.owners:
                yield _found("text-moved", text_id, place, f"the vault has it of {person_id}")
        for text_id, (_, place) in expected.texts.items():
            yield _found("text-missing", text_id, place, "the vault does not have it")

    def _documents(self, expected: Expected) -> Iterator[tuple[VaultFinding, Iterable[UUID]]]:
        for _, person_id, record_id, digest in self._pages("documents"):
            self._owners[person_id] = f"record {record_id}"
            expected.documents.pop((record_id, bytes(digest)), None)
        for (record_id, _), place in expected.documents.items():
            detail = "the vault does not have it as it was issued"
            yield _found("document-missing", record_id, place, detail)
        for key_id, keys_id in self._pages("record_keys"):
            self._owners[keys_id] = f"signing key {key_id}"
            expected.signing_keys.pop(key_id, None)
        for key_id, place in expected.signing_keys.items():
            yield _found("signing-key-missing", key_id, place, "the vault does not have it")

    def _numbers(self, expected: Expected) -> Iterator[tuple[VaultFinding, Iterable[UUID]]]:
        for hmac, subject_id in self._pages("numbers", b""):
            place = expected.numbers.pop(bytes(hmac), None)
            if place is not None and subject_id not in place.owners:
                detail = f"it leads to {subject_id}"
                yield _found("number-moved", bytes(hmac).hex(), place, detail)
        for hmac, place in expected.numbers.items():
            yield _found("number-missing", hmac.hex(), place, "it leads to nobody")

    def _details(self, expected: Expected) -> Iterator[tuple[VaultFinding, Iterable[UUID]]]:
        """Any details of hers may hold: whoever recorded the newest may have been stopped."""
        for person_id, district_id, text_id in self._pages("details", FIRST, FIRST):
            known = expected.details.pop((person_id, district_id), {})
            if known and text_id not in known:
                detail = f"in district {district_id} she is called by a text of somebody else"
                yield _found("details-changed", person_id, [*known.values()][-1], detail)
        for (person_id, district_id), known in expected.details.items():
            detail = f"district {district_id} knows her by no name any more"
            yield _found("details-missing", person_id, [*known.values()][-1], detail)

    def _keys(self) -> Iterator[tuple[VaultFinding, Iterable[UUID]]]:
        for block in ("evidence", "payroll_files"):
            self._owners |= {owner: f"file {file_id}" for file_id, owner in self._pages(block)}
        for person_id, key_id, wrapped in self._pages("keys"):
            self._owners.pop(person_id, None)
            try:
                self._vault.keyring.open_person_key(person_id, key_id, bytes(wrapped))
            except LedgerError as error:
                detail = f"it does not open: {error.slug}"
                yield VaultFinding("key-changed", person_id, detail), (person_id,)
        for owner, what in self._owners.items():
            detail = f"it is gone, and with it {what} at least"
            yield VaultFinding("key-missing", owner, detail), (owner,)

    def _pages(self, block: str, *after: UUID | bytes) -> Iterator[tuple[Any, ...]]:
        """All rows of a block, in order of what comes first in it."""
        places = after or (FIRST,)
        rows: list[tuple[Any, ...]] = [()] * PAGE_ROWS
        while len(rows) == PAGE_ROWS:
            key = {"after": places[0], "after_district": places[-1]}
            with self._vault.connections.connection() as connection:
                rows = fetch(connection, _SQL[block], **key, limit=PAGE_ROWS)
            yield from rows
            places = rows[-1][: len(places)] if rows else places


def _found(
    kind: Kind, name: UUID | str, place: _Place, detail: str
) -> tuple[VaultFinding, Iterable[UUID]]:
    whose = f"of {place.owners[0]}, event {place.position}: {detail}"
    return VaultFinding(kind, name, whose), place.owners


def _texts_in(value: Any) -> Iterator[Mapping[str, str]]:
    """Whatever points at words, however deep."""
    if isinstance(value, dict) and value.keys() == WORDS:
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(one)


def _digest(text: str) -> bytes:
    """The bytes of a digest that names how it was made."""
    return bytes.fromhex(DIGEST.sub("", text))

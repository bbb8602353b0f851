"""The vault: everything by or about a person, kept outside the log and under her own key.

A row is written here first and the event that points at it second. So a resend finds the row of
the first try, and a row that no event points at is a try that went no further.

Nothing here shows names or keys in a repr, a message or a traceback's text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.errors import NotFoundError
from ledger.identities import Identities
from ledger.keys import seal, unseal
from ledger.sql import blocks, execute, fetch
from ledger.store import EVERYTHING
from ledger.values import ShortText, Value, VaultText, stream_id

DETAILS = "person-details"
APOSTROPHES = dict.fromkeys(map(ord, "'\N{RIGHT SINGLE QUOTATION MARK}"))
MaybeText = ShortText | Literal[""]
_SQL = blocks("ledger", "vault.sql")


class PersonDetails(Value):
    """How a person is called and reached, as her district has it; empty where it does not say."""

    given_name: MaybeText = ""
    middle_name: MaybeText = ""
    family_name: MaybeText = ""
    preferred_given_name: MaybeText = ""
    preferred_middle_name: MaybeText = ""
    preferred_family_name: MaybeText = ""
    email: MaybeText = ""
    employee_number: MaybeText = ""
    state_id: MaybeText = ""  # by which systems of the state know her, beside any license

    @property
    def name(self) -> str:
        """The name to call her by."""
        given = self.preferred_given_name or self.given_name
        family = self.preferred_family_name or self.family_name
        return f"{given} {family}".strip()

    def __repr__(self) -> str:
        return "PersonDetails(...)"  # ends up in logs and tracebacks, where no name belongs

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class NewText:
    """Words to be kept. `scope_id` tells equal words apart: a command's id, or a district's."""

    person_id: UUID
    purpose: str
    scope_id: UUID
    text: str = field(repr=False)


class DetailsPointer(NamedTuple):
    """Which text holds what a district knows a person by, as of a version of her stream."""

    person_id: UUID
    district_id: UUID
    text_id: UUID
    version: int


class _StoredText(NamedTuple):
    text_id: UUID
    person_id: UUID
    purpose: str
    ciphertext: bytes
    key_id: UUID
    wrapped: bytes  # the person's key


class Vault(Identities):
    """Texts and details of the persons of one ledger, beside who they are."""

    # Texts

    def put_text(self, person_id: UUID, purpose: str, text: str, *, command_id: UUID) -> VaultText:
        """Keep words by or about a person; the same command's same words are kept once."""
        [stored] = self.put_texts([NewText(person_id, purpose, command_id, text)])
        return stored

    def put_texts(self, texts: Sequence[NewText]) -> list[VaultText]:
        """Keep many texts in one transaction, and say where each is, in the same order.

        Raises:
            PersonErasedError: one of them is about somebody who was erased.
        """
        text_ids = [self.text_id(text) for text in texts]
        with self.writing() as connection:
            found = {row[0] for row in fetch(connection, _SQL["stored_texts"], text_ids=text_ids)}
            new = {
                text_id: text
                for text_id, text in zip(text_ids, texts, strict=True)
                if text_id not in found
            }
            if new:
                self._add_texts(connection, new)
            stored = dict(fetch(connection, _SQL["stored_texts"], text_ids=text_ids))
        return [
            VaultText(text_id=text_id, ciphertext_sha256=f"sha256:{stored[text_id].hex()}")
            for text_id in text_ids
        ]

    def text_id(self, text: NewText) -> UUID:
        """The id under which a text is kept: it follows from the words, by a key of ours."""
        message = b"".join(
            [text.scope_id.bytes, text.person_id.bytes, text.purpose.encode(), b"\0"]
        )
        digest = self.hashes.digest("text-id", message + text.text.encode())
        return stream_id("text", digest.hex())

    def get_text(self, text_id: UUID) -> str:
        """The words. Raises NotFoundError when there are none, VaultDamagedError when changed."""
        texts = self.get_texts([text_id])
        if text_id not in texts:
            raise NotFoundError(f"the vault holds no text {text_id}")
        return texts[text_id]

    def get_texts(
        self, text_ids: Iterable[UUID], *, about: UUID | Iterable[UUID] = EVERYTHING
    ) -> dict[UUID, str]:
        """Many texts at once; those that are not there are left out.

        `about` names whom all of them are about, where that is known: others stay closed.
        """
        with self.about(*([about] if isinstance(about, UUID) else about)) as connection:
            rows = fetch(connection, _SQL["load_texts"], text_ids=list(text_ids))
        return {row[0]: self._open_text(_StoredText(*row)) for row in rows}

    def _add_texts(self, connection: Connection[Any], texts: Mapping[UUID, NewText]) -> None:
        keys = self.keyring.person_keys(connection, {text.person_id for text in texts.values()})
        execute(
            connection,
            _SQL["add_texts"],
            text_ids=list(texts),
            person_ids=[text.person_id for text in texts.values()],
            purposes=[text.purpose for text in texts.values()],
            ciphertexts=[
                seal(
                    keys[text.person_id],
                    text.text.encode(),
                    self.keyring.context(text.person_id, text_id, text.purpose),
                )
                for text_id, text in texts.items()
            ],
        )

    def _open_text(self, row: _StoredText) -> str:
        key = self.keyring.open_person_key(row.person_id, row.key_id, row.wrapped)
        context = self.keyring.context(row.person_id, row.text_id, row.purpose)
        return unseal(key, row.ciphertext, context).decode()

    # Details

    def put_details(self, person_id: UUID, district_id: UUID, details: PersonDetails) -> VaultText:
        """Keep what a district knows a person by; nobody is told so before `point_details`."""
        return self.put_many_details(district_id, {person_id: details})[person_id]

    def put_many_details(
        self, district_id: UUID, details: Mapping[UUID, PersonDetails]
    ) -> dict[UUID, VaultText]:
        """Keep the details of many persons; their earlier ones stay."""
        texts = [_details_text(person_id, district_id, d) for person_id, d in details.items()]
        return dict(zip(details, self.put_texts(texts), strict=True))

    def point_details(self, newest: Sequence[DetailsPointer]) -> None:
        """Let each person be called as the log, which is ahead of this, has it."""
        ordered = sorted(newest)  # in one order, so that nobody deadlocks
        with self.writing() as connection:
            execute(
                connection,
                _SQL["point_details"],
                person_ids=[pointer.person_id for pointer in ordered],
                district_ids=[pointer.district_id for pointer in ordered],
                text_ids=[pointer.text_id for pointer in ordered],
                versions=[pointer.version for pointer in ordered],
            )

    def details_id(self, person_id: UUID, district_id: UUID, details: PersonDetails) -> UUID:
        """The id under which these details are kept: equal ids mean that nothing is new."""
        return self.text_id(_details_text(person_id, district_id, details))

    def get_details(
        self, person_ids: Iterable[UUID], district_id: UUID | None
    ) -> dict[UUID, PersonDetails]:
        """What a district knows each person by; who has none, or was erased, is left out.

        Without a district the newest of any: for the person herself, and nobody else.
        """
        found = self._details(person_ids, district_id)
        return {one: PersonDetails.model_validate_json(text) for one, text in found}

    def employee_numbers(self, person_ids: Iterable[UUID], district_id: UUID) -> dict[UUID, str]:
        """The number that a district has of each person, empty where it has none.

        Whoever has no details, or was erased, is left out. For batches, which are of thousands:
        nothing else of their details is looked at.
        """
        found = self._details(person_ids, district_id)
        return {one: orjson.loads(text).get("employee_number", "") for one, text in found}

    def _details(
        self, person_ids: Iterable[UUID], district_id: UUID | None
    ) -> Iterator[tuple[UUID, str]]:
        wanted: dict[str, Any] = {"person_ids": list(person_ids), "district_id": district_id}
        about = wanted["person_ids"] if district_id is None else [district_id]
        if not wanted["person_ids"]:
            return
        with self.about(*about) as connection:
            rows = fetch(connection, _SQL["load_details"], **wanted)
        for row in map(_StoredText._make, rows):
            yield row.person_id, self._open_text(row)

    def search(self, person_ids: Iterable[UUID], district_id: UUID, query: str) -> list[UUID]:
        """Those of a district's persons whose name, address or number has every word.

        Names are decrypted here, in memory, for no index could hold them without giving them away.
        """
        words = _searchable(query).split()
        found = [
            (details.family_name, details.given_name, person_id)
            for person_id, details in self.get_details(person_ids, district_id).items()
            if all(word in _searchable(" ".join(dict(details).values())) for word in words)
        ]
        return [person_id for *_, person_id in sorted(found)]

    # Evidence

    def evidence_of(self, person_ids: Collection[UUID]) -> list[UUID]:
        """Every evidence file that is kept of these persons."""
        with self.about(*person_ids) as connection:
            rows = fetch(connection, _SQL["evidence_of"], person_ids=list(person_ids))
        return [evidence_id for (evidence_id,) in rows]


def _details_text(person_id: UUID, district_id: UUID, details: PersonDetails) -> NewText:
    known = {name: value for name, value in dict(details).items() if value}
    text = orjson.dumps(known, option=orjson.OPT_SORT_KEYS).decode()
    return NewText(person_id, DETAILS, district_id, text)


def _searchable(text: str) -> str:
    """Letters as people type them: O'Brien is found by obrien, Núñez by nunez."""
    plain = unicodedata.normalize("NFKD", text)
    kept = [letter for letter in plain if not unicodedata.combining(letter)]
    return "".join(kept).translate(APOSTROPHES).casefold()

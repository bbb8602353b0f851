"""Who is meant: by which numbers other systems know persons, and which positions they named.

The vault's ground floor: connections that see what they should, and keys. Numbers are kept as
digests under a key of ours, and lead to ids that are random.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from psycopg import Connection

from ledger.errors import RuleError
from ledger.gate import Gate
from ledger.keyring import Keyring, PersonErasedError
from ledger.keys import KeyProvider
from ledger.sql import Connections, blocks, execute, fetch
from ledger.store import scope_of

NOBODY = UUID(int=0)
_SQL = blocks("ledger", "vault.sql")


class IdentityTakenError(RuleError):
    """This number leads to somebody else already."""

    slug = "identity-taken"


class Position(NamedTuple):
    """A position that a source system names, a person who held it, and since when."""

    position_hmac: bytes
    person_id: UUID
    first_day: date


class Identities:
    """Numbers and positions of the persons of one ledger, and the way to what is kept of them."""

    def __init__(self, connections: Connections, provider: KeyProvider) -> None:
        self.gate = Gate(connections)
        self.connections: Connections = self.gate
        self.keyring = Keyring(connections, provider)
        self.hashes = self.keyring.hashes

    def body_hash(self, body: bytes) -> bytes:
        """What the log may know of a request: a key cannot be used for two of them."""
        return self.hashes.digest("body", body)

    @contextmanager
    def writing(self) -> Iterator[Connection[Any]]:
        """A transaction that writes, and beside which nobody is erased."""
        with self.connections.connection() as connection:
            execute(connection, _SQL["stay_out_of_erasures"])
            yield connection

    @contextmanager
    def about(self, *ids: UUID) -> Iterator[Connection[Any]]:
        """A transaction that is shown the rows of these persons or districts, and no others.

        A query that forgot its WHERE opens nothing of anybody else.
        """
        with self.connections.connection() as connection:
            execute(connection, _SQL["look_at"], scope=scope_of(ids))
            yield connection

    def erased(self, subject_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of the persons and evidence files that were erased."""
        with self.connections.connection() as connection:
            rows = fetch(connection, _SQL["erased"], subject_ids=list(subject_ids))
        return frozenset(row[0] for row in rows)

    def identity_hmac(self, source: str, district_id: UUID, source_id: str) -> str:
        """What the log may know of a number: a digest under a key of ours."""
        return f"hmac-sha256:{self._identity(source, district_id, source_id).hex()}"

    def find_person(self, source: str, district_id: UUID, source_id: str) -> UUID | None:
        """Whom a source system means by a number of its own."""
        return self.find_ids(source, district_id, [source_id]).get(source_id)

    def person_for_command(self, command_id: UUID) -> UUID:
        """A random id for the person a command registers, the same again when it is resent."""
        key = str(command_id)
        return self.persons_for("command", NOBODY, [key])[key]

    def persons_for(
        self, source: str, district_id: UUID, source_ids: Sequence[str]
    ) -> dict[str, UUID]:
        """The person of each number; a number nobody had yet gets a new, random id."""
        self.add_ids(source, district_id, {number: uuid4() for number in source_ids})
        return self.find_ids(source, district_id, source_ids)

    def find_ids(
        self, source: str, district_id: UUID, source_ids: Sequence[str]
    ) -> dict[str, UUID]:
        """What the source means by each number of its own; unknown numbers are left out."""
        hmacs = {self._identity(source, district_id, number): number for number in source_ids}
        with self.about(district_id) as connection:
            rows = fetch(connection, _SQL["find_ids"], hmacs=list(hmacs))
        return {hmacs[bytes(hmac)]: subject_id for hmac, subject_id in rows}

    def add_ids(self, source: str, district_id: UUID, ids: Mapping[str, UUID]) -> None:
        """Let numbers of a source lead to ids of ours; what a number leads to never changes.

        A number of somebody who was erased stays without anybody to lead to.
        """
        rows = sorted(
            (self._identity(source, district_id, number), subject_id)
            for number, subject_id in ids.items()
        )
        with self.writing() as connection:
            execute(
                connection,
                _SQL["add_ids"],
                source=source,
                district_id=district_id,
                hmacs=[hmac for hmac, _ in rows],
                subject_ids=[subject_id for _, subject_id in rows],
            )

    def link_identity(self, person_id: UUID, source: str, district_id: UUID, source_id: str) -> str:
        """Let a number lead to a person, and answer its digest for the log.

        Raises:
            IdentityTakenError: the number leads to somebody else.
            PersonErasedError: the number led to somebody who was erased, or she was.
        """
        self.add_ids(source, district_id, {source_id: person_id})
        if self.buried(source, district_id, [source_id]) or self.erased([person_id]):
            raise PersonErasedError(f"this {source} number is of somebody who was erased")
        if self.find_person(source, district_id, source_id) != person_id:
            raise IdentityTakenError(f"this {source} number leads to another person")
        return self.identity_hmac(source, district_id, source_id)

    def buried(self, source: str, district_id: UUID, source_ids: Sequence[str]) -> frozenset[str]:
        """Those of a source's numbers that led to somebody who was erased."""
        hmacs = {self._identity(source, district_id, number): number for number in source_ids}
        with self.connections.connection() as connection:
            rows = fetch(connection, _SQL["buried"], hmacs=list(hmacs))
        return frozenset(hmacs[bytes(hmac)] for (hmac,) in rows)

    def position_hmac(self, source: str, district_id: UUID, position: str) -> bytes:
        """A position's name as the log may rest on it: such names often hold employee numbers."""
        return self._identity(f"{source}-position", district_id, position)

    def add_positions(self, source: str, district_id: UUID, positions: Sequence[Position]) -> None:
        """Remember who held what since when, so that a later file can be compared with it.

        Raises:
            PersonErasedError: one of them was erased.
        """
        if erased := self.erased({position.person_id for position in positions}):
            raise PersonErasedError(f"person {min(erased)} was erased")
        with self.writing() as connection:
            execute(
                connection,
                _SQL["add_positions"],
                source=source,
                district_id=district_id,
                hmacs=[position.position_hmac for position in positions],
                person_ids=[position.person_id for position in positions],
                first_days=[position.first_day for position in positions],
            )

    def positions(self, source: str, district_id: UUID) -> list[Position]:
        """Every position that the source has ever named in the district."""
        with self.about(district_id) as connection:
            rows = fetch(connection, _SQL["load_positions"], source=source, district_id=district_id)
        return [Position(*row) for row in rows]

    def positions_of_person(self, person_id: UUID, district_id: UUID) -> list[Position]:
        """Every position that she has held in the district, whoever named it."""
        with self.about(person_id) as connection:
            rows = fetch(
                connection,
                _SQL["load_positions_of_person"],
                person_id=person_id,
                district_id=district_id,
            )
        return [Position(*row) for row in rows]

    def positions_everywhere(self, person_id: UUID) -> list[tuple[UUID, Position]]:
        """Every position that she has ever held, and in which district."""
        with self.about(person_id) as connection:
            rows = fetch(connection, _SQL["load_positions_everywhere"], person_id=person_id)
        return [(district_id, Position(*row)) for district_id, *row in rows]

    def _identity(self, source: str, district_id: UUID, source_id: str) -> bytes:
        message = b"".join([source.encode(), b"\0", district_id.bytes, source_id.encode()])
        return self.hashes.digest("identity", message)

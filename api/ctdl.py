"""What issuers offer, for registries of credentials: from the catalog to its descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, Self
from uuid import UUID

from psycopg import Connection

from api.exports.ctdl import Offered, OfferedStack
from api.record_addresses import Addresses
from ledger.events.credential import Alignment, Definition
from ledger.events.stack import Group
from ledger.records.transcripts import requirement_in_words
from projections import catalog
from projections.catalog_rows import FoundCredential, Search, Stack
from projections.sql import NO_ID

VIEWS = ("catalog",)
_OFFERED: Final[tuple[Literal["published", "retired"], ...]] = (
    "published",
    "retired",  # nobody but its issuer sees a draft
)
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Catalog:
    """What there is to describe: the stacks are read once, for each names many parts."""

    connection: Connection[Any]
    addresses: Addresses
    defined: tuple[Stack, ...]

    @classmethod
    def read(cls, connection: Connection[Any], addresses: Addresses) -> Self:
        return cls(connection, addresses, tuple(_every_stack(connection)))

    def offers(self, issuer_id: UUID | None = None) -> Iterator[Offered]:
        """Everything that was ever published, of one issuer or of all, by title."""
        for status in _OFFERED:
            after = ("", NO_ID)
            while True:
                search = Search(status=status, issuer_id=issuer_id)
                found = catalog.search(self.connection, search, after=after, limit=_PAGE)
                yield from map(self._offered, found)
                if len(found) < _PAGE:
                    break
                after = (found[-1].title, found[-1].credential_id)

    def find_offer(self, issuer_id: UUID, credential_id: UUID) -> Offered | None:
        """One micro-credential of an issuer; a draft is not there."""
        found = catalog.find_credential(self.connection, credential_id)
        if found is None or found.issuer_id != issuer_id or found.status not in _OFFERED:
            return None
        return self._offered(found)

    def stacks(self, issuer_id: UUID | None = None) -> Iterator[OfferedStack]:
        """Every stack of one issuer or of all, by title."""
        for one in self.defined:
            if issuer_id in (None, one.issuer_id):
                yield self._stack(one)

    def find_stack(self, issuer_id: UUID, stack_id: UUID) -> OfferedStack | None:
        """One stack of an issuer."""
        asked = (issuer_id, stack_id)
        found = (one for one in self.defined if (one.issuer_id, one.stack_id) == asked)
        return next(map(self._stack, found), None)

    def _offered(self, one: FoundCredential) -> Offered:
        version = catalog.find_version(self.connection, one.credential_id, one.credential_version)
        assert version is not None, "what is published has a version"
        number = version.credential_version
        return Offered(
            credential_id=one.credential_id,
            url=self.addresses.described(one.issuer_id, one.credential_id),
            webpage=self.addresses.achievement(one.issuer_id, one.credential_id, number),
            issuer_url=self.addresses.offers(one.issuer_id),
            issuer_name=one.issuer_name,
            version=number,
            definition=Definition.model_validate(version.definition),
            published_at=version.published_at,
            retired=one.status == "retired",
            alignments=tuple(map(Alignment.model_validate, version.alignments)),
            part_of=tuple(
                self.addresses.described_stack(stack.issuer_id, stack.stack_id)
                for stack in self.defined
                if one.credential_id in stack.credential_ids
            ),
        )

    def _stack(self, one: Stack) -> OfferedStack:
        issuer = catalog.find_issuer(self.connection, one.issuer_id)
        assert issuer is not None, "whoever defines a stack is in the catalog"
        parts = (catalog.find_credential(self.connection, each) for each in one.credential_ids)
        return OfferedStack(
            stack_id=one.stack_id,
            url=self.addresses.described_stack(one.issuer_id, one.stack_id),
            webpage=self.addresses.stack(one.issuer_id, one.stack_id, one.stack_version),
            issuer_url=self.addresses.offers(one.issuer_id),
            issuer_name=issuer.name,
            version=one.stack_version,
            title=one.title,
            summary=one.summary,
            requirement=requirement_in_words(Group.model_validate(one.requirement)),
            parts=tuple(
                self.addresses.described(each.issuer_id, each.credential_id)
                for each in parts
                if each is not None and each.status in _OFFERED
            ),
            retired=one.status == "retired",
        )


def _every_stack(connection: Connection[Any]) -> Iterator[Stack]:
    after = ("", NO_ID)
    while True:
        found = catalog.stacks(connection, after=after, limit=_PAGE)
        yield from found
        if len(found) < _PAGE:
            return
        after = (found[-1].title, found[-1].stack_id)

"""The catalog: what can be earned, from whom, and in which stacks it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from types import UnionType
from typing import Any, ClassVar, TypeVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import (
    AnyCredentialEvent,
    AnyIssuerEvent,
    AnyStackEvent,
    credential,
    issuer,
    stack,
)
from ledger.rules.catalog_rates import Rate
from ledger.rules.stacks import credential_ids
from projections.catalog_rows import (
    Alignments,
    Approval,
    Credential,
    Facet,
    FoundCredential,
    FoundVersion,
    Issuer,
    Resources,
    Search,
    Stack,
    Title,
    Version,
)
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, as_json, read, to_write

Relevant = AnyCredentialEvent | AnyIssuerEvent | AnyStackEvent
Row = TypeVar("Row")


class Catalog(Projection[Relevant]):
    """Keeps the tables `catalog_*`."""

    name: ClassVar[str] = "catalog"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("catalog_credentials", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("catalog_versions", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("catalog_alignments", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("catalog_resources", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("catalog_issuers", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("catalog_stacks", by_person=False, seen_by=(Viewer.EVERYBODY,)),
    )
    sharded: ClassVar[bool] = False

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        book = _Book(
            {c.credential_id: c for c in self._load(connection, Credential, "credentials", ids)},
            {i.issuer_id: i for i in self._load(connection, Issuer, "issuers", ids)},
            {s.stack_id: s for s in self._load(connection, Stack, "stacks", ids)},
        )
        for fact in facts:
            book.fold(fact)
        return [
            *to_write(self.sql["save_credentials"], rows=list(book.credentials.values())),
            *to_write(self.sql["save_versions"], rows=book.versions),
            *to_write(self.sql["save_alignments"], rows=list(book.alignments.values())),
            *to_write(self.sql["save_resources"], rows=list(book.resources.values())),
            *to_write(self.sql["save_issuers"], rows=list(book.issuers.values())),
            *to_write(self.sql["save_stacks"], rows=list(book.stacks.values())),
        ]

    def _load(
        self, connection: Connection[Any], row_type: type[Row], table: str, ids: Sequence[UUID]
    ) -> list[Row]:
        return read(connection, row_type, self.sql[f"load_{table}"], ids=ids)


@dataclass(frozen=True, slots=True)
class _Book:
    """The rows a batch touches, by id, and the versions it adds."""

    credentials: dict[UUID, Credential]
    issuers: dict[UUID, Issuer]
    stacks: dict[UUID, Stack]
    versions: list[Version] = field(default_factory=list)
    alignments: dict[tuple[UUID, int], Alignments] = field(default_factory=dict)
    resources: dict[tuple[UUID, int], Resources] = field(default_factory=dict)

    def fold(self, fact: Fact[Relevant]) -> None:
        position, event = fact
        match event:
            case (
                credential.CredentialDrafted()
                | credential.CredentialVersionPublished()
                | credential.CredentialRetired()
                | credential.CredentialAligned()
                | credential.CredentialResourcesListed()
                | credential.ProposalAnswered()
            ):
                self._fold_credential(event, position)
            case issuer.IssuerRegistered():
                self.issuers[event.originator_id] = Issuer(
                    issuer_id=event.originator_id,
                    name=event.name,
                    zone=event.zone,
                    terms=event.terms.model_dump(mode="json"),
                    position=position,
                )
            case (
                issuer.IssuerTermsChanged()
                | issuer.IssuerHolidaysSet()
                | issuer.IssuerVetted()
                | issuer.IssuerSuspended()
                | issuer.IssuerSuspensionLifted()
            ):
                _change_issuer(self.issuers[event.originator_id], event, position)
            case stack.StackDefined():
                self.stacks[event.originator_id] = _stack(event, position)
            case stack.StackRetired():
                retired = self.stacks[event.originator_id]
                retired.status, retired.position = "retired", position
            case _:
                assert_never(event)

    def _fold_credential(self, event: AnyCredentialEvent, position: int) -> None:
        stream = event.originator_id
        if stream not in self.credentials:
            self.credentials[stream] = Credential(credential_id=stream, issuer_id=event.issuer_id)
        known = self.credentials[stream]
        known.position = position
        match event:
            case credential.CredentialDrafted(definition=definition):
                known.draft, known.author_id = definition.model_dump(mode="json"), event.author_id
                known.answer = None
                if known.status == "drafted":
                    known.describe(definition)
            case credential.CredentialVersionPublished(definition=definition):
                known.status, known.credential_version = "published", event.credential_version
                known.draft, known.author_id, known.answer = None, event.author_id, None
                known.describe(definition)
                self.versions.append(_version(event, position))
            case credential.CredentialRetired():
                known.status = "retired"
            case credential.ProposalAnswered(answer=answer):
                if known.status == "drafted":  # of what is published the catalog is for everybody
                    known.answer = answer
            case credential.CredentialAligned(credential_version=version):
                self.alignments[stream, version] = _alignments(event, position)
            case credential.CredentialResourcesListed(credential_version=version):
                self.resources[stream, version] = _resources(event, position)
            case _:
                assert_never(event)


def search(
    connection: Connection[Any],
    wanted: Search,
    rates: Sequence[Rate] = (),
    approvals: Sequence[Approval] = (),
    *,
    after: tuple[str, UUID] = ("", NO_ID),
    limit: int = 50,
) -> list[FoundCredential]:
    """Micro-credentials by title, in pages; `after` is the title and id of the last one seen.

    `rates` is what states say of them, for a search by `counts_in`, and `approvals` what the
    policies of a district are for, for one by `approved_by`.
    """
    return read(
        connection,
        FoundCredential,
        Catalog().sql["search"],
        **asdict(wanted),
        rates=as_json(rates),
        approvals=as_json(approvals),
        after_title=after[0],
        after_id=after[1],
        limit=limit,
    )


def facets(connection: Connection[Any], rates: Sequence[Rate] = ()) -> list[Facet]:
    """Every value that can be searched by, the commonest first within its kind."""
    return read(connection, Facet, Catalog().sql["facets"], rates=as_json(rates))


def find_credential(connection: Connection[Any], credential_id: UUID) -> FoundCredential | None:
    """One micro-credential."""
    return _first(find_credentials(connection, [credential_id]))


def find_credentials(
    connection: Connection[Any], credential_ids: Sequence[UUID]
) -> list[FoundCredential]:
    """Those of some micro-credentials that there are."""
    sql = Catalog().sql["credentials"]
    return read(connection, FoundCredential, sql, credential_ids=list(credential_ids))


def versions_of(connection: Connection[Any], *credential_ids: UUID) -> list[FoundVersion]:
    """Everything ever published of micro-credentials, of each the oldest first."""
    sql = Catalog().sql["versions"]
    return read(connection, FoundVersion, sql, credential_ids=list(credential_ids))


def find_version(
    connection: Connection[Any], credential_id: UUID, credential_version: int
) -> FoundVersion | None:
    """One published version."""
    sql, key = Catalog().sql["version"], {"credential_id": credential_id}
    return _first(read(connection, FoundVersion, sql, **key, credential_version=credential_version))


def titles(
    connection: Connection[Any], awarded: Iterable[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Title]:
    """How credentials were called in the versions given."""
    keys = [{"credential_id": c, "credential_version": v} for c, v in set(awarded)]
    found = read(connection, Title, Catalog().sql["titles"], rows=as_json(keys))
    return {(title.credential_id, title.credential_version): title for title in found}


def find_issuer(connection: Connection[Any], issuer_id: UUID) -> Issuer | None:
    """One issuer."""
    return _first(read(connection, Issuer, Catalog().sql["issuer"], issuer_id=issuer_id))


def issuers(connection: Connection[Any], *, after: UUID = NO_ID, limit: int = 100) -> list[Issuer]:
    """All issuers in pages; `after` is the last id seen."""
    return read(connection, Issuer, Catalog().sql["issuers"], after=after, limit=limit)


def find_stack(connection: Connection[Any], stack_id: UUID) -> Stack | None:
    """One stack."""
    return _first(read(connection, Stack, Catalog().sql["stack"], stack_id=stack_id))


def stacks(
    connection: Connection[Any], *, after: tuple[str, UUID] = ("", NO_ID), limit: int = 50
) -> list[Stack]:
    """All stacks by title, in pages; `after` is the title and id of the last one seen."""
    return read(
        connection,
        Stack,
        Catalog().sql["stacks"],
        after_title=after[0],
        after_id=after[1],
        limit=limit,
    )


def _first(found: Sequence[Row]) -> Row | None:
    return found[0] if found else None


def _version(event: credential.CredentialVersionPublished, position: int) -> Version:
    return Version(
        credential_id=event.originator_id,
        credential_version=event.credential_version,
        title=event.definition.title,
        tier=event.definition.tier,
        definition=event.definition.model_dump(mode="json"),
        published_at=event.occurred_at,
        position=position,
    )


def _alignments(event: credential.CredentialAligned, position: int) -> Alignments:
    return Alignments(
        credential_id=event.originator_id,
        credential_version=event.credential_version,
        alignments=[one.model_dump(mode="json") for one in event.alignments],
        position=position,
    )


def _resources(event: credential.CredentialResourcesListed, position: int) -> Resources:
    return Resources(
        credential_id=event.originator_id,
        credential_version=event.credential_version,
        resources=[one.model_dump(mode="json") for one in event.resources],
        position=position,
    )


def _stack(event: stack.StackDefined, position: int) -> Stack:
    counted = credential_ids(event.requirement, event.capstone_credential_id)
    return Stack(
        stack_id=event.originator_id,
        issuer_id=event.issuer_id,
        stack_version=event.stack_version,
        title=event.title,
        summary=event.summary,
        requirement=event.requirement.model_dump(mode="json"),
        capstone_credential_id=event.capstone_credential_id,
        credential_ids=list(dict.fromkeys(counted)),
        position=position,
    )


def _change_issuer(known: Issuer, event: AnyIssuerEvent, position: int) -> None:
    known.position = position
    match event:
        case issuer.IssuerRegistered():
            raise AssertionError("an issuer registers once")
        case issuer.IssuerTermsChanged(terms=terms):
            known.terms = terms.model_dump(mode="json")
        case issuer.IssuerVetted():
            known.standard, known.approved = event.standard, event.approved
            known.valid_until = event.valid_until
        case issuer.IssuerSuspended():
            known.suspended = True
        case issuer.IssuerSuspensionLifted():
            known.suspended = False
        case issuer.IssuerHolidaysSet():
            pass  # the review queue counts its days by them
        case _:
            assert_never(event)

"""The catalog: what can be earned, from whom, and what adds up to more. Open to who signs in."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from api.access import must_act_for_issuer, must_write_credential
from api.answers import ListOf, answer, answer_all
from api.disclosures import shows
from api.paging import PageOf
from api.reading import EffectiveOn, PagedReadNow, PageQuery, Read, ReadNow, reading
from api.routing import Router
from ledger.aggregates.credential import Credential
from ledger.aggregates.stack import Stack
from ledger.errors import NotFoundError
from ledger.events.credential import EvidenceKind
from ledger.values import ShortText, Slug
from projections import catalog, employments, stacks
from projections.catalog_rows import FoundCredential, Issuer, Search, Version
from projections.catalog_rows import Stack as ShownStack
from projections.sql import NO_ID

router = Router("catalog")


class Facet(BaseModel):
    """How many published micro-credentials a filter would leave."""

    facet: str
    value: str
    credentials: int


class CatalogQuery(PageQuery):
    """A page of micro-credentials; every filter narrows."""

    status: Literal["published", "retired"] = "published"
    issuer_id: UUID | None = None
    focus_area: Slug | None = None
    audience: Slug | None = None
    evidence_kind: EvidenceKind | None = None
    needs_students: bool | None = None
    hours_max: Annotated[int | None, Field(ge=0, le=10_000)] = None
    stack_id: UUID | None = None
    words: ShortText | None = None

    @property
    def search(self) -> Search:
        return Search(**self.model_dump(include=set(Search.__dataclass_fields__)))


class ProgressQuery(PageQuery):
    """A page of everybody's progress, as it is on a day."""

    effective_on: EffectiveOn = None


@router.read("/credentials", PageOf[FoundCredential])
def search_credentials(
    read: Annotated[Read[CatalogQuery], Depends(reading(CatalogQuery))],
) -> Response:
    """Micro-credentials by title; every filter narrows."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        after = read.page.after(tuple[str, UUID], ("", NO_ID))
        found = catalog.search(connection, read.query.search, after=after, limit=read.page.limit)
    key = (found[-1].title, found[-1].credential_id) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/facets", ListOf[Facet])
def read_facets(read: ReadNow) -> Response:
    """Everything that the catalog can be narrowed by, with counts."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        return answer_all(catalog.facets(connection), position)


@router.read("/credentials/{credential_id}", FoundCredential)
def read_credential(credential_id: UUID, read: ReadNow) -> Response:
    """One micro-credential. Before it is published its issuer's approvers alone see it."""
    aggregate = read.edge.ledger.get(Credential, credential_id)
    if not aggregate.published:
        must_write_credential(read.caller, aggregate)
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        found = catalog.find_credential(connection, credential_id)
    return _one(found, position, aggregate.version)


@router.read("/credentials/{credential_id}/versions/{credential_version}", Version)
def read_credential_version(
    credential_id: UUID, credential_version: int, read: ReadNow
) -> Response:
    """One published version, whole: what those who began under it are measured by."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        return _one(catalog.find_version(connection, credential_id, credential_version), position)


@router.read("/issuers", PageOf[Issuer])
def list_issuers(read: PagedReadNow) -> Response:
    """All issuers."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        after = read.page.after(UUID, NO_ID)
        found = catalog.issuers(connection, after=after, limit=read.page.limit)
    return read.page.answer(found, position, key=found[-1].issuer_id if found else None)


@router.read("/issuers/{issuer_id}", Issuer)
def read_issuer(issuer_id: UUID, read: ReadNow) -> Response:
    """One issuer: its terms, and whether it is vetted."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        return _one(catalog.find_issuer(connection, issuer_id), position)


@router.read("/stacks", PageOf[ShownStack])
def list_stacks(read: PagedReadNow) -> Response:
    """All stacks by title."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        after = read.page.after(tuple[str, UUID], ("", NO_ID))
        found = catalog.stacks(connection, after=after, limit=read.page.limit)
    key = (found[-1].title, found[-1].stack_id) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/stacks/{stack_id}", ShownStack)
def read_stack(stack_id: UUID, read: ReadNow) -> Response:
    """One stack: what has to be earned for it."""
    with read.edge.reading() as connection:
        position = read.visible("catalog")
        return _one(catalog.find_stack(connection, stack_id), position)


@router.read("/stacks/{stack_id}/progress", PageOf[stacks.TitledLine])
def list_stack_progress(
    stack_id: UUID,
    read: Annotated[Read[ProgressQuery], Depends(reading(ProgressQuery))],
) -> Response:
    """How far everybody has come with a stack, for the approvers of its issuer."""
    issuer_id = read.edge.ledger.get(Stack, stack_id).issuer_id
    must_act_for_issuer(read.caller, issuer_id)
    with read.connection() as connection:
        position = read.visible("stacks")
        found = stacks.of_stack(
            connection,
            stack_id,
            effective_on=read.day("UTC", read.query.effective_on),
            after=read.page.after(UUID, NO_ID),
            limit=read.page.limit,
        )
    shows(read, "stacks", [one.person_id for one in found], within=[issuer_id])
    return read.page.answer(found, position, key=found[-1].person_id if found else None)


@router.read("/districts", ListOf[employments.Organization])
def list_districts(read: ReadNow) -> Response:
    """All districts by name."""
    with read.edge.reading() as connection:
        position = read.visible("employments")
        return answer_all(employments.districts(connection), position)


@router.read("/districts/{district_id}/organizations", ListOf[employments.Organization])
def list_organizations(district_id: UUID, read: ReadNow) -> Response:
    """A district and its schools."""
    with read.edge.reading() as connection:
        position = read.visible("employments")
        found = employments.organizations(connection, district_id)
    if not found:
        raise NotFoundError("no such district")
    return answer_all(found, position)


def _one(found: object, position: int, version: int | None = None) -> Response:
    if found is None:
        raise NotFoundError("no such thing")
    tag = {"ETag": f'"{version}"'} if version is not None else {}
    return answer(found, position=position, **tag)

"""The catalog: what can be earned, from whom, and what adds up to more. Open to who signs in."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from api.access import must_act_for_issuer, must_write_credential
from api.answers import ListOf, answer, answer_all
from api.dependencies import CallerNow, EdgeNow, PageNow
from api.moments import MomentNow
from api.paging import PageOf
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


async def search_of(
    *,
    issuer_id: UUID | None = None,
    focus_area: Slug | None = None,
    audience: Slug | None = None,
    evidence_kind: EvidenceKind | None = None,
    needs_students: bool | None = None,
    hours_max: Annotated[int | None, Query(ge=0, le=10_000)] = None,
    stack_id: UUID | None = None,
    words: ShortText | None = None,
    status: Literal["published", "retired"] = "published",
) -> Search:
    return Search(
        issuer_id=issuer_id,
        focus_area=focus_area,
        audience=audience,
        evidence_kind=evidence_kind,
        needs_students=needs_students,
        hours_max=hours_max,
        stack_id=stack_id,
        words=words,
        status=status,
    )


@router.read("/credentials", PageOf[FoundCredential])
def search_credentials(
    edge: EdgeNow, wanted: Annotated[Search, Depends(search_of)], moment: MomentNow, page: PageNow
) -> Response:
    """Micro-credentials by title; every filter narrows."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        after = page.after(tuple[str, UUID], ("", NO_ID))
        found = catalog.search(connection, wanted, after=after, limit=page.limit)
    key = (found[-1].title, found[-1].credential_id) if found else None
    return page.answer(found, position, key=key)


@router.read("/facets", ListOf[Facet])
def read_facets(edge: EdgeNow, moment: MomentNow) -> Response:
    """Everything that the catalog can be narrowed by, with counts."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        return answer_all(catalog.facets(connection), position)


@router.read("/credentials/{credential_id}", FoundCredential)
def read_credential(
    credential_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """One micro-credential. Before it is published its issuer's approvers alone see it."""
    aggregate = edge.ledger.get(Credential, credential_id)
    if not aggregate.published:
        must_write_credential(caller, aggregate)
    with edge.reading() as connection:
        position = moment.visible("catalog")
        found = catalog.find_credential(connection, credential_id)
    return _one(found, position, aggregate.version)


@router.read("/credentials/{credential_id}/versions/{credential_version}", Version)
def read_credential_version(
    credential_id: UUID, credential_version: int, edge: EdgeNow, moment: MomentNow
) -> Response:
    """One published version, whole: what those who began under it are measured by."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        return _one(catalog.find_version(connection, credential_id, credential_version), position)


@router.read("/issuers", PageOf[Issuer])
def list_issuers(edge: EdgeNow, moment: MomentNow, page: PageNow) -> Response:
    """All issuers."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        after = page.after(UUID, NO_ID)
        found = catalog.issuers(connection, after=after, limit=page.limit)
    return page.answer(found, position, key=found[-1].issuer_id if found else None)


@router.read("/issuers/{issuer_id}", Issuer)
def read_issuer(issuer_id: UUID, edge: EdgeNow, moment: MomentNow) -> Response:
    """One issuer: its terms, and whether it is vetted."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        return _one(catalog.find_issuer(connection, issuer_id), position)


@router.read("/stacks", PageOf[ShownStack])
def list_stacks(edge: EdgeNow, moment: MomentNow, page: PageNow) -> Response:
    """All stacks by title."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        after = page.after(tuple[str, UUID], ("", NO_ID))
        found = catalog.stacks(connection, after=after, limit=page.limit)
    key = (found[-1].title, found[-1].stack_id) if found else None
    return page.answer(found, position, key=key)


@router.read("/stacks/{stack_id}", ShownStack)
def read_stack(stack_id: UUID, edge: EdgeNow, moment: MomentNow) -> Response:
    """One stack: what has to be earned for it."""
    with edge.reading() as connection:
        position = moment.visible("catalog")
        return _one(catalog.find_stack(connection, stack_id), position)


@router.read("/stacks/{stack_id}/progress", PageOf[stacks.TitledLine])
def list_stack_progress(
    stack_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow, page: PageNow
) -> Response:
    """How far everybody has come with a stack, for the approvers of its issuer."""
    must_act_for_issuer(caller, edge.ledger.get(Stack, stack_id).issuer_id)
    with edge.reading() as connection:
        position = moment.visible("stacks")
        found = stacks.of_stack(
            connection,
            stack_id,
            effective_on=moment.day("UTC"),
            after=page.after(UUID, NO_ID),
            limit=page.limit,
        )
    return page.answer(found, position, key=found[-1].person_id if found else None)


@router.read("/districts", ListOf[employments.Organization])
def list_districts(edge: EdgeNow, moment: MomentNow) -> Response:
    """All districts by name."""
    with edge.reading() as connection:
        position = moment.visible("employments")
        return answer_all(employments.districts(connection), position)


@router.read("/districts/{district_id}/organizations", ListOf[employments.Organization])
def list_organizations(district_id: UUID, edge: EdgeNow, moment: MomentNow) -> Response:
    """A district and its schools."""
    with edge.reading() as connection:
        position = moment.visible("employments")
        found = employments.organizations(connection, district_id)
    if not found:
        raise NotFoundError("no such district")
    return answer_all(found, position)


def _one(found: object, position: int, version: int | None = None) -> Response:
    if found is None:
        raise NotFoundError("no such thing")
    tag = {"ETag": f'"{version}"'} if version is not None else {}
    return answer(found, position=position, **tag)

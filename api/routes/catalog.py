"""The catalog: what can be earned, from whom, and what adds up to more. Open to who signs in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection
from pydantic import BaseModel, Field

from api.access import is_proposer, must_act_for_issuer, must_see_draft, must_write_credential
from api.answers import ListOf, answer, answer_all
from api.disclosures import shows
from api.paging import PageOf
from api.reading import (
    AsOfPageQuery,
    AsOfReadNow,
    PagedAsOfReadNow,
    PagedKnownReadNow,
    Read,
    reading,
)
from api.routing import Router
from ledger.aggregates.credential import Credential
from ledger.aggregates.organization import Organization
from ledger.aggregates.stack import Stack
from ledger.errors import NotFoundError
from ledger.events.credential import EvidenceKind
from ledger.rules.catalog_rates import Rate, rates_on
from ledger.values import Jurisdiction, ShortText, Slug, local_date
from projections import approvals, catalog, employments, known, stacks
from projections.catalog_rows import Approval, FoundCredential, FoundVersion, Issuer, Search
from projections.catalog_rows import Stack as ShownStack
from projections.renewal_rules import rules_known
from projections.sql import NO_ID

router = Router("catalog")


class Facet(BaseModel):
    """How many published micro-credentials a filter would leave."""

    facet: str
    value: str
    credentials: int


class CatalogQuery(AsOfPageQuery):
    """A page of micro-credentials; every filter narrows."""

    status: Literal["published", "retired"] = "published"
    issuer_id: UUID | None = None
    focus_area: Slug | None = None
    audience: Slug | None = None
    framework: ShortText | None = None
    evidence_kind: EvidenceKind | None = None
    needs_students: bool | None = None
    hours_max: Annotated[int | None, Field(ge=0, le=10_000)] = None
    counts_in: Annotated[
        Jurisdiction | None, Field(description="a state whose rules give units for it: us-tn")
    ] = None
    stack_id: UUID | None = None
    approved_by: Annotated[
        UUID | None, Field(description="a district one of whose policies in force is for it")
    ] = None
    words: ShortText | None = None

    @property
    def search(self) -> Search:
        return Search(**self.model_dump(include=set(Search.__dataclass_fields__)))


@router.read("/credentials", PageOf[FoundCredential])
def search_credentials(
    read: Annotated[Read[CatalogQuery], Depends(reading(CatalogQuery))],
) -> Response:
    """Micro-credentials by title; every filter narrows."""
    asked = read.query
    beside = [
        *(("renewals",) if asked.counts_in is not None else ()),
        *(approvals.VIEWS if asked.approved_by is not None else ()),
    ]
    with _known(read, beside=tuple(beside)) as (connection, position):
        after = read.page.after(tuple[str, UUID], ("", NO_ID))
        rates = _rates(read, connection, position, asked.counts_in) if asked.counts_in else []
        approved = _approved(read, connection, position, asked.approved_by)
        found = catalog.search(
            connection, asked.search, rates, approved, after=after, limit=read.page.limit
        )
    key = (found[-1].title, found[-1].credential_id) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/facets", ListOf[Facet])
def read_facets(read: AsOfReadNow) -> Response:
    """Everything that the catalog can be narrowed by, with counts."""
    with _known(read, beside=("renewals",)) as (connection, position):
        rates = _rates(read, connection, position)
        return answer_all(catalog.facets(connection, rates), position)


@router.read("/credentials/{credential_id}", FoundCredential)
def read_credential(credential_id: UUID, read: AsOfReadNow) -> Response:
    """One micro-credential. Before it is published its author and its issuer's approvers see it."""
    aggregate = read.edge.ledger.get(Credential, credential_id)
    if not aggregate.published and not is_proposer(read.caller, aggregate):
        must_write_credential(read.caller, aggregate)
    with _known(read) as (connection, position):
        found = catalog.find_credential(connection, credential_id)
    if found is not None and found.status == "drafted":
        must_see_draft(read.caller, found.issuer_id, found.author_id)
    return _one(found, position, aggregate.version if read.query.as_of is None else None)


@router.read("/credentials/{credential_id}/versions/{credential_version}", FoundVersion)
def read_credential_version(
    credential_id: UUID, credential_version: int, read: AsOfReadNow
) -> Response:
    """One published version, whole: what those who began under it are measured by."""
    with _known(read) as (connection, position):
        return _one(catalog.find_version(connection, credential_id, credential_version), position)


@router.read("/issuers", PageOf[Issuer])
def list_issuers(read: PagedAsOfReadNow) -> Response:
    """All issuers."""
    with _known(read) as (connection, position):
        after = read.page.after(UUID, NO_ID)
        found = catalog.issuers(connection, after=after, limit=read.page.limit)
    return read.page.answer(found, position, key=found[-1].issuer_id if found else None)


@router.read("/issuers/{issuer_id}", Issuer)
def read_issuer(issuer_id: UUID, read: AsOfReadNow) -> Response:
    """One issuer: its terms, and whether it is vetted."""
    with _known(read) as (connection, position):
        return _one(catalog.find_issuer(connection, issuer_id), position)


@router.read("/stacks", PageOf[ShownStack])
def list_stacks(read: PagedAsOfReadNow) -> Response:
    """All stacks by title."""
    with _known(read) as (connection, position):
        after = read.page.after(tuple[str, UUID], ("", NO_ID))
        found = catalog.stacks(connection, after=after, limit=read.page.limit)
    key = (found[-1].title, found[-1].stack_id) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/stacks/{stack_id}", ShownStack)
def read_stack(stack_id: UUID, read: AsOfReadNow) -> Response:
    """One stack: what has to be earned for it."""
    with _known(read) as (connection, position):
        return _one(catalog.find_stack(connection, stack_id), position)


@router.read("/stacks/{stack_id}/progress", PageOf[stacks.TitledLine])
def list_stack_progress(stack_id: UUID, read: PagedKnownReadNow) -> Response:
    """How far everybody has come with a stack, for the approvers of its issuer."""
    issuer_id = read.edge.ledger.get(Stack, stack_id).issuer_id
    must_act_for_issuer(read.caller, issuer_id)
    with read.connection() as connection:
        position = read.visible("stacks")
        as_of = read.known(connection, read.query.as_of, "UTC", "stacks")
        with known.holders_of_stack(connection, stack_id, as_of):
            found = stacks.of_stack(
                connection,
                stack_id,
                effective_on=read.day("UTC", read.query.effective_on),
                after=read.page.after(UUID, NO_ID),
                limit=read.page.limit,
            )
    shows(read, "stacks", [one.person_id for one in found], within=[issuer_id])
    position = min(as_of, position)
    return read.page.answer(found, position, key=found[-1].person_id if found else None)


@router.read("/districts", ListOf[employments.Organization])
def list_districts(read: AsOfReadNow) -> Response:
    """All districts by name."""
    with _known(read, view="employments") as (connection, position):
        return answer_all(employments.districts(connection), position)


@router.read("/districts/{district_id}/organizations", ListOf[employments.Organization])
def list_organizations(district_id: UUID, read: AsOfReadNow) -> Response:
    """A district and its schools."""
    zone = read.edge.ledger.get(Organization, district_id).zone
    with _known(read, zone, "employments") as (connection, position):
        found = employments.organizations(connection, district_id)
    if not found:
        raise NotFoundError("no such district")
    return answer_all(found, position)


@contextmanager
def _known(
    read: Read[Any],
    zone: str = "UTC",
    view: Literal["catalog", "employments"] = "catalog",
    beside: tuple[str, ...] = (),
) -> Iterator[tuple[Connection[Any], int]]:
    """The catalog or the organizations, as they are or as they were known then; and when that is.

    A day ends in the zone; what belongs to no district has the days of UTC.
    """
    with read.edge.reading() as connection:
        position = read.visible(view, *beside)
        as_of = read.known(connection, read.query.as_of, zone, view, *beside)
        then = known.catalog if view == "catalog" else known.organizations
        with then(connection, as_of):
            yield connection, min(as_of, position)


def _rates(
    read: Read[Any], connection: Connection[Any], position: int, state: str | None = None
) -> list[Rate]:
    """What states whose rules hold today said of micro-credentials by a position."""
    rules = rules_known(connection, until=position, jurisdiction=state)
    return rates_on(rules, local_date(read.at, "UTC"))


def _approved(
    read: Read[Any], connection: Connection[Any], position: int, district_id: UUID | None
) -> list[Approval]:
    """What the policies of a district that hold today, as known at a position, are for."""
    if district_id is None:
        return []
    day = local_date(read.at, read.edge.ledger.get(Organization, district_id).zone)
    return approvals.approvals_of(connection, district_id, day, position)


def _one(found: object, position: int, version: int | None = None) -> Response:
    if found is None:
        raise NotFoundError("no such thing")
    tag = {"ETag": f'"{version}"'} if version is not None else {}
    return answer(found, position=position, **tag)

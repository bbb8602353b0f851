"""How far licenses are: needed, earned, missing, by category and cycle, each unit explained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection
from pydantic import BaseModel, Field

from api.access import (
    EVERYTHING,
    NOT_THERE,
    Sight,
    must_see_district,
    must_see_earned,
    sights_of,
)
from api.answers import ListOf, answer, answer_all
from api.disclosures import shows, shows_person
from api.paging import PageOf
from api.reading import (
    AsOfQuery,
    AsOfReadNow,
    KnownQuery,
    PagedKnownReadNow,
    Read,
    reading,
    zone_of_person,
)
from api.renewals import (
    AllOrNewest,
    ExplainedLine,
    Record,
    RenewalLine,
    explained,
    lines,
    records,
    records_of_district,
    rulebook,
    shown,
)
from api.renewals import visible as visible_licenses
from api.routing import Router
from api.words import words_about
from ledger.aggregates.organization import Organization
from ledger.errors import NotFoundError
from ledger.rules.licenses import Facts, Term
from projections import renewals
from projections.log import facts_at
from projections.sql import NO_ID

router = Router("renewals")
VIEWS = ("renewals", "transcript", "stacks", "history")


class CycleQuery(KnownQuery):
    """One cycle, as it was known then and as it stands on a day."""

    cycle: Annotated[
        int | None, Field(ge=1, le=1000, description="1 is the first; the newest if not given")
    ] = None


class CyclesQuery(KnownQuery):
    """Her licenses, as it was known then and as it stands on a day."""

    cycles: Annotated[
        AllOrNewest, Field(description="of each license the newest cycle that has begun, or all")
    ] = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLicense:
    """A license on file, with its number from the vault."""

    license_id: UUID
    person_id: UUID
    district_id: UUID
    jurisdiction: str
    license_type: str
    zone: str
    number: str | None  # null: none was recorded, or it was erased
    terms: list[Term]
    facts: list[Facts]
    closed_on: date | None
    closed_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCredit(renewals.CreditEarned):
    """Something earned elsewhere, and what its documents are called."""

    documents: str | None  # null: none were named, or the name was erased


class PersonRenewals(BaseModel):
    """Where one person stands. No lines: another district keeps her documents now."""

    person_id: UUID
    name: str | None
    lines: list[RenewalLine]


@dataclass(frozen=True, slots=True)
class MadeBy:
    """An event of the license."""

    position: int
    topic: str
    occurred_at: str
    actor_id: UUID


class LicenseExplanation(BaseModel):
    """Why a license stands where it stands."""

    lines: list[ExplainedLine]
    events: list[MadeBy]


@router.read("/people/{person_id}/licenses", ListOf[HeldLicense])
def read_licenses(person_id: UUID, read: AsOfReadNow) -> Response:
    """The licenses of a person; a district sees those that it ever acted on."""
    with _record(read, person_id) as (connection, record, sight, shown_to):
        found = visible_licenses(record.licenses, sight)
        shows_person(read, connection, "licenses", person_id)
    ids = [one.number.text_id for one in found if one.number]
    numbers = words_about(read.edge, person_id, ids)
    items = [
        HeldLicense(
            license_id=held.license_id,
            person_id=held.person_id,
            district_id=held.district_id,
            jurisdiction=held.jurisdiction,
            license_type=held.license_type,
            zone=held.zone,
            number=numbers.get(one.number.text_id) if one.number else None,
            terms=list(held.terms),
            facts=list(held.facts),
            closed_on=held.closed_on,
            closed_reason=held.closed_reason,
        )
        for one in found
        for held in [one.license]
    ]
    return answer_all(items, shown_to)


@router.read("/people/{person_id}/credits", ListOf[ShownCredit])
def read_credits(person_id: UUID, read: AsOfReadNow) -> Response:
    """What a person earned elsewhere; a district sees what it recorded."""
    with _record(read, person_id) as (connection, record, sight, shown_to):
        shows_person(read, connection, "credits", person_id)
    found = [one for one in record.credits if sight.of_districts({one.district_id})]
    kept = {one.credit_id: UUID(one.documents["text_id"]) for one in found if one.documents}
    words = words_about(read.edge, person_id, kept.values())
    items = [
        ShownCredit(**(_fields(one) | {"documents": words.get(kept.get(one.credit_id, NO_ID))}))
        for one in found
    ]
    return answer_all(items, shown_to)


def _fields(credit: renewals.Credit) -> dict[str, Any]:
    return {field.name: getattr(credit, field.name) for field in fields(credit)}


@router.read("/people/{person_id}/renewals", ListOf[RenewalLine])
def read_renewals(
    person_id: UUID, read: Annotated[Read[CyclesQuery], Depends(reading(CyclesQuery))]
) -> Response:
    """Where her licenses stand, in their newest cycles or in all.

    A district is told what follows from what it may see: decisions made while it employed her,
    and what it recorded.
    """
    with read.connection(person_id) as connection:
        position = read.visible(*VIEWS)
        sight = must_see_earned(read.caller, connection, person_id)
        zone = zone_of_person(connection, person_id)
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        day = read.day(zone, read.query.effective_on)
        record = records(connection, [person_id], known)[person_id]
        book = rulebook(connection, known)
        shows_person(read, connection, "renewals", person_id)
    earned = record.achievements(sight)
    items = [
        shown(line, day)
        for held in visible_licenses(record.licenses, sight)
        for line in lines(held.license, earned, book, day, read.query.cycles)
    ]
    return answer_all(items, min(known, position))


@router.read("/districts/{district_id}/renewals", PageOf[PersonRenewals])
def list_renewals(
    district_id: UUID,
    read: PagedKnownReadNow,
) -> Response:
    """Where everybody stands whose documents the district keeps, a person an item."""
    must_see_district(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.connection() as connection:
        position = read.visible(*VIEWS, "employments")
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        day = read.day(zone, read.query.effective_on)
        after, limit = read.page.after(UUID, NO_ID), read.page.limit
        found = records_of_district(connection, district_id, known, after=after, limit=limit)
        person_ids = list(found)
        book = rulebook(connection, known)
        whole = dict.fromkeys(person_ids, EVERYTHING)
        sights = (
            whole
            if read.caller.holds("auditor")
            else sights_of(connection, person_ids, district_id)
        )
    shows(read, "renewals", person_ids, within=[district_id])
    names = read.edge.vault.get_details(person_ids, district_id)
    items = [
        {
            "person_id": person_id,
            "name": names[person_id].name if person_id in names else None,
            "lines": [
                shown(line, day)
                for held in found[person_id].licenses
                if held.license.district_id == district_id
                for line in lines(
                    held.license, found[person_id].achievements(sights[person_id]), book, day
                )
            ],
        }
        for person_id in person_ids
    ]
    key = person_ids[-1] if person_ids else None
    return read.page.answer(items, min(known, position), key=key)


@router.read("/licenses/{license_id}/explanation", LicenseExplanation)
def explain_license(
    license_id: UUID, read: Annotated[Read[CycleQuery], Depends(reading(CycleQuery))]
) -> Response:
    """Every award and credit that was looked at: its day, rule and arithmetic, or why not."""
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        now = renewals.find_license(connection, license_id)
        if now is None:
            raise NotFoundError(NOT_THERE)
        person_id = now.license.person_id
        sight = must_see_earned(read.caller, connection, person_id)
        known = read.known(connection, read.query.as_of, now.license.zone, *VIEWS)
        day = read.day(now.license.zone, read.query.effective_on)
        record = records(connection, [person_id], known)[person_id]
        mine = [one for one in record.licenses if one.license.license_id == license_id]
        held = next(iter(visible_licenses(mine, sight)), None)
        cycle = read.query.cycle
        if held is None or (cycle is not None and cycle > len(held.license.terms)):
            raise NotFoundError(NOT_THERE)
        book = rulebook(connection, known, jurisdiction=held.license.jurisdiction)
        made = _made_by(connection, held.license.positions)
        shows_person(read, connection, "license", person_id, thing_id=license_id)
    earned = record.achievements(sight)
    found = lines(held.license, earned, book, day, cycle or "newest")
    body = {"lines": [explained(line, day) for line in found], "events": made}
    return answer(body, position=min(known, position))


@contextmanager
def _record(
    read: Read[AsOfQuery], person_id: UUID
) -> Iterator[tuple[Connection[Any], Record, Sight, int]]:
    """What was known of a person, what of it is the caller's to see, and up to which position."""
    with read.connection(person_id) as connection:
        position = read.visible(*VIEWS, "employments")
        sight = must_see_earned(read.caller, connection, person_id)
        zone = zone_of_person(connection, person_id)
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        record = records(connection, [person_id], known)[person_id]
        yield connection, record, sight, min(known, position)


def _made_by(connection: Connection[Any], positions: tuple[int, ...]) -> list[MadeBy]:
    return [
        MadeBy(
            position=fact.position,
            topic=fact.event.TOPIC,
            occurred_at=fact.event.occurred_at.isoformat(),
            actor_id=fact.event.actor_id,
        )
        for fact in facts_at(connection, list(positions))
    ]

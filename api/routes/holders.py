"""Who holds a micro-credential, a competency or a stack, of those who agreed to be found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import Field

from api.access import must_act_for_district, must_be
from api.answers import ListOf, answer_all, recorded
from api.disclosures import shows
from api.paging import PageOf
from api.reading import KnownPageQuery, Read, ReadNow, reading, zone_of_person
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.consent import Consent, ConsentTerms
from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person
from ledger.commands import consent as commands
from ledger.commands.pre_service import minors_among
from ledger.errors import InvalidError, NotFoundError
from ledger.values import POSITION_MAX, Day, Value, local_date
from projections import consents, holders, stacks
from projections.consents import ANY_DISTRICT
from projections.holders import HeldAward, HeldStack, Version
from projections.sql import NO_ID

router = Router("holders")


class NewConsent(Value):
    """Who may find you, and until when."""

    district_id: UUID | None  # null: any district of this ledger
    expires_on: Day  # the first day on which nobody finds you by it


class HoldersQuery(KnownPageQuery):
    """What somebody has to hold. One of the three is asked for."""

    credential_id: Annotated[UUID | None, Field(description="the micro-credential")] = None
    stack_id: Annotated[UUID | None, Field(description="the stack, completed")] = None
    competency: Annotated[
        str | None,
        Field(min_length=1, max_length=1000, description="as micro-credentials word it"),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """One consent of hers."""

    consent_id: UUID
    version: int
    district_id: UUID | None  # null: any district of this ledger
    zone: str
    expires_on: date
    given_at: datetime
    withdrawn_at: datetime | None
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who agreed to be found, and what she holds of what was asked for."""

    person_id: UUID
    name: str | None = None  # null where nobody has given one
    awards: list[HeldAward]
    stack: HeldStack | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What has to be held, on which day, by what was known when."""

    stack_id: UUID | None
    versions: Sequence[Version]
    day: date
    position: int


@router.write("/people/{person_id}/consents-to-be-found")
def give_consent_to_be_found(person_id: UUID, body: NewConsent, write: WriteNow) -> Response:
    """Let a district, or any, find you as a holder of what you have earned."""
    must_be(write.caller, person_id)
    with write.edge.reading([person_id]) as connection:
        zone = zone_of_person(connection, person_id)
    terms = ConsentTerms(district_id=body.district_id, zone=zone, expires_on=body.expires_on)
    edge = write.edge
    return recorded(
        commands.give_consent_to_be_found(
            edge.ledger, edge.vault, write.call(body), person_id=person_id, terms=terms
        )
    )


@router.write("/consents-to-be-found/{consent_id}/withdrawals")
def withdraw_consent_to_be_found(consent_id: UUID, write: WriteNow) -> Response:
    """Be found by it no more, whatever day or position is asked about."""
    must_be(write.caller, write.edge.ledger.get(Consent, consent_id).person_id)
    return recorded(write.run(commands.withdraw_consent_to_be_found, consent_id=consent_id))


@router.read("/people/{person_id}/consents-to-be-found", ListOf[ConsentView])
def list_consents_to_be_found(person_id: UUID, read: ReadNow) -> Response:
    """Who may find you, the newest consent first. Who did is among your disclosures."""
    must_be(read.caller, person_id)
    with read.connection(person_id) as connection:
        position = read.visible("consents")
        found = consents.of_person(connection, person_id)
    return answer_all([_own(one, read.at) for one in found], position)


@router.read("/districts/{district_id}/holders", PageOf[Holder])
def find_holders(
    district_id: UUID, read: Annotated[Read[HoldersQuery], Depends(reading(HoldersQuery))]
) -> Response:
    """Who holds it and agreed that your district finds her. Nothing is said of any others."""
    must_act_for_district(read.caller, district_id)
    position, wanted = _wanted(read, district_id)
    items: list[Holder] = []
    after = read.page.after(UUID, NO_ID)
    limit = read.page.limit
    while len(items) < limit and (page := _findable(read, district_id, after, wanted)):
        after, persons = page
        items += _holding(read, persons, wanted)
    items = _named(read, items[:limit])
    shows(read, "found", [one.person_id for one in items], within=[district_id], role="district")
    key = items[-1].person_id if items else None
    return read.page.answer(items, min(position, wanted.position), key=key)


def _wanted(read: Read[HoldersQuery], district_id: UUID) -> tuple[int, _Wanted]:
    """What is asked for, and how far the views have come."""
    query = read.query
    asked = (query.credential_id, query.stack_id, query.competency)
    if sum(one is not None for one in asked) != 1:
        raise InvalidError("ask for one credential_id, one stack_id or one competency")
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.edge.reading() as connection:
        position = read.visible(*holders.VIEWS)
        as_of = read.known(connection, query.as_of, zone, *holders.VIEWS)
        versions = holders.versions(connection, query.credential_id, query.competency)
        stack = stacks.definitions(connection, [query.stack_id] if query.stack_id else [])
    if query.competency is None and not (versions or stack):
        raise NotFoundError("there is no such micro-credential or stack")
    return position, _Wanted(query.stack_id, versions, read.day(zone, query.effective_on), as_of)


def _findable(
    read: Read[HoldersQuery], district_id: UUID, after: UUID, wanted: _Wanted
) -> tuple[UUID, Sequence[UUID]] | None:
    """The next persons whom the district may find, and where those behind them begin."""
    with read.edge.reading([district_id, ANY_DISTRICT]) as connection:
        last, found = holders.findable(connection, district_id, read.at, after=after)
        if found and wanted.position < POSITION_MAX:
            position = wanted.position
            found = holders.findable_then(connection, district_id, read.at, found, position)
    return (last, found) if last else None


def _holding(
    read: Read[HoldersQuery], person_ids: Sequence[UUID], wanted: _Wanted
) -> Iterator[Holder]:
    """Those of them who hold it, in the same order."""
    with read.edge.reading(person_ids) as connection:
        asked = (connection, person_ids)
        day, position = wanted.day, wanted.position
        if wanted.stack_id is not None:
            whole = {
                one.person_id: one for one in holders.stack(*asked, wanted.stack_id, day, position)
            }
            held: list[HeldAward] = []
        else:
            whole, held = {}, holders.awards(*asked, wanted.versions, day, position)
    awards: dict[UUID, list[HeldAward]] = {}
    for one in held:
        awards.setdefault(one.person_id, []).append(one)
    for person_id in sorted(_of_age(read, awards.keys() | whole.keys())):
        yield Holder(
            person_id=person_id,
            awards=awards.get(person_id, []),
            stack=whole.get(person_id),
        )


def _of_age(read: Read[HoldersQuery], person_ids: Collection[UUID]) -> set[UUID]:
    """Without whoever was erased, or turned out to be a minor since she agreed."""
    edge = read.edge
    found = edge.ledger.find_many(Person, set(person_ids) - edge.vault.erased(person_ids))
    return found.keys() - minors_among(edge.vault, found.values(), read.at)


def _named(read: Read[HoldersQuery], items: Sequence[Holder]) -> list[Holder]:
    """Those of one page with their names: nobody else's is opened."""
    details = read.edge.vault.get_details([one.person_id for one in items], None)
    names = {person_id: known.name or None for person_id, known in details.items()}
    return [replace(one, name=names.get(one.person_id)) for one in items]


def _own(one: consents.Consent, at: datetime) -> ConsentView:
    return ConsentView(
        consent_id=one.consent_id,
        version=one.version,
        district_id=None if one.district_id == ANY_DISTRICT else one.district_id,
        zone=one.zone,
        expires_on=one.expires_on,
        given_at=one.given_at,
        withdrawn_at=one.withdrawn_at,
        stands=one.withdrawn_at is None and local_date(at, one.zone) < one.expires_on,
    )

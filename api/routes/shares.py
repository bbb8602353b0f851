"""Shares: a teacher lets others see parts of her record; each view is hers to know of."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field

from api.access import must_be
from api.access_shares import must_receive_shares, must_see_share
from api.answers import Recorded, answer, recorded
from api.disclosures import shows
from api.paging import PageOf
from api.reading import PagedReadNow, Read, ReadNow, zone_of_person
from api.routing import Router
from api.share_views import Views, views_of
from api.shared_records import VIEWS, SharedRecord, must_stand, shared_record
from api.words import words_about
from api.writing import Write, WriteNow
from ledger.aggregates.person import Person
from ledger.aggregates.share import Recipient, Share, ShareTerms, Standing
from ledger.aggregates.share import standing as standing_of
from ledger.commands import share as commands
from ledger.commands.pre_service import lacking_consent
from ledger.events.share import RecipientKind, SharePart
from ledger.values import POSITION_MAX, Day, ShortText, Slug, Value
from projections import shares
from projections.shares import Granted

router = Router("shares")
SECRET_BYTES = 32  # 256 bits: nobody guesses one
NAME = "share-recipient"  # what the vault calls it


class ToDistrict(Value):
    """Whoever acts for a district of this ledger."""

    kind: Literal["district"]
    district_id: UUID


class ToIssuer(Value):
    """Whoever approves for an issuer of this ledger."""

    kind: Literal["issuer"]
    issuer_id: UUID


class ToLink(Value):
    """Whoever has the link. The name is a note to herself, and stays in the vault."""

    kind: Literal["link"]
    name: ShortText | None = None


class NewShare(Value):
    """Who may see what, why, and until when. Evidence is shown only where she says so."""

    recipient: Annotated[ToDistrict | ToIssuer | ToLink, Field(discriminator="kind")]
    scope: tuple[SharePart, ...]
    enrollment_ids: tuple[UUID, ...] = ()  # none: all awards, also later ones
    purpose: Slug
    expires_on: Day  # the first day on which it is no longer shown


class ShareMade(Recorded):
    """The share stands. A link is shown here alone, and not again when the request is resent."""

    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """One share of hers, and how often it was looked at."""

    share_id: UUID
    recipient_kind: RecipientKind
    recipient_id: UUID | None
    recipient_name: str | None  # as she noted it for a link
    scope: list[SharePart]
    enrollment_ids: list[UUID]
    purpose: str
    zone: str
    expires_on: date
    granted_at: datetime
    standing: Standing
    views: int
    last_viewed_at: datetime | None
    late_views: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedShare:
    """What somebody lets a district or an issuer see."""

    share_id: UUID
    person_id: UUID
    scope: list[SharePart]
    purpose: str
    zone: str
    expires_on: date
    granted_at: datetime
    standing: Standing


@router.write("/people/{person_id}/shares", ShareMade)
def grant_share(person_id: UUID, body: NewShare, write: WriteNow) -> Response:
    """Let somebody see parts of your record. Nobody else has a say in it."""
    must_be(write.caller, person_id)
    secret = secrets.token_urlsafe(SECRET_BYTES) if isinstance(body.recipient, ToLink) else None
    with write.edge.reading([person_id]) as connection:
        zone = zone_of_person(connection, person_id)
    receipt = commands.grant_share(
        write.edge.ledger,
        write.call(body),
        person_id=person_id,
        recipient=_recipient(write, person_id, body, secret),
        terms=ShareTerms(
            scope=body.scope,
            enrollment_ids=body.enrollment_ids,
            purpose=body.purpose,
            zone=zone,
            expires_on=body.expires_on,
        ),
        vault=write.edge.vault,
    )
    shown = secret is not None and not receipt.replayed
    return recorded(receipt, link=_link(write, secret) if shown else None)


@router.write("/shares/{share_id}/revocations")
def revoke_share(share_id: UUID, write: WriteNow) -> Response:
    """End a share at once: from now on it shows nothing to anybody."""
    must_be(write.caller, write.edge.ledger.get(Share, share_id).person_id)
    return recorded(write.run(commands.revoke_share, share_id=share_id))


@router.read("/people/{person_id}/shares", PageOf[ShareView])
def list_shares(person_id: UUID, read: PagedReadNow) -> Response:
    """What you share with whom, the newest first, and how often it was looked at."""
    must_be(read.caller, person_id)
    before, limit = read.page.after(int, POSITION_MAX), read.page.limit
    with read.connection(person_id) as connection:
        position = read.visible("shares")
        found = shares.of_person(connection, person_id, before=before, limit=limit)
    hidden = _hidden(read, found)
    seen = views_of(read.edge, read.edge.watch.ids_of(person_id))
    names = words_about(read.edge, person_id, [one.recipient_text_id for one in found])
    items = [
        _own(one, _standing(one, read.at, hidden), seen.get(one.share_id, Views()), names)
        for one in found
    ]
    return read.page.answer(items, position, key=found[-1].granted_position if found else None)


@router.read("/districts/{district_id}/shares", PageOf[ReceivedShare])
def list_shares_with_district(district_id: UUID, read: PagedReadNow) -> Response:
    """What teachers let a district see, also those it never employed; the newest first."""
    must_receive_shares(read.caller, district_id)
    return _received(read, district_id)


@router.read("/issuers/{issuer_id}/shares", PageOf[ReceivedShare])
def list_shares_with_issuer(issuer_id: UUID, read: PagedReadNow) -> Response:
    """What teachers let an issuer see, the newest first."""
    must_receive_shares(read.caller, issuer_id)
    return _received(read, issuer_id)


@router.read("/shares/{share_id}/record", SharedRecord)
def read_shared_record(share_id: UUID, read: ReadNow) -> Response:
    """What a share shows as of now: for its recipient, and for her who granted it."""
    share = read.edge.ledger.get(Share, share_id)
    must_see_share(read.caller, share)
    own = read.caller.is_person(share.person_id)
    reader_id = None if own else read.caller.principal_id
    person_id = must_stand(read.edge, share, read.at, reader_id=reader_id)
    with read.connection(party_to=person_id) as connection:
        position = read.visible(*VIEWS)
        found = shared_record(read.edge, connection, share, read.at)
    if share.recipient.id is not None:
        within = [share.recipient.id]
        shows(read, "share", [person_id], within=within, role="recipient", thing_id=share_id)
    return answer(found, position=position)


def _recipient(write: Write, person_id: UUID, body: NewShare, secret: str | None) -> Recipient:
    match body.recipient:
        case ToDistrict(district_id=district_id):
            return Recipient(kind="district", id=district_id)
        case ToIssuer(issuer_id=issuer_id):
            return Recipient(kind="issuer", id=issuer_id)
        case ToLink(name=name):
            assert secret is not None, "a link has a secret"
            kept = write.keep(person_id, NAME, name)
            return Recipient(kind="link", name=kept, secret_sha256=commands.secret_digest(secret))


def _link(write: Write, secret: str | None) -> str:
    host = write.edge.settings.public_host
    return f"{f'https://{host}' if host else ''}/share/{secret}"


def _own(one: Granted, standing: Standing, seen: Views, names: Mapping[UUID, str]) -> ShareView:
    return ShareView(
        share_id=one.share_id,
        recipient_kind=one.recipient_kind,
        recipient_id=one.district_id or one.issuer_id,
        recipient_name=names.get(one.recipient_text_id) if one.recipient_text_id else None,
        scope=one.scope,
        enrollment_ids=one.enrollment_ids,
        purpose=one.purpose,
        zone=one.zone,
        expires_on=one.expires_on,
        granted_at=one.granted_at,
        standing=standing,
        views=seen.views,
        last_viewed_at=seen.last_viewed_at,
        late_views=seen.late_views,
    )


def _received(read: Read[Any], recipient_id: UUID) -> Response:
    before, limit = read.page.after(int, POSITION_MAX), read.page.limit
    with read.connection() as connection:
        position = read.visible("shares")
        found = shares.with_recipient(connection, recipient_id, before=before, limit=limit)
    hidden = _hidden(read, found)
    items = [
        ReceivedShare(
            share_id=one.share_id,
            person_id=one.person_id,
            scope=one.scope,
            purpose=one.purpose,
            zone=one.zone,
            expires_on=one.expires_on,
            granted_at=one.granted_at,
            standing=_standing(one, read.at, hidden),
        )
        for one in found
    ]
    persons = {one.person_id for one in items}
    shows(read, "shares", persons, within=[recipient_id], role="recipient")
    return read.page.answer(items, position, key=found[-1].granted_position if found else None)


def _hidden(read: Read[Any], found: Sequence[Granted]) -> set[UUID]:
    """Whose shares show nothing, whatever their terms: `must_stand` asks the same of each."""
    person_ids = {one.person_id for one in found}
    persons = read.edge.ledger.find_many(Person, person_ids).values()
    minors = lacking_consent(read.edge.vault, persons, "sharing", read.at)
    return {*read.edge.vault.erased(person_ids), *minors}


def _standing(one: Granted, at: datetime, hidden: Collection[UUID]) -> Standing:
    revoked = one.revoked_at is not None or one.person_id in hidden
    return standing_of(one.expires_on, one.zone, at, revoked=revoked)

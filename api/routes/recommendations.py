"""What a teacher could earn next, what she wants to be told of it, and that she is told."""

from __future__ import annotations

from datetime import date
from functools import partial
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_act_for_district, must_be, must_employ
from api.answers import ListOf, answer_all, recorded
from api.quotes import must_be_near
from api.reading import KnownReadNow, ReadNow, zone_of_person
from api.recommendations import VIEWS, Asked, Recommendation, recommendations
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.organization import Organization
from ledger.commands import notification as commands
from ledger.events.notification import Channel, NotificationKind, Told
from ledger.store import EVERYTHING
from ledger.values import POSITION_MAX, Flag, Value, local_date

router = Router("recommendations")
CHANNEL: Channel = "webhook"


class Preference(Value):
    """Whether she wants to be told of such things by this channel."""

    channel: Channel
    kind: NotificationKind
    wanted: Flag


class PreferenceHeld(BaseModel):
    """What holds for one kind; `said` is false where she has not said anything yet."""

    channel: Channel
    kind: NotificationKind
    wanted: bool
    said: bool


@router.read("/people/{person_id}/recommendations", ListOf[Recommendation])
def read_recommendations(person_id: UUID, read: KnownReadNow) -> Response:
    """What would finish a stack, and what a district of hers would pay for, each with its reason.

    What pays comes from the quote of each micro-credential that she has begun, that a stack lacks,
    or that a policy names: the first twenty of them. It binds nobody.
    """
    must_be(read.caller, person_id)
    with read.connection(person_id) as connection:
        zone = zone_of_person(connection, person_id)
        position = read.visible(*VIEWS)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
    must_be_near("effective_on", read.query.effective_on, read.day(zone, None))
    day = read.day(zone, read.query.effective_on)
    asked = Asked(person_id, read.at, day, as_of, min(as_of, position))
    return answer_all(recommendations(read.edge, asked), asked.shown_to)


@router.read("/people/{person_id}/notification-preferences", ListOf[PreferenceHeld])
def list_notification_preferences(person_id: UUID, read: ReadNow) -> Response:
    """What she is told of: everything of which she has not said otherwise."""
    must_be(read.caller, person_id)
    said = commands.wishes_of(read.edge.ledger, person_id).wanted
    return answer_all(
        [
            {
                "channel": CHANNEL,
                "kind": kind,
                "wanted": said.get((CHANNEL, kind), True),
                "said": (CHANNEL, kind) in said,
            }
            for kind in commands.KINDS
        ]
    )


@router.write("/people/{person_id}/notification-preferences")
def set_notification_preference(person_id: UUID, body: Preference, write: WriteNow) -> Response:
    """Be told of such things from now on, or not."""
    must_be(write.caller, person_id)
    return recorded(write.run(commands.set_notification_preference, body, person_id=person_id))


@router.write("/districts/{district_id}/people/{person_id}/recommendation-notices")
def recommend_to_person(district_id: UUID, person_id: UUID, write: WriteNow) -> Response:
    """Have a teacher told, through the district's webhook, that there is something new for her.

    The message names her and of which kinds it is, and no more: what is recommended is hers to
    read. What she does not want to be told of is written down and not sent.
    """
    must_act_for_district(write.caller, district_id)
    call = write.call()
    employed = partial(must_employ, district_id=district_id, person_id=person_id)
    write.find([EVERYTHING], employed)
    earlier = write.edge.ledger.replayed(call)
    if earlier is not None:
        return recorded(earlier)
    zone = write.edge.ledger.get(Organization, district_id).zone
    shown_to = write.edge.visible(VIEWS, write.edge.ledger.recorder.last_position())
    day: date = local_date(write.at, zone)
    found = recommendations(write.edge, Asked(person_id, write.at, day, POSITION_MAX, shown_to))
    due = [
        Told(kind=one.kind, about_id=one.stack_id, credential_id=None)
        for one in found
        if one.stack_id is not None
    ] + [
        Told(kind=one.kind, about_id=one.policy_id, credential_id=one.credentials[0].credential_id)
        for one in found
        if one.policy_id is not None and one.district_id == district_id
    ]
    return recorded(
        commands.recommend(
            write.edge.ledger,
            call,
            person_id=person_id,
            district_id=district_id,
            channel=CHANNEL,
            due=due,
        )
    )

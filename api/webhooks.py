"""Tells addresses what happened, signed as Standard Webhooks describes, until each has taken it.

A follower with a bookmark of its own fills the outbox from what follows from the log; whoever
sends leases a message, tries, and says what came of it. So a message is sent at least once, and
one whose receiver stays away is tried again once a day for as long as its address is registered.
The outbox does not keep what a message says: that is read when it is sent, and of a person who is
erased by then nothing is sent.

https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from standardwebhooks import Webhook as Signer

from api.edge import Edge
from api.webhook_http import post
from ledger.sql import blocks, execute, fetch
from ledger.store import EVERYTHING
from projections import webhooks

VIEW = ("webhooks",)
SECRET_BYTES = 32
LEASE = timedelta(minutes=2)  # longer than a try can take
AT_ONCE = 20
FOREVER = timedelta(days=365 * 100)
# As the specification proposes, and then once a day.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
PARKED = "not derived"  # nothing to send, though the view has come there: looked at once a day
_SQL = blocks("api", "webhooks.sql")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one message has come on its way to one address."""

    message_id: str
    position: int
    attempts: int
    next_try_at: datetime
    last_answer: str | None
    delivered_at: datetime | None


class _Leased(NamedTuple):
    webhook_id: UUID
    message_id: str
    position: int
    attempts: int


class _Known(NamedTuple):
    """What a try rests on."""

    position: int  # up to where the view had come before the rest was read
    addresses: Mapping[UUID, webhooks.Address]
    messages: Mapping[int, webhooks.Message]
    erased: Collection[UUID]


def new_secret() -> str:
    """A secret to sign with, in the form that receivers know."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def fill(edge: Edge, now: datetime) -> int:
    """Put what happened since into the outbox; how many messages there are to send for it."""
    until = edge.watch.position(VIEW)
    with edge.secrets.connection() as outbox:
        [(after,)] = fetch(outbox, _SQL["bookmark"])
        if until <= after:
            return 0
        with edge.reading([EVERYTHING]) as connection:
            found = webhooks.to_tell(connection, after=after, until=until)
        if not execute(outbox, _SQL["move_bookmark"], after=after, to=until):
            return 0  # somebody else follows as well, and was faster
        execute(
            outbox,
            _SQL["add"],
            webhook_ids=[one.webhook_id for one in found],
            message_ids=[one.message_id for one in found],
            positions=[one.position for one in found],
            now=now,
        )
    return len(found)


def deliver(edge: Edge, clock: Callable[[], datetime]) -> int:
    """Try what is due, each message once; how many were taken."""
    now = clock()
    with edge.secrets.connection() as outbox:
        rows = fetch(outbox, _SQL["lease"], now=now, until=now + LEASE, limit=AT_ONCE)
    leased = [_Leased(*row) for row in rows]
    position = edge.watch.position(VIEW)
    with edge.reading([EVERYTHING]) as connection:
        addresses = webhooks.addresses(connection, [one.webhook_id for one in leased])
        messages = webhooks.messages(connection, [one.position for one in leased])
    named = [one.person_id for one in messages.values() if one.person_id is not None]
    known = _Known(position, addresses, messages, edge.vault.erased(named))
    return sum(_try(edge, one, known, clock) for one in leased)


def deliveries(edge: Edge, webhook_id: UUID, limit: int) -> list[Delivery]:
    """What was and is to be told to an address, the newest first."""
    with edge.secrets.connection() as outbox:
        rows = fetch(outbox, _SQL["deliveries"], webhook_id=webhook_id, limit=limit)
    return [Delivery(*row) for row in rows]


def parked(edge: Edge) -> list[tuple[str, int]]:
    """Messages that nothing can be sent for, each with the position that it tells of."""
    with edge.secrets.connection() as outbox:
        return [(name, at) for name, at in fetch(outbox, _SQL["parked"], answer=PARKED)]


def signed(secret: str, message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of a message."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Signer(secret).sign(message_id, at, body),
    }


def _try(edge: Edge, one: _Leased, known: _Known, clock: Callable[[], datetime]) -> bool:
    address, message = known.addresses.get(one.webhook_id), known.messages.get(one.position)
    if address is None or message is None:
        # A view that is made anew may be behind what it has shown before; one that is not behind
        # will not show it either, until somebody mends the view.
        behind = known.position < one.position
        why, pause = ("not derived yet", PAUSES[0]) if behind else (PARKED, PAUSES[-1])
        _failed(edge, one, why, clock() + pause)
        return False
    if address.removed_position is not None:
        _failed(edge, one, "removed", clock() + FOREVER)
        return False
    if message.person_id in known.erased:
        _failed(edge, one, "erased", clock() + FOREVER)
        return False
    secret = edge.vault.get_text(address.secret_text_id)
    headers = signed(secret, one.message_id, clock(), message.body)
    body = message.body.encode()
    why = post(address.url, body, headers, in_development=edge.settings.in_development)
    if why:
        pause = PAUSES[min(one.attempts, len(PAUSES)) - 1]
        _failed(edge, one, why, clock() + pause)
        return False
    with edge.secrets.connection() as outbox:
        execute(
            outbox,
            _SQL["delivered"],
            webhook_id=one.webhook_id,
            message_id=one.message_id,
            now=clock(),
        )
    return True


def _failed(edge: Edge, one: _Leased, why: str, again: datetime) -> None:
    with edge.secrets.connection() as outbox:
        execute(
            outbox,
            _SQL["failed"],
            webhook_id=one.webhook_id,
            message_id=one.message_id,
            next=again,
            answer=why,
        )

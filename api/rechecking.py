"""Asks the issuers of received records again, each once a day, and says what they took back.

What a record rests on is put under review by that, and the district is told by its webhooks. How
far the round has come is kept, so that whoever is stopped goes on where it was, and two who follow
share one round. A record about which asking fails is asked about again tomorrow.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from threading import Event
from uuid import UUID, uuid4

from api import rounds
from api.edge import Edge
from api.imports.records import Rechecked, recheck_record
from api.rounds import NOT_NOW, Clock
from ledger.application import Call
from ledger.errors import ErasedError, LedgerError
from ledger.sql import blocks, execute, fetch
from ledger.store import EVERYTHING
from ledger.values import stream_id
from projections import external_records
from projections.sql import NO_ID

RECHECKS = stream_id("principal", "rechecks")  # in whose name issuers are asked again
ROUND = timedelta(days=1)
AT_ONCE = 20
PAUSE_SECONDS = 60.0
_SQL = blocks("api", "rechecking.sql")
_log = logging.getLogger("mcledger.rechecks")


def follow(edge: Edge, clock: Clock, stop: Event) -> None:
    """Ask about each record once a day, until `stop` is set."""
    rounds.follow("rechecks", lambda: recheck_some(edge, clock), stop, pause_seconds=PAUSE_SECONDS)


def recheck_some(edge: Edge, clock: Clock) -> int:
    """Ask about some of the records that have not been asked about today; about how many."""
    edge.witnesses.must_allow_writing()
    now = clock()
    with edge.secrets.connection() as connection:
        execute(connection, _SQL["begin"], now=now, first=NO_ID, before=now - ROUND)
        [(after,)] = fetch(connection, _SQL["come_to"])
    if after is None:
        return 0
    with edge.reading([EVERYTHING]) as connection:
        page = external_records.page(connection, after=after, limit=AT_ONCE)
    for record in page:
        if record.kind == "document":
            continue  # nobody signed it
        _ask_again(edge, record.record_id, clock)
    to = page[-1].record_id if page else None
    with edge.secrets.connection() as connection:
        execute(connection, _SQL["go_on"], after=after, to=to)
    return len(page)


def recheck(edge: Edge, record_id: UUID, principal: UUID, at: datetime) -> Rechecked:
    """Ask about one record in somebody's name."""
    command_id = uuid4()
    hashed = edge.vault.body_hash(command_id.bytes)
    call = Call(caller_id=principal, command_id=command_id, body_hash=hashed, at=at)
    return recheck_record(edge, call, record_id)


def _ask_again(edge: Edge, record_id: UUID, clock: Clock) -> None:
    """Ask about one record; what is wrong with it keeps nobody from asking about the next."""
    try:
        found = recheck(edge, record_id, RECHECKS, clock())
    except ErasedError:
        return  # nobody knows any more what it said
    except NOT_NOW:
        raise
    except LedgerError as error:
        _log.warning("record %s was not asked about: %s", record_id, error.slug)
        return
    if found.put_under_review:
        _log.info("record %s: %s put under review", record_id, found.put_under_review)

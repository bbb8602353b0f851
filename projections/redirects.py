"""Who is meant by an id: two records of one person are one from where the log says so.

This is the one place that turns folds around. The reader of the log gives every event behind a
merge the id of the person who was kept, so no projection ever hears of the other again; and it
ends a page before a merge and behind it, so a merge is folded alone, by `Projection.merge`, which
moves what the tables said of the other record. A rebuild does the same at the same position, and
gives both records to one worker. Nothing in the log is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events import LedgerEvent
from ledger.events.access import AccessEvent
from ledger.events.batch import BatchLinesListed
from ledger.events.merge import MERGES, MergeEvent, PersonsMerged
from ledger.events.person import PersonEvent
from ledger.values import POSITION_MAX
from projections.sql import blocks, rows

Redirects = Mapping[UUID, UUID]  # from every id that is another's now to the one that is kept
_SQL = blocks("log")


def redirects(connection: Connection[Any], until: int = POSITION_MAX) -> Redirects:
    """Who is meant by which id, as of a position."""
    found: dict[UUID, UUID] = {}
    topic = PersonsMerged.TOPIC
    for (state,) in rows(connection, _SQL["merges"], stream=MERGES, topic=topic, until=until):
        merged = orjson.loads(bytes(state))
        found[UUID(merged["merged_id"])] = UUID(merged["person_id"])
    return {one: _end(found, one) for one in found}


def _end(found: Mapping[UUID, UUID], person_id: UUID) -> UUID:
    while person_id in found:
        person_id = found[person_id]
    return person_id


def redirected(event: LedgerEvent, meant: Redirects) -> LedgerEvent:
    """The event as it is to be folded: about the person who was kept. Merges stay as they are."""
    if isinstance(event, MergeEvent | PersonEvent):
        return event  # whose stream it is stays true; a person's own events are only listed
    if isinstance(event, BatchLinesListed):
        return _lines_redirected(event, meant)
    name = "principal_id" if isinstance(event, AccessEvent) else "person_id"
    person_id = getattr(event, name, None)
    if person_id is None or person_id not in meant:
        return event
    return event.model_copy(update={name: meant[person_id]})


def _lines_redirected(event: BatchLinesListed, meant: Redirects) -> BatchLinesListed:
    """A batch that was drafted beside a merge may list its lines behind it, by the old id."""
    if not any(line.person_id in meant for line in event.lines):
        return event
    lines = tuple(
        line.model_copy(update={"person_id": meant.get(line.person_id, line.person_id)})
        for line in event.lines
    )
    return event.model_copy(update={"lines": lines})

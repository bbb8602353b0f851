"""Who had a hand in the awards that something is paid for: nobody pays for her own decisions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events.enrollment import (
    Adjudicated,
    AppealDecided,
    Awarded,
    IntegrityHoldResolved,
    Recommended,
    ReviewDecided,
    Scored,
)
from ledger.values import stream_id
from projections.sql import blocks, rows

VIEWS = ("history", "payouts")
BY_REVIEWERS = tuple(
    event.TOPIC
    for event in (
        Scored,
        Adjudicated,
        Recommended,
        ReviewDecided,
        IntegrityHoldResolved,
        AppealDecided,
    )
)
DECIDES = b'"issuer_approver"'
_SQL = blocks("reviewers")


def have_reviewed(
    connection: Connection[Any],
    who: Collection[UUID],
    entitlement_ids: Callable[[], Collection[str]],
) -> bool:
    """Whether one of these ids assessed or decided an award that an entitlement rests on.

    The connection has to be one that sees everything.
    """
    if not _may_review(connection, who):
        return False
    found = rows(
        connection,
        _SQL["have_reviewed"],
        entitlement_ids=list(entitlement_ids()),
        awarded=Awarded.TOPIC,
        topics=list(BY_REVIEWERS),
        persons=[str(one).encode() for one in who],
    )
    return bool(found[0][0])


def _may_review(connection: Connection[Any], who: Collection[UUID]) -> bool:
    grants = [stream_id("access", one) for one in who]
    sql = _SQL["may_review"]
    return bool(rows(connection, sql, person_ids=list(who), grants=grants, role=DECIDES)[0][0])

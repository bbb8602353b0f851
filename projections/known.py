"""What a projection's tables said at an earlier position, to be read by the same statements.

The events of a few streams, up to that position, are folded into temporary tables that stand in
front of the live ones as long as a block lasts, and are dropped with its end. So a report as of a
position comes from the same fold and the same query as the report of today, and cannot differ
from what it said then. The streams have to hold everything that the rows in question rest on.

Payouts keep their own versions and do without; a transcript is folded in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.values import POSITION_MAX
from projections import payouts
from projections.catalog import Catalog
from projections.contract import Projection
from projections.employments import Employments
from projections.log import facts_of
from projections.payouts import PolicyVersion
from projections.reviews import Reviews
from projections.sql import blocks, rows
from projections.stacks import Stacks

_SQL = blocks("known")


def stacks_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> AbstractContextManager[None]:
    """Her awards, and the stacks, as they were known then."""
    return _known(connection, Stacks(), position, "stacks_of_person", person_id=person_id)


def holders_of_stack(
    connection: Connection[Any], stack_id: UUID, position: int
) -> AbstractContextManager[None]:
    """One stack, and everybody's awards of what it ever named, as they were known then."""
    return _known(connection, Stacks(), position, "holders_of_stack", stack_id=stack_id)


def employments_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> AbstractContextManager[None]:
    """Her positions as they were known then."""
    return _known(connection, Employments(), position, "employments_of_person", person_id=person_id)


def employments_of_district(
    connection: Connection[Any], district_id: UUID, position: int
) -> AbstractContextManager[None]:
    """A district's positions as they were known then."""
    key = {"district_id": district_id}
    return _known(connection, Employments(), position, "employments_of_district", **key)


def organizations(connection: Connection[Any], position: int) -> AbstractContextManager[None]:
    """Districts and schools as they were known then."""
    return _known(connection, Employments(), position, "organizations")


def catalog(connection: Connection[Any], position: int) -> AbstractContextManager[None]:
    """The whole catalog as it was known then."""
    return _known(connection, Catalog(), position, "catalog")


def queue_of_issuer(
    connection: Connection[Any], issuer_id: UUID, position: int
) -> AbstractContextManager[None]:
    """What an issuer had open then. Reviews that were closed by then are left out."""
    key = {"issuer_id": issuer_id, "until": position}
    return _known(connection, Reviews(), position, "queue_of_issuer", **key)


def review(
    connection: Connection[Any], enrollment_id: UUID, position: int
) -> AbstractContextManager[None]:
    """The review of one enrollment as it stood then."""
    return _known(connection, Reviews(), position, "review", enrollment_id=enrollment_id)


def policies_known(
    connection: Connection[Any], district_id: UUID, position: int
) -> list[PolicyVersion]:
    """Every policy version that a district had adopted by then; what retired one later is left out.

    Versions never change, so the live rows say it.
    """
    adopted = payouts.policies_of_district(connection, district_id)
    return [
        one
        if (one.retired_position or 0) <= position
        else replace(one, last_day=None, retired_position=None)
        for one in adopted
        if one.position <= position
    ]


def _known(
    connection: Connection[Any], projection: Projection[Any], position: int, which: str, **key: Any
) -> AbstractContextManager[None]:
    if position >= POSITION_MAX:
        return nullcontext()
    streams = [stream for (stream,) in rows(connection, _SQL[which], **key)]
    return folded(connection, projection, streams, position)


@contextmanager
def _undisturbed(connection: Connection[Any]) -> Iterator[None]:
    """A connection that met an error goes: rolling back made the server forget its statements."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def folded(
    connection: Connection[Any], projection: Projection[Any], streams: Sequence[UUID], position: int
) -> Iterator[None]:
    """Tables of one projection made from these streams alone, up to a position."""
    facts = [
        fact
        for fact in facts_of(connection, streams, position)
        if projection.relevant(fact.event) is not None
    ]
    with _undisturbed(connection), connection.transaction():
        for table in map(Identifier, (table.name for table in projection.tables)):
            make = "CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP"
            connection.execute(SQL(make).format(table=table))
        rows(connection, _SQL["look_there_first"])
        for write in projection.apply(facts, connection):
            connection.execute(*write)
        projection.finish(connection)
        yield

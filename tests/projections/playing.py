"""Plays facts into the tables of one projection, without log or engine, and looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import psycopg
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from projections.contract import Fact, Projection
from projections.sql import write
from tests.database import Server

Facts = Sequence[Fact[Any]]


@contextmanager
def tables_of(server: Server, projection: Projection[Any]) -> Iterator[Connection[Any]]:
    """A database with the tables of one projection in it."""
    with (
        server.database("template0") as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(projection.sql["create"])
        yield connection


def play(connection: Connection[Any], projection: Projection[Any], *batches: Facts) -> None:
    """Apply batch after batch, from empty tables."""
    with connection.transaction():  # faster than TRUNCATE while the tables are small
        for table in projection.tables:
            connection.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))
    for batch in batches:
        play_on(connection, projection, batch)


def play_on(connection: Connection[Any], projection: Projection[Any], batch: Facts) -> None:
    """Apply one more batch."""
    wanted = [fact for fact in batch if projection.relevant(fact.event) is not None]
    if wanted:
        with connection.transaction():
            write(connection, projection.apply(wanted, connection))
            projection.finish(connection)


def dump(connection: Connection[Any], projection: Projection[Any]) -> dict[str, list[Any]]:
    """Every row of every table."""
    query = SQL("SELECT to_jsonb(t)::text FROM {} t ORDER BY 1")
    return {
        table.name: connection.execute(query.format(Identifier(table.name))).fetchall()
        for table in projection.tables
    }


def dumps_however_cut(
    connection: Connection[Any], projection: Projection[Any], facts: Facts, data: st.DataObject
) -> list[dict[str, list[Any]]]:
    """The dumps after all facts at once, after one by one, and after batches cut anywhere."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(facts)))) | {0, len(facts)})
    dumps = []
    for batches in ([facts], [[one] for one in facts], [facts[a:b] for a, b in pairwise(cuts)]):
        play(connection, projection, *batches)
        dumps.append(dump(connection, projection))
    return dumps

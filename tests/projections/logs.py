"""A ledger of its own for tests of the read side: a log to fill, engines to run, tables to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.codec import encode
from ledger.events import LedgerEvent
from ledger.store import EVERYTHING, Role
from projections import setup
from projections.contract import Projection
from projections.database import Database
from projections.engine import Engine
from projections.log import LogReader
from projections.registry import PROJECTIONS
from tests.database import Server

RECORDED = datetime(2025, 1, 1, tzinfo=UTC)
Projections = Sequence[Projection[Any]]
Dump = dict[str, list[str]]


@dataclass
class Log:
    """One database with a ledger in it, `owner` connected as a superuser."""

    url: str
    owner: Connection[Any]
    reader: Connection[Any]  # as whoever reads the projections

    @property
    def database(self) -> Database:
        return Database(self.url)

    def fill(self, events: Sequence[LedgerEvent]) -> None:
        """Put events behind those that are there, one a minute."""
        self.fill_raw([(e.originator_id, e.originator_version, e.TOPIC, encode(e)) for e in events])

    def fill_raw(self, rows: Sequence[tuple[Any, int, str, bytes]]) -> None:
        """Put rows behind those that are there, whatever they hold."""
        at = self.last() + 1
        columns = (
            "notification_id, recorded_at, originator_id, originator_version, topic, state,"
            " command_id, command_index, body_hash"
        )
        statement = f"COPY ledger.ledger_events ({columns}) FROM STDIN"
        with self.owner.cursor().copy(statement) as copy:
            for position, row in enumerate(rows, start=at):
                recorded_at = RECORDED + timedelta(minutes=position)
                copy.write_row((position, recorded_at, *row, uuid4(), 0, bytes(32)))

    def last(self) -> int:
        query = "SELECT coalesce(max(notification_id), 0) FROM ledger.ledger_events"
        row = self.owner.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def empty(self, projections: Projections = PROJECTIONS) -> None:
        """A new ledger without the wait: as its owner may, and nobody else.

        Rows are deleted, for there are few: TRUNCATE makes new files for every table and index,
        which took fifty times as long.
        """
        tables = [f"ledger_read.{table.name}" for p in projections for table in p.tables]
        self.owner.execute(
            "ALTER TABLE ledger.ledger_events DISABLE TRIGGER append_only;"
            + "".join(f"DELETE FROM {table};" for table in tables)
            + "DELETE FROM ledger_read.parked; DELETE FROM ledger.ledger_events;"
            "ALTER TABLE ledger.ledger_events ENABLE ALWAYS TRIGGER append_only;"
            "UPDATE ledger_read.bookmarks SET position = 0 WHERE position <> 0"
        )

    @contextmanager
    def engine(
        self,
        projections: Projections = PROJECTIONS,
        page_events: int = 1000,
        *,
        ahead: bool = False,
    ) -> Iterator[Engine]:
        """What a runner runs, without the runner."""
        database = self.database
        with (
            closing(database.connect()) as connection,
            closing(LogReader(database.connect(), ahead=ahead, page_events=page_events)) as reader,
        ):
            yield Engine(
                connection,
                reader,
                projections,
                channel=database.channel,
                lock_space=database.lock_space,
            )

    def catch_up(self, projections: Projections = PROJECTIONS, page_events: int = 1000) -> None:
        with self.engine(projections, page_events) as engine:
            engine.run_to_end()

    def dump(self, projections: Projections = PROJECTIONS) -> Dump:
        """Every row of every table, in an order of its own."""
        return {
            table.name: self.all_of(table.name)
            for projection in projections
            for table in projection.tables
        }

    def all_of(self, table: str) -> list[str]:
        query = SQL("SELECT t::text FROM ledger_read.{} t ORDER BY 1").format(Identifier(table))
        return [text for (text,) in self.owner.execute(query).fetchall()]

    def bookmarks(self) -> dict[str, int]:
        found = self.owner.execute("SELECT name, position FROM ledger_read.bookmarks").fetchall()
        return dict(found)


@contextmanager
def a_log(server: Server, projections: Projections = PROJECTIONS) -> Iterator[Log]:
    """A fresh database, migrated; the projections may be others than those there are."""
    ready = projections is PROJECTIONS
    with (
        server.database(server.projected if ready else server.template) as url,
        psycopg.connect(url, autocommit=True) as owner,
    ):
        if not ready:
            setup.migrate(url, projections=projections)
        with closing(Database(url).connect(role=Role.READ)) as reader:
            # These tests are about what is in the tables; tests/api asks who is shown it.
            reader.execute("SELECT set_config('mcledger.scope', %s, false)", [f"{{{EVERYTHING}}}"])
            yield Log(url, owner, reader)

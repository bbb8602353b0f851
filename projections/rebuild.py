"""Makes the tables of projections anew from the whole log, beside the live ones, and swaps.

Workers share the log by persons: each reads all of it and folds what is about its own persons,
into tables that all of them write, since no two touch the same row. What is about nobody each
worker folds for itself into temporary tables, because it has to know it at its own position; the
first worker's are kept. `finish` then settles what spans persons, once. The live tables are read
and kept up to date meanwhile; they stand still only for the last events and the swap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, errors
from psycopg.sql import SQL, Composed, Identifier

from ledger.collector import collector_resting
from ledger.errors import InvalidError, UnavailableError
from projections import parking
from projections.contract import Projection, Table
from projections.database import Database, lock_space
from projections.engine import Engine
from projections.lanes import fork_server
from projections.log import LogReader, Shard, last_position
from projections.redirects import redirects
from projections.setup import make_tables
from projections.sql import blocks, rows

SWAP_TRIES_MAX = 100
SWAP_PAUSE_SECONDS = 0.05
REBUILDING = "rebuild"
_SQL = blocks("engine")

Projections = Sequence[Projection[Any]]
Progress = Callable[[int, int], None]


def nobody(_done: int, _total: int) -> None:
    """Hears of progress and does nothing."""


class RebuildRunningError(UnavailableError):
    """Another rebuild or check is under way."""

    slug = "rebuild-running"


class RebuildFailedError(UnavailableError):
    """A worker of the rebuild came to grief; the live tables are untouched."""

    slug = "rebuild-failed"


class UnknownProjectionError(InvalidError):
    """There is no such projection."""

    slug = "unknown-projection"


@dataclass(frozen=True, slots=True)
class Beside:
    """Tables made anew, not yet those that people read."""

    database: Database
    connection: Connection[Any]
    engine: Engine
    projections: Projections

    def catch_up(self, until: int | None = None) -> int:
        """Fold on up to the end of the log or a position; returns the position reached."""
        self.engine.run_to_end(until)
        return min(int(position) for _, position in rows(self.connection, _SQL["positions"]))

    @contextmanager
    def standstill(self) -> Iterator[int]:
        """Nothing moves the live tables; gives the position at which they stand."""
        held = []
        try:
            for projection in self.projections:
                key = {"space": self.database.lock_space, "name": projection.name}
                rows(self.connection, _SQL["lock"], **key)
                held.append(key)
            yield self.live_position()
        finally:
            for key in held:
                rows(self.connection, _SQL["unlock"], **key)

    def live_position(self) -> int:
        """How far the one of these has come that is furthest."""
        return _live_position(self.connection, self.database, self.projections)


def rebuild(
    database: Database,
    projections: Projections,
    *,
    workers: int = 2,
    progress: Progress = nobody,
) -> int:
    """Rebuild some projections, whatever state their tables are in, and swap the new ones in.

    What was parked gets another chance. Returns the position the new tables are at.

    Args:
        database: Of the ledger.
        projections: Whose tables to make anew.
        workers: Processes to share the persons among.
        progress: Hears how many positions of how many are done.

    Raises:
        RebuildRunningError: one at a time.
        RebuildFailedError: nothing has changed.
    """
    with made_beside(database, projections, workers=workers, progress=progress) as beside:
        beside.catch_up()
        with beside.standstill() as position:
            reached = beside.catch_up(position)
            for projection in projections:
                _swap(beside, projection)
        return reached


def unpark(
    database: Database, projections: Projections, *, workers: int = 2, progress: Progress = nobody
) -> list[str]:
    """Give everything parked another chance: rebuild whatever has something parked.

    Returns the names of what was rebuilt; what is still bad is parked again.
    """
    with closing(database.connect()) as connection:
        names = {entry.name for entry in parking.parked(connection)}
    troubled = [projection for projection in projections if projection.name in names]
    if troubled:
        rebuild(database, troubled, workers=workers, progress=progress)
    return [projection.name for projection in troubled]


def chosen(names: Sequence[str], projections: Projections) -> Projections:
    """The projections of these names, or all when none is named."""
    known = {projection.name: projection for projection in projections}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownProjectionError(
            f"there is no projection {unknown[0]!r}; there are {', '.join(known)}"
        )
    return [known[name] for name in names] or list(projections)


@contextmanager
def made_beside(
    database: Database,
    projections: Projections,
    *,
    workers: int,
    progress: Progress,
    behind_live: bool = False,
) -> Iterator[Beside]:
    """Tables folded from nothing up to about the end of the log; dropped again at the end.

    `behind_live`: no further than the live tables have come, which may be late.
    """
    with closing(database.connect(database.beside, name="rebuild", patient=True)) as connection:
        key = {"space": database.lock_space, "name": REBUILDING}
        if not rows(connection, _SQL["try_lock"], **key)[0][0]:
            raise RebuildRunningError("another rebuild or check of this ledger is under way")
        _drop_all(connection, database)
        make_tables(connection, database, database.beside, projections)
        until = last_position(connection)
        if behind_live:
            until = min(until, _live_position(connection, database, projections))
        _fold_in_shares(database, projections, until, workers, progress)
        _finish(connection, projections, until)
        reader = LogReader(database.connect(name="rebuild-reader", patient=True))
        with closing(reader):
            engine = _engine(database, connection, reader, projections)
            yield Beside(database, connection, engine, projections)
        _drop_all(connection, database)
        # A closed connection gives its locks back when the server notices: too late for the next.
        rows(connection, _SQL["unlock"], **key)


def _live_position(
    connection: Connection[Any], database: Database, projections: Projections
) -> int:
    names = {projection.name for projection in projections}
    query = SQL("SELECT name, position FROM {}.bookmarks")
    found = connection.execute(query.format(Identifier(database.live))).fetchall()
    return max(int(position) for name, position in found if name in names)


def _engine(
    database: Database,
    connection: Connection[Any],
    reader: LogReader,
    projections: Projections,
    *,
    finishing: bool = True,
) -> Engine:
    """An engine that no lock on the live tables stops, and that announces where nobody listens."""
    return Engine(
        connection,
        reader,
        projections,
        channel=database.beside,
        lock_space=lock_space(database.beside),
        finishing=finishing,
    )


def _fold_in_shares(
    database: Database, projections: Projections, until: int, workers: int, progress: Progress
) -> None:
    """Fold everything up to a position: this process the first share, others the rest."""
    server = fork_server()
    others = [
        server.Process(target=fold_share, args=(database, projections, Shard(n, workers), until))
        for n in range(1, workers)
    ]
    for other in others:
        other.start()
    try:
        fold_share(database, projections, Shard(0, workers), until, progress)
    except BaseException:
        for other in others:
            other.terminate()
        raise
    finally:
        for other in others:
            other.join()
    if any(other.exitcode for other in others):
        raise RebuildFailedError(
            "a worker of the rebuild ended early; the live tables are as before"
        )


def fold_share(
    database: Database,
    projections: Projections,
    shard: Shard,
    until: int,
    progress: Progress = nobody,
) -> None:
    """One worker: fold one share of the persons, and in the first worker what has no shares."""
    sharded = [projection for projection in projections if projection.sharded]
    whole = [projection for projection in projections if not projection.sharded]
    if whole and shard.index == 0:
        with _worker(database, (database.beside,), None) as (connection, reader):
            _engine(database, connection, reader, whole).run_to_end(until)
    if sharded:
        with _worker(database, ("pg_temp", database.beside), shard) as (connection, reader):
            _make_temporary(connection, database, sharded)
            engine = _engine(database, connection, reader, sharded, finishing=False)
            done = 0
            while moved := engine.step(until):
                done += moved
                progress(done, until)
            _hand_over(connection, database, sharded, first=shard.index == 0)
    _analyze(database, projections, shard)


@contextmanager
def _worker(
    database: Database, path: tuple[str, ...], shard: Shard | None
) -> Iterator[tuple[Connection[Any], LogReader]]:
    """The reader has no thread of its own: the workers fill the processors as it is."""
    with closing(database.connect(*path, name="rebuild-worker", patient=True)) as connection:
        log = database.connect(name="rebuild-reader", patient=True)
        share = None if shard is None or shard.count == 1 else shard.knowing(redirects(log))
        reader = LogReader(log, shard=share, ahead=False)
        with closing(reader):
            yield connection, reader


def _own_tables(projections: Projections) -> list[Table]:
    """Those of which each worker has a copy."""
    return [t for p in projections for t in p.tables if t.apart or not t.by_person]


def _make_temporary(
    connection: Connection[Any], database: Database, projections: Projections
) -> None:
    """This worker's own bookmarks, parking place, and copies of what is about nobody."""
    for table in ("bookmarks", "parked", *(own.name for own in _own_tables(projections))):
        statement = SQL("CREATE TEMPORARY TABLE {} (LIKE {}.{} INCLUDING ALL)").format(
            Identifier(table), Identifier(database.beside), Identifier(table)
        )
        connection.execute(statement)
    for projection in projections:
        register = {"name": projection.name, "digest": projection.digest}
        connection.execute(_SQL["register"], register)


def _hand_over(
    connection: Connection[Any], database: Database, projections: Projections, *, first: bool
) -> None:
    """Every worker has its own persons; what is about nobody is the same in all of them."""
    with connection.transaction():
        handed = [own.name for own in _own_tables(projections) if first or own.by_person]
        for table in ("parked", *handed):
            statement = SQL(
                "INSERT INTO {}.{} SELECT * FROM pg_temp.{} ON CONFLICT DO NOTHING"
            ).format(Identifier(database.beside), Identifier(table), Identifier(table))
            connection.execute(statement)


def _analyze(database: Database, projections: Projections, shard: Shard) -> None:
    """Sample this worker's share of the tables. Others may still write: what is there shows how."""
    tables = [table for projection in projections for table in projection.tables]
    with closing(
        database.connect(database.beside, name="rebuild-worker", patient=True)
    ) as connection:
        for table in tables[shard.index :: shard.count]:
            connection.execute(SQL("ANALYZE {}").format(Identifier(table.name)))


def _finish(connection: Connection[Any], projections: Projections, until: int) -> None:
    with collector_resting(), connection.transaction():
        for projection in projections:
            if projection.sharded:
                projection.finish(connection)
        connection.execute(_SQL["arrive"], {"position": until})


def _swap(beside: Beside, projection: Projection[Any]) -> None:
    """Drop the live tables and move the new ones to their place, with bookmark and the parked.

    A reader of two tables may hold the one we want and wait for the one we hold. We give up long
    before the server would call that a deadlock and end the reader, and try again. An autovacuum
    of a large table takes longer than all tries, and the server calls it off only for somebody who
    waits longer: so that is waited for first, under a lock that no reader and no writer minds.
    """
    for _ in range(SWAP_TRIES_MAX):
        try:
            with beside.connection.transaction():
                beside.connection.execute(_SQL["be_patient"])
                _keep_autovacuum_off(beside, projection)
                beside.connection.execute(_SQL["be_impatient"])
                for statement in _swap_statements(beside.database, projection):
                    beside.connection.execute(statement)
        except errors.LockNotAvailable:
            time.sleep(SWAP_PAUSE_SECONDS)
        else:
            return
    raise RebuildFailedError(f"the tables of {projection.name} stayed in use; nothing was swapped")


def _keep_autovacuum_off(beside: Beside, projection: Projection[Any]) -> None:
    """Lock the live and the new tables, in one order, against whoever would vacuum them."""
    schemas = [beside.database.live, beside.database.beside]
    own = {table.name for table in projection.tables}
    for schema, table in rows(beside.connection, _SQL["tables"], schemas=schemas):
        if table in own:
            statement = SQL("LOCK TABLE {}.{} IN SHARE UPDATE EXCLUSIVE MODE")
            beside.connection.execute(statement.format(Identifier(schema), Identifier(table)))


def _swap_statements(database: Database, projection: Projection[Any]) -> Iterator[Composed]:
    live, new = Identifier(database.live), Identifier(database.beside)
    for table in map(Identifier, (table.name for table in projection.tables)):
        yield SQL("DROP TABLE IF EXISTS {}.{}").format(live, table)
        yield SQL("ALTER TABLE {}.{} SET SCHEMA {}").format(new, table, live)
    for name in ("forget_parked", "take_parked", "take_bookmark"):
        yield SQL(_SQL[name]).format(live=live, new=new, name=projection.name)


def _drop_all(connection: Connection[Any], database: Database) -> None:
    for _, table in rows(connection, _SQL["tables"], schemas=[database.beside]):
        statement = SQL("DROP TABLE {}.{}").format(Identifier(database.beside), Identifier(table))
        connection.execute(statement)

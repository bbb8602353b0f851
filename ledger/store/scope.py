"""Connections that tell the server what may be seen: the rows of these persons and organizations.

Row security in the database compares each row with the ids of a scope. It is a second wall: the
code asks for the right rows anyway, and a query that forgot to gets none of anybody else.

The scope goes with every statement, in the same exchange and the same transaction as the
statement, and is gone with it. So a connection that goes back to its pool carries nobody's scope,
and a read costs one message more and no wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, LiteralString, Self
from uuid import UUID

import orjson
from psycopg import Connection, Cursor, errors, pq
from psycopg.abc import Params, PQGen, Query
from psycopg.generators import fetch_many, send
from psycopg.pq.abc import PGresult
from psycopg.types.json import set_json_loads

SET_SCOPE: LiteralString = "SELECT set_config('mcledger.scope', $1, true)"


def scope_of(ids: Iterable[UUID]) -> str:
    """The ids as the setting has them; of no ids an empty text, which shows what is public."""
    found = ",".join(map(str, ids))
    return f"{{{found}}}" if found else ""


class ScopedConnection(Connection[Any]):
    """A connection whose statements see what `scope` says; nothing that is anybody's without."""

    scope: str = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cursor_factory = ScopedCursor
        set_json_loads(orjson.loads, self)
        self.prepared: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self.numbers = count()


class ScopedCursor(Cursor[Any]):
    """A cursor that sends the connection's scope ahead of each statement."""

    def execute(
        self,
        query: Any,
        params: Params | None = None,
        *,
        prepare: bool | None = None,  # noqa: ARG002 - the driver's; here all or none are
        binary: bool | None = None,
    ) -> Self:
        connection = self._conn
        if not isinstance(connection, ScopedConnection) or not connection.scope:
            # Once the driver has prepared anything by itself, it has the server forget all
            # prepared statements after a rollback, and those of this class with them.
            return super().execute(query, params, prepare=False, binary=binary)
        with connection.lock:
            try:
                connection.wait(self._exchange(connection, query, params))
            except BaseException:
                if connection.pgconn.pipeline_status != pq.PipelineStatus.OFF:
                    connection.close()  # an answer may still come, and nobody waits for it
                raise
        return self

    def _exchange(
        self, connection: ScopedConnection, query: Query, params: Params | None
    ) -> PQGen[None]:
        """Scope and statement in one go: outside a transaction the two are one."""
        yield from self._start_query(query)
        asked = self._convert_query(query, params)
        server, known = connection.pgconn, connection.prepared
        texts = {(SET_SCOPE.encode(), ()): None, (asked.query, tuple(asked.types)): None}
        names = {}
        server.enter_pipeline_mode()
        for key in texts:
            if key not in known:
                names[key] = f"scoped_{next(connection.numbers)}".encode()
                server.send_prepare(names[key], *key)
        scope, statement = ((known.get(key) or names[key]) for key in texts)
        server.send_query_prepared(scope, [connection.scope.encode()])
        server.send_query_prepared(statement, asked.params, asked.formats, self.format)
        server.pipeline_sync()
        yield from send(server)
        results: list[PGresult] = []
        while not results or results[-1].status != pq.ExecStatus.PIPELINE_SYNC:
            results += yield from fetch_many(server)
        server.exit_pipeline_mode()
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(result)
        known |= names
        self._set_results([results[-2]])

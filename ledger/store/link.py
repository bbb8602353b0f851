"""One connection with its statements prepared, binary both ways, and never a wait without end.

It drives libpq itself: a read costs half of what it costs through a cursor, an append can be sent
by one thread and its answer fetched by another, and what follows an append need not be waited for.
"""

from __future__ import annotations

import select
from collections import deque
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGresult
from psycopg.sql import SQL, Identifier

from ledger.errors import UnavailableError
from ledger.sql import blocks
from ledger.store.connections import refuse_unsafe_server
from ledger.store.wire import Parameter, parameter

Row = tuple[Any, ...]

ANSWER_SECONDS_MAX = 10.0  # longer than the server's own limit on a statement: nobody is there
BINARY = pq.Format.BINARY
STATEMENTS = blocks("ledger.store", "log.sql")


class NotMigratedError(UnavailableError):
    """The database holds no ledger, or an older one."""

    slug = "not-migrated"


class Link:
    """A connection that one thread uses at a time.

    Every failure is a psycopg.Error. A link that `is_broken` is of no more use, and what was sent
    over it and not answered may or may not have happened.
    """

    def __init__(self, conninfo: str, listen_to: str | None = None) -> None:
        """Connect, and open an ear for what is said on a channel.

        Raises:
            UnsafeServerError: the server may lose what it acknowledges.
            NotMigratedError: the ledger's tables are not there.
        """
        self._connection = psycopg.connect(conninfo, autocommit=True)
        try:
            self.warnings = refuse_unsafe_server(self._connection)
            self._server = self._connection.pgconn
            self._rows = Transformer.from_context(self._connection)
            self._poll = select.poll()
            self._poll.register(self._server.socket)
            self._expected: deque[bool] = deque()  # one for each answer to come: is it wanted?
            if listen_to is not None:
                self._connection.execute(SQL("LISTEN {}").format(Identifier(listen_to)))
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @property
    def is_broken(self) -> bool:
        """Whether the link is closed, or an answer was given up that may still come."""
        return self._server.status != pq.ConnStatus.OK or True in self._expected

    def close(self) -> None:
        self._connection.close()

    def fetch(self, statement: str, *values: Parameter) -> list[Row]:
        """Run one statement and wait for its rows."""
        self.send(statement, [parameter(value) for value in values])
        return self.receive()

    def send(self, statement: str, packed: list[bytes | None], *, wanted: bool = True) -> None:
        """Send one statement, a transaction of its own, and wait for nothing.

        Answers come in the order of sending. One that is not wanted is passed over, good or bad.
        """
        self._expected.append(wanted)
        formats = [BINARY] * len(packed)
        self._server.send_query_prepared(statement.encode(), packed, formats, BINARY)
        self._server.pipeline_sync()
        while self._server.flush():  # which takes in what has come, too
            self._wait(select.POLLIN | select.POLLOUT)

    def receive(self) -> list[Row]:
        """Wait for the rows of the first wanted statement whose answer has not been fetched."""
        while not self._expected[0]:
            self._answer()
            self._expected.popleft()
        result, error = self._answer()
        self._expected.popleft()
        if error is not None:
            raise errors.error_from_result(error)
        assert result is not None, "every statement here answers with rows"
        self._rows.set_pgresult(result, set_loaders=True, format=BINARY)
        return self._rows.load_rows(0, result.ntuples, tuple)

    def hear(self, seconds: float) -> None:
        """Wait for a word that has not been heard yet, at most so long."""
        if self._server.notifies() is None:
            self._poll.modify(self._server.socket, select.POLLIN)
            self._poll.poll(seconds * 1000)
            self._server.consume_input()
        while self._server.notifies() is not None:
            pass

    def _prepare(self) -> None:
        """Prepare all statements with one exchange."""
        self._server.enter_pipeline_mode()
        for name, text in STATEMENTS.items():
            self._server.send_prepare(name.encode(), text.encode())
        self._server.pipeline_sync()
        _, error = self._answer()
        if error is not None:
            problem = errors.error_from_result(error)
            if isinstance(problem, errors.UndefinedTable | errors.UndefinedFunction):
                raise NotMigratedError(
                    f"the ledger is not there or not up to date ({problem.diag.message_primary});"
                    " run: mcledger migrate"
                ) from problem
            raise problem

    def _answer(self) -> tuple[PGresult | None, PGresult | None]:
        """The last result and the first error before the server says that it is ready.

        Only that word means that the transaction is over: a commit can fail after the rows.
        """
        rows = error = None
        while True:
            while self._server.is_busy():
                self._wait(select.POLLIN)
                self._server.consume_input()
            result = self._server.get_result()
            if result is None:
                if self._server.status != pq.ConnStatus.OK:
                    raise psycopg.OperationalError("the server has closed the connection")
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return rows, error
            elif result.status == pq.ExecStatus.TUPLES_OK:
                rows = result
            elif result.status == pq.ExecStatus.FATAL_ERROR:
                error = error or result

    def _wait(self, events: int) -> None:
        """Wait until the socket is ready."""
        self._poll.modify(self._server.socket, events)
        if not self._poll.poll(ANSWER_SECONDS_MAX * 1000):
            raise psycopg.OperationalError("the server does not answer")

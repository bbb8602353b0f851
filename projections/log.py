"""Reads the log for the projections: pages in order, decoded once for all who want them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, LiteralString, NamedTuple, cast
from uuid import UUID

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from ledger.codec import decode_stored
from ledger.events import EVENT_CLASSES, LedgerEvent
from ledger.events.batch import BatchLinesListed
from ledger.events.merge import MERGES, PersonsMerged
from ledger.rules.calendars import ONE_DAY
from ledger.values import beginning_of
from projections.contract import Fact
from projections.redirects import Redirects, redirected, redirects
from projections.sql import blocks, rows

PAGE_EVENTS = 5_000  # larger pages gain nothing and hold a transaction open longer
OF_MANY = BatchLinesListed.TOPIC  # names persons in its lines, and is about none of them
PERSON_FIELDS = (b'"person_id":"', b'"principal_id":"')
ID_CHARACTERS = 36
SHARE_BYTE = 3  # of an id, its seventh and eighth digit, says whose share it is
_SQL = blocks("log")
_Columns = tuple[int, UUID, int, str, bytes]  # a LogRow without a name, which takes time to give
_Asked = tuple[int, int, frozenset[str]]  # after where, until where, which topics


class LogRow(NamedTuple):
    """One event as the log holds it."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes

    @property
    def person_id(self) -> UUID | None:
        """The person the event is about, found in the bytes so that nothing has to be decoded.

        A quotation mark inside a text is escaped, so no text can pose as the field.
        """
        if self.topic.startswith("person."):
            return self.stream
        at = _person_at(self.topic, self.state)
        try:
            return UUID(self.state[at : at + ID_CHARACTERS].decode()) if at >= 0 else None
        except ValueError:
            return None  # whatever is wrong with the event, it is not known to be hers


@dataclass(frozen=True, slots=True)
class Shard:
    """One worker's share of the persons. Ids are random, so the shares come out even.

    `meant` is who is meant by which id in the end: records that will be merged belong together.
    """

    index: int
    count: int
    meant: Redirects = field(default_factory=dict)
    # What each page of the share has to know: by which digits of an id its events are left out.
    # Events about nobody, or about somebody who cannot be made out, go to every worker.
    span: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def knowing(self, meant: Redirects) -> Shard:
        """The share once it is known who will be merged with whom."""
        return replace(self, meant=meant)

    def owns(self, person_id: UUID) -> bool:
        """Whether this worker folds what is about a person."""
        meant = self.meant.get(person_id, person_id)
        return meant.bytes[SHARE_BYTE] % self.count == self.index

    def __post_init__(self) -> None:
        object.__setattr__(self, "span", self._span())

    def _span(self) -> dict[str, Any]:
        others = [b"%02x" % n for n in range(256) if n % self.count != self.index]
        meant = {str(one): str(kept) for one, kept in self.meant.items()}
        merged = {"merged": bool(meant), "meant": Jsonb(meant)}
        return {"others": others, "of_all": [OF_MANY, PersonsMerged.TOPIC], **merged}


def _person_at(topic: str, state: bytes) -> int:
    """Where in an event's state the id of its person begins; -1 when it is about nobody."""
    if topic == OF_MANY:
        return -1
    for field_name in PERSON_FIELDS:
        at = state.find(field_name)
        if at >= 0:
            return at + len(field_name)
    return -1


class Unreadable(NamedTuple):
    """A row that could not be decoded, and why."""

    row: LogRow
    error: Exception


@dataclass(frozen=True, slots=True)
class Batch:
    """What lies after one position up to another: what is wanted of it, decoded, in order."""

    after: int
    to: int
    facts: Sequence[Fact[LedgerEvent]]
    unreadable: Sequence[Unreadable] = ()

    @property
    def positions(self) -> list[int]:
        bad = (unreadable.row.position for unreadable in self.unreadable)
        return sorted((*(fact.position for fact in self.facts), *bad))

    def where(self, chosen: Callable[[int], bool]) -> Batch:
        """The same span with some of its events."""
        facts = [fact for fact in self.facts if chosen(fact.position)]
        return Batch(
            self.after, self.to, facts, [bad for bad in self.unreadable if chosen(bad.row.position)]
        )

    def halves(self) -> tuple[Batch, Batch]:
        """The same span cut in two, each with half of what has to be applied."""
        positions = self.positions
        middle = positions[(len(positions) - 1) // 2]
        first = self.where(lambda position: position <= middle)
        second = self.where(lambda position: position > middle)
        return replace(first, to=middle), replace(second, after=middle)


def decode_rows(after: int, to: int, found: Iterable[_Columns]) -> Batch:
    """Decode a page. A row that cannot be decoded is kept with the reason why."""
    facts: list[Fact[LedgerEvent]] = []
    unreadable = []
    for row in found:
        position, stream, version, topic, state = row
        try:
            facts.append(Fact(position, decode_stored(topic, state, stream, version)))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is parked
            unreadable.append(Unreadable(LogRow(*row), error))
    return Batch(after, to, facts, unreadable)


@dataclass
class LogReader:
    """Pages of the log over a connection of its own.

    With `ahead` the next page is read and decoded by a thread while the caller waits for the
    server to store this one: not sooner, or the two would share a processor while both have
    work, and leave it idle while both wait. A rebuild does without, for its workers fill the
    processors.
    """

    connection: Connection[Any]
    shard: Shard | None = None
    ahead: bool = True
    page_events: int = PAGE_EVENTS
    _thread: ThreadPoolExecutor = field(init=False)
    _wanted: _Asked | None = field(init=False, default=None)
    _coming: tuple[_Asked, Future[Batch]] | None = field(init=False, default=None)
    _known: tuple[int, frozenset[str], Redirects] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-reader")

    def batch(self, after: int, until: int, topics: frozenset[str]) -> Batch:
        """The next page after a position, of events no later than `until`."""
        batch = self._from_ahead(after, until, topics) or self._read(after, until, topics)
        self._wanted = (batch.to, until, topics) if self.ahead and batch.to < until else None
        return batch

    def look_ahead(self) -> None:
        """Begin to read what will be asked for next; to be called before a wait."""
        if self._wanted is not None:
            self._coming = (self._wanted, self._thread.submit(self._read, *self._wanted))
            self._wanted = None

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        self.connection.close()

    def _from_ahead(self, after: int, until: int, topics: frozenset[str]) -> Batch | None:
        if self._coming is None:
            return None
        (its_after, its_until, its_topics), coming = self._coming
        self._coming = None
        batch = coming.result()
        fits = its_after == after and its_until <= until and its_topics == topics
        return batch if fits else None

    def _read(self, after: int, until: int, topics: frozenset[str]) -> Batch:
        found = read_page(self.connection, after, until, self.page_events, topics, shard=self.shard)
        to = found[-1][0] if len(found) == self.page_events else until
        merged = next((row[0] for row in found if row[3] == PersonsMerged.TOPIC), None)
        if merged is not None:  # a merge is folded alone
            to = merged - 1 if found[0][0] < merged else merged
            found = [row for row in found if row[0] <= to and self._folds(LogRow(*row))]
        meant = self._meant(after, topics)
        # Who is meant stays the same up to the next merge, and a page that holds one says so.
        self._known = None if to == merged else (to, topics, meant)
        return _redirected(decode_rows(after, to, found), meant)

    def _folds(self, row: LogRow) -> bool:
        """Whether a row is for this worker: all of its share's pages is, but merges of others."""
        if self.shard is None or row.topic != PersonsMerged.TOPIC or row.person_id is None:
            return True
        return self.shard.owns(row.person_id)

    def _meant(self, after: int, topics: frozenset[str]) -> Redirects:
        """Who is meant by which id; asked of the log only where this reader does not go on."""
        if PersonsMerged.TOPIC not in topics:
            return {}  # whoever asks has no persons
        if self._known is not None and self._known[:2] == (after, topics):
            return self._known[2]
        return redirects(self.connection, after)


def _redirected(batch: Batch, meant: Redirects) -> Batch:
    if not meant:
        return batch
    facts = [Fact(position, redirected(event, meant)) for position, event in batch.facts]
    return replace(batch, facts=facts)


def read_page(
    connection: Connection[Any],
    after: int,
    until: int,
    limit: int,
    topics: Collection[str],
    *,
    shard: Shard | None = None,
) -> list[_Columns]:
    """At most `limit` rows after a position and up to another, in order.

    Those of other known topics are left out; what has an unknown topic may matter to anybody. Of
    a shard only what its worker has to see.
    """
    passed_over = sorted(EVENT_CLASSES.keys() - topics)
    span = {"after": after, "until": until, "limit": limit, "passed_over": passed_over}
    if shard is None:
        return _read(connection, _SQL["page"], span)
    return _read(connection, _SQL["page_of_share"], {**span, **shard.span})


def facts_at(connection: Connection[Any], positions: Sequence[int]) -> Sequence[Fact[LedgerEvent]]:
    """The events at these positions. Raises what the codec raises for one it cannot read."""
    found = _read(connection, _SQL["at_positions"], {"positions": list(positions)})
    return _decoded(connection, found)


def facts_of(
    connection: Connection[Any], streams: Sequence[UUID], until: int
) -> Sequence[Fact[LedgerEvent]]:
    """The events of these streams up to a position, in the order of the log; raises as above."""
    found = _read(connection, _SQL["of_streams"], {"streams": list(streams), "until": until})
    return _decoded(connection, found)


def recorded(connection: Connection[Any], command_ids: Collection[UUID], until: int) -> set[UUID]:
    """Which of these commands had recorded something by a position."""
    if not command_ids:
        return set()
    asked = {"command_ids": list(command_ids), "until": until}
    return {command_id for (command_id,) in rows(connection, _SQL["recorded"], **asked)}


def pages_of(
    connection: Connection[Any], streams: Sequence[UUID], until: int
) -> Iterator[Sequence[Fact[LedgerEvent]]]:
    """The same events as they were folded when they came: each merge is alone on its page.

    Those behind it are about whoever was kept, those before it about whom they named.
    """
    page: list[Fact[LedgerEvent]] = []
    meant: Redirects = {}
    span = {"streams": [*streams, MERGES], "until": until}
    for position, stream, version, topic, state in _read(connection, _SQL["of_streams"], span):
        event = decode_stored(topic, state, stream, version)
        if isinstance(event, PersonsMerged):
            yield page
            yield [Fact(position, event)]
            page, meant = [], redirects(connection, position)
        else:
            page.append(Fact(position, redirected(event, meant)))
    yield page


def _decoded(connection: Connection[Any], found: Iterable[_Columns]) -> list[Fact[LedgerEvent]]:
    """Facts about whom they are about as of now, for that is who asks for them."""
    meant = redirects(connection)
    return [
        Fact(position, redirected(decode_stored(topic, state, stream, version), meant))
        for position, stream, version, topic, state in found
    ]


def _read(
    connection: Connection[Any], sql: LiteralString, parameters: dict[str, Any]
) -> list[_Columns]:
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cast("list[_Columns]", cursor.execute(sql, parameters).fetchall())


def last_position(connection: Connection[Any]) -> int:
    """The position of the newest event; 0 in an empty log."""
    return int(rows(connection, _SQL["last_position"])[0][0])


def position_at(connection: Connection[Any], before: datetime) -> int:
    """The last position recorded before an instant; 0 when there is none.

    `recorded_at` never decreases along the log, so halving finds it through the one index.
    """
    low, high = 0, last_position(connection)
    while low < high:
        middle = (low + high + 1) // 2
        recorded_at = rows(connection, _SQL["recorded_at"], position=middle)[0][0]
        low, high = (middle, high) if recorded_at < before else (low, middle - 1)
    return low


def position_at_end_of(connection: Connection[Any], day: date, zone: str) -> int:
    """The last position recorded on or before a day, as that day is read off a wall in `zone`."""
    if day == date.max:  # no day follows it
        return last_position(connection)
    return position_at(connection, beginning_of(day + ONE_DAY, zone))

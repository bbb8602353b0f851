"""What a projection is: tables that follow from the log alone, and the fold that keeps them.

A projection is one `x.py` and one `x.sql`. To write another, subclass Projection, name it in
`projections/registry.py`, and give its `.sql` these blocks (tables without a schema: the
engine's search path decides whether they are the live ones or those of a rebuild):

    create     its tables, each CREATE TABLE with a PRIMARY KEY, and the indexes that reads need
    the rest   loads, saves and reads, run through projections/sql.py

The rules that make a rebuild come out equal, whatever the batches and restarts:

- `apply` reads the projection's own tables only, and takes nothing from the clock, a random
  number or another projection. Reads for people may join what they like.
- It must not matter how the log is cut: applying ten facts at once equals applying them singly.
  So prefetch the rows that the batch touches with one query, fold in memory in the order of the
  facts, give back what has to be written, and keep nothing on the object between two calls.
- A fact whose effect is in the tables is never given again, and none is left out.
- What spans persons (a budget, a first-come pool) belongs into `finish`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import Any, ClassVar, Generic, LiteralString, NamedTuple, TypeVar, cast, get_args
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.events import LedgerEvent
from ledger.events.base import Event
from ledger.events.merge import PersonsMerged
from projections.sql import Write, blocks, rows

EventType = TypeVar("EventType", bound=LedgerEvent)


class Fact(NamedTuple, Generic[EventType]):
    """An event and its place in the log."""

    position: int
    event: EventType


def streams_of(facts: Iterable[Fact[EventType]]) -> dict[int, UUID]:
    """The streams that facts belong to, by the number that each id is.

    A dictionary finds a number three times as fast as the UUID, whose hash is written in Python;
    a fold looks for streams all the time.
    """
    return {(stream := event.originator_id).int: stream for _, event in facts}


class Viewer(StrEnum):
    """Who may be shown a row. Each is a condition in walls.sql, in the order of their cost."""

    EVERYBODY = "everybody"  # what is public, or says nothing of anybody
    PERSON = "person"  # whom `person_id` names
    DISTRICT = "district"  # whom `district_id` names
    DISTRICTS = "districts"  # whom `district_ids` names
    ISSUER = "issuer"  # whom `issuer_id` names
    ASSESSOR = "assessor"  # whoever of `open_assessors` has still to score
    EVERYTHING = "everything"  # who may see all there is; a viewer of every table
    EMPLOYER = "employer"  # the districts that ever employed the person
    ISSUER_OF_PERSON = "issuer_of_person"  # the issuers with which she ever enrolled
    ISSUER_OF_STACK = "issuer_of_stack"
    ISSUER_OF_STACK_AWARD = "issuer_of_stack_award"  # whose stacks the credential counts for


EVERYTHING = Viewer.EVERYTHING


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a projection.

    `by_person`: every row belongs to one person and is touched by that person's events only. The
    others (a copy of the policies, say) come from events about nobody; a parallel rebuild keeps
    one copy of them for each worker, so that all workers read them at their own position.

    `apart`: rows of persons that events about nobody look for (all teachers of a district, say).
    A worker may find its own persons only, so each keeps its rows apart until the end.

    `seen_by`: to whom the database shows a row, whatever the code asked for. It must not be
    narrower than what the edge allows, or sums come out too small. Nobody where nothing is said.
    """

    name: str
    by_person: bool = True
    apart: bool = False
    seen_by: tuple[Viewer, ...] = ()


@cache
def classes_of(union: UnionType) -> frozenset[type[Event]]:
    """The classes of a union of events."""
    return frozenset(get_args(union))


class Projection(ABC, Generic[EventType]):
    """A fold over the log into tables of its own. `EventType` is the union of what it handles.

    Attributes:
        name: Names the bookmark and the `.sql` file.
        takes: The same union: the classes of events that can change a row. It is given no others.
            docs/events.md says of every class who takes it, so whoever adds one sees that nobody
            does; and a fold over a union of its own ends in `assert_never`.
        version: Raised when `apply` changes its mind; the tables are then rebuilt. A change of
            the `create` block is noticed without it.
        tables: Everything that `create` makes, in an order that foreign keys would allow.
        sharded: Whether a rebuild may give the persons to several workers. Then events without a
            person reach every worker, events of a person one worker, each kind in log order.
    """

    name: ClassVar[str]
    takes: ClassVar[UnionType]
    version: ClassVar[int] = 1
    tables: ClassVar[tuple[Table, ...]]
    sharded: ClassVar[bool]

    @property
    def sql(self) -> Mapping[str, LiteralString]:
        return blocks(self.name)

    @property
    def digest(self) -> str:
        """Says which tables and which fold the rows were made by."""
        made_by = f"{self.version}\n{self.sql['create']}"
        return sha256(made_by.encode()).hexdigest()

    @property
    def classes(self) -> frozenset[type[Event]]:
        """The classes of events it is given: those it takes, and merges if it has persons."""
        taken = classes_of(self.takes)
        return taken | {PersonsMerged} if any(one.by_person for one in self.tables) else taken

    def relevant(self, event: LedgerEvent) -> EventType | None:
        """The event if it is of a class that this projection takes, else None."""
        return cast("EventType", event) if type(event) in classes_of(self.takes) else None

    @abstractmethod
    def apply(self, facts: Sequence[Fact[EventType]], connection: Connection[Any]) -> list[Write]:
        """Fold relevant facts, in log order; returns what that changes in the tables.

        Called inside the transaction in which the engine then writes it. The writes of all
        projections go in one trip, while the next page of the log is being read.

        An exception marks a bad event: the engine takes the transaction back, finds the event by
        halving the batch and parks it with its scope.
        """

    def merge(self, fact: Fact[PersonsMerged], connection: Connection[Any]) -> list[Write]:
        """Two records are one person's: what the tables say of the one is the other's now.

        Called instead of `apply`, with nothing else in the batch; events behind it name the person
        who was kept. A projection whose rows follow from several events of a person at once folds
        those of both anew, and begins with this.
        """
        event = fact.event
        names = [one.name for one in self.tables if one.by_person]
        for (name,) in rows(connection, blocks("engine")["tables_of_persons"], names=names):
            statement = SQL("UPDATE {} SET person_id = %s WHERE person_id = %s")
            connection.execute(
                statement.format(Identifier(name)), (event.person_id, event.merged_id)
            )
        return []

    def finish(self, connection: Connection[Any]) -> None:
        """Bring up to date what spans persons, from the tables alone.

        Called in the same transaction once what `apply` gave back is written; in a parallel
        rebuild not by the workers but once at the end, over the rows of all of them. So `apply`
        marks what has to be settled in a table, and `finish` settles in position order whatever
        is marked; how often it is called must not show.
        """

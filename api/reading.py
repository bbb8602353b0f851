"""What a read asks for: by whom, from when, which page, and what else its address says.

Each read has one model of its query, and takes nothing that the model does not name: a filter that
is misspelled is refused, not ignored. The framework's own parameters would cost a request without
any query more than reading the database does, so models are looked at only when there is a query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.caller import Caller
from api.clock import now
from api.edge import Edge
from api.paging import CURSOR_CHARACTERS_MAX, LIMIT_MAX, Paging
from api.writing import caller_of, edge_of
from ledger.errors import InvalidError
from ledger.values import POSITION_MAX, Day, local_date
from projections import employments
from projections.log import position_at_end_of

WITHOUT_ZONE = "UTC"  # of somebody who never worked for a district of this ledger
STREAMS = ("history",)  # waited for where streams are read themselves: it takes in all of the log

AsOf = Annotated[
    str | None,
    Field(
        pattern=r"^([0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
        description="a position of the log, or a day, meaning all that was recorded by its end",
    ),
]
EffectiveOn = Annotated[
    Day | None, Field(description="the day whose facts hold; today where none is given")
]


InForceOn = Annotated[
    Day | None,
    Field(description="only what is in force on this day; every version where none is given"),
]


class DayError(InvalidError):
    """There is no such day."""

    slug = "no-such-day"


class ReadQuery(BaseModel):
    """What every read of a view may be asked with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_position: Annotated[
        int | None,
        Field(ge=0, le=POSITION_MAX, description="wait until the view shows the log up to here"),
    ] = None


class PageQuery(ReadQuery):
    """One page of a list."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50
    cursor: Annotated[
        str | None, Field(max_length=CURSOR_CHARACTERS_MAX, description="`next` of the last page")
    ] = None


class AsOfQuery(ReadQuery):
    """As it was known then."""

    as_of: AsOf = None


class AsOfPageQuery(PageQuery, AsOfQuery):
    """A page of what was known then."""


class KnownQuery(AsOfQuery):
    """As it was known then, and as it stands on a day."""

    effective_on: EffectiveOn = None


class VersionsQuery(AsOfQuery):
    """The versions that were known then, all of them or those that are in force on a day."""

    effective_on: InForceOn = None


class KnownPageQuery(PageQuery, KnownQuery):
    """A page of what was known then, as it stands on a day."""


AnyQuery = TypeVar("AnyQuery", bound=ReadQuery)


@dataclass(frozen=True, slots=True)
class Read(Generic[AnyQuery]):
    """A request to look at something. Days are days in the zone of whoever they are about."""

    edge: Edge
    caller: Caller
    at: datetime
    query: AnyQuery
    request: Request

    @property
    def page(self) -> Paging:
        """Which page is asked for."""
        query = self.query
        assert isinstance(query, PageQuery), "this list has no pages"
        return Paging(limit=query.limit, cursor=query.cursor, request=self.request)

    @contextmanager
    def connection(
        self, about: UUID | None = None, *, party_to: UUID | None = None
    ) -> Iterator[Connection[Any]]:
        """A connection that is shown what is the caller's to see, and no row of anybody else.

        Args:
            about: The person asked about, as far as one is.
            party_to: Whose rows she may see beside her own because it was shown already that
                this concerns her: she assesses the person, or the district owes her.
        """
        if party_to is None:
            scope = self.caller.scope(about)
        else:
            # By either id, where hers was merged: an earlier position knows the one before.
            scope = frozenset({self.caller.principal_id, party_to, self.caller.meant(party_to)})
        with self.edge.reading(scope) as connection:
            yield connection

    def day(self, zone: str, effective_on: date | None) -> date:
        """The day whose facts hold: the one asked for, or today."""
        return effective_on or local_date(self.at, zone)

    def visible(self, *views: str) -> int:
        """How far the views have come, once that is far enough. Raises NotYetVisibleError."""
        return self.edge.visible(views, self.query.min_position or 0)

    def known(self, connection: Connection[Any], as_of: str | None, zone: str, *views: str) -> int:
        """The position that `as_of` means, once the views show it; without it the newest."""
        return position_of(
            self.edge, connection, as_of, zone, views, at_least=self.query.min_position or 0
        )


def reading(query: type[AnyQuery]) -> Callable[[Request], Awaitable[Read[AnyQuery]]]:
    """A dependency: a read whose address is asked with such a query."""
    nothing = query()

    async def read_of(request: Request) -> Read[AnyQuery]:
        asked = _parsed(request, query) if request.scope["query_string"] else nothing
        edge = edge_of(request)
        return Read(edge, caller_of(request), now(request), asked, request)

    read_of.__annotations__["query"] = query  # for whoever documents the route
    return read_of


def _parsed(request: Request, query: type[AnyQuery]) -> AnyQuery:
    pairs = request.query_params.multi_items()
    if len(dict(pairs)) < len(pairs):
        raise InvalidError("the query says one thing twice")
    if any("\0" in value for _, value in pairs):  # which no text of the database can hold
        raise InvalidError("the query holds a character of no text: NUL")
    try:
        return query.model_validate_strings(dict(pairs))
    except ValidationError as error:
        flaws = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**flaw, "loc": ("query", *flaw["loc"])} for flaw in flaws]
        ) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayError(f"there is no day {text}") from None


ReadNow = Annotated[Read[ReadQuery], Depends(reading(ReadQuery))]
PagedReadNow = Annotated[Read[PageQuery], Depends(reading(PageQuery))]
AsOfReadNow = Annotated[Read[AsOfQuery], Depends(reading(AsOfQuery))]
PagedAsOfReadNow = Annotated[Read[AsOfPageQuery], Depends(reading(AsOfPageQuery))]
KnownReadNow = Annotated[Read[KnownQuery], Depends(reading(KnownQuery))]
VersionsReadNow = Annotated[Read[VersionsQuery], Depends(reading(VersionsQuery))]
PagedKnownReadNow = Annotated[Read[KnownPageQuery], Depends(reading(KnownPageQuery))]


def position_of(
    edge: Edge,
    connection: Connection[Any],
    as_of: str | None,
    zone: str,
    views: Sequence[str],
    *,
    at_least: int = 0,
) -> int:
    """The position that `as_of` means, once the views show it; without it the newest.

    Raises:
        DayError: there is no such day.
        PositionUnknownError: the log has not come that far.
        NotYetVisibleError: the views take longer than a caller should wait.
    """
    if as_of is None:
        return POSITION_MAX
    if as_of.isdecimal():
        position = int(as_of)
    else:
        position = position_at_end_of(connection, _day(as_of), zone)
    edge.visible(views, max(position, at_least))
    return position


def zone_of_person(connection: Connection[Any], person_id: UUID) -> str:
    """The zone in which a person's days begin: that of the district she came to last."""
    held = employments.of_person(connection, person_id)
    return held[-1].zone if held else WITHOUT_ZONE

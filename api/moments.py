"""From when a view is read: what was known, what was in force, and what must be in it already.

`as_of` is a position of the log, or a day, meaning all that was recorded by that day's end.
`effective_on` says which dated facts hold. `min_position` is where an earlier write has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from psycopg import Connection

from api.dependencies import EdgeNow, TimeNow
from api.edge import Edge
from ledger.errors import InvalidError
from ledger.values import local_date
from projections import employments
from projections.log import position_at_end_of

WITHOUT_ZONE = "UTC"  # of somebody who never worked for a district of this ledger
POSITION_MAX = 2**63 - 1

MinPosition = Annotated[
    int | None,
    Query(ge=0, le=POSITION_MAX, description="wait until the view shows the log up to here"),
]
AsOf = Annotated[
    str | None,
    Query(
        pattern=r"^([0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
        description="a position of the log, or a day: what was known then",
    ),
]
EffectiveOn = Annotated[
    date | None, Query(description="the day whose facts hold; today where none is given")
]


class DayError(InvalidError):
    """There is no such day."""

    slug = "no-such-day"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a view is read from. Days are days in the zone of whoever they are about."""

    edge: Edge
    at: datetime
    min_position: int | None
    as_of: str | None
    effective_on: date | None

    def day(self, zone: str) -> date:
        """The day whose facts hold."""
        return self.effective_on or local_date(self.at, zone)

    def visible(self, *views: str) -> int:
        """How far the views have come, once that is far enough. Raises NotYetVisibleError."""
        return self.edge.visible(views, self.min_position or 0)

    def known(self, connection: Connection[Any], zone: str, *views: str) -> int:
        """The position that `as_of` means, once the views show it; without it the newest."""
        if self.as_of is None:
            return POSITION_MAX
        if self.as_of.isdecimal():
            position = int(self.as_of)
        else:
            position = position_at_end_of(connection, _day(self.as_of), zone)
        self.edge.visible(views, max(position, self.min_position or 0))
        return position


async def moment_of(
    edge: EdgeNow,
    at: TimeNow,
    min_position: MinPosition = None,
    as_of: AsOf = None,
    effective_on: EffectiveOn = None,
) -> Moment:
    return Moment(edge, at, min_position, as_of, effective_on)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayError(f"there is no day {text}") from None


def zone_of_person(connection: Connection[Any], person_id: UUID) -> str:
    """The zone in which a person's days begin: that of the district she came to last."""
    held = employments.of_person(connection, person_id)
    return held[-1].zone if held else WITHOUT_ZONE


MomentNow = Annotated[Moment, Depends(moment_of)]

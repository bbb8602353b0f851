"""For operators: how far the views have come, and what they could not take in."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from api.access import must_operate
from api.answers import ListOf, answer_all
from api.reading import ReadNow
from api.routing import Router
from ledger.store import EVERYTHING
from projections import parking, setup

router = Router("operations")


class View(BaseModel):
    """One projection."""

    name: str
    position: int
    behind: int  # events
    parked: int  # bad events
    queued: int  # good ones that wait behind bad ones
    needs_rebuild: bool


@router.read("/projections", ListOf[View])
def list_projections(read: ReadNow) -> Response:
    """How far each view is behind the log."""
    must_operate(read.caller)
    with read.edge.reading([EVERYTHING]) as connection:
        lags = setup.lag(connection)
    return answer_all(
        [
            {
                "name": lag.name,
                "position": lag.position,
                "behind": lag.behind,
                "parked": lag.parked,
                "queued": lag.queued,
                "needs_rebuild": lag.needs_rebuild,
            }
            for lag in lags
        ]
    )


@router.read("/parked-events", ListOf[parking.Parked])
def list_parked_events(read: ReadNow) -> Response:
    """Events that a view could not take in, and those that wait behind them."""
    must_operate(read.caller)
    with read.edge.reading([EVERYTHING]) as connection:
        return answer_all(parking.parked(connection))

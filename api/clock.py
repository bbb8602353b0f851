"""Where time comes in, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request

from api.problems import MalformedError
from api.settings import Settings

YEARS = range(1970, 2200)  # in which every sum of a day and a span of days is a real day


def wall() -> datetime:
    """The time it is."""
    return datetime.now(UTC)  # noqa: TID251 - the one place where time comes in


def now(request: Request) -> datetime:
    """The ledger's time at a request.

    Development may set it, by the header `Ledger-Time`, so that a school year can be played.
    """
    ledger_time = request.headers.get("ledger-time")
    if ledger_time is None:
        return wall()
    settings: Settings = request.app.state.settings
    if not settings.in_development:
        raise MalformedError("Ledger-Time is for development; this ledger keeps its own time")
    try:
        instant = datetime.fromisoformat(ledger_time)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - refused below, like every instant without a zone
    if instant.tzinfo is None or instant.year not in YEARS:
        raise MalformedError("Ledger-Time is not an instant like 2026-08-24T14:00:00Z")
    return instant.astimezone(UTC)

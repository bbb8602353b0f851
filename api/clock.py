"""Where time comes in, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from api.problems import MalformedError
from api.settings import Settings

YEARS = range(1970, 2200)  # in which every sum of a day and a span of days is a real day


def now(settings: Settings, ledger_time: str | None = None) -> datetime:
    """The ledger's time. Development may set it, so that a school year can be played."""
    if ledger_time is None:
        return datetime.now(UTC)  # noqa: TID251 - the one place where time comes in
    if not settings.in_development:
        raise MalformedError("Ledger-Time is for development; this ledger keeps its own time")
    try:
        instant = datetime.fromisoformat(ledger_time)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - refused below, like every instant without a zone
    if instant.tzinfo is None or instant.year not in YEARS:
        raise MalformedError("Ledger-Time is not an instant like 2026-08-24T14:00:00Z")
    return instant.astimezone(UTC)

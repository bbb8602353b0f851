"""Where time comes in, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from api.problems import MalformedError
from api.settings import Settings
from ledger.values import Instant

_instant: TypeAdapter[datetime] = TypeAdapter(Instant)


def now(settings: Settings, ledger_time: str | None = None) -> datetime:
    """The ledger's time. Development may set it, so that a school year can be played."""
    if ledger_time is None:
        return datetime.now(UTC)  # noqa: TID251 - the one place where time comes in
    if not settings.in_development:
        raise MalformedError("Ledger-Time is for development; this ledger keeps its own time")
    try:
        return _instant.validate_strings(ledger_time)
    except ValidationError:
        raise MalformedError("Ledger-Time is not an instant like 2026-08-24T14:00:00Z") from None

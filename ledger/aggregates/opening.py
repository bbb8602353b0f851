"""A file of opening records: one prepares it, another confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Meant, first_header
from ledger.aggregates.seal_keys import SecondPersonError
from ledger.errors import NothingChangesError
from ledger.events import AnyOpeningFileEvent
from ledger.events.opening import OpeningConfirmed, OpeningPrepared


class OpeningTotals(NamedTuple):
    """What the file says of itself, which its rows have come to as well."""

    district_id: UUID
    file_hmac: str
    as_of: date
    rows: int
    amount_cents: int
    units_hundredths: int


@dataclass(frozen=True, kw_only=True)
class OpeningFile(Aggregate):
    """Who vouches for a file."""

    totals: OpeningTotals
    prepared_by: UUID
    confirmed_by: UUID | None = None

    def confirm(self, act: Act, *, meant: Meant) -> Sequence[AnyOpeningFileEvent]:
        """Vouch for it as the second person. Raises SecondPersonError for the first again."""
        if self.confirmed_by is not None:
            raise NothingChangesError("this file was confirmed already")
        if meant(act.actor_id) == meant(self.prepared_by):
            raise SecondPersonError("you have prepared this file; somebody else has to confirm it")
        return [
            OpeningConfirmed(
                **self.header(act), **self.totals._asdict(), prepared_by=self.prepared_by
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyOpeningFileEvent) -> Self:
        match event:
            case OpeningPrepared():
                totals = OpeningTotals(*(getattr(event, name) for name in OpeningTotals._fields))
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    totals=totals,
                    prepared_by=event.actor_id,
                )
            case OpeningConfirmed():
                assert state is not None, "a file is prepared before it is confirmed"
                version = event.originator_version
                return replace(state, version=version, confirmed_by=event.actor_id)
            case _:
                assert_never(event)


def prepare(stream: UUID, act: Act, totals: OpeningTotals) -> Sequence[AnyOpeningFileEvent]:
    """Vouch for a file as the first person."""
    return [OpeningPrepared(**first_header(stream, act), **totals._asdict())]

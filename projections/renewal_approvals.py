"""What a district approved before it was earned: a license may ask for that of an award too."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self
from uuid import UUID

from psycopg import Connection

from ledger.events.dossier import DossierFactRecorded, DossierFactWithdrawn, PriorApprovalGiven
from projections.sql import blocks, read

_SQL = blocks("renewals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody in a district approved of an award, or of a micro-credential to be begun."""

    stream: UUID
    version: int
    person_id: UUID
    district_id: UUID
    subject_id: UUID  # an enrollment, or a micro-credential
    approved_on: date
    position: int
    withdrawn_position: int | None = None


@dataclass(frozen=True, slots=True)
class Approvals:
    """Approvals by their places in what is on file, as a batch of events leaves them."""

    found: dict[tuple[UUID, int], Approval] = field(default_factory=dict)

    @classmethod
    def loaded(cls, connection: Connection[Any], ids: Collection[UUID]) -> Self:
        """Those on file in these streams so far."""
        rows = read(connection, Approval, _SQL["load_approvals"], ids=list(ids))
        return cls({(one.stream, one.version): one for one in rows})

    def take(self, event: DossierFactRecorded | DossierFactWithdrawn, position: int) -> None:
        """Take in one more event; other facts on file say nothing of approvals."""
        stream = event.originator_id
        match event:
            case DossierFactRecorded(fact=PriorApprovalGiven() as fact):
                self.found[stream, event.originator_version] = Approval(
                    stream=stream,
                    version=event.originator_version,
                    person_id=event.person_id,
                    district_id=event.district_id,
                    subject_id=fact.subject_id,
                    approved_on=fact.approved_on,
                    position=position,
                )
            case DossierFactWithdrawn(withdrawn_version=version):
                known = self.found.get((stream, version))
                if known is not None:
                    self.found[stream, version] = replace(known, withdrawn_position=position)
            case DossierFactRecorded():
                pass


def approvals_known(
    connection: Connection[Any], person_ids: Collection[UUID], *, until: int
) -> list[Approval]:
    """What was approved for some persons, as known at a position."""
    sql = _SQL["approvals_of_persons"]
    return read(connection, Approval, sql, person_ids=list(person_ids), until=until)


def approved_on(approvals: Iterable[Approval], *subject_ids: UUID) -> date | None:
    """The day of the first approval of any of these."""
    days = [one.approved_on for one in approvals if one.subject_id in subject_ids]
    return min(days, default=None)

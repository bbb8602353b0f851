"""One file and its runs: a file imported again later may find other differences to record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import ConflictError
from ledger.events import AnyImportEvent
from ledger.events.imports import ImportCompleted, ImportStarted


class ImportOvertakenError(ConflictError):
    """Somebody else changed this district meanwhile."""

    slug = "import-overtaken"

    def __init__(self) -> None:
        super().__init__(
            "somebody else changed this district meanwhile; run the import again, it goes on where"
            " it stopped"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What a run of an import came to."""

    persons_registered: int = 0
    employments_started: int = 0
    employments_changed: int = 0
    employments_ended: int = 0
    rows_unchanged: int = 0


@dataclass(frozen=True, kw_only=True)
class Import(Aggregate):
    """The runs of one file."""

    district_id: UUID
    runs: int  # begun so far
    completed: bool  # the newest run

    def complete(self, act: Act, counts: ImportCounts) -> Sequence[AnyImportEvent]:
        """End the newest run: every row is in the log.

        Raises:
            ImportOvertakenError: somebody who runs the same file ended it first.
        """
        if self.completed:
            raise ImportOvertakenError
        return [
            ImportCompleted(
                **self.header(act),
                district_id=self.district_id,
                persons_registered=counts.persons_registered,
                employments_started=counts.employments_started,
                employments_changed=counts.employments_changed,
                employments_ended=counts.employments_ended,
                rows_unchanged=counts.rows_unchanged,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyImportEvent) -> Self:
        match event:
            case ImportStarted():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    district_id=event.district_id,
                    runs=state.runs + 1 if state else 1,
                    completed=False,
                )
            case ImportCompleted():
                assert state is not None, "an import starts before it completes"
                return replace(state, version=event.originator_version, completed=True)
            case _:
                assert_never(event)


def start_run(
    earlier: Import | None,
    import_id: UUID,
    act: Act,
    *,
    district_id: UUID,
    mode: Literal["bulk", "delta"],
    file_format: str,
    file_hmac: str,
    rows: int,
) -> Sequence[AnyImportEvent]:
    """Begin the first run of a file that passed every check, or the next after a completed one.

    Raises:
        ImportOvertakenError: somebody began a run that is not over; it is resumed, not begun anew.
    """
    if earlier is not None and not earlier.completed:
        raise ImportOvertakenError
    return [
        ImportStarted(
            **(earlier.header(act) if earlier else first_header(import_id, act)),
            district_id=district_id,
            format=file_format,
            mode=mode,
            file_hmac=file_hmac,
            rows=rows,
        )
    ]

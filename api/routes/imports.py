"""Rosters: a file is checked whole, then appended; a broken run is resumed by sending it again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal
from uuid import UUID

from fastapi import File, Form, Response, UploadFile
from pydantic import BaseModel

from api.access import must_import, must_see_import
from api.answers import answer
from api.imports.oneroster import import_oneroster
from api.imports.oneroster_plan import SkippedRow
from api.reading import ReadNow
from api.routing import ImportRoute, Router
from api.writing import WriteNow
from ledger.aggregates.imports import Import, ImportCounts
from ledger.aggregates.organization import Organization
from ledger.events.imports import ImportCompleted, ImportStarted
from ledger.values import ZoneName

router = Router("imports", ImportRoute)
ENDINGS_MAX = 1_000_000


class Report(BaseModel):
    """What an import came to. The same file again comes to nothing more."""

    district_id: UUID
    district_name: str
    import_id: UUID
    mode: Literal["bulk", "delta"]
    rows: int
    counts: ImportCounts
    position: int | None
    skipped: Mapping[str, int]
    skipped_rows: Sequence[SkippedRow]  # of persons who were erased: they are not made anew


class Run(BaseModel):
    """One run of a file."""

    started_at: datetime
    mode: Literal["bulk", "delta"]
    format: str
    rows: int
    counts: ImportCounts | None  # null: it broke off; send the file again


class ImportRuns(BaseModel):
    """A file, and what each of its runs came to."""

    import_id: UUID
    district_id: UUID
    runs: list[Run]


@router.post_file("/imports/oneroster", Report)
def import_roster(
    *,
    write: WriteNow,
    file: Annotated[UploadFile, File(description="a OneRoster 1.2 zip, bulk or delta")],
    zone: Annotated[ZoneName, Form(description="in which the district's days begin")],
    district_id: Annotated[UUID | None, Form()] = None,
    allow_endings: Annotated[int, Form(ge=0, le=ENDINGS_MAX)] = 0,  # a form has no numbers
) -> Response:
    """Bring the ledger up to what a roster says. What it is known by is the file, not the key."""
    must_import(write.caller, district_id)
    edge = write.edge
    with TemporaryDirectory(prefix="mcledger-import-") as folder:
        path = Path(folder) / "roster.zip"
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
        report = import_oneroster(
            edge.ledger,
            edge.vault,
            path,
            caller_id=write.caller.principal_id,
            zone=zone,
            at=write.at,
            district_id=district_id,
            allow_endings=allow_endings,
        )
    name = edge.ledger.get(Organization, report.district_id).name
    body = {
        "district_id": report.district_id,
        "district_name": name,
        "import_id": report.import_id,
        "mode": report.mode,
        "rows": report.rows,
        "counts": report.counts,
        "position": report.position,
        "skipped": dict(report.skipped),
        "skipped_rows": list(report.skipped_rows),
    }
    return answer(body, position=report.position)


@router.read("/imports/{import_id}", ImportRuns)
def read_import(import_id: UUID, read: ReadNow) -> Response:
    """What the runs of a file came to."""
    district_id = read.edge.ledger.get(Import, import_id).district_id
    must_see_import(read.caller, district_id)
    runs: list[Run] = []
    for event in read.edge.ledger.events.get(import_id):
        match event:
            case ImportStarted():
                runs.append(
                    Run(
                        started_at=event.occurred_at,
                        mode=event.mode,
                        format=event.format,
                        rows=event.rows,
                        counts=None,
                    )
                )
            case ImportCompleted():
                counts = {name: getattr(event, name) for name in ImportCounts.__slots__}
                runs[-1] = runs[-1].model_copy(update={"counts": ImportCounts(**counts)})
    found = ImportRuns(import_id=import_id, district_id=district_id, runs=runs)
    return answer(found.model_dump())

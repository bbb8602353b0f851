"""Evidence: handed in as a form with a file, encrypted as it arrives, opened for few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import File, Form, Response, UploadFile
from fastapi.responses import StreamingResponse

from api.access import must_see_evidence
from api.answers import Recorded, recorded
from api.disclosures import shows_enrollment
from api.reading import ReadNow
from api.routes.enrollments import own
from api.routing import EvidenceRoute, Router
from api.writing import WriteNow
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.enrollment_submission import Artifact
from ledger.aggregates.person import Person
from ledger.commands import enrollment as enrollments
from ledger.commands.pre_service import must_have_consent
from ledger.events.credential import EvidenceKind
from ledger.values import Day, Slug, Value

router = Router("evidence", EvidenceRoute)
CHUNK_BYTES = 1024 * 1024


class EvidenceFields(Value):
    """What the teacher says of a file."""

    kind: EvidenceKind
    contains_students: bool = False
    release_reference: Slug | None = None
    created_on: Day | None = None


class EvidenceRecorded(Recorded):
    """An artifact is stored and in the log."""

    evidence_id: UUID
    media_type: str  # as found in the file, whatever it was called
    size_bytes: int


@router.write("/enrollments/{enrollment_id}/evidence", EvidenceRecorded)
def upload_evidence(
    *,
    enrollment_id: UUID,
    write: WriteNow,
    file: Annotated[UploadFile, File(description="its name is not kept")],
    kind: Annotated[EvidenceKind, Form()],
    contains_students: Annotated[bool, Form()] = False,
    release_reference: Annotated[Slug | None, Form()] = None,
    created_on: Annotated[Day | None, Form()] = None,
) -> Response:
    """Hand in one file. Another file under the same Idempotency-Key is refused."""
    enrollment = own(write, enrollment_id)
    said = EvidenceFields(
        kind=kind,
        contains_students=contains_students,
        release_reference=release_reference,
        created_on=created_on,
    )
    call = write.call(said)
    if not write.sent_before:
        enrollment.must_take_evidence()
        earner = write.edge.ledger.get(Person, write.caller.person_id)
        must_have_consent(write.edge.vault, earner, "participation", write.at)
    stored = write.edge.evidence.store(call.command_id, enrollment.person_id, _chunks(file.file))
    artifact = Artifact(
        evidence_id=stored.evidence_id,
        media_type=stored.media_type,
        size_bytes=stored.size_bytes,
        ciphertext_sha256=stored.ciphertext_sha256,
        plaintext_commitment=stored.plaintext_commitment,
        **dict(said),
    )
    receipt = enrollments.upload_evidence(
        write.edge.ledger, call, enrollment_id=enrollment_id, artifact=artifact
    )
    return recorded(
        receipt,
        evidence_id=stored.evidence_id,
        media_type=stored.media_type,
        size_bytes=stored.size_bytes,
    )


@router.download("/enrollments/{enrollment_id}/evidence/{evidence_id}")
def download_evidence(enrollment_id: UUID, evidence_id: UUID, read: ReadNow) -> Response:
    """The file as it was handed in; each piece is proved before it is sent."""
    enrollment = read.edge.ledger.get(Enrollment, enrollment_id)
    must_see_evidence(read.caller, enrollment, evidence_id)
    known = read.edge.evidence.describe(evidence_id)
    shows_enrollment(read, "evidence", enrollment, thing_id=evidence_id)
    return StreamingResponse(
        read.edge.evidence.open(evidence_id),
        media_type=known.media_type,
        headers={
            "Content-Length": str(known.size_bytes),
            "Content-Disposition": f'attachment; filename="{evidence_id}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk

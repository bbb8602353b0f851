"""What a share shows: awards as they stand now, and of each what their teacher agreed to."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.disclosure_log import Line
from api.dispute_notes import DisputeNote, notes_on
from api.edge import Edge
from api.record_addresses import Addresses
from api.transcripts import LINES_MAX
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.person import Person
from ledger.aggregates.record import AwardedWork
from ledger.aggregates.share import Share, ShareExpiredError
from ledger.commands.pre_service import lacks_consent
from ledger.commands.share import link_stream, secret_digest
from ledger.errors import NotFoundError
from ledger.events.credential import Criterion, Definition
from ledger.events.share import SharePart
from ledger.values import local_date
from projections import records, transcript
from projections.transcript import Status, TitledLine

VIEWS = ("transcript", "records", "disputes")  # that a shared record is made from


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """How many hours the issuer expects it to take: an estimate, no seat time."""

    effort_hours_min: int
    effort_hours_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLevel:
    """The level that was seen for one criterion of the rubric."""

    criterion: str
    title: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedEvidence:
    """An artifact that stood behind an award, and the commitment by which it can be known again."""

    evidence_id: UUID
    kind: str
    media_type: str
    size_bytes: int
    commitment: str
    contains_students: bool
    erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAward:
    """One award as it stands today. What is outside the scope is null."""

    enrollment_id: UUID
    credential_id: UUID
    credential_version: int
    title: str
    competencies: list[str]
    issuer_id: UUID
    issuer_name: str | None
    status: Status | Literal["expired"]
    in_force: bool
    awarded_on: date
    expires_on: date | None
    revoked_on: date | None
    record_url: str | None  # of the signed record, by which others check it
    disputes: list[DisputeNote]
    hours: Hours | None
    scores: list[SeenLevel] | None
    evidence: list[SharedEvidence] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRecord:
    """What a recipient is shown, and on what terms."""

    share_id: UUID
    name: str | None  # of the teacher; null where nobody has given one
    scope: list[SharePart]
    purpose: str
    expires_on: date
    zone: str
    seen_on: date  # the day, in her zone, as of which this is true
    awards: list[SharedAward]


def share_of_link(edge: Edge, secret: str) -> Share:
    """The share that a link leads to. Raises NotFoundError, whatever is wrong with the secret."""
    digest = secret_digest(secret)
    share = edge.ledger.find(Share, link_stream(digest))
    if share is None or not hmac.compare_digest(share.recipient.secret_sha256 or "", digest):
        raise NotFoundError("no link has this secret")
    return share


def must_stand(edge: Edge, share: Share, at: datetime, *, reader_id: UUID | None) -> UUID:
    """Whose record a share shows, as long as it shows it.

    Whoever comes too late is told so, and she is told of it. `reader_id` is null for herself.

    Raises:
        NotFoundError: she ended it, she was erased, or she is a minor and no guardian agrees to it.
        ShareExpiredError: its day is over.
        DisclosureUnwrittenError: that somebody came too late cannot be written down.
    """
    person_id = edge.watch.meant.get(share.person_id, share.person_id)
    standing = share.standing(at)
    if standing == "revoked" or edge.vault.erased({person_id, share.person_id}):
        raise NotFoundError("this share has ended")
    if lacks_consent(edge.vault, edge.ledger.get(Person, person_id), "sharing", at):
        raise NotFoundError("this share has ended")
    if standing == "expired":
        if reader_id is not None:
            late = view_of(share, person_id, at, reader_id, "expired-share")
            edge.disclosures.write([late]).result()
        raise ShareExpiredError(f"this share ended with the day before {share.terms.expires_on}")
    return person_id


def view_of(
    share: Share,
    person_id: UUID,
    at: datetime,
    reader_id: UUID,
    record: Literal["share", "expired-share"] = "share",
) -> Line:
    """The line that a look at a share leaves."""
    return Line(
        read_at=at,
        person_id=person_id,
        reader_id=reader_id,
        role="recipient" if share.recipient.id else "link",
        organization_id=share.recipient.id,
        record=record,
        thing_id=share.id,
    )


def shared_record(
    edge: Edge, connection: Connection[Any], share: Share, at: datetime
) -> SharedRecord:
    """The record as of now, in the scope of the share; the connection may read all of hers."""
    person_id = edge.watch.meant.get(share.person_id, share.person_id)
    details = edge.vault.get_details([person_id], None).get(person_id)
    return SharedRecord(
        share_id=share.id,
        name=(details.name or None) if details else None,
        scope=list(share.terms.scope),
        purpose=share.terms.purpose,
        expires_on=share.terms.expires_on,
        zone=share.terms.zone,
        seen_on=local_date(at, share.terms.zone),
        awards=list(_awards(edge, connection, share, person_id, at)),
    )


def _awards(
    edge: Edge, connection: Connection[Any], share: Share, person_id: UUID, at: datetime
) -> Iterator[SharedAward]:
    wanted = frozenset(share.terms.enrollment_ids)
    notes = notes_on(edge, connection, person_id)
    issued = {
        one.enrollment_id: one.record_id
        for one in records.of_person(connection, person_id, limit=LINES_MAX)
    }
    for line in transcript.of_person(connection, person_id, limit=LINES_MAX):
        if line.awarded_on is not None and (not wanted or line.enrollment_id in wanted):
            disputes = notes.get(line.enrollment_id, [])
            record_id = issued.get(line.enrollment_id)
            yield _award(edge, share, line, at, disputes=disputes, record_id=record_id)


def _award(
    edge: Edge,
    share: Share,
    line: TitledLine,
    at: datetime,
    *,
    disputes: list[DisputeNote],
    record_id: UUID | None,
) -> SharedAward:
    assert line.awarded_on is not None, "only awards are shared"
    day, scope, host = local_date(at, line.zone or "UTC"), share.terms.scope, _host(edge)
    credential = edge.ledger.get(Credential, line.credential_id)
    definition = credential.definition_of(line.credential_version)
    seen = {"scores", "evidence"}.intersection(scope)
    work = edge.ledger.get(AwardedWork, line.enrollment_id) if seen else None
    return SharedAward(
        enrollment_id=line.enrollment_id,
        credential_id=line.credential_id,
        credential_version=line.credential_version,
        title=definition.title,
        competencies=list(definition.competencies),
        issuer_id=line.issuer_id,
        issuer_name=line.issuer_name,
        status=line.status_on(day),
        in_force=line.holds(day),
        awarded_on=line.awarded_on,
        expires_on=line.expires_on,
        revoked_on=line.revoked_on,
        record_url=host.record(record_id) if host and record_id else None,
        disputes=disputes,
        hours=_hours(definition) if "hours" in scope else None,
        scores=_scores(work, definition.rubric) if work and "scores" in scope else None,
        evidence=_evidence(edge, line.enrollment_id, work)
        if work and "evidence" in scope
        else None,
    )


def _host(edge: Edge) -> Addresses | None:
    host = edge.settings.public_host
    return Addresses(host) if host else None


def _hours(definition: Definition) -> Hours:
    return Hours(
        effort_hours_min=definition.effort_hours_min, effort_hours_max=definition.effort_hours_max
    )


def _scores(work: AwardedWork, rubric: tuple[Criterion, ...]) -> list[SeenLevel]:
    levels = work.levels(rubric)
    return [
        SeenLevel(criterion=one.criterion, title=one.title, level=levels[one.criterion])
        for one in rubric
        if one.criterion in levels
    ]


def _evidence(edge: Edge, enrollment_id: UUID, work: AwardedWork) -> list[SharedEvidence]:
    """What was handed in for the award; files themselves stay with her and her reviewers."""
    artifacts = {
        one.evidence_id: one for one in edge.ledger.get(Enrollment, enrollment_id).artifacts
    }
    erased = edge.vault.erased(work.evidence_ids)
    return [
        SharedEvidence(
            evidence_id=evidence_id,
            kind=artifacts[evidence_id].kind,
            media_type=artifacts[evidence_id].media_type,
            size_bytes=artifacts[evidence_id].size_bytes,
            commitment=artifacts[evidence_id].plaintext_commitment,
            contains_students=artifacts[evidence_id].contains_students,
            erased=evidence_id in erased,
        )
        for evidence_id in work.evidence_ids
    ]

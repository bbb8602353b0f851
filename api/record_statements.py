"""What the record of an award says, gathered from the log, the catalog and the vault."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from api.edge import Edge
from api.record_addresses import addresses_of
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.record import AwardedWork
from ledger.errors import ErasedError, UnavailableError
from ledger.records.awards import Award as Statement
from ledger.records.awards import EvidenceCommitment, Issuer
from ledger.records.identities import SALT_BYTES_MIN, Identity, IdentityKind
from ledger.records.status import StatusEntry
from ledger.values import beginning_of
from projections import catalog
from projections.records import Award


class IssuerNotShownError(UnavailableError):
    """The catalog does not show the issuer yet."""

    slug = "issuer-not-shown"


class Place(NamedTuple):
    """Where the status of a record stands."""

    list_number: int
    status_index: int


def statement(edge: Edge, award: Award, record_id: UUID, place: Place) -> Statement:
    """Everything the record says; her id in it and the salts are drawn anew by each call.

    Raises IssuerNotShownError.
    """
    addresses, issuer_id = addresses_of(edge.settings), award.issuer_id
    credential = edge.ledger.get(Credential, award.credential_id)
    definition = credential.definition_of(award.credential_version)
    work = edge.ledger.get(AwardedWork, award.enrollment_id)
    return Statement(
        record_url=addresses.record(record_id),
        issuer=Issuer(addresses.issuer(issuer_id), _issuer_name(edge, issuer_id)),
        subject_id=f"urn:uuid:{uuid4()}",
        identities=_identities(edge, award.person_id),
        achievement_url=addresses.achievement(
            issuer_id, award.credential_id, award.credential_version
        ),
        version=award.credential_version,
        definition=definition,
        levels=work.levels(definition.rubric),
        awarded_at=award.awarded_at,
        valid_from=award.awarded_at,
        valid_until=_first_moment(award),
        evidence=_evidence(edge, award.enrollment_id, work),
        alignments=credential.alignments_of(award.credential_version),
        status=StatusEntry(addresses.status_list(issuer_id, place.list_number), place.status_index),
    )


def _issuer_name(edge: Edge, issuer_id: UUID) -> str:
    with edge.reading() as connection:
        found = catalog.find_issuer(connection, issuer_id)
    if found is None:
        raise IssuerNotShownError(f"the catalog does not show issuer {issuer_id} yet")
    return found.name


def _identities(edge: Edge, person_id: UUID) -> tuple[Identity, ...]:
    """What whoever knows her can recognize her by, each under a salt of its own."""
    details = edge.vault.get_details([person_id], None).get(person_id)
    if details is None:
        return ()
    known: tuple[tuple[IdentityKind, str], ...] = (
        ("emailAddress", details.email),
        ("name", details.name),
    )
    return tuple(
        Identity(kind, value, secrets.token_bytes(SALT_BYTES_MIN)) for kind, value in known if value
    )


def _first_moment(award: Award) -> datetime | None:
    """The first moment at which the award no longer holds."""
    if award.expires_on is None:
        return None
    return beginning_of(award.expires_on, award.zone)


def _evidence(edge: Edge, enrollment_id: UUID, work: AwardedWork) -> tuple[EvidenceCommitment, ...]:
    """Commitments to what was handed in; without what was erased, which nobody can show."""
    artifacts = {
        one.evidence_id: one for one in edge.ledger.get(Enrollment, enrollment_id).artifacts
    }
    found = []
    for evidence_id in work.evidence_ids:
        try:
            salt = edge.evidence.salt_of(evidence_id)
        except ErasedError:
            continue
        one = artifacts[evidence_id]
        found.append(EvidenceCommitment(evidence_id, one.kind, one.plaintext_commitment, salt))
    return tuple(found)

"""Commands on micro-credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ledger.aggregates import credential as credentials
from ledger.aggregates import proposal as proposals
from ledger.aggregates.credential import Credential
from ledger.aggregates.issuer import Issuer
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import are_one
from ledger.events import AnyCredentialEvent
from ledger.events.credential import Alignment, Definition, ProposalAnswer, Resource
from ledger.values import stream_id


def draft_credential(
    ledger: Ledger,
    call: Call,
    *,
    issuer_id: UUID,
    definition: Definition,
    author_id: UUID | None = None,
) -> Receipt:
    """Begin a micro-credential, whose id follows from the command's.

    `author_id` is a teacher who wrote it; null when the issuer's staff did.
    """
    stream = stream_id("credential", call.command_id)

    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        issuer = read.get(Issuer, issuer_id)
        return credentials.draft(
            stream, call.act, issuer=issuer, author_id=author_id, definition=definition
        )

    return ledger.run(call, decide)


def redraft_credential(
    ledger: Ledger,
    call: Call,
    *,
    credential_id: UUID,
    definition: Definition,
    author_id: UUID | None = None,
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        credential = _known(read, call, credential_id)
        return credential.redraft(call.act, author_id=author_id, definition=definition)

    return ledger.run(call, decide)


def publish_credential(ledger: Ledger, call: Call, *, credential_id: UUID) -> Receipt:
    """Publish the newest draft as the next version."""

    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        credential = _known(read, call, credential_id)
        return credential.publish(call.act, issuer=read.get(Issuer, credential.issuer_id))

    return ledger.run(call, decide)


def answer_proposal(
    ledger: Ledger,
    call: Call,
    *,
    credential_id: UUID,
    answer: ProposalAnswer,
    reasons: tuple[str, ...],
) -> Receipt:
    """Ask the teacher who wrote the draft for changes, or decline it."""

    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        credential = _known(read, call, credential_id)
        return proposals.answer_proposal(credential, call.act, answer=answer, reasons=reasons)

    return ledger.run(call, decide)


def retire_credential(ledger: Ledger, call: Call, *, credential_id: UUID, reason: str) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        return read.get(Credential, credential_id).retire(call.act, reason=reason)

    return ledger.run(call, decide)


def align_credential(
    ledger: Ledger,
    call: Call,
    *,
    credential_id: UUID,
    credential_version: int,
    alignments: tuple[Alignment, ...],
) -> Receipt:
    """Say which statements of frameworks a version is about."""

    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        return read.get(Credential, credential_id).align(
            call.act, credential_version=credential_version, alignments=alignments
        )

    return ledger.run(call, decide)


def list_resources(
    ledger: Ledger,
    call: Call,
    *,
    credential_id: UUID,
    credential_version: int,
    resources: tuple[Resource, ...],
) -> Receipt:
    """Say what there is to learn from for a version."""

    def decide(read: Reader) -> Sequence[AnyCredentialEvent]:
        return read.get(Credential, credential_id).list_resources(
            call.act, credential_version=credential_version, resources=resources
        )

    return ledger.run(call, decide)


def _known(read: Reader, call: Call, credential_id: UUID) -> Credential:
    """What stands; whoever acts is an author of it under each id of hers."""
    known = read.get(Credential, credential_id)
    if any(are_one(read, call.caller_id, one) for one in known.authors):
        return replace(known, authors=known.authors | {call.caller_id})
    return known

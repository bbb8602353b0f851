"""What teachers propose as micro-credentials, and what the issuer says to it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from api.access import must_act_for_issuer, must_write_credential
from api.answers import answer, recorded
from api.paging import PageOf
from api.reading import PageQuery, Read, ReadNow, reading
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.credential import Credential
from ledger.aggregates.proposal import Standing, standing_of
from ledger.commands import credential as credentials
from ledger.events.credential import ProposalAnswer
from ledger.values import Slug, Value
from projections import catalog
from projections.catalog_rows import FoundCredential, Search
from projections.sql import NO_ID

router = Router("proposals")
OPEN: tuple[Standing, ...] = ("proposed", "changes_requested")  # until published or declined


class ProposalReply(Value):
    """What has to change, or why it is not wanted, as codes. Publishing it approves it."""

    answer: ProposalAnswer
    reasons: tuple[Slug, ...] = Field(min_length=1, max_length=20)


class ProposalsQuery(PageQuery):
    """Which proposals are asked for; without `standing` those that are still open."""

    standing: Literal["proposed", "changes_requested", "declined"] | None = None


class CredentialProposal(BaseModel):
    """Where the newest draft stands, if a teacher wrote it: null where the issuer's staff did."""

    credential_id: UUID
    issuer_id: UUID
    author_id: UUID | None
    standing: Standing | None
    reasons: list[str]


@router.write("/credentials/{credential_id}/proposal-answers")
def answer_credential_proposal(
    credential_id: UUID, body: ProposalReply, write: WriteNow
) -> Response:
    """Ask the teacher who wrote the draft for changes, or decline it."""
    must_write_credential(write.caller, write.edge.ledger.get(Credential, credential_id))
    return recorded(write.run(credentials.answer_proposal, body, credential_id=credential_id))


@router.read("/credentials/{credential_id}/proposal", CredentialProposal)
def read_credential_proposal(credential_id: UUID, read: ReadNow) -> Response:
    """What became of a draft, for the teacher who wrote it and the issuer's approvers."""
    found = read.edge.ledger.get(Credential, credential_id)
    hers = found.author_id is not None and read.caller.is_person(found.author_id)
    if not hers:
        must_write_credential(read.caller, found)
    body = {
        "credential_id": credential_id,
        "issuer_id": found.issuer_id,
        "author_id": found.author_id,
        "standing": standing_of(found),
        "reasons": found.answer.reasons if found.answer else [],
    }
    return answer(body, ETag=f'"{found.version}"')


@router.read("/issuers/{issuer_id}/proposals", PageOf[FoundCredential])
def list_credential_proposals(
    issuer_id: UUID, read: Annotated[Read[ProposalsQuery], Depends(reading(ProposalsQuery))]
) -> Response:
    """What teachers have proposed and nobody has published or declined, by title."""
    must_act_for_issuer(read.caller, issuer_id)
    asked = read.query.standing
    answers: list[str] = [*OPEN] if asked is None else [asked]
    wanted = Search(status="drafted", issuer_id=issuer_id, proposed=True, answers=answers)
    position = read.visible("catalog")
    with read.edge.reading() as connection:
        after = read.page.after(tuple[str, UUID], ("", NO_ID))
        found = catalog.search(connection, wanted, after=after, limit=read.page.limit)
    key = (found[-1].title, found[-1].credential_id) if found else None
    return read.page.answer(found, position, key=key)

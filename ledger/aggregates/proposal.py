"""What a teacher proposes as a micro-credential: a draft of hers, which the issuer answers.

Publishing it is one answer; these are the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ledger.aggregates.base import Act
from ledger.aggregates.credential import Credential, PublisherIsAuthorError
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyCredentialEvent
from ledger.events.credential import ProposalAnswer, ProposalAnswered

Standing = Literal["proposed", "changes_requested", "declined", "approved"]


class NotProposedError(RuleError):
    """No draft of a teacher's waits for an answer."""

    slug = "not-proposed"


def standing_of(credential: Credential) -> Standing | None:
    """Where the newest draft of a teacher's stands; null where the issuer's staff wrote it."""
    if credential.author_id is None:
        return None
    if credential.published and credential.draft == credential.published[-1]:
        return "approved"
    return credential.answer.answer if credential.answer is not None else "proposed"


def answer_proposal(
    credential: Credential, act: Act, *, answer: ProposalAnswer, reasons: tuple[str, ...]
) -> Sequence[AnyCredentialEvent]:
    """Ask the teacher who wrote the draft for changes, or decline it."""
    credential.must_not_be_retired()
    if credential.author_id is None or standing_of(credential) == "approved":
        raise NotProposedError(f"no draft of credential {credential.id} waits for an answer")
    if act.actor_id in credential.authors:
        raise PublisherIsAuthorError(
            f"{act.actor_id} wrote credential {credential.id}, so somebody else answers"
        )
    known = credential.answer
    if known is not None and (known.answer, known.reasons) == (answer, reasons):
        raise NothingChangesError("this was answered already")
    return [
        ProposalAnswered(
            **credential.header(act),
            issuer_id=credential.issuer_id,
            author_id=credential.author_id,
            answer=answer,
            reasons=reasons,
        )
    ]

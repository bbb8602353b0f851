"""Commands on shares: she grants, and she ends. No employer is asked."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from ledger.aggregates import share as shares
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import Organization
from ledger.aggregates.share import Recipient, Share, ShareScopeError, ShareTerms
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import are_one
from ledger.commands.person import get_person
from ledger.commands.pre_service import counts_as_minor, must_have_consent
from ledger.errors import NotFoundError
from ledger.events import AnyShareEvent
from ledger.events.share import SharePart
from ledger.values import local_date, stream_id
from ledger.vault import Vault

OF_MINORS: frozenset[SharePart] = frozenset({"awards", "hours"})  # whatever a guardian agrees to


def secret_digest(secret: str) -> str:
    """What is kept of the secret in a link: enough to know it again."""
    return f"sha256:{sha256(secret.encode()).hexdigest()}"


def link_stream(secret_sha256: str) -> UUID:
    """The stream of what a link shows: whoever has the secret finds it without a table."""
    return stream_id("share-link", secret_sha256)


def grant_share(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    recipient: Recipient,
    terms: ShareTerms,
    vault: Vault | None = None,
) -> Receipt:
    """Let a recipient see parts of a record; of a minor's as few as there are.

    Raises:
        NotFoundError: an award is not hers.
        ShareScopeError: the parts, or those of a minor's record.
        ShareExpiryError: the day.
        GuardianConsentMissingError: she is a minor, and nobody agreed to this.
    """

    def decide(read: Reader) -> Sequence[AnyShareEvent]:
        terms.check(local_date(call.act.at, terms.zone))  # before each award it names is looked at
        person = get_person(read, person_id)
        must_have_consent(vault, person, "sharing", call.at)
        if not OF_MINORS.issuperset(terms.scope) and counts_as_minor(vault, person, call.at):
            raise ShareScopeError("of a minor's record a share shows awards and hours alone")
        _must_be_there(read, recipient)
        for enrollment_id in terms.enrollment_ids:
            _must_be_award(read, person_id, enrollment_id)
        secret = recipient.secret_sha256
        stream = link_stream(secret) if secret else stream_id("share", call.command_id)
        return shares.grant(stream, call.act, person_id=person_id, recipient=recipient, terms=terms)

    return ledger.run(call, decide)


def revoke_share(ledger: Ledger, call: Call, *, share_id: UUID) -> Receipt:
    """End a share at once."""
    return ledger.run(call, lambda read: read.get(Share, share_id).revoke(call.act))


def _must_be_there(read: Reader, recipient: Recipient) -> None:
    if recipient.id is None:
        return
    if recipient.kind == "district":
        read.get(Organization, recipient.id).must_be_district()
    else:
        read.get(Issuer, recipient.id)


def _must_be_award(read: Reader, person_id: UUID, enrollment_id: UUID) -> None:
    enrollment = read.get(Enrollment, enrollment_id)
    if enrollment.awarded_on is None or not are_one(read, enrollment.person_id, person_id):
        raise NotFoundError(f"she has no award {enrollment_id}")

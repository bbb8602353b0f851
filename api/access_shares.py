"""Who may do what with shares, consents and disputes: the rules of api/access.py go on here."""

from __future__ import annotations

from uuid import UUID

from api.access import NOT_THERE, must_act_for_district, must_be
from api.caller import Caller
from ledger.aggregates.dispute import Dispute
from ledger.aggregates.person import Person
from ledger.aggregates.share import Share
from ledger.errors import NotFoundError
from ledger.events.access import Role


def must_see_share(caller: Caller, share: Share) -> None:
    """What a share shows is for its recipient, and for her who granted it."""
    recipient_id = share.recipient.id
    if recipient_id is None or not receives_shares(caller, recipient_id):
        must_be(caller, share.person_id)


def must_receive_shares(caller: Caller, recipient_id: UUID) -> None:
    """What teachers show to a district or an issuer is for whoever acts for it."""
    if not receives_shares(caller, recipient_id):
        raise NotFoundError(NOT_THERE)


def receives_shares(caller: Caller, recipient_id: UUID) -> bool:
    """Whether the caller acts for the district or the issuer that a share names."""
    return caller.holds("district", recipient_id) or caller.holds("issuer_approver", recipient_id)


def must_vouch_for(caller: Caller, district_id: UUID, person: Person | None) -> None:
    """Who earns before service, and what guardians agree to, says a district that registered her.

    It has called her something, be she employed or not; of others it knows nothing.
    """
    must_act_for_district(caller, district_id)
    if person is None or district_id not in person.details:
        raise NotFoundError(NOT_THERE)


def must_see_pre_service(caller: Caller, person: Person) -> UUID | None:
    """What is recorded of an earner before service: hers, and the district's that vouches for her.

    Answers the district for which the caller looks; null for herself.
    """
    if caller.is_person(person.id):
        return None
    vouches = person.pre_service.district_id if person.pre_service else None
    if vouches is None or not caller.holds("district", vouches):
        raise NotFoundError(NOT_THERE)
    return vouches


def must_answer_dispute(caller: Caller, dispute: Dispute) -> None:
    """A dispute is answered by the office whose record it is about."""
    role: Role = "issuer_approver" if dispute.disputed.office_kind == "issuer" else "district"
    if not caller.holds(role, dispute.disputed.office_id):
        raise NotFoundError(NOT_THERE)

"""Who may do what. Every rule of access is on this page; routes only name the one they need.

- A token says who calls. Roles are grants in the log, read anew for each request that needs them.
- A teacher is whoever the record is about, an assessor whoever the enrollment names as one.
- Whatever belongs to a person or a district and is not the caller's is not there: the answer is
  the same as for something that never existed. What is public (the catalog, issuers, policies) can
  be refused openly, and so can an act that needs a role nobody is told about otherwise.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.caller import Caller
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment_state import EnrollmentState
from ledger.errors import ForbiddenError, NotFoundError
from ledger.events.access import Role
from projections import employments

Party = Literal["teacher", "assessor", "approver"]
NOBODY = UUID(int=0)
NOT_THERE = "not there, or not yours"
PREPARING: tuple[Role, ...] = ("payroll",)
APPROVING: tuple[Role, ...] = ("payroll", "district")


def must_operate(caller: Caller) -> None:
    """Organizations, issuers, vetting, grants, imports and health are the operator's."""
    if not caller.holds("operator"):
        raise ForbiddenError("this is for operators")


def must_act_for_issuer(caller: Caller, issuer_id: UUID) -> None:
    """An approver publishes and decides for her own issuer only."""
    if not caller.holds("issuer_approver", issuer_id):
        raise ForbiddenError("this is for approvers of the issuer")


def must_import(caller: Caller, district_id: UUID | None) -> None:
    """A roster comes from its district, or from an operator, who alone may bring a new district."""
    if caller.holds("operator"):
        return
    if district_id is None:
        raise ForbiddenError("name your district, or let an operator import it for the first time")
    must_act_for_district(caller, district_id)


def must_see_import(caller: Caller, district_id: UUID) -> None:
    """What an import came to: whoever may import, and the district's auditors."""
    if not (caller.holds("operator") or caller.holds("auditor", district_id)):
        must_act_for_district(caller, district_id)


def must_act_for_district(caller: Caller, district_id: UUID) -> None:
    """Policies and employments are the district's to record."""
    if not caller.holds("district", district_id):
        raise NotFoundError(NOT_THERE)


def must_see_district(caller: Caller, district_id: UUID) -> None:
    """The people of a district: its own staff office, and auditors."""
    if not (caller.holds("district", district_id) or caller.holds("auditor", district_id)):
        raise NotFoundError(NOT_THERE)


def must_audit(caller: Caller, organization_id: UUID) -> None:
    """Who looked at whose record is for auditors to see, of the district or issuer or the state."""
    if not caller.holds("auditor", organization_id):
        raise NotFoundError(NOT_THERE)


def must_see_challenges(caller: Caller, connection: Connection[Any], district_id: UUID) -> bool:
    """Challenges are for whom a district employs or employed, its staff office and auditors.

    Answers whether all members of all teams are the caller's to see; a teacher sees her own team.
    """
    if caller.holds("district", district_id) or caller.holds("auditor", district_id):
        return True
    must_employ(connection, district_id, caller.person_id)
    return False


def must_see_payouts(caller: Caller, district_id: UUID) -> None:
    """What a district owes: its staff office, its payroll office, and auditors."""
    if not sees_payout(caller, NOBODY, district_id):
        raise NotFoundError(NOT_THERE)


def must_prepare_payroll(caller: Caller, district_id: UUID) -> None:
    """Making, voiding and settling batches is the payroll office's."""
    _must_hold_one(caller, district_id, *PREPARING)


def must_approve_payroll(caller: Caller, district_id: UUID) -> None:
    """Approving is for another member of the payroll office, or for the staff office."""
    _must_hold_one(caller, district_id, *APPROVING)


def must_see_payroll(caller: Caller, district_id: UUID) -> None:
    """Batches and their files: both offices, auditors, and the payroll system."""
    _must_hold_one(caller, district_id, "payroll", "district", "auditor", "payroll_system")


def must_answer_payroll(caller: Caller, district_id: UUID) -> None:
    """What came of a batch says the payroll system, or the office for it."""
    _must_hold_one(caller, district_id, "payroll", "payroll_system")


def _must_hold_one(caller: Caller, district_id: UUID, *roles: Role) -> None:
    if not any(caller.holds(role, district_id) for role in roles):
        raise NotFoundError(NOT_THERE)


def district_changes(caller: Caller, district_id: UUID) -> bool:
    """Whether all that changed at a district is the caller's to see; payroll sees payouts alone."""
    must_see_payouts(caller, district_id)
    return caller.holds("district", district_id) or caller.holds("auditor", district_id)


def visible_payers(
    caller: Caller, person_id: UUID, district_ids: Collection[UUID]
) -> Collection[UUID]:
    """Those of the districts that owe a person something which the caller may know to do so."""
    seen = {one for one in district_ids if sees_payout(caller, person_id, one)}
    if not seen and not caller.is_person(person_id):
        raise NotFoundError(NOT_THERE)
    return seen


def sees_payout(caller: Caller, person_id: UUID, district_id: UUID) -> bool:
    """A payout is for her it is owed to, and for whoever may see what the district owes."""
    if caller.is_person(person_id):
        return True
    roles: tuple[Role, ...] = ("payroll", "district", "auditor")
    return any(caller.holds(role, district_id) for role in roles)


def must_write_rules(caller: Caller, district_id: UUID | None) -> None:
    """Equivalency rules are their district's to adopt; those of a state the operator brings."""
    if district_id is not None:
        must_act_for_district(caller, district_id)
    elif not caller.holds("operator"):
        raise NotFoundError(NOT_THERE)


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of what somebody has earned a caller may see."""

    whole: bool  # hers, or a state's auditor's
    district_ids: frozenset[UUID]
    spans: tuple[employments.Span, ...]

    def of_day(self, day: date) -> bool:
        """Whether a decision of that day was made while a district of the caller employed her."""
        return self.whole or any(span.holds(day) for span in self.spans)

    def of_districts(self, district_ids: Collection[UUID]) -> bool:
        """Whether something that these districts wrote is the caller's to see."""
        return self.whole or not self.district_ids.isdisjoint(district_ids)


EVERYTHING = Sight(whole=True, district_ids=frozenset(), spans=())


def must_see_earned(caller: Caller, connection: Connection[Any], person_id: UUID) -> Sight:
    """What somebody has earned: all of it is hers to see, and for a state's auditor.

    A district and its auditors see what was decided while it employed her, and what it recorded.
    """
    found = sight_on(caller, connection, person_id)
    if not (found.whole or found.spans):
        raise NotFoundError(NOT_THERE)
    return found


def sight_on(caller: Caller, connection: Connection[Any], person_id: UUID) -> Sight:
    """What a caller may see of what somebody has earned; it may be nothing."""
    if caller.is_person(person_id) or caller.holds("auditor"):
        return EVERYTHING
    scopes = caller.scopes("district") | caller.scopes("auditor")
    return sight_of(connection, person_id, *sorted(one for one in scopes if one is not None))


def sight_of(connection: Connection[Any], person_id: UUID, *district_ids: UUID) -> Sight:
    """What these districts may see of what somebody has earned."""
    spans = [span for one in district_ids for span in employments.spans(connection, person_id, one)]
    return Sight(whole=False, district_ids=frozenset(district_ids), spans=tuple(spans))


def sights_of(
    connection: Connection[Any], person_ids: Collection[UUID], district_id: UUID
) -> dict[UUID, Sight]:
    """What one district may see of what each of these has earned."""
    known = employments.spans_of_persons(connection, person_ids, district_id)
    mine = frozenset({district_id})
    return {
        one: Sight(whole=False, district_ids=mine, spans=tuple(known.get(one, ())))
        for one in person_ids
    }


def must_be(caller: Caller, person_id: UUID) -> None:
    """A record is its teacher's to write."""
    if not caller.is_person(person_id):
        raise NotFoundError(NOT_THERE)


def must_employ(connection: Connection[Any], district_id: UUID, person_id: UUID) -> None:
    """A district writes about people who have worked for it, and knows of no others."""
    if not employments.spans(connection, person_id, district_id):
        raise NotFoundError(NOT_THERE)


def must_see_facts(
    caller: Caller, connection: Connection[Any], district_id: UUID, person_id: UUID
) -> None:
    """What a district has on file about a person: for herself, its staff office and auditors."""
    if not caller.is_person(person_id):
        must_see_district(caller, district_id)
    must_employ(connection, district_id, person_id)


def must_identify(
    caller: Caller, connection: Connection[Any], district_id: UUID, person_id: UUID
) -> None:
    """Whose number it is says an operator, or the district for people who work for it."""
    if not caller.holds("operator"):
        must_act_for_district(caller, district_id)
        must_employ(connection, district_id, person_id)


def holding_authority(caller: Caller, connection: Connection[Any], person_id: UUID) -> UUID | None:
    """For whom the caller may have what is known of a person kept: a district; null for all.

    An operator, and whoever acts for a district that employs or employed her.
    """
    if caller.holds("operator"):
        return None
    held = employments.of_person(connection, person_id)
    own = [one.district_id for one in held if caller.holds("district", one.district_id)]
    if not own:
        raise NotFoundError(NOT_THERE)
    return own[-1]


def must_lift(caller: Caller, authority_id: UUID | None) -> None:
    """A hold is lifted by those for whom it was placed, or by an operator."""
    lifts = authority_id is not None and (
        caller.holds("district", authority_id) or caller.holds("issuer_approver", authority_id)
    )
    if not (lifts or caller.holds("operator")):
        raise NotFoundError(NOT_THERE)


def must_have_erased(caller: Caller, connection: Connection[Any], person_id: UUID) -> None:
    """Whoever may ask that a person be forgotten: herself, and an operator.

    A district may where it is the only one that ever employed her: else the record of her years
    elsewhere would be another's to erase.
    """
    if caller.is_person(person_id) or caller.holds("operator"):
        return
    districts = {one.district_id for one in employments.of_person(connection, person_id)}
    if len(districts) != 1 or not caller.holds("district", min(districts)):
        raise NotFoundError(NOT_THERE)


def must_have_redacted(caller: Caller, enrollment: EnrollmentState, reason: str) -> None:
    """Whoever may ask that a file be forgotten: its teacher, its approvers, an operator.

    An assessor who sees students in it may as well, for that reason alone.
    """
    own = caller.is_person(enrollment.person_id)
    decides = caller.holds("issuer_approver", enrollment.issuer_id) or caller.holds("operator")
    reports = reason == "student-data" and is_assessor_of(caller, enrollment)
    if not (own or decides or reports):
        raise NotFoundError(NOT_THERE)


def redacting_authority(caller: Caller, enrollment: EnrollmentState) -> UUID | None:
    """For whom the caller may have a file kept: its issuer; null for all, as an operator."""
    if caller.holds("operator"):
        return None
    must_decide(caller, enrollment)
    return enrollment.issuer_id


def must_see_erasures(caller: Caller) -> None:
    """What is held and forgotten of whom: operators carry it out, the state's auditors read it."""
    if not (caller.holds("operator") or caller.holds("auditor")):
        raise ForbiddenError("this is for operators")


def must_see_whole_record(caller: Caller, person_id: UUID) -> None:
    """What no district may see whole: her history and her progress, wherever she worked."""
    if not (caller.is_person(person_id) or caller.holds("auditor")):
        raise NotFoundError(NOT_THERE)


def visible_districts(
    caller: Caller, person_id: UUID, district_ids: Collection[UUID]
) -> Collection[UUID]:
    """Those of the districts that employed a person which the caller may know to have done so."""
    if caller.is_person(person_id) or caller.holds("auditor"):
        return district_ids
    seen = {
        district_id
        for district_id in district_ids
        if caller.holds("district", district_id) or caller.holds("auditor", district_id)
    }
    if not seen:
        raise NotFoundError(NOT_THERE)
    return seen


def must_see_person(caller: Caller, connection: Connection[Any], person_id: UUID) -> UUID | None:
    """What somebody is called: herself, and whoever employs or employed her.

    Answers the district whose word for her the caller may see; null for herself.
    """
    if caller.is_person(person_id):
        return None
    held = employments.of_person(connection, person_id)
    seen = visible_districts(caller, person_id, {one.district_id for one in held})
    newest_first = [one.district_id for one in reversed(held) if one.district_id in seen]
    if not newest_first:
        raise NotFoundError(NOT_THERE)  # somebody whom no district has employed yet
    return newest_first[0]


def must_write_credential(caller: Caller, credential: Credential) -> None:
    """A micro-credential is its issuer's; before it is published nobody else knows of it."""
    if not caller.holds("issuer_approver", credential.issuer_id):
        if credential.published:
            raise ForbiddenError("this is for approvers of the issuer")
        raise NotFoundError(NOT_THERE)


def must_propose(caller: Caller, issuer_id: UUID, author_id: UUID | None) -> None:
    """A teacher drafts what she herself has written; everything else the issuer's approvers do."""
    if author_id is None or not caller.is_person(author_id):
        must_act_for_issuer(caller, issuer_id)


def is_proposer(caller: Caller, credential: Credential) -> bool:
    """Whether what was never published is a draft of hers."""
    author = credential.author_id
    return not credential.published and author is not None and caller.is_person(author)


def must_see_draft(caller: Caller, issuer_id: UUID, author_id: UUID | None = None) -> None:
    """What was a draft at the time looked at is for its author and its issuer's approvers alone."""
    hers = author_id is not None and caller.is_person(author_id)
    if not hers and not caller.holds("issuer_approver", issuer_id):
        raise NotFoundError(NOT_THERE)


def must_be_award_of(credential_id: UUID, award: EnrollmentState) -> None:
    """An award qualifies for assessing the micro-credential it is of, and shows in no other."""
    if award.credential_id != credential_id:
        raise NotFoundError(NOT_THERE)


def is_assessor_of(caller: Caller, enrollment: EnrollmentState) -> bool:
    """Whether a seat of the attempt is hers, or she has scored it, under whichever id of hers."""
    seated = {seat.assessor_id for seat in enrollment.seats}
    return any(map(caller.is_person, seated | enrollment.scorers))


def must_assess(caller: Caller, enrollment: EnrollmentState) -> None:
    """An attempt is there for the assessors it was given to."""
    if not is_assessor_of(caller, enrollment):
        raise NotFoundError(NOT_THERE)


def must_decide(caller: Caller, enrollment: EnrollmentState) -> None:
    """What becomes of a submission is up to the approvers of its issuer."""
    if not caller.holds("issuer_approver", enrollment.issuer_id):
        raise NotFoundError(NOT_THERE)


def must_speak_for_assessor(caller: Caller, enrollment: EnrollmentState, assessor_id: UUID) -> None:
    """Stepping back is the assessor's own to say, or an approver's."""
    own = caller.is_person(assessor_id) and is_assessor_of(caller, enrollment)
    if not own:
        must_decide(caller, enrollment)


def must_see_evidence(caller: Caller, enrollment: EnrollmentState, evidence_id: UUID) -> None:
    """Evidence opens for its teacher, and once handed in for its assessors and its approvers.

    Never for a district.
    """
    kept = any(artifact.evidence_id == evidence_id for artifact in enrollment.artifacts)
    own = caller.is_person(enrollment.person_id)
    reviews = is_assessor_of(caller, enrollment) or caller.holds(
        "issuer_approver", enrollment.issuer_id
    )
    handed_in = evidence_id in enrollment.submitted_ids
    if not (kept and (own or (reviews and handed_in))):
        raise NotFoundError(NOT_THERE)


def must_see_queue(caller: Caller, issuer_id: UUID) -> None:
    """What waits for a decision is its issuer's matter, and its auditors'."""
    if not (caller.holds("issuer_approver", issuer_id) or caller.holds("auditor", issuer_id)):
        raise NotFoundError(NOT_THERE)


def review_role(caller: Caller, enrollment: EnrollmentState) -> Party:
    """As what the caller looks at a review. Raises NotFoundError when she is no party to it."""
    if caller.is_person(enrollment.person_id):
        return "teacher"
    if is_assessor_of(caller, enrollment):
        return "assessor"  # blind even where she also approves
    if caller.holds("issuer_approver", enrollment.issuer_id) or caller.holds(
        "auditor", enrollment.issuer_id
    ):
        return "approver"
    raise NotFoundError(NOT_THERE)

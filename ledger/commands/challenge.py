"""Commands on challenges. Who leads is derived from the log; who won is decided here, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates import challenge as challenges
from ledger.aggregates import dossier as dossiers
from ledger.aggregates.base import Meant
from ledger.aggregates.challenge import Challenge, ChallengeTerms
from ledger.aggregates.credential import Credential
from ledger.aggregates.dossier import Dossier
from ledger.aggregates.organization import Organization
from ledger.aggregates.policy import Policy
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.dossier import dossier_stream
from ledger.commands.merge import known_merges
from ledger.commands.person import get_person
from ledger.commands.pre_service import must_have_consent
from ledger.errors import InvalidError, NotFoundError
from ledger.events import AnyChallengeEvent, AnyDossierEvent
from ledger.events.challenge import Prize, PrizeShareAwarded
from ledger.events.dossier import RequestFiled
from ledger.events.policy_rule import Rule
from ledger.keyring import PersonErasedError
from ledger.rules.challenges import Standing, prize_misfit
from ledger.values import local_date, stream_id
from ledger.vault import Vault


class PrizePolicyError(InvalidError):
    """The policy named would not pay the prize whole, and once."""

    slug = "prize-policy-unsuitable"


def create_challenge(
    ledger: Ledger, call: Call, *, district_id: UUID, terms: ChallengeTerms
) -> Receipt:
    """Begin a challenge of a district, whose id follows from the command's.

    Raises DeadlinePassedError, DeadlineMissingError, FarDayError, PrizePolicyError,
    CredentialRetiredError.
    """
    stream = stream_id("challenge", call.command_id)

    def decide(read: Reader) -> Sequence[AnyChallengeEvent]:
        read.get(Organization, district_id).must_be_district()
        events = challenges.create(stream, call.act, district_id=district_id, terms=terms)
        for credential_id in terms.credential_ids:
            credential = read.get(Credential, credential_id)
            if not credential.published:
                raise NotFoundError(f"there is no credential {credential_id}")
            credential.must_not_be_retired()
        _must_pay(read, district_id, terms.prize, terms.deadline.day)
        return events

    return ledger.run(call, decide)


def form_team(
    ledger: Ledger, vault: Vault, call: Call, *, challenge_id: UUID, person_id: UUID
) -> Receipt:
    """Form a team and be its first member."""

    def decide(read: Reader) -> Sequence[AnyChallengeEvent]:
        _may_take_part(read, vault, call, person_id)
        challenge = read.get(Challenge, challenge_id)
        return challenge.form_team(call.act, person_id=person_id, meant=_meant(read))

    return ledger.run(call, decide)


def join_team(
    ledger: Ledger, vault: Vault, call: Call, *, challenge_id: UUID, person_id: UUID, team: int
) -> Receipt:
    """Join a team. Nobody is put into one by others."""

    def decide(read: Reader) -> Sequence[AnyChallengeEvent]:
        _may_take_part(read, vault, call, person_id)
        challenge = read.get(Challenge, challenge_id)
        return challenge.join(call.act, team=team, person_id=person_id, meant=_meant(read))

    return ledger.run(call, decide)


def leave_team(ledger: Ledger, call: Call, *, challenge_id: UUID, person_id: UUID) -> Receipt:
    """Leave her team, before it is locked."""

    def decide(read: Reader) -> Sequence[AnyChallengeEvent]:
        challenge = read.get(Challenge, challenge_id)
        return challenge.leave(call.act, person_id=person_id, meant=_meant(read))

    return ledger.run(call, decide)


def lock_team(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    challenge_id: UUID,
    person_id: UUID,
    member_ids: Sequence[UUID],
) -> Receipt:
    """Say who her team is; from then on it stays as it is.

    Whoever is named still has a guardian's consent, where she needs it.
    """

    def decide(read: Reader) -> Sequence[AnyChallengeEvent]:
        challenge, meant = read.get(Challenge, challenge_id), _meant(read)
        locked = challenge.lock(call.act, person_id=person_id, member_ids=member_ids, meant=meant)
        for one in {meant(one) for one in (*member_ids, person_id)}:
            _may_take_part(read, vault, call, one)
        return locked

    return ledger.run(call, decide)


def award_prize(
    ledger: Ledger, call: Call, *, challenge_id: UUID, standing: Standing, through_position: int
) -> Receipt:
    """Award the prize to the team that stood first, and file each share to be paid, all or nothing.

    Who was erased cannot be paid, so the others share. Raises PrizeAwardedError the second time.
    """

    def decide(read: Reader) -> Sequence[AnyChallengeEvent | AnyDossierEvent]:
        challenge, meant = read.get(Challenge, challenge_id), _meant(read)
        joined = challenge.teams[standing.team].members
        happened = challenge.award(
            call.act,
            standing=standing,
            member_ids=[one for one in dict.fromkeys(map(meant, joined)) if _is_there(read, one)],
            through_position=through_position,
            meant=meant,
        )
        if challenge.prize.policy_id is None:
            return happened
        zone = read.get(Organization, challenge.district_id).zone
        _must_pay(read, challenge.district_id, challenge.prize, local_date(call.at, zone))
        won = [one for one in happened if isinstance(one, PrizeShareAwarded) and one.amount_cents]
        filed = [fact for one in won for fact in _filed(read, call, challenge.prize, one)]
        return [*happened, *filed]

    return ledger.run(call, decide)


def _may_take_part(read: Reader, vault: Vault, call: Call, person_id: UUID) -> None:
    """A contest is more than her own learning: her team is shown her, and others how it did.

    Raises PersonErasedError, GuardianConsentMissingError.
    """
    person = get_person(read, person_id)
    must_have_consent(vault, person, "participation", call.at)
    must_have_consent(vault, person, "sharing", call.at)


def _filed(
    read: Reader, call: Call, prize: Prize, share: PrizeShareAwarded
) -> Sequence[AnyDossierEvent]:
    """What one winner asks for under the policy that pays the prize."""
    assert prize.policy_id is not None, "somebody else pays"
    zone = read.get(Organization, share.district_id).zone
    fact = RequestFiled(
        policy_id=prize.policy_id,
        subject_id=share.originator_id,
        cost_cents=share.amount_cents,
        filed_on=local_date(call.at, zone),
    )
    stream = dossier_stream(share.district_id, share.person_id)
    dossier = read.find(Dossier, stream)
    if dossier is not None:
        return dossier.record(call.act, zone=zone, fact=fact)
    return dossiers.begin(
        stream,
        call.act,
        person_id=share.person_id,
        district_id=share.district_id,
        zone=zone,
        fact=fact,
    )


def _must_pay(read: Reader, district_id: UUID, prize: Prize, day: date) -> None:
    if prize.policy_id is None:
        return
    policy = read.get(Policy, prize.policy_id)
    if policy.district_id != district_id:
        raise NotFoundError(f"there is no policy {prize.policy_id}")
    if policy.last_day is not None or not isinstance(policy.terms, Rule):
        raise PrizePolicyError("a policy in force, written as a rule, pays a prize")
    misfit = prize_misfit(policy.terms, prize.fund, day)
    if misfit is not None:
        raise PrizePolicyError(f"expected in the rule: {misfit}")


def _is_there(read: Reader, person_id: UUID) -> bool:
    try:
        get_person(read, person_id)
    except PersonErasedError:
        return False
    return True


def _meant(read: Reader) -> Meant:
    return known_merges(read).person_of

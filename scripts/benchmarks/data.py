"""A made-up district: persons, credentials, a policy, and enrollments of ten events each.

Everything follows from one seed, so that every run and every peer stores the same facts.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from ledger.aggregates.base import Act, first_header
from ledger.codec import encode
from ledger.events import LedgerEvent
from ledger.events.credential import (
    CredentialVersionPublished,
    Criterion,
    Definition,
    EvidenceRequirement,
    KeyMethod,
    Level,
)
from ledger.events.employment import EmploymentStarted
from ledger.events.enrollment import (
    AssessorAssigned,
    Awarded,
    CriterionResult,
    CriterionScore,
    Enrolled,
    EvidenceUploaded,
    Recommended,
    ReviewDecided,
    Scored,
    Submitted,
)
from ledger.events.issuer import IssuerRegistered, IssuerTerms
from ledger.events.organization import OrganizationRegistered
from ledger.events.person import PersonRegistered
from ledger.events.policy import AwardTrigger, PolicyAdopted, PolicyTerms, Tier, TieredAmount
from ledger.events.stack import Group, StackDefined
from ledger.values import VaultText, stream_id

ZONE = "America/Chicago"
PLACE = {"zone": ZONE}
FIRST_DAY = datetime(2025, 8, 1, 15, tzinfo=UTC)
CRITERIA = ("planning", "practice", "reflection")
CREDENTIALS = 12
ENROLLMENTS_PER_PERSON = 4
EVENTS_PER_ENROLLMENT = 10
AWARDED_SHARE = 0.8


def encoded(event: LedgerEvent) -> StoredEvent:
    """The event as it is stored."""
    return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, encode(event))


@cache
def sample_state() -> bytes:
    """One event of the usual size: an artifact that was uploaded."""
    events = District().history(100)
    return encoded(next(event for event in events if isinstance(event, EvidenceUploaded))).state


class District:
    """The history of one district, as events in the order in which they happened."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - facts made up, not secrets
        self.actor_id = self.new_id()
        self.issuer_id = self.new_id()
        self.district_id = self.new_id()
        self.credential_ids = [self.new_id() for _ in range(CREDENTIALS)]
        self.policy_id = self.new_id()
        self.stack_id = self.new_id()

    def new_id(self) -> UUID:
        """A random id that is the same in every run."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def history(self, events: int) -> Iterator[LedgerEvent]:
        """So many events: what the district stands on first, then persons and enrollments."""
        left = events
        for event in self._everything():
            if not left:
                return
            left -= 1
            yield event

    def _everything(self) -> Iterator[LedgerEvent]:
        yield from self.foundation()
        person = 0
        while True:
            yield from self.person(person)
            person += 1

    def foundation(self) -> Iterator[LedgerEvent]:
        """Issuer, credentials, one stack of them all, the district, and what it pays for."""
        act = Act(self.actor_id, FIRST_DAY)
        yield IssuerRegistered(
            **first_header(self.issuer_id, act),
            name="Example Issuer",
            zone=ZONE,
            terms=IssuerTerms(),
        )
        for number, credential_id in enumerate(self.credential_ids):
            yield CredentialVersionPublished(
                **first_header(credential_id, act),
                issuer_id=self.issuer_id,
                credential_version=1,
                author_id=None,
                definition=definition(number),
            )
        yield StackDefined(
            **first_header(self.stack_id, act),
            stack_version=1,
            issuer_id=self.issuer_id,
            title="Example stack",
            summary="Any four of twelve.",
            requirement=Group(
                title="any four", needed=4, credential_ids=tuple(self.credential_ids)
            ),
            capstone_credential_id=None,
        )
        yield OrganizationRegistered(
            **first_header(self.district_id, act),
            kind="district",
            name="Example District",
            district_id=self.district_id,
            zone=ZONE,
        )
        yield PolicyAdopted(
            **first_header(self.policy_id, act),
            district_id=self.district_id,
            policy_version=1,
            board_reference="Example minute 1",
            adopted_on=date(2025, 6, 1),
            terms=terms(),
        )

    def person(self, number: int) -> Iterator[LedgerEvent]:
        """One teacher: registered, employed, and enrolled four times."""
        at = FIRST_DAY + timedelta(minutes=number)
        person_id = self.new_id()
        act = Act(self.actor_id, at)
        yield PersonRegistered(**first_header(person_id, act))
        yield EmploymentStarted(
            **first_header(stream_id("employment", person_id), act),
            person_id=person_id,
            district_id=self.district_id,
            school_id=None,
            role="teacher",
            fte_thousandths=1000,
            exempt=True,
            zone=ZONE,
            first_day=date(2025, 7, 1),
            last_day=None,
        )
        for turn in range(ENROLLMENTS_PER_PERSON):
            credential_id = self.credential_ids[(number + turn) % CREDENTIALS]
            yield from self.enrollment(person_id, credential_id, at + timedelta(hours=turn))

    def enrollment(
        self, person_id: UUID, credential_id: UUID, at: datetime
    ) -> Iterator[LedgerEvent]:
        """Ten events from enrolling to the award, or nine and a second artifact without one."""
        stream = stream_id("enrollment", person_id, credential_id, 1)
        awarded = self._random.random() < AWARDED_SHARE
        version = 0

        def header() -> dict[str, Any]:
            nonlocal version
            version += 1
            act = Act(self.actor_id, at + timedelta(minutes=version))
            begin = first_header(stream, act)
            return {**begin, "originator_version": version, "person_id": person_id}

        issue = {"credential_id": credential_id, "credential_version": 1}
        yield make(
            Enrolled, header(), issue, issuer_id=self.issuer_id, cycle=1, renews_enrollment_id=None
        )
        evidence_id = self.new_id()
        yield self._upload(header(), evidence_id)
        yield make(
            Submitted,
            header(),
            PLACE,
            attempt=1,
            evidence_ids=(evidence_id,),
            reflection=self._words(),
            submitted_on=at.date(),
        )
        yield from self._review(header, at.date(), met=awarded)
        if awarded:
            yield make(
                Awarded,
                header(),
                PLACE,
                issue,
                issuer_id=self.issuer_id,
                attempt=1,
                awarded_on=at.date(),
                expires_on=None,
            )
        else:
            yield self._upload(header(), self.new_id())

    def _review(
        self, header: Callable[[], dict[str, Any]], day: date, *, met: bool
    ) -> Iterator[LedgerEvent]:
        """Two assessors assigned and scoring alike, the recommendation, the decision."""
        assessors = (self.new_id(), self.new_id())
        results = tuple(CriterionResult(criterion=c, met=met) for c in CRITERIA)
        scores = tuple(CriterionScore(criterion=c, level="met", met=met) for c in CRITERIA)
        for seat, assessor_id in enumerate(assessors, start=1):
            yield make(
                AssessorAssigned,
                header(),
                PLACE,
                attempt=1,
                seat=seat,
                assessor_id=assessor_id,
                lapses_on=day + timedelta(days=7),
            )
        for seat, assessor_id in enumerate(assessors, start=1):
            yield make(
                Scored,
                header(),
                attempt=1,
                seat=seat,
                assessor_id=assessor_id,
                scores=scores,
                feedback=self._words(),
            )
        outcome = "met" if met else "not_yet"
        yield make(Recommended, header(), attempt=1, outcome=outcome, results=results)
        yield make(
            ReviewDecided,
            header(),
            PLACE,
            attempt=1,
            results=results,
            reason=None,
            decision="award" if met else "not_yet",
            feedback=None,
            decided_on=day,
        )

    def beginning(self, person_id: UUID, events: int) -> Iterator[LedgerEvent]:
        """The first events of one enrollment: enrolled, and artifacts."""
        stream = stream_id("enrollment", person_id, self.credential_ids[0], 1)
        header: dict[str, Any] = {
            **first_header(stream, Act(self.actor_id, FIRST_DAY)),
            "person_id": person_id,
        }
        yield make(
            Enrolled,
            header,
            credential_id=self.credential_ids[0],
            credential_version=1,
            issuer_id=self.issuer_id,
            cycle=1,
            renews_enrollment_id=None,
        )
        for version in range(2, events + 1):
            yield self._upload({**header, "originator_version": version}, self.new_id())

    def _upload(self, header: dict[str, Any], evidence_id: UUID) -> LedgerEvent:
        return make(
            EvidenceUploaded,
            header,
            evidence_id=evidence_id,
            kind="lesson_plan",
            media_type="application/pdf",
            size_bytes=48_213,
            ciphertext_sha256=f"sha256:{self._random.getrandbits(256):064x}",
            plaintext_commitment=f"hmac-sha256:{self._random.getrandbits(256):064x}",
            contains_students=False,
            release_reference=None,
            created_on=None,
        )

    def _words(self) -> VaultText:
        digest = f"sha256:{self._random.getrandbits(256):064x}"
        return VaultText(text_id=self.new_id(), ciphertext_sha256=digest)


def make(event_class: type[LedgerEvent], /, *shared: dict[str, Any], **fields: Any) -> LedgerEvent:
    """An event of that kind from fields that several events share and its own."""
    whole = dict(fields)
    for part in shared:
        whole |= part
    return event_class(**whole)


def definition(number: int) -> Definition:
    """A micro-credential with everything a publication needs."""
    level = Level(level="met", points=2, description="Shown throughout.")
    lower = Level(level="not-yet", points=0, description="Not shown yet.")
    return Definition(
        title=f"Example micro-credential {number}",
        summary="Made up for measuring.",
        competencies=("Plans and reflects on a lesson.",),
        key_method=KeyMethod(description="Plan, teach, reflect.", references=("Example, 2020.",)),
        evidence=(EvidenceRequirement(kind="lesson_plan"),),
        rubric=tuple(
            Criterion(criterion=name, title=name, levels=(lower, level), passing_points=2)
            for name in CRITERIA
        ),
        tier=("basic", "standard", "advanced")[number % 3],
    )


def terms() -> PolicyTerms:
    """A tiered one-time stipend with a yearly cap and a budget."""
    return PolicyTerms(
        title="Example stipend",
        zone=ZONE,
        effective_from=date(2025, 7, 1),
        trigger=AwardTrigger(),
        benefit="one_time",
        amount=TieredAmount(
            tiers=(
                Tier(tier="basic", amount_cents=10_000),
                Tier(tier="standard", amount_cents=20_000),
                Tier(tier="advanced", amount_cents=40_000),
            )
        ),
        person_cap_cents_per_year=60_000,
        budget_cents_per_year=500_000_000,
    )

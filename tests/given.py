"""Tests of an aggregate as sentences: what happened, what is asked, and what comes of it.

    given(enrolled, submitted).when(lambda e: e.withdraw(act, reason="moved")).then(Withdrawn)

No database and no fakes: an aggregate is a function from its history and a command to new facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.aggregates.acceptance import Acceptance
from ledger.aggregates.access import Access
from ledger.aggregates.assessor import Assessor
from ledger.aggregates.base import Aggregate
from ledger.aggregates.calendar import Calendar
from ledger.aggregates.challenge import Challenge
from ledger.aggregates.coaching import Coaching
from ledger.aggregates.consent import Consent
from ledger.aggregates.credential import Credential
from ledger.aggregates.credit import Credit
from ledger.aggregates.dossier import Dossier
from ledger.aggregates.employment import Employment
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.equivalency import Equivalency
from ledger.aggregates.external_record import ExternalRecord
from ledger.aggregates.imports import Import
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.issuer_trust import IssuerTrust
from ledger.aggregates.learning_plan import LearningPlan
from ledger.aggregates.licensure import License
from ledger.aggregates.notification import Notifications
from ledger.aggregates.organization import Organization
from ledger.aggregates.pay_notice import PayNotice
from ledger.aggregates.person import Person
from ledger.aggregates.physical_badge import PhysicalBadge
from ledger.aggregates.policy import Policy
from ledger.aggregates.stack import Stack
from ledger.errors import LedgerError
from ledger.events.acceptance import AcceptanceEvent
from ledger.events.access import AccessEvent
from ledger.events.assessor import AssessorEvent
from ledger.events.base import Event
from ledger.events.calendar import CalendarEvent
from ledger.events.challenge import ChallengeEvent
from ledger.events.coaching import CoachingEvent
from ledger.events.consent import ConsentEvent
from ledger.events.credential import CredentialEvent
from ledger.events.credit import CreditEvent
from ledger.events.dossier import DossierEvent
from ledger.events.employment import EmploymentEvent
from ledger.events.enrollment import EnrollmentEvent
from ledger.events.equivalency import EquivalencyEvent
from ledger.events.external_record import ExternalRecordEvent
from ledger.events.imports import ImportEvent
from ledger.events.issuer import IssuerEvent
from ledger.events.issuer_trust import IssuerTrustEvent
from ledger.events.learning_plan import LearningPlanEvent
from ledger.events.licensure import LicenseEvent
from ledger.events.notification import NotificationEvent
from ledger.events.organization import OrganizationEvent
from ledger.events.pay_notice import PayNoticeEvent
from ledger.events.person import PersonEvent
from ledger.events.physical_badge import PhysicalBadgeEvent
from ledger.events.policy import PolicyEvent
from ledger.events.stack import StackEvent

AGGREGATES: dict[type[Event], type[Aggregate]] = {
    AcceptanceEvent: Acceptance,
    AccessEvent: Access,
    AssessorEvent: Assessor,
    CalendarEvent: Calendar,
    ChallengeEvent: Challenge,
    CoachingEvent: Coaching,
    ConsentEvent: Consent,
    CredentialEvent: Credential,
    CreditEvent: Credit,
    DossierEvent: Dossier,
    EmploymentEvent: Employment,
    EnrollmentEvent: Enrollment,
    EquivalencyEvent: Equivalency,
    ExternalRecordEvent: ExternalRecord,
    ImportEvent: Import,
    IssuerEvent: Issuer,
    IssuerTrustEvent: IssuerTrust,
    LearningPlanEvent: LearningPlan,
    LicenseEvent: License,
    NotificationEvent: Notifications,
    OrganizationEvent: Organization,
    PayNoticeEvent: PayNotice,
    PersonEvent: Person,
    PhysicalBadgeEvent: PhysicalBadge,
    PolicyEvent: Policy,
    StackEvent: Stack,
}


@dataclass(frozen=True)
class Fact:
    """An expected event, by its class and by the fields that matter to the test."""

    event_class: type[Event]
    fields: dict[str, Any]

    def must_be(self, event: Event) -> None:
        assert type(event) is self.event_class, f"{event!r} is no {self.event_class.__name__}"
        found = {name: getattr(event, name) for name in self.fields}
        assert found == self.fields


def fact(event_class: type[Event], **fields: Any) -> Fact:
    return Fact(event_class, fields)


def fold(events: Iterable[Event]) -> Any:
    """The aggregate of one stream, or None without a history."""
    history = list(events)
    if not history:
        return None
    kind = next(AGGREGATES[base] for base in type(history[0]).__mro__ if base in AGGREGATES)
    return kind.fold(None, history)


class Outcome:
    """New facts, or a refusal."""

    def __init__(self, history: Sequence[Event], command: Callable[[Any], Iterable[Event]]) -> None:
        self.history = history
        self.events: list[Event] = []
        self.refusal: LedgerError | None = None
        try:
            self.events = list(command(fold(history)))
        except LedgerError as refusal:
            self.refusal = refusal

    def then(self, *expected: Fact | type[Event]) -> Any:
        """Exactly these facts follow; returns the aggregate after them."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert len(self.events) == len(expected), self.events
        for wanted, event in zip(expected, self.events, strict=True):
            (wanted if isinstance(wanted, Fact) else fact(wanted)).must_be(event)
        together = [*self.history, *self.events]
        assert [event.originator_version for event in together] == list(
            range(1, len(together) + 1)
        ), "versions follow one another without a gap"
        after = fold(together)
        assert after.version == len(together)
        return after

    def then_refused(self, error: type[LedgerError], *saying: str) -> LedgerError:
        """Refused with exactly this error, whose message names what it has to."""
        assert self.refusal is not None, f"not refused: {self.events!r}"
        assert type(self.refusal) is error, repr(self.refusal)
        message = self.refusal.detail
        assert message[0] == message[0].lower(), f"a message goes on where a title ends: {message}"
        for words in saying:
            assert words in message, message
        return self.refusal


@dataclass(frozen=True)
class Given:
    """A history of one stream."""

    events: tuple[Event, ...]

    def when(self, command: Callable[[Any], Iterable[Event]]) -> Outcome:
        return Outcome(self.events, command)


def given(*events: Event) -> Given:
    return Given(events)

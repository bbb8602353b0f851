"""From what was recorded to what a rule is given: a district's calendar and a person's dossier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, assert_never
from uuid import UUID

from ledger.events.calendar import (
    AllotmentSet,
    CompetencyClassSet,
    DistrictFact,
    DistrictHolidaysSet,
    FiscalYearClosed,
    FiscalYearSet,
    PayCalendarSet,
    PoolDrawn,
    SchoolAttributeSet,
)
from ledger.events.credit import CreditRecorded
from ledger.events.dossier import (
    AttendanceRecorded,
    CostRecorded,
    DocumentReceived,
    Fact,
    LeaveRecorded,
    PaidTimeUsed,
    PlanGoalTagged,
    PriorApprovalGiven,
    RequestFiled,
    RequirementTagged,
    SeparationRecorded,
    StatusRecorded,
)
from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.events.opening import OpeningPayment, OpeningRecorded, OpeningUnits
from ledger.rules.entitlements.facts import (
    NOT_BEGUN,
    Activity,
    Attribute,
    Calendar,
    FiscalYear,
    Note,
    PayPeriod,
    Prior,
    Request,
    Separation,
    Session,
    Status,
)
from ledger.values import Day, Flag, Positive, Slug, Value, stream_id

HUNDREDTHS = 100  # of one micro-credential


class CreditFact(Value):
    """A credit, as far as rules of pay ask for it."""

    kind: Literal["credit"] = "credit"
    credit: Slug
    category: Slug | None
    hundredths: Positive
    first_day: Day
    last_day: Day
    approved_on: Day | None
    exchanged_for: UUID | None  # the award that a university or board gave it for
    stands: Flag = True
    opening: Flag = False  # brought along from an earlier system


def credit_fact(event: CreditRecorded) -> CreditFact:
    """What a credit says to rules of pay."""
    return CreditFact(
        credit=event.kind,
        category=event.category,
        hundredths=event.quantity_hundredths,
        first_day=event.begun_on or event.earned_on,
        last_day=event.earned_on,
        approved_on=event.approved_on,
        exchanged_for=event.exchanged_enrollment_id,
    )


def opening_fact(event: OpeningRecorded) -> CreditFact | OpeningPayment:
    """What an earlier system's record says to rules of pay."""
    entry = event.entry
    if isinstance(entry, OpeningPayment):
        return entry
    units = entry if isinstance(entry, OpeningUnits) else None
    return CreditFact(
        credit=units.unit if units else MICRO_CREDENTIAL,
        category=units.category if units else None,
        hundredths=units.quantity_hundredths if units else HUNDREDTHS,
        first_day=entry.earned_on,
        last_day=entry.earned_on,
        approved_on=None,
        exchanged_for=None,
        opening=True,
    )


def paid_before(recorded: Sequence[Recorded]) -> tuple[Prior, ...]:
    """What an earlier system paid: caps count it first."""
    return tuple(
        Prior(
            policy_id=one.fact.policy_id,
            subject_id=one.stream,
            instalment=1,
            kind="earn",
            line_id=one.stream,
            amount_cents=one.fact.amount_cents,
            fund="",
            paid_on=one.fact.paid_on,
            fiscal_year=one.fact.fiscal_year,
            units_hundredths=one.fact.units_hundredths,
            credential_id=one.fact.credential_id,
        )
        for one in recorded
        if isinstance(one.fact, OpeningPayment)
    )


class Recorded(NamedTuple):
    """A fact about a person, and where it stands in the log."""

    stream: UUID
    version: int
    position: int
    fact: Fact | CreditFact | OpeningPayment


def subject_of(fact: DistrictFact) -> tuple[str, object]:
    """What a fact of a district is about: a newer one about the same replaces it."""
    match fact:
        case FiscalYearSet() | FiscalYearClosed() | PayCalendarSet():
            return fact.kind, fact.fiscal_year
        case DistrictHolidaysSet():
            return fact.kind, fact.year
        case SchoolAttributeSet():
            return fact.kind, (fact.school_id, fact.attribute, fact.first_day)
        case PoolDrawn():
            return fact.kind, (fact.policy_id, fact.fiscal_year)
        case CompetencyClassSet():
            return fact.kind, fact.name
        case AllotmentSet():
            return fact.kind, (fact.fund, fact.fiscal_year)
        case _:
            assert_never(fact)


@dataclass(frozen=True, slots=True)
class District:
    """What the rules of a district rest on, beside the person."""

    calendar: Calendar = field(default_factory=Calendar)
    attributes: tuple[Attribute, ...] = ()
    seeds: Mapping[tuple[UUID, int], str] = field(default_factory=dict)  # by policy and year
    equal: tuple[frozenset[UUID], ...] = ()  # credentials that show one competency


def district_of(recorded: Iterable[tuple[int, DistrictFact]]) -> District:
    """The calendar and the schools as the newest words on each say; positions in log order."""
    newest = {subject_of(fact): (position, fact) for position, fact in recorded}
    facts = list(newest.values())
    years = sorted(
        (FiscalYear(one.fiscal_year, one.first_day, one.last_day), position)
        for position, one in facts
        if isinstance(one, FiscalYearSet)
    )
    closed = {
        one.fiscal_year: position for position, one in facts if isinstance(one, FiscalYearClosed)
    }
    last = max((year for year, _ in years if year.fiscal_year in closed), default=None)
    periods = [
        PayPeriod(day.first_day, day.last_day, day.pay_date)
        for _, one in facts
        if isinstance(one, PayCalendarSet)
        for day in one.pay_periods
    ]
    calendar = Calendar(
        fiscal_years=tuple(year for year, _ in years),
        pay_periods=tuple(sorted(periods)),
        holidays={
            one.year: frozenset(one.holidays)
            for _, one in facts
            if isinstance(one, DistrictHolidaysSet)
        },
        closed_through=None if last is None else last.last_day,
        closed_position=0 if last is None else closed[last.fiscal_year],
    )
    attributes = tuple(
        Attribute(one.school_id, one.attribute, one.first_day, one.last_day, position)
        for position, one in facts
        if isinstance(one, SchoolAttributeSet)
    )
    seeds = {
        (one.policy_id, one.fiscal_year): one.seed for _, one in facts if isinstance(one, PoolDrawn)
    }
    equal = [
        frozenset(one.credential_ids) for _, one in facts if isinstance(one, CompetencyClassSet)
    ]
    return District(calendar, attributes, seeds, tuple(equal))


class OnFile(NamedTuple):
    """The facts about one person in one district, sorted by what rules ask for."""

    activities: tuple[Activity, ...]
    requests: tuple[Request, ...]
    notes: tuple[Note, ...]
    statuses: tuple[Status, ...]
    leaves: tuple[Status, ...]
    separations: tuple[Separation, ...]


def on_file(recorded: Sequence[Recorded]) -> OnFile:
    """Sort what was recorded about a person; in log order."""
    return OnFile(
        activities=tuple(
            _activity(one, one.fact, recorded)
            for one in recorded
            if isinstance(one.fact, CreditFact)
        ),
        requests=tuple(
            _request(one, one.fact) for one in recorded if isinstance(one.fact, RequestFiled)
        ),
        notes=tuple(note for one in recorded if (note := _note(one)) is not None),
        statuses=tuple(
            Status(one.fact.status, one.fact.first_day, one.fact.last_day, one.position)
            for one in recorded
            if isinstance(one.fact, StatusRecorded)
        ),
        leaves=tuple(
            Status(one.fact.leave, one.fact.first_day, one.fact.last_day, one.position)
            for one in recorded
            if isinstance(one.fact, LeaveRecorded)
        ),
        separations=tuple(
            Separation(one.fact.last_day, one.fact.reason, one.position)
            for one in recorded
            if isinstance(one.fact, SeparationRecorded)
        ),
    )


def _activity(one: Recorded, credit: CreditFact, recorded: Sequence[Recorded]) -> Activity:
    """A credit, with the days and the cost that were recorded of it."""
    about = [
        other.fact for other in recorded if getattr(other.fact, "subject_id", None) == one.stream
    ]
    costs = [
        fact.cost_cents
        for fact in about
        if isinstance(fact, CostRecorded) and fact.paid_by == "teacher"
    ]
    return Activity(
        activity_id=one.stream,
        kind=credit.credit,
        category=credit.category or "any",
        hundredths=credit.hundredths,
        first_day=credit.first_day,
        last_day=credit.last_day,
        position=one.position,
        sessions=tuple(
            Session(day.day, day.hours_hundredths)
            for fact in about
            if isinstance(fact, AttendanceRecorded)
            for day in fact.days
        ),
        cost_cents=sum(costs) if costs else None,
        finished=credit.stands,
        exchanged_for=credit.exchanged_for,
        opening=credit.opening,
    )


def _request(one: Recorded, fact: RequestFiled) -> Request:
    return Request(
        request_id=stream_id("request", one.stream, one.version),
        policy_id=fact.policy_id,
        filed_on=fact.filed_on,
        position=one.position,
        choice=fact.choice,
        subject_id=fact.subject_id,
        cost_cents=fact.cost_cents,
    )


def _note(one: Recorded) -> Note | None:  # noqa: PLR0911 - one line for each kind
    """The fact as a note about a subject, if it is one."""
    position = one.position
    match one.fact:
        case DocumentReceived() as fact:
            return Note("document", fact.subject_id, fact.received_on, position, fact.document)
        case PriorApprovalGiven() as fact:
            begun = None if fact.begun else NOT_BEGUN
            return Note("approval", fact.subject_id, fact.approved_on, position, begun)
        case CreditFact(approved_on=approved_on) if approved_on is not None:
            return Note("approval", one.stream, approved_on, position)
        case PlanGoalTagged() as fact:
            return Note("plan_goal", fact.subject_id, fact.tagged_on, position, fact.goal)
        case CostRecorded(paid_by="district") as fact:
            return Note("cost_paid", fact.subject_id, fact.paid_on, position)
        case PaidTimeUsed() as fact:
            return Note("paid_time", fact.subject_id, fact.used_on, position)
        case RequirementTagged() as fact:
            return Note("required", fact.subject_id, fact.tagged_on, position, fact.requirement)
        case _:
            return None

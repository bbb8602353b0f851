"""From facts as they were recorded to what a rule is given."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.events.calendar import (
    AllotmentSet,
    CompetencyClassSet,
    DistrictFact,
    DistrictHolidaysSet,
    FiscalYearClosed,
    FiscalYearSet,
    PayCalendarSet,
    PayPeriodDays,
    PoolDrawn,
    SchoolAttributeSet,
)
from ledger.events.credit import CreditRecorded
from ledger.events.dossier import (
    AttendanceDay,
    AttendanceRecorded,
    CostRecorded,
    DocumentReceived,
    LeaveRecorded,
    PaidTimeUsed,
    PlanGoalTagged,
    PriorApprovalGiven,
    RequestFiled,
    RequirementTagged,
    SeparationRecorded,
    StatusRecorded,
)
from ledger.events.opening import OpeningAward, OpeningPayment, OpeningRecorded, OpeningUnits
from ledger.rules.entitlements.facts import (
    NOT_BEGUN,
    FiscalYear,
    Note,
    PayPeriod,
    Separation,
    Session,
    Status,
)
from ledger.rules.entitlements.gather import (
    CreditFact,
    Recorded,
    credit_fact,
    district_of,
    on_file,
    opening_fact,
    paid_before,
)
from tests.samples import DISTRICT, EARNER, ZONE, header, named

COURSE, POLICY, SCHOOL = named("course"), named("policy"), named("school")
MARCH, MAY = date(2025, 3, 10), date(2025, 5, 2)


def year(number: int, first: date, last: date) -> FiscalYearSet:
    return FiscalYearSet(fiscal_year=number, first_day=first, last_day=last)


def pays(number: int, first: date, last: date, paid: date) -> PayCalendarSet:
    days = PayPeriodDays(first_day=first, last_day=last, pay_date=paid)
    return PayCalendarSet(fiscal_year=number, pay_periods=(days,))


def holidays(number: int, *days: date) -> DistrictHolidaysSet:
    return DistrictHolidaysSet(year=number, holidays=days)


def drawn(number: int, seed: str) -> PoolDrawn:
    return PoolDrawn(policy_id=POLICY, fiscal_year=number, seed=seed)


def class_of(name: str, *credentials: str) -> CompetencyClassSet:
    return CompetencyClassSet(name=name, credential_ids=tuple(map(named, credentials)))


def recorded(*facts: Any) -> list[Recorded]:
    """Each as the first event of a stream of its own; the course has its own name."""
    return [
        Recorded(
            COURSE if isinstance(fact, CreditFact) else named(f"stream {number}"), 1, number, fact
        )
        for number, fact in enumerate(facts, 10)
    ]


def course(**changes: Any) -> CreditFact:
    event = CreditRecorded(
        **header(COURSE),
        person_id=EARNER,
        district_id=DISTRICT,
        **{
            "kind": "semester_hour",
            "quantity_hundredths": 300,
            "category": None,
            "course": None,
            "begun_on": MARCH,
            "earned_on": MAY,
            "zone": ZONE,
            "approved_on": None,
            "exchanged_enrollment_id": None,
            "documents": None,
            **changes,
        },
    )
    return credit_fact(event)


def opening(entry: Any) -> Any:
    event = OpeningRecorded(
        **header(named("row")),
        person_id=EARNER,
        district_id=DISTRICT,
        import_id=named("file"),
        as_of=MAY,
        zone=ZONE,
        prepared_by=named("one"),
        confirmed_by=named("other"),
        entry=entry,
    )
    return opening_fact(event)


def test_the_newest_word_on_each_thing_of_a_district_holds() -> None:
    """Years in order; one about another year, school, pool, class or fund replaces nothing."""
    first, last = date(2024, 7, 1), date(2025, 6, 30)
    attribute = {"school_id": SCHOOL, "attribute": "rural", "first_day": first}
    facts: list[DistrictFact] = [
        year(2026, date(2025, 7, 1), date(2026, 6, 30)),
        year(2025, first, date(2025, 5, 31)),
        year(2025, first, last),
        FiscalYearClosed(fiscal_year=2025),
        pays(2025, MARCH, MARCH, MARCH),
        pays(2025, MARCH, MAY, MAY),
        pays(2024, date(2024, 3, 1), MARCH, MARCH),
        holidays(2025, MARCH),
        holidays(2025, MAY),
        SchoolAttributeSet(**attribute),
        SchoolAttributeSet(**attribute, last_day=MAY),
        drawn(2024, "old"),
        drawn(2025, "new"),
        class_of("reading", "one", "two"),
        class_of("reading", "one", "three"),
        class_of("math", "four", "five"),
        AllotmentSet(fund="state", fiscal_year=2025, amount_cents=1, floor_percent=70),
    ]
    found = district_of(enumerate(facts, 10))
    assert found.calendar.fiscal_years == (
        FiscalYear(2025, first, last),
        FiscalYear(2026, date(2025, 7, 1), date(2026, 6, 30)),
    )
    assert (found.calendar.closed_through, found.calendar.closed_position) == (last, 13)
    assert found.calendar.pay_periods == (
        PayPeriod(date(2024, 3, 1), MARCH, MARCH),
        PayPeriod(MARCH, MAY, MAY),
    )
    assert found.calendar.holidays == {2025: frozenset({MAY})}
    assert [(one.last_day, one.position) for one in found.attributes] == [(MAY, 20)]
    assert found.seeds == {(POLICY, 2024): "old", (POLICY, 2025): "new"}
    assert set(found.equal) == {
        frozenset({named("one"), named("three")}),
        frozenset({named("four"), named("five")}),
    }


def test_a_year_that_was_never_closed_makes_nothing_late() -> None:
    open_year = district_of([(1, year(2025, date(2024, 7, 1), date(2025, 6, 30)))]).calendar
    assert (open_year.closed_through, open_year.closed_position) == (None, 0)


@pytest.mark.parametrize(
    ("fact", "kind", "day", "detail"),
    [
        (
            DocumentReceived(subject_id=COURSE, document="transcript", received_on=MAY),
            "document",
            MAY,
            "transcript",
        ),
        (PriorApprovalGiven(subject_id=COURSE, approved_on=MARCH), "approval", MARCH, None),
        (
            PriorApprovalGiven(subject_id=COURSE, approved_on=MARCH, begun=False),
            "approval",
            MARCH,
            NOT_BEGUN,
        ),
        (course(approved_on=MARCH), "approval", MARCH, None),
        (
            PlanGoalTagged(subject_id=COURSE, goal="literacy", tagged_on=MAY),
            "plan_goal",
            MAY,
            "literacy",
        ),
        (
            CostRecorded(subject_id=COURSE, cost_cents=1, paid_by="district", paid_on=MAY),
            "cost_paid",
            MAY,
            None,
        ),
        (PaidTimeUsed(subject_id=COURSE, used_on=MAY), "paid_time", MAY, None),
        (
            RequirementTagged(subject_id=COURSE, requirement="seclusion", tagged_on=MAY),
            "required",
            MAY,
            "seclusion",
        ),
    ],
)
def test_what_is_said_of_something_is_a_note_about_it(
    fact: Any, kind: Any, day: date, detail: str | None
) -> None:
    assert on_file(recorded(fact)).notes == (Note(kind, COURSE, day, 10, detail),)


def test_what_is_said_of_her_is_no_note_and_goes_where_rules_look_for_it() -> None:
    found = on_file(
        recorded(
            StatusRecorded(status="licensed", first_day=MARCH),
            LeaveRecorded(leave="family", first_day=MARCH, last_day=MAY),
            SeparationRecorded(reason="retirement", last_day=MAY),
            RequestFiled(policy_id=POLICY, choice="stipend", cost_cents=5_000, filed_on=MAY),
        )
    )
    assert found.statuses == (Status("licensed", MARCH, None, 10),)
    assert found.leaves == (Status("family", MARCH, MAY, 11),)
    assert found.separations == (Separation(MAY, "retirement", 12),)
    (request,) = found.requests
    assert (request.policy_id, request.choice, request.cost_cents) == (POLICY, "stipend", 5_000)
    assert (request.filed_on, request.position, request.subject_id) == (MAY, 13, None)
    assert found.notes == ()


def test_a_course_has_its_days_and_what_it_cost_her_and_not_what_another_cost() -> None:
    """200.00 and 50.00 of her own; 99.00 were the district's, and 1.00 was of another course."""
    half_days = (
        AttendanceDay(day=MARCH, hours_hundredths=300),
        AttendanceDay(day=MAY, hours_hundredths=350),
    )

    def cost(cents: int, by: Any = "teacher", about: str = "course") -> CostRecorded:
        return CostRecorded(subject_id=named(about), cost_cents=cents, paid_by=by, paid_on=MAY)

    found = on_file(
        recorded(
            course(category="graduate", exchanged_enrollment_id=named("award")),
            AttendanceRecorded(subject_id=COURSE, days=half_days),
            cost(20_000),
            cost(5_000),
            cost(9_900, "district"),
            cost(100, about="other course"),
        )
    )
    (activity,) = found.activities
    assert activity.sessions == (Session(MARCH, 300), Session(MAY, 350))
    assert activity.cost_cents == 25_000
    assert (activity.kind, activity.category) == ("semester_hour", "graduate")
    assert (activity.first_day, activity.last_day) == (MARCH, MAY)
    assert (activity.hundredths, activity.exchanged_for) == (300, named("award"))
    assert activity.finished
    assert not activity.opening


def test_a_course_of_which_little_is_known_has_no_cost_and_begins_as_it_ends() -> None:
    (activity,) = on_file(recorded(course(begun_on=None))).activities
    assert (activity.first_day, activity.last_day) == (MAY, MAY)
    assert (activity.category, activity.cost_cents, activity.sessions) == ("any", None, ())


def test_what_was_earned_before_counts_as_brought_along() -> None:
    units = OpeningUnits(unit="ceu", quantity_hundredths=150, category="reading", earned_on=MARCH)
    award = OpeningAward(
        credential_id=None, title="Reading", issuer="NEA", earned_on=MAY, expires_on=None
    )
    found = on_file(recorded(opening(units), opening(award))).activities
    assert [(one.kind, one.category, one.hundredths, one.last_day) for one in found] == [
        ("ceu", "reading", 150, MARCH),
        ("micro_credential", "any", 100, MAY),
    ]
    assert all(one.opening and one.finished for one in found)


def test_what_was_paid_before_is_no_activity_and_uses_up_caps() -> None:
    payment = OpeningPayment(
        policy_id=POLICY,
        credential_id=named("mc"),
        amount_cents=30_000,
        units_hundredths=100,
        paid_on=MAY,
        fiscal_year=2025,
    )
    facts = recorded(opening(payment), course())
    (prior,) = paid_before(facts)
    assert (prior.policy_id, prior.credential_id, prior.subject_id) == (
        POLICY,
        named("mc"),
        named("stream 10"),
    )
    assert (prior.amount_cents, prior.units_hundredths, prior.kind) == (30_000, 100, "earn")
    assert (prior.paid_on, prior.fiscal_year, prior.line_id) == (MAY, 2025, named("stream 10"))
    assert len(on_file(facts).activities) == 1

"""Policies written as rules, from their events to what payroll and HR read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events.calendar import (
    CompetencyClassSet,
    FiscalYearClosed,
    SchoolAttributeSet,
)
from ledger.events.dossier import (
    DocumentReceived,
    PaidTimeUsed,
    PriorApprovalGiven,
    RequestFiled,
    SeparationRecorded,
)
from ledger.events.employment import EmploymentStarted
from projections import pay_notices
from projections.entitlements import Part, parts
from projections.payouts import Payouts, explain, notices, of_district, totals
from tests.database import Server
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    POLICIES,
    STACKS,
    TEACHERS,
    all_of,
    terms,
)
from tests.projections.playing import dumps_however_cut, play, tables_of
from tests.projections.ruled import HERE, JULY, RuledWorld, employed, ruled_worlds
from tests.rules.dossiers import changed, plain_rule, shipped
from tests.samples import MONDAY, ZONE, named

PAYOUTS = Payouts()
ANNE, BERTHA, CARLA = TEACHERS
MARCH, MAY = DAYS[0], DAYS[1]
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 5


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def said(connection: Connection[Any]) -> list[tuple[str, str, str | None, int]]:
    found = of_district(connection, HERE, effective_on=FAR)
    return [(one.kind, one.status, one.reason, one.amount_cents) for one in found]


def owed(connection: Connection[Any], day: date = FAR) -> list[tuple[int, date, int, str]]:
    found: list[Part] = parts(connection, HERE, effective_on=day)
    return sorted((one.instalment, one.due_on, one.amount_cents, one.recovery) for one in found)


def test_a_rule_pays_an_award_and_says_how_it_came_to_that(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt_rule(plain_rule())
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "due", None, 30_000)]
    assert owed(connection) == [(1, MAY, 30_000, "reversal")]
    (payout,) = of_district(connection, HERE, effective_on=FAR)
    why = explain(connection, payout.payout_id, effective_on=FAR)
    assert why is not None
    assert [check["rule"] for check in why.checks] == ["in_force", "stands", "amount", "timing"]
    assert payout.policy_title == "Stipend"


def test_terms_and_rules_stand_beside_each_other(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt(POLICIES[0], HERE, terms())
    world.adopt_rule(plain_rule())
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "due", None, 30_000)] * 2
    assert owed(connection) == [(1, MAY, 30_000, "reversal")] * 2
    assert sum(total.due_cents for total in totals(connection, HERE, effective_on=FAR)) == 60_000


def test_a_bonus_at_milestones_needs_no_award_and_ends_with_the_job(
    connection: Connection[Any],
) -> None:
    """Hired on 1 March 2025: 1,500 dollars on 1 September and 1 March; she leaves in month 10."""
    world = RuledWorld()
    job = world.employ(ANNE, HERE, first_day=MARCH)
    world.adopt_rule(shipped("I10"))
    play(connection, PAYOUTS, world.facts)
    both = [(1, date(2025, 9, 1), 150_000, "reversal"), (1, date(2026, 3, 1), 150_000, "reversal")]
    assert owed(connection) == both
    assert owed(connection, date(2025, 12, 31)) == both[:1]
    world.end(job, date(2026, 1, 5))
    play(connection, PAYOUTS, world.facts)
    assert owed(connection) == both[:1]
    assert ("milestone", "not_due", "employment_interrupted", 0) in said(connection)


def test_what_is_on_file_counts_until_it_is_withdrawn(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt_rule(
        plain_rule(
            preconditions=[{"kind": "documents", "documents": ["pay_slip"]}],
            exclusions=[{"kind": "not_on_paid_time"}],
        )
    )
    award = world.award(ANNE, CREDENTIALS[0], MAY)
    assert award is not None
    slip = DocumentReceived(subject_id=award, document="pay_slip", received_on=MAY)
    steps: list[tuple[Callable[[], Any], tuple[str, str | None, int]]] = [
        (lambda: None, ("pending", "documents_missing", 30_000)),
        (lambda: world.file(ANNE, slip), ("due", None, 30_000)),
        (
            lambda: world.file(ANNE, PaidTimeUsed(subject_id=award, used_on=MAY)),
            ("not_due", "on_paid_time", 0),
        ),
        (lambda: world.withdraw(ANNE, 2), ("due", None, 30_000)),
        (lambda: world.withdraw(ANNE, 1), ("pending", "documents_missing", 30_000)),
    ]
    for step, expected in steps:
        step()
        play(connection, PAYOUTS, world.facts)
        assert said(connection) == [("award", *expected)]


def test_an_approval_given_before_she_began_is_prior(connection: Connection[Any]) -> None:
    world = employed(ANNE, BERTHA)
    world.adopt_rule(plain_rule(preconditions=[{"kind": "approved"}]))
    for person, begun in ((ANNE, False), (BERTHA, True)):
        world.file(
            person,
            PriorApprovalGiven(
                subject_id=CREDENTIALS[0], of="credential", approved_on=MARCH, begun=begun
            ),
        )
        world.award(person, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [
        ("award", "due", None, 30_000),
        ("award", "pending", "started_missing", 30_000),
    ]


def test_credits_reach_a_lane_and_one_that_is_withdrawn_takes_it_back(
    connection: Connection[Any],
) -> None:
    """9 hours open the first lane from 1 July 2025; without 2 of them there are 7."""
    world = employed(ANNE)
    world.years(2025, 2026)
    world.adopt_rule(shipped("I17", "lost"))
    world.credit(ANNE, "credit_hour", 700, MARCH)
    second = world.credit(ANNE, "credit_hour", 200, MAY)
    play(connection, PAYOUTS, world.facts)
    (lane,) = pay_notices.of_district(connection, HERE, effective_on=JULY)
    assert (lane.kind, lane.reached, lane.effective_on) == ("lane_change", 9, JULY)
    assert owed(connection) == []
    assert [one.begins_on for one in notices(connection, HERE, effective_on=JULY)] == [JULY]
    world.withdraw_credit(ANNE, second)
    play(connection, PAYOUTS, world.facts)
    assert pay_notices.of_district(connection, HERE, effective_on=JULY) == []
    assert said(connection) == [("threshold", "not_due", "award_revoked", 0)]


def test_a_rise_that_a_revocation_ended_is_in_force_to_the_day_before(
    connection: Connection[Any],
) -> None:
    """The award is revoked as of 1 August 2025."""
    world = employed(ANNE)
    world.adopt_rule(plain_rule(benefit="base_add"))
    award = world.award(ANNE, CREDENTIALS[0], MAY)
    assert award is not None
    world.turn(award)
    play(connection, PAYOUTS, world.facts)
    for day, in_force in ((date(2025, 7, 31), True), (date(2025, 8, 1), False)):
        (rise,) = pay_notices.of_district(connection, HERE, effective_on=day)
        assert (rise.ends_on, rise.in_force) == (date(2025, 7, 31), in_force)


def test_without_its_calendar_a_rule_is_held_until_the_district_sets_it(
    connection: Connection[Any],
) -> None:
    world = employed(ANNE)
    rule = plain_rule(caps=[{"of": "cents", "most": 20_000, "per": "fiscal_year"}])
    world.adopt_rule(rule)
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "pending", "calendar_missing", 30_000)]
    world.years(2025)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "due", "reduced_by_cap", 20_000)]


def test_an_award_recorded_after_its_year_was_closed_is_held(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.years(2025, 2026)
    world.adopt_rule(plain_rule())
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.set(FiscalYearClosed(fiscal_year=2025))
    world.award(ANNE, CREDENTIALS[1], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [
        ("award", "due", None, 30_000),
        ("award", "pending", "fiscal_year_closed", 30_000),
    ]


def test_a_school_is_what_the_district_says_it_is(connection: Connection[Any]) -> None:
    world = RuledWorld()
    school = named("school")
    world.add(
        EmploymentStarted,
        named("job"),
        person_id=ANNE,
        district_id=HERE,
        school_id=school,
        role="teacher",
        fte_thousandths=500,
        exempt=True,
        zone=ZONE,
        first_day=MARCH,
        last_day=None,
    )
    flat = {"kind": "flat", "amount_cents": 500_000}
    part = {"name": "share", "basis": flat, "share": "fte_at_school", "attributes": ["rural"]}
    world.adopt_rule(plain_rule(amount=[part]))
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "not_due", "nothing_to_pay", 0)]
    world.set(SchoolAttributeSet(school_id=school, attribute="rural", first_day=MARCH))
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "due", None, 250_000)]


def test_a_first_come_pool_falls_in_log_order_and_a_reversal_frees_the_next(
    connection: Connection[Any],
) -> None:
    """300 + 300 of 500: the second waits. Once the first is revoked, she is next."""
    world = employed(ANNE, BERTHA)
    world.years(2025, 2026)
    world.adopt_rule(plain_rule(pool={"budget_cents": 50_000}))
    first = world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(BERTHA, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [
        ("award", "due", None, 30_000),
        ("award", "pending", "budget_exhausted", 30_000),
    ]
    assert len(owed(connection)) == 1
    assert first is not None
    world.turn(first)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [
        ("award", "not_due", "award_revoked", 0),
        ("award", "due", None, 30_000),
    ]


def test_who_leaves_owes_a_share_of_what_was_due_before(connection: Connection[Any]) -> None:
    """3 hours × 250 = 750 dollars due on 1 March 2025; she resigns on 1 April 2026, in month 14.

    75 % of 750.00 is 562.50 to be paid back, so 187.50 stays.
    """
    world = employed(ANNE)
    world.years(2025)
    world.adopt_rule(shipped("I25", "by_months"))
    world.credit(ANNE, "semester_hour", 300, MARCH)
    play(connection, PAYOUTS, world.facts)
    assert owed(connection) == [(1, MARCH, 75_000, "reversal")]
    world.file(ANNE, SeparationRecorded(reason="resignation", last_day=date(2026, 4, 1)))
    play(connection, PAYOUTS, world.facts)
    assert owed(connection) == [(1, MARCH, 18_750, "clawback")]


def test_a_stack_a_request_and_a_retired_rule(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.define(STACKS[0], all_of(*CREDENTIALS[:2]), None, MARCH)
    trigger = {"kind": "stack", "stack_id": str(STACKS[0])}
    world.adopt_rule(plain_rule(trigger=trigger))
    world.adopt_rule(
        changed(plain_rule(), trigger={"kind": "request_filed", "choice": "stipend"}), POLICIES[1]
    )
    for credential in CREDENTIALS[:2]:
        world.award(ANNE, credential, MAY)
    asked = RequestFiled(policy_id=POLICIES[1], choice="stipend", filed_on=MAY)
    world.file(ANNE, asked)
    play(connection, PAYOUTS, world.facts)
    assert [one[:3] for one in said(connection)] == [
        ("stack", "due", None),
        ("request", "due", None),
    ]
    world.retire(POLICIES[1], MARCH)
    play(connection, PAYOUTS, world.facts)
    assert [one[0] for one in said(connection)] == ["stack"]
    (award, _) = world.awards
    world.turn(award)
    play(connection, PAYOUTS, world.facts)
    assert said(connection)[0][:3] == ("stack", "not_due", "stack_invalidated")


def test_what_a_district_calls_one_competency_is_paid_once(connection: Connection[Any]) -> None:
    """300 for the first of the two; said later, it takes the second back, and taken back, pays."""
    world = employed(ANNE, BERTHA)
    world.adopt_rule(plain_rule(exclusions=[{"kind": "once_per_competency"}]))
    first, second = CREDENTIALS[:2]
    for person, credential in ((ANNE, first), (ANNE, second), (BERTHA, second)):
        world.award(person, credential, MAY)
    before = [("award", "due", None, 30_000)] * 3
    once = [before[0], ("award", "not_due", "competency_paid_before", 0), before[2]]
    for credentials, expected in (((), before), ((first, second), once), ((first,), before)):
        one = CompetencyClassSet(name="wait_time", credential_ids=credentials)
        world.set(one)
        play(connection, PAYOUTS, world.facts)
        assert said(connection) == expected


JUNE_20, JULY_2 = date(2025, 6, 20), date(2025, 7, 2)
LAST_EVENING = datetime(2025, 7, 1, 3, tzinfo=UTC)  # of June, in New York
LOW = plain_rule(effective_to="2025-06-30", versioning={"governed_by": "submitted"})
HIGH = changed(
    LOW,
    effective_from="2025-07-01",
    effective_to=None,
    amount=[{"name": "flat", "basis": {"kind": "flat", "amount_cents": 40_000}}],
)


@pytest.mark.parametrize(
    ("handed_in", "cents"), [((JUNE_20,), 30_000), ((JULY_2,), 40_000), ((JUNE_20, JULY_2), 40_000)]
)
@pytest.mark.parametrize("late", [False, True])
def test_the_day_it_was_handed_in_decides_where_a_policy_says_so(
    connection: Connection[Any],
    handed_in: tuple[date, ...],
    cents: int,
    late: bool,  # noqa: FBT001
) -> None:
    """300 dollars until 30 June and 400 from 1 July, awarded in September: the last attempt's day.

    Whether the policy was adopted before or after she did all that makes no difference.
    """
    world = employed(ANNE)
    steps: list[Callable[[], Any]] = [
        lambda: [world.adopt_rule(one) for one in (LOW, HIGH)],
        lambda: world.begin(ANNE, CREDENTIALS[0], MONDAY, *handed_in),
        lambda: world.award(ANNE, CREDENTIALS[0], DAYS[5]),
    ]
    for step in [*steps[1:], steps[0]] if late else steps:
        step()
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "due", None, cents)]
    play(connection, PAYOUTS, *[[fact] for fact in world.facts])
    assert said(connection) == [("award", "due", None, cents)]


@pytest.mark.parametrize(
    ("begun", "cents"),
    [(LAST_EVENING, 30_000), (LAST_EVENING + timedelta(hours=2), 40_000), (None, 30_000)],
)
def test_whoever_began_before_a_version_was_in_force_stays_under_the_old_one(
    connection: Connection[Any], begun: datetime | None, cents: int
) -> None:
    """400 dollars for whoever begins from 1 July, where she is: at 03:00 UTC it is still June.

    Of whom nobody knows when she began, the day she earned it stands in: 15 May.
    """
    new = changed(HIGH, versioning={"grandfathered": True})
    old = changed(LOW, effective_to=None, versioning={})
    world = employed(ANNE)
    for one in (old, new):
        world.adopt_rule(one)
    if begun is not None:
        world.begin(ANNE, CREDENTIALS[0], begun, JULY_2)
    world.award(ANNE, CREDENTIALS[0], DAYS[5] if begun else MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", "due", None, cents)]


@pytest.mark.parametrize(
    ("approved", "expected"),
    [
        (date(2025, 6, 29), ("due", None, 30_000)),
        (date(2025, 6, 30), ("due", None, 30_000)),
        (date(2025, 7, 1), ("not_due", "approved_too_late", 0)),
    ],
)
def test_an_approval_has_to_come_before_the_day_she_enrolled(
    connection: Connection[Any], approved: date, expected: tuple[str, str | None, int]
) -> None:
    world = employed(ANNE)
    world.adopt_rule(plain_rule(preconditions=[{"kind": "approved"}]))
    world.begin(ANNE, CREDENTIALS[0], LAST_EVENING, JULY_2)
    enrollment = world.award(ANNE, CREDENTIALS[0], DAYS[5])
    assert enrollment is not None
    world.file(ANNE, PriorApprovalGiven(subject_id=enrollment, approved_on=approved))
    play(connection, PAYOUTS, world.facts)
    assert said(connection) == [("award", *expected)]


def test_handed_in_within_ninety_days_of_beginning(connection: Connection[Any]) -> None:
    """Begun on 30 June: 90 days end on 28 September; on 29 September it is too late."""
    window = {"kind": "within", "what": "submitted", "after": "started", "days": 90}
    for day, expected in (
        (date(2025, 9, 28), ("due", None, 30_000)),
        (date(2025, 9, 29), ("not_due", "submitted_too_late", 0)),
    ):
        world = employed(ANNE)
        world.adopt_rule(plain_rule(windows=[window]))
        world.begin(ANNE, CREDENTIALS[0], LAST_EVENING, day)
        world.award(ANNE, CREDENTIALS[0], date(2025, 10, 1))
        play(connection, PAYOUTS, world.facts)
        assert said(connection) == [("award", *expected)]


@given(ruled_worlds(), st.data())
@settings(max_examples=FEW)
def test_it_does_not_matter_how_a_log_with_rules_is_cut(
    connection: Connection[Any], world: RuledWorld, data: st.DataObject
) -> None:
    at_once, one_by_one, cut = dumps_however_cut(connection, PAYOUTS, world.facts, data)
    assert at_once == one_by_one == cut


def test_of_two_positions_the_one_begun_first_is_told_first_although_it_changed_last(
    connection: Connection[Any],
) -> None:
    """A row that was changed lies behind the others, and a small table is read as it lies."""
    world = RuledWorld()
    world.adopt_rule(plain_rule(eligibility=[{"kind": "exempt", "on": "earned"}]))
    first = world.employ(ANNE, HERE, exempt=None)
    world.employ(ANNE, HERE, exempt=None)
    world.change(first, "teacher", MARCH, exempt=True)
    world.award(ANNE, CREDENTIALS[0], MAY)
    with connection.transaction():
        connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        play(connection, PAYOUTS, *([fact] for fact in world.facts))
    (made,) = of_district(connection, HERE, effective_on=FAR)
    why = explain(connection, made.payout_id, effective_on=FAR)
    assert why is not None
    [told] = [check["inputs"]["exempt"] for check in why.checks if check["rule"] == "exempt"]
    assert told == [True, None]

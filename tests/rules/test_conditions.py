"""Each condition a rule may ask: what its test shows of what it was asked, and its very edges."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from ledger.events.policy_conditions import AnyRule
from ledger.rules.entitlements.conditions import Case, check
from ledger.rules.entitlements.days import Days
from ledger.rules.entitlements.facts import FiscalYear, HeldAward, Prior
from ledger.rules.entitlements.occasions import Occasion
from tests.rules.dossiers import CALENDAR, POLICY, OnFile, plain_rule
from tests.samples import named

ANY: TypeAdapter[Any] = TypeAdapter(AnyRule)
HIRED, EARNED = date(2020, 8, 17), date(2025, 3, 10)
DAY = timedelta(days=1)
MC = named("mc")
GRANT = {"fund": "title_ii", "performance_from": "2024-07-01", "performance_to": "2025-06-30"}


def on_file() -> OnFile:
    return OnFile().hired(HIRED, school="school").award("mc", EARNED)


def asked(
    condition: dict[str, Any],
    file: OnFile | None = None,
    *,
    days: dict[str, date] | None = None,
    rule: dict[str, Any] | None = None,
    paid_for: tuple[UUID, ...] = (),
    **occasion: Any,
) -> dict[str, Any]:
    """The test a condition makes of one award of 10 March 2025."""
    file = file or on_file()
    award: HeldAward = file.dossier.awards[0]
    one = Occasion(
        kind="award",
        subject_id=MC,
        days=Days(EARNED, CALENDAR, days or {}),
        place=(award.award.position, award.award.position),
        about=(MC,),
        **({"award": award} | occasion),
    )
    case = Case(POLICY, plain_rule(**(rule or {})), file.dossier, one, paid_for)
    return dict(check(ANY.validate_python(condition), case))


def answer(condition: dict[str, Any], file: OnFile | None = None, **more: Any) -> Any:
    """Whether it was met, and the reason if not."""
    made = asked(condition, file, **more)
    return made["passed"] or (made["passed"], made["reason"])


def paid_by(policy_id: UUID, cents: int, position: int) -> Prior:
    line = named(f"line {position}")
    return Prior(policy_id, MC, 1, "earn", line, cents, "general", EARNED, 2025, position=position)


ELSEWHERE = named("another policy")
# Of each kind one case and all that its test shows: who reads an explanation relies on the words.
SHOWN: dict[str, tuple[dict[str, Any], OnFile, dict[str, Any], dict[str, Any], str]] = {
    "employed": (
        {},
        on_file().leave("family_leave", EARNED, EARNED),
        {},
        {"day": EARNED, "employed": True, "leaves": ["family_leave"]},
        "not_employed_on_earned",
    ),
    "continuous": (
        {"since": "2021-07-01", "until": "earned"},
        on_file(),
        {},
        {"since": date(2021, 7, 1), "until": EARNED},
        "employment_interrupted",
    ),
    "role": (
        {"roles": ["counselor", "teacher"]},
        on_file(),
        {},
        {"day": EARNED, "roles": ["teacher"], "eligible": ["counselor", "teacher"]},
        "role_not_eligible",
    ),
    "exempt": ({}, on_file(), {}, {"day": EARNED, "exempt": [True]}, "not_exempt"),
    "hired_by": (
        {"by": "2020-08-17"},
        on_file(),
        {"days": {"hired": HIRED}},
        {"hired": HIRED, "by": HIRED},
        "hired_too_late",
    ),
    "tenure": (
        {"months": 12},
        on_file(),
        {"days": {"hired": HIRED}},
        {"day": EARNED, "hired": HIRED, "months": 12},
        "tenure_too_short",
    ),
    "school": (
        {"attributes": ["high_need"]},
        on_file().school_is("school", "high_need", HIRED),
        {},
        {
            "day": EARNED,
            "schools": [named("school")],
            "attributes": ["high_need"],
            "wanted": ["high_need"],
        },
        "school_without_attribute",
    ),
    "status": (
        {"any_of": ["licensed"]},
        on_file().status("licensed", HIRED),
        {},
        {"day": EARNED, "held": ["licensed"], "asked": ["licensed"]},
        "status_missing",
    ),
    "standing": (
        {"units": 6, "months": 12},
        on_file().activity("course", "course", 600, EARNED),
        {},
        {"since": date(2024, 3, 10), "day": EARNED, "hundredths": 600},
        "not_in_standing",
    ),
    "between": (
        {"first": "2024-07-01", "last": "--06-30"},
        on_file(),
        {},
        {"earned": EARNED, "first": date(2024, 7, 1), "last": date(2025, 6, 30)},
        "earned_too_late",
    ),
    "within": (
        {"what": "documents", "days": 10, "first_day": 1},
        on_file(),
        {"days": {"documents": EARNED + 9 * DAY}},
        {
            "earned": EARNED,
            "documents": EARNED + 9 * DAY,
            "days": 10,
            "counting": "calendar",
            "first_day": 1,
            "last_day": EARNED + 9 * DAY,
        },
        "documents_too_late",
    ),
    "same_fiscal_year": (
        {"what": "documents"},
        on_file(),
        {"days": {"documents": date(2025, 6, 30)}},
        {"documents": date(2025, 6, 30), "earned": EARNED, "years": ["2025", "2025"]},
        "other_fiscal_year",
    ),
    "period_of_performance": (
        {},
        on_file(),
        {"days": {"started": date(2024, 9, 2)}, "rule": {"account": GRANT}},
        {
            "first": date(2024, 9, 2),
            "last": EARNED,
            "begins": date(2024, 7, 1),
            "ends": date(2025, 6, 30),
        },
        "outside_period_of_performance",
    ),
    "approved": (
        {},
        on_file(),
        {"days": {"approved": EARNED - 9 * DAY, "started": EARNED - 8 * DAY}},
        {"approved": EARNED - 9 * DAY, "started": EARNED - 8 * DAY},
        "approved_too_late",
    ),
    "plan_goal": (
        {"goals": ["literacy"]},
        on_file()
        .note("plan_goal", "mc", EARNED, "numeracy")
        .note("plan_goal", "mc", EARNED, "literacy"),
        {},
        {"goals": ["literacy", "numeracy"]},
        "plan_goal_missing",
    ),
    "documents": (
        {"documents": ["receipt"]},
        on_file()
        .note("document", "mc", EARNED, "transcript")
        .note("document", "mc", EARNED, "receipt"),
        {},
        {"received": ["receipt", "transcript"], "needed": ["receipt"]},
        "documents_missing",
    ),
    "requested": (
        {"by": "--06-30"},
        on_file().request("second", EARNED).request("first", EARNED - DAY),
        {},
        {"filed": ["2025-03-09", "2025-03-10"], "by": date(2025, 6, 30)},
        "request_too_late",
    ),
    "at_least": (
        {"hundredths": 150},
        on_file(),
        {"units": Fraction(3, 2)},
        {"hundredths": 150, "needed": 150},
        "too_few_units",
    ),
    "not_on_paid_time": ({}, on_file(), {}, {"on_paid_time": False}, "on_paid_time"),
    "cost_not_paid": ({}, on_file(), {}, {"cost_paid": False}, "cost_paid_by_district"),
    "not_required": ({}, on_file(), {}, {"required": False}, "legally_required"),
    "not_compensated": ({}, on_file(), {}, {"paid_elsewhere_cents": 0}, "already_compensated"),
    "once_per_competency": ({}, on_file(), {}, {"paid_for": []}, "competency_paid_before"),
    "one_choice": (
        {"choice": "credit"},
        on_file().request("choice", EARNED, about="mc", choice="credit"),
        {},
        {"choice": "credit"},
        "chosen_otherwise",
    ),
    "asked_once": ({}, on_file(), {}, {"asked_first": None}, "asked_before"),
}


def test_every_kind_of_condition_is_among_these() -> None:
    kinds = {one["properties"]["kind"]["const"] for one in ANY.json_schema()["$defs"].values()}
    assert kinds == SHOWN.keys()


@pytest.mark.parametrize("kind", SHOWN)
def test_a_test_that_is_met_shows_what_it_was_asked_and_the_reason_it_would_give(kind: str) -> None:
    condition, file, more, inputs, reason = SHOWN[kind]
    assert asked({"kind": kind, **condition}, file, **more) == {
        "rule": kind,
        "inputs": inputs,
        "passed": True,
        "reason": reason,
    }


@pytest.mark.parametrize(("until", "held"), [(EARNED, True), (EARNED + DAY, False)])
def test_a_position_is_held_on_its_last_day_and_not_on_the_next(until: date, held: bool) -> None:  # noqa: FBT001
    file = OnFile().hired(HIRED, last_day=EARNED).award("mc", EARNED)
    condition = {"kind": "continuous", "since": str(HIRED), "until": str(until)}
    assert asked(condition, file)["passed"] is held


def test_only_the_positions_of_an_eligible_role_are_asked_whether_they_are_exempt() -> None:
    """A teacher who is not, and an aide who is: the teacher's position alone is eligible."""
    file = OnFile().hired(HIRED, exempt=False).hired(HIRED, role="aide").award("mc", EARNED)
    rule = {"eligibility": [{"kind": "role", "roles": ["teacher"]}]}
    assert answer({"kind": "exempt"}, file) is True
    assert answer({"kind": "exempt"}, file, rule=rule) == (False, "not_exempt")
    otherwise = {"kind": "exempt", "otherwise": "routed_to_timesheet"}
    assert answer(otherwise, file, rule=rule) == (False, "routed_to_timesheet")


@pytest.mark.parametrize(
    ("held", "has", "expected"),
    [
        (True, True, True),
        (True, False, (False, "status_missing")),
        (False, False, True),
        (False, True, (False, "status_excluded")),
    ],
)
def test_a_status_is_asked_for_or_excluded(*, held: bool, has: bool, expected: Any) -> None:
    file = on_file().status("licensed", HIRED) if has else on_file()
    condition = {"kind": "status", "any_of": ["licensed"], "held": held}
    assert answer(condition, file) == expected


@pytest.mark.parametrize(
    ("hundredths", "last_day", "expected"),
    [
        (600, EARNED, True),
        (599, EARNED, (False, "not_in_standing")),
        (600, EARNED + DAY, (False, "not_in_standing")),
        (600, date(2024, 3, 11), True),
        (600, date(2024, 3, 10), (False, "not_in_standing")),
    ],
)
def test_units_of_the_twelve_months_that_end_with_the_day_count(
    hundredths: int, last_day: date, expected: Any
) -> None:
    """Six units are 600 hundredths; of 11 March 2024 to 10 March 2025, both included."""
    file = on_file().activity("course", "course", hundredths, last_day)
    assert answer({"kind": "standing", "units": 6, "months": 12}, file) == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"first": EARNED}, True),
        ({"first": EARNED + DAY}, (False, "earned_too_early")),
        ({"last": EARNED}, True),
        ({"last": EARNED - DAY}, (False, "earned_too_late")),
        ({"first": EARNED, "last": EARNED}, True),
    ],
)
def test_both_ends_of_a_span_are_in_it(ends: dict[str, date], expected: Any) -> None:
    span = {name: str(day) for name, day in ends.items()}
    assert answer({"kind": "between", **span}) == expected


OUTSIDE = (False, "outside_period_of_performance")


@pytest.mark.parametrize(
    ("started", "begins", "ends", "expected"),
    [
        (EARNED - DAY, EARNED - DAY, EARNED, True),
        (EARNED - DAY, EARNED, EARNED, OUTSIDE),
        (EARNED - DAY, EARNED - DAY, EARNED - DAY, OUTSIDE),
        (EARNED - DAY, None, EARNED, True),
        (EARNED - DAY, EARNED - DAY, None, True),
        (None, EARNED, EARNED, True),  # when she began is not on file: only the day it was earned
        (None, EARNED + DAY, None, OUTSIDE),
    ],
)
def test_all_of_it_lies_in_the_period_of_performance(
    started: date | None, begins: date | None, ends: date | None, expected: Any
) -> None:
    account = {"fund": "title_ii", "performance_from": begins, "performance_to": ends}
    days = {} if started is None else {"started": started}
    condition = {"kind": "period_of_performance"}
    assert answer(condition, days=days, rule={"account": account}) == expected


def test_a_document_that_is_needed_and_not_received_is_waited_for() -> None:
    file = on_file().note("document", "mc", EARNED, "transcript")
    needed = {"kind": "documents", "documents": ["transcript", "receipt"]}
    assert answer(needed, file) == (None, "documents_missing")
    assert answer(needed, file.note("document", "mc", EARNED, "receipt")) is True


def test_a_request_is_about_this_or_about_nothing_in_particular() -> None:
    condition = {"kind": "requested"}
    assert answer(condition, on_file().request("one", EARNED)) is True
    assert answer(condition, on_file().request("one", EARNED, about="mc")) is True
    missing = (None, "request_missing")
    assert answer(condition, on_file().request("one", EARNED, about="another")) == missing
    assert answer(condition, on_file().request("one", date(2024, 6, 30))) == missing
    assert answer(condition, on_file().request("one", EARNED, policy_id=ELSEWHERE)) == missing


def test_of_several_requests_the_first_has_to_be_in_time() -> None:
    file = on_file().request("late", EARNED + DAY).request("early", EARNED)
    assert answer({"kind": "requested", "by": str(EARNED)}, file) is True
    too_late = (False, "request_too_late")
    assert answer({"kind": "requested", "by": str(EARNED - DAY)}, file) == too_late


@pytest.mark.parametrize(("needed", "expected"), [(150, True), (151, (False, "too_few_units"))])
def test_exactly_as_many_units_as_are_needed_are_enough(needed: int, expected: Any) -> None:
    condition = {"kind": "at_least", "hundredths": needed}
    assert answer(condition, units=Fraction(3, 2)) == expected


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({}, (False, "legally_required")),
        ({"performance_from": "2024-07-01"}, (None, "supplanting_risk")),
        ({"performance_to": "2025-06-30"}, (None, "supplanting_risk")),
    ],
)
def test_what_is_required_of_her_is_not_paid_and_from_a_grant_somebody_has_to_look(
    account: dict[str, str], expected: Any
) -> None:
    file = on_file().note("required", "mc", EARNED)
    rule = {"account": {"fund": "title_ii", **account}}
    assert answer({"kind": "not_required"}, file, rule=rule) == expected
    assert answer({"kind": "not_required"}, on_file(), rule=rule) is True


@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        ([paid_by(ELSEWHERE, 1, 7)], (False, "already_compensated")),
        ([paid_by(ELSEWHERE, 30_000, 7), paid_by(ELSEWHERE, -30_000, 8)], True),
        ([paid_by(POLICY, 30_000, 7)], True),
        ([paid_by(POLICY, 30_000, 7), paid_by(ELSEWHERE, 30_000, 8)], True),
        (
            [paid_by(POLICY, 30_000, 8), paid_by(ELSEWHERE, 30_000, 7)],
            (False, "already_compensated"),
        ),
    ],
)
def test_what_another_policy_paid_first_is_not_paid_again(
    prior: list[Prior], expected: Any
) -> None:
    file = on_file()
    for line in prior:
        file.add("prior", line)
    assert answer({"kind": "not_compensated"}, file) == expected


def test_a_choice_is_one_about_this_and_the_first_stands() -> None:
    credit = {"kind": "one_choice", "choice": "credit"}
    missing = (None, "choice_missing")
    assert answer(credit, on_file().request("plain", EARNED, about="mc")) == missing
    other = on_file().request("other", EARNED, about="another", choice="credit")
    assert answer(credit, other) == missing
    file = on_file().request("first", EARNED, about="mc", choice="pay")
    changed = file.request("second", EARNED, about="mc", choice="credit")
    assert answer(credit, changed) == (False, "chosen_otherwise")
    assert answer({"kind": "one_choice", "choice": "pay"}, changed) is True


def test_what_is_verified_anew_each_year_has_the_notes_of_its_year_alone() -> None:
    year = FiscalYear(2025, date(2024, 7, 1), date(2025, 6, 30))
    goal = {"kind": "plan_goal"}
    before = on_file().note("plan_goal", "mc", year.first_day - DAY, "literacy")
    assert answer(goal, before) is True
    assert answer(goal, before, year=year) == (False, "plan_goal_missing")
    assert answer(goal, before.note("plan_goal", "mc", year.first_day, "a"), year=year) is True

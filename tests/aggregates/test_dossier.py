"""What a district has on file about a person."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.aggregates.dossier import (
    Dossier,
    FactInFutureError,
    FactSpanReversedError,
    FactUnknownError,
    begin,
)
from ledger.aggregates.licensure import FarDayError
from ledger.errors import NothingChangesError
from ledger.events.dossier import (
    AttendanceDay,
    AttendanceRecorded,
    CostRecorded,
    DocumentReceived,
    DossierFactRecorded,
    DossierFactWithdrawn,
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
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, EARNER, ZONE, act, header, named

DOSSIER, SUBJECT = named("dossier"), named("subject")
TODAY, TOMORROW = date(2024, 11, 18), date(2024, 11, 19)
SLIP = DocumentReceived(subject_id=SUBJECT, document="pay_slip", received_on=TODAY)

on_file = DossierFactRecorded(**header(DOSSIER), person_id=EARNER, district_id=DISTRICT, fact=SLIP)


def beginning(what: Fact) -> Outcome:
    return given().when(
        lambda _: begin(
            DOSSIER, act(), person_id=EARNER, district_id=DISTRICT, zone=ZONE, fact=what
        )
    )


def recording(what: Fact) -> Outcome:
    return given(on_file).when(lambda d: d.record(act(), zone=ZONE, fact=what))


def test_it_begins_with_the_first_fact() -> None:
    after = beginning(SLIP).then(fact(DossierFactRecorded, fact=SLIP, person_id=EARNER))
    assert isinstance(after, Dossier)
    assert after.facts == {1: SLIP}


def test_a_further_fact_is_added_and_the_same_again_changes_nothing() -> None:
    masters = StatusRecorded(status="masters", first_day=TODAY)
    assert recording(masters).then(DossierFactRecorded).facts == {1: SLIP, 2: masters}
    recording(SLIP).then_refused(NothingChangesError)


@pytest.mark.parametrize(
    "what",
    [
        DocumentReceived(subject_id=SUBJECT, document="pay_slip", received_on=TOMORROW),
        RequestFiled(policy_id=SUBJECT, filed_on=TOMORROW),
        PriorApprovalGiven(subject_id=SUBJECT, approved_on=TOMORROW),
        PlanGoalTagged(subject_id=SUBJECT, goal="literacy", tagged_on=TOMORROW),
        CostRecorded(subject_id=SUBJECT, cost_cents=1, paid_by="district", paid_on=TOMORROW),
        PaidTimeUsed(subject_id=SUBJECT, used_on=TOMORROW),
        RequirementTagged(subject_id=SUBJECT, requirement="license", tagged_on=TOMORROW),
        AttendanceRecorded(
            subject_id=SUBJECT, days=(AttendanceDay(day=TOMORROW, hours_hundredths=500),)
        ),
    ],
)
def test_nothing_has_happened_tomorrow(what: Fact) -> None:
    beginning(what).then_refused(FactInFutureError, "2024-11-19")
    recording(what).then_refused(FactInFutureError)


def test_nothing_happened_on_a_day_from_which_no_months_can_be_taken() -> None:
    """A cap by months looks back from the day of a request."""
    recording(RequestFiled(policy_id=SUBJECT, filed_on=date(1, 3, 1))).then_refused(FarDayError)


@pytest.mark.parametrize(
    "what",
    [
        StatusRecorded(status="masters", first_day=TOMORROW),
        LeaveRecorded(leave="family", first_day=TODAY, last_day=TOMORROW),
        SeparationRecorded(reason="resignation", last_day=TOMORROW),
    ],
)
def test_what_lasts_may_be_known_beforehand(what: Fact) -> None:
    beginning(what).then(DossierFactRecorded)


@pytest.mark.parametrize(
    "what",
    [
        StatusRecorded(status="masters", first_day=TOMORROW, last_day=TODAY),
        LeaveRecorded(leave="family", first_day=TOMORROW, last_day=TODAY),
    ],
)
def test_a_span_does_not_end_before_it_begins(what: Fact) -> None:
    beginning(what).then_refused(FactSpanReversedError, "2024-11-19 to 2024-11-18")


def test_a_fact_in_error_is_withdrawn_once() -> None:
    withdrawn = given(on_file).when(lambda d: d.withdraw(act(), withdrawn_version=1))
    assert withdrawn.then(fact(DossierFactWithdrawn, withdrawn_version=1)).facts == {}
    again = given(on_file, *withdrawn.events)
    again.when(lambda d: d.withdraw(act(), withdrawn_version=1)).then_refused(FactUnknownError)
    again.when(lambda d: d.record(act(), zone=ZONE, fact=SLIP)).then(DossierFactRecorded)

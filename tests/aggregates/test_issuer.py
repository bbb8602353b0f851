"""Issuers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger.aggregates.issuer import (
    ApprovalEndedError,
    ComponentsExceededError,
    HolidayOutsideYearError,
    Issuer,
    IssuerNotSuspendedError,
    IssuerNotVettedError,
    IssuerSuspendedError,
    register,
)
from ledger.errors import NothingChangesError
from ledger.events.issuer import (
    IssuerHolidaysSet,
    IssuerRegistered,
    IssuerSuspended,
    IssuerSuspensionLifted,
    IssuerTermsChanged,
    IssuerVetted,
)
from tests.given import fact, given
from tests.samples import DAY, HOLIDAYS, ISSUER, MONDAY, ZONE, act, header, issuer_terms

registered = IssuerRegistered(**header(ISSUER), name="Lakeshore", zone=ZONE, terms=issuer_terms())
suspended = IssuerSuspended(**header(ISSUER, 2), reason="audit")


def vetted(valid_until: date | None = None, *, approved: bool = True) -> IssuerVetted:
    return IssuerVetted(
        **header(ISSUER, 2),
        standard="Standards",
        components_met=29 if approved else 28,
        components_total=29,
        approved=approved,
        valid_until=valid_until,
    )


def vetting(met: int, valid_until: date | None = None) -> dict[str, object]:
    return {
        "standard": "Standards",
        "components_met": met,
        "components_total": 29,
        "valid_until": valid_until,
    }


def test_an_issuer_begins_by_registering_and_may_not_publish_yet() -> None:
    outcome = given().when(
        lambda _: register(ISSUER, act(), name="Lakeshore", zone=ZONE, terms=issuer_terms())
    )
    issuer = outcome.then(fact(IssuerRegistered, originator_id=ISSUER, name="Lakeshore", zone=ZONE))
    assert issuer.terms == issuer_terms()
    with pytest.raises(IssuerNotVettedError, match="has not passed"):
        issuer.must_publish(MONDAY)


def test_practice_51_twenty_eight_of_twenty_nine_components_are_not_approved() -> None:
    until = date(2027, 11, 18)
    issuer = (
        given(registered)
        .when(lambda i: i.record_vetting(act(), **vetting(28, until)))
        .then(fact(IssuerVetted, approved=False, components_met=28, valid_until=None))
    )
    with pytest.raises(IssuerNotVettedError):
        issuer.must_publish(MONDAY)


def test_practice_51_all_components_are_approved_until_a_day() -> None:
    until = date(2027, 11, 18)
    issuer = (
        given(registered)
        .when(lambda i: i.record_vetting(act(), **vetting(29, until)))
        .then(fact(IssuerVetted, approved=True, components_met=29, valid_until=until))
    )
    issuer.must_publish(MONDAY)


def test_more_components_than_there_are_cannot_be_met() -> None:
    (
        given(registered)
        .when(lambda i: i.record_vetting(act(), **vetting(30)))
        .then_refused(ComponentsExceededError, "30", "29")
    )


def test_an_approval_may_end_today_but_not_yesterday() -> None:
    given(registered).when(
        lambda i: i.record_vetting(act(), **vetting(29, date(2024, 11, 18)))
    ).then(IssuerVetted)
    given(registered).when(
        lambda i: i.record_vetting(act(), **vetting(29, date(2024, 11, 17)))
    ).then_refused(ApprovalEndedError, "2024-11-17")


def test_an_approval_holds_to_the_end_of_its_last_day_at_the_issuers() -> None:
    issuer = Issuer.fold(None, [registered, vetted(date(2024, 11, 18))])
    assert issuer is not None
    issuer.must_publish(MONDAY)
    issuer.must_publish(MONDAY + timedelta(hours=11, minutes=59))  # 23:59 in New York
    with pytest.raises(IssuerNotVettedError, match="ended on 2024-11-18"):
        issuer.must_publish(MONDAY + timedelta(hours=12))


def test_a_later_vetting_that_fails_takes_the_approval_away() -> None:
    failed = vetted(approved=False).model_copy(update={"originator_version": 3})
    issuer = Issuer.fold(None, [registered, vetted(), failed])
    assert issuer is not None
    with pytest.raises(IssuerNotVettedError):
        issuer.must_publish(MONDAY)


def test_a_suspended_issuer_neither_publishes_nor_takes_enrollments_nor_sends_badges() -> None:
    issuer = (
        given(registered)
        .when(lambda i: i.suspend(act(), reason="audit"))
        .then(fact(IssuerSuspended, reason="audit"))
    )
    with pytest.raises(IssuerSuspendedError, match="publish"):
        issuer.must_publish(MONDAY)
    with pytest.raises(IssuerSuspendedError, match="enrollments"):
        issuer.must_take_enrollments()
    with pytest.raises(IssuerSuspendedError, match="badges"):
        issuer.must_send_badges()
    back = Issuer.fold(issuer, issuer.lift_suspension(act()))
    assert back is not None
    back.must_take_enrollments()
    back.must_send_badges()


def test_a_suspension_is_lifted_once() -> None:
    issuer = (
        given(registered, suspended)
        .when(lambda i: i.lift_suspension(act()))
        .then(IssuerSuspensionLifted)
    )
    issuer.must_take_enrollments()
    given(registered).when(lambda i: i.lift_suspension(act())).then_refused(IssuerNotSuspendedError)


def test_a_suspended_issuer_is_not_suspended_again() -> None:
    given(registered, suspended).when(lambda i: i.suspend(act(), reason="audit")).then_refused(
        IssuerSuspendedError, "already"
    )


def test_changed_terms_hold_for_what_is_submitted_from_then_on() -> None:
    new = issuer_terms(appeal_business_days=5)
    changed = IssuerTermsChanged(**header(ISSUER, 2, at=MONDAY + DAY), terms=new)
    issuer = Issuer.fold(None, [registered, changed])
    assert issuer is not None
    assert issuer.terms == new
    assert issuer.terms_at(MONDAY + DAY) == new
    assert issuer.terms_at(MONDAY + DAY - timedelta(microseconds=1)) == issuer_terms()
    assert issuer.terms_at(MONDAY - 9 * DAY) == issuer_terms()


def test_terms_are_changed_to_other_terms_only() -> None:
    new = issuer_terms(attempts_before_coaching=3)
    given(registered).when(lambda i: i.change_terms(act(), terms=new)).then(
        fact(IssuerTermsChanged, terms=new)
    )
    given(registered).when(lambda i: i.change_terms(act(), terms=issuer_terms())).then_refused(
        NothingChangesError
    )


def test_the_holidays_of_a_year_replace_those_that_were_set_before() -> None:
    day = date(2024, 12, 24)
    before = IssuerHolidaysSet(**header(ISSUER, 2), year=2024, holidays=HOLIDAYS)
    other_year = IssuerHolidaysSet(**header(ISSUER, 3), year=2025, holidays=(date(2025, 1, 1),))
    issuer = (
        given(registered, before, other_year)
        .when(lambda i: i.set_holidays(act(), year=2024, holidays=[day, day]))
        .then(fact(IssuerHolidaysSet, year=2024, holidays=(day,)))
    )
    assert issuer.holidays == {day, date(2025, 1, 1)}


def test_holidays_are_kept_in_order_and_count_for_due_dates() -> None:
    issuer = (
        given(registered)
        .when(lambda i: i.set_holidays(act(), year=2024, holidays=reversed(HOLIDAYS)))
        .then(fact(IssuerHolidaysSet, holidays=HOLIDAYS))
    )
    assert issuer.business_days_after(date(2024, 11, 18), 14) == date(2024, 12, 10)


def test_a_holiday_of_another_year_is_refused() -> None:
    refused = (
        given(registered)
        .when(lambda i: i.set_holidays(act(), year=2024, holidays=[date(2025, 1, 1)]))
        .then_refused(HolidayOutsideYearError, "2025-01-01")
    )
    assert refused.operands == {"day": date(2025, 1, 1)}


def test_the_same_holidays_again_change_nothing() -> None:
    before = IssuerHolidaysSet(**header(ISSUER, 2), year=2024, holidays=HOLIDAYS)
    given(registered, before).when(
        lambda i: i.set_holidays(act(), year=2024, holidays=HOLIDAYS)
    ).then_refused(NothingChangesError)


def test_today_is_the_date_at_the_issuers() -> None:
    issuer = Issuer.fold(None, [registered])
    assert issuer is not None
    assert issuer.today(MONDAY + timedelta(hours=11, minutes=59)) == date(2024, 11, 18)
    assert issuer.today(MONDAY + timedelta(hours=12)) == date(2024, 11, 19)


def test_a_history_that_no_issuer_can_have_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="begins by registering"):
        Issuer.fold(None, [suspended])
    with pytest.raises(AssertionError, match="registers once"):
        Issuer.fold(None, [registered, registered])

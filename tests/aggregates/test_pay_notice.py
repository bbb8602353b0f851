"""A notice of pay: signed as it stood, anew when it says something else, and opened again."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger.aggregates.pay_notice import ActedOnLaterError, PayNotice, Span
from ledger.errors import NothingChangesError
from ledger.events.pay_notice import PayNoticeActedOn, PayNoticeReopened
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, EARNER, act, header, named

NOTICE = named("notice")
TODAY = date(2024, 11, 18)
ABOUT: dict[str, Any] = {
    "district_id": DISTRICT,
    "person_id": EARNER,
    "entitlement_id": named("entitlement"),
}
SAID = Span(date(2025, 1, 1), None)
ENDING = Span(date(2025, 1, 1), date(2025, 6, 30))
signed = PayNoticeActedOn(
    **header(NOTICE), **ABOUT, acted_on=TODAY, effective_on=SAID.effective_on, ends_on=None
)
reopened = PayNoticeReopened(**header(NOTICE, 2), **ABOUT)


def signs(*events: Any, said: Span = SAID, acted_on: date = TODAY) -> Outcome:
    def sign(one: PayNotice | None) -> Any:
        notice = one or PayNotice(id=NOTICE, version=0)
        return notice.sign(act(), **ABOUT, said=said, acted_on=acted_on, today=TODAY)

    return given(*events).when(sign)


def reopens(*events: Any) -> Outcome:
    return given(*events).when(
        lambda one: (one or PayNotice(id=NOTICE, version=0)).reopen(act(), **ABOUT)
    )


def test_a_notice_is_signed_as_it_stood_by_today() -> None:
    said = fact(
        PayNoticeActedOn, **ABOUT, acted_on=TODAY, effective_on=date(2025, 1, 1), ends_on=None
    )
    assert signs().then(said) == PayNotice(id=NOTICE, version=1, signed=SAID)
    ending = fact(PayNoticeActedOn, acted_on=date(2024, 11, 1), ends_on=date(2025, 6, 30))
    assert signs(said=ENDING, acted_on=date(2024, 11, 1)).then(ending).signed == ENDING
    signs(acted_on=date(2024, 11, 19)).then_refused(
        ActedOnLaterError, "2024-11-19 is after today, 2024-11-18"
    )


def test_it_is_signed_again_only_where_it_says_something_else_or_was_opened_again() -> None:
    signs(signed).then_refused(NothingChangesError)
    assert signs(signed, said=ENDING).then(PayNoticeActedOn).signed == ENDING
    assert signs(signed, reopened).then(PayNoticeActedOn).signed == SAID


def test_only_what_was_signed_is_opened_again() -> None:
    assert reopens(signed).then(fact(PayNoticeReopened, **ABOUT)).signed is None
    reopens().then_refused(NothingChangesError)
    reopens(signed, reopened).then_refused(NothingChangesError)

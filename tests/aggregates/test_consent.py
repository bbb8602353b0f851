"""A consent to be found: to one audience, until a day within five years, taken back once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.aggregates.consent import DAYS_MAX, Consent, ConsentExpiryError, ConsentTerms
from ledger.errors import NothingChangesError
from ledger.events.consent import ConsentToBeFoundGiven, ConsentToBeFoundWithdrawn
from tests.given import Outcome, fact, given
from tests.samples import DAY, DISTRICT, EARNER, ZONE, act, header, named

CONSENT = named("consent")
EVENING = datetime(2024, 11, 20, 3, tzinfo=UTC)  # 19 November, ten at night in New York
TODAY = date(2024, 11, 19)
IN_MAY = date(2025, 5, 1)
given_once = ConsentToBeFoundGiven(
    **header(CONSENT),
    person_id=EARNER,
    audience="district",
    district_id=DISTRICT,
    zone=ZONE,
    expires_on=IN_MAY,
)
withdrawn = ConsentToBeFoundWithdrawn(**header(CONSENT, 2), person_id=EARNER)


def terms(**changes: Any) -> ConsentTerms:
    return ConsentTerms(**{"district_id": DISTRICT, "zone": ZONE, "expires_on": IN_MAY} | changes)


def gives(*events: Any, **changes: Any) -> Outcome:
    def give(one: Consent | None) -> Any:
        return (one or Consent.none_yet(CONSENT, EARNER)).give(act(at=EVENING), terms(**changes))

    return given(*events).when(give)


def test_she_may_be_found_by_one_district_or_by_any() -> None:
    said = fact(
        ConsentToBeFoundGiven,
        person_id=EARNER,
        audience="district",
        district_id=DISTRICT,
        zone=ZONE,
        expires_on=IN_MAY,
    )
    consent = gives().then(said)
    assert consent == Consent(id=CONSENT, version=1, person_id=EARNER, terms=terms())
    anybody = fact(ConsentToBeFoundGiven, audience="any_district", district_id=None)
    assert gives(district_id=None).then(anybody).terms == terms(district_id=None)


@pytest.mark.parametrize(
    ("days", "possible"), [(0, False), (1, True), (DAYS_MAX, True), (DAYS_MAX + 1, False)]
)
def test_it_ends_after_today_and_within_five_years_by_the_day_where_she_is(
    days: int, *, possible: bool
) -> None:
    outcome = gives(expires_on=TODAY + timedelta(days=days))
    if possible:
        outcome.then(ConsentToBeFoundGiven)
    else:
        outcome.then_refused(ConsentExpiryError, f"within {DAYS_MAX} days")


def test_it_is_given_anew_with_other_terms_alone_and_taken_back_once() -> None:
    gives(given_once).then_refused(NothingChangesError)
    longer = gives(given_once, expires_on=IN_MAY + DAY).then(ConsentToBeFoundGiven)
    assert longer.terms == terms(expires_on=IN_MAY + DAY)

    def withdraw(one: Consent) -> Any:
        return one.withdraw(act())

    gone = given(given_once).when(withdraw)
    assert gone.then(fact(ConsentToBeFoundWithdrawn, person_id=EARNER)).terms is None
    given(given_once, withdrawn).when(withdraw).then_refused(NothingChangesError)
    assert gives(given_once, withdrawn).then(ConsentToBeFoundGiven).terms == terms()

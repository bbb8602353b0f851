"""Licenses: put on file, changed, renewed, ruled on, closed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates.licensure import (
    FarDayError,
    License,
    LicenseClosedError,
    LicenseOnFileError,
    LicenseSpanReversedError,
    NewLicense,
    NewRuling,
    RenewedBackwardError,
    UnitsOnDeclinedError,
    Validity,
    record,
)
from ledger.errors import LedgerError, NothingChangesError
from ledger.events.licensure import (
    LicenseChanged,
    LicenseClosed,
    LicenseRecorded,
    LicenseRenewed,
    LicenseRulingMade,
)
from ledger.rules.licenses import Term
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, EARNER, ZONE, act, header, named, vault_text

LICENSE, AWARD, ELSEWHERE = named("license"), named("award"), named("another district")
FIRST, LAST = date(2021, 7, 1), date(2026, 6, 30)
HELD: dict[str, Any] = {"person_id": EARNER, "district_id": DISTRICT}
SPAN = Validity(issued_on=FIRST, valid_from=FIRST, valid_to=LAST)


def span(first: date = FIRST, last: date | None = LAST, issued: date | None = None) -> Validity:
    return Validity(issued_on=issued or first, valid_from=first, valid_to=last)


def new(**changes: Any) -> NewLicense:
    fields: dict[str, Any] = {
        "person_id": EARNER,
        "jurisdiction": "us-tn",
        "license_type": "professional",
        "role": "k-5",
        "traits": ("public-school", "masters", "masters"),
        "zone": ZONE,
        "validity": SPAN,
        "number": vault_text("number"),
    }
    return NewLicense(**fields | changes)


recorded = LicenseRecorded(
    **header(LICENSE),
    **HELD,
    jurisdiction="us-tn",
    license_type="professional",
    role="k-5",
    traits=("masters", "public-school"),
    zone=ZONE,
    issued_on=FIRST,
    valid_from=FIRST,
    valid_to=LAST,
    number=vault_text("number"),
)
closed = LicenseClosed(**header(LICENSE, 2), **HELD, reason="surrendered", effective_on=LAST)
ruled = LicenseRulingMade(
    **header(LICENSE, 2),
    **HELD,
    achievement_id=AWARD,
    outcome="accepted",
    reason="seen",
    units_hundredths=50,
    category="literacy",
)


def recording(*earlier: Any, **changes: Any) -> Outcome:
    return given(*earlier).when(
        lambda before: record(LICENSE, act(), before, district_id=DISTRICT, new=new(**changes))
    )


def test_a_license_is_put_on_file_with_each_trait_once_and_its_number_in_the_vault() -> None:
    state = recording().then(
        fact(
            LicenseRecorded,
            **HELD,
            traits=("masters", "public-school"),
            valid_to=LAST,
            number=vault_text("number"),
        )
    )
    assert state.held.terms == (Term(FIRST, FIRST, LAST),)


def test_a_license_is_on_file_once_until_it_is_closed() -> None:
    recording(recorded).then_refused(LicenseOnFileError)
    recording(recorded, closed).then(LicenseRecorded)


@pytest.mark.parametrize(
    ("validity", "refusal"),
    [
        (span(LAST, FIRST), LicenseSpanReversedError),
        (span(FIRST, LAST, issued=date(2026, 7, 1)), LicenseSpanReversedError),
        (span(date(1899, 12, 31)), FarDayError),
        (span(FIRST, date(2201, 1, 1)), FarDayError),
    ],
)
def test_a_span_that_cannot_be_is_refused(validity: Validity, refusal: type[LedgerError]) -> None:
    recording(validity=validity).then_refused(refusal)
    given(recorded).when(
        lambda held: held.renew(act(), district_id=DISTRICT, validity=validity)
    ).then_refused(refusal)


def test_a_license_may_state_no_end() -> None:
    recording(validity=span(last=None)).then(fact(LicenseRecorded, valid_to=None))


def changing(*earlier: Any, **changes: Any) -> Outcome:
    fields: dict[str, Any] = {
        "district_id": DISTRICT,
        "role": "6-12",
        "traits": ("masters",),
        "effective_on": date(2024, 8, 1),
    }
    return given(recorded, *earlier).when(lambda held: held.change(act(), **fields | changes))


def test_role_and_traits_change_from_a_day_on() -> None:
    state = changing().then(fact(LicenseChanged, role="6-12", effective_on=date(2024, 8, 1)))
    assert state.held.facts_on(date(2024, 7, 31)).role == "k-5"
    assert state.held.facts_on(date(2024, 8, 1)).role == "6-12"


def test_facts_said_later_take_the_place_of_those_of_the_same_day_and_of_later_days() -> None:
    """Facts of 1 August, then others of the same day, then of 1 July: the last stand alone."""
    august, july = date(2024, 8, 1), date(2024, 7, 1)
    changed = [
        LicenseChanged(
            **header(LICENSE, version), **HELD, role=role, traits=(), effective_on=effective_on
        )
        for version, role, effective_on in ((2, "6-12", august), (3, "arts", august))
    ]
    held = License.fold(None, [recorded, *changed])
    assert held is not None
    assert [facts.role for facts in held.held.facts] == ["k-5", "arts"]
    earlier = LicenseChanged(
        **header(LICENSE, 4), **HELD, role="music", traits=(), effective_on=july
    )
    held = License.fold(held, [earlier])
    assert held is not None
    assert [facts.role for facts in held.held.facts] == ["k-5", "music"]
    assert held.held.facts_on(date(2000, 1, 1)).role == "k-5"


def test_another_district_may_take_the_documents_over_without_any_other_change() -> None:
    same: dict[str, Any] = {"role": "k-5", "traits": ("public-school", "masters")}
    changing(**same).then_refused(NothingChangesError)
    state = changing(**same, district_id=ELSEWHERE).then(LicenseChanged)
    assert state.held.district_id == ELSEWHERE


def test_a_renewal_begins_the_next_cycle_behind_the_last() -> None:
    history = given(recorded)
    later = span(date(2026, 7, 1), date(2031, 6, 30))
    state = history.when(lambda held: held.renew(act(), district_id=DISTRICT, validity=later)).then(
        fact(LicenseRenewed, valid_from=date(2026, 7, 1))
    )
    assert len(state.held.terms) == 2
    early = span(LAST, date(2031, 6, 30))
    history.when(lambda held: held.renew(act(), district_id=DISTRICT, validity=early)).then_refused(
        RenewedBackwardError
    )


def ruling(*earlier: Any, district: Any = DISTRICT, **changes: Any) -> Outcome:
    fields: dict[str, Any] = {
        "outcome": "accepted",
        "reason": "seen",
        "units_hundredths": 50,
        "category": "literacy",
    }
    made = NewRuling(**fields | changes)
    return given(recorded, *earlier).when(
        lambda held: held.rule(act(), district_id=district, achievement_id=AWARD, ruling=made)
    )


def test_an_achievement_is_accepted_in_part_and_declined_whole() -> None:
    state = ruling().then(fact(LicenseRulingMade, units_hundredths=50, achievement_id=AWARD))
    assert state.held.rulings[AWARD].category == "literacy"
    nothing: dict[str, Any] = {"units_hundredths": None, "category": None}
    ruling(outcome="declined", **nothing).then(fact(LicenseRulingMade, outcome="declined"))
    ruling(outcome="declined").then_refused(UnitsOnDeclinedError)


def test_the_same_ruling_changes_nothing_and_another_takes_its_place() -> None:
    ruling(ruled).then_refused(NothingChangesError)
    ruling(ruled, district=ELSEWHERE).then(LicenseRulingMade)
    state = ruling(ruled, units_hundredths=100).then(LicenseRulingMade)
    assert state.held.rulings[AWARD].units_hundredths == 100


def test_a_closed_license_takes_nothing_more() -> None:
    history = given(recorded, closed)
    close: dict[str, Any] = {"district_id": DISTRICT, "reason": "x", "effective_on": LAST}
    state = (
        given(recorded)
        .when(lambda held: held.close(act(), **close))
        .then(fact(LicenseClosed, reason="x", effective_on=LAST))
    )
    assert state.closed
    for command in (
        lambda held: held.close(act(), **close),
        lambda held: held.renew(act(), district_id=DISTRICT, validity=SPAN),
        lambda held: held.change(
            act(), district_id=ELSEWHERE, role="k-5", traits=(), effective_on=LAST
        ),
        lambda held: held.rule(
            act(),
            district_id=DISTRICT,
            achievement_id=AWARD,
            ruling=NewRuling(outcome="accepted", reason="seen"),
        ),
    ):
        history.when(command).then_refused(LicenseClosedError)


def test_the_state_follows_from_the_events() -> None:
    state = License.fold(None, [recorded, ruled])
    assert state is not None
    assert (state.version, state.person_id, state.number) == (2, EARNER, vault_text("number"))

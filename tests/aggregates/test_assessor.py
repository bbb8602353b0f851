"""Who may assess."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.aggregates.assessor import (
    Assessor,
    NotAHolderError,
    NotAnAssessorError,
    NotCalibratedError,
    QualificationEndedError,
    QualificationExpiredError,
    appoint,
    qualify,
)
from ledger.errors import NothingChangesError
from ledger.events.assessor import AssessorAppointed, AssessorQualified, AssessorWithdrawn
from tests.given import Outcome, fact, given
from tests.samples import (
    APPROVER,
    CREDENTIAL,
    DAY,
    EARNER,
    ENROLLMENT,
    ISSUER,
    MONDAY,
    Story,
    act,
    credential,
    definition,
    header,
    issuer,
    issuer_terms,
    named,
)

STANDING = named("standing of the earner as assessor")
SHARED: dict[str, Any] = {
    "person_id": EARNER,
    "credential_id": CREDENTIAL,
    "issuer_id": ISSUER,
}
appointed = AssessorAppointed(**header(STANDING), **SHARED, reason="founder")
withdrawn = AssessorWithdrawn(**header(STANDING, 2), **SHARED, reason="drift")
AWARD = Story().awarded().enrollment


def qualified(percent: int = 80, valid_until: date | None = None) -> AssessorQualified:
    return AssessorQualified(
        **header(STANDING),
        **SHARED,
        enrollment_id=ENROLLMENT,
        agreement_percent=percent,
        valid_until=valid_until,
    )


def appointing(*history: Any) -> Outcome:
    return given(*history).when(
        lambda a: appoint(
            STANDING,
            act(APPROVER),
            before=a,
            person_id=EARNER,
            credential=credential(),
            reason="founder",
        )
    )


def qualifying(*history: Any, **changes: Any) -> Outcome:
    asked: dict[str, Any] = {
        "award": AWARD,
        "issuer": issuer(),
        "agreement_percent": 80,
        "valid_until": None,
    }
    return given(*history).when(
        lambda a: qualify(STANDING, act(APPROVER), before=a, **asked | changes)
    )


def fit(assessor: Assessor | None, *, holds_award: bool = True, **terms: Any) -> None:
    assert assessor is not None
    assessor.must_be_fit(act(), issuer=issuer(issuer_terms(**terms)), holds_award=holds_award)


def test_a_founding_assessor_is_appointed_and_needs_no_award() -> None:
    state = appointing().then(
        fact(
            AssessorAppointed,
            person_id=EARNER,
            credential_id=CREDENTIAL,
            issuer_id=ISSUER,
            reason="founder",
        )
    )
    fit(state, holds_award=False)


def test_an_assessor_is_appointed_once_and_again_after_a_withdrawal() -> None:
    appointing(appointed).then_refused(NothingChangesError)
    fit(appointing(appointed, withdrawn).then(AssessorAppointed), holds_award=False)


@pytest.mark.parametrize("percent", [80, 100])
def test_practice_11_eighty_percent_agreement_is_enough(percent: int) -> None:
    state = qualifying(agreement_percent=percent).then(
        fact(
            AssessorQualified,
            person_id=EARNER,
            credential_id=CREDENTIAL,
            issuer_id=ISSUER,
            enrollment_id=ENROLLMENT,
            agreement_percent=percent,
        )
    )
    assert state.standing == "qualified"
    fit(state)


def test_practice_11_seventy_nine_percent_agreement_is_refused() -> None:
    refused = qualifying(agreement_percent=79).then_refused(NotCalibratedError, "79 %", "80 %")
    assert (refused.slug, refused.status) == ("not-calibrated", 409)
    with pytest.raises(NotCalibratedError):
        fit(Assessor.fold(None, [qualified(79)]))


def test_the_agreement_asked_for_is_the_issuers_as_of_the_assignment() -> None:
    state = Assessor.fold(None, [qualified(80)])
    fit(state, calibration_percent=80)
    with pytest.raises(NotCalibratedError):
        fit(state, calibration_percent=81)


def test_practice_12_only_a_holder_qualifies() -> None:
    on_the_way = Story().submitted().enrollment
    qualifying(award=on_the_way).then_refused(NotAHolderError, "2024-11-18")


def test_an_award_that_has_expired_qualifies_nobody() -> None:
    year = definition(valid_months=12)
    award = Story(asks=year, at=MONDAY - 364 * DAY).awarded().enrollment
    qualifying(award=award).then(AssessorQualified)
    award = Story(asks=year, at=MONDAY - 366 * DAY).awarded().enrollment
    qualifying(award=award).then_refused(NotAHolderError)


def test_practice_12_a_qualified_assessor_holds_the_award_when_she_is_assigned() -> None:
    state = Assessor.fold(None, [qualified()])
    fit(state, holds_award=True)
    with pytest.raises(NotAHolderError):
        fit(state, holds_award=False)


def test_a_qualification_holds_to_the_end_of_its_last_day() -> None:
    today = date(2024, 11, 18)
    fit(Assessor.fold(None, [qualified(valid_until=today)]))
    with pytest.raises(QualificationExpiredError, match="ended on 2024-11-17"):
        fit(Assessor.fold(None, [qualified(valid_until=today - timedelta(1))]))


def test_a_qualification_ends_no_earlier_than_today() -> None:
    today = date(2024, 11, 18)
    qualifying(valid_until=today).then(fact(AssessorQualified, valid_until=today))
    qualifying(valid_until=today - timedelta(1)).then_refused(QualificationEndedError, "2024-11-17")


def test_a_qualification_is_renewed_with_a_new_calibration() -> None:
    state = qualifying(qualified(80), agreement_percent=91).then(
        fact(AssessorQualified, agreement_percent=91)
    )
    assert state.agreement_percent == 91


def test_an_assessor_who_is_withdrawn_is_not_assigned() -> None:
    state = (
        given(appointed)
        .when(lambda a: a.withdraw(act(APPROVER), reason="drift"))
        .then(fact(AssessorWithdrawn, **SHARED, reason="drift"))
    )
    with pytest.raises(NotAnAssessorError):
        fit(state)


def test_an_assessor_is_withdrawn_once() -> None:
    given(appointed, withdrawn).when(
        lambda a: a.withdraw(act(APPROVER), reason="drift")
    ).then_refused(NotAnAssessorError)


def test_a_history_that_no_assessor_can_have_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="was no assessor"):
        Assessor.fold(None, [withdrawn])

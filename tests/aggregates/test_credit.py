"""Credits that were earned elsewhere: recorded in their own kind, and withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates.credit import (
    AwardsAreNoCreditsError,
    CreditWithdrawnError,
    EarnedBeforeBegunError,
    EarnedInFutureError,
    NewCredit,
    record,
)
from ledger.aggregates.licensure import FarDayError
from ledger.errors import LedgerError
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, EARNER, ZONE, act, header, named, vault_text

CREDIT, AWARD = named("credit"), named("award")
TODAY = date(2024, 11, 18)
FIELDS: dict[str, Any] = {
    "person_id": EARNER,
    "kind": "semester_hour",
    "quantity_hundredths": 150,
    "zone": ZONE,
    "earned_on": TODAY,
    "category": "literacy",
    "course": "edu-501",
    "begun_on": date(2024, 9, 1),
    "approved_on": date(2024, 8, 1),
    "exchanged_enrollment_id": AWARD,
    "documents": vault_text("transcript"),
}
recorded = CreditRecorded(**header(CREDIT), **FIELDS, district_id=DISTRICT)
withdrawn = CreditWithdrawn(
    **header(CREDIT, 2),
    person_id=EARNER,
    district_id=DISTRICT,
    reason="mistake",
    effective_on=TODAY,
)


def recording(**changes: Any) -> Outcome:
    new = NewCredit(**FIELDS | changes)
    return given().when(lambda _: record(CREDIT, act(), district_id=DISTRICT, new=new))


def test_a_credit_is_recorded_in_its_own_kind_whole() -> None:
    recording().then(fact(CreditRecorded, **FIELDS, district_id=DISTRICT))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"earned_on": date(2024, 11, 19)}, EarnedInFutureError),
        ({"begun_on": date(2024, 11, 19)}, EarnedBeforeBegunError),
        ({"kind": "micro_credential"}, AwardsAreNoCreditsError),
        ({"begun_on": date(1, 1, 1)}, FarDayError),
    ],
)
def test_what_cannot_have_been_earned_is_refused(
    changes: dict[str, Any], refusal: type[LedgerError]
) -> None:
    recording(**changes).then_refused(refusal)


def withdrawing(*earlier: Any) -> Outcome:
    return given(recorded, *earlier).when(
        lambda credit: credit.withdraw(act(), reason="mistake", effective_on=TODAY)
    )


def test_a_credit_is_withdrawn_once() -> None:
    state = withdrawing().then(fact(CreditWithdrawn, reason="mistake", effective_on=TODAY))
    assert state.withdrawn
    withdrawing(withdrawn).then_refused(CreditWithdrawnError)

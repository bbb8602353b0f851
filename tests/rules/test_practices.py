"""What the field does, with its numbers: one test for each practice that is arithmetic of licenses.

Others are beside what they belong to: lanes in tests/api/test_pay_notices.py, pairs in
test_pairs.py, the move in test_jurisdictions.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from ledger.events.equivalency import MICRO_CREDENTIAL, Conversion
from ledger.rules.licenses import Term
from tests.rules.dossiers import OnFile, shipped
from tests.rules.licensing import (
    awards,
    earned,
    license_of,
    line,
    local,
    needs,
    reasons,
    rules_of,
    units,
)

IN_TIME = "2024-03-01"
DAY = "2024-06-30"
HIRED = date(2020, 8, 17)


def ten(issuer: str) -> OnFile:
    """Ten micro-credentials of one issuer, with everything that a district asks of them."""
    file = OnFile().hired(HIRED)
    for number in range(10):
        file.award(
            f"mc {number}",
            date(2025, 1, 10),
            issuer=issuer,
            started=date(2024, 11, 1),
            approved=date(2024, 10, 1),
            documents=date(2025, 1, 20),
        )
    return file


def test_ten_micro_credentials_are_another_currency_in_each_place() -> None:
    """Tennessee 10 × 6 = 60 PDP; Aurora 10 × 10 h = 100 h = 6.67 credits; Troy 10 board credits."""
    tennessee = license_of("us-tn", "2020-07-01", "2025-06-30")
    assert line(tennessee, awards(10, IN_TIME), rules_of("us-tn"), DAY).earned_hundredths == 6_000
    aurora = ten("association").under(shipped("I3"))
    assert aurora.balance is not None
    assert aurora.balance.counted == Fraction(100, 15)
    assert round(float(aurora.balance.counted), 2) == 6.67
    troy = ten("association").under(shipped("I2"))
    assert troy.balance is not None
    assert troy.balance.counted == 10


def test_illinois_carries_over_eight_of_eleven_hours_beyond_the_need() -> None:
    """131 hours, 8 of them from April on: 11 beyond 120, of which 8 are carried over."""
    first = Term(date(2014, 7, 1), date(2014, 7, 1), date(2019, 6, 30))
    second = Term(date(2019, 7, 1), date(2019, 7, 1), date(2024, 6, 30))
    held = replace(license_of("us-il", "2014-07-01", "2019-06-30"), terms=(first, second))
    record = [earned("hour", "123", "2018-01-01"), earned("hour", "8", "2019-04-01")]
    before = line(replace(held, terms=(first,)), record, rules_of("us-il"), "2019-06-30")
    assert before.earned_hundredths == 13_100
    found = line(held, record, rules_of("us-il"), "2020-01-01")
    assert (found.units[0].kind, found.earned_hundredths) == ("carried_over", 800)


def test_delaware_misses_five_hours_about_students() -> None:
    """100 hours of which 40 are about students: the total is met, and 5 of 45 are missing."""
    held = license_of("us-de", "2020-07-01", "2025-06-30")
    record = [
        earned("hour", "60", IN_TIME),
        earned("hour", "40", IN_TIME, category="student-related"),
    ]
    found = line(held, record, rules_of("us-de"), DAY)
    assert found.state == "missing"
    assert needs(found) == {"total": (10_000, 0), "student-related": (4_000, 500)}


def test_nine_ceu_are_six_credits_exactly_in_maine() -> None:
    """9 × 1 / 1.5 = 6, also where each comes by itself and two thirds cannot be written down."""
    held = license_of("us-me", "2020-07-01", "2025-06-30")
    for record in ([earned("ceu", "9", IN_TIME)], [earned("ceu", "1", IN_TIME) for _ in range(9)]):
        found = line(held, record, rules_of("us-me"), DAY)
        assert (found.state, found.earned_hundredths) == ("met", 600)
        assert sum(units(found)) == 600


def test_one_award_in_three_jurisdictions_is_three_things() -> None:
    """A state's own rate, one that a state leaves to its districts, and one that counts none."""
    [award] = awards(1, IN_TIME)
    own = local("us-nc", "us-nc:unit", Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=150))
    rules = [*rules_of("us-tn"), *rules_of("us-nc"), *rules_of("us-wi"), own]
    found = {
        state: line(license_of(state, "2018-08-01", last), [award], rules, DAY)
        for state, last in (("us-tn", "2025-06-30"), ("us-nc", "2025-06-30"), ("us-wi", None))
    }
    assert {state: units(one) for state, one in found.items()} == {
        "us-tn": [600],
        "us-nc": [150],
        "us-wi": [0],
    }
    cited = {state: one.units[0].rule_id for state, one in found.items()}
    assert cited["us-nc"] == str(own.rule_id)
    assert len(set(cited.values())) == 3


@pytest.mark.parametrize("effort_hours", [5, 15])
def test_nobody_sat_hours_for_a_micro_credential_it_counts_by_a_rule(effort_hours: int) -> None:
    """Wait time of 5 hours or makerspace of 15: 6 PDP each, and no hours are spoken of."""
    [award] = awards(1, IN_TIME)
    found = line(license_of("us-tn", "2020-07-01", "2025-06-30"), [award], rules_of("us-tn"), DAY)
    [unit] = found.units
    assert (unit.kind, unit.units_hundredths) == ("micro_credential", 600)
    assert "hour" not in unit.arithmetic
    assert str(effort_hours) not in unit.arithmetic
    assert (unit.rule_id, unit.rule_version) == (str(rules_of("us-tn")[0].rule_id), 1)


def test_the_day_of_the_award_decides_however_old_the_lesson_is() -> None:
    """A video of two years ago and an award of today: it counts in the cycle of today."""
    held = license_of("us-tn", "2024-01-01", "2028-12-31")
    taught = date(2022, 3, 1)
    record = awards(1, IN_TIME, begun_on=taught)
    assert units(line(held, record, rules_of("us-tn"), DAY)) == [600]
    ended = license_of("us-tn", "2020-01-01", "2023-12-31")
    assert reasons(line(ended, record, rules_of("us-tn"), DAY)) == ["outside_validity"]

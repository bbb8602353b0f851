"""What each jurisdiction counts, by the shipped rules: the figures of docs/sources.md#licenses.

Quantities are hundredths: 5_100 is 51 units.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

import pytest

from ledger.commands.equivalency import shipped
from ledger.errors import NotFoundError
from ledger.events.equivalency import (
    MICRO_CREDENTIAL,
    Cap,
    Conversion,
    Need,
    Option,
    Requirement,
    UploadWindow,
)
from ledger.rules.counting import Unit
from ledger.rules.equivalencies import Achievement, decimal
from ledger.rules.licenses import Facts, License, Term
from ledger.rules.renewals import in_cycle, progress
from ledger.rules.uploads import upload_after
from tests.rules.licensing import (
    awards,
    earned,
    license_of,
    line,
    local,
    needs,
    reasons,
    rules_of,
    ruling,
    units,
)
from tests.samples import DISTRICT, named

IN_TIME = "2024-03-01"
DAY = "2024-06-30"
BY_DISTRICT = "left_to_district"
TODAY = date(2024, 6, 30)

# One teacher: six micro-credentials of fifteen hours each, one CEU, one semester hour.
# Six of everything is converted from its own kind: never by way of hours.
CROSS_STATE = {
    # 6 × 6 PDP + 5 PDP + 10 PDP (by way of hours a micro-credential would be 15, the CEU 10)
    "us-tn": ("professional", 3_600 + 500 + 1_000, None),
    # 6 × 7.5 points (half a credit of fifteen each) + no rule for a CEU + 18
    "us-ut": ("level-2", 4_500 + 0 + 1_800, None),
    # the district decides what a micro-credential is, and this one has not: 0 + 1 + 1.5
    "us-nc": ("professional", 0 + 100 + 150, BY_DISTRICT),
    # by a SCECH sponsor alone: 0 + 10 + 25
    "us-mi": ("professional", 0 + 1_000 + 2_500, "left_to_sponsor"),
    # (a license of 2013) neither micro-credentials nor CEUs: 0 + 0 + 1 credit
    "us-wi": ("professional", 0 + 0 + 100, "not_accepted"),
    # no rule for a micro-credential: 0 + 10 + 15
    "us-md": ("professional", 0 + 1_000 + 1_500, "no_equivalency_rule"),
}


# What each state gives by the newest of its rules: so many units for so much of the kind. Where a
# word stands for the numbers, it is left to somebody else; 0 is refused by name.
RATES = {
    "us-al": "micro_credential state, ceu 10/1, hour 1/1",
    "us-ar": "micro_credential state, semester_hour 15/1, hour 1/1",
    "us-dc": "hour 1/1, semester_hour 15/1",
    "us-de": "micro_credential activity-form, ceu 10/1, semester_hour 15/1, hour 1/1,"
    " project_hour 1/1",
    "us-ga": "hour 1/10",
    "us-il": "micro_credential provider, semester_hour 15/1, hour 1/1, academy_hour 1/1",
    "us-ky": "micro_credential 1/1",
    "us-la": "assessment_series 1/1",
    "us-md": "ceu 10/1, semester_hour 15/1, hour 1/1, cpd_credit 15/1",
    "us-me": "ceu 1/1.5, semester_hour 1/1, hour 1/15",
    "us-mi": "micro_credential sponsor, ceu 10/1, semester_hour 25/1, scech 1/1, hour 1/1",
    "us-nc": "micro_credential district, ceu 1/1, semester_hour 1.5/1, hour 0.1/1,"
    " national_board 8/1, national_board_renewal 2/1",
    "us-nd": "semester_hour 1/1, quarter_hour 2/3",  # 6 quarter hours are 4 semester hours
    "us-sc": "micro_credential renewal-entity, semester_hour 20/1, quarter_hour 13/1,"
    " graduate_semester_hour 20/1, approved_course 20/15, ceu 10/1",
    "us-tn": "micro_credential 6/1, ceu 5/1, semester_hour 10/1, audited_semester_hour 5/1,"
    " hour 1/1, evaluation_5 20/1, evaluation_4 15/1, evaluation_3 10/1, national_board 30/1,"
    " national_board_renewal 15/1",
    "us-tx": "micro_credential provider, semester_hour 15/1, hour 1/1",
    "us-ut": "micro_credential 7.5/1, usbe_credit 15/1, semester_hour 18/1, hour 15/14",
    "us-wi": "micro_credential 0/1, ceu 0/1, semester_hour 1/1, quarter_hour 2/3",
    "us-wy": "micro_credential ptsb, hour 1/14",
}


def test_each_state_gives_for_each_kind_what_its_pages_say() -> None:
    newest = {one.jurisdiction: one.terms for one in shipped()}  # the last of a file
    said = {
        state: ", ".join(_rate(conversion) for conversion in terms.conversions)
        for state, terms in newest.items()
    }
    assert said == RATES


def _rate(conversion: Conversion) -> str:
    gives, per = decimal(conversion.gives_hundredths), decimal(conversion.per_hundredths)
    return f"{conversion.kind} {conversion.left_to or f'{gives}/{per}'}"


@pytest.mark.parametrize("state", CROSS_STATE)
def test_the_same_record_comes_to_something_else_in_each_state(state: str) -> None:
    license_type, expected, micro_credentials = CROSS_STATE[state]
    first, last, on = ("2013-07-01", "2018-06-30", "2015-01-15")
    if state == "us-md":
        first, last, on = ("2024-07-01", "2029-06-30", "2025-01-15")
    if state in {"us-tn", "us-ut"}:
        first, last, on = ("2020-07-01", "2025-06-30", "2022-01-15")
    held = license_of(state, first, last, license_type=license_type, traits=("public-school",))
    record = [*awards(6, on), earned("ceu", "1", on), earned("semester_hour", "1", on)]
    found = line(held, record, rules_of(state), last)
    assert found.earned_hundredths == sum(units(found)) == expected
    assert reasons(found)[:6] == [micro_credentials] * 6
    assert found.unit is not None
    assert found.unit.startswith(f"{state}:")


def test_what_is_missing_follows_in_each_state() -> None:
    """Tennessee: 60 - 51 = 9 PDP. Maryland: 90 - 25 = 65, and three of four areas untouched."""
    record = [*awards(6, IN_TIME), earned("ceu", "1", IN_TIME), earned("semester_hour", "1", DAY)]
    tennessee = license_of("us-tn", "2020-07-01", "2025-06-30")
    assert line(tennessee, record, rules_of("us-tn"), DAY).missing_hundredths == 900
    on = "2025-01-15"
    record = [earned("ceu", "1", on, category="area-1"), earned("semester_hour", "1", on)]
    found = line(
        license_of("us-md", "2024-07-01", "2029-06-30"), record, rules_of("us-md"), "2025-02-01"
    )
    assert needs(found) == {
        "total": (2_500, 6_500),
        "area-1": (1_000, 0),
        "area-2": (0, 100),
        "area-3": (0, 100),
        "area-4": (0, 100),
    }


# Tennessee


def test_tennessee_takes_ten_micro_credentials_or_nine_and_six_hours() -> None:
    """10 × 6 = 60: met. 9 × 6 + 5 × 1 = 59: short by 1."""
    held = license_of("us-tn", "2020-07-01", "2025-06-30", traits=("public-school",))
    found = line(held, awards(10, IN_TIME), rules_of("us-tn"), DAY)
    assert (found.state, found.earned_hundredths, found.approver) == ("met", 6_000, "district")
    record = [*awards(9, IN_TIME), earned("hour", "5", IN_TIME)]
    found = line(held, record, rules_of("us-tn"), DAY)
    assert (found.state, found.missing_hundredths) == ("missing", 100)


def test_tennessee_counts_one_micro_credential_once() -> None:
    """The second award of the same one is denied as a duplicate, and names the first."""
    first, second = awards(1, IN_TIME) + awards(1, "2024-04-01")
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    found = line(held, [second, first], rules_of("us-tn"), DAY)
    assert units(found) == [600, 0]
    assert reasons(found) == [None, "duplicate"]
    assert found.units[1].other_id == str(first.id)


def test_tennessee_counts_one_competency_once_whoever_awarded_it() -> None:
    """Two issuers' awards that the district has named as one competency: 6 PDP, not 12."""
    first, second, other = awards(3, IN_TIME)
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    one = frozenset({first.credential_id, second.credential_id, named("a third of them")})
    classes = {DISTRICT: (frozenset({named("x"), named("y")}), one)}
    (found,) = progress(held, [second, other, first], rules_of("us-tn"), TODAY, classes=classes)
    assert units(found) == [600, 0, 600]
    assert reasons(found) == [None, "same_competency", None]
    assert found.units[1].other_id == str(first.id)
    assert str(first.id) in found.units[1].arithmetic


def test_what_another_district_calls_one_competency_says_nothing_here() -> None:
    first, second = awards(2, IN_TIME)
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    elsewhere = {named("other"): (frozenset({first.credential_id, second.credential_id}),)}
    (found,) = progress(held, [first, second], rules_of("us-tn"), TODAY, classes=elsewhere)
    assert units(found) == [600, 600]


def test_of_one_competency_what_is_revoked_or_worth_nothing_leaves_the_other_alone() -> None:
    first, second = awards(2, IN_TIME)
    one = {DISTRICT: (frozenset({first.credential_id, second.credential_id}),)}
    gone = replace(first, void_from=TODAY, void_reason="revoked")
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    (found,) = progress(held, [gone, second], rules_of("us-tn"), TODAY, classes=one)
    assert (units(found), reasons(found)) == ([0, 600], ["revoked", None])
    ruled = replace(held, rulings={first.id: ruling(outcome="declined", reason="unrelated")})
    (found,) = progress(ruled, [first, second], rules_of("us-tn"), TODAY, classes=one)
    assert (units(found), reasons(found)) == ([0, 600], ["declined", None])


def test_a_state_that_does_not_say_so_counts_each_micro_credential_of_a_competency() -> None:
    """Utah: 7.5 points each, named as one competency or not."""
    first, second = awards(2, IN_TIME)
    one = {DISTRICT: (frozenset({first.credential_id, second.credential_id}),)}
    held = license_of("us-ut", "2020-07-01", "2025-06-30", license_type="level-2")
    (found,) = progress(held, [first, second], rules_of("us-ut"), TODAY, classes=one)
    assert units(found) == [750, 750]


def test_tennessee_counts_nothing_from_outside_the_validity() -> None:
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    record = [earned("hour", "3", on) for on in ("2020-06-30", "2020-07-01", "2025-06-30")]
    found = line(held, record, rules_of("us-tn"), "2025-06-30")
    assert units(found) == [0, 300, 300]
    assert reasons(found) == ["outside_validity", None, None]


def test_tennessee_denies_what_the_district_finds_unrelated_or_undocumented() -> None:
    first, second = awards(2, IN_TIME)
    declined = {
        first.id: ruling(outcome="declined", reason="unrelated"),
        second.id: ruling(outcome="declined", reason="inadequate-documents"),
    }
    held = license_of("us-tn", "2020-07-01", "2025-06-30", rulings=declined)
    found = line(held, [first, second], rules_of("us-tn"), DAY)
    assert units(found) == [0, 0]
    assert reasons(found) == ["declined", "declined"]
    assert "unrelated" in found.units[0].arithmetic


def test_tennessee_gives_points_for_evaluations_and_national_boards() -> None:
    """20 + 15 + 10 + 30 + 15 = 90; an audited semester hour is 5, one with credit 10."""
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    kinds = ["evaluation_5", "evaluation_4", "evaluation_3", "national_board"]
    kinds += ["national_board_renewal", "audited_semester_hour"]
    record = [earned(kind, "1", IN_TIME) for kind in kinds]
    found = line(held, record, rules_of("us-tn"), DAY)
    assert units(found) == [2_000, 1_500, 1_000, 3_000, 1_500, 500]


def test_tennessee_advances_at_thirty_and_renews_at_sixty() -> None:
    held = license_of("us-tn", "2022-07-01", "2025-06-30", license_type="practitioner")
    record = awards(5, IN_TIME)
    advance = line(held, record, rules_of("us-tn"), DAY, "advance")
    renew = line(held, record, rules_of("us-tn"), DAY)
    assert (advance.state, advance.needed_hundredths) == ("met", 3_000)
    assert (renew.state, renew.missing_hundredths) == ("missing", 3_000)


def test_tennessee_takes_two_years_of_experience_instead_of_points() -> None:
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    record = [earned("experience_year", "1", on) for on in ("2023-06-30", "2024-06-30")]
    found = line(held, record, rules_of("us-tn"), DAY)
    assert (found.state, found.option) == ("met", "experience")
    assert line(held, record[:1], rules_of("us-tn"), DAY).state == "missing"


def test_whoever_is_not_in_a_public_school_of_tennessee_is_reviewed_by_the_state() -> None:
    held = license_of("us-tn", "2020-07-01", "2025-06-30")
    assert line(held, [], rules_of("us-tn"), DAY).approver == "state"


# North Carolina


def test_north_carolina_asks_for_categories_beside_the_total() -> None:
    """Eight units, all of them literacy: the total is met, subject 0 of 3, general 0 of 2."""
    record = [earned("semester_hour", "1", IN_TIME, category="literacy") for _ in range(5)]
    record.append(earned("hour", "5", IN_TIME, category="literacy"))
    held = license_of("us-nc", "2020-07-01", "2025-06-30", role="k-5")
    found = line(held, record, rules_of("us-nc"), DAY)
    # 5 × 1.5 + 5 × 0.1 = 7.5 + 0.5 = 8
    assert found.state == "missing"
    assert needs(found) == {
        "total": (800, 0),
        "subject": (0, 300),
        "literacy": (800, 0),
        "general": (0, 200),
    }


@pytest.mark.parametrize(
    ("role", "last", "expected"),
    [
        ("k-5", "2025-06-30", {"total", "subject", "literacy", "general"}),
        ("6-12", "2025-06-30", {"total", "subject", "general"}),
        ("k-5", "2019-06-30", {"total", "subject", "literacy", "digital"}),
        ("k-5", "2019-06-29", {"total", "subject", "literacy", "general"}),
    ],
)
def test_the_day_of_expiry_decides_which_categories_north_carolina_asks_for(
    role: str, last: str, expected: set[str]
) -> None:
    held = license_of("us-nc", f"{int(last[:4]) - 5}-07-01", last, role=role)
    found = line(held, [], rules_of("us-nc"), last)
    assert set(needs(found)) == expected


def test_north_carolina_leaves_micro_credentials_to_the_district() -> None:
    """A unit each where the district says so, nothing where it does not."""
    held = license_of("us-nc", "2020-07-01", "2025-06-30")
    record = awards(3, IN_TIME)
    assert reasons(line(held, record, rules_of("us-nc"), DAY)) == [BY_DISTRICT] * 3
    own = local("us-nc", "us-nc:unit", Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=100))
    found = line(held, record, [*rules_of("us-nc"), own], DAY)
    assert units(found) == [100, 100, 100]
    assert {unit.rule_id for unit in found.units} == {str(own.rule_id)}
    elsewhere = replace(own, district_id=named("another district"))
    assert units(line(held, record, [*rules_of("us-nc"), elsewhere], DAY)) == [0, 0, 0]


def test_a_district_of_north_carolina_may_ask_for_more_than_the_state() -> None:
    """Nine instead of eight: at eight the license renews, and the district misses one."""
    nine = Need(need="total", needed_hundredths=900)
    asked = Requirement(
        purpose="local", approver="district", options=(Option(option="units", needs=(nine,)),)
    )
    own = local("us-nc", "us-nc:unit", requirements=(asked,))
    record = [earned("national_board", "1", IN_TIME)]
    held = license_of("us-nc", "2020-07-01", "2025-06-30")
    rules = [*rules_of("us-nc"), own]
    assert line(held, record, rules, DAY).state == "met"
    own_line = line(held, record, rules, DAY, "local")
    assert own_line.missing_hundredths == 100
    assert own_line.rule is not None
    assert own_line.rule.district_id == str(DISTRICT)


def test_national_boards_are_eight_units_in_north_carolina_and_their_renewal_two() -> None:
    held = license_of("us-nc", "2020-07-01", "2025-06-30")
    record = [earned(kind, "1", IN_TIME) for kind in ("national_board", "national_board_renewal")]
    assert units(line(held, record, rules_of("us-nc"), DAY)) == [800, 200]


def test_a_lifetime_license_of_north_carolina_needs_nothing() -> None:
    held = license_of("us-nc", "2020-07-01", "2025-06-30", traits=("lifetime",))
    found = line(held, [], rules_of("us-nc"), DAY)
    assert (found.state, found.met, found.needed_hundredths) == ("exempt", True, 0)


def test_a_license_of_north_carolina_that_ran_out_needs_fifteen_units() -> None:
    """What is earned after it ran out counts for bringing it back."""
    held = license_of("us-nc", "2019-07-01", "2024-06-30", role="6-12")
    record = [earned("national_board", "1", IN_TIME), earned("ceu", "7", "2024-09-01")]
    before = line(held, record, rules_of("us-nc"), "2024-06-30")
    assert (before.state, before.earned_hundredths) == ("missing", 800)  # 4 and 4 are asked
    after = line(held, record, rules_of("us-nc"), "2024-09-01", "reinstate")
    assert (after.state, after.earned_hundredths, after.needed_hundredths) == ("met", 1_500, 1_500)
    assert line(held, record, rules_of("us-nc"), "2024-09-01").state == "lapsed"


# A move from Tennessee to North Carolina


def test_fourteen_awards_are_ten_and_a_half_units_in_the_next_state_and_then_nine_and_a_half() -> (
    None
):
    """Twelve stand, one was revoked, one has expired: 9 × 1 + 3 × 0.5 = 10.5 units.

    Nine of them in subject (6) and literacy (3), the halves in general (1.5). A revocation on
    1 October takes one of the nine: 10.5 - 1 = 9.5. What Tennessee counted them for says nothing.
    """
    record = awards(14, "2022-05-01")
    record[12] = replace(record[12], void_from=date(2023, 1, 1), void_reason="revoked")
    record[13] = replace(record[13], expires_on=date(2024, 5, 1))
    ids = [one.credential_id for one in record if one.credential_id is not None]
    own = local(
        "us-nc",
        "us-nc:unit",
        _worth(100, ids[:6], "subject"),
        _worth(100, [*ids[6:9], *ids[12:]], "literacy"),
        _worth(50, ids[9:12], "general"),
    )
    rules = [*rules_of("us-nc"), own]
    held = license_of("us-nc", "2021-07-01", "2026-06-30", role="k-5")
    moved = line(held, record, rules, "2024-08-01")
    assert moved.earned_hundredths == 1_050
    assert needs(moved) == {
        "total": (1_050, 0),
        "subject": (600, 0),
        "literacy": (300, 0),
        "general": (150, 50),
    }
    assert [(one.category, one.earned_hundredths) for one in moved.categories] == [
        ("general", 150),
        ("literacy", 300),
        ("subject", 600),
    ]
    assert reasons(moved)[12:] == ["revoked", "expired"]

    record[0] = replace(record[0], void_from=date(2024, 10, 1), void_reason="revoked")
    assert line(held, record, rules, "2024-09-30").earned_hundredths == 1_050
    assert line(held, record, rules, "2024-10-01").earned_hundredths == 950
    tennessee = license_of("us-tn", "2020-07-01", "2025-06-30")
    found = line(tennessee, record, [*rules_of("us-tn"), *rules], "2024-10-01")
    assert found.earned_hundredths == 11 * 600


def _worth(gives: int, credential_ids: list[UUID], category: str) -> Conversion:
    return Conversion(
        kind=MICRO_CREDENTIAL,
        gives_hundredths=gives,
        credential_ids=tuple(credential_ids),
        category=category,
    )


# Maryland, Delaware, Illinois


def test_maryland_goes_by_the_day_of_issue_and_lets_older_holders_opt_in() -> None:
    """Six credits for a license of June 2024, ninety points for one of July or who opted in."""
    record = [earned("semester_hour", "6", "2024-09-01"), earned("cpd_credit", "1", "2024-09-01")]
    older = license_of("us-md", "2024-06-30", "2029-06-29")
    newer = license_of("us-md", "2024-07-01", "2029-06-30")
    opted = license_of("us-md", "2024-06-30", "2029-06-29", traits=("opted-in",))
    found = line(older, record, rules_of("us-md"), "2024-12-01")
    assert (found.state, found.unit, found.earned_hundredths) == ("met", "us-md:credit", 700)
    for held in (newer, opted):
        found = line(held, record, rules_of("us-md"), "2024-12-01")
        # 6 × 15 + 15 = 105 points; no area is touched
        assert (found.unit, found.earned_hundredths) == ("us-md:PDP", 10_500)
        assert found.state == "missing"


def test_who_opts_in_is_under_the_new_rules_of_maryland_from_that_day_on() -> None:
    held = license_of("us-md", "2024-06-30", "2029-06-29")
    opted = Facts(date(2025, 1, 1), "teacher", ("opted-in",))
    held = replace(held, facts=(*held.facts, opted))
    assert line(held, [], rules_of("us-md"), "2024-12-31").unit == "us-md:credit"
    assert line(held, [], rules_of("us-md"), "2025-01-01").unit == "us-md:PDP"


def test_each_of_four_areas_has_to_be_touched_in_maryland() -> None:
    """Ninety points in three areas are not enough; one more hour in the fourth is."""
    held = license_of("us-md", "2024-07-01", "2029-06-30")
    areas = [f"area-{n}" for n in range(1, 4)]
    record = [earned("hour", "30", "2025-01-01", category=area) for area in areas]
    assert line(held, record, rules_of("us-md"), "2025-02-01").state == "missing"
    record.append(earned("hour", "1", "2025-01-02", category="area-4"))
    assert line(held, record, rules_of("us-md"), "2025-02-01").state == "met"


def test_delaware_asks_that_half_the_hours_are_about_students() -> None:
    held = license_of("us-de", "2020-07-01", "2025-06-30")
    record = [
        earned("hour", "46", IN_TIME),
        earned("hour", "44", IN_TIME, category="student-related"),
    ]
    found = line(held, record, rules_of("us-de"), DAY)
    assert needs(found) == {"total": (9_000, 0), "student-related": (4_400, 100)}


@pytest.mark.parametrize(
    ("hours", "expected", "reason"),
    [
        ("14", 0, "below_minimum"),
        ("15", 1_500, None),
        ("30", 3_000, None),
        ("31", 3_000, "more_than_counts"),
    ],
)
def test_a_project_counts_from_fifteen_to_thirty_hours_in_delaware(
    hours: str, expected: int, reason: str | None
) -> None:
    held = license_of("us-de", "2020-07-01", "2025-06-30")
    found = line(held, [earned("project_hour", hours, IN_TIME)], rules_of("us-de"), DAY)
    assert (units(found), reasons(found)) == ([expected], [reason])


def illinois() -> License:
    first = Term(date(2014, 7, 1), date(2014, 7, 1), date(2019, 6, 30))
    second = Term(date(2019, 7, 1), date(2019, 7, 1), date(2024, 6, 30))
    return replace(license_of("us-il", "2014-07-01", "2019-06-30"), terms=(first, second))


def test_illinois_carries_over_the_surplus_of_april_to_june_alone() -> None:
    """110 until March, 25 in April: 135 - 120 = 15 over, all of it from April on: 15 carried.

    125 until March and 5 in April: 10 over, of which 5 from April on: 5 carried.
    """
    second = illinois()
    late = [earned("hour", "110", "2018-01-01"), earned("hour", "25", "2019-04-01")]
    found = line(second, late, rules_of("us-il"), "2020-01-01")
    assert found.earned_hundredths == 1_500
    (rule,) = (one for one in rules_of("us-il") if one.rule_version == carried_by(second, late))
    assert found.units[0] == Unit(
        achievement_id=str(second.license_id),
        kind="carried_over",
        quantity_hundredths=1_500,
        earned_on=date(2019, 7, 1),
        category=None,
        units_hundredths=1_500,
        exact=Fraction(15),
        reason=None,
        arithmetic="surplus 15 of the cycle to 2019-06-30,"
        " of which 25 was earned since 2019-04-01: 15",
        rule_id=str(rule.rule_id),
        rule_version=rule.rule_version,
        other_id=None,
        position=1,
    )
    early = [earned("hour", "125", "2019-03-31"), earned("hour", "5", "2019-04-01")]
    found = line(second, early, rules_of("us-il"), "2020-01-01")
    assert found.earned_hundredths == 500


def carried_by(held: License, record: list[Achievement]) -> int:
    """The version of the rules under which the first cycle of a license was measured."""
    rule = line(held, record, rules_of("us-il"), "2019-06-30").rule
    assert rule is not None
    return rule.rule_version


def test_a_surplus_that_is_revoked_is_carried_no_more() -> None:
    """120 hours, and 15 in May that are withdrawn in the next cycle: 15 carried, then none."""
    late = earned("hour", "15", "2019-05-01")
    gone = replace(late, void_from=date(2020, 1, 1), void_reason="withdrawn")
    record = [earned("hour", "120", "2018-01-01"), gone]
    assert line(illinois(), record, rules_of("us-il"), "2019-12-31").earned_hundredths == 1_500
    assert line(illinois(), record, rules_of("us-il"), "2020-01-01").earned_hundredths == 0


def test_nothing_is_carried_over_from_a_cycle_without_an_end_or_under_other_terms() -> None:
    """The first cycle states no last day; or it asked nothing, for she was below half time."""
    record = [earned("hour", "150", "2019-05-01")]
    first, second = illinois().terms
    endless = replace(illinois(), terms=(replace(first, valid_to=None), second))
    assert line(endless, record, rules_of("us-il"), "2020-01-01").earned_hundredths == 0
    half = Facts(date(2014, 7, 1), "teacher", ("under-half-time",))
    whole = Facts(date(2019, 7, 1), "teacher", ())
    exempt = replace(illinois(), facts=(half, whole))
    found = line(exempt, record, rules_of("us-il"), "2020-01-01")
    assert (found.needed_hundredths, found.earned_hundredths) == (12_000, 0)


def test_where_nothing_was_left_over_nothing_is_carried_over() -> None:
    """75 until March and 25 in May: 100 of 120 are no surplus, though all of May is late enough."""
    record = [earned("hour", "75", "2018-01-01"), earned("hour", "25", "2019-05-01")]
    found = line(illinois(), record, rules_of("us-il"), "2020-01-01")
    assert found.earned_hundredths == 0
    assert [unit.kind for unit in found.units] == ["hour", "hour"]


def test_illinois_banks_no_academies() -> None:
    """120 hours and then 20 of an academy in May: 20 over, none of which is carried."""
    record = [earned("hour", "120", "2018-01-01"), earned("academy_hour", "20", "2019-05-01")]
    found = line(illinois(), record, rules_of("us-il"), "2020-01-01")
    assert found.earned_hundredths == 0


def test_an_administrator_of_illinois_needs_an_academy_every_year() -> None:
    """July to June: two in one year are not one in each of two."""
    held = license_of("us-il", "2022-07-01", "2027-06-30", role="administrator")
    record = [earned("hour", "100", "2023-01-01")]
    record += [earned("academy", "1", on) for on in ("2022-08-01", "2023-06-30")]
    found = line(held, record, rules_of("us-il"), "2023-07-01")
    assert needs(found) == {"total": (10_000, 0), "academy": (200, 100)}
    (academy,) = [need for need in found.options[0].needs if need.need == "academy"]
    assert [(y.year, y.missing_hundredths) for y in academy.years] == [(2023, 0), (2024, 100)]


@pytest.mark.parametrize(
    ("traits", "state", "needed"),
    [
        ((), "missing", 12_000),
        (("national-board",), "missing", 6_000),
        (("under-half-time",), "exempt", 0),
    ],
)
def test_illinois_asks_less_of_national_boards_and_nothing_below_half_time(
    traits: tuple[str, ...], state: str, needed: int
) -> None:
    held = license_of("us-il", "2022-07-01", "2027-06-30", traits=traits)
    found = line(held, [], rules_of("us-il"), "2023-07-01")
    assert (found.state, found.needed_hundredths) == (state, needed)


# Michigan, Texas, South Carolina, Utah, Wyoming


def test_michigan_is_met_in_december_and_its_window_opens_in_january() -> None:
    """3 semester hours and 75 SCECH: 3 × 25 + 75 = 150. Renewed from 1 January to 30 June."""
    held = license_of("us-mi", "2020-07-01", "2025-06-30")
    record = [earned("semester_hour", "3", IN_TIME), earned("scech", "75", IN_TIME)]
    found = line(held, record, rules_of("us-mi"), "2024-12-31")
    assert (found.state, found.earned_hundredths) == ("met", 15_000)
    assert (found.window_from, found.window_to) == (date(2025, 1, 1), date(2025, 6, 30))
    assert not found.may_renew_on(date(2024, 12, 31))
    assert found.may_renew_on(date(2025, 1, 1))
    assert found.may_renew_on(date(2025, 6, 30))
    assert not found.may_renew_on(date(2025, 7, 1))


def test_texas_counts_no_more_than_a_quarter_for_each_listed_topic() -> None:
    """Of 150 hours 37.5 for each of two topics: 30 + 7.5 of 10 in one, 20 in the other."""
    held = license_of("us-tx", "2020-07-01", "2025-06-30", license_type="teacher")
    record = [
        earned("hour", hours, IN_TIME, category=topic)
        for hours, topic in (
            ("30", "digital-learning"),
            ("10", "digital-learning"),
            ("20", "trauma-informed"),
            ("50", "own-subject"),
        )
    ]
    found = line(held, record, rules_of("us-tx"), DAY)
    assert units(found) == [3_000, 750, 2_000, 5_000]
    assert reasons(found) == [None, "cap_reached", None, None]
    counselor = replace(held, license_type="counselor")
    assert line(counselor, [], rules_of("us-tx"), DAY).needed_hundredths == 20_000


def test_a_district_may_cap_coursework_by_the_half_year() -> None:
    """Ninety hours a semester: of two courses of 60 each in spring 90 count, one in fall whole."""
    (texas,) = rules_of("us-tx")
    asked = texas.terms.requirements[0]
    cap = Cap(cap="semester", limit_hundredths=9_000, kinds=("semester_hour",), per_months=6)
    terms = texas.terms.model_copy(
        update={"requirements": (asked.model_copy(update={"caps": (cap,)}),)}
    )
    held = license_of("us-tx", "2020-07-01", "2025-06-30", license_type="teacher")
    days = ("2023-01-01", "2023-06-30", "2023-07-01", "2024-01-01")
    record = [earned("semester_hour", "4", on) for on in days]
    found = line(held, record, [replace(texas, terms=terms)], DAY)
    assert units(found) == [6_000, 3_000, 6_000, 6_000], "each spring has a limit of its own"


def test_south_carolina_asks_graduate_credits_of_whoever_has_no_masters_degree() -> None:
    """6 semester hours are 120 either way; without a master's 3 of them have to be graduate."""
    plain = license_of("us-sc", "2020-07-01", "2025-06-30")
    masters = license_of("us-sc", "2020-07-01", "2025-06-30", traits=("masters",))
    record = [earned("semester_hour", "4", IN_TIME), earned("graduate_semester_hour", "2", IN_TIME)]
    found = line(plain, record, rules_of("us-sc"), DAY)
    assert needs(found) == {"total": (12_000, 0), "graduate": (4_000, 2_000)}
    assert line(masters, record, rules_of("us-sc"), DAY).state == "met"


@pytest.mark.parametrize(("state", "kind"), [("us-il", "ceu"), ("us-tx", "ceu"), ("us-sc", "hour")])
def test_what_a_state_has_published_no_rate_for_counts_nothing(state: str, kind: str) -> None:
    """Nothing is made up: no CEU in Illinois or Texas, no bare hour in South Carolina."""
    held = license_of(state, "2020-07-01", "2025-06-30", traits=("renewal-entity",))
    found = line(held, [earned(kind, "1", IN_TIME)], rules_of(state), DAY)
    assert (units(found), reasons(found)) == ([0], ["no_equivalency_rule"])


def test_ten_hours_of_ceu_and_fifteen_of_a_course_are_not_in_proportion_in_south_carolina() -> None:
    """1 CEU 10, a 15-hour course 20, a semester hour 20, a quarter hour 13."""
    held = license_of("us-sc", "2020-07-01", "2025-06-30", traits=("renewal-entity",))
    kinds = {"ceu": "1", "approved_course": "15", "semester_hour": "1", "quarter_hour": "1"}
    record = [earned(kind, quantity, IN_TIME) for kind, quantity in kinds.items()]
    assert units(line(held, record, rules_of("us-sc"), DAY)) == [1_000, 2_000, 2_000, 1_300]


def test_some_options_of_south_carolina_go_through_an_employing_renewal_entity() -> None:
    held = license_of("us-sc", "2020-07-01", "2025-06-30")
    found = line(held, [earned("ceu", "1", IN_TIME)], rules_of("us-sc"), DAY)
    assert (units(found), reasons(found)) == ([0], ["needs_renewal_entity"])


def test_what_she_became_after_a_cycle_changes_nothing_in_it() -> None:
    held = license_of("us-sc", "2020-07-01", "2025-06-30")
    later = Facts(date(2025, 7, 1), "teacher", ("renewal-entity",))
    held = replace(held, facts=(*held.facts, later))
    found = line(held, [earned("ceu", "1", IN_TIME)], rules_of("us-sc"), "2025-08-01")
    assert reasons(found) == ["needs_renewal_entity"]


def test_utah_counts_full_portions_of_fourteen_hours() -> None:
    """14 hours are a credit of 15 points; 29 hours are two, and 13 hours are none."""
    held = license_of("us-ut", "2020-07-01", "2025-06-30", license_type="level-1")
    record = [earned("hour", hours, IN_TIME) for hours in ("14", "29", "13")]
    found = line(held, record, rules_of("us-ut"), DAY)
    assert units(found) == [1_500, 3_000, 0]
    assert reasons(found) == [None, None, "not_a_full_portion"]
    assert found.needed_hundredths == 10_000


def test_wyoming_wants_approval_thirty_days_before_it_begins() -> None:
    held = license_of("us-wy", "2020-07-01", "2025-06-30")
    begun = date(2024, 3, 31)
    record = [
        earned("hour", "28", "2024-04-02", begun_on=begun, approved_on=approved)
        for approved in (date(2024, 3, 1), date(2024, 3, 2), None)
    ]
    found = line(held, record, rules_of("us-wy"), DAY, None)
    assert units(found) == [200, 0, 0]
    assert reasons(found) == [None, "not_preapproved", "not_preapproved"]
    assert found.state == "no_requirement"


@pytest.mark.parametrize(
    ("earned_on", "first", "last"),
    [
        ("2024-06-30", date(2024, 7, 1), date(2024, 8, 31)),
        ("2024-08-31", date(2024, 7, 1), date(2024, 8, 31)),
        ("2024-09-01", date(2025, 1, 1), date(2025, 2, 28)),
        ("2023-12-31", date(2024, 1, 1), date(2024, 2, 29)),
    ],
)
def test_wyoming_is_handed_what_was_earned_twice_a_year(
    earned_on: str, first: date, last: date
) -> None:
    """In January and February or in July and August: what misses one window waits for the next."""
    held = license_of("us-wy", "2020-07-01", "2025-06-30")
    record = [earned("hour", "14", earned_on, approved_on=date(2023, 1, 1))]
    found = line(held, record, rules_of("us-wy"), earned_on, None)
    [unit] = found.units
    assert (unit.upload_from, unit.upload_to) == (first, last)
    assert (found.upload_from, found.upload_to) == (first, last)


@pytest.mark.parametrize("day", ["0001-01-01", "9998-11-30", "9999-12-31"])
def test_at_the_ends_of_the_calendar_wyoming_has_no_windows(day: str) -> None:
    """Whoever asks for such a day is answered all the same."""
    held = license_of("us-wy", "2020-07-01", "2025-06-30")
    found = line(held, [], rules_of("us-wy"), day, None)
    assert (found.upload_from, found.upload_to) == (None, None)


def test_a_window_may_begin_in_one_year_and_end_in_the_next() -> None:
    """From November to February: on a day of January it is the one of the year before."""
    winter = [UploadWindow(first_month=11, last_month=2)]
    open_now = (date(2023, 11, 1), date(2024, 2, 29))
    assert upload_after(winter, date(2024, 1, 15)) == open_now
    assert upload_after(winter, date(2023, 3, 1)) == open_now
    last = (date(9997, 11, 1), date(9998, 2, 28))
    assert upload_after(winter, date(9997, 12, 31)) == last, "as long as the calendar has years"


def test_what_counts_for_nothing_is_handed_in_at_no_time() -> None:
    held = license_of("us-wy", "2020-07-01", "2025-06-30")
    found = line(held, [earned("hour", "14", IN_TIME)], rules_of("us-wy"), DAY, None)
    assert reasons(found) == ["not_preapproved"]
    assert found.units[0].upload_from is None
    tennessee = license_of("us-tn", "2020-07-01", "2025-06-30")
    found = line(tennessee, awards(1, IN_TIME), rules_of("us-tn"), DAY)
    assert (found.upload_from, found.units[0].upload_to) == (None, None)


# North Dakota, Arkansas, Alabama, Wisconsin, Kentucky, Louisiana, Maine, Georgia and the District


def test_north_dakota_takes_four_semester_or_six_quarter_hours_and_thirty_days() -> None:
    """6 × 2/3 = 4 exactly, in whichever portions they come: three of 1, then 3 at once."""
    held = license_of("us-nd", "2020-07-01", "2025-06-30")
    record = [earned("quarter_hour", "1", IN_TIME) for _ in range(3)]
    record += [earned("quarter_hour", "3", IN_TIME), earned("teaching_day", "30", IN_TIME)]
    found = line(held, record, rules_of("us-nd"), DAY)
    assert (found.state, found.earned_hundredths) == ("met", 400)
    assert units(found) == [66, 67, 67, 200, 0]
    assert line(held, record[:-1], rules_of("us-nd"), DAY).state == "missing"


def test_arkansas_counts_every_year_by_itself() -> None:
    """36 hours a year from July to June: 50 in the first are no help in the second."""
    held = license_of("us-ar", "2022-07-01", "2027-06-30")
    record = [earned("hour", "50", "2022-09-01"), earned("hour", "30", "2023-07-01")]
    found = line(held, record, rules_of("us-ar"), "2024-06-30")
    assert (found.state, found.missing_hundredths) == ("missing", 600)
    (total,) = found.options[0].needs
    assert [(y.year, y.earned_hundredths, y.missing_hundredths) for y in total.years] == [
        (2023, 5_000, 0),
        (2024, 3_000, 600),
    ]
    half = replace(held, facts=(Facts(date(2022, 7, 1), "teacher", ("part-time",)),))
    found = line(half, record, rules_of("us-ar"), "2024-06-30")
    assert (found.state, found.options[0].needs[0].needed_hundredths) == ("met", 1_800 + 1_800)


@pytest.mark.parametrize(
    ("record", "option"),
    [
        ({"ceu": "5", "experience_year": "3"}, "hours-and-experience"),
        ({"hour": "50", "experience_year": "3"}, "hours-and-experience"),
        ({"ceu": "2", "hour": "30", "experience_year": "3"}, "hours-and-experience"),
        ({"hour": "49.99", "experience_year": "3"}, None),
        ({"semester_hour": "6"}, "semester-hours"),
        ({"ceu": "10"}, "hours"),
        ({"hour": "100"}, "hours"),
        ({"ceu": "5", "experience_year": "2"}, None),
        ({"ceu": "9.99"}, None),
        ({"semester_hour": "3", "ceu": "4"}, None),
    ],
)
def test_alabama_takes_any_of_its_options_and_never_parts_of_two(
    record: dict[str, str], option: str | None
) -> None:
    held = license_of("us-al", "2020-07-01", "2025-06-30")
    earned_ = [earned(kind, quantity, IN_TIME) for kind, quantity in record.items()]
    found = line(held, earned_, rules_of("us-al"), DAY)
    assert (found.state == "met") == (option is not None)
    if option is not None:
        assert found.option == option


def test_what_was_withdrawn_is_none_of_alabamas_ceus_either() -> None:
    held = license_of("us-al", "2020-07-01", "2025-06-30")
    record = [earned("ceu", "5", IN_TIME), earned("ceu", "5", "2024-03-02")]
    assert line(held, record, rules_of("us-al"), DAY).state == "met"
    record[1] = replace(record[1], void_from=date(2024, 4, 1), void_reason="withdrawn")
    found = line(held, record, rules_of("us-al"), DAY)
    assert (found.state, found.option) == ("missing", "hours")
    assert needs(found) == {"hours": (5_000, 5_000)}


def test_a_course_that_ends_after_the_first_of_july_counts_in_the_new_cycle_in_wisconsin() -> None:
    """15 June to 15 July 2012: in the cycle that began on 1 July 2012, and not in the old one."""
    held = license_of("us-wi", "2007-07-01", "2012-06-30")
    renewed = Term(date(2012, 7, 1), date(2012, 7, 1), date(2017, 6, 30))
    held = replace(held, terms=(*held.terms, renewed))
    record = [earned("semester_hour", "3", "2012-07-15", begun_on=date(2012, 6, 15))]
    day = date(2012, 8, 1)
    (old,) = in_cycle(held, record, rules_of("us-wi"), day, 0)
    (new,) = in_cycle(held, record, rules_of("us-wi"), day, 1)
    assert (old.earned_hundredths, new.earned_hundredths) == (0, 300)
    assert reasons(old) == ["outside_validity"]


def test_wisconsin_banks_nothing_and_counts_nine_quarter_hours_as_six_credits() -> None:
    held = license_of("us-wi", "2007-07-01", "2012-06-30")
    renewed = Term(date(2012, 7, 1), date(2012, 7, 1), date(2017, 6, 30))
    held = replace(held, terms=(*held.terms, renewed))
    record = [earned("quarter_hour", "1", "2012-06-01") for _ in range(9)]
    record.append(earned("semester_hour", "3", "2012-06-01"))
    day = date(2012, 8, 1)
    (old,) = in_cycle(held, record, rules_of("us-wi"), day, 0)
    (new,) = in_cycle(held, record, rules_of("us-wi"), day, 1)
    assert (old.state, old.earned_hundredths) == ("met", 900)
    assert (new.state, new.earned_hundredths) == ("missing", 0)


def test_a_license_of_wisconsin_is_for_life_since_2018() -> None:
    held = license_of("us-wi", "2018-08-01", None)
    found = line(held, awards(2, IN_TIME), rules_of("us-wi"), DAY)
    assert (found.state, units(found)) == ("exempt", [0, 0])


def test_eighteen_micro_credentials_without_the_capstone_change_no_rank_in_kentucky() -> None:
    held = license_of("us-ky", "2022-07-01", None, license_type="rank-plan")
    record = awards(18, IN_TIME)
    found = line(held, record, rules_of("us-ky"), DAY, "rank")
    assert needs(found) == {"total": (1_800, 0), "capstone": (0, 100)}
    assert found.valid_to == date(2025, 6, 30)  # three years
    record.append(earned("capstone", "1", IN_TIME))
    assert line(held, record, rules_of("us-ky"), DAY, "rank").state == "met"


@pytest.mark.parametrize(
    ("issued", "runs_out"),
    [
        ("2024-06-15", date(2025, 6, 14)),
        ("2024-11-30", date(2025, 11, 29)),
        ("2024-12-01", date(2026, 11, 30)),
    ],
)
def test_the_day_of_issue_decides_how_long_a_provisional_certificate_lasts_in_louisiana(
    issued: str, runs_out: date
) -> None:
    """One year by the code of June 2024, two by that of December."""
    held = license_of("us-la", issued, None, license_type="mentor-teacher-provisional")
    found = line(held, [], rules_of("us-la"), issued, "advance")
    assert found.valid_to == runs_out
    passed = [earned("assessment_series", "1", issued)]
    assert line(held, passed, rules_of("us-la"), issued, "advance").state == "met"


def test_maine_counts_one_and_a_half_ceu_or_fifteen_hours_as_a_credit() -> None:
    held = license_of("us-me", "2020-07-01", "2025-06-30")
    record = [earned("ceu", "1.5", IN_TIME), earned("hour", "15", IN_TIME)]
    record.append(earned("semester_hour", "4", IN_TIME))
    found = line(held, record, rules_of("us-me"), DAY)
    assert (units(found), found.state) == ([100, 100, 400], "met")
    assert found.approver == "support-system-chair"


def test_a_plu_of_georgia_is_none_of_the_district_of_columbia() -> None:
    """Ten hours there, one hour here: ten hours are 1 of one and 10 of the other."""
    record = [earned("hour", "10", IN_TIME)]
    rules = [*rules_of("us-ga"), *rules_of("us-dc")]
    georgia = line(license_of("us-ga", "2020-07-01", "2025-06-30"), record, rules, DAY, None)
    district = line(license_of("us-dc", "2021-07-01", "2025-06-30"), record, rules, DAY)
    assert (georgia.unit, georgia.earned_hundredths) == ("us-ga:PLU", 100)
    assert (district.unit, district.earned_hundredths) == ("us-dc:PLU", 1_000)
    assert needs(district) == {"total": (1_000, 11_000), "own-area": (0, 6_000)}


def test_a_state_without_rules_counts_nothing_and_says_so() -> None:
    """New Hampshire publishes no rate: 0 units, and each award says why."""
    held = license_of("us-nh", "2020-07-01", "2025-06-30")
    own = local("us-nh", "us-nh:hour", Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=100))
    found = line(held, awards(1, IN_TIME), [own, *rules_of("us-tn")], DAY, None)
    assert (found.state, found.earned_hundredths, found.rule) == ("no_rule", 0, None)
    assert (found.needed_hundredths, found.missing_hundredths) == (0, 0)
    assert (units(found), reasons(found)) == ([0], ["no_equivalency_rule"])


def test_the_shipped_rules_are_of_nineteen_jurisdictions_and_each_names_its_source() -> None:
    found = shipped()
    assert len({one.jurisdiction for one in found}) == 19
    assert all(one.terms.source and one.terms.jurisdiction == one.jurisdiction for one in found)
    with pytest.raises(NotFoundError, match="us-zz"):
        shipped(["us-zz"])


def test_one_day_of_one_cycle_is_under_one_version_alone() -> None:
    """The versions of a file follow one another without a gap and without meeting."""
    versions: dict[str, list[tuple[date, date | None]]] = {}
    for one in shipped():
        span = (one.terms.effective_from, one.terms.effective_to)
        versions.setdefault(one.jurisdiction, []).append(span)
    for spans in versions.values():
        for (_, last), (first, _) in pairwise(spans):
            assert last is not None
            assert (first - last).days == 1
        assert spans[-1][1] is None

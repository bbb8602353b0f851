"""Twenty traps of incentive pay, each with numbers chosen here and the arithmetic written down.

Those that only show between a closed batch and what follows it (an employee number given to
somebody else, what one check can bear) are tested here as far as rules go.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.facts import FiscalYear, Separation
from ledger.rules.entitlements.findings import Finding
from ledger.rules.entitlements.lines import collectable
from ledger.values import local_date
from tests.rules.dossiers import (
    CALENDAR,
    OnFile,
    amounts,
    changed,
    failed,
    fiscal_years,
    plain_rule,
    said,
)
from tests.samples import named

HIRED = date(2020, 8, 17)
MARCH = date(2025, 3, 10)
PAID = date(2025, 4, 18)
EMPLOYED = {"eligibility": [{"kind": "employed", "on": "earned"}]}


def flat(cents: int, **component: object) -> list[dict[str, object]]:
    return [{"name": "flat", "basis": {"kind": "flat", "amount_cents": cents}, **component}]


def one(file: OnFile, *rules: Rule) -> Finding:
    (found,) = file.findings(*rules)
    return found


def paid(cents: int = 30_000, on: date = PAID) -> OnFile:
    """An award of 10 March 2025 that was paid."""
    file = OnFile().hired(HIRED).award("mc", MARCH)
    return file.paid(one(file, plain_rule()), on, cents)


def test_t1_two_half_positions_pay_half_each_and_one_award_counts_once() -> None:
    """600 dollars × 0.5 = 300 from each district: each sees its own position alone."""
    rule = plain_rule(amount=flat(60_000, share="fte"))
    for _ in range(2):
        file = OnFile().hired(HIRED, fte=500).award("mc", MARCH)
        assert said(file.findings(rule)) == [("due", None, 30_000)]


def test_t2_awarded_before_she_was_hired_with_documents_after() -> None:
    """Awarded 10 March, hired 18 August, documents 1 September: the day that is asked decides."""
    file = OnFile().hired(date(2025, 8, 18)).award("mc", MARCH, documents=date(2025, 9, 1))
    earned = plain_rule(**EMPLOYED)
    assert said(file.findings(earned)) == [("not_due", "not_employed_on_earned", 0)]
    received = plain_rule(eligibility=[{"kind": "employed", "on": "documents"}])
    assert said(file.findings(received)) == [("due", None, 30_000)]


def test_t3_awarded_on_the_last_day_and_approved_after_she_left() -> None:
    """The last day is a day of work: 13 June 2025 is due, and paid on 27 June all the same."""
    file = OnFile().hired(HIRED, date(2025, 6, 13)).award("mc", date(2025, 6, 13))
    later = {"paid_on": {"kind": "waiting", "days": 14}}
    assert said(file.findings(plain_rule(timing=later, **EMPLOYED))) == [("due", None, 30_000)]
    payable = plain_rule(timing=later, eligibility=[{"kind": "employed", "on": "2025-06-27"}])
    assert failed(one(file, payable)) == ["not_employed_on_named_day"]


@pytest.mark.parametrize(
    ("revoked", "repay"), [(date(2025, 11, 3), "net"), (date(2026, 2, 2), "gross")]
)
def test_t4_revoked_after_payment_in_the_same_and_in_a_later_tax_year(
    revoked: date, repay: str
) -> None:
    """300 paid on 18 April 2025: back in November net of wages, in February gross, of year 2025."""
    found = one(paid().revoked("mc", revoked), plain_rule())
    assert said((found,)) == [("not_due", "award_revoked", 0)]
    (line,) = found.lines
    assert (line.kind, line.amount_cents, line.due_on) == ("reversal", -30_000, revoked)
    assert (line.original_pay_date, line.original_tax_year, line.repay) == (PAID, 2025, repay)
    assert line.reverses_line_id is not None


def test_t4_revoked_before_payment_leaves_nothing_to_pay() -> None:
    file = OnFile().hired(HIRED).award("mc", MARCH).revoked("mc", date(2025, 3, 20))
    assert one(file, plain_rule()).lines == ()


def test_t5_the_same_competency_of_two_issuers_is_paid_once() -> None:
    """300 once: the two credentials are listed as equal, so the second pays nothing."""
    equal = [[str(named("of one")), str(named("of other"))]]
    rule = plain_rule(exclusions=[{"kind": "once_per_competency", "equal": equal}])
    file = OnFile().hired(HIRED).award("of one", MARCH).award("of other", MARCH, issuer="other")
    assert said(file.findings(rule)) == [
        ("due", None, 30_000),
        ("not_due", "competency_paid_before", 0),
    ]


@pytest.mark.parametrize(("known_as_equal", "units"), [(True, 1), (False, 2)])
def test_t5_the_same_competency_of_two_issuers_counts_once_toward_a_lane(
    known_as_equal: bool,  # noqa: FBT001
    units: int,
) -> None:
    """A credit each: two where nobody says that they are one competency, one where it is said."""
    source = {"of": "award"}
    trigger = {"kind": "credits_threshold", "unit": "credit", "sources": [source]}
    rule = plain_rule(
        trigger={**trigger, "thresholds": [2]},
        benefit="lane_change",
        amount=[],
        exclusions=[{"kind": "once_per_competency"}],
    )
    file = OnFile().hired(HIRED).award("of one", MARCH).award("of other", MARCH, issuer="other")
    if known_as_equal:
        file.add("equal", frozenset({named("of one"), named("of other")}))
    evaluation = file.under(rule)
    assert evaluation.balance is not None
    assert evaluation.balance.counted == units
    told = [one.notice.kind for one in evaluation.findings if one.notice is not None]
    assert told == ["lane_change"] * (units == 2)


def test_t6_the_version_she_began_under_decides_the_tier_and_the_policy() -> None:
    """Begun in May at 200 dollars; from 1 July it is 300 for whoever begins then: she gets 200.

    The award carries the tier of the version it pins, whatever was published or retired since.
    """
    old = plain_rule(amount=flat(20_000), effective_to="2025-06-30")
    new = plain_rule(
        amount=flat(30_000), effective_from="2025-07-01", versioning={"grandfathered": True}
    )
    begun = OnFile().hired(HIRED).award("mc", date(2025, 6, 20), started=date(2025, 5, 2))
    assert one(begun, old, new).amount_cents == 20_000
    open_ended = changed(old, effective_to=None)
    late = OnFile().hired(HIRED).award("mc", date(2025, 9, 1), started=date(2025, 5, 2))
    assert one(late, open_ended, new).amount_cents == 20_000
    fresh = OnFile().hired(HIRED).award("mc", date(2025, 9, 1), started=date(2025, 7, 1))
    assert one(fresh, open_ended, new).amount_cents == 30_000


def test_t7_of_two_awards_at_one_moment_the_earlier_position_takes_the_cap() -> None:
    """500 a year: 300 for the first in the log, 200 for the second, whatever their names are."""
    rule = plain_rule(caps=[{"of": "cents", "most": 50_000, "per": "fiscal_year"}])
    file = OnFile().hired(HIRED).award("z", MARCH).award("a", MARCH)
    found = file.findings(rule)
    assert [each.occasion.subject_id for each in found] == [named("z"), named("a")]
    assert said(found) == [("due", None, 30_000), ("due", "reduced_by_cap", 20_000)]


def test_t8_a_late_award_of_a_closed_year_is_held_or_belongs_to_the_next() -> None:
    """Earned on 10 June 2024, recorded after fiscal year 2024 was closed at position 50."""
    calendar = replace(CALENDAR, closed_through=date(2024, 6, 30), closed_position=50)
    file = OnFile(calendar).hired(HIRED).award("mc", date(2024, 6, 10))
    assert said(file.findings(plain_rule())) == [("pending", "fiscal_year_closed", 30_000)]
    found = one(file, plain_rule(timing={"late": "next_fiscal_year"}))
    assert (found.fiscal_year, found.payable_on) == (2025, date(2024, 7, 1))
    early = OnFile(replace(calendar, closed_position=500)).hired(HIRED)
    known = one(early.award("mc", date(2024, 6, 10)), plain_rule())
    assert (known.verdict, known.fiscal_year) == ("due", 2024)


def test_t9_a_school_that_loses_its_status_counts_until_that_day() -> None:
    """High need until 31 December 2024: 3,200 for December, none for an award of January."""
    rule = plain_rule(
        amount=flat(
            320_000, when=[{"kind": "school", "attributes": ["high_needs"], "on": "earned"}]
        )
    )
    file = OnFile().hired(HIRED, school="s")
    file.school_is("s", "high_needs", date(2024, 7, 1), date(2024, 12, 31))
    file.award("before", date(2024, 12, 31)).award("after", date(2025, 1, 1))
    assert said(file.findings(rule)) == [
        ("due", None, 320_000),
        ("not_due", "nothing_to_pay", 0),
    ]


def test_t10_two_records_of_one_person_put_together_pay_once() -> None:
    """Both had the same award paid by an earlier system: 300 + 300 of a cap of 500 are used up.

    Caps count what came along, so a further award gets nothing, and nothing is paid anew.
    """
    rule = plain_rule(caps=[{"of": "cents", "most": 50_000, "per": "career"}])
    file = paid()
    earlier = file.dossier.prior[0]._replace(subject_id=named("her other record"))
    file.add("prior", earlier).award("second", date(2025, 5, 1))
    first, second = file.findings(rule)
    assert said((second,)) == [("not_due", "cap_reached", 0)]
    assert [line.amount_cents for line in first.lines] == [-30_000, 20_000]  # 500 - 300 are left


def test_t11_a_policy_corrected_afterwards_reverses_the_old_line_and_adds_a_new_one() -> None:
    """Paid 300; the version that governs now says 200: -300 and +200, never an edit.

    Where it says 450, one line of +150 makes up the difference.
    """
    less = one(paid(), plain_rule(), plain_rule(amount=flat(20_000)))
    assert [(line.kind, line.amount_cents) for line in less.lines] == [
        ("reversal", -30_000),
        ("adj", 20_000),
    ]
    assert less.policy_version == 2
    more = one(paid(), plain_rule(), plain_rule(amount=flat(45_000)))
    assert [(line.kind, line.amount_cents) for line in more.lines] == [("adj", 15_000)]


def test_t11_once_the_correction_is_paid_nothing_is_left() -> None:
    file = paid()
    found = one(file, plain_rule(amount=flat(20_000)))
    for line in found.lines:
        file.paid(found, date(2025, 6, 6), line.amount_cents, kind=line.kind)
    assert one(file, plain_rule(amount=flat(20_000))).lines == ()


@pytest.mark.parametrize(("counts", "verdict"), [(True, "due"), (False, "not_due")])
def test_t12_on_leave_on_the_named_day(counts: bool, verdict: str) -> None:  # noqa: FBT001
    """A sabbatical from 1 February to 30 June: employed, but the rule says whether that counts."""
    file = OnFile().hired(HIRED).award("mc", MARCH)
    file.leave("sabbatical", date(2025, 2, 1), date(2025, 6, 30))
    rule = plain_rule(eligibility=[{"kind": "employed", "leave_counts": counts}])
    assert one(file, rule).verdict == verdict


@pytest.mark.parametrize(
    ("earned", "first_day", "last"),
    [
        (date(2024, 1, 31), 0, date(2024, 4, 30)),  # 29 + 31 + 30 = 90 days on, over 29 February
        (date(2023, 1, 31), 0, date(2023, 5, 1)),  # 28 + 31 + 30 = 89, so one day more
        (date(2024, 1, 31), 1, date(2024, 4, 29)),  # with the day itself as day 1
        (date(2024, 2, 29), 0, date(2024, 5, 29)),
    ],
)
def test_t13_ninety_days_over_a_leap_day_and_with_the_first_day_counted(
    earned: date, first_day: int, last: date
) -> None:
    window = {"kind": "within", "what": "documents", "days": 90, "first_day": first_day}
    for documents, verdict in ((last, "due"), (last + timedelta(days=1), "not_due")):
        file = OnFile().hired(HIRED).award("mc", earned, documents=documents)
        assert one(file, plain_rule(windows=[window])).verdict == verdict


def test_t13_business_days_need_the_holidays_of_every_year_they_touch() -> None:
    """Five business days from Monday 30 December 2024, the 1st a holiday: until 7 January."""
    window = {"kind": "within", "what": "documents", "days": 5, "counting": "business"}
    rule = plain_rule(windows=[window])
    new_year = {2024: frozenset[date](), 2025: frozenset({date(2025, 1, 1)})}
    for documents, verdict in ((date(2025, 1, 7), "due"), (date(2025, 1, 8), "not_due")):
        file = OnFile(replace(CALENDAR, holidays=new_year)).hired(HIRED)
        file.award("mc", date(2024, 12, 30), documents=documents)
        assert one(file, rule).verdict == verdict
    file = OnFile(replace(CALENDAR, holidays={2024: frozenset()})).hired(HIRED)
    file.award("mc", date(2024, 12, 30), documents=date(2025, 1, 7))
    assert said(file.findings(rule)) == [("pending", "calendar_missing", 30_000)]


def test_t14_the_day_of_a_deadline_is_the_day_where_the_district_is() -> None:
    """4:30 UTC on 16 October is still the 15th in Denver (UTC - 6), and the 16th in New York."""
    instant = datetime(2024, 10, 16, 4, 30, tzinfo=UTC)
    rule = plain_rule(windows=[{"kind": "between", "last": "2024-10-15"}])
    verdicts = []
    for zone in ("America/Denver", "America/New_York"):
        file = OnFile().hired(HIRED).award("mc", local_date(instant, zone))
        verdicts.append(one(file, rule).verdict)
    assert verdicts == ["due", "not_due"]
    # Clocks go back on 3 November 2024: 4:30 UTC of the 4th is 23:30 of the 3rd in New York.
    assert local_date(datetime(2024, 11, 4, 4, 30, tzinfo=UTC), "America/New_York").day == 3


def test_t15_of_three_who_shared_an_artifact_only_one_is_taken_back() -> None:
    """Three times 300 were paid; one award is revoked: -300 for her, nothing for the others."""
    files = [paid(), paid().revoked("mc", date(2025, 11, 3)), paid()]
    taken = [sum(line.amount_cents for line in one(file, plain_rule()).lines) for file in files]
    assert taken == [0, -30_000, 0]


def test_t16_a_decision_reopened_and_confirmed_pays_nothing_twice() -> None:
    """Revoked for a conflict and reinstated: paid once, kept, and no further line."""
    file = paid()
    (held,) = file.dossier.awards
    spans = ((200, 210),)
    back = held._replace(award=held.award._replace(revocations=spans))
    file.dossier = replace(file.dossier, awards=(back,))
    found = one(file, plain_rule())
    assert (found.verdict, found.lines) == ("due", ())


def test_t17_an_entitlement_is_the_persons_and_never_a_numbers() -> None:
    """Ids of entitlements and lines follow from policy, person and award, not from a number."""
    first = one(OnFile().hired(HIRED).award("mc", MARCH), plain_rule())
    other = OnFile().hired(HIRED).award("mc", MARCH)
    other.dossier = replace(other.dossier, person_id=named("who has the number now"))
    second = one(other, plain_rule())
    assert first.entitlement_id != second.entitlement_id
    assert first.lines[0].line_id != second.lines[0].line_id


def test_t18_no_check_goes_below_zero() -> None:
    """-750 against a pay of 500: -500 now and -250 as a receivable."""
    assert collectable(-75_000, 50_000) == (-50_000, -25_000)
    assert collectable(-30_000, 50_000) == (-30_000, 0)
    assert collectable(-30_000, 0) == (0, -30_000)


def test_t19_a_charter_school_pays_from_its_own_fund() -> None:
    account = {
        "fund": "10",
        "template": "{fund}-2213-0100",
        "at_schools": [{"attribute": "charter", "fund": "27", "template": "{fund}-2213-9000"}],
    }
    rule = plain_rule(account=account)
    file = OnFile().hired(HIRED, school="s").award("mc", MARCH)
    (line,) = one(file, rule).lines
    assert (line.fund, line.account) == ("10", "10-2213-0100")
    (line,) = one(file.school_is("s", "charter", date(2024, 7, 1)), rule).lines
    assert (line.fund, line.account) == ("27", "27-2213-9000")


def test_t20_another_fund_after_payment_is_a_pair_that_comes_to_zero() -> None:
    """300 paid from general: -300 there and +300 in title_ii."""
    found = one(paid(), plain_rule(account={"fund": "title_ii"}))
    assert [(line.kind, line.fund, line.amount_cents) for line in found.lines] == [
        ("adj", "general", -30_000),
        ("adj", "title_ii", 30_000),
    ]
    assert sum(line.amount_cents for line in found.lines) == 0


def test_a_separation_owes_by_the_reason_and_never_before_the_payment() -> None:
    """100 % within a year: who resigns in December owes 300, who had left before none."""
    clawback = {"schedule": {"kind": "ladder", "rungs": [{"months": 12, "percent": 100}]}}
    rule = plain_rule(clawback=clawback)
    resigned = paid().left(date(2025, 12, 19))
    assert amounts(one(resigned, rule)) == [("clawback", -30_000, date(2025, 12, 19))]
    before = paid().add("separations", Separation(date(2025, 3, 31), "resignation", 300))
    assert one(before, rule).lines == ()
    died = paid().left(date(2025, 12, 19), "death")
    assert one(died, rule).lines == ()


TUITION = {
    "trigger": {"kind": "activity", "activities": ["semester_hour"]},
    "amount": [{"name": "hours", "basis": {"kind": "per_unit", "amount_cents": 25_000}}],
    "timing": {"after": "started"},
}
HALF_AFTER_A_YEAR = {
    "schedule": {
        "kind": "ladder",
        "rungs": [{"months": 12, "percent": 100}, {"months": 24, "percent": 50}],
    },
    "causes": ["failure_to_finish"],
}


def begun(last_day: date, *, finished: bool = True) -> OnFile:
    """Three semester hours from September 2024 on."""
    first = date(2024, 9, 3)
    return (
        OnFile()
        .hired(HIRED)
        .activity("course", "semester_hour", 300, last_day, first_day=first, finished=finished)
    )


@pytest.mark.parametrize(
    ("last_day", "paid_on", "back"),
    [
        # Paid on 15 October 2024, to be finished in May 2025: month 8 of the first 12, all of it.
        (date(2025, 5, 30), date(2024, 10, 15), -75_000),
        # To be finished in December 2025: month 15 since the payment, 50 % of 750.00 is 375.00.
        (date(2025, 12, 19), date(2024, 10, 15), -37_500),
        # In January 2027: 24 months are over since October 2026, and nothing is owed.
        (date(2027, 1, 15), date(2024, 10, 15), 0),
        # Paid when it was over already: not finished on the day of the payment, all of it.
        (date(2025, 5, 30), date(2025, 8, 1), -75_000),
    ],
)
def test_what_was_begun_and_paid_and_never_finished_is_paid_back_by_the_ladder(
    last_day: date, paid_on: date, back: int
) -> None:
    """3 × 250.00 = 750.00, paid when it began."""
    rule = plain_rule(**TUITION, clawback=HALF_AFTER_A_YEAR)
    finished = one(begun(last_day), rule)
    assert amounts(finished) == [("earn", 75_000, date(2024, 9, 3))]
    broken = begun(last_day, finished=False).paid(finished, paid_on)
    found = one(broken, rule)
    expected = [("clawback", back, max(last_day, paid_on))] if back else []
    assert amounts(found) == expected
    [part] = found.parts
    assert part.kept_cents == 75_000 + back
    assert (part.recovery == "clawback") is (back < 0)
    assert all(line.reason == "failure_to_finish" for line in found.lines)


def test_what_was_not_finished_is_not_paid_and_without_a_ladder_taken_back_whole() -> None:
    """Nothing of 750.00 where nothing was paid; and all of it where no rung says otherwise."""
    last_day = date(2025, 12, 19)
    rule = plain_rule(**TUITION, clawback=HALF_AFTER_A_YEAR)
    unpaid = one(begun(last_day, finished=False), rule)
    assert (unpaid.verdict, unpaid.reason, unpaid.lines) == ("not_due", "not_finished", ())
    plain = plain_rule(**TUITION)
    file = begun(last_day, finished=False).paid(one(begun(last_day), plain), PAID)
    assert amounts(one(file, plain)) == [("reversal", -75_000, last_day)]


def test_of_leaving_and_not_finishing_the_first_to_come_is_owed_for() -> None:
    """Left in month 3 since the payment: all is owed, though she failed in month 15, for half."""
    last_day = date(2025, 12, 19)
    terms = {**HALF_AFTER_A_YEAR, "causes": ["failure_to_finish", "resignation"]}
    rule = plain_rule(**TUITION, clawback=terms)
    paid_on = date(2024, 10, 15)
    file = begun(last_day, finished=False).paid(one(begun(last_day), rule), paid_on)
    assert [line[1] for line in amounts(one(file, rule))] == [-37_500]
    left = file.left(date(2024, 12, 20))
    assert amounts(one(left, rule)) == [("clawback", -75_000, date(2024, 12, 20))]


def test_a_refund_that_was_asked_for_a_course_falls_with_the_course() -> None:
    """900.00 asked for and paid: of a course that was not finished all comes back."""
    rule = plain_rule(
        trigger={"kind": "request_filed"},
        amount=[{"name": "cost", "basis": {"kind": "cost"}}],
    )
    day = date(2025, 1, 10)
    asked = begun(PAID).request("refund", day, about="course", cost=90_000)
    assert amounts(one(asked, rule)) == [("earn", 90_000, day)]
    broken = begun(PAID, finished=False).request("refund", day, about="course", cost=90_000)
    unpaid = one(broken, rule)
    assert (unpaid.verdict, unpaid.reason) == ("not_due", "not_finished")
    found = one(broken.paid(one(asked, rule), PAID), rule)
    assert [(line.kind, line.amount_cents) for line in found.lines] == [("reversal", -90_000)]


def test_a_correction_paid_without_its_line_owes_from_its_own_day() -> None:
    """300.00 were sent and not paid yet, 20.00 of a correction were paid in May.

    Who leaves within a year of May keeps nothing of either: both lines are taken back, 320.00.
    """
    clawback = {"schedule": {"kind": "ladder", "rungs": [{"months": 12, "percent": 100}]}}
    rule = plain_rule(clawback=clawback)
    file = OnFile().hired(HIRED).award("mc", MARCH)
    sent = file.paid(one(file, rule), None)
    corrected = sent.paid(one(file, rule), date(2025, 5, 15), 2_000, kind="adj")
    [line, *_] = one(corrected.left(date(2025, 12, 19)), rule).lines
    assert (line.kind, line.amount_cents) == ("clawback", -32_000)


def test_instalments_leave_the_odd_cent_to_the_last() -> None:
    """100.00 dollars in three: 33.33, 33.33 and 33.34."""
    timing = {"instalments": {"count": 3, "months": 6}}
    file = OnFile().hired(HIRED).award("mc", MARCH)
    found = one(file, plain_rule(amount=flat(10_000), timing=timing))
    assert amounts(found) == [
        ("earn", 3_333, date(2025, 3, 10)),
        ("earn", 3_333, date(2025, 9, 10)),
        ("earn", 3_334, date(2026, 3, 10)),
    ]


@pytest.mark.parametrize("years", [(), fiscal_years(2018, 2024)])
def test_what_recurs_waits_for_a_calendar_that_reaches_its_first_year(
    years: tuple[FiscalYear, ...],
) -> None:
    file = OnFile(replace(CALENDAR, fiscal_years=years)).hired(HIRED).award("mc", MARCH)
    found = one(file, plain_rule(timing={"recurs": True}))
    assert (found.verdict, found.reason) == ("pending", "calendar_missing")
    assert (found.amount_cents, found.lines) == (30_000, ())


def test_a_base_pay_add_ends_with_the_revocation_and_not_before() -> None:
    """In force from 1 July 2025, revoked on 10 October: it ends on 9 October."""
    timing = {"paid_on": {"kind": "next_contract_year"}}
    rule = plain_rule(benefit="base_add", timing=timing)
    file = OnFile().hired(HIRED).award("mc", MARCH)
    notice = one(file.revoked("mc", date(2025, 10, 10)), rule).notice
    assert notice is not None
    assert (notice.effective_on, notice.ends_on) == (date(2025, 7, 1), date(2025, 10, 9))
    early = OnFile().hired(HIRED).award("mc", MARCH).revoked("mc", date(2025, 5, 1))
    assert one(early, rule).notice is None

"""Laws of payroll: no line twice, and in the end what was paid is what is owed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.events.batch import BatchLine
from ledger.events.payroll import PayCode, PayrollTerms
from ledger.rules.payroll import (
    Correction,
    Decided,
    LastTry,
    LineStatus,
    Payable,
    Totals,
    apportion,
    hash_total,
    line_id,
    terms_on,
    totals,
    variance,
)
from ledger.rules.payroll_lines import (
    PayCodeMissingError,
    Proposal,
    lines_of_batch,
    proposals,
)
from ledger.rules.payroll_states import entitlement_state
from tests.samples import named

POLICY = named("policy")
TERMS = PayrollTerms(
    effective_from=date(2024, 7, 1),
    company_code="ABC",
    batch_prefix="MC",
    second_approval_above_cents=1_000_000,
    codes=(PayCode(earning_code="MCR", recovery_code="MCA", account="10E2213"),),
)
FIRST_DAY = date(2024, 7, 15)
ANSWERS: list[LineStatus] = ["paid", "rejected", "bypassed", "voided", "exported", "released"]


def payable(number: int, cents: int) -> Payable:
    return Payable(
        entitlement_id=named(f"entitlement {number}"),
        person_id=named(f"teacher {number % 2}"),
        policy_id=POLICY,
        policy_version=1,
        subject_id=named(f"award {number}"),
        earned_on=FIRST_DAY,
        payable_on=FIRST_DAY,
        amount_cents=cents,
    )


def last_try(line: BatchLine, pay_date: date = FIRST_DAY, status: LineStatus = "closed") -> LastTry:
    return LastTry(
        line_id=line.line_id,
        attempt=line.attempt,
        status=status,
        kind=line.kind,
        instalment=line.instalment,
        amount_cents=line.amount_cents,
        entitlement_id=line.entitlement_id,
        person_id=line.person_id,
        policy_id=line.policy_id,
        policy_version=line.policy_version,
        subject_id=line.subject_id,
        earned_on=line.earned_on,
        pay_date=pay_date,
        fund_source=line.fund_source,
        account=line.account,
    )


def adopted(one: Proposal, number: int) -> Correction:
    return Correction(
        line_id=line_id(one.entitlement_id, number, one.kind),
        correction=number,
        kind=one.kind,
        amount_cents=one.amount_cents,
        entitlement_id=one.entitlement_id,
        person_id=one.person_id,
        policy_id=one.policy_id,
        policy_version=one.policy_version,
        subject_id=one.subject_id,
        earned_on=one.earned_on,
        original=one.original,
    )


@dataclass
class Office:
    """A payroll office that closes batches, adopts every proposal and hears what came of lines."""

    owed: dict[int, int] = field(default_factory=dict)  # cents by entitlement
    tried: dict[UUID, LastTry] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    batches: list[list[BatchLine]] = field(default_factory=list)

    @property
    def payables(self) -> list[Payable]:
        return [payable(number, cents) for number, cents in self.owed.items() if cents]

    def close(self) -> list[BatchLine]:
        lines = lines_of_batch(self.payables, self.corrections, self.tried, {}, TERMS)
        pay_date = FIRST_DAY + timedelta(days=14 * len(self.batches))
        self.batches.append(lines)
        for line in lines:
            self.tried[line.line_id] = last_try(line, pay_date)
        return lines

    def adopt(self) -> int:
        """Adopt whatever is proposed; how much that was."""
        owed = {one.line_id: one for one in self.payables}
        found = proposals(owed, self.corrections, self.tried)
        for one in found:
            number = 1 + sum(c.entitlement_id == one.entitlement_id for c in self.corrections)
            self.corrections.append(adopted(one, number))
        return len(found)

    def answer(self, line: UUID, status: LineStatus) -> None:
        self.tried[line] = replace(self.tried[line], status=status)

    def counted(self) -> int:
        """What lines come to that nobody sent back."""
        back = {"rejected", "voided", "released"}
        return sum(one.amount_cents for one in self.tried.values() if one.status not in back)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("owe"), st.integers(0, 3), st.sampled_from([0, 100, 250, 300])),
        st.tuples(st.just("close"), st.just(0), st.just(0)),
        st.tuples(st.just("adopt"), st.just(0), st.just(0)),
        st.tuples(st.just("answer"), st.integers(0, 11), st.integers(0, len(ANSWERS) - 1)),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_in_the_end_the_lines_come_to_what_is_owed(
    steps: list[tuple[str, int, int]],
) -> None:
    office = Office()
    for kind, which, value in steps:
        if kind == "owe":
            office.owed[which] = value
        elif kind == "close":
            office.close()
        elif kind == "adopt":
            office.adopt()
        elif office.tried:
            lines = list(office.tried)
            office.answer(lines[which % len(lines)], ANSWERS[value])
    for _ in range(len(steps) + 4):  # each round pays what the last one found
        if not (office.close() or office.adopt()):
            break
    assert office.counted() == sum(office.owed.values())
    assert office.adopt() == 0
    assert office.close() == []


@given(STEPS)
def test_no_line_is_in_two_batches_unless_it_came_back(steps: list[tuple[str, int, int]]) -> None:
    office = Office()
    seen: set[tuple[UUID, int]] = set()
    for kind, which, value in steps:
        if kind == "owe":
            office.owed[which] = value
        elif kind == "adopt":
            office.adopt()
        elif kind == "answer" and office.tried:
            lines = list(office.tried)
            office.answer(lines[which % len(lines)], ANSWERS[value])
        else:
            before = dict(office.tried)
            made = office.close()
            assert len({line.line_id for line in made}) == len(made)
            for line in made:
                assert (line.line_id, line.attempt) not in seen
                seen.add((line.line_id, line.attempt))
                last = before.get(line.line_id)
                assert last is None or not last.counts
                assert line.attempt == (last.attempt + 1 if last else 1)


def test_what_is_held_keeps_its_corrections_waiting_as_well() -> None:
    office = Office(owed={0: 300})
    office.close()
    office.owed[0] = 100
    assert office.adopt() == 1
    held = {named("entitlement 0"): Decided(held=True)}
    assert lines_of_batch(office.payables, office.corrections, office.tried, held, TERMS) == []
    assert [line.amount_cents for line in office.close()] == [-200]


@given(st.lists(st.integers(-(10**9), 10**9)))
def test_control_totals_add_up(amounts: list[int]) -> None:
    found = totals(amounts)
    assert found.sum_cents == found.positive_cents + found.negative_cents == sum(amounts)
    assert found.lines == len(amounts)


def test_the_control_totals_of_the_worked_batch() -> None:
    """600 + 200 + 400 - 150 = 1,050; 123 + 4,501 + 4,501 + 9,876 = 19,001."""
    assert totals([60_000, 20_000, 40_000, -15_000]) == Totals(4, 105_000, 120_000, -15_000)
    assert hash_total(["000123", "004501", "004501", "009876"]) == 19_001
    assert hash_total(["A-17", "", str(10**12)]) == 17


def test_the_variance_of_the_worked_return() -> None:
    """1,050.00 = 800.00 accepted + 400.00 rejected + (-150.00) bypassed + 0 pending."""
    found = variance(
        [
            (60_000, "accepted", 60_000),
            (20_000, "accepted", None),
            (40_000, "rejected", None),
            (-15_000, "bypassed", None),
        ]
    )
    assert (found.accepted_cents, found.rejected_cents) == (80_000, 40_000)
    assert (found.bypassed_cents, found.pending_cents) == (-15_000, 0)
    assert found.variance_cents == 0
    assert variance([(100, "accepted", 90)]).variance_cents == 10
    assert variance([(100, None, None)]).pending_cents == 100


def test_the_newest_terms_that_have_begun_hold() -> None:
    later = TERMS.model_copy(update={"effective_from": date(2024, 10, 1)})
    again = TERMS.model_copy(update={"batch_prefix": "MD"})
    assert terms_on([TERMS, later], date(2024, 6, 30)) is None
    assert terms_on([TERMS, later], date(2024, 9, 30)) == 1
    assert terms_on([TERMS, later], date(2024, 10, 1)) == 2
    assert terms_on([TERMS, later, again], date(2024, 9, 30)) == 3
    assert terms_on([TERMS, later, again], date(2024, 10, 1)) == 2


@pytest.mark.parametrize(
    ("derived", "decided", "approved_by", "state"),
    [
        ("not_due", Decided(), "policy", "not_due"),
        ("pending", Decided(held=True), "policy", "pending"),
        ("due", Decided(), "policy", "approved"),
        ("due", Decided(held=True), "policy", "held"),
        ("due", Decided(), "person", "awaiting_approval"),
        ("due", Decided(approved_cents=99), "person", "awaiting_approval"),
        ("due", Decided(approved_cents=100), "person", "approved"),
    ],
)
def test_an_entitlement_without_a_line_stands_where_it_was_derived(
    derived: str, decided: Decided, approved_by: str, state: str
) -> None:
    found = entitlement_state(derived, 100, decided, [], approved_by=approved_by)  # type: ignore[arg-type]  # parametrized
    assert found == state


def test_a_correction_of_an_attempt_that_came_back_does_not_touch_the_next() -> None:
    office = Office(owed={1: 300})
    [first] = office.close()
    office.owed[1] = 200
    assert office.adopt() == 1
    office.answer(first.line_id, "rejected")
    assert [line.amount_cents for line in office.close()] == [200]
    assert office.close() == []
    assert office.adopt() == 0


def test_a_clawback_is_told_from_a_reversal() -> None:
    office = Office(owed={1: 100})
    office.close()
    [line] = office.tried.values()
    for kind, expected in (("reversal", "reversed"), ("clawback", "clawed_back")):
        taken = replace(line, kind=kind, amount_cents=-100, line_id=named(kind))  # type: ignore[arg-type]  # a literal
        found = entitlement_state("not_due", 0, Decided(), [line, taken], approved_by="policy")
        assert found == expected
    part = replace(line, kind="reversal", amount_cents=-40, line_id=named("part"))
    found = entitlement_state("due", 60, Decided(), [line, part], approved_by="policy")
    assert found == "batched"


def test_a_clawback_is_proposed_where_the_rule_calls_it_one() -> None:
    office = Office(owed={1: 100})
    office.close()
    less = replace(payable(1, 25), recovery="clawback")
    [found] = proposals({less.line_id: less}, [], office.tried)
    assert (found.kind, found.amount_cents) == ("clawback", -75)
    assert (found.original_pay_date, found.original_tax_year) == (FIRST_DAY, 2024)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_shares_come_to_the_amount_and_none_is_a_cent_off(cents: int, weights: list[int]) -> None:
    found = apportion(cents, weights)
    assert sum(found) == cents
    if any(weights):
        exact = [Fraction(cents * weight, sum(weights)) for weight in weights]
        assert all(abs(share - ideal) < 1 for share, ideal in zip(found, exact, strict=True))
        assert all(share == 0 for share, weight in zip(found, weights, strict=True) if not weight)


def test_the_largest_remainders_round_up_and_of_equal_ones_the_first() -> None:
    assert apportion(10_001, [60, 40]) == [6_001, 4_000]  # 6000.6 and 4000.4
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert apportion(-100, [1, 1, 1]) == [-34, -33, -33]
    assert apportion(5, [0, 0]) == [5, 0]


def test_a_correction_of_a_share_comes_from_the_fund_that_paid_it() -> None:
    shares = [replace(payable(1, 4_000), share=n, fund_source=f"fund-{n}") for n in (1, 2)]
    lines = lines_of_batch(shares, [], {}, {}, TERMS)
    assert len({line.line_id for line in lines}) == 2
    assert lines[0].line_id == payable(1, 4_000).line_id
    tried = {line.line_id: last_try(line) for line in lines}
    gone = proposals({shares[0].line_id: shares[0]}, [], tried)
    assert [(one.original_line_id, one.amount_cents) for one in gone] == [
        (lines[1].line_id, -4_000)
    ]
    correction = adopted(gone[0], 1)
    [back] = lines_of_batch(shares[:1], [correction], tried, {}, TERMS)
    assert (back.amount_cents, back.fund_source) == (-4_000, "fund-2")


def test_a_person_approves_the_whole_entitlement_and_not_each_part() -> None:
    """300.00 in parts of 100.00, of which only the whole is approved."""
    part = replace(payable(1, 10_000), whole_cents=30_000)
    terms = TERMS.model_copy(update={"entitlements_approved_by": "person"})

    def lines(approved_cents: int, one: Payable) -> list[int]:
        decided = {one.entitlement_id: Decided(approved_cents=approved_cents)}
        return [line.amount_cents for line in lines_of_batch([one], [], {}, decided, terms)]

    assert lines(30_000, part) == [10_000]
    assert lines(10_000, part) == []
    assert lines(10_000, payable(1, 10_000)) == [10_000]


def test_a_policy_without_a_pay_code_is_named() -> None:
    office = Office(owed={1: 100})
    office.close()
    office.owed[1] = 50
    assert office.adopt() == 1
    none = TERMS.model_copy(update={"codes": ()})
    with pytest.raises(PayCodeMissingError) as refused:
        lines_of_batch([payable(2, 100)], [], {}, {}, none)
    assert refused.value.operands == {"policy": POLICY}
    with pytest.raises(PayCodeMissingError):
        lines_of_batch([], office.corrections, office.tried, {}, none)
    coded = replace(payable(2, 100), earning_code="OWN")
    [line] = lines_of_batch([coded], [], {}, {}, none)
    assert line.earning_code == "OWN"


@pytest.mark.parametrize("wrong", [{"earning_code": "A B"}, {"fund_source": "x" * 1_000}])
def test_a_text_that_no_line_may_have_makes_no_line(wrong: dict[str, str]) -> None:
    """Lines are made without looking at each field again, but for what a policy calls its codes."""
    assert lines_of_batch([payable(1, 100)], [], {}, {}, TERMS)
    with pytest.raises(ValidationError):
        lines_of_batch([replace(payable(1, 100), **wrong)], [], {}, {}, TERMS)  # type: ignore[arg-type]


def test_a_correction_counts_that_was_paid_and_one_of_an_attempt_that_came_back_does_not() -> None:
    office = Office(owed={1: 300})
    [first] = office.close()
    office.owed[1] = 200
    assert office.adopt() == 1
    assert office.adopt() == 0, "what is adopted counts before it is a line"
    office.close()
    office.answer(first.line_id, "rejected")
    [again] = office.close()
    assert again.amount_cents == 200
    assert office.adopt() == 1, "the correction was paid and takes off once more"
    assert [line.amount_cents for line in office.close()] == [100]


def test_more_than_was_paid_is_an_adjustment() -> None:
    office = Office(owed={1: 100})
    office.close()
    more = payable(1, 130)
    [found] = proposals({more.line_id: more}, [], office.tried)
    assert (found.kind, found.amount_cents) == ("adj", 30)

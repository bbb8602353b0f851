"""Lines of before as input to rules: ladders from the day paid, what stays, what is paid twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events.batch import BatchLine, BatchVoided, ResultStatus
from ledger.events.dossier import (
    CostRecorded,
    DocumentReceived,
    SeparationReason,
    SeparationRecorded,
)
from ledger.events.entitlement import LineReleased, LineWrittenOff
from ledger.events.merge import MERGES, PersonsMerged
from ledger.events.policy import FlatAmount
from ledger.events.policy_rule import Rule
from ledger.rules.payroll import Payable
from ledger.rules.payroll_lines import Proposal, proposals
from projections.contract import Fact
from projections.entitlements import Part, parts
from projections.payouts import Payouts, explain, of_district, totals
from projections.sql import write
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DAYS, POLICIES, TEACHERS, World, terms
from tests.projections.playing import dump, dumps_however_cut, play, play_on, tables_of
from tests.projections.ruled import HERE, RuledWorld, batch_line, employed
from tests.rules.dossiers import changed, plain_rule, shipped
from tests.rules.test_payroll import last_try
from tests.samples import named

PAYOUTS = Payouts()
ANNE, BERTHA, _ = TEACHERS
MARCH, MAY = DAYS[0], DAYS[1]
PAID = date(2025, 4, 18)
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 5


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def line_of(part: Part) -> BatchLine:
    return batch_line(
        part.payout_id,
        part.person_id,
        part.policy_id,
        part.subject_id,
        part.amount_cents,
        instalment=part.instalment,
        earned_on=part.earned_on,
    )


def owed(connection: Connection[Any], world: World, day: date = FAR) -> list[Part]:
    play(connection, PAYOUTS, world.facts)
    return parts(connection, HERE, effective_on=day)


def pay(connection: Connection[Any], world: RuledWorld, day: date = PAID, number: int = 1) -> UUID:
    """Close a batch with everything that is due by the day."""
    return world.close([line_of(one) for one in owed(connection, world, day)], day, number)


def proposed(
    connection: Connection[Any], world: World, tried: Mapping[date, Sequence[BatchLine]]
) -> list[Proposal]:
    """What payroll would be told to take back, given the lines closed on each pay date."""
    now = [
        Payable(
            entitlement_id=one.payout_id,
            person_id=one.person_id,
            policy_id=one.policy_id,
            policy_version=one.policy_version,
            subject_id=one.subject_id,
            earned_on=one.earned_on,
            payable_on=one.due_on,
            amount_cents=one.amount_cents,
            instalment=one.instalment,
            recovery=one.recovery,
        )
        for one in owed(connection, world)
    ]
    lines = {
        line.line_id: last_try(line, pay_date, "paid")
        for pay_date, found in tried.items()
        for line in found
    }
    return proposals({one.line_id: one for one in now}, [], lines)


def tuition(rule: Rule) -> RuledWorld:
    """Three semester hours at 1 March 2025 that cost her 900 dollars, under one of the ladders."""
    world = employed(ANNE)
    world.years(2025, 2026)
    world.adopt_rule(rule)
    credit = world.credit(ANNE, "semester_hour", 300, MARCH)
    cost = CostRecorded(subject_id=credit, cost_cents=90_000, paid_by="teacher", paid_on=MARCH)
    world.file(ANNE, cost)
    return world


@pytest.mark.parametrize(
    ("ladder", "left", "paid_cents", "kept_cents"),
    [
        # By months, 3 × 250 = 750. Paid on 18 April 2025: on 15 March 2026 month 11 runs, 100 %
        # back. From the day it was due, 1 March, month 13 would run: 75 %, and 187.50 stay.
        ("by_months", date(2026, 3, 15), 75_000, 0),
        ("by_months", date(2025, 10, 1), 75_000, 0),
        # Month 12 is over with the anniversary itself: from 19 April 75 %, so 187.50 stay.
        ("by_months", date(2026, 4, 18), 75_000, 0),
        ("by_months", date(2026, 4, 19), 75_000, 18_750),
        # 18 months are over on 18 October 2026: 50 % of 750. 36 on 18 April 2028: nothing back.
        ("by_months", date(2026, 10, 19), 75_000, 37_500),
        ("by_months", date(2028, 4, 19), 75_000, 75_000),
        # By years, 3 × 500 = 1,500, the anniversary outside: 100 % to 17 April, then 75 %: 375.
        ("by_years", date(2026, 4, 17), 150_000, 0),
        ("by_years", date(2026, 4, 18), 150_000, 37_500),
        ("by_years", date(2029, 4, 17), 150_000, 112_500),
        ("by_years", date(2029, 4, 18), 150_000, 150_000),
        # By thirds of 900: none forgiven before 18 April 2026, then 300 of it.
        ("by_thirds", date(2026, 4, 17), 90_000, 0),
        ("by_thirds", date(2026, 4, 18), 90_000, 30_000),
        ("by_thirds", date(2027, 12, 31), 90_000, 60_000),
        ("by_thirds", date(2028, 4, 18), 90_000, 90_000),
    ],
)
def test_after_payment_a_ladder_counts_from_the_day_it_was_paid(
    connection: Connection[Any], ladder: str, left: date, paid_cents: int, kept_cents: int
) -> None:
    world = tuition(shipped("I25", ladder))
    lines = [line_of(one) for one in owed(connection, world)]
    assert [line.amount_cents for line in lines] == [paid_cents]
    world.close(lines, PAID)
    world.file(ANNE, SeparationRecorded(reason="resignation", last_day=left))
    (part,) = owed(connection, world)
    assert part.amount_cents == kept_cents
    found = [
        (one.kind, one.amount_cents, one.original_pay_date, one.original_tax_year)
        for one in proposed(connection, world, {PAID: lines})
    ]
    back = kept_cents - paid_cents
    assert found == ([("clawback", back, PAID, 2025)] if back else [])


@pytest.mark.parametrize(
    ("ladder", "left", "kept_cents"),
    [
        # Due on 1 March 2025 and not paid: month 13 runs on 15 March 2026, 75 % of 750 are back.
        ("by_months", date(2026, 3, 15), 18_750),
        ("by_years", date(2026, 3, 1), 37_500),  # 75 % of 1,500
        ("by_thirds", date(2026, 3, 1), 30_000),  # two thirds of 900
    ],
)
def test_before_payment_it_counts_from_the_day_it_was_due_and_paying_changes_nothing(
    connection: Connection[Any], ladder: str, left: date, kept_cents: int
) -> None:
    """Who leaves before she is paid is paid what she may keep; that is no reason to pay more."""
    world = tuition(shipped("I25", ladder))
    world.file(ANNE, SeparationRecorded(reason="resignation", last_day=left))
    lines = [line_of(one) for one in owed(connection, world)]
    assert [line.amount_cents for line in lines] == [kept_cents]
    pay_date = date(2026, 5, 1)
    world.close(lines, pay_date)
    assert [one.amount_cents for one in owed(connection, world)] == [kept_cents]
    assert proposed(connection, world, {pay_date: lines}) == []


@pytest.mark.parametrize(
    ("reason", "owes"),
    [(one, one == "resignation") for one in sorted(get_args(SeparationReason))],
)
def test_only_the_causes_of_the_ladder_owe_anything(
    connection: Connection[Any],
    reason: SeparationReason,
    owes: bool,  # noqa: FBT001
) -> None:
    world = tuition(shipped("I25", "by_thirds"))
    pay(connection, world)
    world.file(ANNE, SeparationRecorded(reason=reason, last_day=date(2025, 10, 1)))
    (part,) = owed(connection, world)
    assert part.amount_cents == (0 if owes else 90_000)


@pytest.mark.parametrize(
    ("causes", "schedule", "back"),
    [
        # Earned on 1 March, paid on 18 April 2025, and withdrawn: month 1 of the ladder, so half.
        (["failure_to_finish"], [{"months": 12, "percent": 50}], ("clawback", -37_500)),
        (["failure_to_finish"], [{"months": 12, "percent": 100}], ("clawback", -75_000)),
        (["resignation"], [{"months": 12, "percent": 50}], ("reversal", -75_000)),
    ],
)
def test_what_was_paid_and_not_finished_is_proposed_back_by_the_ladder_that_says_so(
    connection: Connection[Any],
    causes: list[str],
    schedule: list[dict[str, int]],
    back: tuple[str, int],
) -> None:
    """3 × 250.00 = 750.00 for a course that counts no more."""
    ladder = {"schedule": {"kind": "ladder", "rungs": schedule}, "causes": causes}
    world = tuition(changed(shipped("I25", "by_months"), clawback=ladder))
    lines = [line_of(one) for one in owed(connection, world)]
    world.close(lines, PAID)
    world.withdraw_credit(ANNE, lines[0].subject_id)
    [proposal] = proposed(connection, world, {PAID: lines})
    assert (proposal.kind, proposal.amount_cents) == back
    assert (proposal.original_pay_date, proposal.original_tax_year) == (PAID, 2025)


def test_payroll_s_answer_says_when_it_was_paid_and_what_it_sent_back_was_not(
    connection: Connection[Any],
) -> None:
    """Answered as paid on 2 May 2025, she leaves on 1 May 2026 in month 12: all of it back.

    Had it counted from the pay date, 18 April, or from 1 March, 187.50 would stay.
    """
    answers: list[tuple[ResultStatus, date | None, int]] = [
        ("accepted", date(2025, 5, 2), 0),
        ("accepted", None, 18_750),
        ("pending", None, 18_750),
        ("rejected", None, 18_750),
        ("bypassed", None, 18_750),
    ]
    for status, paid_on, kept in answers:
        world = tuition(shipped("I25", "by_months"))
        lines = [line_of(one) for one in owed(connection, world)]
        batch = world.close(lines, PAID)
        world.answer(batch, lines[0].line_id, status, paid_on)
        world.file(ANNE, SeparationRecorded(reason="resignation", last_day=date(2026, 5, 1)))
        (part,) = owed(connection, world)
        assert (status, part.amount_cents) == (status, kept)


@pytest.mark.parametrize("undone", ["voided", "rejected", "released", "written_off"])
def test_a_line_that_came_to_nothing_is_not_paid(connection: Connection[Any], undone: str) -> None:
    """On 15 March 2026 all would be back of what was paid on 18 April, 75 % of what was not."""
    world = tuition(shipped("I25", "by_months"))
    lines = [line_of(one) for one in owed(connection, world)]
    batch = world.close(lines, PAID)
    world.file(ANNE, SeparationRecorded(reason="resignation", last_day=date(2026, 3, 15)))
    assert [one.amount_cents for one in owed(connection, world)] == [0]
    line = lines[0]
    about = {
        "district_id": HERE,
        "entitlement_id": line.entitlement_id,
        "person_id": ANNE,
        "line_id": line.line_id,
        "attempt": 1,
    }
    if undone == "voided":
        world.add(BatchVoided, batch, district_id=HERE, reason="wrong_lines")
    elif undone == "rejected":
        world.answer(batch, line.line_id, "rejected")
    elif undone == "released":
        world.add(LineReleased, named("entitlement"), **about)
    else:
        more = {"amount_cents": 75_000, "reason": "settled", "board_reference": "Minute 5"}
        world.add(LineWrittenOff, named("entitlement"), **about, **more)
    assert [one.amount_cents for one in owed(connection, world)] == [18_750]


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_paid_stays_after_a_revocation_where_the_rule_says_so(
    connection: Connection[Any],
    kept: bool,  # noqa: FBT001
) -> None:
    """300 in two parts of 150, one of them paid: it stays, the other is never paid.

    Without the words in the rule, 150 are to be taken back.
    """
    world = employed(ANNE)
    world.adopt_rule(
        plain_rule(
            revocation={"if_paid": "keep"} if kept else {},
            timing={"instalments": {"count": 2, "months": 6}},
        )
    )
    award = world.award(ANNE, CREDENTIALS[0], MARCH)
    assert award is not None
    lines = [line_of(one) for one in owed(connection, world, PAID)]
    assert [line.amount_cents for line in lines] == [15_000]
    world.close(lines, PAID)
    world.turn(award)
    found = owed(connection, world)
    assert [(one.instalment, one.amount_cents) for one in found] == ([(1, 15_000)] if kept else [])
    back = [one.amount_cents for one in proposed(connection, world, {PAID: lines})]
    assert back == ([] if kept else [-15_000])
    (payout,) = of_district(connection, HERE, effective_on=FAR)
    assert (payout.status, payout.amount_cents) == (("due", 15_000) if kept else ("not_due", 0))
    why = explain(connection, payout.payout_id, effective_on=FAR)
    assert why is not None
    stands = next(check for check in why.checks if check["rule"] == "stands")
    assert stands["inputs"].get("kept_instalments") == (["1"] if kept else None)


def test_unpaid_and_revoked_is_not_paid_where_only_what_was_paid_stays(
    connection: Connection[Any],
) -> None:
    world = employed(ANNE)
    world.adopt_rule(plain_rule(revocation={"if_paid": "keep"}))
    award = world.award(ANNE, CREDENTIALS[0], MARCH)
    assert award is not None
    world.turn(award)
    assert owed(connection, world) == []


def test_of_two_policies_that_exclude_each_other_the_one_that_paid_first_keeps_it(
    connection: Connection[Any],
) -> None:
    """Both owe 300 until one has paid; a batch with both of them leaves one, by the policy's id."""
    rule = plain_rule(exclusions=[{"kind": "not_compensated"}])
    for paying in (POLICIES[:1], POLICIES[1:2], POLICIES[:2]):
        world = employed(ANNE)
        for policy in POLICIES[:2]:
            world.adopt_rule(rule, policy)
        world.award(ANNE, CREDENTIALS[0], MARCH)
        found = owed(connection, world)
        assert len(found) == 2
        world.close([line_of(one) for one in found if one.policy_id in paying], PAID)
        (left,) = owed(connection, world)
        assert left.policy_id == min(paying)
        reasons = {one.reason for one in of_district(connection, HERE, effective_on=FAR)}
        assert reasons == {None, "already_compensated"}


KINDS = ["award"] * 4 + [
    "turn",
    "turn",
    "leave",
    "close",
    "close",
    "void",
    "reject",
    "rule",
    "rule",
]


def test_what_was_paid_to_a_record_that_is_merged_was_paid_to_the_person(
    connection: Connection[Any],
) -> None:
    """300 paid to the other record, then merged, then revoked: the payment stays with her."""
    world = employed(ANNE, BERTHA)
    world.adopt_rule(plain_rule(revocation={"if_paid": "keep"}))
    award = world.award(BERTHA, CREDENTIALS[0], MARCH)
    assert award is not None
    pay(connection, world)
    play(connection, PAYOUTS, world.facts)
    position = world.add(
        PersonsMerged,
        MERGES,
        person_id=ANNE,
        merged_id=BERTHA,
        reason="duplicate_account",
        requested_by=named("one"),
        confirmed_by=named("another"),
    )
    with connection.transaction():
        write(connection, PAYOUTS.merge(world.facts[-1], connection))
        PAYOUTS.finish(connection)
    world.turn(award)
    revoked = world.facts[-1].event.model_copy(update={"person_id": ANNE})
    play_on(connection, PAYOUTS, [Fact(position + 1, revoked)])
    (part,) = parts(connection, HERE, effective_on=FAR)
    assert (part.person_id, part.amount_cents) == (ANNE, 30_000)


def waits_and_pays(connection: Connection[Any]) -> list[tuple[UUID, str | None]]:
    found = of_district(connection, HERE, effective_on=FAR)
    return [(one.person_id, one.reason) for one in found]


@pytest.mark.parametrize("by_rule", [True, False])
def test_who_was_paid_from_a_budget_stands_before_who_comes_back_to_it(
    connection: Connection[Any],
    by_rule: bool,  # noqa: FBT001
) -> None:
    """A budget of 300: Anne is revoked, so Bertha is paid, and Anne's reinstatement comes late.

    The board has adopted the same again meanwhile, which takes nothing from who was paid.

    Once the batch is voided nobody was paid, and Anne has her old place again.
    """
    world = employed(ANNE, BERTHA)
    world.years(2025)

    def adopt() -> None:
        if by_rule:
            world.adopt_rule(plain_rule(pool={"budget_cents": 30_000}))
        else:
            world.adopt(POLICIES[2], HERE, terms(budget_cents_per_year=30_000))

    adopt()
    first, second = (world.award(person, CREDENTIALS[0], MAY) for person in (ANNE, BERTHA))
    assert first is not None
    assert second is not None
    world.turn(first)
    batch = world.close([line_of(one) for one in owed(connection, world)], PAID)
    adopt()  # once more, so that everybody is judged anew
    world.turn(first)
    play(connection, PAYOUTS, world.facts)
    assert waits_and_pays(connection) == [(ANNE, "budget_exhausted"), (BERTHA, None)]
    waiting = next(one for one in of_district(connection, HERE, effective_on=FAR) if one.reason)
    told = explain(connection, waiting.payout_id, effective_on=FAR)
    assert told is not None
    assert told.budget is not None
    assert (told.budget.claimed_ahead_cents, told.budget.left_cents) == (30_000, 0)
    world.add(BatchVoided, batch, district_id=HERE, reason="wrong_lines")
    play(connection, PAYOUTS, world.facts)
    assert waits_and_pays(connection) == [(ANNE, None), (BERTHA, "budget_exhausted")]


@pytest.mark.parametrize("by_rule", [True, False])
def test_what_was_paid_stands_first_when_its_award_comes_back_and_when_the_budget_is_new(
    connection: Connection[Any],
    by_rule: bool,  # noqa: FBT001
) -> None:
    """Bertha is paid 300; only then a budget of 300 is adopted, and both awards come back."""
    world = employed(ANNE, BERTHA)
    world.years(2025)

    def adopt(**budget: Any) -> None:
        if by_rule:
            world.adopt_rule(plain_rule(**({"pool": budget} if budget else {})))
        else:
            year = {"budget_cents_per_year": budget["budget_cents"]} if budget else {}
            world.adopt(POLICIES[2], HERE, terms(**year))

    adopt()
    first, second = (world.award(person, CREDENTIALS[0], MAY) for person in (ANNE, BERTHA))
    assert first is not None
    assert second is not None
    world.turn(first)
    lines = [line_of(one) for one in owed(connection, world)]
    assert [line.person_id for line in lines] == [BERTHA]
    world.close(lines, PAID)
    adopt(budget_cents=30_000)
    for award in (second, first, second):
        world.turn(award)
    assert proposed(connection, world, {PAID: lines}) == []
    assert waits_and_pays(connection) == [(ANNE, "budget_exhausted"), (BERTHA, None)]
    at_once = dump(connection, PAYOUTS)
    play(connection, PAYOUTS, *([fact] for fact in world.facts))
    assert dump(connection, PAYOUTS) == at_once


@pytest.mark.parametrize("by_rule", [True, False])
def test_what_rises_after_it_was_paid_waits_with_its_rise_alone(
    connection: Connection[Any],
    by_rule: bool,  # noqa: FBT001
) -> None:
    """A budget of 700, 300 paid to each of two; at 380 each, 680 is there for one rise of 80.

    Bertha keeps what she was paid: 760 are more than there is.
    """
    world = employed(ANNE, BERTHA)
    world.years(2025)

    def adopt(cents: int) -> None:
        if by_rule:
            amount = [{"name": "flat", "basis": {"kind": "flat", "amount_cents": cents}}]
            world.adopt_rule(plain_rule(amount=amount, pool={"budget_cents": 70_000}))
        else:
            flat = FlatAmount(amount_cents=cents)
            world.adopt(POLICIES[2], HERE, terms(amount=flat, budget_cents_per_year=70_000))

    adopt(30_000)
    for person in (ANNE, BERTHA):
        assert world.award(person, CREDENTIALS[0], MAY) is not None
    lines = [line_of(one) for one in owed(connection, world)]
    world.close(lines, PAID)
    adopt(38_000)
    found = [
        (one.person_id, one.amount_cents) for one in proposed(connection, world, {PAID: lines})
    ]
    assert found == [(ANNE, 8_000)]
    told = {one.person_id: one for one in of_district(connection, HERE, effective_on=FAR)}
    bertha = told[BERTHA]
    assert (bertha.status, bertha.reason) == ("due", "budget_exhausted")
    assert (bertha.terms_cents, bertha.amount_cents) == (38_000, 30_000)
    (total,) = totals(connection, HERE, effective_on=FAR)
    assert (total.due, total.due_cents, total.pending_cents) == (2, 68_000, 0)
    why = explain(connection, bertha.payout_id, effective_on=FAR)
    assert why is not None
    assert why.budget is not None
    assert (why.budget.claimed_ahead_cents, why.budget.left_cents) == (38_000, 32_000)


def test_a_year_that_begins_with_what_was_paid_ends_where_it_does_however_a_log_is_cut(
    connection: Connection[Any],
) -> None:
    """Anne was paid, and another version puts May into the year that follows; Bertha comes back."""
    world = employed(ANNE, BERTHA)
    world.adopt(POLICIES[2], HERE, terms(budget_cents_per_year=70_000))
    first, _ = (world.award(person, CREDENTIALS[0], MAY) for person in (BERTHA, ANNE))
    assert first is not None
    world.turn(first)
    world.close([line_of(one) for one in owed(connection, world)], PAID)
    world.adopt(POLICIES[2], HERE, terms(budget_cents_per_year=70_000, year_starts_month=5))
    world.turn(first)
    play(connection, PAYOUTS, world.facts)
    at_once = dump(connection, PAYOUTS)
    play(connection, PAYOUTS, *([fact] for fact in world.facts))
    assert dump(connection, PAYOUTS) == at_once
    assert waits_and_pays(connection) == [(BERTHA, None), (ANNE, None)]


def test_a_late_document_takes_nothing_from_who_was_paid(connection: Connection[Any]) -> None:
    """A budget of 300, and Anne's papers come in once Bertha was paid: nothing is taken back."""
    world = employed(ANNE, BERTHA)
    world.years(2025)
    papers = {"kind": "documents", "documents": ["transcript"]}
    world.adopt_rule(plain_rule(pool={"budget_cents": 30_000}, preconditions=[papers]))
    for person in (ANNE, BERTHA):
        assert world.award(person, CREDENTIALS[0], MAY) is not None
    paper: dict[str, Any] = {"document": "transcript", "received_on": MAY}
    held = {one.person_id: stream for stream, one in world.awards.items()}
    world.file(BERTHA, DocumentReceived(subject_id=held[BERTHA], **paper))
    lines = [line_of(one) for one in owed(connection, world)]
    assert [line.person_id for line in lines] == [BERTHA]
    world.close(lines, PAID)
    world.file(ANNE, DocumentReceived(subject_id=held[ANNE], **paper))
    assert proposed(connection, world, {PAID: lines}) == []
    assert waits_and_pays(connection) == [(ANNE, "budget_exhausted"), (BERTHA, None)]


ASKING = [
    plain_rule(
        clawback={"schedule": {"kind": "ladder", "rungs": [{"months": 12, "percent": 100}]}}
    ),
    plain_rule(revocation={"if_paid": "keep"}),
    plain_rule(exclusions=[{"kind": "not_compensated"}]),
    plain_rule(pool={"budget_cents": 70_000}),
    plain_rule(),
]


@st.composite
def paid_worlds(draw: st.DrawFn) -> RuledWorld:
    """Awards, batches with lines for whatever was awarded, answers and separations in any order."""
    world = employed(ANNE, BERTHA)
    closed: list[tuple[UUID, list[BatchLine]]] = []
    for kind in draw(st.permutations(KINDS)):
        _paid_world_step(world, kind, draw, closed)
    return world


def _paid_world_step(
    world: RuledWorld, kind: str, draw: st.DrawFn, closed: list[tuple[UUID, list[BatchLine]]]
) -> None:
    if kind == "award":
        person = draw(st.sampled_from([ANNE, BERTHA]))
        world.award(person, draw(st.sampled_from(CREDENTIALS)), draw(st.sampled_from(DAYS)))
    elif kind == "turn" and world.awards:
        world.turn(draw(st.sampled_from(sorted(world.awards))))
    elif kind == "leave":
        day = draw(st.sampled_from(DAYS))
        world.file(ANNE, SeparationRecorded(reason="resignation", last_day=day))
    elif kind == "rule":
        for policy in POLICIES[:2]:
            world.adopt_rule(draw(st.sampled_from(ASKING)), policy)
        month = draw(st.sampled_from([5, 7]))
        budget = terms(budget_cents_per_year=70_000, year_starts_month=month)
        world.adopt(POLICIES[2], HERE, budget)
    elif world.awards:
        _payroll_step(world, kind, closed)


def _payroll_step(world: RuledWorld, kind: str, closed: list[tuple[UUID, list[BatchLine]]]) -> None:
    if kind == "close":
        lines = world.lines(POLICIES[:3], attempt=len(closed) + 1)
        closed.append((world.close(lines, PAID, len(closed) + 1), lines))
    elif kind == "void" and closed:
        world.add(BatchVoided, closed[-1][0], district_id=HERE, reason="wrong_lines")
    elif kind == "reject" and closed:
        batch, lines = closed[0]
        world.answer(batch, lines[0].line_id, "rejected")


@given(paid_worlds(), st.data())
@settings(max_examples=FEW)
def test_it_does_not_matter_how_a_log_with_batches_is_cut(
    connection: Connection[Any], world: RuledWorld, data: st.DataObject
) -> None:
    at_once, one_by_one, cut = dumps_however_cut(connection, PAYOUTS, world.facts, data)
    assert at_once == one_by_one == cut

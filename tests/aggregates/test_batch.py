"""One batch as an aggregate: the order of its states, and what answers change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from ledger.aggregates.batch import (
    Batch,
    BatchIncompleteError,
    BatchOpenError,
    BatchStateError,
    WarningsUnseenError,
)
from ledger.aggregates.batch_answers import Answer
from ledger.aggregates.batch_draft import (
    LineTooLargeError,
    PeriodClosedError,
    draft,
    list_lines,
)
from ledger.aggregates.batch_returns import AnsweredBatch, VarianceUnexplainedError
from ledger.errors import NothingChangesError
from ledger.events.batch import BatchLine, BatchWarningsAcknowledged, StoredFile
from ledger.rules.batch_comparison import Comparison, Difference
from ledger.rules.payroll import totals
from ledger.rules.payroll_lines import lines_of_batch
from tests.rules.test_payroll import TERMS, payable
from tests.samples import DISTRICT, act, named

FILE = StoredFile(file_id=named("file"), size_bytes=1, ciphertext_sha256=f"sha256:{'0' * 64}")
HMAC = f"hmac-sha256:{'0' * 64}"
PAY_DATE = date(2024, 12, 13)
OFFICE, SECOND, THIRD = map(named, ("office", "second", "third"))


def lines(*cents: int) -> list[BatchLine]:
    owed = [payable(place, amount) for place, amount in enumerate(cents)]
    return lines_of_batch(owed, [], {}, {}, TERMS)


def drafted(made: Sequence[BatchLine], **changed: Any) -> list[Any]:
    given: dict[str, Any] = {
        "district_id": DISTRICT,
        "number": 1,
        "pay_date": PAY_DATE,
        "through_position": 9,
        "closed_until": None,
        "terms_version": 1,
        "terms": TERMS,
        "lines": made,
    }
    return list(draft(named("batch"), act(OFFICE), **{**given, **changed}))


def fold(events: Sequence[Any]) -> AnsweredBatch:
    batch = AnsweredBatch.fold(None, events)
    assert batch is not None
    return batch


def exported(made: Sequence[BatchLine], **changed: Any) -> list[Any]:
    events = drafted(made, **changed)
    events += fold(events).freeze(act(OFFICE), file=FILE, listed=len(made))
    events += fold(events).approve(act(SECOND))
    if not fold(events).closed:
        events += fold(events).approve(act(THIRD))
    events += fold(events).export(act(OFFICE), layout="csv", layout_version=1, file=FILE)
    return events


def answered(events: list[Any], *answers: Answer) -> list[Any]:
    more = fold(events).record_return(act(), file=FILE, file_hmac=HMAC, answers=answers)
    return [*events, *more]


def test_a_batch_goes_through_its_states_in_order() -> None:
    made = lines(100, 200)
    events = drafted(made)
    assert fold(events).state == "drafted"
    steps: tuple[Callable[[AnsweredBatch], object], ...] = (
        lambda batch: batch.approve(act(SECOND)),
        lambda batch: batch.export(act(), layout="csv", layout_version=1, file=FILE),
        lambda batch: batch.record_return(act(), file=FILE, file_hmac=HMAC, answers=[]),
        lambda batch: batch.reconcile(act(), explanation=None),
    )
    for step in steps:
        with pytest.raises(BatchStateError):
            step(fold(events))
    with pytest.raises(BatchOpenError):
        fold(events).must_be_done()
    events = exported(made)
    assert fold(events).state == "exported"
    fold(events).must_be_done()
    with pytest.raises(NothingChangesError):
        fold(events).export(act(), layout="csv", layout_version=1, file=FILE)
    for line in made:
        events = answered(events, Answer(line_id=line.line_id, status="accepted"))
    assert fold(events).state == "acknowledged"
    events += fold(events).reconcile(act(), explanation=None)
    assert fold(events).state == "reconciled"


def test_lines_are_listed_in_events_that_are_small_enough() -> None:
    made = lines(*range(1, 3_602))
    events = drafted(made)
    assert [type(event).__name__ for event in events] == ["BatchDrafted"] + 6 * ["BatchLinesListed"]
    assert [event.originator_version for event in events] == [1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(BatchIncompleteError, match="3000 of 3601"):
        fold(events).freeze(act(OFFICE), file=FILE, listed=3_000)
    rest = made[3_000:]
    events += list_lines(named("batch"), act(OFFICE), district_id=DISTRICT, after=7, lines=rest)
    assert [event.originator_version for event in events[7:]] == [8, 9]
    assert list(fold(events).lines.values()) == made
    fold(events).must_be_drafted(listed=3_601)


def test_a_thousand_answers_are_one_return_in_pieces() -> None:
    made = lines(*range(1, 1_202))
    events = exported(made)
    answers = [Answer(line_id=line.line_id, status="accepted") for line in made]
    done = answered(events, *answers)
    names = [type(event).__name__ for event in done[len(events) :]]
    assert names == ["ReturnRecorded"] + 3 * ["ReturnLinesListed"]
    assert done[len(events)].accepted == 1_201
    assert fold(done).state == "acknowledged"


def test_a_pay_date_comes_after_what_is_closed() -> None:
    with pytest.raises(PeriodClosedError):
        drafted([], closed_until=PAY_DATE)
    voided = fold(drafted([], closed_until=date(2024, 11, 29)))
    events = [*drafted([], closed_until=date(2024, 11, 29)), *voided.void(act(), reason="test_run")]
    assert fold(events).closed_until == date(2024, 11, 29)
    assert fold(exported([])).closed_until == PAY_DATE


def test_two_approve_what_takes_out_more_than_the_threshold_says() -> None:
    terms = TERMS.model_copy(update={"second_approval_above_cents": 250})
    assert drafted(lines(250), terms=terms)[0].approvals_needed == 1
    assert drafted(lines(251), terms=terms)[0].approvals_needed == 2
    assert fold(exported(lines(251), terms=terms)).approvers == (SECOND, THIRD)


def test_an_answer_out_of_order_changes_nothing() -> None:
    [line] = lines(100)
    events = answered(
        exported([line]),
        Answer(line_id=line.line_id, status="accepted", paid_cents=100, paid_on=PAY_DATE),
    )
    for late in (
        Answer(line_id=line.line_id, status="pending"),
        Answer(line_id=line.line_id, status="accepted", paid_cents=100),
    ):
        with pytest.raises(NothingChangesError):
            answered(events, late)


def test_a_payment_that_follows_an_acceptance_is_news() -> None:
    [line] = lines(100)
    events = answered(exported([line]), Answer(line_id=line.line_id, status="accepted"))
    paid = Answer(line_id=line.line_id, status="accepted", paid_on=PAY_DATE)
    assert fold(answered(events, paid)).answers[line.line_id].paid_on == PAY_DATE


def test_another_amount_is_an_exception_and_settles_nothing() -> None:
    [line] = lines(100)
    events = answered(
        exported([line]), Answer(line_id=line.line_id, status="accepted", paid_cents=90)
    )
    assert fold(events).state == "exported"
    assert fold(events).variance.variance_cents == 10
    with pytest.raises(VarianceUnexplainedError):
        fold(events).reconcile(act(), explanation=None)
    signed = fold(events).reconcile(act(), explanation="corrected_by_hand")
    assert signed[0].variance_cents == 10  # type: ignore[union-attr]  # a BatchReconciled
    right = Answer(line_id=line.line_id, status="accepted", paid_cents=100)
    assert fold(answered(events, right)).state == "acknowledged"


def test_what_contradicts_is_kept_once_and_does_not_count() -> None:
    [line] = lines(100)
    events = answered(exported([line]), Answer(line_id=line.line_id, status="rejected"))
    other = Answer(line_id=line.line_id, status="accepted", paid_cents=100)
    events = answered(events, other)
    assert fold(events).answers[line.line_id].status == "rejected"
    assert len(fold(events).disputed) == 1
    with pytest.raises(NothingChangesError):
        answered(events, other)


def test_a_batch_without_its_lines_comes_as_far_as_one_with_them() -> None:
    made = lines(100, 200)
    events = exported(made)
    events = answered(events, *(Answer(line_id=one.line_id, status="accepted") for one in made))
    for length in range(1, len(events) + 1):
        seen = [event for event in events[:length] if event.TOPIC not in Batch.UNREAD]
        alone, whole = Batch.fold(None, seen), fold(events[:length])
        assert alone is not None
        assert alone.state == ("exported" if whole.state == "acknowledged" else whole.state)
        shared = ("drafted", "preparers", "file", "approvals", "exports", "returns")
        assert all(getattr(alone, name) == getattr(whole, name) for name in shared)


def test_a_stream_that_is_drafted_twice_or_never_is_not_folded() -> None:
    events = drafted(lines(100))
    with pytest.raises(AssertionError, match="drafted once"):
        fold([*events, events[0]])
    with pytest.raises(AssertionError, match="begins as a draft"):
        fold(fold(events).void(act(), reason="test_run"))


def test_what_is_voided_says_so_whatever_came_before() -> None:
    made = lines(100)
    approved = exported(made)[:-1]
    assert fold(approved).state == "closed"
    for events in (drafted(made), approved):
        voided = [*events, *fold(events).void(act(), reason="test_run")]
        assert fold(voided).state == "voided"


def test_whoever_approves_has_seen_as_many_warnings_as_there_are() -> None:
    """A teacher is paid ten times as much as in the batch before."""
    made = lines(100_000)
    events = drafted(made)
    frozen = [*events, *fold(events).freeze(act(OFFICE), file=FILE, listed=len(made))]
    paid, person = (10_000, 100_000), made[0].person_id
    warnings = (Difference("sum", None, *paid), Difference("person", person, *paid))
    before, now = (totals([cents]) for cents in paid)
    compared = Comparison(7, before, now, 0, 0, warnings)
    for seen in (0, 1, 3):
        with pytest.raises(WarningsUnseenError):
            fold(frozen).approve(act(SECOND), compared=compared, warnings_seen=seen)
    told, *approved = fold(frozen).approve(act(SECOND), compared=compared, warnings_seen=2)
    assert isinstance(told, BatchWarningsAcknowledged)
    assert (told.compared_with, told.warnings) == (7, 2)
    assert fold([*frozen, told, *approved]).approvers == (SECOND,)


def test_without_a_batch_before_there_is_nothing_to_have_seen() -> None:
    events = drafted(lines(100))
    frozen = [*events, *fold(events).freeze(act(OFFICE), file=FILE, listed=1)]
    assert fold([*frozen, *fold(frozen).approve(act(SECOND))]).approvers == (SECOND,)
    with pytest.raises(WarningsUnseenError):
        fold(frozen).approve(act(SECOND), warnings_seen=1)


def test_a_line_above_the_ceiling_is_not_drafted_and_one_at_it_is() -> None:
    terms = TERMS.model_copy(update={"line_cents_max": 250})
    assert drafted(lines(250), terms=terms)
    with pytest.raises(LineTooLargeError, match="1 lines are above 250 cents"):
        drafted(lines(250, 251), terms=terms)


def test_an_answer_about_a_line_that_is_none_of_ours_is_kept_once() -> None:
    """In the same return, and in one that follows it."""
    made = lines(100)
    strange = Answer(line_id=named("strange"), status="accepted")
    known = Answer(line_id=made[0].line_id, status="accepted")
    events = answered(exported(made), strange, strange, known)
    assert fold(events).quarantined == {named("strange")}
    with pytest.raises(NothingChangesError):
        answered(events, strange)

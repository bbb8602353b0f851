"""A dispute has thirty days to be answered, one answer, and her words beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.aggregates.dispute import Dispute, Disputed, DisputeOverError, due_on, open_dispute
from ledger.errors import NothingChangesError
from ledger.events.dispute import DisputeOpened
from ledger.values import VaultText
from tests.samples import APPROVER, EARNER, act, named

WORDS = VaultText(text_id=named("words"), ciphertext_sha256=f"sha256:{'0' * 64}")
OTHER = VaultText(text_id=named("other words"), ciphertext_sha256=f"sha256:{'1' * 64}")
LATE = datetime(2024, 9, 2, 1, tzinfo=UTC)  # still the first of September in Chicago


def dispute() -> Dispute:
    events = open_dispute(
        named("dispute"),
        act(EARNER, LATE),
        person_id=EARNER,
        disputed=Disputed(
            about="award",
            subject_id=named("award"),
            office_kind="issuer",
            office_id=named("issuer"),
            zone="America/Chicago",
        ),
        number=1,
        statement=WORDS,
    )
    [opened] = events
    assert isinstance(opened, DisputeOpened)
    assert (opened.opened_on, opened.due_on) == (date(2024, 9, 1), date(2024, 10, 1))
    state = Dispute.fold(None, events)
    assert state is not None
    return state


def after(state: Dispute, events: object) -> Dispute:
    later = Dispute.fold(state, events)  # type: ignore[arg-type]  # of whichever command
    assert later is not None
    return later


def answered() -> Dispute:
    one = dispute()
    answer = one.answer(act(APPROVER), outcome="declined", reason="no-error", words=None)
    return after(one, answer)


def test_the_last_day_in_time_is_thirty_calendar_days_later() -> None:
    assert due_on(date(2024, 9, 1)) == date(2024, 10, 1)
    assert due_on(date(2024, 1, 31)) == date(2024, 3, 1), "across a leap day"


def test_it_is_answered_once() -> None:
    with pytest.raises(DisputeOverError):
        answered().answer(act(APPROVER), outcome="upheld", reason="again", words=WORDS)


def test_she_has_the_last_word_and_may_change_it() -> None:
    one = answered()
    said = after(one, one.rebut(act(EARNER), rebuttal=WORDS))
    assert said.rebuttal == WORDS
    with pytest.raises(NothingChangesError):
        said.rebut(act(EARNER), rebuttal=WORDS)
    assert after(said, said.rebut(act(EARNER), rebuttal=OTHER)).rebuttal == OTHER


def test_what_is_withdrawn_is_over() -> None:
    for one in (dispute(), answered()):
        over = after(one, one.withdraw(act(EARNER)))
        with pytest.raises(DisputeOverError):
            over.withdraw(act(EARNER))
        with pytest.raises(DisputeOverError):
            over.rebut(act(EARNER), rebuttal=WORDS)
        with pytest.raises(DisputeOverError):
            over.answer(act(APPROVER), outcome="upheld", reason="late", words=None)


def test_a_stream_that_opens_twice_or_never_is_not_folded() -> None:
    one = dispute()
    opened = open_dispute(
        one.id,
        act(EARNER),
        person_id=EARNER,
        disputed=one.disputed,
        number=1,
        statement=WORDS,
    )
    with pytest.raises(AssertionError, match="opened once"):
        Dispute.fold(one, opened)
    with pytest.raises(AssertionError, match="begins by being opened"):
        Dispute.fold(None, one.withdraw(act(EARNER)))

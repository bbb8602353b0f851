"""A share is granted until a day, begins with the awards, and ends at once when she says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.aggregates.share import (
    DAYS_MAX,
    ENROLLMENTS_MAX,
    Recipient,
    Share,
    ShareExpiryError,
    ShareScopeError,
    ShareTerms,
    grant,
)
from ledger.errors import NothingChangesError
from tests.samples import EARNER, MONDAY, act, named

TODAY = MONDAY.date()
DISTRICT = Recipient(kind="district", id=named("district"))


def terms(**changed: Any) -> ShareTerms:
    fields: dict[str, Any] = {
        "scope": ("awards",),
        "enrollment_ids": (),
        "purpose": "employment",
        "zone": "UTC",
        "expires_on": TODAY + timedelta(days=30),
    }
    return ShareTerms(**fields | changed)


def share(**changed: Any) -> Share:
    events = grant(
        named("share"), act(EARNER), person_id=EARNER, recipient=DISTRICT, terms=terms(**changed)
    )
    state = Share.fold(None, events)
    assert state is not None
    return state


@pytest.mark.parametrize("scope", [(), ("evidence",), ("hours", "scores")])
def test_a_share_without_awards_is_refused(scope: tuple[str, ...]) -> None:
    with pytest.raises(ShareScopeError):
        share(scope=scope)


def test_parts_and_awards_are_kept_once_and_in_one_order() -> None:
    one, other = sorted((named("one"), named("other")))
    made = share(scope=("scores", "awards", "scores"), enrollment_ids=(other, one, other))
    assert made.terms.scope == ("awards", "scores")
    assert made.terms.enrollment_ids == (one, other)


@pytest.mark.parametrize("days", [-1, 0, DAYS_MAX + 1])
def test_a_share_ends_after_today_and_within_five_years(days: int) -> None:
    with pytest.raises(ShareExpiryError):
        share(expires_on=TODAY + timedelta(days=days))


def test_today_is_a_day_where_she_is() -> None:
    late = datetime(2024, 9, 2, 1, tzinfo=UTC)  # still the first of September in Chicago
    events = grant(
        named("share"),
        act(EARNER, late),
        person_id=EARNER,
        recipient=DISTRICT,
        terms=terms(zone="America/Chicago", expires_on=date(2024, 9, 2)),
    )
    made = Share.fold(None, events)
    assert made is not None
    assert made.standing(late) == "active"
    assert made.standing(datetime(2024, 9, 2, 4, 59, tzinfo=UTC)) == "active"
    assert made.standing(datetime(2024, 9, 2, 5, tzinfo=UTC)) == "expired"


def test_thirty_days_are_shown_and_the_thirty_first_is_not() -> None:
    made = share(expires_on=TODAY + timedelta(days=30))
    shown = [made.standing(MONDAY + timedelta(days=n)) for n in range(31)]
    assert shown == ["active"] * 30 + ["expired"]


def test_what_she_ended_is_ended_and_nothing_ends_twice() -> None:
    made = share()
    ended = Share.fold(made, made.revoke(act(EARNER)))
    assert ended is not None
    assert ended.standing(MONDAY) == "revoked"
    assert ended.standing(MONDAY + timedelta(days=60)) == "revoked", "and not expired"
    with pytest.raises(NothingChangesError):
        ended.revoke(act(EARNER))


def test_a_share_names_two_hundred_awards_at_the_most() -> None:
    awards = tuple(named(f"award {number}") for number in range(ENROLLMENTS_MAX))
    assert len(share(enrollment_ids=awards).terms.enrollment_ids) == ENROLLMENTS_MAX
    with pytest.raises(ShareScopeError):
        share(enrollment_ids=(*awards, named("one more")))

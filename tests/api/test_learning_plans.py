"""How far a plan has come, and where a line of it stands on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.learning_plans import progress, state_of
from ledger.rules.learning_plans import State
from projections.learning import Plan
from projections.transcript import Line
from tests.samples import CREDENTIAL, EARNER, ISSUER, named

DAY = date(2025, 3, 1)


def line(name: str = "first", at: int = 1, **changed: Any) -> Line:
    return Line(
        enrollment_id=named(name),
        person_id=EARNER,
        enrolled_position=at,
        credential_id=CREDENTIAL,
        credential_version=1,
        issuer_id=ISSUER,
        cycle=1,
        renews_enrollment_id=None,
        enrolled_at=datetime(2025, 1, 1, tzinfo=UTC),
        **changed,
    )


AWARDED: dict[str, Any] = {"status": "awarded", "awarded_on": date(2025, 2, 1)}


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "enrolled"),
        ({"status": "submitted"}, "in_review"),
        ({"status": "returned"}, "returned"),
        ({"status": "not_yet"}, "not_yet"),
        ({"status": "held"}, "held"),
        ({"status": "withdrawn"}, "withdrawn"),
        (AWARDED, "earned"),
        (AWARDED | {"awarded_on": DAY}, "earned"),
        (AWARDED | {"awarded_on": date(2025, 3, 2)}, "in_review"),
        (AWARDED | {"expires_on": date(2025, 3, 2)}, "earned"),
        (AWARDED | {"expires_on": DAY}, "expired"),
        (AWARDED | {"status": "revoked", "revoked_on": DAY}, "revoked"),
        (AWARDED | {"status": "revoked", "revoked_on": date(2025, 3, 2)}, "earned"),
    ],
)
def test_where_a_line_stands_on_a_day(changed: dict[str, Any], state: State) -> None:
    assert state_of(line(**changed), DAY) == state


@pytest.mark.parametrize(
    ("lines", "state", "about"),
    [
        ([], "planned", None),
        ([line("old", 1, **AWARDED), line("renewal", 2)], "earned", "old"),
        ([line("old", 1, **AWARDED, expires_on=DAY), line("renewal", 2)], "enrolled", "renewal"),
        ([line("new", 2, status="submitted"), line("old", 1)], "in_review", "new"),
    ],
)
def test_an_award_in_force_outweighs_what_was_begun_since(
    lines: list[Line], state: State, about: str | None
) -> None:
    plan = Plan(
        plan_id=named("plan"),
        person_id=EARNER,
        version=2,
        title_text_id=named("title"),
        created_at=datetime(2025, 1, 1, tzinfo=UTC),
        created_position=1,
        credential_ids=[CREDENTIAL],
    )
    [shown] = progress(plan, {CREDENTIAL: lines}, {}, title=None, day=DAY).lines
    assert (shown.state, shown.enrollment_id) == (state, named(about) if about else None)

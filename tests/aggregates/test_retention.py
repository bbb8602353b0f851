"""Holds and erasures of one subject, as a pure aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from ledger.aggregates import retention as retentions
from ledger.aggregates.base import Act
from ledger.aggregates.retention import (
    ErasureUnderwayError,
    ReasonUnfitError,
    Retention,
    Stage,
    Subject,
)
from ledger.errors import NotFoundError, NothingChangesError
from ledger.events import AnyRetentionEvent
from ledger.rules.retention import NOTHING, Hindrance
from ledger.values import local_date
from tests.samples import DISTRICT, EARNER, MONDAY, OPERATOR

ACT = Act(actor_id=OPERATOR, at=MONDAY)
HER = Subject(EARNER)
HOLD = uuid4()
WAITS = Hindrance(("payroll-retention",), date(2030, 2, 1))
LONGER = Hindrance(("employed",), None)


def after(*steps: Sequence[AnyRetentionEvent]) -> Retention:
    found = Retention.fold(None, [event for step in steps for event in step])
    assert found is not None
    return found


def asked(hindrance: Hindrance = NOTHING, known: Retention | None = None) -> Any:
    return retentions.request(
        known, HER, ACT, reason="subject-request", hindrance=hindrance, zone="America/Chicago"
    )


def held(known: Retention | None = None) -> Any:
    return retentions.place_hold(
        known, HER, ACT, hold_id=HOLD, reason="litigation", authority_id=DISTRICT
    )


def confirmed(known: Retention) -> Any:
    return known.confirm(ACT, key_id=uuid4(), texts=3, files=1, tombstones=2)


def test_what_nothing_hinders_is_begun_with_the_request() -> None:
    events = asked()
    assert [event.TOPIC for event in events] == [
        "retention.erasure-requested.v1",
        "retention.erasure-begun.v1",
    ]
    assert [event.originator_version for event in events] == [1, 2]
    assert {event.originator_id for event in events} == {HER.stream}
    assert after(events).stage is Stage.BEGUN
    assert events[1].begun_on == local_date(MONDAY, "America/Chicago")


def test_what_is_hindered_is_deferred_and_begins_later() -> None:
    waiting = after(asked(WAITS))
    assert waiting.erasure is not None
    assert (waiting.stage, waiting.erasure.grounds) == (Stage.DEFERRED, ("payroll-retention",))
    with pytest.raises(NothingChangesError, match="2030-02-01"):
        asked(WAITS, waiting)
    longer = after(asked(WAITS), asked(LONGER, waiting))
    assert longer.erasure is not None
    assert longer.erasure.allowed_from is None
    begun = after(asked(WAITS), asked(NOTHING, waiting))
    assert begun.destroying
    assert begun.erasure is not None
    assert begun.erasure.grounds == ()


def test_given_a_file_that_waits_when_a_weightier_reason_is_given_then_that_one_stands() -> None:
    file = Subject(EARNER, uuid4(), uuid4())
    review = Hindrance(("under-review",), None)

    def ask(reason: Any, hindrance: Hindrance, known: Retention | None = None) -> Any:
        zone = "America/Chicago"
        return retentions.request(known, file, ACT, reason=reason, hindrance=hindrance, zone=zone)

    first = ask("subject-request", review)
    waits = after(first)
    assert retentions.standing_reason(waits, "retention-ended") == "subject-request"
    assert retentions.standing_reason(waits, "court-order") == "court-order"
    second = ask("student-data", NOTHING, waits)
    assert [event.TOPIC for event in second] == [
        "retention.erasure-requested.v1",
        "retention.erasure-begun.v1",
    ]
    begun = after(first, second)
    assert begun.erasure is not None
    assert (begun.stage, begun.erasure.reason) == (Stage.BEGUN, "student-data")
    held = after(first, ask("student-data", Hindrance(("legal-hold",), None), waits))
    assert held.erasure is not None
    assert (held.stage, held.erasure.reason) == (Stage.DEFERRED, "student-data")
    assert retentions.standing_reason(held, "subject-request") == "student-data"


def test_what_was_begun_may_be_deferred_until_it_is_confirmed() -> None:
    begun = after(asked())
    back = after(asked(), begun.go_on(ACT, LONGER, "UTC"))
    assert back.stage is Stage.DEFERRED
    done = after(asked(), confirmed(begun))
    assert done.stage is Stage.ERASED
    assert done.erasure is not None
    assert done.erasure.erased_at == MONDAY
    for again in (NOTHING, LONGER):
        with pytest.raises(NothingChangesError):
            done.go_on(ACT, again, "UTC")
    with pytest.raises(NothingChangesError):
        confirmed(done)


def test_a_request_is_taken_back_before_it_begins_and_not_after() -> None:
    waiting = after(asked(WAITS))
    kept = after(asked(WAITS), waiting.withdraw(ACT))
    assert kept.erasure is None
    with pytest.raises(NothingChangesError):
        kept.withdraw(ACT)
    assert after(asked(WAITS), waiting.withdraw(ACT), asked(NOTHING, kept)).stage is Stage.BEGUN
    with pytest.raises(ErasureUnderwayError):
        after(asked()).withdraw(ACT)


def test_a_hold_stands_until_it_is_lifted() -> None:
    standing = after(held())
    assert standing.holds[HOLD].authority_id == DISTRICT
    lifted = standing.lift_hold(ACT, hold_id=HOLD, reason="matter-closed")
    assert after(held(), lifted).holds == {}
    assert after(held(), lifted).authorities == {HOLD: DISTRICT}
    with pytest.raises(NotFoundError):
        after(held(), lifted).lift_hold(ACT, hold_id=HOLD, reason="matter-closed")


def test_a_hold_comes_too_late_once_keys_are_destroyed() -> None:
    with pytest.raises(ErasureUnderwayError):
        held(after(asked()))
    assert held(after(asked(WAITS)))[0].originator_version == 3


def test_a_file_has_a_reason_that_a_person_has_not() -> None:
    options: dict[str, Any] = {"reason": "student-data", "hindrance": NOTHING, "zone": "UTC"}
    with pytest.raises(ReasonUnfitError):
        retentions.request(None, HER, ACT, **options)
    file = Subject(EARNER, uuid4(), uuid4())
    first, second = retentions.request(None, file, ACT, **options)
    assert first.evidence_id == second.evidence_id == file.evidence_id
    assert file.stream != HER.stream

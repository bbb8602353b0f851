"""What she is told: once in each district, and nothing of what she does not want to hear."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from ledger.aggregates.notification import Notifications
from ledger.errors import NothingChangesError
from ledger.events.notification import (
    NotificationKind,
    NotificationPreferenceSet,
    RecommendationDue,
    RecommendationSuppressed,
    Told,
)
from tests.given import Outcome, fact, given
from tests.samples import CREDENTIAL, DISTRICT, EARNER, STACK, act, header, named

STREAM = named("notifications")
OTHER_DISTRICT = named("other district")
FINISHES = Told(kind="finishes_stack", about_id=STACK, credential_id=None)
PAYS = Told(kind="pays", about_id=named("policy"), credential_id=CREDENTIAL)
PAYS_TOO = Told(kind="pays", about_id=named("policy"), credential_id=named("another"))
OF: dict[str, Any] = {"person_id": EARNER, "district_id": DISTRICT, "channel": "webhook"}


def state(one: Notifications | None) -> Notifications:
    return one or Notifications.none_yet(STREAM, EARNER)


def said(kind: NotificationKind, version: int = 1, *, wanted: bool) -> NotificationPreferenceSet:
    who = header(STREAM, version)
    return NotificationPreferenceSet(
        **who, person_id=EARNER, channel="webhook", kind=kind, wanted=wanted
    )


def prefers(*events: Any, wanted: bool) -> Outcome:
    return given(*events).when(
        lambda one: state(one).prefer(act(), channel="webhook", kind="pays", wanted=wanted)
    )


def recommends(
    *events: Any,
    due: Collection[Told],
    unwanted: Collection[NotificationKind] = (),
    district_id: UUID = DISTRICT,
) -> Outcome:
    return given(*events).when(
        lambda one: state(one).recommend(
            act(), district_id=district_id, channel="webhook", due=due, unwanted=unwanted
        )
    )


def test_she_says_what_she_wants_to_hear_and_says_the_same_once() -> None:
    no = fact(
        NotificationPreferenceSet, person_id=EARNER, channel="webhook", kind="pays", wanted=False
    )
    first = prefers(wanted=False).then(no)
    assert (first.id, first.person_id) == (STREAM, EARNER)
    assert first.wanted == {("webhook", "pays"): False}
    prefers(said("pays", wanted=False), wanted=False).then_refused(NothingChangesError)
    other = said("finishes_stack", wanted=False)
    both = prefers(other, wanted=True).then(NotificationPreferenceSet)
    assert both.wanted == {("webhook", "finishes_stack"): False, ("webhook", "pays"): True}
    changed = prefers(said("pays", wanted=False), wanted=True).then(NotificationPreferenceSet)
    assert changed.wanted == {("webhook", "pays"): True}


def test_she_is_told_of_each_thing_once_in_each_district() -> None:
    first = recommends(due=[FINISHES, PAYS])
    first.then(fact(RecommendationDue, **OF, told=(FINISHES, PAYS)))
    known = first.events
    recommends(*known, due=[PAYS, FINISHES]).then_refused(NothingChangesError)
    after = recommends(*known, due=[FINISHES, PAYS_TOO]).then(
        fact(RecommendationDue, **OF, told=(PAYS_TOO,))
    )
    assert after.told == {(DISTRICT, one) for one in (FINISHES, PAYS, PAYS_TOO)}
    elsewhere = recommends(*known, due=[FINISHES], district_id=OTHER_DISTRICT)
    elsewhere.then(fact(RecommendationDue, district_id=OTHER_DISTRICT, told=(FINISHES,)))
    recommends(due=[]).then_refused(NothingChangesError)


def test_what_she_does_not_want_to_hear_is_written_down_and_not_due_again() -> None:
    no = said("pays", wanted=False)
    mixed = recommends(no, due=[PAYS, FINISHES, PAYS_TOO])
    after = mixed.then(
        fact(RecommendationDue, **OF, told=(FINISHES,)),
        fact(RecommendationSuppressed, **OF, told=(PAYS, PAYS_TOO)),
    )
    assert after.told == {(DISTRICT, one) for one in (FINISHES, PAYS, PAYS_TOO)}
    recommends(no, due=[PAYS]).then(fact(RecommendationSuppressed, told=(PAYS,)))
    yes = said("pays", 4, wanted=True)
    recommends(no, *mixed.events, yes, due=[PAYS]).then_refused(NothingChangesError)


def test_what_another_record_says_holds_where_this_one_says_nothing() -> None:
    recommends(due=[PAYS, FINISHES], unwanted=["pays"]).then(
        fact(RecommendationDue, told=(FINISHES,)), fact(RecommendationSuppressed, told=(PAYS,))
    )
    yes = said("pays", wanted=True)
    recommends(yes, due=[PAYS], unwanted=["pays"]).then(fact(RecommendationDue, told=(PAYS,)))

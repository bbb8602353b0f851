"""The keys of the seal, and a fork that two people ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest

from ledger.aggregates.base import Act
from ledger.aggregates.seal_keys import ForkTerms, SealKeys, SecondPersonError
from ledger.errors import ConflictError, NothingChangesError
from ledger.events import AnySealKeysEvent
from ledger.events.seal_keys import ForkRequested, LogForked, SealKeyAdded, SealKeyRetired
from tests.samples import act, named

STREAM = named("seal keys")
OLD, NEW = "ledger.example+1+A", "ledger.example+2+B"
TERMS = ForkTerms(
    "ledger.example", "ledger.example-2", 90, "sha256:" + "0" * 64, 100, "restored_backup"
)
NO_MERGES: Mapping[UUID, UUID] = {}
BEGAN = SealKeys.none_yet(STREAM)


def after(state: SealKeys, *events: AnySealKeysEvent) -> SealKeys:
    folded = SealKeys.fold(state, events)
    assert folded is not None
    assert [event.originator_version for event in events] == list(
        range(state.version + 1, folded.version + 1)
    )
    return folded


def somebody(name: str) -> Act:
    return replace(act(), actor_id=named(name))


def rotated(state: SealKeys, old: str = OLD, new: str = NEW) -> list[AnySealKeysEvent]:
    return [*state.rotate(act(), origin=TERMS.origin, old=old, new=new, size=7, reason="rotated")]


def test_a_key_is_recorded_once() -> None:
    events = BEGAN.record(act(), origin=TERMS.origin, public_key=OLD)
    state = after(BEGAN, *events)
    assert state.key(OLD) is not None
    with pytest.raises(NothingChangesError):
        state.record(act(), origin=TERMS.origin, public_key=OLD)


def test_a_rotation_retires_one_key_and_adds_another_and_records_the_first_where_it_was_not() -> (
    None
):
    events = rotated(BEGAN)
    assert [type(one) for one in events] == [SealKeyAdded, SealKeyRetired, SealKeyAdded]
    state = after(BEGAN, *events)
    assert [(one.public_key, one.until_size) for one in state.keys] == [(OLD, 7), (NEW, None)]
    assert [type(one) for one in rotated(state, NEW, OLD + "C")] == [SealKeyRetired, SealKeyAdded]
    with pytest.raises(NothingChangesError):
        rotated(state, OLD, NEW)
    with pytest.raises(ConflictError, match="retired already"):
        rotated(state, OLD, OLD + "C")


def fork(
    state: SealKeys, who: str, terms: ForkTerms = TERMS, merged: Mapping[UUID, UUID] = NO_MERGES
) -> list[AnySealKeysEvent]:
    def meant(one: UUID) -> UUID:
        return merged.get(one, one)

    return [*state.fork(somebody(who), terms, old=OLD, new=NEW, meant=meant)]


def test_a_fork_happens_when_a_second_person_asks_for_the_same() -> None:
    asked = fork(BEGAN, "first")
    assert [type(one) for one in asked] == [ForkRequested]
    state = after(BEGAN, *asked)
    with pytest.raises(SecondPersonError):
        fork(state, "first")
    with pytest.raises(SecondPersonError):  # her other record is no second person
        fork(state, "second", merged={named("second"): named("first")})
    events = fork(state, "second")
    assert [type(one) for one in events] == [LogForked, SealKeyAdded, SealKeyRetired, SealKeyAdded]
    forked, _, retired, added = events
    assert isinstance(forked, LogForked)
    assert isinstance(retired, SealKeyRetired)
    assert isinstance(added, SealKeyAdded)
    people: tuple[UUID, UUID] = (forked.requested_by, forked.confirmed_by)
    assert people == (named("first"), named("second"))
    assert (forked.common_size, forked.new_public_key) == (90, NEW)
    assert (retired.until_size, retired.reason) == (90, "forked")
    assert (added.origin, added.public_key, added.after_size) == (TERMS.new_origin, NEW, 90)
    state = after(state, *events)
    assert state.asked is None
    assert state.forks == ((TERMS, NEW),)


def test_other_terms_are_another_request() -> None:
    state = after(BEGAN, *fork(BEGAN, "first"))
    changed = TERMS._replace(common_size=80)
    again = fork(state, "second", changed)
    assert [type(one) for one in again] == [ForkRequested]
    state = after(state, *again)
    assert [type(one) for one in fork(state, "second")] == [ForkRequested]
    assert isinstance(fork(state, "first", changed)[0], LogForked)

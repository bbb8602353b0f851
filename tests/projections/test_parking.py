"""Whom a bad event is about, and what has to wait behind it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from ledger.codec import encode
from ledger.events import EVENT_CLASSES, LedgerEvent
from ledger.events.enrollment import Awarded, Enrolled, Submitted
from projections.contract import Fact
from projections.log import Batch, LogRow, Unreadable
from projections.parking import Scope, _entries, split
from tests.codec.making import sample
from tests.samples import named

SCOPES = {
    "person.registered.v1": ("person", "originator_id"),
    "access.granted.v1": ("person", "principal_id"),
    "enrollment.submitted.v1": ("person", "person_id"),
    "entitlement.held.v1": ("person", "person_id"),
    "credential.version-published.v1": ("credential", "originator_id"),
    "policy.adopted.v1": ("policy", "originator_id"),
    "policy.rule-adopted.v1": ("policy", "originator_id"),
    "batch.lines-listed.v1": ("ledger", None),
    "issuer.suspended.v1": ("ledger", None),
}


@pytest.mark.parametrize("topic", SCOPES)
def test_the_scope_is_the_person_else_what_it_defines_else_the_ledger(topic: str) -> None:
    """Whether the event could be decoded or not."""
    kind, field = SCOPES[topic]
    event: Any = sample(EVENT_CLASSES[topic])
    row = LogRow(2, event.originator_id, 1, topic, encode(event))
    batch = Batch(0, 2, [Fact(1, event)], [Unreadable(row, ValueError("bad"))])
    expected = Scope(kind, getattr(event, field) if field else None)  # type: ignore[arg-type]
    assert [entry.scope for entry in _entries(batch)] == [expected, expected]


def about(event_class: type[Any], stream: str, **fields: Any) -> LedgerEvent:
    event: LedgerEvent = sample(event_class).model_copy(
        update={"originator_id": named(stream), "person_id": named(f"who {stream}"), **fields}
    )
    return event


def test_what_queues_holds_its_stream_from_there_on() -> None:
    """What she handed in names no micro-credential, but cannot be folded onto a hole."""
    bad, good = named("bad credential"), named("good credential")
    events = [
        about(Submitted, "early"),  # before anything of its stream queues
        about(Enrolled, "held", credential_id=bad),
        about(Submitted, "held"),
        about(Enrolled, "free", credential_id=good),
        about(Awarded, "early", credential_id=bad),
        about(Submitted, "early"),
    ]
    facts = [Fact(position, event) for position, event in enumerate(events, 1)]
    ready, waiting = split(Batch(0, 6, facts), {bad})
    assert (ready.positions, waiting.positions) == ([1, 4], [2, 3, 5, 6])


def test_events_queue_in_the_order_of_the_log_readable_or_not() -> None:
    """One that cannot be read holds what stands behind it in its stream, whoever that names."""
    first: Any = about(Submitted, "held")
    second = about(Submitted, "held", person_id=named("somebody else"))
    row = LogRow(1, first.originator_id, 1, Submitted.TOPIC, encode(first))
    batch = Batch(0, 2, [Fact(2, second)], [Unreadable(row, ValueError("bad"))])
    ready, waiting = split(batch, {first.person_id})
    assert (ready.positions, waiting.positions) == ([], [1, 2])


def test_both_who_become_one_are_held_by_either() -> None:
    merge: Any = sample(EVENT_CLASSES["merge.persons-merged.v1"])
    for held in (merge.person_id, merge.merged_id):
        _, waiting = split(Batch(0, 1, [Fact(1, merge)]), {held})
        assert waiting.positions == [1]
    ready, _ = split(Batch(0, 1, [Fact(1, merge)]), {UUID(int=1)})
    assert ready.positions == [1]

"""Which awards have a record: what is due, what is in a list, and what a merge does to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.events import LedgerEvent
from ledger.events.record import RecordIssued, RecordReissued
from projections import records
from tests.database import Server
from tests.projections.logs import Log, a_log
from tests.samples import (
    APPROVER,
    DAY,
    EARNER,
    ISSUER,
    MONDAY,
    Story,
    credential_events,
    definition,
    digest,
    header,
    issuer_events,
    named,
)

RECORD = named("record")
SIGNED: dict[str, Any] = {
    "person_id": EARNER,
    "issuer_id": ISSUER,
    "key": "first",
    "token_key": "token key",
    "valid_from": MONDAY,
    "ciphertext_sha256": digest("document"),
}


@pytest.fixture
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def told(log: Log, *events: LedgerEvent) -> None:
    log.fill(events)
    log.catch_up()


def awarded() -> Story:
    return Story(asks=definition(valid_months=12)).awarded()


def issued(story: Story, index: int = 7) -> RecordIssued:
    place = {"list_number": 1, "status_index": index}
    return RecordIssued(**header(RECORD), **SIGNED, **place, enrollment_id=story.enrollment.id)


def revoked(story: Story) -> Story:
    return story.does(
        APPROVER,
        lambda e, a: e.revoke(
            a,
            issuer=story.issuer,
            reason="misconduct",
            authority="issuer",
            effective_on=story.issuer.today(a.at),
        ),
    )


def begin(log: Log, story: Story) -> None:
    told(log, *issuer_events(), *credential_events(definition()), *story.events)


def due(log: Log, **more: Any) -> list[Any]:
    found = records.due(log.reader, parked=more.get("parked", ()), limit=10)
    return [award.enrollment_id for award in found]


def test_an_award_is_due_until_it_is_issued(log: Log) -> None:
    story = awarded()
    begin(log, story)
    assert due(log) == [story.enrollment.id]
    assert due(log, parked=[story.enrollment.id]) == []
    assert records.revoked(log.reader, ISSUER, 1) is None, "there is no list yet"
    assert records.places(log.reader, ISSUER) == (1, frozenset())

    told(log, issued(story))

    assert due(log) == []
    assert records.places(log.reader, ISSUER) == (1, frozenset({7}))
    assert records.revoked(log.reader, ISSUER, 1) == ()
    [found] = records.of_person(log.reader, EARNER)
    assert (found.record_id, found.key, found.status_index) == (RECORD, "first", 7)


def test_a_revocation_is_in_the_list_until_it_is_undone(log: Log) -> None:
    story = awarded()
    begin(log, story)
    before = len(story.events)
    told(log, issued(story), *revoked(story).events[before:])
    assert records.revoked(log.reader, ISSUER, 1) == (7,)
    assert state(log) == "revoked"

    before = len(story.events)
    story.does(APPROVER, lambda e, a: e.reinstate(a, later=(), reason="appeal", authority="issuer"))
    told(log, *story.events[before:])

    assert records.revoked(log.reader, ISSUER, 1) == ()
    assert state(log) == "in_force"
    assert state(log, days=400) == "expired"


def state(log: Log, days: int = 0) -> str:
    found = records.of_record(log.reader, RECORD)
    assert found is not None
    return found.state(MONDAY + days * DAY)


def test_an_award_that_was_taken_back_is_not_due(log: Log) -> None:
    begin(log, revoked(awarded()))
    assert due(log) == []


def test_a_newer_issue_changes_the_key_and_nothing_of_the_place(log: Log) -> None:
    story = awarded()
    begin(log, story)
    again = SIGNED | {"key": "second", "valid_from": MONDAY + DAY}
    told(
        log,
        issued(story),
        RecordReissued(
            **header(RECORD, 2),
            **again,
            enrollment_id=story.enrollment.id,
            reason="key_compromised",
        ),
    )
    [found] = records.of_person(log.reader, EARNER)
    assert (found.key, found.valid_from, found.status_index) == ("second", MONDAY + DAY, 7)
    asked: dict[str, Any] = {"token_key": "token key", "limit": 5}
    assert records.signed_by_others(log.reader, ISSUER, key="second", **asked) == []
    assert len(records.signed_by_others(log.reader, ISSUER, key="third", **asked)) == 1
    assert (
        len(records.signed_by_others(log.reader, ISSUER, key="second", token_key="x", limit=5)) == 1
    )
    assert records.issuers(log.reader) == [ISSUER]


def test_pages_count_what_is_newer_than_an_instant(log: Log) -> None:
    story = awarded()
    begin(log, story)
    told(log, issued(story))
    asked: dict[str, Any] = {"limit": 10, "offset": 0}
    assert records.page_of_person(log.reader, EARNER, since=None, **asked)[1] == 1
    found, total = records.page_of_person(log.reader, EARNER, since=MONDAY, **asked)
    assert (found, total) == ([], 0)
    assert records.page_of_person(log.reader, EARNER, since=None, limit=10, offset=1) == ([], 1)

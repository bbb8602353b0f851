"""A log that nobody touched raises no alarm: not when people are erased and files are redacted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from psycopg import Connection

from ledger.aggregates.base import Act, first_header
from ledger.events import LedgerEvent
from ledger.events.enrollment import EvidenceUploaded
from ledger.events.person import PersonRegistered
from ledger.events.retention import ErasureBegun, ErasureConfirmed, ErasureRequested
from ledger.seal.keys import FileLogSigner
from ledger.seal.reads import SealReads
from ledger.seal.report import SOUND, Report
from ledger.seal.structure import check_structure
from ledger.seal.trusted_keys import TrustedKey
from ledger.store import LedgerRecorder
from ledger.store.command import EVENTS_MAX, Command
from ledger.values import stream_id
from scripts.benchmarks.data import FIRST_DAY, ZONE, District, encoded, make
from tests.api.conftest import running
from tests.api.world import World
from tests.database import Server
from tests.privacy.life import DUE, Life
from tests.seal.logs import ORIGIN, examined, owner, seal
from tests.seal.test_receipts import folder_of, keys_of, url_of

MILLION = 1_000_000
AT_ONCE = 50  # commands that are appended together
ERASED_SHARE = 20  # one person in so many is erased, and one file in so many redacted


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield world


class Kept:
    """What somebody outside keeps of every write, checkpoint and proof that she was given."""

    def __init__(self, world: World) -> None:
        self.held: list[str] = []
        ask = world.client.request

        def remembering(*words: Any, **sent: Any) -> Any:
            answer = ask(*words, **sent)
            if answer.status_code == 201 and answer.json().get("receipts"):
                self.held.append(answer.text)
            return answer

        world.client.request = remembering  # type: ignore[method-assign]  # as its caller does

    def take(self, connection: Connection[Any]) -> None:
        """The newest checkpoint and a few proofs of it."""
        reads = SealReads(connection)
        sealed = reads.last_checkpoint()
        assert sealed is not None
        positions = sorted({1, sealed[0] // 3 + 1, sealed[0]})
        self.held += [sealed[1], *(str(reads.proof(position)) for position in positions)]


def forget(world: World, folder: Path) -> None:
    """A whole life of which one file is redacted, and then the person erased."""
    life = Life(world, folder).whole()
    path = f"{life.path}/evidence/{life.evidence[0]}/redactions"
    redacted = world.post(life.teacher, path, {"reason": "subject-request"}, headers=DUE)
    assert redacted.json()["status"] == "erased", redacted.text
    answer = life.erased(DUE)
    assert answer.json()["status"] == "erased", answer.text


def check(url: str, keys: tuple[TrustedKey, ...], held: list[str]) -> Report:
    """No damage, no difference, and everything that others hold is true of the log."""
    with owner(url) as connection:
        report = examined(connection, keys, held)
        assert (report.exit_status, report.damages) == (SOUND, ())
        assert report.sealed == report.events
        assert check_structure(connection) == []
    return report


def test_a_log_with_an_erased_person_and_a_redacted_file_is_sound(
    world: World, tmp_path: Path
) -> None:
    """Sealed before they are forgotten and after, and as everybody keeps it who wrote to it."""
    kept, folder, url = Kept(world), folder_of(world), url_of(world)
    Life(world, tmp_path / "first").whole()
    seal(url, folder)
    with world.edge.reading() as connection:
        kept.take(connection)
    check(url, keys_of(world), kept.held)
    forget(world, tmp_path / "second")
    seal(url, folder)
    with world.edge.reading() as connection:
        kept.take(connection)
    report = check(url, keys_of(world), kept.held)
    receipts = [json.loads(text)["receipts"] for text in kept.held if text.startswith("{")]
    assert len(receipts) > report.events / 3


def history(district: District, events: int) -> Iterator[LedgerEvent]:
    """A district's history in which persons are erased and files redacted as it goes on."""
    act = Act(district.actor_id, FIRST_DAY + timedelta(days=400))
    for number, event in enumerate(district.history(events)):
        yield event
        if number % ERASED_SHARE == 0 and isinstance(event, PersonRegistered):
            yield from erasure(act, event.originator_id)
        elif number % ERASED_SHARE == 0 and isinstance(event, EvidenceUploaded):
            yield from erasure(act, event.person_id, event.evidence_id, event.originator_id)


def erasure(
    act: Act, person_id: UUID, evidence_id: UUID | None = None, enrollment_id: UUID | None = None
) -> Iterator[LedgerEvent]:
    """Asked for, begun and confirmed."""
    about = {"person_id": person_id, "evidence_id": evidence_id, "enrollment_id": enrollment_id}
    head = first_header(stream_id("retention", evidence_id or person_id), act)
    confirmed = {"key_id": None, "texts": 4, "files": 1, "tombstones": 0}
    begun = {"zone": ZONE, "begun_on": date(2026, 9, 1)}
    yield make(ErasureRequested, head, about, reason="subject-request")
    yield make(ErasureBegun, head | {"originator_version": 2}, about, begun)
    yield make(ErasureConfirmed, head | {"originator_version": 3}, about, confirmed)


def fill(url: str, events: int) -> int:
    """Import so many events through the door; how many were erasures."""
    district, recorder = District(seed=7), LedgerRecorder(url)
    rows: list[StoredEvent] = []
    forgotten = stored = 0

    def append() -> None:
        groups = [rows[at : at + EVENTS_MAX] for at in range(0, len(rows), EVENTS_MAX)]
        recorder.append_all([Command(g, district.new_id(), bytes(32)) for g in groups])
        rows.clear()

    try:
        for event in history(district, events):
            rows.append(encoded(event))
            forgotten += isinstance(event, ErasureConfirmed)
            stored += 1
            if len(rows) == AT_ONCE * EVENTS_MAX:
                append()
            if stored == events:
                break
        append()
    finally:
        recorder.close()
    return forgotten


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_million_events_raise_no_alarm(database_url: str, tmp_path: Path) -> None:
    """The views are left behind: a projector would only take the time of the import."""
    with running(database_url, tmp_path) as world:
        kept = Kept(world)
        forget(world, tmp_path / "before")
    began = time.monotonic()
    forgotten = fill(database_url, MILLION)
    filled = time.monotonic()
    seal(database_url, tmp_path)
    with owner(database_url) as connection:
        kept.take(connection)
    sealed = time.monotonic()
    keys = FileLogSigner(tmp_path / "seal-keys", ORIGIN).trusted
    report = check(database_url, keys, kept.held)
    took = (filled - began, sealed - filled, time.monotonic() - sealed)
    assert report.events >= MILLION
    assert forgotten > MILLION / 2_000
    print("import, seal, verify: {:.0f} s, {:.0f} s, {:.0f} s".format(*took))  # noqa: T201

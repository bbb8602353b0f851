"""Whole commands: has it happened before, load, decide, append; by 16 threads."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from eventsourcing.application import Application

from benchmarks import ours, stock
from benchmarks.data import District, encoded
from benchmarks.machine import Bench
from benchmarks.measure import Act, Contest, Row, rate
from ledger.aggregates.enrollment_submission import Artifact
from ledger.application import Call, Ledger
from ledger.commands import enrollment as enrollments

THREADS = 16
EVENTS_BEFORE = 4
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4


@contextmanager
def stage(bench: Bench) -> Iterator[Contest]:
    """One more artifact in an enrollment of four to fourteen events, one enrollment after another.

    The stock aggregate takes the same facts, decides nothing, and keeps no command ids.
    """
    streams, stock_streams = bench.size(8_000, 2_000), bench.size(2_000, 500)
    plain = bench.database()
    with (
        ours.database(bench) as url,
        ours.ledger(url) as ledger,
        stock.stock_application(plain, connections=THREADS) as application,
    ):
        mine = Supply(ours_enrollments(url, streams))
        theirs = Supply(stock_enrollments(application, stock_streams))
        yield Contest(
            lambda: rate(THREADS, bench.seconds, lambda: one_upload(ledger, mine)),
            {
                "stock Application get + save": lambda: rate(
                    THREADS, bench.seconds, lambda: _one_stock_upload(application, theirs)
                )
            },
        )
    bench.drop(plain)


class Supply:
    """Enrollments in turn, each to one thread at a time."""

    def __init__(self, streams: list[UUID]) -> None:
        self._next = itertools.cycle(streams)
        self._lock = threading.Lock()

    def __call__(self) -> UUID:
        with self._lock:
            return next(self._next)


def ours_enrollments(url: str, streams: int, seed: int = 1) -> list[UUID]:
    """Store so many enrollments that have just begun."""
    district = District(seed)
    events = itertools.chain.from_iterable(
        district.beginning(district.new_id(), EVENTS_BEFORE) for _ in range(streams)
    )
    rows = [encoded(event) for event in events]
    ours.seconds_to_import(url, rows)
    return list(dict.fromkeys(ours.stream_of(row) for row in rows))


def one_upload(ledger: Ledger, supply: Supply) -> Act:
    """One command through the ledger, as a route of the API gives it."""
    caller_id = uuid4()

    def act() -> None:
        call = Call(caller_id=caller_id, command_id=uuid4(), body_hash=ours.BODY_HASH, at=NOW)
        artifact = Artifact(
            evidence_id=uuid4(),
            kind="lesson_plan",
            media_type="application/pdf",
            size_bytes=48_213,
            ciphertext_sha256=f"sha256:{DIGEST}",
            plaintext_commitment=f"hmac-sha256:{DIGEST}",
            contains_students=False,
        )
        enrollments.upload_evidence(ledger, call, enrollment_id=supply(), artifact=artifact)

    return act


def stock_enrollments(application: "Application[UUID]", streams: int) -> list[UUID]:
    """The same through the stock application."""
    ids = []
    for _ in range(streams):
        enrollment = stock.StockEnrollment(
            person_id=uuid4(), credential_id=uuid4(), credential_version=1
        )
        for _ in range(EVENTS_BEFORE - 1):
            _stock_upload(enrollment)
        application.save(enrollment)
        ids.append(enrollment.id)
    return ids


def _one_stock_upload(application: "Application[UUID]", supply: Supply) -> Act:
    def act() -> None:
        enrollment: stock.StockEnrollment = application.repository.get(supply())
        _stock_upload(enrollment)
        application.save(enrollment)

    return act


def _stock_upload(enrollment: stock.StockEnrollment) -> None:
    enrollment.upload(
        evidence_id=uuid4(),
        kind="lesson_plan",
        media_type="application/pdf",
        size_bytes=48_213,
        ciphertext_sha256=f"sha256:{DIGEST}",
        plaintext_commitment=f"hmac-sha256:{DIGEST}",
    )


ROWS = (
    Row(
        name="whole commands, 16 threads",
        unit="commands/s",
        better="higher",
        stage=stage,
        floor=2.5,
        aim=5,
    ),
)

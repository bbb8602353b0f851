"""The library's own way to a transcript: ProjectionRunner, one event a transaction."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from benchmarks.stock import environment

EVENTS_PER_STREAM = 10


class Enrollment(Aggregate):
    """An enrollment of ten events with about as many bytes as ours."""

    class Enrolled(Aggregate.Created):
        person_id: UUID
        credential_id: UUID
        cycle: int

    class StepTaken(Aggregate.Event):
        kind: str
        facts: dict[str, Any]

    @event(Enrolled)
    def __init__(self, person_id: UUID, credential_id: UUID, cycle: int) -> None:
        self.person_id = person_id
        self.credential_id = credential_id
        self.cycle = cycle
        self.steps: list[tuple[str, dict[str, Any]]] = []

    @event(StepTaken)
    def step(self, kind: str, facts: dict[str, Any]) -> None:
        self.steps.append((kind, facts))


class TranscriptView(PostgresTrackingRecorder):
    """One row for each enrollment."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS stock_transcript ("
                "enrollment_id uuid PRIMARY KEY, person_id uuid, credential_id uuid, state text,"
                " steps int NOT NULL DEFAULT 0)"
            ).format()
        )

    def enrolled(self, enrollment: UUID, facts: tuple[UUID, UUID], tracking: Tracking) -> None:
        self._write(
            "INSERT INTO stock_transcript (enrollment_id, person_id, credential_id, state)"
            " VALUES (%s, %s, %s, 'enrolled')",
            (enrollment, *facts),
            tracking,
        )

    def moved(self, enrollment: UUID, kind: str, tracking: Tracking) -> None:
        self._write(
            "UPDATE stock_transcript SET state = %s, steps = steps + 1 WHERE enrollment_id = %s",
            (kind, enrollment),
            tracking,
        )

    def _write(self, statement: str, values: tuple[Any, ...], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement, values, prepare=True)


class Transcript(Projection[TranscriptView]):
    """Each event one change of one row."""

    name = "stock_transcript"

    @singledispatchmethod
    def process_event(self, _domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)

    @process_event.register
    def _enrolled(self, domain_event: Enrollment.Enrolled, tracking: Tracking) -> None:
        facts = (domain_event.person_id, domain_event.credential_id)
        self.view.enrolled(domain_event.originator_id, facts, tracking)

    @process_event.register
    def _moved(self, domain_event: Enrollment.StepTaken, tracking: Tracking) -> None:
        self.view.moved(domain_event.originator_id, domain_event.kind, tracking)


def fill(url: str, events: int) -> None:
    """Enrollments of ten events each."""
    application = Application[UUID](env=environment(url, connections=5))
    try:
        for _ in range(events // EVENTS_PER_STREAM):
            application.save(_enrollment(EVENTS_PER_STREAM))
    finally:
        application.close()


def events_per_second(url: str, events: int) -> float:
    """How fast ProjectionRunner takes the transcript from nothing to the end of the log."""
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS stock_transcript, stock_transcript_tracking")
    begun = time.perf_counter()
    with running(url) as runner:
        runner.wait(events, timeout=600)
        return events / (time.perf_counter() - begun)


@contextmanager
def running(url: str) -> Iterator["ProjectionRunner[Any, TranscriptView]"]:
    """A runner on the stock application of that database."""
    with ProjectionRunner[Any, TranscriptView](
        application_class=Application,
        projection_class=Transcript,
        view_class=TranscriptView,
        env=environment(url, connections=5),
    ) as runner:
        yield runner


def save_one(application: "Application[UUID]") -> int:
    """Save one new enrollment; answers its place in the log."""
    return application.save(_enrollment(1))[-1].notification.id


def _enrollment(events: int) -> Enrollment:
    enrollment = Enrollment(person_id=uuid4(), credential_id=uuid4(), cycle=1)
    for number in range(events - 1):
        facts = {"attempt": 1, "evidence_id": str(uuid4()), "zone": "America/Chicago"}
        enrollment.step(kind=f"step-{number}", facts=facts)
    return enrollment

"""The library as it comes: its recorder, its Application, its ProjectionRunner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

from benchmarks.machine import host_of

TOPIC = "enrollment.evidence-uploaded.v1"


def environment(url: str, *, connections: int) -> dict[str, str]:
    """Settings of the library for a database of ours; the pool fits the clients."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": urlsplit(url).path.strip("/"),
        "POSTGRES_HOST": host_of(url),
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": urlsplit(url).username or "",
        "POSTGRES_PASSWORD": "",
        "POSTGRES_POOL_SIZE": str(connections),
        "POSTGRES_MAX_OVERFLOW": "10",
    }


@contextmanager
def stock_recorder(url: str, *, connections: int) -> Iterator[ApplicationRecorder]:
    """PostgresApplicationRecorder with every default but the size of its pool."""
    settings = environment(url, connections=connections)
    factory = InfrastructureFactory[Any].construct(Environment("stock", settings))
    try:
        yield factory.application_recorder()
    finally:
        factory.close()


def stored(states: Sequence[bytes]) -> list[StoredEvent]:
    """A new stream of these states."""
    stream = uuid4()
    return [StoredEvent(stream, n, TOPIC, state) for n, state in enumerate(states, start=1)]


class StockEnrollment(Aggregate):
    """The part of an enrollment that the whole-command figure plays, as the library teaches it."""

    @event("Enrolled")
    def __init__(self, person_id: UUID, credential_id: UUID, credential_version: int) -> None:
        self.person_id = person_id
        self.credential_id = credential_id
        self.credential_version = credential_version
        self.evidence: dict[UUID, tuple[str, str, int, str, str]] = {}

    @event("EvidenceUploaded")
    def upload(
        self,
        *,
        evidence_id: UUID,
        kind: str,
        media_type: str,
        size_bytes: int,
        ciphertext_sha256: str,
        plaintext_commitment: str,
    ) -> None:
        facts = (kind, media_type, size_bytes, ciphertext_sha256, plaintext_commitment)
        self.evidence[evidence_id] = facts


@contextmanager
def stock_application(url: str, *, connections: int) -> Iterator[Application[UUID]]:
    """Application with every default but the size of its pool."""
    application = Application[UUID](env=environment(url, connections=connections))
    try:
        yield application
    finally:
        application.close()

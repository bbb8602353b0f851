"""The edge as it runs: a real database, the real app, and a projection runner beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from api import disclosure_commitments
from api.settings import Settings
from projections import setup
from projections.database import Database
from projections.runner import Runner
from tests.api.world import Story, World, story
from tests.database import Server

EVIDENCE_BYTES_MAX = 4 * 1024 * 1024
PUBLIC_HOST = "ledger.example"
# Who counts events counts those of the test alone, however long a slow machine takes for it.
disclosure_commitments.PAUSE_SECONDS = 86_400.0


def development(database_url: str, folder: Path) -> Settings:
    """Development settings over a ledger, whose files lie in a folder of the test's."""
    return Settings(
        environment="development",
        database_url=database_url,
        state_folder=folder,
        evidence_bytes_max=EVIDENCE_BYTES_MAX,
        public_host=PUBLIC_HOST,
        visible_wait_seconds=10,  # on a busy machine a view may be late, which is no failure
    )


@contextmanager
def projecting(database_url: str) -> Iterator[None]:
    """Keep the views up to the log."""
    stop = Event()
    thread = Thread(target=Runner(Database(database_url)).run, args=(stop,), name="projections")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        with suppress(psycopg.OperationalError):  # a server that is gone wakes nobody
            wake(database_url)
        thread.join()


def wake(database_url: str) -> None:
    """Say that something was appended: whoever listens looks up, and sees whether to stop."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("NOTIFY ledger_appended")


def has_views(database_url: str) -> bool:
    """Whether there is nothing to migrate: asking is much quicker than migrating again."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT to_regclass('ledger_read.bookmarks')").fetchone()
    return found != (None,)


@contextmanager
def running(database_url: str, folder: Path) -> Iterator[World]:
    if not has_views(database_url):
        setup.migrate(database_url)
    with projecting(database_url), World(development(database_url, folder)) as world:
        yield world


@pytest.fixture
def database_url(database_server: Server) -> Iterator[str]:
    """A fresh, migrated database that has the views as well."""
    with database_server.database(database_server.projected) as url:
        yield url


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A running edge with an operator in it, over a fresh ledger."""
    with running(database_url, tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def shared_world(
    database_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A running edge for all tests of a file that do not mind each other."""
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield world


@pytest.fixture(scope="module")
def shared_story(shared_world: World) -> Story:
    """A teacher who is enrolled, and everybody around her."""
    return story(shared_world).enroll()

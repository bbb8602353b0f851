"""What all tests share: a real PostgreSQL, a fresh database for each test that asks for one."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator

import hypothesis
import pytest

from api.local_paths import folder
from api.local_postgres import Cluster
from tests.database import Server, sweep_when_this_process_ends

hypothesis.settings.register_profile("quick", deadline=None, print_blob=True)
hypothesis.settings.register_profile("long", deadline=None, print_blob=True, max_examples=2000)
hypothesis.settings.load_profile("quick")

RUN = "MCLEDGER_TEST_RUN"
SWEEPER = pytest.StashKey[subprocess.Popen[bytes]]()


def _migrate(url: str) -> None:
    from ledger import store  # noqa: PLC0415

    store.migrate(url)


def pytest_configure(config: pytest.Config) -> None:
    """Name the run once; parallel workers inherit the name."""
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = secrets.token_hex(4)
        config.stash[SWEEPER] = sweep_when_this_process_ends(os.environ[RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    sweeper = config.stash.get(SWEEPER, None)
    if sweeper is not None:
        sweeper.communicate()


@pytest.fixture(scope="session")
def database_server() -> Server:
    """The server of this run, with a migrated template in it."""
    server = Server(os.environ[RUN])
    server.prepare(_migrate)
    return server


@pytest.fixture
def database_url(database_server: Server) -> Iterator[str]:
    """A fresh, migrated database, connected to as its owner."""
    with database_server.database(database_server.template) as url:
        yield url


@pytest.fixture
def empty_database_url(database_server: Server) -> Iterator[str]:
    """A fresh database without anything in it, for what migrates by itself."""
    with database_server.database("template0") as url:
        yield url


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A whole PostgreSQL for this test alone, not yet started: it may be killed."""
    alone = Cluster(folder(f"test-{os.environ[RUN]}-{secrets.token_hex(4)}"))
    yield alone
    alone.stop()

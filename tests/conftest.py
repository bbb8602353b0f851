"""What all tests share: a real PostgreSQL, a fresh database for each test that asks for one."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
from collections.abc import Iterator

import hypothesis
import pytest

from api.local_postgres import Cluster
from api.logs import JsonFormatter
from ledger import store
from projections import setup
from tests.database import Server, in_memory, server_folder, sweep_when_this_process_ends

# A failure prints what reproduces it; a continuous run keeps searching instead of repeating.
SEARCH = {"deadline": None, "print_blob": True, "derandomize": False}
hypothesis.settings.register_profile("quick", **SEARCH, max_examples=50)  # each run others
hypothesis.settings.register_profile("long", **SEARCH, max_examples=2000)
hypothesis.settings.load_profile("quick")

RUN = "MCLEDGER_TEST_RUN"
LONGEST = ("test_demo.py", "test_kill.py")  # a single test of 20 seconds each
SWEEPER = pytest.StashKey[subprocess.Popen[bytes]]()


def _migrate(url: str) -> None:
    store.migrate(url)


def _project(url: str) -> None:
    setup.migrate(url)


def pytest_configure(config: pytest.Config) -> None:
    """Name the run once; parallel workers inherit the name and share its server."""
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = secrets.token_hex(4)
        in_memory()  # decided for the workers, too
        if config.getoption("numprocesses", None):
            _sweep_at_the_end(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first: whoever began one last would keep the other worker waiting."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def _sweep_at_the_end(config: pytest.Config) -> None:
    if SWEEPER not in config.stash:
        config.stash[SWEEPER] = sweep_when_this_process_ends(os.environ[RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    sweeper = config.stash.get(SWEEPER, None)
    if sweeper is not None:
        sweeper.communicate()


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A command sends all logs to where it wrote, which is closed once its test has ended."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, JsonFormatter):
            root.removeHandler(handler)


@pytest.fixture(scope="session")
def run_name(pytestconfig: pytest.Config) -> str:
    """The name of this test run; folders `test-<name>*` and databases are swept with it."""
    if not hasattr(pytestconfig, "workerinput"):
        _sweep_at_the_end(pytestconfig)
    return os.environ[RUN]


@pytest.fixture(scope="session")
def database_server(run_name: str) -> Server:
    """The server of this run, with migrated templates in it."""
    server = Server(run_name)
    server.prepare(_migrate, _project)
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
def cluster(run_name: str) -> Iterator[Cluster]:
    """A whole PostgreSQL for this test alone, not yet started: it may be killed."""
    alone = Cluster(server_folder(f"test-{run_name}-{secrets.token_hex(4)}"))
    yield alone
    alone.stop()

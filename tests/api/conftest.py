"""The edge as it runs: a real database, the real app, and a projection runner beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from api.settings import Settings
from projections import setup
from projections.database import Database
from projections.runner import Runner
from tests.api.world import World


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Development settings over a fresh ledger."""
    setup.migrate(database_url)
    return Settings(
        environment="development",
        database_url=database_url,
        root_key_file=tmp_path / "root-keys",
        evidence_folder=tmp_path / "evidence",
        evidence_bytes_max=4 * 1024 * 1024,
    )


@pytest.fixture
def runner(settings: Settings) -> Iterator[None]:
    """Keeps the views up to the log while a test runs."""
    assert settings.database_url is not None
    stop = Event()
    database = Database(settings.database_url.get_secret_value())
    thread = Thread(target=Runner(database).run, args=(stop,), name="projections")
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def world(settings: Settings, runner: None) -> Iterator[World]:
    """A running edge with an operator in it."""
    with World(settings) as world:
        yield world

"""The edge as it runs, with the clock of its requests set by the test."""

from __future__ import annotations

from tests.api.conftest import database_url, shared_world, world

__all__ = ["database_url", "shared_world", "world"]

"""How many connections may be needed at once, and how many the server gives."""

from __future__ import annotations

import psycopg
import pytest

from ledger.store.budget import BESIDE, PROJECTOR, SEALER, Budget, connections_allowed
from ledger.store.budget import ConnectionsShortError as ShortError

OTHERS = PROJECTOR + SEALER + BESIDE


def test_as_many_as_are_needed_are_enough_and_one_fewer_is_not() -> None:
    Budget(processes=2, per_process=10, allowed=20 + OTHERS).check()
    with pytest.raises(ShortError, match="raise max_connections by 1,") as refused:
        Budget(processes=2, per_process=10, allowed=19 + OTHERS).check()
    assert refused.value.operands == {"needed": 20 + OTHERS, "allowed": 19 + OTHERS}
    assert "2 x 10 for the API" in str(refused.value)


def test_what_the_server_keeps_for_superusers_is_not_counted(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        kept = ("superuser_reserved_connections", "reserved_connections")
        shown = connection.execute(
            "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)",
            [["max_connections", *kept]],
        )
        found = dict(shown.fetchall())
        allowed = connections_allowed(connection)
    assert allowed == found["max_connections"] - sum(found.get(name, 0) for name in kept)
    assert 0 < allowed < found["max_connections"]

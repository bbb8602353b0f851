"""A disk that has lost pages of the log: what cannot be read is named, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from api.local_postgres import Cluster
from ledger import store
from ledger.seal.keys import FileLogSigner
from ledger.seal.log_transfer import LogUnreadableError, export_log
from ledger.seal.reads import DatabaseLog
from ledger.seal.report import TAMPERED
from ledger.seal.verify import verify
from ledger.store import Role, connection_info
from tests.seal.logs import ORIGIN, fill, owner, seal

PAGE_BYTES = 8_192
SEALED, EVENTS = 300, 370


def without_its_newest_page(cluster: Cluster, url: str) -> int:
    """Overwrite the newest page of the log on the disk; the first position on it."""
    with owner(url) as connection:
        [(page, first, file)] = connection.execute(
            "SELECT (ctid::text::point)[0]::int AS page, min(notification_id),"
            " pg_relation_filepath('ledger_events')"
            " FROM ledger_events GROUP BY page ORDER BY page DESC LIMIT 1"
        ).fetchall()
    cluster.stop()
    with (cluster.data / str(file)).open("r+b") as heap:
        heap.seek(page * PAGE_BYTES)
        heap.write(b"\xa5" * PAGE_BYTES)
    cluster.start("mcledger")
    return int(first)


def test_given_a_newest_page_that_is_lost_then_its_positions_are_named(
    cluster: Cluster, tmp_path: Path
) -> None:
    url = cluster.start("mcledger")
    store.migrate(url)
    fill(url, SEALED)
    seal(url, tmp_path)
    fill(url, EVENTS - SEALED, seed=2)  # not sealed yet
    first = without_its_newest_page(cluster, url)
    keys = FileLogSigner(tmp_path / "seal-keys", ORIGIN).trusted
    with psycopg.connect(connection_info(url, Role.AUDIT), autocommit=True) as connection:
        report = verify(DatabaseLog(connection), keys)
        with pytest.raises(LogUnreadableError, match=f"event at position {first} cannot be read"):
            export_log(connection, tmp_path / "log.jsonl")
    lost = {n for one in report.damages for n in range(one.first, one.last + 1)}
    assert {one.kind for one in report.damages} == {"unreadable"}
    assert lost == set(range(first, EVENTS + 1))
    assert report.exit_status == TAMPERED

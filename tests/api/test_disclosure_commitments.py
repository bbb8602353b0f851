"""Lines of who was shown whose record: what the log knows of them cannot change unseen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api import disclosure_commitments, disclosure_log
from api.disclosure_commitments import LINES_AN_EVENT, check, commit, follow, forget
from api.disclosure_log import Line
from api.edge import Edge
from ledger.seal.keys import FileLogSigner
from ledger.seal.log_file import LogFile
from ledger.seal.log_transfer import export_log, import_log
from ledger.store import Role, connection_info
from tests.api.conftest import development
from tests.api.test_cli import Run, in_place
from tests.samples import EARNER, named
from tests.seal.logs import ORIGIN, owner, seal
from tests.seal.witnesses import until

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=366 * 5)
COLUMNS = "read_at, person_id, reader_id, role, organization_id, record, thing_id"
TAMPERED = {
    "a reader is changed": (
        "UPDATE disclosures SET reader_id = gen_random_uuid() WHERE line_id = 3",
        "lines-changed after 2 up to 4: one or more of 2 lines say something else, event 2",
    ),
    "a time is changed": (
        "UPDATE disclosures SET read_at = read_at - interval '1 microsecond' WHERE line_id = 2",
        "lines-changed after 0 up to 2: one or more of 2 lines say something else, event 1",
    ),
    "two lines change places": (
        (
            "UPDATE disclosures d SET person_id = o.person_id, thing_id = o.thing_id"
            " FROM disclosures o WHERE d.line_id IN (3, 4) AND o.line_id = 7 - d.line_id"
        ),
        "lines-changed after 2 up to 4: one or more of 2 lines say something else, event 2",
    ),
    "a line is deleted": (
        "DELETE FROM disclosures WHERE line_id = 4",
        "lines-missing after 2 up to 4: 1 of 2 lines are gone, event 2",
    ),
    "all are deleted": (
        "DELETE FROM disclosures WHERE line_id <= 2",
        "lines-missing after 0 up to 2: 2 of 2 lines are gone, event 1",
    ),
    "a line is put in ahead of all": (
        (
            f"INSERT INTO disclosures (line_id, {COLUMNS}) OVERRIDING SYSTEM VALUE"
            f" SELECT -5, {COLUMNS} FROM disclosures WHERE line_id = 1"
        ),
        "lines-added after 0 up to 2: there are more than the 2 lines that were written, event 1",
    ),
}


def line(read_at: datetime = NOW) -> Line:
    return Line(read_at, EARNER, named("reader"), "district", uuid4(), "transcript", uuid4())


@pytest.fixture
def edge(database_url: str, tmp_path: Path) -> Iterator[Edge]:
    opened = Edge.open(development(database_url, tmp_path))
    yield opened
    opened.close()


def at_now() -> datetime:
    return NOW


def written(edge: Edge, *read_at: datetime) -> None:
    edge.disclosures.write([line(at) for at in read_at]).result(timeout=20)


def committed(edge: Edge, *read_at: datetime) -> int:
    written(edge, *read_at)
    return commit(edge, at_now)


def kinds(edge: Edge) -> list[str]:
    return [one.kind for one in check(edge, NOW).amiss]


def test_every_change_beneath_what_the_log_knows_is_named(
    edge: Edge, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Run = in_place(database_url, tmp_path, monkeypatch)
    assert [committed(edge, NOW, NOW), committed(edge, NOW, NOW), commit(edge, at_now)] == [2, 2, 0]
    written(edge, NOW)
    said = run("check", "disclosures").stdout
    assert said == "disclosures: as the log has it (1 lines that it does not know yet)\n"
    with owner(database_url) as connection:
        connection.execute("ALTER TABLE disclosures DISABLE TRIGGER ALL")
        connection.execute("CREATE TEMP TABLE before AS SELECT * FROM disclosures")
        for what, (statement, expected) in TAMPERED.items():
            connection.execute(statement.encode())
            told = run("check", "disclosures", exit_code=1).stdout
            assert told.startswith("disclosures: NOT AS THE LOG HAS IT"), what
            assert told.endswith(f"\n  {expected}\n"), what
            connection.execute("DELETE FROM disclosures")
            connection.execute(
                "INSERT INTO disclosures OVERRIDING SYSTEM VALUE SELECT * FROM before"
            )
            assert run("check", "disclosures").stdout == said, what


def test_a_line_that_is_stored_behind_a_later_number_is_not_missed(
    edge: Edge, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number was drawn first, so it may not be passed over while it is being stored."""
    monkeypatch.setattr(disclosure_log, "WAIT_SECONDS", 0.01)
    with psycopg.connect(connection_info(database_url, Role.DISCLOSE)) as slow:
        slow.execute(
            f"INSERT INTO disclosures ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)".encode(),
            line(),
        )
        assert committed(edge, NOW) == 0
    assert commit(edge, at_now) == 2
    assert check(edge, NOW) == ([], 2, 0)


def test_several_who_commit_at_once_commit_each_line_once(edge: Edge) -> None:
    written(edge, *[NOW] * 100)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: commit(edge, at_now), range(8))) == 100
    assert check(edge, NOW) == ([], 100, 0)


def test_what_is_forgotten_in_time_is_no_alarm_and_what_is_taken_away_is(
    edge: Edge, database_url: str
) -> None:
    """By whole events: of one that has a younger line as well everything is kept."""
    assert [committed(edge, OLD, OLD), committed(edge, OLD, NOW), committed(edge, NOW)] == [2, 2, 1]
    before = NOW - timedelta(days=366 * 3)
    written(edge, OLD)
    assert forget(edge, at_now, before) == 3, "what is not known yet is made known first"
    assert forget(edge, at_now, before) == 0
    assert check(edge, NOW) == ([], 3, 0)
    with owner(database_url) as connection:
        connection.execute("ALTER TABLE disclosures DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM disclosures WHERE line_id = 3")
        assert kinds(edge) == ["lines-missing"]
        connection.execute("DELETE FROM disclosures")
        assert kinds(edge) == ["lines-missing", "lines-missing"]


def test_many_lines_are_many_events_and_the_work_goes_on_in_the_background(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LINES_AN_EVENT > 2
    monkeypatch.setattr(disclosure_commitments, "LINES_AN_EVENT", 2)
    monkeypatch.setattr(disclosure_commitments, "PAUSE_SECONDS", 0.01)
    written(edge, *[NOW] * 5)
    stop = Event()
    thread = Thread(target=follow, args=(edge, at_now, stop))
    thread.start()
    try:
        until(lambda: edge.ledger.recorder.last_position() == 3)
    finally:
        stop.set()
        thread.join()
    assert check(edge, NOW) == ([], 5, 0)


def test_given_a_log_from_elsewhere_when_records_are_read_then_their_lines_are_committed_too(
    edge: Edge, database_url: str, database_server: Any, tmp_path: Path
) -> None:
    """The lines stay where the log comes from, so their numbers may not be given again."""
    committed(edge, *[NOW] * 5)
    seal(database_url, tmp_path)
    path = tmp_path / "log.jsonl"
    with (
        database_server.database(database_server.template) as elsewhere,
        closing(LogFile(export_of(database_url, path))) as log,
    ):
        with owner(elsewhere) as target:
            import_log(target, log, FileLogSigner(tmp_path / "seal-keys", ORIGIN).trusted)
        with closing(Edge.open(development(elsewhere, tmp_path))) as there:
            assert committed(there, NOW, NOW) == 2
            (stayed,) = check(there, NOW).amiss
            assert (stayed.kind, stayed.after_line, stayed.last_line) == ("lines-missing", 0, 5)


def export_of(url: str, path: Path) -> Path:
    with owner(url) as source:
        export_log(source, path)
    return path

"""An exported log is checked without a database or a secret, and comes back bit for bit."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.seal.log_file import LogFile, LogFileError, event_line
from ledger.seal.log_transfer import (
    LogUnreadableError,
    NotEmptyError,
    NotSoundError,
    export_log,
    import_log,
)
from ledger.seal.reads import DatabaseLog
from ledger.seal.report import DERIVED, SOUND, TAMPERED, Report
from ledger.seal.verify import verify
from ledger.store import Role, connection_info
from tests.database import ROOT
from tests.seal.conftest import EVENTS, Sealed
from tests.seal.logs import (
    damaged_at,
    damaged_tiles,
    examined,
    fill,
    owner,
    seal,
    tampered,
    told,
)

Lines = list[dict[str, Any]]


@pytest.fixture
def exported(sealed: Sealed, tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    assert export_log(sealed.connection, path) == EVENTS
    return path


def checked(path: Path, sealed: Sealed) -> Report:
    with closing(LogFile(path)) as log:
        return verify(log, sealed.keys)


def rewritten(path: Path, change: Callable[[Lines], object]) -> Path:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    change(lines)
    counts = {"events": sum("position" in line for line in lines)}
    counts["checkpoints"] = sum("checkpoint" in line for line in lines)
    lines[-1] = {"end": True, **counts}
    other = path.with_name("changed.jsonl")
    other.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return other


def event(lines: Lines, position: int) -> dict[str, Any]:
    return next(line for line in lines if line.get("position") == position)


def remove(lines: Lines, position: int) -> None:
    lines.remove(event(lines, position))


def shuffle(lines: Lines) -> None:
    """Where a line stands in the file proves nothing, and matters to nobody."""
    inner = lines[1:-1]
    random.Random(3).shuffle(inner)
    lines[1:-1] = inner


def swap(lines: Lines, one: int, other: int) -> None:
    first, second = event(lines, one), event(lines, other)
    leaves = first["leaf"], second["leaf"]
    first["position"], second["position"] = other, one
    second["leaf"], first["leaf"] = leaves


def test_an_export_is_sound_and_says_the_same_as_the_database(
    sealed: Sealed, exported: Path
) -> None:
    report = checked(exported, sealed)
    assert report == examined(sealed.connection, sealed.keys)
    assert report.exit_status == SOUND
    assert exported.stat().st_mode & 0o777 == 0o600


CHANGES: dict[str, tuple[Callable[[Lines], object], list[tuple[str, int, int]]]] = {
    "state": (lambda ls: event(ls, 5).update(state="{}"), [("state", 5, 5)]),
    "topic": (
        lambda ls: event(ls, 5).update(topic="person.erased.v1"),
        [("topic", 5, 5)],
    ),
    "version": (lambda ls: event(ls, 5).update(version=999), [("version", 5, 5)]),
    "time": (
        lambda ls: event(ls, 5).update(recorded_us=event(ls, 5)["recorded_us"] + 60_000_000),
        [("time", 5, 5)],
    ),
    "id": (lambda ls: event(ls, 5).update(stream=event(ls, 6)["command"]), [("state", 5, 5)]),
    "missing": (lambda ls: remove(ls, 5), [("state", 5, 5)]),
    "swapped": (lambda ls: swap(ls, 5, 600), [("swapped", 5, 5), ("swapped", 600, 600)]),
    "nothing": (shuffle, []),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_done_to_an_export_is_named(sealed: Sealed, exported: Path, change: str) -> None:
    edit, expected = CHANGES[change]
    report = checked(rewritten(exported, edit), sealed)
    if change == "missing":  # its leaf went with its line, so the tree cannot say what stood there
        assert report.exit_status == TAMPERED
        assert (report.damages[0].first, report.sealed) == (1, 0)
        assert ("missing", 5, 5) in told(report.damages)
    elif change == "id":
        assert [one.first for one in report.damages] == [5]
    else:
        assert told(report.damages) == expected


def test_an_export_of_a_damaged_log_shows_the_damage(sealed: Sealed, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with tampered(
        sealed.connection,
        "DELETE FROM ledger_events WHERE notification_id = 444",
        "UPDATE ledger_events SET state = '\\xff00' WHERE notification_id = 555",
        "DELETE FROM ledger_events WHERE notification_id > 998",
    ):
        export_log(sealed.connection, path)
    report = checked(path, sealed)
    assert told(report.damages) == [
        ("missing", 444, 444),
        ("state", 555, 555),
        ("truncated", 999, EVENTS),
    ]


UNREADABLE = {
    "an event": (damaged_at(40, 41), "ledger_events the event at position 40 cannot be read"),
    "what is not sealed of it": (
        damaged_at(40, column="body_hash"),
        "ledger_events something between positions 1 and 1000 cannot be read: could not read",
    ),
    "the tree": (
        damaged_tiles(1),
        "of where the log or its seal ends something cannot be read: could not read",
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_of_a_log_that_cannot_be_read_no_part_is_exported(
    sealed: Sealed, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("an export of before")
    statements, expected = UNREADABLE[what]
    with (
        tampered(sealed.connection, statements),
        pytest.raises(LogUnreadableError, match=expected),
    ):
        export_log(sealed.connection, path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "an export of before"


def test_a_recomputed_leaf_in_an_export_is_found_by_the_next_checkpoint(
    sealed: Sealed, exported: Path
) -> None:
    path = rewritten(exported, lambda lines: event(lines, 100).update(state="{}", leaf="ab" * 32))
    report = checked(path, sealed)
    assert ("recomputed", 98, 194) in told(report.damages)
    assert report.exit_status == TAMPERED


@pytest.fixture
def elsewhere(database_server: Any) -> Iterator[str]:
    with database_server.database(database_server.template) as url:
        yield url


CONTENT = (
    "SELECT * FROM ledger_events ORDER BY notification_id",
    "SELECT * FROM seal_checkpoints ORDER BY size",
    (
        "SELECT level, number, string_agg(hashes, '' ORDER BY start) FROM seal_tiles"
        " GROUP BY level, number ORDER BY level, number"
    ),
)


def content(connection: psycopg.Connection[Any]) -> list[Any]:
    return [connection.execute(query.encode()).fetchall() for query in CONTENT]


def as_owner(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(connection_info(url, Role.OWNER), autocommit=True)


def test_a_log_comes_back_bit_for_bit_and_goes_on(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    fill(database_url, 700)
    seal(database_url, tmp_path, events_max=90)
    fill(database_url, 30, seed=2)  # not sealed yet
    path = tmp_path / "log.jsonl"
    with owner(database_url) as source, as_owner(elsewhere) as target:
        export_log(source, path)
        keys = keys_of(tmp_path)
        with closing(LogFile(path)) as log:
            assert import_log(target, log, keys) == 730
        assert content(target) == content(source)
        again = tmp_path / "again.jsonl"
        export_log(target, again)
        assert again.read_bytes() == path.read_bytes()
    fill(elsewhere, 10, seed=3)
    assert seal(elsewhere, tmp_path) == 40
    with owner(elsewhere) as target:
        report = verify(DatabaseLog(target), keys)
    assert (report.exit_status, report.sealed) == (SOUND, 740)


def keys_of(folder: Path) -> Any:
    from ledger.seal.keys import FileLogSigner  # noqa: PLC0415
    from tests.seal.logs import ORIGIN  # noqa: PLC0415

    return FileLogSigner(folder / "seal-keys", ORIGIN).trusted


def test_a_log_that_is_not_sound_is_not_brought_in(
    sealed: Sealed, exported: Path, elsewhere: str
) -> None:
    path = rewritten(exported, lambda lines: event(lines, 7).update(state="{}"))
    with as_owner(elsewhere) as target:
        with closing(LogFile(path)) as log, pytest.raises(NotSoundError, match="state at 7"):
            import_log(target, log, sealed.keys)
        hashes = rewritten(exported, lambda lines: event(lines, 1).update(body_hash=None))
        with closing(LogFile(hashes)) as log, pytest.raises(NotSoundError, match="body_hash"):
            import_log(target, log, sealed.keys)
        assert content(target) == [[], [], []]


def test_a_log_is_brought_into_an_empty_ledger_only(
    sealed: Sealed, exported: Path, elsewhere: str
) -> None:
    fill(elsewhere, 1)
    with (
        as_owner(elsewhere) as target,
        closing(LogFile(exported)) as log,
        pytest.raises(NotEmptyError),
    ):
        import_log(target, log, sealed.keys)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}\n",
        '{"format": "mcledger-log/2"}\n',
        '{"format": "mcledger-log/1"}\n',
        '{"format": "mcledger-log/1"}\n{"end": true, "events": 1, "checkpoints": 0}\n',
        '{"format": "mcledger-log/1"}\n[]\n',
        '{"format": "mcledger-log/1"}\n{"positio',
        '{"format": "mcledger-log/1"}\n{"note": "x"}\n',
        '{"format": "mcledger-log/1"}\n{"position": 1}\n{"end": true, "events": 1}\n',
        "\x00\x00",
    ],
)
def test_what_is_not_a_whole_export_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(content)
    with pytest.raises(LogFileError):
        LogFile(path)


def test_a_line_that_says_a_name_twice_is_refused(exported: Path) -> None:
    """One reader would take what comes first, another what comes last."""
    text = exported.read_text("utf-8")
    exported.write_text(text.replace('"version":', '"version": 0, "version":', 1), "utf-8")
    with pytest.raises(LogFileError, match="says something twice"):
        LogFile(exported)


@pytest.mark.parametrize("field", ["recorded_us", "version", "index", "command", "state", "leaf"])
def test_an_event_that_is_not_whole_is_named(sealed: Sealed, exported: Path, field: str) -> None:
    for value in ("x", True, 2**70, [], None if field in {"recorded_us", "index"} else []):
        path = rewritten(exported, lambda ls, v=value: event(ls, 9).update({field: v}))
        try:
            assert checked(path, sealed).exit_status in {TAMPERED, DERIVED}
        except LogFileError as error:
            assert "9" in str(error) or "hexadecimal" in str(error)  # noqa: PT017


def test_what_a_damaged_disk_made_no_text_is_carried_as_bytes_and_found(
    sealed: Sealed, exported: Path
) -> None:
    with closing(LogFile(exported)) as log:
        whole = log.entries(9, 9)[0]
    damaged = event_line(whole._replace(row=whole.row._replace(topic=b"\xff\xfe")))
    assert damaged["topic_hex"] == "fffe"
    path = rewritten(exported, lambda ls: (event(ls, 9).clear(), ls[9].update(damaged)))
    assert told(checked(path, sealed).damages) == [("topic", 9, 9)]


def test_a_file_that_was_cut_off_anywhere_is_refused(exported: Path) -> None:
    whole = exported.read_bytes()
    dice = random.Random(5)
    for size in [0, 1, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(30))]:
        exported.write_bytes(whole[:size])
        with pytest.raises(LogFileError):
            LogFile(exported)


def test_verifying_needs_nothing_but_a_few_modules() -> None:
    """No database, no framework: what an auditor has to read, and one library for Ed25519."""
    script = (
        "import sys, ledger.seal.verify, ledger.seal.log_file\n"
        "print(*sorted(n for n in sys.modules if n.startswith('ledger.')))\n"
        "print(*{n.partition('.')[0] for n in sys.modules} & "
        "{'psycopg', 'pydantic', 'orjson', 'eventsourcing', 'fastapi'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    ours, others = done.stdout.splitlines()
    modules = "diagnosis leaves log_file merkle notes receipts report tiles trusted_keys verify"
    below = ["ledger.collector", "ledger.errors", "ledger.seal"]
    expected = [*below, *(f"ledger.seal.{m}" for m in modules.split())]
    assert ours.split() == expected
    assert others == ""

"""Imports that break off, race with others, or bring what nobody should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from api.imports import oneroster
from api.imports.flaws import FileRefusedError
from api.imports.oneroster import ImportReport
from ledger.aggregates.imports import ImportCounts, ImportOvertakenError
from ledger.application import Call
from ledger.commands.employment import end_employment
from ledger.errors import UnavailableError
from ledger.store import Role, connection_info
from ledger.store.command import Command
from ledger.values import stream_id
from tests.imports.office import NOON, ZONE, Office
from tests.imports.rosters import GRAND_BEND, ORGS, Row, contents, people, role, user, write
from tests.samples import OPERATOR

D1 = stream_id("organization", "oneroster", "D1")
VAULT_TABLES = (
    *("vault_person_keys", "vault_texts", "vault_details"),
    *("vault_identities", "vault_positions"),
)


class Killed(Exception):  # noqa: N818 - the end of a process, not an error of it
    """What ends an import in the middle."""


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that there is a middle to break off in."""
    monkeypatch.setattr(oneroster, "STEPS_AT_ONCE", 20)


def vault_rows(url: str) -> Mapping[str, int]:
    found = {}
    with psycopg.connect(connection_info(url, Role.VAULT)) as connection:
        for table in VAULT_TABLES:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            found[table] = row[0] if row else 0
    return found


def kill_after(groups: int) -> Any:
    """A progress callback that ends the import after so many groups."""
    left = iter(range(groups))

    def progress(done: int, total: int) -> None:
        assert 0 < done <= total
        if next(left, None) is None:
            raise Killed

    return progress


def import_events(office: Office) -> Counter[str]:
    rows = office.ledger.recorder.read_log(0, 100_000)
    return Counter(row[4] for row in rows if row[4].startswith("import."))


@pytest.mark.parametrize("groups", range(9))
def test_a_run_that_broke_off_goes_on_where_it_stopped(office: Office, groups: int) -> None:
    with pytest.raises(Killed):
        office.imports(GRAND_BEND, progress=kill_after(groups))
    assert import_events(office) == {"import.started.v1": 1}
    report = office.imports(GRAND_BEND)
    assert import_events(office) == {"import.started.v1": 1, "import.completed.v1": 1}
    assert report.counts == ImportCounts(persons_registered=68, employments_started=69)
    assert office.topics()["person.registered.v1"] == 68
    assert office.topics()["employment.started.v1"] == 69
    people_of = office.people(report.district_id, ["207288", "207249", "207219"])
    assert len(people_of) == 3
    before = office.position
    office.imports(GRAND_BEND)
    assert office.position == before


@pytest.mark.parametrize("before_append", range(1, 10, 2))
def test_a_break_between_vault_and_log_is_made_up_for(
    office: Office, monkeypatch: pytest.MonkeyPatch, before_append: int
) -> None:
    """Names are in the vault, events are not: the next run uses what it finds there."""
    append, calls = office.ledger.recorder.append_all, iter(range(1, 100))

    def break_off(commands: Sequence[Command]) -> None:
        if next(calls) == before_append:
            raise Killed
        append(commands)

    with monkeypatch.context() as patched:
        patched.setattr(office.ledger.recorder, "append_all", break_off)
        with pytest.raises(Killed):
            office.imports(GRAND_BEND)
    report = office.imports(GRAND_BEND)
    assert report.counts == ImportCounts(persons_registered=68, employments_started=69)
    assert len(office.held(report.district_id)) == 69
    names = office.people(report.district_id, ["207288"])
    assert names["207288"].name == "David Woodlock"


def test_a_break_before_the_names_are_shown_is_made_up_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_pointers: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(office.vault, "point_details", break_off)
        with pytest.raises(Killed):
            office.imports(GRAND_BEND)
    report = office.imports(GRAND_BEND)
    ids = office.vault.find_ids("oneroster", report.district_id, ["207288", "207249"])
    assert len(office.vault.get_details(ids.values(), report.district_id)) == 2


def test_a_database_that_fails_ends_the_import_and_it_can_be_resumed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(commands: Sequence[Command]) -> None:
        for command in commands:
            command.outcome = UnavailableError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(office.ledger.recorder, "append_all", fail)
        with pytest.raises(UnavailableError):
            office.imports(GRAND_BEND)
    assert office.imports(GRAND_BEND).counts.employments_started == 69


def test_an_ended_run_that_is_resumed_is_not_asked_about_endings_again(office: Office) -> None:
    users, roles = people(100)
    office.brings(users, roles)
    path = office.file(users=users[50:], roles=roles[50:])
    with pytest.raises(Killed):
        office.imports(path, allow_endings=50, progress=kill_after(1))
    report = office.imports(path)
    assert report.counts.employments_ended == 50
    assert report.counts.rows_unchanged == 3 + 50 + 50


def test_imports_of_one_file_at_once_come_to_one(office: Office) -> None:
    def attempt(_: int) -> ImportReport | None:
        try:
            return office.imports(GRAND_BEND)
        except ImportOvertakenError:
            return None

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(attempt, range(4)))
    report = office.imports(GRAND_BEND)
    assert office.topics()["person.registered.v1"] == 68
    assert office.topics()["employment.started.v1"] == 69
    assert len(office.held(report.district_id)) == 69
    assert (
        import_events(office)["import.completed.v1"] <= import_events(office)["import.started.v1"]
    )


def test_who_changes_a_position_meanwhile_overtakes_the_import(office: Office) -> None:
    users, roles = people(30)
    office.brings(users, roles)
    moved = [{**one, "orgSourcedId": "S2"} for one in roles]

    def somebody_ends_a_position(done: int, _total: int) -> None:
        if done == 20:
            changed = {one.id for one in office.employments(D1) if one.version > 1}
            untouched = next(one for one in office.held(D1) if one.id not in changed)
            call = Call(caller_id=OPERATOR, command_id=uuid4(), body_hash=bytes(32), at=NOON)
            end_employment(
                office.ledger,
                office.vault,
                call,
                employment_id=untouched.id,
                last_day=date(2025, 1, 31),
            )

    path = office.file(users=users, roles=moved)
    with pytest.raises(ImportOvertakenError):
        office.imports(path, progress=somebody_ends_a_position)
    report = office.imports(path)
    assert report.counts.employments_changed == 31, "thirty moved, one end was taken back"


def test_who_registers_a_person_meanwhile_overtakes_the_import(office: Office) -> None:
    users, roles = people(3)

    def somebody_meets_her_first(done: int, _total: int) -> None:
        if done == 3:
            office.vault.persons_for("oneroster", D1, ["u2"])

    path = office.file(users=users, roles=roles)
    with pytest.raises(ImportOvertakenError):
        office.imports(path, progress=somebody_meets_her_first)
    assert office.imports(path).counts.persons_registered == 3


# What nobody should bring


def wrong_files(tmp_path: Path) -> Iterator[Path]:
    users, roles = people(3)
    good = contents(orgs=ORGS, users=users, roles=roles)
    header, *rows = str(good["roles.csv"]).splitlines(keepends=True)
    changes: list[Mapping[str, str | bytes]] = [
        {"roles.csv": header + "".join(rows[:-1]) + rows[-1].replace("teacher", "wizard")},
        {"users.csv": str(good["users.csv"]).encode()[:-20] + b"\xff"},
        {"manifest.csv": "propertyName,value\n"},
        {"orgs.csv": str(good["orgs.csv"]).replace(",school,", ",academy,")},
        {"../roles.csv": "x"},
    ]
    for number, change in enumerate(changes):
        yield write(tmp_path / f"wrong-{number}.zip", {**good, **change})
    cut_off = tmp_path / "cut-off.zip"
    cut_off.write_bytes(GRAND_BEND.read_bytes()[:-700])
    yield cut_off


def test_an_invalid_file_adds_nothing_anywhere(
    office: Office, tmp_path: Path, database_url: str
) -> None:
    office.brings(*people(2))
    before, kept = office.position, vault_rows(database_url)
    refused = 0
    for path in wrong_files(tmp_path):
        with pytest.raises(FileRefusedError):
            office.imports(path)
        refused += 1
    assert refused == 6
    assert (office.position, vault_rows(database_url)) == (before, kept)


def test_more_rows_than_an_import_may_have_are_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oneroster, "ROWS_MAX", 100)
    with pytest.raises(FileRefusedError, match="too-many-rows"):
        office.imports(GRAND_BEND)
    assert office.position == 0


HOSTILE = (
    "O'Brien",
    "Null",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-2",
    "\u202eevil",
    "\u200b",
    "\U0001d518\U0001f393",
    "Zoe\u0301",
    "Zo\u00e9",
    "N" * 300,
    'say "hi", then',
    "Robert'); DROP TABLE vault_texts;--",
    "%s {0} \\x00",
    "NaN",
    "\uff1d1+1",
)


def test_hostile_names_are_names(office: Office) -> None:
    users = [user(f"u{n}", name, name) for n, name in enumerate(HOSTILE)]
    roles = [role(f"r{n}", f"u{n}") for n in range(len(HOSTILE))]
    office.brings(users, roles)
    found = office.people(D1, [f"u{n}" for n in range(len(HOSTILE))])
    expected = [name.replace("Zoe\u0301", "Zo\u00e9") for name in HOSTILE]
    assert [found[f"u{n}"].family_name for n in range(len(HOSTILE))] == expected
    before = office.position
    office.imports(office.file(users=users, roles=roles))
    assert office.topics(before) == {}


letters = st.characters(exclude_categories=["Cs", "Cc"])
names = st.text(letters, min_size=1, max_size=40).map(str.strip).filter(bool)
hostile_names = st.sampled_from([name for name in HOSTILE if len(name) < 100]) | names
hostile_ids = st.sampled_from(["1", "01", "1 ", " 1", "\u00e9", "e\u0301", "=1"]) | names


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@for_all(
    st.dictionaries(hostile_ids, st.tuples(hostile_names, hostile_names), min_size=1, max_size=6)
)
def test_whatever_people_are_called_they_are_told_apart_by_their_numbers(
    office: Office, called: dict[str, tuple[str, str]]
) -> None:
    """All histories of names over one ledger: the newest file is what the vault says."""
    users = [user(number, given, family) for number, (given, family) in called.items()]
    roles: list[Row] = [role(f"role of {number}", number) for number in called]
    office.brings(users, roles, allow_endings=1000)
    found = office.people(D1, list(called))
    assert found.keys() == called.keys()
    ids = office.vault.find_ids("oneroster", D1, list(called))
    assert len(set(ids.values())) == len(called)
    assert len(office.held(D1)) == len(called)
    before = office.position
    office.brings(users, roles)
    assert office.topics(before) == {}, f"a file twice adds nothing, in {ZONE}"

"""Opening records: two people vouch for a file that adds up; it counts, and is never paid."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import orjson
import pytest
from typer.testing import CliRunner, Result

from api.carry.bundle import bundle
from api.carry.contents import VIEWS, gather
from api.cli import app
from api.imports.flaws import FileRefusedError
from api.imports.opening import OpeningReport, import_opening
from api.imports.opening_rows import COLUMNS, HEADER
from api.status_lists import StatusLists
from ledger.aggregates.seal_keys import SecondPersonError
from ledger.errors import ForbiddenError
from ledger.store import EVERYTHING
from projections import payouts, renewals
from tests.api.conftest import running
from tests.api.payroll import Payday, hire, payday
from tests.api.world import Issuer, World
from tests.database import Server

AT = datetime(2024, 10, 1, 15, tzinfo=UTC)
PAID = {
    "record": "payment",
    "amount": "400.00",
    "paid_on": "2024-07-31",
    "fiscal_year": "2025",
}
UNITS = {"record": "units", "unit": "hour", "quantity": "12.50", "earned_on": "2024-05-01"}
AWARD = {
    "record": "award",
    "title": "Asking better questions",
    "issuer": "Elsewhere",
    "earned_on": "2024-03-01",
}


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = AT.isoformat()
        yield world


@dataclass
class Cutover:
    """A district with a teacher whom its earlier system knew by a number, and two who vouch."""

    world: World
    day: Payday
    teacher: UUID
    policy: str
    issuer: Issuer
    credential: str
    folder: Path
    second: UUID

    def file(self, *rows: dict[str, str], name: str = "opening.csv", **said: str) -> Path:
        lines = []
        for row in rows:
            known = {"source": "sis", "source_id": "4711", "family_name": "Sample", **row}
            if row["record"] == "payment":
                known.setdefault("policy_id", self.policy)
            lines.append(",".join(known.get(column, "") for column in COLUMNS))
        head = {
            "layout": "opening-1",
            "district_id": self.day.district.id,
            "as_of": "2024-08-31",
            "rows": str(len(rows)),
            "amount": "400.00" if any(row["record"] == "payment" for row in rows) else "0",
            "units": "12.50" if any(row["record"] == "units" for row in rows) else "0",
            **said,
        }
        text = [",".join(HEADER), ",".join(head.values()), ",".join(COLUMNS), *lines]
        path = self.folder / name
        path.write_text("\n".join(text) + "\n", "utf-8")
        return path

    def send(self, path: Path, who: UUID | None = None) -> OpeningReport:
        edge = self.world.edge
        caller = who or self.day.district.office
        return import_opening(edge.ledger, edge.vault, path, caller_id=caller, at=AT)

    def settings(self) -> dict[str, str]:
        """What a command needs to know to find this ledger."""
        url, folder = self.world.settings.database_url, self.world.settings.state_folder
        assert url is not None
        return {
            "DATABASE_URL": url.get_secret_value(),
            "MCLEDGER_ENVIRONMENT": "development",
            "MCLEDGER_STATE_FOLDER": str(folder),
        }

    def last(self) -> int:
        self.world.position = self.world.edge.ledger.recorder.last_position()
        return self.world.position


@pytest.fixture
def cutover(world: World, tmp_path: Path) -> Cutover:
    day, issuer = payday(world), world.issuer()
    teacher = hire(day, "1")
    body = {"source": "sis", "district_id": day.district.id, "source_id": "4711"}
    world.done(world.operator, f"/v1/people/{teacher}/identities", body)
    credential = issuer.credential()
    policy = day.policy(credential, cents=30_000, person_cap_cents_per_year=50_000)
    second = world.grant("district", day.district.id)
    return Cutover(world, day, teacher, policy, issuer, credential, tmp_path, second)


def flaws(refused: pytest.ExceptionInfo[FileRefusedError]) -> set[tuple[Any, ...]]:
    return {(flaw.row, flaw.column, flaw.slug) for flaw in refused.value.flaws}


def test_nothing_counts_before_a_second_person_confirms_the_same_file(cutover: Cutover) -> None:
    path = cutover.file(PAID, UNITS, AWARD)
    before = cutover.last()
    prepared = cutover.send(path)
    assert (prepared.confirmed_by, cutover.last()) == (None, before + 1)
    with pytest.raises(SecondPersonError):
        cutover.send(path)
    with pytest.raises(ForbiddenError):
        cutover.send(path, uuid4())
    recorded = cutover.send(path, cutover.second)
    assert recorded.confirmed_by == cutover.second
    assert cutover.last() == before + 1 + 1 + 1 + 3 + 1  # confirmed, started, rows, completed
    assert cutover.send(path, cutover.second) == recorded  # again adds nothing
    assert cutover.last() == before + 7


def test_what_was_paid_before_uses_up_her_cap_and_is_not_paid_again(cutover: Cutover) -> None:
    """Cap 500.00 a year; 400.00 were paid before; of 300.00 owed now 100.00 are left."""
    path = cutover.file(PAID, UNITS, AWARD)
    cutover.send(path)
    cutover.send(path, cutover.second)
    cutover.day.award(cutover.teacher, cutover.credential, cutover.issuer)
    cutover.last()
    cutover.world.edge.visible(("payouts", "renewals", "history"), cutover.world.position)
    with cutover.world.edge.reading([EVERYTHING]) as connection:
        day = AT.date()
        owed = payouts.of_person(connection, cutover.teacher, effective_on=day)
        credits_ = renewals.credits_of_persons(connection, [cutover.teacher])
    assert [(one.terms_cents, one.amount_cents, one.reason) for one in owed] == [
        (30_000, 10_000, "reduced_by_yearly_cap")
    ]
    assert {(one.kind, one.quantity_hundredths) for one in credits_} == {
        ("hour", 1_250),
        ("micro_credential", 100),
    }
    shown = cutover.world.seen(cutover.teacher, f"/v1/people/{cutover.teacher}/opening-records")[
        "items"
    ]
    assert [one["entry"]["kind"] for one in shown] == ["payment", "units", "award"]
    assert {(one["prepared_by"], one["confirmed_by"]) for one in shown} == {
        (str(cutover.day.district.office), str(cutover.second))
    }
    transcript = cutover.world.seen(cutover.teacher, f"/v1/people/{cutover.teacher}/transcript")[
        "items"
    ]
    # The earlier one is told apart from ours.
    assert [line["origin"] is None for line in transcript] == [False, True]
    elsewhere = cutover.world.district("Elsewhere")
    path_ = f"/v1/people/{cutover.teacher}/opening-records"
    assert cutover.world.get(elsewhere.office, path_).status_code == 404


def test_totals_that_differ_are_both_named_and_refuse_the_file_whole(cutover: Cutover) -> None:
    before = cutover.last()
    with pytest.raises(FileRefusedError) as refused:
        cutover.send(cutover.file(PAID, UNITS, amount="401.00", units="12.00", rows="3"))
    assert flaws(refused) == {
        (2, "rows", "totals-differ"),
        (2, "amount", "totals-differ"),
        (2, "units", "totals-differ"),
    }
    assert "says 401.00, and the rows come to 400.00" in [f.message for f in refused.value.flaws]
    assert cutover.last() == before


def test_her_transcript_shows_an_earlier_award_with_where_it_came_from(cutover: Cutover) -> None:
    """And who vouched for it: beside her own, on the day asked for, as of a position, explained."""
    world, teacher, office = cutover.world, cutover.teacher, cutover.day.district.office
    expiring = {**AWARD, "title": "Listening", "expires_on": "2024-09-01"}
    path = cutover.file(PAID, UNITS, AWARD, {**expiring, "credential_id": cutover.credential})
    cutover.send(path)
    transcript, on = f"/v1/people/{teacher}/transcript", {"effective_on": "2024-10-01"}
    before = cutover.last()
    assert world.seen(teacher, transcript, **on)["items"] == []
    report = cutover.send(path, cutover.second)
    cutover.last()
    records = world.seen(teacher, f"/v1/people/{teacher}/opening-records")["items"]
    awards = [one for one in records if one["entry"]["kind"] == "award"]
    told = world.seen(teacher, transcript, **on)["items"]
    assert [line["enrollment_id"] for line in told] == [one["record_id"] for one in awards]
    named = ("title", "issuer_name", "awarded_on", "status", "in_force", "credential_id")
    assert [tuple(line[name] for name in named) for line in told] == [
        ("Asking better questions", "Elsewhere", "2024-03-01", "awarded", True, None),
        ("Listening", "Elsewhere", "2024-03-01", "expired", False, cutover.credential),
    ]
    [origin] = {tuple(line["origin"].items()) for line in told}
    assert dict(origin) == {
        "district_id": cutover.day.district.id,
        "import_id": awards[0]["import_id"],
        "as_of": "2024-08-31",
        "prepared_by": str(office),
        "confirmed_by": str(report.confirmed_by),
    }
    early = world.seen(teacher, transcript, effective_on="2024-02-29")["items"]
    assert [line["in_force"] for line in early] == [False, False]
    assert world.seen(teacher, transcript, **on, as_of=before)["items"] == []
    assert world.seen(teacher, transcript, **on, as_of=world.position)["items"] == told
    assert world.seen(office, transcript, **on)["items"] == told
    first = world.seen(teacher, transcript, **on, limit=1)
    assert first["items"] == told[:1]
    rest = world.seen(teacher, transcript, **on, limit=1, cursor=first["next"])
    assert rest["items"] == told[1:]
    explained = world.seen(teacher, f"{transcript}/{told[0]['enrollment_id']}/explanation", **on)
    assert explained["line"] == told[0]
    assert [made["topic"] for made in explained["events"]] == ["opening.recorded.v1"]
    never = f"{transcript}/{records[0]['record_id']}/explanation"
    assert world.get(teacher, never).status_code == 404  # a payment is no line
    whole = f"{transcript}/{told[0]['enrollment_id']}/explanation"
    assert world.get(teacher, whole, as_of=before).status_code == 404


def test_another_district_is_not_shown_what_came_from_this_ones_system(cutover: Cutover) -> None:
    world, teacher = cutover.world, cutover.teacher
    path = cutover.file(AWARD)
    cutover.send(path)
    cutover.send(path, cutover.second)
    cutover.last()
    other = world.district("Another")
    other.employ(teacher, "2020-08-01")
    transcript = f"/v1/people/{teacher}/transcript"
    [line] = world.seen(teacher, transcript)["items"]
    assert world.seen(other.office, transcript)["items"] == []
    explanation = f"{transcript}/{line['enrollment_id']}/explanation"
    assert world.get(other.office, explanation).status_code == 404
    assert world.get(cutover.day.district.office, explanation).status_code == 200


def test_the_command_prints_the_transcript(
    cutover: Cutover, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cutover.settings().items():
        monkeypatch.setenv(name, value)
    world, teacher, before = cutover.world, cutover.teacher, cutover.last()
    path, token = cutover.file(AWARD), cutover.folder / "token"
    cutover.send(path)
    cutover.send(path, cutover.second)
    cutover.last()
    token.write_text(world.token(teacher))
    told = world.seen(teacher, f"/v1/people/{teacher}/transcript")["items"]

    def run(*words: str) -> str:
        words = ("transcript", str(teacher), "--token-file", str(token), *words)
        found = CliRunner().invoke(app, [*words])
        assert found.exit_code == 0, found.output
        return found.stdout

    assert [json.loads(line) for line in run("--json").splitlines()] == told
    assert run() == (
        "2024-03-01  awarded     Asking better questions (Elsewhere), from an earlier system as of"
        f" 2024-08-31: prepared by {cutover.day.district.office}, confirmed by {cutover.second}\n"
    )
    assert run("--as-of", str(before)) == ""


def test_what_was_brought_along_is_among_the_changes(cutover: Cutover) -> None:
    world, teacher, office = cutover.world, cutover.teacher, cutover.day.district.office
    since = cutover.last()
    path = cutover.file(UNITS, AWARD)
    cutover.send(path)
    cutover.send(path, cutover.second)
    until = cutover.last()
    [line] = world.seen(teacher, f"/v1/people/{teacher}/transcript")["items"]
    district = f"districts/{cutover.day.district.id}"
    for who, whose in ((teacher, f"people/{teacher}"), (office, district)):
        span = {"since": str(since), "until": str(until)}
        found = world.seen(who, f"/v1/{whose}/changes", **span, kind="transcript")["items"]
        assert [(one["before"], one["after"]) for one in found] == [(None, line)]
        assert [one["topic"] for one in found[0]["events"]] == ["opening.recorded.v1"]
        later = {"since": str(until), "kind": "transcript"}
        assert world.seen(who, f"/v1/{whose}/changes", **later)["items"] == []
        held = world.seen(who, f"/v1/{whose}/changes", **span, kind="award")["items"]
        assert [one["after"]["awarded_on"] for one in held] == ["2024-03-01"]


@pytest.mark.parametrize(
    ("row", "column", "slug"),
    [
        ({**UNITS, "earned_on": "31.5.2024"}, "earned_on", "value-unreadable"),
        ({**UNITS, "quantity": "1.255"}, "quantity", "value-unreadable"),
        ({**UNITS, "unit": "Hours!"}, "unit", "value-unreadable"),
        ({**UNITS, "record": "unit"}, "record", "value-unreadable"),
        ({**UNITS, "earned_on": "2024-09-01"}, "earned_on", "after-cut-over"),
        ({**UNITS, "source_id": "9"}, "source_id", "person-unknown"),
        ({**PAID, "policy_id": str(UUID(int=7))}, "policy_id", "policy-unknown"),
        ({**PAID, "fiscal_year": "FY25"}, "fiscal_year", "value-unreadable"),
        ({**PAID, "fiscal_year": "25"}, "fiscal_year", "value-unreadable"),
        ({**PAID, "amount": "400.001"}, "amount", "value-unreadable"),
        ({**UNITS, "quantity": "9999999.00"}, "quantity", "value-unreadable"),
        ({**UNITS, "quantity": "0"}, "quantity", "value-unreadable"),
        ({**AWARD, "title": ""}, "title", "value-unreadable"),
        ({**AWARD, "earned_on": "0024-03-01"}, "earned_on", "value-unreadable"),
        ({**AWARD, "expires_on": "2024-03-01"}, "expires_on", "value-unreadable"),
        ({**AWARD, "issuer": "Else\x00where"}, "issuer", "value-unreadable"),
    ],
)
def test_a_bad_row_is_named_by_line_and_field(
    cutover: Cutover, row: dict[str, str], column: str | None, slug: str
) -> None:
    before = cutover.last()
    with pytest.raises(FileRefusedError) as refused:
        cutover.send(cutover.file(row, amount="400.00" if row["record"] == "payment" else "0"))
    assert (4, column, slug) in flaws(refused)
    assert cutover.last() == before


def test_a_number_that_somebody_else_has_by_now_joins_nobody(cutover: Cutover) -> None:
    """The earlier system's 4711 was another teacher's: her name tells (trap T17)."""
    before = cutover.last()
    with pytest.raises(FileRefusedError) as refused:
        cutover.send(cutover.file({**UNITS, "family_name": "Predecessor"}))
    assert flaws(refused) == {(4, "family_name", "name-differs")}
    assert "Predecessor" not in str(refused.value)
    assert cutover.last() == before


# The command, which dies by the hand of the system when so many groups of two rows are in the log.
DYING = """
import os, signal, sys
from api.cli import app
from api.imports import opening
from ledger.store import LedgerRecorder

left, append = [int(sys.argv.pop(1))], LedgerRecorder.append_all

def append_and_die(self, commands):
    if left[0]:
        append(self, commands)
        left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

opening.STEPS_AT_ONCE, LedgerRecorder.append_all = 2, append_and_die
app()
"""


@pytest.mark.parametrize(("groups", "rows"), [(0, 0), (1, 2), (3, 5)])
def test_a_run_that_was_killed_between_two_groups_goes_on_and_doubles_nothing(
    cutover: Cutover, groups: int, rows: int
) -> None:
    """Five rows: killed before any of them, between two groups, and before the end is written."""
    path = cutover.file(*[UNITS] * 5, units="62.50")
    cutover.send(path)
    before = cutover.last()
    words = ["import", "opening", str(path), "--principal", str(cutover.second)]
    killed = subprocess.run(
        [sys.executable, "-c", DYING, str(groups), *words],
        env={**os.environ, **cutover.settings()},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert cutover.last() == before + 2 + rows  # confirmed, started
    recorded = cutover.send(path, cutover.second)
    assert recorded.confirmed_by == cutover.second
    told = cutover.world.edge.ledger.recorder.read_log(before, 100)
    assert Counter(row[4] for row in told) == {
        "opening-file.confirmed.v1": 1,
        "import.started.v1": 1,
        "opening.recorded.v1": 5,
        "import.completed.v1": 1,
    }
    last = cutover.last()
    assert cutover.send(path, cutover.second) == recorded
    assert cutover.last() == last
    records = f"/v1/people/{cutover.teacher}/opening-records"
    shown = cutover.world.seen(cutover.teacher, records)["items"]
    assert [one["entry"]["quantity_hundredths"] for one in shown] == [1_250] * 5


def test_the_command_prepares_confirms_and_names_every_flaw(
    cutover: Cutover, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cutover.settings().items():
        monkeypatch.setenv(name, value)
    office = cutover.day.district.office

    def imports(path: Path, who: UUID) -> Result:
        return CliRunner().invoke(app, ["import", "opening", str(path), "--principal", str(who)])

    bad = {**UNITS, "earned_on": "31.5.2024", "source_id": "9"}
    before = cutover.last()
    refused = imports(cutover.file(bad, name="bad.csv", units="12.50"), office)
    assert isinstance(refused.exception, FileRefusedError)
    assert "bad.csv row 4 earned_on" in refused.stderr
    assert "31.5" not in refused.output
    assert cutover.last() == before
    path = cutover.file(PAID, UNITS, AWARD)
    prepared = imports(path, office)
    assert prepared.exit_code == 0, prepared.output
    told = "opening.csv: 3 rows, 40000 cents paid before, 1250 hundredths of units"
    assert prepared.stdout.strip() == f"{told}: prepared, and waits for a second person"
    assert isinstance(imports(path, office).exception, SecondPersonError)
    assert imports(path, cutover.second).stdout.strip() == f"{told}: recorded"
    last = cutover.last()
    assert imports(path, office).stdout.strip() == f"{told}: recorded"
    assert cutover.last() == last
    assert imports(cutover.folder / "none.csv", office).exit_code == 2


def test_what_an_earlier_system_said_goes_along_with_her_and_what_it_paid_does_not(
    cutover: Cutover,
) -> None:
    path = cutover.file(PAID, UNITS, AWARD)
    cutover.send(path)
    cutover.send(path, cutover.second)
    edge = cutover.world.edge
    edge.visible(VIEWS, cutover.last())
    contents = gather(edge, cutover.teacher, AT, StatusLists())
    assert contents.lines == (), "she has not enrolled for anything here"
    with ZipFile(BytesIO(bundle(contents))) as files:
        said = orjson.loads(files.read("earlier/records.json"))["records"]
        receipts = orjson.loads(files.read("earlier/receipts.json"))["receipts"]
    assert sorted(one["entry"]["kind"] for one in said) == ["award", "units"]
    assert {one["as_of"] for one in said} == {"2024-08-31"}
    assert [one["position"] for one in receipts] == [one["position"] for one in said]
    assert contents.position == max(one["position"] for one in said)

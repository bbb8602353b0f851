"""`mcledger payroll`: a batch from the first draft to the last answer, by three people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from api.cli_imports import COMMAND_LINE
from ledger.commands.segregation import SegregationError
from tests.api.payroll import hire, payday
from tests.api.test_cli import Run, in_place
from tests.api.world import World


def disclosed(world: World, teacher: str) -> list[tuple[str, ...]]:
    """What she is told of who was shown which record, the newest first."""
    found = world.seen(UUID(teacher), f"/v1/people/{teacher}/disclosures")["items"]
    named = ("record", "reader_id", "role", "organization_id")
    return [tuple(one[name] for name in named) for one in found]


def assert_told_as_of(run: Run, newest: str, here: tuple[str, str], batch: Sequence[str]) -> None:
    """As of the newest position they say what they say now, and as of an early day nothing."""
    listed = run("payroll", "list", *here).stdout
    assert ("300.00" in listed, batch[0] in listed) == (True, True)
    assert run("payroll", "list", *here, "--as-of", newest).stdout == listed
    assert run("payroll", "list", *here, "--as-of", "2001-01-01").stdout == ""
    compared = run("payroll", "compare", *batch, "--as-of", newest).stdout
    assert compared == run("payroll", "compare", *batch).stdout


def test_a_batch_is_closed_approved_exported_and_answered(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
    day, issuer = payday(world), world.issuer()
    credential = issuer.credential()
    day.policy(credential)
    day.award(hire(day, "4501"), credential, issuer)
    world.edge.visible(("payouts", "batches"), world.position)
    assert world.settings.database_url is not None
    url = world.settings.database_url.get_secret_value()
    run = in_place(url, world.settings.state_folder, monkeypatch)
    office, second = ("--principal", str(day.office)), ("--principal", str(day.second))
    here = ("--district", day.district.id)

    closed = run("payroll", "close", *here, "--pay-date", "2024-10-15", *office)
    batch = closed.stdout.split()[2]
    assert "is frozen: 1 lines, 30000 cents, approvals 0 of 1" in closed.stdout
    run("payroll", "approve", batch, *office, refused=SegregationError)
    assert "is closed" in run("payroll", "approve", batch, *second).stdout

    [teacher] = {line["person_id"] for line in day.lines(batch)}
    layout = ("--layout", "adp-workforce-now", "--folder", str(tmp_path / "out"))
    exported = run("payroll", "export", batch, *office, *layout)
    file = tmp_path / "out" / "PRABCEPI.csv"
    first = file.read_bytes()
    assert b"ABC,MC241015,004501,MCR,300.00,10E2213\r\n" in first
    assert run("payroll", "export", batch, *office, *layout).stdout == exported.stdout
    assert file.read_bytes() == first
    assert file.with_name("PRABCEPI.csv.envelope.json").exists()
    as_over_http = ("payouts", str(day.office), "payroll", str(day.district.id))
    assert disclosed(world, teacher) == [as_over_http] * 3, "the list before, and each file"

    run("export", "journal", str(tmp_path / "journal"), *here)
    by_nobody_named = ("payouts", str(COMMAND_LINE), "operator", str(day.district.id))
    assert disclosed(world, teacher)[0] == by_nobody_named

    [line] = day.lines(batch)
    answer = tmp_path / "answer.csv"
    answer.write_text(f"batch_no,line_id,status\n1,{line['line_id']},paid\n")
    refused = run("payroll", "import-return", batch, str(answer), *office, exit_code=1)
    assert "answer.csv row 2 status: has to be one of accepted" in refused.stderr
    answer.write_text(f"batch_no,line_id,status\n1,{line['line_id']},accepted\n")
    said = run("payroll", "import-return", batch, str(answer), *office).stdout
    assert "accepted 1" in said
    assert "variance 0 cents" in said
    assert "repeated 1" in run("payroll", "import-return", batch, str(answer), *office).stdout

    world.edge.visible(("batches",), world.edge.ledger.recorder.last_position())
    newest = str(world.edge.ledger.recorder.last_position())
    assert_told_as_of(run, newest, here, (batch, *office))
    assert "workday-eib" in run("payroll", "layouts").stdout
    run("payroll", "deliver", "--once")
    empty = run("payroll", "close", *here, "--pay-date", "2024-10-31", *office).stdout.split()[2]
    void = ("payroll", "void", empty, *office, "--reason")
    assert "wrong_lines" in run(*void, "nonsense", exit_code=2).stderr
    assert "is voided" in run(*void, "test_run").stdout

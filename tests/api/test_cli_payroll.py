"""`mcledger payroll`: a batch from the first draft to the last answer, by three people."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.commands.segregation import SegregationError
from tests.api.payroll import hire, payday
from tests.api.test_cli import in_place
from tests.api.world import World


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

    layout = ("--layout", "adp-workforce-now", "--folder", str(tmp_path / "out"))
    exported = run("payroll", "export", batch, *office, *layout)
    file = tmp_path / "out" / "PRABCEPI.csv"
    first = file.read_bytes()
    assert b"ABC,MC241015,004501,MCR,300.00,10E2213\r\n" in first
    assert run("payroll", "export", batch, *office, *layout).stdout == exported.stdout
    assert file.read_bytes() == first
    assert file.with_name("PRABCEPI.csv.envelope.json").exists()

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
    listed = run("payroll", "list", *here).stdout
    assert "300.00" in listed
    assert batch in listed
    assert "workday-eib" in run("payroll", "layouts").stdout
    run("payroll", "deliver", "--once")
    empty = run("payroll", "close", *here, "--pay-date", "2024-10-31", *office).stdout.split()[2]
    wrong = run("payroll", "void", empty, *office, "--reason", "nonsense", exit_code=2)
    assert "wrong_lines" in wrong.stderr
    assert "is voided" in run("payroll", "void", empty, *office, "--reason", "test_run").stdout

"""Payroll files over HTTP: the worked batch to the byte, rendered once and given out as stored."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from tests.api.conftest import running
from tests.api.payroll import Worked, worked_batch
from tests.database import Server

WORKED = (
    b"Co Code,Batch ID,File #,Earnings 3 Code,Earnings 3 Amount,Temp Cost Number\r\n"
    b"ABC,MC241115,000123,MCR,600.00,10E2213\r\n"
    b"ABC,MC241115,004501,MCR,200.00,10E2213\r\n"
    b"ABC,MC241115,004501,MCR,400.00,27T2213\r\n"
    b"ABC,MC241115,009876,MCA,-150.00,10E2213\r\n"
)


@pytest.fixture(scope="module")
def worked(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield worked_batch(world)


def test_the_worked_batch_comes_out_byte_for_byte(worked: Worked) -> None:
    content = worked.day.export(worked.batch, "adp-workforce-now")

    assert content == WORKED
    assert len(content) == 237
    sha256 = "09da2ccb674b40b2b0e03c2a9c71bece7f10c84c43aa1d8097a5fe593f695999"
    assert hashlib.sha256(content).hexdigest() == sha256
    path = f"/v1/batches/{worked.batch}/files/adp-workforce-now"
    envelope = worked.world.seen(worked.day.machine, f"{path}/envelope")
    assert envelope["sha256"] == sha256
    totals = ("line_count", "sum_amount", "sum_positive", "sum_negative", "hash_total")
    assert [envelope[name] for name in totals] == [4, 1050.0, 1200.0, -150.0, 19_001]
    named = worked.world.get(worked.day.machine, path).headers["content-disposition"]
    assert 'filename="PRABCEPI.csv"' in named


def test_what_takes_back_names_what_it_takes_back(worked: Worked) -> None:
    [first] = worked.day.lines(worked.first)
    taken = worked.day.lines(worked.batch)[0]
    assert (taken["kind"], taken["amount_cents"]) == ("reversal", -15_000)
    assert taken["original_line_id"] == first["line_id"]
    assert (taken["original_pay_date"], taken["original_tax_year"]) == ("2024-10-15", 2024)
    rows = list(csv.DictReader(io.StringIO(worked.day.export(worked.batch).decode())))
    assert rows[3]["reverses_line_id"] == first["line_id"]
    assert [row["amount"] for row in rows] == ["600.00", "200.00", "400.00", "-150.00"]
    assert {row["board_ref"] for row in rows} == {"Minute 7"}
    assert {row["approver"] for row in rows} == {str(worked.day.second)}


def test_a_file_says_what_was_before_it(worked: Worked) -> None:
    first = f"/v1/batches/{worked.first}/files/canonical-csv/envelope"
    before = worked.world.seen(worked.day.machine, first)
    worked.day.export(worked.batch, "generic-csv")
    after = worked.world.seen(
        worked.day.machine, f"/v1/batches/{worked.batch}/files/generic-csv/envelope"
    )
    assert before["previous_batch_sha256"] is None
    assert after["previous_batch_sha256"] == before["lines_sha256"]
    assert after["approved"][0]["by"] == str(worked.day.second)


def test_a_hundred_downloads_are_the_same_bytes_and_each_is_written_down(worked: Worked) -> None:
    day = worked.day
    once = day.export(worked.first, "canonical-jsonl")
    assert {day.file(worked.first, "canonical-jsonl") for _ in range(100)} == {once}
    log = []
    after: dict[str, Any] = {}
    while True:
        page = day.world.seen(day.office, f"/v1/batches/{worked.first}/log", limit=200, **after)
        log += page["items"]
        if page["next"] is None:
            break
        after = {"cursor": page["next"]}
    given = [one for one in log if one["happened"] == "downloaded"]
    assert [one["detail"]["layout"] for one in given].count("canonical-jsonl") == 101
    again = day.world.post(
        day.office, f"/v1/batches/{worked.first}/exports", {"layout": "canonical-jsonl"}
    )
    assert again.json()["type"] == "/problems/nothing-changes"


def test_json_lines_hold_numbers_as_numbers(worked: Worked) -> None:
    content = worked.day.export(worked.batch, "canonical-jsonl")
    assert b'"amount":-150.00,' in content
    lines = [orjson.loads(line) for line in content.splitlines()]
    assert [line["employee_no"] for line in lines] == ["123", "4501", "4501", "9876"]


def test_neither_log_nor_disk_holds_a_number_of_a_person(worked: Worked) -> None:
    edge = worked.world.edge
    events = list(edge.ledger.events.get(UUID(worked.batch)))
    assert len(events) >= 5
    for number in ("004501", '"4501"', "000123"):
        assert number not in "".join(map(repr, events))
    folder = edge.settings.evidence_files
    blobs = [path.read_bytes() for path in folder.glob("payroll-*")]
    assert blobs
    assert not any(b"4501" in blob and b"amount" in blob for blob in blobs)
    query = "SELECT retention_class, kept_until::text FROM vault_payroll_files WHERE batch_id = %s"
    with edge.vault.connections.connection() as connection:
        kept = set(connection.execute(query, [worked.first]).fetchall())
    assert kept == {("payroll", "2029-01-31")}

"""Layouts of payroll systems: how each value is written, and which is refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from api.exports.layout import RECORDS_AT_ONCE, CellRefusedError, Column, Layout

COLUMNS = (
    Column(header="Name", field="memo"),
    Column(header="File #", field="employee_no", zeros=6, length_max=6, required=True),
    Column(header="Amount", field="amount", kind="amount"),
    Column(header="Day", field="earned_from", kind="day", day_format="%m/%d/%Y"),
    Column(header="ISO", field="earned_from", kind="day"),
    Column(header="Flag", field="pensionable", kind="flag"),
    Column(header="Code", constant="X1"),
)


def layout(*columns: Column, **changed: Any) -> Layout:
    given: dict[str, Any] = {"name": "x", "version": 1, "title": "X", "complete": True}
    rest = {"source": "a test", "file_name": "x.csv", "columns": columns or COLUMNS}
    return Layout(**given | rest | changed)


def record(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {"line_no": number, "memo": "Stipend", "employee_no": "123", "amount": -15_000}
    return given | {"earned_from": "2024-11-15", "pensionable": True} | changed


def rows(*records: dict[str, Any], of: Layout | None = None) -> list[list[str]]:
    text = b"".join((of or layout()).render(records)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def test_each_kind_is_written_in_its_own_way() -> None:
    header, row = rows(record())
    assert header == [column.header for column in COLUMNS]
    assert row == ["Stipend", "000123", "-150.00", "11/15/2024", "2024-11-15", "true", "X1"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b"])
def test_no_text_is_a_formula_and_every_amount_is_a_number(start: str) -> None:
    _, row = rows(record(memo=f"{start}1+1"))
    assert row[0] == f"'{start}1+1"
    assert row[2] == "-150.00"


def test_what_the_line_before_said_is_not_said_again() -> None:
    names = ["A", "A", None, "", "B", None, "A"]
    found = rows(*(record(number, memo=name) for number, name in enumerate(names, 1)))
    assert [row[0] for row in found[1:]] == ["A", "A", "", "", "B", "", "A"]


def test_a_file_without_lines_has_its_header_and_a_long_one_has_it_once() -> None:
    assert rows() == [[column.header for column in COLUMNS]]
    many = [record(number, amount=number) for number in range(2 * RECORDS_AT_ONCE + 1)]
    found = rows(*many)
    assert [row[2] for row in found[1:3]] == ["0.00", "0.01"]
    assert len(found) == len(many) + 1


@pytest.mark.parametrize(
    ("value", "why"),
    [("1234567", "has over 6 characters"), ("", "has to be there"), (None, "has to be there")],
)
def test_what_does_not_fit_is_refused_with_its_line_and_column(value: Any, why: str) -> None:
    with pytest.raises(CellRefusedError, match=f"x line 2 File #: {why}"):
        rows(record(), record(2, employee_no=value))


def test_one_column_is_a_layout_too() -> None:
    assert rows(record(), of=layout(COLUMNS[0])) == [["Name"], ["Stipend"]]
    assert rows(record(), of=layout(COLUMNS[-1])) == [["Code"], ["X1"]]

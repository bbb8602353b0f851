"""Layouts of payroll systems: how each value is written, and which is refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.exports.layout import (
    LINE_ENDS,
    CellRefusedError,
    Column,
    Layout,
    safe_text,
)
from api.exports.records import RECORDS_AT_ONCE, Beside, Policy, records_of, to_bytes

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


def test_of_several_lines_that_do_not_fit_the_first_is_named() -> None:
    records = [record(number, employee_no="") for number in (1, 2, 3)]
    with pytest.raises(CellRefusedError, match="x line 1 File #: has to be there"):
        rows(*records)


CELLS = st.text(st.sampled_from("a,\"\r\n;'= \N{EM DASH}"), max_size=4)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.sampled_from(["crlf", "lf"]))
def test_a_file_is_what_the_module_csv_writes(cells: list[tuple[str, str]], line_end: str) -> None:
    columns = Column(header="Name", field="memo"), Column(header="Code", field="earning_code")
    records = [record(n, memo=one, earning_code=two) for n, (one, two) in enumerate(cells, 1)]
    for of in (columns, columns[:1]):
        expected = io.StringIO(newline="")
        writer = csv.writer(expected, lineterminator=LINE_ENDS[line_end])
        writer.writerow(column.header for column in of)
        writer.writerows([safe_text(cell) for cell in row[: len(of)]] for row in cells)
        written = b"".join(layout(*of, line_end=line_end).render(records))
        assert written == expected.getvalue().encode()


def test_what_all_say_alike_is_said_in_each_line_and_counts_for_more() -> None:
    said = {"pensionable": False, "amount": 5}
    expected = rows(record(1, **said), record(2, **said))
    text = b"".join(layout().render([record(1), record(2)], said)).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == expected
    plain = layout(format="jsonl")
    assert list(plain.render([record()], said)) == list(plain.render([record(**said)]))


def test_one_column_is_a_layout_too() -> None:
    assert rows(record(), of=layout(COLUMNS[0])) == [["Name"], ["Stipend"]]
    assert rows(record(), of=layout(COLUMNS[-1])) == [["Code"], ["X1"]]


@given(st.lists(st.text() | st.sampled_from(['},{"line_no":', "},{", "}\n{"]), max_size=5))
def test_records_are_frozen_as_one_object_a_line(titles: list[str]) -> None:
    texts = ("line_id", "entitlement_id", "person_id", "subject_id", "earned_on", "earning_code")
    blank = dict.fromkeys((*texts, "kind", "account", "fund_source"), "x")
    numbers = {"attempt": 1, "instalment": 1, "amount_cents": 100, "policy_version": 1}
    row = blank | numbers | {"pensionable": True, "original": None}
    rows = [row | {"policy_id": str(number)} for number in range(len(titles))]
    policies = {(str(number), 1): Policy("", title) for number, title in enumerate(titles)}
    records = list(records_of(rows, Beside({"x": "123"}, policies)))
    assert [one["memo"] for one in records] == titles
    assert to_bytes(records) == b"".join(orjson.dumps(one) + b"\n" for one in records)


def test_more_records_than_are_written_at_once_are_still_one_a_line() -> None:
    records = [record(number) for number in range(2 * RECORDS_AT_ONCE + 1)]
    assert to_bytes(records) == b"".join(orjson.dumps(one) + b"\n" for one in records)

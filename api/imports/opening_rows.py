"""Reads a file of opening records, row by row, and compares it with its own control totals.

docs/opening.md says what stands where. Nothing of a row is ever repeated in a message.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from api.imports.flaws import Flaws
from ledger.aggregates.licensure import YEAR_MIN
from ledger.events.opening import OpeningAward, OpeningPayment, OpeningUnits

LAYOUT = "opening-1"
HEADER = ("layout", "district_id", "as_of", "rows", "amount", "units")
WHO = ("record", "source", "source_id", "family_name")
WHAT = ("title", "issuer", "credential_id", "policy_id", "unit", "category", "quantity", "amount")
WHEN = ("earned_on", "expires_on", "paid_on", "fiscal_year")
COLUMNS = (*WHO, *WHAT, *WHEN)
# What a column is called that an event has in hundredths or in cents.
COLUMN_OF = {
    "quantity_hundredths": "quantity",
    "units_hundredths": "quantity",
    "amount_cents": "amount",
}
YEARS_APART = 1  # between a payment and the fiscal year by which caps count it
FIRST_ROW = 4  # as a spreadsheet counts: the header takes two lines, the names of columns one
DECIMAL = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """One record, and by which number the district knows whose it is."""

    row: int
    source: str
    source_id: str = field(repr=False)
    family_name: str = field(repr=False)
    entry: OpeningAward | OpeningUnits | OpeningPayment


@dataclass(frozen=True, slots=True)
class OpeningText:
    """A file that reads well and adds up to what it says."""

    district_id: UUID
    as_of: date
    amount_cents: int
    units_hundredths: int
    rows: tuple[OpeningRow, ...]


class _Cells:
    """The cells of one row; what cannot be read is noted, and stands as null."""

    def __init__(self, file: str, row: int, cells: Mapping[str, str], flaws: Flaws) -> None:
        self._file, self._row, self._cells, self._flaws = file, row, cells, flaws

    def text(self, name: str) -> str | None:
        return self._cells.get(name, "").strip() or None

    def read(self, name: str, expected: str, parse: Callable[[str], Any], *, may: bool) -> Any:
        text = self.text(name)
        if text is None and may:
            return None
        try:
            return parse(text or "")
        except ValueError:
            self.flaw(name, f"expected {expected}")
            return None

    def flaw(self, name: str | None, message: str, slug: str = "value-unreadable") -> None:
        self._flaws.add(self._file, slug, message, row=self._row, column=name)

    def day(self, name: str, *, may: bool = False) -> Any:
        return self.read(name, "a day as 2024-08-31", _day, may=may)

    def id(self, name: str, *, may: bool = False) -> Any:
        return self.read(name, "an id of this ledger", UUID, may=may)

    def number(self, name: str, expected: str = "a whole number") -> Any:
        return self.read(name, expected, int, may=False)

    def hundredths(self, name: str, *, may: bool = False) -> Any:
        return self.read(name, "a number with at most two decimals, as 12.50", hundredths, may=may)


def _day(text: str) -> date:
    """A day; one of the year 24 is a slip of the pen. Raises ValueError for what is none."""
    day = date.fromisoformat(text)
    if day.year < YEAR_MIN:
        raise ValueError
    return day


def hundredths(text: str) -> int:
    """A decimal number in hundredths, exactly. Raises ValueError for what is none."""
    found = DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def read_opening(path: Path, flaws: Flaws) -> OpeningText:
    """Read a file whole. Raises FileRefusedError with everything that is wrong with it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error):
        flaws.add(path.name, "file-unreadable", "expected CSV in UTF-8")
        lines = []
    flaws.refuse_if_any()
    padded: list[list[str]] = [*lines, [], [], []]
    names, values, columns, body = padded[0], padded[1], padded[2], lines[FIRST_ROW - 1 :]
    if tuple(names) != HEADER or tuple(columns) != COLUMNS:
        flaws.add(path.name, "columns-differ", f"expected {','.join(HEADER)}", row=1)
        flaws.add(path.name, "columns-differ", f"expected {','.join(COLUMNS)}", row=FIRST_ROW - 1)
        flaws.refuse_if_any()
    head = _Cells(path.name, 2, dict(zip(HEADER, values, strict=False)), flaws)
    if head.text("layout") != LAYOUT:
        head.flaw("layout", f"expected {LAYOUT}")
    said = {
        "rows": head.number("rows"),
        "amount": head.hundredths("amount"),
        "units": head.hundredths("units"),
    }
    district_id, as_of = head.id("district_id"), head.day("as_of")
    found = [
        one
        for number, cells in enumerate(body, FIRST_ROW)
        if cells and (one := _row(path.name, number, cells, flaws, as_of)) is not None
    ]
    flaws.refuse_if_any()
    _compare(head, said, found)
    flaws.refuse_if_any()
    return OpeningText(district_id, as_of, said["amount"], said["units"], tuple(found))


def _compare(head: _Cells, said: Mapping[str, int], found: list[OpeningRow]) -> None:
    """The totals of the earlier system and those of the rows, both named where they differ."""
    entries = [one.entry for one in found]
    counted = {
        "rows": len(found),
        "amount": sum(one.amount_cents for one in entries if isinstance(one, OpeningPayment)),
        "units": sum(one.quantity_hundredths for one in entries if isinstance(one, OpeningUnits)),
    }
    for name, total in counted.items():
        if total != said[name]:
            show = str if name == "rows" else _shown
            message = f"says {show(said[name])}, and the rows come to {show(total)}"
            head.flaw(name, message, "totals-differ")


def _shown(total: int) -> str:
    return f"{total // 100}.{total % 100:02d}"


def _row(
    file: str, number: int, cells: list[str], flaws: Flaws, as_of: date | None
) -> OpeningRow | None:
    if len(cells) != len(COLUMNS):
        flaws.add(file, "columns-differ", f"expected {len(COLUMNS)} cells", row=number)
        return None
    read = _Cells(file, number, dict(zip(COLUMNS, cells, strict=True)), flaws)
    for name in WHO[1:]:
        if read.text(name) is None:
            read.flaw(name, "expected a value")
    try:
        entry = _entry(read)
    except ValidationError as error:
        for one in error.errors():
            field_name = str(one["loc"][0])
            column = COLUMN_OF.get(field_name, field_name)
            read.flaw(column, f"expected otherwise: {one['msg'].lower()}")
        return None
    if entry is None:
        return None
    column = "paid_on" if isinstance(entry, OpeningPayment) else "earned_on"
    if as_of is not None and getattr(entry, column) > as_of:
        read.flaw(column, f"is later than {as_of}, the day of the file", "after-cut-over")
    _check_days(read, entry)
    source, source_id, name = (read.text(one) or "" for one in WHO[1:])
    return OpeningRow(number, source, source_id, name, entry)


def _check_days(read: _Cells, entry: OpeningAward | OpeningUnits | OpeningPayment) -> None:
    """Days that read well and cannot both be true."""
    match entry:
        case OpeningAward(expires_on=ends, earned_on=earned) if ends is not None and ends <= earned:
            read.flaw("expires_on", "expected a day after earned_on")
        case OpeningPayment(fiscal_year=year, paid_on=day) if abs(year - day.year) > YEARS_APART:
            read.flaw("fiscal_year", "expected the year in which the one of the payment ends")
        case _:
            pass


def _entry(read: _Cells) -> OpeningAward | OpeningUnits | OpeningPayment | None:
    """The record; null where a cell could not be read, which is noted already."""
    match read.text("record"):
        case "award":
            needed: dict[str, Any] = {"earned_on": read.day("earned_on")}
            more: dict[str, Any] = {
                "title": read.text("title"),
                "issuer": read.text("issuer"),
                "credential_id": read.id("credential_id", may=True),
                "expires_on": read.day("expires_on", may=True),
            }
            made: type[OpeningAward | OpeningUnits | OpeningPayment] = OpeningAward
        case "units":
            quantity = read.hundredths("quantity")
            needed = {"quantity_hundredths": quantity, "earned_on": read.day("earned_on")}
            more = {"unit": read.text("unit"), "category": read.text("category")}
            made = OpeningUnits
        case "payment":
            needed = {
                "policy_id": read.id("policy_id"),
                "amount_cents": read.hundredths("amount"),
                "paid_on": read.day("paid_on"),
                "fiscal_year": read.number("fiscal_year", "a year as 2025"),
            }
            more = {
                "credential_id": read.id("credential_id", may=True),
                "units_hundredths": read.hundredths("quantity", may=True) or 0,
            }
            made = OpeningPayment
        case _:
            read.flaw("record", "expected award, units or payment")
            return None
    return None if None in needed.values() else made(**needed, **more)

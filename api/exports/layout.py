"""Layouts of payroll systems: data that says which columns a file has and how each is written.

A layout whose whole form is not known from its public description says so, and is refused in
production: a file that is nearly right pays somebody the wrong amount.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.exports.records import FIELDS, Record
from ledger.errors import NotFoundError, RuleError

COMPUTED = ("company_code", "batch_code")
# What makes a spreadsheet take a text for a formula, in half and in full width.
FORMULA_STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}


class LayoutUnknownError(NotFoundError):
    """There is no layout of this name."""

    slug = "layout-unknown"


class LayoutIncompleteError(RuleError):
    """Not all of this layout is publicly known, so it pays nobody: it is for trying out."""

    slug = "layout-incomplete"


class CellRefusedError(RuleError):
    """A line does not fit into the layout."""

    slug = "cell-refused"


class Column(BaseModel):
    """One column: its header, and the field or the constant that it shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str
    field: str | None = None
    constant: str | None = None
    kind: Literal["text", "amount", "integer", "flag", "day"] = "text"
    zeros: int = 0  # text is filled up with zeros on its left
    length_max: int | None = None
    day_format: str = "%Y-%m-%d"
    required: bool = False

    @model_validator(mode="after")
    def _shows_something(self) -> Column:
        if (self.field is None) == (self.constant is None):
            raise ValueError(f"column {self.header} shows either a field or a constant")
        if self.field is not None and self.field not in (*FIELDS, *COMPUTED):
            raise ValueError(f"column {self.header} shows {self.field}, which no line has")
        return self


class Layout(BaseModel):
    """A file as one payroll system takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    title: str
    complete: bool  # whether its whole form is publicly known
    incomplete_because: str | None = None
    source: str
    file_name: str
    format: Literal["csv", "jsonl"] = "csv"
    line_end: Literal["crlf", "lf"] = "crlf"
    columns: tuple[Column, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_why(self) -> Layout:
        if self.complete == (self.incomplete_because is not None):
            raise ValueError("a layout that is not complete says why, and no other does")
        return self

    @property
    def media_type(self) -> str:
        return "text/csv" if self.format == "csv" else "application/jsonl"

    def must_be_usable(self, *, in_development: bool) -> None:
        """Raises LayoutIncompleteError in production for what is not wholly known."""
        if not (self.complete or in_development):
            raise LayoutIncompleteError(f"{self.name}: {self.incomplete_because}")

    def name_of_file(self, company_code: str, number: int) -> str:
        """A plain name: a code may have a slash in it, and a name would then be a folder's."""
        code = company_code.replace("/", "-")
        return self.file_name.format(company_code=code, batch_no=number)

    def render(self, records: Sequence[Record]) -> bytes:
        """The file. Raises CellRefusedError, naming line and column, when something cannot be."""
        if self.format == "jsonl":
            return b"".join(self._json_line(record) for record in records)
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=LINE_ENDS[self.line_end])
        writer.writerow(column.header for column in self.columns)
        for record in records:
            writer.writerow(self._cell(column, record) for column in self.columns)
        return text.getvalue().encode()

    def _json_line(self, record: Record) -> bytes:
        shown = {column.header: _json_value(column, record) for column in self.columns}
        return orjson.dumps(shown) + b"\n"

    def _cell(self, column: Column, record: Record) -> str:
        value: Any = column.constant if column.field is None else record[column.field]
        if value is None or value == "":
            if column.required:
                raise self._refused(column, record, "has to be there, and is not")
            return ""
        match column.kind:
            case "amount":
                return dollars(value)
            case "integer":
                return str(value)
            case "flag":
                return "true" if value else "false"
            case "day":
                return date.fromisoformat(value).strftime(column.day_format)
            case "text":
                text = safe_text(str(value).rjust(column.zeros, "0"))
                if column.length_max is not None and len(text) > column.length_max:
                    most = column.length_max
                    raise self._refused(column, record, f"has over {most} characters")
                return text

    def _refused(self, column: Column, record: Record, why: str) -> CellRefusedError:
        line = record["line_no"]
        return CellRefusedError(f"{self.name} line {line} {column.header}: {why}", line=line)


def dollars(cents: int) -> str:
    """Cents as a number with two places: -150.00."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before those."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _json_value(column: Column, record: Record) -> Any:
    value: Any = column.constant if column.field is None else record[column.field]
    if column.kind == "amount" and value is not None:
        return orjson.Fragment(dollars(value))
    return value


@cache
def layouts() -> dict[str, Layout]:
    """Every layout that is shipped, by name."""
    folder = files("api.exports").joinpath("layouts")
    found = [
        Layout.model_validate(tomllib.loads(entry.read_text("utf-8")))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def layout(name: str) -> Layout:
    """One layout. Raises LayoutUnknownError, naming those there are."""
    if name not in layouts():
        raise LayoutUnknownError(f"the layouts are {', '.join(layouts())}")
    return layouts()[name]


def approved(records: Iterable[Record], approvers: str) -> list[Record]:
    """The records with who approved them, which nobody knew when they were frozen."""
    return [{**record, "approver": approvers} for record in records]

"""Layouts of payroll systems: data that says which columns a file has and how each is written.

A layout whose whole form is not known from its public description says so, and is refused in
production: a file that is nearly right pays somebody the wrong amount.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.exports.records import FIELDS, RECORDS_AT_ONCE, Record, dollars
from ledger.errors import NotFoundError, RuleError

COMPUTED = ("company_code", "batch_code")
# What makes a spreadsheet take a text for a formula, in half and in full width.
FORMULA_STARTS = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
NOTHING: Record = {}
ISO_DAY = "%Y-%m-%d"
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
Texts = Callable[[Sequence[Record]], Sequence[str]]  # of a column, one for each record


class LayoutUnknownError(NotFoundError):
    """There is no layout of this name."""

    slug = "layout-unknown"


class LayoutIncompleteError(RuleError):
    """Not all of this layout is publicly known, so it pays nobody: it is for trying out."""

    slug = "layout-incomplete"


class CellRefusedError(RuleError):
    """A line does not fit into the layout."""

    slug = "cell-refused"


class UnfitError(ValueError):
    """A value does not fit into its column; says which, and why."""


class Column(BaseModel):
    """One column: its header, and the field or the constant that it shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str
    field: str | None = None
    constant: str | None = None
    kind: Literal["text", "amount", "integer", "flag", "day"] = "text"
    zeros: int = 0  # text is filled up with zeros on its left
    length_max: int | None = None
    day_format: str = ISO_DAY
    required: bool = False

    @model_validator(mode="after")
    def _shows_something(self) -> Column:
        if (self.field is None) == (self.constant is None):
            raise ValueError(f"column {self.header} shows either a field or a constant")
        if self.field is not None and self.field not in (*FIELDS, *COMPUTED):
            raise ValueError(f"column {self.header} shows {self.field}, which no line has")
        return self

    def texts(self, alike: Record) -> Texts:
        """What writes this column of many records at once; raises UnfitError.

        What all of them say alike is written once, and so is what several of them say.
        """
        shown, field = self._shown(), self.field
        if field is None or field in alike:
            same = self.constant if field is None else alike[field]
            return lambda page: [shown(same)] * len(page)

        def texts(page: Sequence[Record]) -> Sequence[str]:
            values = [record[field] for record in page]
            known = {value: shown(value) for value in set(values)}
            if len(known) == 1:
                return list(known.values()) * len(page)
            return [known[value] for value in values]

        return texts

    def _shown(self) -> Callable[[Any], str]:
        write = self._written()

        def shown(value: Any) -> str:
            if value is None or value == "":
                if self.required:
                    raise UnfitError(f"{self.header}: has to be there, and is not")
                return ""
            text = write(value)
            if self.length_max is not None and len(text) > self.length_max:
                raise UnfitError(f"{self.header}: has over {self.length_max} characters")
            return text

        return shown

    def _written(self) -> Callable[[Any], str]:
        plain: dict[str, Callable[[Any], str]] = {
            "amount": dollars,
            "integer": str,
            "flag": lambda value: "true" if value else "false",
            "day": str,  # as the record has it
            "text": lambda value: safe_text(str(value)),
        }
        if self.kind == "day" and self.day_format != ISO_DAY:
            return lambda value: date.fromisoformat(value).strftime(self.day_format)
        if self.kind == "text" and self.zeros:
            return lambda value: safe_text(str(value).rjust(self.zeros, "0"))
        return plain[self.kind]


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

    def render(self, records: Iterable[Record], alike: Record = NOTHING) -> Iterator[bytes]:
        """The file, piece by piece.

        Args:
            records: One for each line.
            alike: What all of them say alike; it counts for more than what a record says.

        Raises:
            CellRefusedError: something cannot be written so; names line and column.
        """
        write = self._json_lines if self.format == "jsonl" else self._csv
        return write(records, alike)

    def _json_lines(self, records: Iterable[Record], alike: Record) -> Iterator[bytes]:
        for record in records:
            said = record | alike
            shown = {column.header: _json_value(column, said) for column in self.columns}
            yield orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)

    def _csv(self, records: Iterable[Record], alike: Record) -> Iterator[bytes]:
        columns = [column.texts(alike) for column in self.columns]
        yield self._csv_lines([[column.header for column in self.columns]])
        coming = iter(records)
        while page := list(islice(coming, RECORDS_AT_ONCE)):
            yield self._csv_lines(list(zip(*self._cells(columns, page), strict=True)))

    def _cells(self, columns: Sequence[Texts], page: Sequence[Record]) -> Sequence[Sequence[str]]:
        """Column by column, which takes a third of the time that line by line does."""
        try:
            return [texts(page) for texts in columns]
        except UnfitError:
            for record in page:  # somewhere among them; the first is named
                self._must_fit(columns, record)
            raise

    def _must_fit(self, columns: Sequence[Texts], record: Record) -> None:
        try:
            for texts in columns:
                texts([record])
        except UnfitError as unfit:
            line = record["line_no"]
            raise CellRefusedError(f"{self.name} line {line} {unfit}", line=line) from None

    def _csv_lines(self, rows: Sequence[Sequence[str]]) -> bytes:
        """Rows as the module csv writes them, which has to look into each cell; few need that."""
        end = LINE_ENDS[self.line_end]
        text = end.join(map(",".join, rows)) + end
        commas = (len(self.columns) - 1) * len(rows)
        ends = [end.count(one) * len(rows) for one in "\r\n"]
        plain = '"' not in text and [text.count(one) for one in ",\r\n"] == [commas, *ends]
        if not plain or not commas:  # of one column, an empty cell would be no line
            written = io.StringIO(newline="")
            csv.writer(written, lineterminator=end).writerows(rows)
            text = written.getvalue()
        return text.encode()


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before those."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text


def _json_value(column: Column, record: Record) -> Any:
    value: Any = column.constant if column.field is None else record[column.field]
    if column.kind == "amount" and value is not None:
        return orjson.Fragment(dollars(value))
    if column.kind == "integer" and isinstance(value, str):
        return orjson.Fragment(value)  # units, some of which are parts of one
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

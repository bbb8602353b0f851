"""Return files: what a payroll system says of each line, as CSV or JSON, read whole or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast, get_args
from uuid import UUID

import orjson

from api.imports.csv_rows import csv_rows, numbered_rows
from api.imports.flaws import Flaws
from ledger.aggregates.batch_answers import Answer
from ledger.events.batch import ResultStatus

NEEDED = ("batch_no", "line_id", "status")
COLUMNS = (*NEEDED, "code", "message", "paid_amount", "pay_date", "check_no")
STATUSES: tuple[str, ...] = get_args(ResultStatus)
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,31}")
AMOUNT = re.compile(r"(-?)([0-9]{1,10})(?:\.([0-9]{2}))?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Row = Mapping[str, str]


def read_answers(file: str, content: bytes, number: int) -> list[Answer]:
    """What the file says of the lines of a batch.

    Args:
        file: What to call it in a complaint.
        content: CSV with a header, or a JSON array of objects with the same names.
        number: Of the batch that it has to be about.

    Raises:
        FileRefusedError: every flaw, with its row (as a spreadsheet counts) and field.
    """
    flaws = Flaws()
    is_json = content.lstrip()[:1] in {b"[", b"{"}
    rows = _json_rows(file, content, flaws) if is_json else _csv_rows(file, content, flaws)
    answers = []
    for place, row in rows:
        answer = _answer(file, place, row, number, flaws)
        if answer is not None:
            answers.append(answer)
    flaws.refuse_if_any()
    return answers


def _csv_rows(file: str, content: bytes, flaws: Flaws) -> Iterator[tuple[int, Row]]:
    rows = csv_rows(file, content, flaws)
    header = [name.strip() for name in next(rows, [])]
    flaws.refuse_if_any()  # without a first row nothing more can be said of the others
    if not _is_header(file, header, flaws):
        return
    for place, row in numbered_rows(file, rows, header, flaws):
        yield place, dict(zip(header, row, strict=True))


def _is_header(file: str, header: list[str], flaws: Flaws) -> bool:
    missing = [name for name in NEEDED if name not in header]
    strange = [name for name in header if name not in COLUMNS]
    if missing:
        flaws.add(file, "header-wrong", f"lacks the columns {', '.join(missing)}", row=1)
    if strange or len(set(header)) < len(header):
        why = f"has to have its columns among {', '.join(COLUMNS)}, each once"
        flaws.add(file, "header-wrong", why, row=1)
    return not missing and not strange and len(set(header)) == len(header)


def _json_rows(file: str, content: bytes, flaws: Flaws) -> Iterator[tuple[int, Row]]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        flaws.add(file, "not-json", "is not well-formed JSON", row=error.lineno)
        return
    if not isinstance(found, list):
        flaws.add(file, "not-a-list", "has to be a JSON array with one object a line")
        return
    for place, one in enumerate(found, 1):
        if not isinstance(one, dict) or not set(one) <= set(COLUMNS):
            why = f"has to be an object with fields among {', '.join(COLUMNS)}"
            flaws.add(file, "object-wrong", why, row=place)
        else:
            yield place, {name: _text(value) for name, value in one.items()}


def _text(value: Any) -> str:
    """A JSON value as a CSV would have it; an amount with fractions comes as a string."""
    return "" if value is None else str(value)


def _answer(file: str, place: int, row: Row, number: int, flaws: Flaws) -> Answer | None:
    said = {name: row.get(name, "").strip() for name in COLUMNS}
    bad = 0

    def expect(column: str, slug: str, expected: str) -> None:
        nonlocal bad
        bad += 1
        flaws.add(file, slug, f"has to be {expected}", row=place, column=column)

    if said["batch_no"] != str(number):
        expect("batch_no", "batch-wrong", f"{number}, the number of this batch")
    line_id = _id(said["line_id"])
    if line_id is None:
        expect("line_id", "line-id-wrong", "the line_id that was exported")
    if said["status"] not in STATUSES:
        expect("status", "status-wrong", f"one of {', '.join(STATUSES)}")
    if said["code"] and not CODE.fullmatch(said["code"]):
        expect("code", "code-wrong", "at most 32 letters, digits and ._/-, or empty")
    amount = AMOUNT.fullmatch(said["paid_amount"])
    if said["paid_amount"] and amount is None:
        expect("paid_amount", "amount-wrong", "dollars like 600.00 or -150.00, or empty")
    paid_on = _day(said["pay_date"])
    if said["pay_date"] and paid_on is None:
        expect("pay_date", "date-wrong", "a date like 2024-11-15, or empty")
    if bad or line_id is None:
        return None
    return Answer(
        line_id=line_id,
        status=cast("ResultStatus", said["status"]),
        code=said["code"] or None,
        paid_cents=_cents(amount) if amount else None,
        paid_on=paid_on,
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def _cents(amount: re.Match[str]) -> int:
    sign, dollars, cents = amount.groups()
    return (-1 if sign else 1) * (int(dollars) * 100 + int(cents or 0))

"""Files that are read whole or not: whatever is done to one, the answer is a list of its flaws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.imports.flaws import FileRefusedError, Flaws
from api.imports.opening_rows import COLUMNS, HEADER, OpeningText, read_opening
from api.imports.payroll_return import read_answers
from ledger.aggregates.batch_answers import Answer

Read = TypeVar("Read")
LINE = UUID(int=7)
ROW = {
    "record": "payment",
    "source": "sis",
    "source_id": "4711",
    "family_name": "Sample",
    "policy_id": str(UUID(int=8)),
    "amount": "400.00",
    "paid_on": "2024-07-31",
    "fiscal_year": "2025",
}
OPENING = "\r\n".join(
    [
        ",".join(HEADER),
        f"opening-1,{UUID(int=9)},2024-08-31,1,400.00,0",
        ",".join(COLUMNS),
        ",".join(ROW.get(column, "") for column in COLUMNS),
        "",
    ]
).encode()
SAID = {
    "batch_no": "7",
    "line_id": str(LINE),
    "status": "accepted",
    "code": "A1",
    "message": "fine",
    "paid_amount": "600.00",
    "pay_date": "2024-11-15",
    "check_no": "12",
}
CSV = f"{','.join(SAID)}\r\n{','.join(SAID.values())}\r\n".encode()
JSON = orjson.dumps([SAID])
# Bytes that mean something to a reader of text, of CSV or of JSON, and some that mean nothing.
TRICKS = [b"", b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"-", b"9" * 30]
TRICKS += [b"[", b"]", b"{", b"null", b"1e9", b"\\ud800", "\u0664".encode(), b"'", b";", b"true"]
DAMAGE = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 40), st.sampled_from(TRICKS)),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: list[tuple[int, int, bytes]]) -> bytes:
    """The file with some of its bytes replaced by others."""
    for at, length, trick in damage:
        place = at % (len(content) + 1)
        content = content[:place] + trick + content[place + length :]
    return content


def opened(path: Path, content: bytes) -> OpeningText:
    path.write_bytes(content)
    return read_opening(path, Flaws())


def outcome(read: Callable[[], Read]) -> Read | FileRefusedError:
    """What came of reading; any other error than a refusal is none."""
    try:
        return read()
    except FileRefusedError as refused:
        return refused


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("opening") / "opening.csv"


def test_the_files_that_are_damaged_read_well_as_they_are(path: Path) -> None:
    assert opened(path, OPENING).amount_cents == 40_000
    [answer] = read_answers("answer.csv", CSV, 7)
    assert read_answers("answer.json", JSON, 7) == [answer]
    assert (answer.line_id, answer.paid_cents) == (LINE, 60_000)


@given(DAMAGE)
def test_a_damaged_opening_file_is_refused_by_line_and_field_or_still_adds_up(
    path: Path, damage: list[tuple[int, int, bytes]]
) -> None:
    found = outcome(lambda: opened(path, damaged(OPENING, damage)))
    if isinstance(found, FileRefusedError):
        assert {flaw.file for flaw in found.flaws} == {path.name}
    else:
        entries = [row.entry for row in found.rows]
        assert found.amount_cents == sum(getattr(one, "amount_cents", 0) for one in entries)


@given(st.sampled_from([CSV, JSON]), DAMAGE)
def test_a_damaged_return_file_is_refused_by_line_and_field_or_says_something_whole(
    content: bytes, damage: list[tuple[int, int, bytes]]
) -> None:
    found = outcome(lambda: read_answers("answer", damaged(content, damage), 7))
    if isinstance(found, FileRefusedError):
        assert all(flaw.message for flaw in found.flaws)
    else:
        assert all(isinstance(answer, Answer) for answer in found)


@pytest.mark.parametrize("cut", [1, 20, 60, len(OPENING) // 2, len(OPENING) - 12])
def test_an_opening_file_that_was_cut_off_is_refused(path: Path, cut: int) -> None:
    with pytest.raises(FileRefusedError):
        opened(path, OPENING[:cut])

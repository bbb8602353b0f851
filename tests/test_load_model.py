"""The load model adds up, and each rate that it asks for is one that is measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.paging import LIMIT_MAX
from projections.log import PAGE_EVENTS

DOCS = Path(__file__).parents[1] / "docs"
TEACHERS, CREDENTIALS_EACH, EVENTS_EACH = 3_100_000, 3, 8
EVENTS = TEACHERS * CREDENTIALS_EACH * EVENTS_EACH
HOUR_SECONDS = 3600
SECONDS = {"1 hour": HOUR_SECONDS, "1 day": 24 * HOUR_SECONDS}


def cells(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table that begins with a heading."""
    table = (DOCS / page).read_text().split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    lines = [line for line in table.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(text: str) -> int:
    found = re.match(r"[\d,]+", text)
    assert found is not None, text
    return int(found[0].replace(",", ""))


MEASURED = {row[0] for row in cells("benchmarks.md", "what") if "/s" in row[1]}


def test_practice_43_the_model_is_seventy_four_million_events() -> None:
    assert EVENTS == 74_400_000
    page = (DOCS / "load.md").read_text()
    assert f"| events | {EVENTS:,} |" in page
    assert f"pages of {PAGE_EVENTS:,} events" in page
    assert f"{EVENTS // PAGE_EVENTS:,} pages" in page
    assert f"at most {LIMIT_MAX} rows a page" in page
    assert f"{CREDENTIALS_EACH} lines, {CREDENTIALS_EACH * EVENTS_EACH} events" in page


@pytest.mark.parametrize("row", cells("load.md", "what"), ids=lambda row: row[0])
def test_practice_43_each_rate_follows_from_the_model_and_is_measured(row: list[str]) -> None:
    what, within, rate, measured_by = row
    events = EVENTS // 10 if what.startswith("a tenth") else EVENTS
    assert number(rate) == -(-events // SECONDS[within])
    assert measured_by in MEASURED  # how fast that is differs by machine, and decides no test

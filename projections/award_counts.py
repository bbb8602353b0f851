"""What a district may give away for analysis: how many earned what, by term and school.

Teachers are counted and not told apart, and small cells are left out
(`ledger/rules/suppression.py`). Terms that are not over are left out as well: of two extracts, the
later would tell who came between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.rules.suppression import Path, suppressed
from ledger.rules.terms import term_of
from projections.sql import blocks, rows

VIEWS = ("transcript", "employments")
NO_SCHOOL = ""
_SQL = blocks("award_counts")


@dataclass(frozen=True, slots=True)
class AwardCount:
    """How many teachers earned a micro-credential: at all, in a term, in a term at a school.

    `teachers` is null where the count is small, or a small one could be found by it.
    """

    credential_id: UUID
    term: str | None  # null: of all terms
    school_id: UUID | None  # null: of all schools, or at none where `at_no_school`
    at_no_school: bool
    teachers: int | None


def of_district(connection: Connection[Any], district_id: UUID, on: date) -> Sequence[AwardCount]:
    """Every count that may be listed of the terms that are over on a day, totals first."""
    counts = Counter[Path]()
    for credential_id, awarded_on, school_id, teachers in rows(
        connection, _SQL["of_district"], district_id=district_id
    ):
        term = term_of(awarded_on)
        if term.last_day < on:
            counts[str(credential_id), term.name, school_id or NO_SCHOOL] += teachers
    return [_counted(path, teachers) for path, teachers in suppressed(counts).items()]


def _counted(path: Path, teachers: int | None) -> AwardCount:
    credential_id, term, school_id = (*path, None, None)[:3]
    assert credential_id is not None, "a count is of a micro-credential"
    return AwardCount(
        credential_id=UUID(credential_id),
        term=term,
        school_id=UUID(school_id) if school_id else None,
        at_no_school=school_id == NO_SCHOOL,
        teachers=teachers,
    )

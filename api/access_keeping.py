"""What a district may write about a person: the rules of api/access.py go on here."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.access import NOT_THERE, must_act_for_district, must_employ
from api.writing import Write
from ledger.errors import InvalidError, NotFoundError
from projections import employments


class NotEmployedThenError(InvalidError):
    """What a district says of certain days is about people whom it employed on one of them."""

    slug = "not-employed-then"


def must_keep(write: Write, district_id: UUID, person_id: UUID | None) -> None:
    """A district keeps on file what concerns people who work or worked for it, and no others."""
    must_act_for_district(write.caller, district_id)
    if person_id is None:
        raise NotFoundError(NOT_THERE)
    employed = partial(must_employ, district_id=district_id, person_id=person_id)
    write.find(write.caller.scope(), employed)


def must_keep_of_days(
    write: Write, district_id: UUID, person_id: UUID, first_day: date, last_day: date
) -> None:
    """The same of what concerns certain days. Raises NotEmployedThenError."""
    must_act_for_district(write.caller, district_id)

    def employed_then(connection: Connection[Any]) -> None:
        must_employ(connection, district_id, person_id)
        spans = employments.spans(connection, person_id, district_id)
        if not any(span.overlaps(first_day, last_day) for span in spans):
            raise NotEmployedThenError(
                f"the district did not employ {person_id} between {first_day} and {last_day}"
            )

    write.find(write.caller.scope(), employed_then)

"""What a district may write about a person: the rules of api/access.py go on here."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from api.access import NOT_THERE, must_act_for_district, must_employ
from api.writing import Write
from ledger.errors import NotFoundError


def must_keep(write: Write, district_id: UUID, person_id: UUID | None) -> None:
    """A district keeps on file what concerns people who work or worked for it, and no others."""
    must_act_for_district(write.caller, district_id)
    if person_id is None:
        raise NotFoundError(NOT_THERE)
    employed = partial(must_employ, district_id=district_id, person_id=person_id)
    write.find(write.caller.scope(), employed)

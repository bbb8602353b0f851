"""Facts about the field that come along with the ledger, dated and with their source."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel

from api.answers import answer
from api.reading import WITHOUT_ZONE, EffectiveOn, Read, ReadQuery, reading
from api.routing import Router
from ledger.rules.readiness import ReadinessEdition, readiness

router = Router("references")


class ReferenceQuery(ReadQuery):
    """As it was published by a day."""

    effective_on: EffectiveOn = None


class StateReadiness(BaseModel):
    """What a map said of the states, and what it is about."""

    title: str
    about: str
    edition: ReadinessEdition | None  # null before the first was published


@router.read("/state-readiness", StateReadiness)
def read_state_readiness(
    read: Annotated[Read[ReferenceQuery], Depends(reading(ReferenceQuery))],
) -> Response:
    """How many states stand where with competency-based education, as published by a day."""
    known = readiness()
    edition = known.on(read.day(WITHOUT_ZONE, read.query.effective_on))
    shown = edition.model_dump() if edition else None
    return answer({"title": known.title, "about": known.about, "edition": shown})

"""Two records of one person: two operators say that they are, and from then on there is one."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_operate
from api.answers import ListOf, answer_all, recorded
from api.reading import ReadNow
from api.routing import Router
from api.writing import WriteNow
from ledger.commands.merge import merge_persons, merges
from ledger.events.merge import MergeReason
from ledger.values import Value

router = Router("merges")


class NewMerge(Value):
    """Who is kept, which record is hers as well, and how there came to be two."""

    person_id: UUID
    merged_id: UUID
    reason: MergeReason


class AskedMerge(BaseModel):
    """A merge that one operator has asked for and no other yet."""

    person_id: UUID
    merged_id: UUID
    reason: MergeReason
    requested_by: UUID


@router.write("/merges")
def merge(body: NewMerge, write: WriteNow) -> Response:
    """Say that a record is of another person. It happens when a second operator says the same."""
    must_operate(write.caller)
    edge = write.edge
    receipt = merge_persons(edge.ledger, edge.vault, write.call(body), **dict(body))
    edge.watch.meant = merges(edge.ledger).meant  # here at once, elsewhere as the views tell it
    return recorded(receipt)


@router.read("/merges", ListOf[AskedMerge])
def list_merges(read: ReadNow) -> Response:
    """What waits for a second operator. There are ids here, and nothing of anybody's record."""
    must_operate(read.caller)
    return answer_all(
        [
            terms._asdict() | {"requested_by": requested_by}
            for terms, requested_by in merges(read.edge.ledger).asked.values()
        ]
    )

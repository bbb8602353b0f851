"""Receipts for the events behind a record: each is in the log, and proved where it is sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.seal.leaves import leaf
from ledger.seal.reads import SealReads
from projections.log import facts_of

Receipts = tuple[Mapping[str, Any], ...]


def receipts_of(
    connection: Connection[Any], things: Mapping[UUID, Iterable[UUID]], until: int
) -> Mapping[UUID, Receipts]:
    """For each thing the receipts of its streams' events up to a position, in their order.

    All are read at once: whoever has earned much would wait for each event by itself.
    """
    thing_of = {stream: thing for thing, streams in things.items() for stream in streams}
    found: dict[UUID, list[int]] = {thing: [] for thing in things}
    for fact in facts_of(connection, list(thing_of), until):
        found[thing_of[fact.event.originator_id]].append(fact.position)
    positions = sorted(position for of_thing in found.values() for position in of_thing)
    reads = SealReads(connection)
    proofs = reads.proofs(positions)
    made = {
        row.position: {
            "position": row.position,
            "leaf": leaf(row).hex(),
            "proof": str(proofs[row.position]) if row.position in proofs else None,
        }
        for row in reads.rows_at(positions)
    }
    return {thing: tuple(made[one] for one in of_thing) for thing, of_thing in found.items()}

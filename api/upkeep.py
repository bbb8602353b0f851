"""What the maintenance commands look at: files as the log, the vault and the disk have them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from api.edge import Edge
from ledger.events.batch import BatchExported, BatchFrozen, ReturnRecorded
from ledger.events.enrollment import EvidenceUploaded
from ledger.evidence import open_blobs
from ledger.inventory import EVIDENCE, PAYROLL, InLog, Inventory, Logged, Shelf, no_steps
from projections.log import last_position, read_page

PAGE_EVENTS = 5000
PAYROLL_TOPICS = frozenset({BatchFrozen.TOPIC, BatchExported.TOPIC, ReturnRecorded.TOPIC})


class Kept(NamedTuple):
    """A kind of stored files: what people call it, and how the log tells of it."""

    name: str
    shelf: Shelf
    logged: Callable[[Edge], Logged]


def inventory(edge: Edge, kept: Kept, on_step: Callable[[], None] = no_steps) -> Inventory:
    """The files of one kind."""
    blobs = open_blobs(edge.settings.evidence_files.absolute().as_uri())
    logged = kept.logged
    return Inventory(edge.vault, blobs, lambda: logged(edge), shelf=kept.shelf, on_step=on_step)


def evidence_in_log(edge: Edge) -> Logged:
    """What the log holds of every file that was ever uploaded."""
    return {
        UUID(event["evidence_id"]): InLog(event["ciphertext_sha256"])
        for _, event in _events(edge, {EvidenceUploaded.TOPIC})
    }


def payroll_files_in_log(edge: Edge) -> Logged:
    """What the log holds of every file of a payroll batch, and of which batch it is."""
    found = {}
    for batch_id, event in _events(edge, PAYROLL_TOPICS):
        file = event["file"]
        found[UUID(file["file_id"])] = InLog(file["ciphertext_sha256"], f"batch {batch_id}")
    return found


KEPT = (
    Kept("evidence", EVIDENCE, evidence_in_log),
    Kept("payroll files", PAYROLL, payroll_files_in_log),
)


def _events(edge: Edge, topics: Collection[str]) -> Iterator[tuple[UUID, dict[str, Any]]]:
    """Every event of these topics, with its stream."""
    after = 0
    with edge.reading() as connection:
        until = last_position(connection)
    while after < until:
        with edge.reading() as connection:
            page = read_page(connection, after, until, PAGE_EVENTS, topics)
        for _, stream, _, topic, state in page:
            if topic in topics:  # what nobody knows comes along, as it may matter to a view
                yield stream, orjson.loads(bytes(state))
        after = page[-1][0] if len(page) == PAGE_EVENTS else until

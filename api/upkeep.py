"""What the maintenance commands look at: files and the vault, as the log has them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple
from uuid import UUID

import orjson

from api.edge import Edge
from ledger.commands.merge import merges
from ledger.events.batch import BatchExported, BatchFrozen, ReturnRecorded
from ledger.events.enrollment import EvidenceUploaded
from ledger.evidence import open_blobs
from ledger.inventory import EVIDENCE, PAYROLL, InLog, Inventory, Shelf, no_steps
from ledger.inventory import Logged as Files
from ledger.vault_inventory import OF_VAULT, Logged, VaultInventory
from projections.log import last_position, read_page

PAGE_EVENTS = 5000
PAYROLL_TOPICS = frozenset({BatchFrozen.TOPIC, BatchExported.TOPIC, ReturnRecorded.TOPIC})


class Kept(NamedTuple):
    """A kind of stored files: what people call it, and how the log tells of it."""

    name: str
    shelf: Shelf
    logged: Callable[[Edge], Files]


def inventory(edge: Edge, kept: Kept, on_step: Callable[[], None] = no_steps) -> Inventory:
    """The files of one kind."""
    blobs = open_blobs(edge.settings.evidence_files.absolute().as_uri())
    logged = kept.logged
    return Inventory(edge.vault, blobs, lambda: logged(edge), shelf=kept.shelf, on_step=on_step)


def evidence_in_log(edge: Edge) -> Files:
    """What the log holds of every file that was ever uploaded."""
    erased, found = _gone(edge), {}
    for event in (one.state for one in events_of(edge, {EvidenceUploaded.TOPIC})):
        file_id, person_id = UUID(event["evidence_id"]), UUID(event["person_id"])
        gone = not erased.isdisjoint((file_id, person_id))
        found[file_id] = InLog(event["ciphertext_sha256"], erased=gone)
    return found


def payroll_files_in_log(edge: Edge) -> Files:
    """What the log holds of every file of a payroll batch, and of which batch it is."""
    with edge.reading() as connection:
        erased = {one for batch in edge.retentions.payrolls(connection) for one in batch.destroyed}
    found = {}
    for event in events_of(edge, PAYROLL_TOPICS):
        file, whose = event.state["file"], f"batch {event.stream}"
        file_id = UUID(file["file_id"])
        found[file_id] = InLog(file["ciphertext_sha256"], whose, erased=file_id in erased)
    return found


KEPT = (
    Kept("evidence", EVIDENCE, evidence_in_log),
    Kept("payroll files", PAYROLL, payroll_files_in_log),
)


def vault_inventory(edge: Edge) -> VaultInventory:
    """The words, documents, keys and numbers of the vault, beside what the log says of them."""
    return VaultInventory(edge.vault, lambda: events_of(edge, OF_VAULT), lambda: _erased(edge))


def _gone(edge: Edge) -> set[UUID]:
    """The persons and the files whose erasure the log confirms, by every id of a person."""
    with edge.reading() as connection:
        erased = {one.subject_id for one in edge.retentions.erased(connection)}
    return _by_every_id(edge, erased)


def _erased(edge: Edge) -> set[UUID]:
    """Whoever is erased by the log or is being erased, by every id of hers."""
    with edge.reading() as connection:
        kept = edge.retentions.read(connection).values()
    subjects = [one.subject for one in kept if one.destroying]
    return _by_every_id(edge, {one.person_id for one in subjects if one.evidence_id is None})


def _by_every_id(edge: Edge, erased: set[UUID]) -> set[UUID]:
    meant = merges(edge.ledger).meant.items()
    return erased | {one for one, person_id in meant if person_id in erased}


def events_of(edge: Edge, topics: Collection[str]) -> Iterator[Logged]:
    """Every event of these topics."""
    after = 0
    with edge.reading() as connection:
        until = last_position(connection)
    while after < until:
        with edge.reading() as connection:
            page = read_page(connection, after, until, PAGE_EVENTS, topics)
        for position, stream, _, topic, state in page:
            if topic in topics:  # what nobody knows comes along, as it may matter to a view
                yield Logged(position, stream, topic, orjson.loads(bytes(state)))
        after = page[-1][0] if len(page) == PAGE_EVENTS else until

"""What the maintenance commands look at: evidence as the log, the vault and the files have it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import orjson

from api.edge import Edge
from ledger.events.enrollment import EvidenceUploaded
from ledger.evidence import open_blobs
from ledger.inventory import Inventory, Logged, no_steps
from projections.log import last_position, read_page

PAGE_EVENTS = 5000
TOPIC = EvidenceUploaded.TOPIC


def inventory(edge: Edge, on_step: Callable[[], None] = no_steps) -> Inventory:
    """The evidence files of a ledger."""
    blobs = open_blobs(edge.settings.evidence_files.absolute().as_uri())
    return Inventory(edge.vault, blobs, lambda: evidence_in_log(edge), on_step=on_step)


def evidence_in_log(edge: Edge) -> Logged:
    """The digest that the log holds of every file that was ever uploaded."""
    found, after = {}, 0
    with edge.reading() as connection:
        until = last_position(connection)
    while after < until:
        with edge.reading() as connection:
            page = read_page(connection, after, until, PAGE_EVENTS, {TOPIC})
        for _, _, _, topic, state in page:
            if topic == TOPIC:  # what nobody knows comes along, as it may matter to a view
                event = orjson.loads(bytes(state))
                found[UUID(event["evidence_id"])] = event["ciphertext_sha256"]
        after = page[-1][0] if len(page) == PAGE_EVENTS else until
    return found

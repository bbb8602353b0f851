"""Files of a batch as they are kept: one line that says what is in them, then what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import orjson

from api.edge import Edge
from ledger.aggregates.batch import Batch
from ledger.application import Receipt
from ledger.commands.batch_comparison import batch_before
from ledger.errors import LedgerError, UnavailableError
from ledger.events.batch import BatchExported, BatchFrozen, ReturnRecorded, StoredFile
from ledger.payroll_files import PayrollFileDestroyedError

Envelope = dict[str, Any]


def store(edge: Edge, batch: Batch, content: Iterable[bytes]) -> StoredFile:
    """Keep a file of a batch, which nobody hears of before an event names it."""
    return edge.payroll_files.store(
        district_id=batch.district_id,
        batch_id=batch.id,
        pay_date=batch.drafted.pay_date,
        content=content,
    )


def open_file(edge: Edge, batch: Batch, file: StoredFile) -> tuple[Envelope, Iterator[bytes]]:
    """The envelope of a file, and the rest of it piece by piece, each proved before it is given."""
    pieces = edge.payroll_files.open(batch.district_id, file.file_id)
    first, rest = b"", b""
    for piece in pieces:
        line, end, rest = piece.partition(b"\n")
        first += line
        if end:
            break
    return orjson.loads(first), chain([rest], pieces)


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a file that comes in pieces, without their ends."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def previous_sha256(edge: Edge, batch: Batch) -> str | None:
    """Of the lines of the last batch before this one that was not voided."""
    before = batch_before(edge.ledger, batch)
    if before is None or before.file is None:
        return None
    try:
        return str(open_file(edge, before, before.file)[0]["sha256"])
    except PayrollFileDestroyedError:
        return None  # nobody had to keep it any longer, so nothing is left to chain to


@contextmanager
def kept_if_told(
    edge: Edge, batch: Batch, stored: StoredFile
) -> Iterator[Callable[[Receipt], Receipt]]:
    """Take a file back unless the log names it, or may do so.

    Where the outcome is unknown the file stays; and of the same command sent twice at once one
    file is in the log, the other goes.
    """

    def told(receipt: Receipt) -> Receipt:
        named = [
            event.file
            for event in receipt.events
            if isinstance(event, BatchFrozen | BatchExported | ReturnRecorded)
        ]
        if stored not in named:
            edge.payroll_files.discard(batch.district_id, stored)
        return receipt

    try:
        yield told
    except UnavailableError:
        raise
    except LedgerError:
        edge.payroll_files.discard(batch.district_id, stored)
        raise

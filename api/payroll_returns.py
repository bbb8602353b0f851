"""What the payroll system answered to a batch: a file becomes events, whole or to be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from api import batch_files
from api.edge import Edge
from ledger.aggregates.batch_answers import Answer, chunks
from ledger.aggregates.batch_returns import AnsweredBatch
from ledger.application import Call, Receipt
from ledger.commands import batch as commands
from ledger.errors import NothingChangesError
from ledger.events.batch import ReturnRecorded, StoredFile

ANSWERS_PER_COMMAND = 15_000  # whose events stay well below the four megabytes of a command
NO_HMAC = f"hmac-sha256:{'0' * 64}"
NO_FILE = StoredFile(file_id=UUID(int=0), size_bytes=0, ciphertext_sha256=f"sha256:{'0' * 64}")


@dataclass(frozen=True, slots=True)
class Returned:
    """What a return file came to; all zero and no position when nothing in it was new."""

    accepted: int = 0
    rejected: int = 0
    bypassed: int = 0
    pending: int = 0
    repeated: int = 0
    exceptions: int = 0
    quarantined: int = 0
    position: int | None = None

    def plus(self, more: Returned) -> Returned:
        """Both together, with the later position."""
        counts = {
            name: getattr(self, name) + getattr(more, name)
            for name in Returned.__slots__
            if name != "position"
        }
        return Returned(**counts, position=more.position or self.position)


def record_return(
    edge: Edge, call: Call, *, batch_id: UUID, content: bytes, answers: Sequence[Answer]
) -> Returned:
    """Record what a return file says. The same file again, or one without news, adds nothing.

    A file whose events fit into one command is recorded whole or not at all. A longer one is
    recorded in parts, each under a command id of its own: sent again after it broke off, parts
    that are recorded are answered as they were, and the rest is news.
    """
    batch = edge.ledger.get(AnsweredBatch, batch_id)
    batch.must_take_answers()
    found = Returned()
    for number, part in enumerate(chunks(answers, ANSWERS_PER_COMMAND)):
        command_id = uuid5(call.command_id, f"part-{number}") if number else call.command_id
        part_call = replace(call, command_id=command_id)
        try:
            receipt = _recorded(edge, part_call, batch, content, part)
        except NothingChangesError:
            found = found.plus(Returned(repeated=len(part)))
        else:
            batch = _after(edge, batch, receipt)
            found = found.plus(_said(receipt))
    return found


def _recorded(
    edge: Edge, call: Call, batch: AnsweredBatch, content: bytes, answers: Sequence[Answer]
) -> Receipt:
    earlier = edge.ledger.replayed(call)
    if earlier is not None:
        return earlier
    # Tried before anything is written: a file without news leaves nothing behind.
    batch.record_return(call.act, file=NO_FILE, file_hmac=NO_HMAC, answers=answers)
    stored = batch_files.store(edge, batch, [content])
    with batch_files.kept_if_told(edge, batch, stored) as told:
        return told(
            commands.record_return(
                edge.ledger,
                call,
                known=batch,
                file=stored,
                file_hmac=edge.payroll_files.hmac(content),
                answers=answers,
            )
        )


def _after(edge: Edge, batch: AnsweredBatch, receipt: Receipt) -> AnsweredBatch:
    """The batch with what was just recorded; read again when somebody else was in between."""
    if receipt.version <= batch.version:  # a part that was recorded before it was read
        return batch
    if receipt.events[0].originator_version != batch.version + 1:
        return edge.ledger.get(AnsweredBatch, batch.id)
    after = AnsweredBatch.fold(batch, receipt.events)
    assert after is not None, "a batch goes on"
    return after


def _said(receipt: Receipt) -> Returned:
    [said] = [event for event in receipt.events if isinstance(event, ReturnRecorded)]
    return Returned(
        accepted=said.accepted,
        rejected=said.rejected,
        bypassed=said.bypassed,
        pending=said.pending,
        repeated=said.repeated,
        exceptions=said.exceptions,
        quarantined=said.quarantined,
        position=receipt.position,
    )

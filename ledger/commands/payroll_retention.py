"""Destroying the files of payroll batches that nobody has to keep any longer.

    begun                    one event, where the period is over and nobody is held
    looked at once more      whoever was held meanwhile keeps the files: held back
    keys and blobs destroyed
    confirmed                one event

Killed between any two of them, the next `mcledger retention run` takes it up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from ledger.aggregates.base import Act
from ledger.aggregates.batch import Batch
from ledger.aggregates.organization import Organization
from ledger.aggregates.payroll_retention import PayrollRetention, begin, payroll_retention_stream
from ledger.application import Call, Ledger, Reader
from ledger.commands.batch_lines import about_batch
from ledger.commands.merge import merges
from ledger.erasure import Eraser
from ledger.errors import NothingChangesError
from ledger.events import AnyPayrollRetentionEvent
from ledger.events.batch import BatchExported, BatchFrozen, ReturnRecorded
from ledger.rules.retention import payroll_kept_until
from ledger.values import local_date, stream_id
from ledger.vault import Vault

STEP_SEED = "payroll-retention-step"


class Outcome(StrEnum):
    """What became of a batch's files."""

    KEPT = "kept"  # the law wants them still, or there are none
    HELD = "held"  # the law does not, a legal hold does
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Destroying:
    """What destroying needs beside the ledger."""

    vault: Vault
    eraser: Eraser
    held: Callable[[], Collection[UUID]]  # the persons under a hold, up to the end of the log


def files_of_batch(ledger: Ledger, batch_id: UUID) -> frozenset[UUID]:
    """Every file that the log names of a batch."""
    return frozenset(
        event.file.file_id
        for event in ledger.events.get(batch_id)
        if isinstance(event, BatchFrozen | BatchExported | ReturnRecorded)
    )


def destroy_files(ledger: Ledger, with_: Destroying, act: Act, *, batch_id: UUID) -> Outcome:
    """Destroy a batch's files if their period is over, or finish what was begun.

    A hold on any person whom the batch pays, or on a file of hers, keeps all of its files.
    """
    batch = ledger.get(Batch, batch_id)
    known = ledger.find(PayrollRetention, payroll_retention_stream(batch_id))
    left = files_of_batch(ledger, batch_id) - (known.destroyed if known else frozenset())
    if known is None or not known.underway:
        zone = ledger.get(Organization, batch.district_id).zone
        if not left or local_date(act.at, zone) <= payroll_kept_until(batch.drafted.pay_date):
            return Outcome.KEPT
        if _held(ledger, with_, batch):
            return Outcome.HELD
        _begin(ledger, with_, act, batch, zone)
    # Whoever was held beside the decision was so before it was stored: now it shows.
    if not with_.vault.erased(left) and _held(ledger, with_, batch):
        _step(ledger, with_, act, batch, lambda one: one.hold_back(act, grounds=("legal-hold",)))
        return Outcome.HELD
    with_.eraser.destroy_payroll_files(left)
    _step(ledger, with_, act, batch, lambda one: one.confirm(act, file_ids=left))
    return Outcome.DESTROYED


def _held(ledger: Ledger, with_: Destroying, batch: Batch) -> bool:
    person_of = merges(ledger).person_of
    paid = {person_of(UUID(one)) for one in about_batch(ledger, batch).person_ids}
    return not paid.isdisjoint(map(person_of, with_.held()))


def _begin(ledger: Ledger, with_: Destroying, act: Act, batch: Batch, zone: str) -> None:
    def decide(read: Reader) -> Sequence[AnyPayrollRetentionEvent]:
        return begin(
            read.find(PayrollRetention, payroll_retention_stream(batch.id)),
            act,
            district_id=batch.district_id,
            batch_id=batch.id,
            kept_until=payroll_kept_until(batch.drafted.pay_date),
            zone=zone,
        )

    with suppress(NothingChangesError):  # somebody else was faster
        ledger.run(_own_call(ledger, with_, act, batch.id, "begin"), decide)


def _step(
    ledger: Ledger,
    with_: Destroying,
    act: Act,
    batch: Batch,
    next_of: Callable[[PayrollRetention], Sequence[AnyPayrollRetentionEvent]],
) -> None:
    stream = payroll_retention_stream(batch.id)
    with suppress(NothingChangesError):  # somebody else was faster
        ledger.run(
            _own_call(ledger, with_, act, batch.id, "carry-on"),
            lambda read: next_of(read.get(PayrollRetention, stream)),
        )


def _own_call(ledger: Ledger, with_: Destroying, act: Act, batch_id: UUID, step: str) -> Call:
    """A step that follows from the log happens once, whoever takes it."""
    stream = payroll_retention_stream(batch_id)
    known = ledger.find(PayrollRetention, stream)
    command_id = stream_id(STEP_SEED, stream, step, known.version if known else 0)
    return Call(
        caller_id=act.actor_id,
        command_id=command_id,
        body_hash=with_.vault.body_hash(command_id.bytes),
        at=act.at,
    )

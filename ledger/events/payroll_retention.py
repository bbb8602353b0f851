"""The end of payroll files: destroyed once nobody has to keep them any longer.

The lines of a batch stay in the log. What goes are its files, which alone hold employee numbers.
"""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from ledger.events.payroll import PayrollEvent
from ledger.events.retention import Ground
from ledger.values import Day, ZoneName


class PayrollRetentionEvent(PayrollEvent):
    """Stream: how long the files of one payroll batch are kept."""

    batch_id: UUID


class PayrollDestructionBegun(PayrollRetentionEvent):
    """Nobody has to keep the files any longer: from here on their keys are destroyed."""

    TOPIC: ClassVar[str] = "retention.payroll-destruction-begun.v1"

    kept_until: Day  # the last day on which the law wanted them
    zone: ZoneName
    begun_on: Day


class PayrollDestructionHeldBack(PayrollRetentionEvent):
    """A hold was placed while the destruction began, so the files stay; nothing was destroyed."""

    TOPIC: ClassVar[str] = "retention.payroll-destruction-held-back.v1"

    grounds: tuple[Ground, ...] = Field(min_length=1)


class PayrollFilesDestroyed(PayrollRetentionEvent):
    """The keys of these files are destroyed, and the files with them, wherever copies are."""

    TOPIC: ClassVar[str] = "retention.payroll-files-destroyed.v1"

    file_ids: tuple[UUID, ...] = Field(min_length=1)

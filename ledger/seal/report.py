"""What came of checking a log, in one answer for people and programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.seal.diagnosis import Damage

SOUND, UNPROVEN, TAMPERED, DERIVED = 0, 1, 3, 4  # exit statuses; 2 is wrong usage


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    events: int
    sealed: int  # up to here the rows are proved to be what was sealed
    checkpoints: int
    damages: tuple[Damage, ...]
    # Of each trusted witness the size of the newest checkpoint that it has cosigned.
    witnessed: dict[str, int] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """0 sound, 1 nothing could be proved, 3 the log was tampered with, 4 only the tree was."""
        if self.damages:
            return DERIVED if all(one.derived for one in self.damages) else TAMPERED
        if self.witnessed and not any(self.witnessed.values()):
            return UNPROVEN  # somebody relies on witnesses, and none has signed anything
        return SOUND if self.sealed or not self.events else UNPROVEN

    def as_dict(self) -> dict[str, Any]:
        return {
            "sound": self.exit_status == SOUND,
            "exit_status": self.exit_status,
            "events": self.events,
            "sealed": self.sealed,
            "checkpoints": self.checkpoints,
            "damages": [one.as_dict() for one in self.damages],
            **({"witnessed": self.witnessed} if self.witnessed else {}),
        }

"""Imports rosters one day after the other, and looks at what they came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.imports.oneroster import ImportReport, import_oneroster
from ledger.aggregates.employment import Employment
from ledger.aggregates.person import Person
from ledger.application import Ledger
from ledger.commands.employment import employment_stream
from ledger.vault import PersonDetails, Vault
from tests.imports.rosters import ORGS, Row, roster
from tests.samples import OPERATOR

ZONE = "America/Chicago"
NOON = datetime(2025, 1, 15, 12, tzinfo=ZoneInfo(ZONE))
TODAY = NOON.date()
DAY = timedelta(days=1)


@dataclass
class Office:
    """Whoever imports for one district."""

    ledger: Ledger
    vault: Vault
    folder: Path
    at: datetime = NOON
    _files: int = field(default=0, init=False)

    def file(self, mode: str = "bulk", **tables: Sequence[Row] | None) -> Path:
        self._files += 1
        path = self.folder / f"roster-{self._files}.zip"
        return roster(path, mode, **({"orgs": ORGS} | tables))

    def imports(self, path: Path, **options: Any) -> ImportReport:
        fields: dict[str, Any] = {"caller_id": OPERATOR, "zone": ZONE, "at": self.at}
        return import_oneroster(self.ledger, self.vault, path, **fields | options)

    def brings(
        self,
        users: Sequence[Row],
        roles: Sequence[Row],
        mode: str = "bulk",
        orgs: Sequence[Row] | None = ORGS,
        **options: Any,
    ) -> ImportReport:
        """Import a file with these rows."""
        return self.imports(self.file(mode, orgs=orgs, users=users, roles=roles), **options)

    @property
    def position(self) -> int:
        return self.ledger.recorder.last_position()

    def states(self) -> list[bytes]:
        return [row[-1] for row in self.ledger.recorder.read_log(0, 1_000_000)]

    def topics(self, after: int = 0) -> Counter[str]:
        """What has happened since a position, import events aside."""
        rows = self.ledger.recorder.read_log(after, 1_000_000)
        return Counter(row[4] for row in rows if not row[4].startswith("import."))

    def people(self, district_id: UUID, numbers: Sequence[str]) -> Mapping[str, PersonDetails]:
        """What the vault calls the persons of these numbers."""
        ids = self.vault.find_ids("oneroster", district_id, numbers)
        known = self.ledger.find_many(Person, ids.values())
        details = self.vault.get_details(known, district_id)
        return {number: details[person] for number, person in ids.items() if person in known}

    def employments(self, district_id: UUID) -> list[Employment]:
        positions = self.vault.positions("oneroster", district_id)
        streams = [employment_stream(district_id, position) for position in positions]
        return list(self.ledger.find_many(Employment, streams).values())

    def held(self, district_id: UUID) -> list[Employment]:
        """The employments that are held today."""
        return [one for one in self.employments(district_id) if one.held_on(self.at.date())]

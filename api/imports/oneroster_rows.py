"""The rows of a OneRoster roster as typed values, each field checked; and whom they refer to.

Source: docs/sources.md#oneroster (orgs.csv, users.csv, roles.csv and their vocabularies).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from api.imports.flaws import Flaws
from api.imports.oneroster_files import Mode, Record, read_tables

ID_CHARACTERS_MAX = 255
TEXT_CHARACTERS_MAX = 300
FIRST_YEAR, LAST_YEAR = 1900, 2200
ORGANIZATION_TYPES = {"department", "school", "district", "local", "state", "national"}
STAFF_ROLES = {
    *("aide", "counselor", "districtAdministrator", "principal", "proctor"),
    *("siteAdministrator", "systemAdministrator", "teacher"),
}
OTHER_ROLES = {"guardian", "parent", "relative", "student"}
ROLE_TYPES = {"primary", "secondary"}
FLAGS = {"true": True, "false": False, "": None}
DETAILS = {  # ours: theirs
    "given_name": "givenName",
    "middle_name": "middleName",
    "family_name": "familyName",
    "preferred_given_name": "preferredGivenName",
    "preferred_middle_name": "preferredMiddleName",
    "preferred_family_name": "preferredFamilyName",
    "email": "email",
    "employee_number": "identifier",
}
STATE_ID = "metadata.stateId"  # of users; most files do not have it
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
FTE = re.compile(r"([0-9])(?:\.([0-9]{1,3}))?")
FTE_THOUSANDTHS_MAX = 2000


class OrganizationRow(NamedTuple):
    """A row of orgs.csv."""

    row: int
    source_id: str
    deleted: bool
    name: str
    type: str
    parent_id: str


class UserRow(NamedTuple):
    """A row of users.csv, as far as it is used."""

    row: int
    source_id: str
    deleted: bool
    details: Mapping[str, str]  # fields of ledger.vault.PersonDetails
    fte_thousandths: int | None
    exempt: bool | None


class RoleRow(NamedTuple):
    """A row of roles.csv. A deleted one may name nothing but its id."""

    row: int
    source_id: str
    deleted: bool
    user_id: str
    role: str
    first_day: date | None
    last_day: date | None  # roles.endDate: the last day on which the role is held
    organization_id: str
    fte_thousandths: int | None
    exempt: bool | None

    @property
    def of_staff(self) -> bool:
        return self.role in STAFF_ROLES


@dataclass(frozen=True, slots=True)
class Roster:
    """What a zip says, every row of it well formed."""

    mode: Mode
    organizations: Sequence[OrganizationRow]
    users: Sequence[UserRow]
    roles: Sequence[RoleRow]

    @property
    def rows(self) -> int:
        return len(self.organizations) + len(self.users) + len(self.roles)


def read_roster(path: Path, flaws: Flaws) -> Roster:
    """Read and check a zip. Raises FileRefusedError when its form is wrong.

    What is wrong with fields and references goes to `flaws`, so that it can be told together.
    """
    tables = read_tables(path, flaws)
    fields = _Fields(tables.mode, flaws)
    roster = Roster(
        tables.mode,
        [fields.organization(record) for record in tables.records["orgs"]],
        [fields.user(record) for record in tables.records["users"]],
        [fields.role(record) for record in tables.records["roles"]],
    )
    for file, rows in (
        *(("orgs.csv", roster.organizations), ("users.csv", roster.users)),
        ("roles.csv", roster.roles),
    ):
        _check_unique(file, rows, flaws)
    if roster.mode == "bulk":
        _check_references(roster, flaws)
    return roster


def _check_unique(
    file: str, rows: Sequence[OrganizationRow | UserRow | RoleRow], flaws: Flaws
) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.source_id in seen:
            flaws.add(
                file, "id-twice", "an earlier row has it too", row=row.row, column="sourcedId"
            )
        seen.add(row.source_id)


def _check_references(roster: Roster, flaws: Flaws) -> None:
    """In a bulk file everything a row refers to is in the file; a delta may refer to the ledger."""
    organizations = {row.source_id for row in roster.organizations}
    users = {row.source_id for row in roster.users}
    for org in roster.organizations:
        if org.parent_id and org.parent_id not in organizations:
            _unknown("orgs.csv", org.row, "parentSourcedId", flaws)
    for role in roster.roles:
        if role.user_id not in users:
            _unknown("roles.csv", role.row, "userSourcedId", flaws)
        if role.organization_id not in organizations:
            _unknown("roles.csv", role.row, "orgSourcedId", flaws)


def _unknown(file: str, row: int, column: str, flaws: Flaws) -> None:
    flaws.add(file, "reference-unknown", "names nothing in this zip", row=row, column=column)


class _Fields:
    """Reads the fields of one record after the other; a flaw leaves a harmless value behind."""

    def __init__(self, mode: Mode, flaws: Flaws) -> None:
        self._mode = mode
        self._flaws = flaws
        self._file = ""
        self._record = Record(0, {})

    def organization(self, record: Record) -> OrganizationRow:
        deleted = self._begin("orgs.csv", record)
        return OrganizationRow(
            record.row,
            self._id("sourcedId"),
            deleted,
            self._text("name", needed=not deleted),
            self._word("type", ORGANIZATION_TYPES, needed=not deleted),
            self._id("parentSourcedId", needed=False),
        )

    def user(self, record: Record) -> UserRow:
        deleted = self._begin("users.csv", record)
        details = {ours: self._text(theirs, needed=False) for ours, theirs in DETAILS.items()}
        if not deleted and not (details["given_name"] or details["family_name"]):
            self._flaw("givenName", "value-missing", "a user needs a given or a family name")
        if state_id := self._text(STATE_ID, needed=False):
            details["state_id"] = state_id
        return UserRow(
            record.row,
            self._id("sourcedId"),
            deleted,
            details,
            self._fte(),
            self._flag("metadata.exempt"),
        )

    def role(self, record: Record) -> RoleRow:
        deleted = self._begin("roles.csv", record)
        self._word("roleType", ROLE_TYPES, needed=not deleted)
        first_day, last_day = self._day("beginDate"), self._day("endDate")
        if first_day and last_day and last_day < first_day:
            self._flaw("endDate", "end-before-begin", "lies before beginDate")
        return RoleRow(
            record.row,
            self._id("sourcedId"),
            deleted,
            self._id("userSourcedId", needed=not deleted),
            self._role(needed=not deleted),
            first_day,
            last_day,
            self._id("orgSourcedId", needed=not deleted),
            self._fte(),
            self._flag("metadata.exempt"),
        )

    def _begin(self, file: str, record: Record) -> bool:
        """Whether the row says that its thing is gone, which only a delta can."""
        self._file, self._record = file, record
        status, modified = self._value("status"), self._value("dateLastModified")
        if self._mode == "bulk":
            if status not in {"", "active"}:
                self._flaw("status", "status-wrong", "stays empty in a bulk file")
            return False
        if status not in {"active", "tobedeleted"}:
            self._flaw("status", "status-wrong", "is active or tobedeleted")
        try:
            datetime.fromisoformat(modified)
        except ValueError:
            self._flaw("dateLastModified", "instant-wrong", "is a date and time in ISO 8601")
        return status == "tobedeleted"

    def _value(self, column: str) -> str:
        return self._record.fields.get(column, "")

    def _flaw(self, column: str, slug: str, message: str) -> None:
        self._flaws.add(self._file, slug, message, row=self._record.row, column=column)

    def _checked(self, column: str, value: str, characters_max: int) -> str:
        if CONTROL.search(value):
            self._flaw(column, "control-character", "holds a character that no text can carry")
        if len(value) > characters_max:
            self._flaw(column, "too-long", f"is longer than {characters_max} characters")
        return value

    def _id(self, column: str, *, needed: bool = True) -> str:
        """An id as it stands: two that differ in anything are two."""
        value = self._checked(column, self._value(column), ID_CHARACTERS_MAX)
        if needed and not value:
            self._flaw(column, "value-missing", "is needed")
        return value

    def _text(self, column: str, *, needed: bool) -> str:
        """Words for people, in one normal form; whatever else they look like they stay words."""
        text = unicodedata.normalize("NFC", self._value(column).strip())
        if needed and not text:
            self._flaw(column, "value-missing", "is needed")
        return self._checked(column, text, TEXT_CHARACTERS_MAX)

    def _word(self, column: str, words: set[str], *, needed: bool) -> str:
        value = self._value(column)
        if value not in words and (needed or value):
            self._flaw(column, "word-unknown", f"is one of {', '.join(sorted(words))}")
        return value

    def _role(self, *, needed: bool) -> str:
        value = self._value("role")
        if value.startswith("ext:"):  # a word of the source's own, of which we know nothing
            return value
        return self._word("role", STAFF_ROLES | OTHER_ROLES, needed=needed)

    def _day(self, column: str) -> date | None:
        value = self._value(column)
        if not value:
            return None
        try:
            day = date.fromisoformat(value) if DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            self._flaw(column, "date-wrong", "is a date as in 2026-08-31")
            return None
        return day

    def _flag(self, column: str) -> bool | None:
        value = self._value(column)
        if value not in FLAGS:
            self._flaw(column, "word-unknown", "is true, false or empty")
        return FLAGS.get(value)

    def _fte(self) -> int | None:
        value = self._value("metadata.fte")
        if not value:
            return None
        found = FTE.fullmatch(value)
        fte = int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0")) if found else None
        if fte is None or fte > FTE_THOUSANDTHS_MAX:
            self._flaw("metadata.fte", "number-wrong", "is a number from 0 to 2 as in 0.625")
            return None
        return fte

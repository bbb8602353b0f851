"""Opens a OneRoster 1.2 zip: its entries, its manifest and its tables, before any field is read.

Source: docs/sources.md#oneroster (CSV binding: manifest.csv, RFC 4180, UTF-8, one header row).
"""

from __future__ import annotations

import stat
import zipfile
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from api.imports.csv_rows import csv_rows, numbered_rows
from api.imports.flaws import Flaws
from ledger.archives import UNREADABLE

ENTRIES_MAX = 100
ENTRY_BYTES_MAX = 64 * 1024 * 1024
MANIFEST = "manifest.csv"
TABLES = ("orgs", "users", "roles")
COLUMNS = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "users": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
    "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,"
    "resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,"
    "primaryOrgSourcedId,pronouns",
    "roles": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
    "orgSourcedId,userProfileSourcedId",
}
SECRET_COLUMNS = {"password"}  # dropped before anything else sees the row

Mode = Literal["bulk", "delta"]


class Record(NamedTuple):
    """One row of a table, by column."""

    row: int
    fields: Mapping[str, str]


class Tables(NamedTuple):
    """The tables of a zip that are used here; one that is absent is empty."""

    mode: Mode
    records: Mapping[str, list[Record]]
    present: frozenset[str]


def read_tables(path: Path, flaws: Flaws) -> Tables:
    """Read the whole zip. Whatever is wrong goes to `flaws`; then the result means nothing."""
    contents = _read_zip(path, flaws)
    flaws.refuse_if_any()
    mode, present = _read_manifest(contents.get(MANIFEST), flaws)
    for name in present:
        if f"{name}.csv" not in contents:
            flaws.add(f"{name}.csv", "file-missing", "is named by the manifest but not in the zip")
    flaws.refuse_if_any()
    records = {
        name: list(_read_table(name, contents[f"{name}.csv"], flaws)) if name in present else []
        for name in TABLES
    }
    flaws.refuse_if_any()  # of a table that is not whole, whatever refers to it would be told too
    return Tables(mode, records, present)


def _read_zip(path: Path, flaws: Flaws) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, flaws)
            flaws.refuse_if_any()
            wanted = {MANIFEST, *(f"{name}.csv" for name in TABLES)}
            return {
                entry.filename: archive.read(entry) for entry in entries if entry.filename in wanted
            }
    except UNREADABLE:
        flaws.add(path.name, "zip-damaged", "is not a whole, unencrypted zip file")
        return {}


def _check_entries(entries: list[zipfile.ZipInfo], flaws: Flaws) -> None:
    if len(entries) > ENTRIES_MAX:
        flaws.add("zip", "zip-too-many-entries", f"holds more than {ENTRIES_MAX} entries")
        return
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename[:100]
        if entry.filename in seen:
            flaws.add(name, "zip-duplicate-entry", "is in the zip twice")
        seen.add(entry.filename)
        if "/" in name or "\\" in name or name.startswith("."):
            flaws.add(name, "zip-nested-path", "lies in a folder; all files lie at the top")
        elif stat.S_ISLNK(entry.external_attr >> 16):
            flaws.add(name, "zip-link", "is a link, not a file")
        elif entry.file_size > ENTRY_BYTES_MAX:
            flaws.add(name, "zip-entry-too-large", f"unpacks to over {ENTRY_BYTES_MAX:,} bytes")


def _read_manifest(content: bytes | None, flaws: Flaws) -> tuple[Mode, frozenset[str]]:
    """The mode of the tables that are used here, and which of them are there."""
    if content is None:
        flaws.add(MANIFEST, "file-missing", "is not in the zip")
        return "bulk", frozenset()
    rows = list(csv_rows(MANIFEST, content, flaws))
    if not rows or rows[0] != ["propertyName", "value"]:
        flaws.add(MANIFEST, "header-wrong", "has to begin with propertyName,value", row=1)
        return "bulk", frozenset()
    properties = {row[0]: row[1].strip() for row in rows[1:] if len(row) == 2}  # noqa: PLR2004
    for name, value in (("manifest.version", "1.0"), ("oneroster.version", "1.2")):
        if properties.get(name) != value:
            flaws.add(MANIFEST, "version-wrong", f"has to say {name} = {value}")
    modes = {name: properties.get(f"file.{name}", "absent") for name in TABLES}
    for name, mode in modes.items():
        if mode not in {"absent", "bulk", "delta"}:
            flaws.add(MANIFEST, "mode-wrong", f"file.{name} is absent, bulk or delta")
    present = frozenset(name for name, mode in modes.items() if mode != "absent")
    used = {modes[name] for name in present}
    if not used:
        flaws.add(MANIFEST, "nothing-to-import", "names none of orgs, users and roles")
    elif len(used) > 1:
        flaws.add(MANIFEST, "modes-mixed", "orgs, users and roles are all bulk or all delta")
    elif used == {"bulk"} and len(present) < len(TABLES):
        flaws.add(MANIFEST, "file-missing", "a bulk import needs orgs, users and roles")
    return ("delta" if "delta" in used else "bulk"), present


def _read_table(name: str, content: bytes, flaws: Flaws) -> Iterator[Record]:
    file = f"{name}.csv"
    rows = csv_rows(file, content, flaws)
    header = next(rows, None)
    columns = COLUMNS[name].split(",")
    if header is None and content.removeprefix(BOM_UTF8):
        return  # it is no text, and was told so
    if header is None or not _is_header(header, columns):
        flaws.add(file, "header-wrong", f"the header has to be {COLUMNS[name]}", row=1)
        return
    used = [(at, column) for at, column in enumerate(header) if column not in SECRET_COLUMNS]
    for number, row in numbered_rows(file, rows, header, flaws):
        yield Record(number, {column: row[at] for at, column in used})


def _is_header(header: list[str], columns: list[str]) -> bool:
    """The columns in their order, spelled exactly, and to their right only metadata."""
    extra = header[len(columns) :]
    return (
        header[: len(columns)] == columns
        and all(column.startswith("metadata.") for column in extra)
        and len(set(extra)) == len(extra)
    )

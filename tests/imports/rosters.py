"""OneRoster zips for tests: a small district of two schools, with whatever a test changes."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from api.imports.oneroster_files import COLUMNS

Row = Mapping[str, str]
GRAND_BEND = Path(__file__).parents[2] / "api/demo/data/grand-bend-oneroster-1.2.zip"
MODIFIED = "2025-01-15T06:00:00.000Z"


def org(source_id: str, kind: str = "school", parent: str = "D1", **more: str) -> Row:
    name = f"{source_id} name"
    return {"sourcedId": source_id, "name": name, "type": kind, "parentSourcedId": parent} | more


def user(source_id: str, given: str = "Ann", family: str = "Smith", **more: str) -> Row:
    return {
        "sourcedId": source_id,
        "enabledUser": "true",
        "username": f"{source_id}.login",
        "givenName": given,
        "familyName": family,
        "email": f"{source_id}@lake.example",
        "identifier": f"E-{source_id}",
        "password": "hunter2-secret",
    } | more


def role(source_id: str, user_id: str, **more: str) -> Row:
    return {
        "sourcedId": source_id,
        "userSourcedId": user_id,
        "roleType": "primary",
        "role": "teacher",
        "beginDate": "2024-08-01",
        "orgSourcedId": "S1",
    } | more


DISTRICT = org("D1", "district", parent="")
ORGS = (DISTRICT, org("S1"), org("S2"))


def people(count: int) -> tuple[list[Row], list[Row]]:
    """So many teachers, u0 with the role r0 and so on."""
    return (
        [user(f"u{n}", given=f"Given{n}", family=f"Family{n}") for n in range(count)],
        [role(f"r{n}", f"u{n}") for n in range(count)],
    )


def delta(*rows: Row, status: str = "active") -> list[Row]:
    return [{"status": status, "dateLastModified": MODIFIED} | row for row in rows]


def table(name: str, rows: Iterable[Row]) -> str:
    """A CSV file with the columns of its kind, and the metadata that some row has."""
    rows = list(rows)
    extra = sorted({column for row in rows for column in row if column.startswith("metadata.")})
    out = io.StringIO()
    writer = csv.DictWriter(out, [*COLUMNS[name].split(","), *extra], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def manifest(modes: Mapping[str, str], **more: str) -> str:
    lines = {"manifest.version": "1.0", "oneroster.version": "1.2"}
    lines |= {f"file.{name}": mode for name, mode in modes.items()} | more
    return "".join(
        f"{name},{value}\r\n" for name, value in {"propertyName": "value", **lines}.items()
    )


def write(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def contents(
    mode: str = "bulk",
    *,
    orgs: Sequence[Row] | None = ORGS,
    users: Sequence[Row] | None = None,
    roles: Sequence[Row] | None = None,
) -> dict[str, str | bytes]:
    """The files of a zip; a table that is None is absent."""
    tables = {"orgs": orgs, "users": users, "roles": roles}
    present = {name: rows for name, rows in tables.items() if rows is not None}
    files: dict[str, str | bytes] = {"manifest.csv": manifest(dict.fromkeys(present, mode))}
    return files | {f"{name}.csv": table(name, rows) for name, rows in present.items()}


def roster(path: Path, mode: str = "bulk", **tables: Sequence[Row] | None) -> Path:
    return write(path, contents(mode, **tables))

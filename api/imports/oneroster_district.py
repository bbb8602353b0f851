"""Which district a roster is of, and what in our ledger each of its organizations is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.imports.flaws import Flaws
from api.imports.oneroster_rows import OrganizationRow, Roster
from ledger.aggregates.organization import Organization
from ledger.application import Ledger
from ledger.errors import InvalidError, NotFoundError
from ledger.values import stream_id

FILE = "orgs.csv"


class DistrictUnnamedError(InvalidError):
    """The file does not say of which district it is; name one that the ledger knows."""

    slug = "district-unnamed"


class ZoneDiffersError(InvalidError):
    """The district is known in another time zone."""

    slug = "zone-differs"


@dataclass(frozen=True, slots=True)
class District:
    """The district a roster is of: the root of its tree of organizations."""

    id: UUID
    zone: str
    known: Organization | None  # as the ledger has it, if it does
    root: OrganizationRow | None  # as the file has it, if it does


def find_district(
    ledger: Ledger, roster: Roster, flaws: Flaws, *, zone: str, district_id: UUID | None
) -> District:
    """The one district of the roster, or the one named beside it.

    Raises:
        DistrictUnnamedError, NotFoundError: a delta without one has to name one that is known.
        ZoneDiffersError: days of this district begin in another zone.
    """
    root = _root(roster, flaws)
    flaws.refuse_if_any()
    if district_id is None and root is not None:
        district_id = stream_id("organization", "oneroster", root.source_id)
    if district_id is None:
        raise DistrictUnnamedError("this file holds no district; say which one it is of")
    known = ledger.find(Organization, district_id)
    if known is None and root is None:
        raise NotFoundError(f"there is no district {district_id}")
    if known is not None:
        known.must_be_district()
        if known.zone != zone:
            raise ZoneDiffersError(f"the days of this district begin in {known.zone}, not {zone}")
    return District(district_id, zone, known, root)


def organization_ids(district: District, rows: Sequence[OrganizationRow]) -> dict[str, UUID]:
    """What each organization of the file is to us: a school, or the district itself.

    Departments and offices have no stream of their own: who works there works for the district.
    """
    return {
        row.source_id: stream_id("organization", district.id, row.source_id)
        if row.type == "school"
        else district.id
        for row in rows
        if not row.deleted
    }


def _root(roster: Roster, flaws: Flaws) -> OrganizationRow | None:
    """The district at the root; a delta may leave it out.

    A school whose row names no parent belongs to the one district of its file.
    """
    by_id = {row.source_id: row for row in roster.organizations if not row.deleted}
    tops: dict[str, OrganizationRow] = {}
    for row in by_id.values():
        path = _path(row, by_id, flaws)
        districts = [one for one in path if one.type == "district"]
        if districts:
            tops[districts[-1].source_id] = districts[-1]
    roots = [row for row in by_id.values() if not row.parent_id]
    if not tops and len(roots) == 1:
        tops = {roots[0].source_id: roots[0]}  # a charter school, say, that is its own district
    if len(tops) > 1:
        second = list(tops.values())[1]
        flaws.add(FILE, "several-districts", "is a second district", row=second.row, column="type")
    if not tops and roster.mode == "bulk":
        flaws.add(FILE, "no-district", "names no district and no single root", column="type")
    return next(iter(tops.values()), None)


def _path(
    row: OrganizationRow, by_id: Mapping[str, OrganizationRow], flaws: Flaws
) -> list[OrganizationRow]:
    """The organization and what it is part of, the nearest first."""
    path = [row]
    while (parent := by_id.get(path[-1].parent_id)) is not None:
        if parent in path:
            flaws.add(
                FILE,
                "organizations-in-a-circle",
                "is a part of itself",
                row=row.row,
                column="parentSourcedId",
            )
            break
        path.append(parent)
    return path

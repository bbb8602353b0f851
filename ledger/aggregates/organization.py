"""Districts and schools: their names, and the zone in which their days begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NothingChangesError
from ledger.events import AnyOrganizationEvent
from ledger.events.organization import (
    OrganizationKind,
    OrganizationRegistered,
    OrganizationRenamed,
)


class NotADistrictError(InvalidError):
    """A district is named here, and this organization is none."""

    slug = "not-a-district"


def register_district(
    district_id: UUID, act: Act, *, name: str, zone: str
) -> Sequence[AnyOrganizationEvent]:
    """Begin a district, which employs."""
    return [
        OrganizationRegistered(
            **first_header(district_id, act),
            kind="district",
            name=name,
            district_id=district_id,
            zone=zone,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Organization(Aggregate):
    """A district, or a school of one."""

    kind: OrganizationKind
    name: str
    district_id: UUID
    zone: str

    def register_school(
        self, school_id: UUID, act: Act, *, name: str
    ) -> Sequence[AnyOrganizationEvent]:
        """Begin a school of this district; its days begin when the district's do."""
        self.must_be_district()
        return [
            OrganizationRegistered(
                **first_header(school_id, act),
                kind="school",
                name=name,
                district_id=self.id,
                zone=self.zone,
            )
        ]

    def rename(self, act: Act, *, name: str) -> Sequence[AnyOrganizationEvent]:
        if name == self.name:
            raise NothingChangesError(f"organization {self.id} goes by this name already")
        return [OrganizationRenamed(**self.header(act), name=name)]

    def must_be_district(self) -> None:
        """Raises NotADistrictError for a school."""
        if self.kind != "district":
            raise NotADistrictError(f"organization {self.id} is a {self.kind}, not a district")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyOrganizationEvent) -> Self:
        if state is None:
            assert isinstance(event, OrganizationRegistered), "an organization begins registered"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                kind=event.kind,
                name=event.name,
                district_id=event.district_id,
                zone=event.zone,
            )
        match event:
            case OrganizationRegistered():
                raise AssertionError("an organization is registered once")
            case OrganizationRenamed(originator_version=version, name=name):
                return replace(state, version=version, name=name)
            case _:
                assert_never(event)

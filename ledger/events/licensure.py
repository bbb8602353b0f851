"""Licenses to teach: what a district has on file, and how it ruled on what should count.

The number of a license is personal and lives in the vault. Both ends of a validity are included.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Count, Day, Jurisdiction, Slug, VaultText, ZoneName


class LicenseEvent(Event):
    """Stream: one license of one person.

    `district_id` is the district that acts: it keeps the documents, and its rules count where the
    state leaves something to the district, until another district acts on the license.
    """

    person_id: UUID
    district_id: UUID


class LicenseRecorded(LicenseEvent):
    """The license is on file. With no last day given, the state's rules may say how long."""

    TOPIC: ClassVar[str] = "license.recorded.v1"

    jurisdiction: Jurisdiction
    license_type: Slug
    role: Slug  # as the jurisdiction's rules tell roles apart: k-5, 6-12, administrator, …
    traits: tuple[Slug, ...]  # what rules ask besides: masters, lifetime, …
    zone: ZoneName
    issued_on: Day
    valid_from: Day
    valid_to: Day | None
    number: VaultText | None


class LicenseChanged(LicenseEvent):
    """Role or traits are others from a day on, or another district keeps the documents."""

    TOPIC: ClassVar[str] = "license.changed.v1"

    role: Slug
    traits: tuple[Slug, ...]
    effective_on: Day


class LicenseRenewed(LicenseEvent):
    """The authority renewed it: another cycle begins."""

    TOPIC: ClassVar[str] = "license.renewed.v1"

    issued_on: Day
    valid_from: Day
    valid_to: Day | None


class LicenseClosed(LicenseEvent):
    """The license is no more from this day on: surrendered, revoked, or recorded in error."""

    TOPIC: ClassVar[str] = "license.closed.v1"

    reason: Slug
    effective_on: Day


class LicenseRulingMade(LicenseEvent):
    """The district ruled on one achievement: an award of the ledger, or a recorded credit."""

    TOPIC: ClassVar[str] = "license.ruling-made.v1"

    achievement_id: UUID
    outcome: Literal["accepted", "declined"]
    reason: Slug
    units_hundredths: Count | None  # accepted at so many units; null: as the rules have it
    category: Slug | None  # accepted in this category; null: as the rules have it

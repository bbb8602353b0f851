"""Districts and their schools: who employs, and in which zone its days begin."""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import ShortText, ZoneName

OrganizationKind = Literal["district", "school"]


class OrganizationEvent(Event):
    """Stream: one organization."""


class OrganizationRegistered(OrganizationEvent):
    """A district, or a school of one, is known to the ledger."""

    TOPIC: ClassVar[str] = "organization.registered.v1"

    kind: OrganizationKind
    name: ShortText
    district_id: UUID  # of a district: its own id; of a school: the root of its tree
    zone: ZoneName


class OrganizationRenamed(OrganizationEvent):
    """The organization goes by another name from now on."""

    TOPIC: ClassVar[str] = "organization.renamed.v1"

    name: ShortText

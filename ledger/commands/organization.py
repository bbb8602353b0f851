"""Commands on districts and schools."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import organization as organizations
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyOrganizationEvent
from ledger.values import stream_id


def register_district(ledger: Ledger, call: Call, *, name: str, zone: str) -> Receipt:
    """Begin a district, whose id follows from the command's."""
    stream = stream_id("organization", call.command_id)

    def decide(_read: Reader) -> Sequence[AnyOrganizationEvent]:
        return organizations.register_district(stream, call.act, name=name, zone=zone)

    return ledger.run(call, decide)


def register_school(ledger: Ledger, call: Call, *, district_id: UUID, name: str) -> Receipt:
    """Begin a school of a district, whose id follows from the command's."""
    stream = stream_id("organization", call.command_id)

    def decide(read: Reader) -> Sequence[AnyOrganizationEvent]:
        return read.get(Organization, district_id).register_school(stream, call.act, name=name)

    return ledger.run(call, decide)


def rename_organization(ledger: Ledger, call: Call, *, organization_id: UUID, name: str) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyOrganizationEvent]:
        return read.get(Organization, organization_id).rename(call.act, name=name)

    return ledger.run(call, decide)

"""Districts and schools, registered by operators and known to everybody who signs in."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_operate
from api.answers import recorded
from api.routing import Router
from api.writing import WriteNow
from ledger.commands import organization as organizations
from ledger.values import ShortText, Value, ZoneName

router = Router("organizations")


class NewDistrict(Value):
    """A district, and the zone in which its days begin."""

    name: ShortText
    zone: ZoneName


class Name(Value):
    """What an organization is called."""

    name: ShortText


@router.write("/districts")
def register_district(body: NewDistrict, write: WriteNow) -> Response:
    """Register a district."""
    must_operate(write.caller)
    return recorded(write.run(organizations.register_district, body))


@router.write("/districts/{district_id}/schools")
def register_school(district_id: UUID, body: Name, write: WriteNow) -> Response:
    """Register a school of a district."""
    must_operate(write.caller)
    return recorded(write.run(organizations.register_school, body, district_id=district_id))


@router.write("/organizations/{organization_id}/names")
def rename_organization(organization_id: UUID, body: Name, write: WriteNow) -> Response:
    """Call a district or school otherwise from now on."""
    must_operate(write.caller)
    return recorded(
        write.run(organizations.rename_organization, body, organization_id=organization_id)
    )

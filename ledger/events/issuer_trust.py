"""Trusted issuers: whose records a district believes, by a dated decision of its own."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from ledger.events.base import Event
from ledger.values import Day, ShortText, Slug

# A host, and its port where that is not 443.
HostName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$")
]
IssuerName = Annotated[
    str, StringConstraints(pattern=r"^(did:(web|key):|https://)[A-Za-z0-9._:%/-]{1,280}$")
]

Hosts = Annotated[tuple[HostName, ...], Field(max_length=10)]
KeyNames = Annotated[tuple[ShortText, ...], Field(max_length=100)]  # as proofs name them


class IssuerTrustEvent(Event):
    """Stream: one issuer in one district."""

    district_id: UUID
    issuer_id: IssuerName  # of an organization, never of a person


class IssuerTrusted(IssuerTrustEvent):
    """From a day on its records are believed, its hosts may be asked, and these keys are its own.

    A key that is named here proves a record without its issuer's host.
    """

    TOPIC: ClassVar[str] = "issuer-trust.granted.v1"

    hosts: Hosts
    keys: KeyNames
    effective_on: Day
    authority_reference: ShortText


class IssuerTrustWithdrawn(IssuerTrustEvent):
    """From a day on its records are no longer believed, and nobody is asked."""

    TOPIC: ClassVar[str] = "issuer-trust.withdrawn.v1"

    reason: Slug
    effective_on: Day

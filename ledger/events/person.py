"""A person: a random id and nothing that could say who she is.

Names, numbers and addresses live in the vault; the log holds the digests of their ciphertexts.
"""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import HmacSha256, Slug, VaultText


class PersonEvent(Event):
    """Stream: one person, whose id is the stream's."""


class PersonRegistered(PersonEvent):
    """Somebody is known to the ledger."""

    TOPIC: ClassVar[str] = "person.registered.v1"


class PersonDetailsRecorded(PersonEvent):
    """The vault holds a new version of what one district knows her by.

    Two districts may call her differently; neither learns the other's number or address for her.
    """

    TOPIC: ClassVar[str] = "person.details-recorded.v1"

    district_id: UUID
    details: VaultText


class IdentityLinked(PersonEvent):
    """A number that some source system gives her leads to this person.

    `identity_hmac` is keyed by a vault secret: without it nobody can guess a number back.
    """

    TOPIC: ClassVar[str] = "person.identity-linked.v1"

    source: Slug  # e.g. oneroster
    district_id: UUID
    identity_hmac: HmacSha256

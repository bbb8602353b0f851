"""A person: a random id and nothing that could say who she is.

Names, numbers and addresses live in the vault; the log holds the digests of their ciphertexts.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import HmacSha256, Slug, VaultText, ZoneName

GuardianConsentKind = Literal["participation", "sharing"]


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


class PreServiceRecorded(PersonEvent):
    """She earns before anybody employs her, in a program for future teachers; the newest counts.

    Until when she is a minor lies in the vault: that day is her birthday, and the log forgets none.
    """

    TOPIC: ClassVar[str] = "person.pre-service-recorded.v1"

    district_id: UUID  # that vouches for it
    program: Slug  # e.g. educators-rising
    zone: ZoneName  # in which the day begins
    minor_until: VaultText | None  # the first day on which she is none; null: she was of age


class GuardianConsentGiven(PersonEvent):
    """A guardian lets a minor take part, or lets others be shown what she earned."""

    TOPIC: ClassVar[str] = "person.guardian-consent-given.v1"

    district_id: UUID  # that has the consent on file
    consent: GuardianConsentKind
    form: Slug  # how it was given, e.g. signed-form
    guardian: VaultText | None  # by whom


class GuardianConsentWithdrawn(PersonEvent):
    """What was consented to is so no more; what happened meanwhile stands."""

    TOPIC: ClassVar[str] = "person.guardian-consent-withdrawn.v1"

    district_id: UUID
    consent: GuardianConsentKind
    reason: Slug

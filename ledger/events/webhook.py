"""Whom to tell that a batch is ready: an address, and a secret that the vault holds."""

from typing import ClassVar

from ledger.events.payroll import PayrollEvent
from ledger.values import ShortText, VaultText


class WebhookEvent(PayrollEvent):
    """Stream: one address that is told."""


class WebhookRegistered(WebhookEvent):
    """This address is told of every batch of the district that is closed from now on."""

    TOPIC: ClassVar[str] = "webhook.registered.v1"

    url: ShortText
    secret: VaultText  # signs what is sent


class WebhookRemoved(WebhookEvent):
    """Nothing more is sent there."""

    TOPIC: ClassVar[str] = "webhook.removed.v1"

"""Commands on addresses that are told of batches."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import webhook as webhooks
from ledger.aggregates.organization import Organization
from ledger.aggregates.webhook import Webhook
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyWebhookEvent
from ledger.values import VaultText, stream_id


def register_webhook(
    ledger: Ledger, call: Call, *, district_id: UUID, url: str, secret: VaultText
) -> Receipt:
    """Begin to tell an address of the district's batches; its id follows from the command's."""
    stream = stream_id("webhook", call.command_id)

    def decide(read: Reader) -> Sequence[AnyWebhookEvent]:
        read.get(Organization, district_id).must_be_district()
        return webhooks.register(stream, call.act, district_id=district_id, url=url, secret=secret)

    return ledger.run(call, decide)


def remove_webhook(ledger: Ledger, call: Call, *, webhook_id: UUID) -> Receipt:
    """Tell an address nothing more."""

    def decide(read: Reader) -> Sequence[AnyWebhookEvent]:
        return read.get(Webhook, webhook_id).remove(call.act)

    return ledger.run(call, decide)

"""Who is told that a batch is ready: addresses that a district registers, and what came of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api import webhooks as outbox
from api.access import must_prepare_payroll, must_see_payroll
from api.answers import ListOf, Recorded, answer_all, recorded
from api.reading import ReadNow
from api.routing import Router
from api.webhook_http import must_be_outside
from api.writing import WriteNow
from ledger.aggregates.webhook import Webhook, must_be_address
from ledger.commands import webhook as commands
from ledger.events.webhook import WebhookRegistered
from ledger.values import ShortText, Value, VaultText
from projections import webhooks

router = Router("webhooks")
SECRET = "webhook-secret"  # noqa: S105 - what the vault calls it
DELIVERIES_MAX = 200
NO_TEXT = VaultText(text_id=UUID(int=0), ciphertext_sha256=f"sha256:{'0' * 64}")


class NewWebhook(Value):
    """Where to send: https, and nowhere inside."""

    url: ShortText


class WebhookMade(Recorded):
    """The address is told from now on; the secret by which it knows us is shown here alone."""

    secret: str


class Registered(BaseModel):
    """An address, and since when."""

    webhook_id: UUID
    url: str
    registered_by: UUID
    position: int
    removed_position: int | None


class DeliveryView(BaseModel):
    """How far a message has come."""

    message_id: str
    position: int
    attempts: int
    next_try_at: datetime
    last_answer: str | None
    delivered_at: datetime | None


@router.write("/districts/{district_id}/webhooks", WebhookMade)
def register_webhook(district_id: UUID, body: NewWebhook, write: WriteNow) -> Response:
    """Tell an address of every batch that is closed from now on."""
    must_prepare_payroll(write.caller, district_id)
    call = write.call(body)
    secret = NO_TEXT
    if not write.sent_before:
        must_be_address(body.url)
        must_be_outside(body.url, in_development=write.edge.settings.in_development)
        kept = write.keep(district_id, SECRET, outbox.new_secret())
        assert kept is not None, "a text was given"
        secret = kept
    receipt = commands.register_webhook(
        write.edge.ledger, call, district_id=district_id, url=body.url, secret=secret
    )
    [made] = [event for event in receipt.events if isinstance(event, WebhookRegistered)]
    return recorded(receipt, secret=write.edge.vault.get_text(made.secret.text_id))


@router.write("/webhooks/{webhook_id}/removals")
def remove_webhook(webhook_id: UUID, write: WriteNow) -> Response:
    """Send nothing more there."""
    must_prepare_payroll(write.caller, write.edge.ledger.get(Webhook, webhook_id).district_id)
    return recorded(write.run(commands.remove_webhook, webhook_id=webhook_id))


@router.read("/districts/{district_id}/webhooks", ListOf[Registered])
def list_webhooks(district_id: UUID, read: ReadNow) -> Response:
    """Every address that the district registered."""
    must_see_payroll(read.caller, district_id)
    with read.connection() as connection:
        position = read.visible("webhooks")
        found = webhooks.of_district(connection, district_id)
    shown = ("webhook_id", "url", "registered_by", "position", "removed_position")
    return answer_all([{name: getattr(one, name) for name in shown} for one in found], position)


@router.read("/webhooks/{webhook_id}/deliveries", ListOf[DeliveryView])
def list_deliveries(webhook_id: UUID, read: ReadNow) -> Response:
    """What was and is to be told to an address, the newest first."""
    must_see_payroll(read.caller, read.edge.ledger.get(Webhook, webhook_id).district_id)
    return answer_all(outbox.deliveries(read.edge, webhook_id, DELIVERIES_MAX))

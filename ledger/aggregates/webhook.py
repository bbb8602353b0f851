"""An address that is told when a batch is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, assert_never
from urllib.parse import urlsplit
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NothingChangesError
from ledger.events import AnyWebhookEvent
from ledger.events.webhook import WebhookRegistered, WebhookRemoved
from ledger.values import VaultText


class WebhookAddressError(InvalidError):
    """That is no address that can be told anything."""

    slug = "webhook-address-unusable"


def register(
    stream: UUID, act: Act, *, district_id: UUID, url: str, secret: VaultText
) -> Sequence[AnyWebhookEvent]:
    """Begin to tell an address."""
    must_be_address(url)
    header = first_header(stream, act)
    return [WebhookRegistered(**header, district_id=district_id, url=url, secret=secret)]


def must_be_address(url: str) -> None:
    """Raises WebhookAddressError for anything but http or https, a host and a path."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        usable = usable and parts.username is None and not parts.fragment
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(one.isspace() for one in url):
        raise WebhookAddressError(
            "an address is written https://host[:port]/path, without a user or a fragment"
        )


@dataclass(frozen=True, kw_only=True)
class Webhook(Aggregate):
    """Where to, signed by what, and whether still."""

    district_id: UUID
    url: str
    secret: VaultText
    removed: bool = False

    def remove(self, act: Act) -> Sequence[AnyWebhookEvent]:
        if self.removed:
            raise NothingChangesError("nothing is sent there any more")
        return [WebhookRemoved(**self.header(act), district_id=self.district_id)]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyWebhookEvent) -> Self:
        match event:
            case WebhookRegistered():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    district_id=event.district_id,
                    url=event.url,
                    secret=event.secret,
                )
            case WebhookRemoved():
                assert state is not None, "an address is registered before it is removed"
                return replace(state, version=event.originator_version, removed=True)
            case _:
                assert_never(event)

"""A share: granted until a day, ended at once when she says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, LedgerError, NothingChangesError
from ledger.events import AnyShareEvent
from ledger.events.share import RecipientKind, ShareGranted, SharePart, ShareRevoked
from ledger.values import VaultText, local_date

DAYS_MAX = 5 * 366
ENROLLMENTS_MAX = 200
PARTS: tuple[SharePart, ...] = ("awards", "hours", "scores", "evidence")
Standing = Literal["active", "expired", "revoked"]


class ShareScopeError(InvalidError):
    """A share begins with the awards; hours, scores and evidence come on top."""

    slug = "share-scope"


class ShareExpiryError(InvalidError):
    """A share ends on a day after today, within five years."""

    slug = "share-expiry"


class ShareExpiredError(LedgerError):
    """The share was good until a day that is over; ask its teacher for another one."""

    slug = "share-expired"
    status = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is to see it: a district, an issuer, or whoever has a link."""

    kind: RecipientKind
    id: UUID | None = None
    name: VaultText | None = None
    secret_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTerms:
    """What is to be seen, why, and until when."""

    scope: tuple[SharePart, ...]
    enrollment_ids: tuple[UUID, ...]
    purpose: str
    zone: str
    expires_on: date

    def check(self, today: date) -> None:
        """Raises ShareScopeError, ShareExpiryError."""
        if "awards" not in self.scope:
            raise ShareScopeError("the scope names no awards, and everything else is about those")
        if not today < self.expires_on <= today + timedelta(days=DAYS_MAX):
            raise ShareExpiryError(f"expires_on has to be after today, within {DAYS_MAX} days")
        if len(self.enrollment_ids) > ENROLLMENTS_MAX:
            raise ShareScopeError(f"name {ENROLLMENTS_MAX} awards at most, or none for all")


def grant(
    stream: UUID, act: Act, *, person_id: UUID, recipient: Recipient, terms: ShareTerms
) -> Sequence[AnyShareEvent]:
    """Let a recipient see it from now on."""
    terms.check(local_date(act.at, terms.zone))
    return [
        ShareGranted(
            **first_header(stream, act),
            person_id=person_id,
            recipient_kind=recipient.kind,
            recipient_id=recipient.id,
            recipient=recipient.name,
            secret_sha256=recipient.secret_sha256,
            scope=tuple(part for part in PARTS if part in terms.scope),
            enrollment_ids=tuple(sorted(set(terms.enrollment_ids))),
            purpose=terms.purpose,
            zone=terms.zone,
            expires_on=terms.expires_on,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Share(Aggregate):
    """One share."""

    person_id: UUID
    recipient: Recipient
    terms: ShareTerms
    revoked: bool = False

    def revoke(self, act: Act) -> Sequence[AnyShareEvent]:
        """End it, whether it has expired or not."""
        if self.revoked:
            raise NothingChangesError("this share was ended already")
        return [ShareRevoked(**self.header(act), person_id=self.person_id)]

    def standing(self, at: datetime) -> Standing:
        """Whether there is something to see at an instant."""
        return standing(self.terms.expires_on, self.terms.zone, at, revoked=self.revoked)

    @classmethod
    def evolve(cls, state: Self | None, event: AnyShareEvent) -> Self:
        match event:
            case ShareGranted():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    person_id=event.person_id,
                    recipient=Recipient(
                        kind=event.recipient_kind,
                        id=event.recipient_id,
                        name=event.recipient,
                        secret_sha256=event.secret_sha256,
                    ),
                    terms=ShareTerms(
                        scope=event.scope,
                        enrollment_ids=event.enrollment_ids,
                        purpose=event.purpose,
                        zone=event.zone,
                        expires_on=event.expires_on,
                    ),
                )
            case ShareRevoked():
                assert state is not None, "a share is granted before it ends"
                return replace(state, version=event.originator_version, revoked=True)
            case _:
                assert_never(event)


def standing(expires_on: date, zone: str, at: datetime, *, revoked: bool) -> Standing:
    """Whether a share with these terms shows something; the day is one in her zone."""
    if revoked:
        return "revoked"
    return "expired" if local_date(at, zone) >= expires_on else "active"

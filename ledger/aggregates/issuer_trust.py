"""Whether a district believes an issuer: decisions with a day each, the newest of which counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyIssuerTrustEvent
from ledger.events.issuer_trust import IssuerTrusted, IssuerTrustWithdrawn


class IssuerNotTrustedError(RuleError):
    """The district does not trust this issuer."""

    slug = "issuer-not-trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How far an issuer is believed."""

    hosts: tuple[str, ...]
    keys: tuple[str, ...]
    effective_on: date
    authority_reference: str


def trust(
    stream: UUID, act: Act, *, district_id: UUID, issuer_id: str, granted: Trust
) -> Sequence[AnyIssuerTrustEvent]:
    """Believe an issuer for the first time."""
    return [_trusted(first_header(stream, act), district_id, issuer_id, granted)]


@dataclass(frozen=True, kw_only=True)
class IssuerTrust(Aggregate):
    """One issuer in one district."""

    district_id: UUID
    issuer_id: str
    granted: Trust | None  # null: withdrawn

    def trust(self, act: Act, granted: Trust) -> Sequence[AnyIssuerTrustEvent]:
        """Believe it again, or otherwise than before."""
        if granted == self.granted:
            raise NothingChangesError("the issuer is trusted like this already")
        return [_trusted(self.header(act), self.district_id, self.issuer_id, granted)]

    def withdraw(
        self, act: Act, *, reason: str, effective_on: date
    ) -> Sequence[AnyIssuerTrustEvent]:
        check_near(effective_on)
        if self.granted is None:
            raise IssuerNotTrustedError(f"{self.issuer_id} is not trusted")
        return [
            IssuerTrustWithdrawn(
                **self.header(act),
                district_id=self.district_id,
                issuer_id=self.issuer_id,
                reason=reason,
                effective_on=effective_on,
            )
        ]

    @classmethod
    def evolve(cls, _state: Self | None, event: AnyIssuerTrustEvent) -> Self:
        match event:
            case IssuerTrusted():
                granted: Trust | None = Trust(
                    hosts=event.hosts,
                    keys=event.keys,
                    effective_on=event.effective_on,
                    authority_reference=event.authority_reference,
                )
            case IssuerTrustWithdrawn():
                granted = None
            case _:
                assert_never(event)
        return cls(
            id=event.originator_id,
            version=event.originator_version,
            district_id=event.district_id,
            issuer_id=event.issuer_id,
            granted=granted,
        )


def _trusted(header: Header, district_id: UUID, issuer_id: str, granted: Trust) -> IssuerTrusted:
    check_near(granted.effective_on)
    return IssuerTrusted(
        **header,
        district_id=district_id,
        issuer_id=issuer_id,
        hosts=granted.hosts,
        keys=granted.keys,
        effective_on=granted.effective_on,
        authority_reference=granted.authority_reference,
    )

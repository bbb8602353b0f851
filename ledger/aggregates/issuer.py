"""Issuers: registered, vetted before they publish, suspended when trust is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyIssuerEvent
from ledger.events.issuer import (
    IssuerHolidaysSet,
    IssuerRegistered,
    IssuerSuspended,
    IssuerSuspensionLifted,
    IssuerTerms,
    IssuerTermsChanged,
    IssuerVetted,
)
from ledger.rules.calendars import due_on
from ledger.values import local_date


class IssuerSuspendedError(RuleError):
    """The issuer is suspended."""

    slug = "issuer-suspended"


class IssuerNotSuspendedError(RuleError):
    """The issuer is not suspended."""

    slug = "issuer-not-suspended"


class IssuerNotVettedError(RuleError):
    """The issuer has not passed vetting, or its approval has run out."""

    slug = "issuer-not-vetted"


class ComponentsExceededError(InvalidError):
    """More components were met than the standard has."""

    slug = "components-exceeded"


class ApprovalEndedError(InvalidError):
    """The approval would have ended before it began."""

    slug = "approval-ended"


class HolidayOutsideYearError(InvalidError):
    """A holiday lies outside the year it was given for."""

    slug = "holiday-outside-year"


def register(
    stream: UUID, act: Act, *, name: str, zone: str, terms: IssuerTerms
) -> Sequence[AnyIssuerEvent]:
    """Begin an issuer. It may publish nothing until it is vetted."""
    return [IssuerRegistered(**first_header(stream, act), name=name, zone=zone, terms=terms)]


@dataclass(frozen=True, kw_only=True)
class Issuer(Aggregate):
    """One issuer, with its calendar and with its terms as they have followed one another."""

    zone: str
    terms_since: tuple[tuple[datetime, IssuerTerms], ...]  # oldest first
    holidays: frozenset[date] = frozenset()
    approved: bool = False
    approved_until: date | None = None
    suspended: bool = False

    @property
    def terms(self) -> IssuerTerms:
        """The terms for what is submitted from now on."""
        return self.terms_since[-1][1]

    def terms_at(self, instant: datetime) -> IssuerTerms:
        """The terms that hold for what was submitted at `instant`, whatever came later."""
        known = [terms for since, terms in self.terms_since if since <= instant]
        return known[-1] if known else self.terms_since[0][1]

    def today(self, instant: datetime) -> date:
        """The date at the issuer's, by which its days and windows count."""
        return local_date(instant, self.zone)

    def business_days_after(self, day: date, business_days: int) -> date:
        """The last day of so many business days on the issuer's calendar."""
        return due_on(day, business_days, self.holidays)

    def must_take_enrollments(self) -> None:
        if self.suspended:
            raise IssuerSuspendedError(f"issuer {self.id} is suspended and takes no enrollments")

    def must_send_badges(self) -> None:
        if self.suspended:
            raise IssuerSuspendedError(f"issuer {self.id} is suspended and sends no badges")

    def must_publish(self, at: datetime) -> None:
        """Raises unless the issuer is vetted with a date in force, and not suspended."""
        if self.suspended:
            raise IssuerSuspendedError(f"issuer {self.id} is suspended and cannot publish")
        if not self.approved:
            raise IssuerNotVettedError(f"issuer {self.id} has not passed vetting")
        if self.approved_until is not None and self.approved_until < self.today(at):
            raise IssuerNotVettedError(
                f"the approval of issuer {self.id} ended on {self.approved_until}"
            )

    def change_terms(self, act: Act, *, terms: IssuerTerms) -> Sequence[AnyIssuerEvent]:
        if terms == self.terms:
            raise NothingChangesError("these are the issuer's terms already")
        return [IssuerTermsChanged(**self.header(act), terms=terms)]

    def set_holidays(
        self, act: Act, *, year: int, holidays: Iterable[date]
    ) -> Sequence[AnyIssuerEvent]:
        """Replace the holidays of one year."""
        days = tuple(sorted(set(holidays)))
        outside = [day for day in days if day.year != year]
        if outside:
            raise HolidayOutsideYearError(f"{outside[0]} is not in {year}", day=outside[0])
        if days == tuple(sorted(day for day in self.holidays if day.year == year)):
            raise NothingChangesError(f"these are the issuer's holidays of {year} already")
        return [IssuerHolidaysSet(**self.header(act), year=year, holidays=days)]

    def record_vetting(
        self,
        act: Act,
        *,
        standard: str,
        components_met: int,
        components_total: int,
        valid_until: date | None,
    ) -> Sequence[AnyIssuerEvent]:
        """Record what a vetting body found. It approves when every component is met.

        Source: docs/sources.md#issuers (29 components of which all must be met).
        """
        if components_met > components_total:
            raise ComponentsExceededError(
                f"{components_met} components cannot be met of {components_total}"
            )
        if valid_until is not None and valid_until < self.today(act.at):
            raise ApprovalEndedError(f"an approval until {valid_until} has ended already")
        approved = components_met == components_total
        return [
            IssuerVetted(
                **self.header(act),
                standard=standard,
                components_met=components_met,
                components_total=components_total,
                approved=approved,
                valid_until=valid_until if approved else None,
            )
        ]

    def suspend(self, act: Act, *, reason: str) -> Sequence[AnyIssuerEvent]:
        if self.suspended:
            raise IssuerSuspendedError(f"issuer {self.id} is suspended already")
        return [IssuerSuspended(**self.header(act), reason=reason)]

    def lift_suspension(self, act: Act) -> Sequence[AnyIssuerEvent]:
        if not self.suspended:
            raise IssuerNotSuspendedError(f"issuer {self.id} is not suspended")
        return [IssuerSuspensionLifted(**self.header(act))]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyIssuerEvent) -> Self:
        if state is None:
            assert isinstance(event, IssuerRegistered), "an issuer begins by registering"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                zone=event.zone,
                terms_since=((event.occurred_at, event.terms),),
            )
        state = state.at_version(event.originator_version)
        match event:
            case IssuerRegistered():
                raise AssertionError("an issuer registers once")
            case IssuerTermsChanged(occurred_at=since, terms=terms):
                return replace(state, terms_since=(*state.terms_since, (since, terms)))
            case IssuerHolidaysSet(year=year, holidays=days):
                others = frozenset(day for day in state.holidays if day.year != year)
                return replace(state, holidays=others.union(days))
            case IssuerVetted(approved=approved, valid_until=until):
                return replace(state, approved=approved, approved_until=until)
            case IssuerSuspended():
                return replace(state, suspended=True)
            case IssuerSuspensionLifted():
                return replace(state, suspended=False)
            case _:
                assert_never(event)

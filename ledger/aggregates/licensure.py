"""A license that a district has on file: its validity, who she is to the rules, and rulings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, Self
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyLicenseEvent
from ledger.events.licensure import (
    LicenseChanged,
    LicenseClosed,
    LicenseRecorded,
    LicenseRenewed,
    LicenseRulingMade,
)
from ledger.rules.licenses import Facts, Ruling, license_after
from ledger.rules.licenses import License as Held
from ledger.values import VaultText

YEAR_MIN, YEAR_MAX = 1900, 2200


class LicenseSpanReversedError(InvalidError):
    """A license would run out before it is valid, or be valid before it was issued."""

    slug = "license-span-reversed"


class FarDayError(InvalidError):
    """No license, credit or fact is of a day as far away as this one."""

    slug = "far-day"


class LicenseOnFileError(RuleError):
    """A license of this type and jurisdiction is on file for this person already."""

    slug = "license-on-file"


class LicenseClosedError(RuleError):
    """The license is closed."""

    slug = "license-closed"


class RenewedBackwardError(RuleError):
    """A renewal begins a cycle that is later than the one on file."""

    slug = "renewed-backward"


class UnitsOnDeclinedError(InvalidError):
    """What is declined brings no units."""

    slug = "units-on-declined"


def check_near(*days: date | None) -> None:
    """Refuse days that are slips of the pen, and that no sum of months could be added to."""
    for day in days:
        if day is not None and not YEAR_MIN <= day.year <= YEAR_MAX:
            raise FarDayError(f"{day} is not between {YEAR_MIN} and {YEAR_MAX}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when to when; both ends are included, null where the license does not say."""

    issued_on: date
    valid_from: date
    valid_to: date | None

    def check(self) -> None:
        check_near(self.issued_on, self.valid_from, self.valid_to)
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise LicenseSpanReversedError(
                f"from {self.valid_from} to {self.valid_to} is no span of days"
            )
        if self.valid_to is not None and self.valid_to < self.issued_on:
            raise LicenseSpanReversedError(
                f"issued on {self.issued_on}, it cannot run out on {self.valid_to}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLicense:
    """What is put on file."""

    person_id: UUID
    jurisdiction: str
    license_type: str
    role: str
    traits: tuple[str, ...]
    zone: str
    validity: Validity
    number: VaultText | None


def record(
    stream: UUID, act: Act, before: License | None, *, district_id: UUID, new: NewLicense
) -> Sequence[AnyLicenseEvent]:
    """Put a license on file; `before` is what its stream holds: nothing, or a closed one."""
    if before is not None and not before.closed:
        raise LicenseOnFileError(f"license {before.id} is on file; renew or change it")
    new.validity.check()
    header = first_header(stream, act) if before is None else before.header(act)
    return [
        LicenseRecorded(
            **header,
            person_id=new.person_id,
            district_id=district_id,
            jurisdiction=new.jurisdiction,
            license_type=new.license_type,
            role=new.role,
            traits=tuple(sorted(set(new.traits))),
            zone=new.zone,
            issued_on=new.validity.issued_on,
            valid_from=new.validity.valid_from,
            valid_to=new.validity.valid_to,
            number=new.number,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class License(Aggregate):
    """One license of one person."""

    held: Held
    number: VaultText | None = field(default=None)

    @property
    def person_id(self) -> UUID:
        return self.held.person_id

    @property
    def closed(self) -> bool:
        return self.held.closed_on is not None

    def change(
        self, act: Act, *, district_id: UUID, role: str, traits: Sequence[str], effective_on: date
    ) -> Sequence[AnyLicenseEvent]:
        """Other facts from a day on; whichever district says so keeps the documents from now on."""
        self._must_be_open()
        facts = Facts(effective_on, role, tuple(sorted(set(traits))))
        newest = self.held.facts[-1]
        same = (newest.role, newest.traits) == (facts.role, facts.traits)
        if same and district_id == self.held.district_id and newest.effective_on <= effective_on:
            raise NothingChangesError(f"this holds since {newest.effective_on} already")
        return [
            LicenseChanged(
                **self.header(act),
                person_id=self.person_id,
                district_id=district_id,
                role=facts.role,
                traits=facts.traits,
                effective_on=effective_on,
            )
        ]

    def renew(
        self, act: Act, *, district_id: UUID, validity: Validity
    ) -> Sequence[AnyLicenseEvent]:
        """Begin the next cycle, as the authority has granted it."""
        self._must_be_open()
        validity.check()
        newest = self.held.terms[-1]
        if validity.valid_from <= (newest.valid_to or newest.valid_from):
            raise RenewedBackwardError(
                f"the cycle on file runs from {newest.valid_from}"
                f" to {newest.valid_to or 'no stated day'}"
            )
        return [
            LicenseRenewed(
                **self.header(act),
                person_id=self.person_id,
                district_id=district_id,
                issued_on=validity.issued_on,
                valid_from=validity.valid_from,
                valid_to=validity.valid_to,
            )
        ]

    def close(
        self, act: Act, *, district_id: UUID, reason: str, effective_on: date
    ) -> Sequence[AnyLicenseEvent]:
        """The license is no more: surrendered, revoked, or recorded in error."""
        self._must_be_open()
        return [
            LicenseClosed(
                **self.header(act),
                person_id=self.person_id,
                district_id=district_id,
                reason=reason,
                effective_on=effective_on,
            )
        ]

    def rule(
        self, act: Act, *, district_id: UUID, achievement_id: UUID, ruling: NewRuling
    ) -> Sequence[AnyLicenseEvent]:
        """Say whether one achievement counts; a later ruling on it takes the place of this."""
        self._must_be_open()
        if ruling.outcome == "declined" and (ruling.units_hundredths or ruling.category):
            raise UnitsOnDeclinedError("what is declined has neither units nor a category")
        known = self.held.rulings.get(achievement_id)
        if known is not None and known.district_id == district_id and ruling.says(known):
            raise NothingChangesError("this was ruled already")
        return [
            LicenseRulingMade(
                **self.header(act),
                person_id=self.person_id,
                district_id=district_id,
                achievement_id=achievement_id,
                outcome=ruling.outcome,
                reason=ruling.reason,
                units_hundredths=ruling.units_hundredths,
                category=ruling.category,
            )
        ]

    def _must_be_open(self) -> None:
        if self.closed:
            raise LicenseClosedError(f"license {self.id} is closed: {self.held.closed_reason}")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyLicenseEvent) -> Self:
        version = event.originator_version
        held = license_after(state.held if state else None, event, version)
        if isinstance(event, LicenseRecorded):
            return cls(id=event.originator_id, version=version, held=held, number=event.number)
        assert state is not None, "a license begins by being recorded"
        return replace(state, version=version, held=held)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRuling:
    """What a district says of one achievement."""

    outcome: Literal["accepted", "declined"]
    reason: str
    units_hundredths: int | None = None
    category: str | None = None

    def says(self, known: Ruling) -> bool:
        return (self.outcome, self.reason, self.units_hundredths, self.category) == (
            known.outcome,
            known.reason,
            known.units_hundredths,
            known.category,
        )

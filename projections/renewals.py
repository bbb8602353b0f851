"""Renewals: licenses, credits earned elsewhere, and the rules they are measured by.

The tables hold what happened; how far a license is follows from that and from a day, so it is
worked out by `ledger/rules/renewals.py` when it is read. Awards are read off the transcript, and
their place in the log off the stacks, for a fold over every award would keep nothing new.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection
from pydantic import TypeAdapter

from ledger.events import (
    AnyAcceptanceEvent,
    AnyCalendarEvent,
    AnyCreditEvent,
    AnyDossierEvent,
    AnyEquivalencyEvent,
    AnyLicenseEvent,
    acceptance,
    credit,
    equivalency,
    licensure,
)
from ledger.events.calendar import CalendarFactRecorded
from ledger.events.dossier import DossierFactRecorded, DossierFactWithdrawn
from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.events.merge import PersonsMerged
from ledger.events.opening import OpeningAward, OpeningPayment, OpeningRecorded, OpeningUnits
from ledger.rules.equivalencies import HUNDREDTHS, Achievement
from ledger.rules.licenses import License, license_after
from ledger.values import VaultText
from projections.contract import Fact, Projection, Table, Viewer
from projections.renewal_approvals import Approval, Approvals, approved_on
from projections.renewal_rules import Said
from projections.sql import NO_ID, Write, blocks, read, rows, to_write

Relevant = (
    AnyLicenseEvent
    | AnyCreditEvent
    | AnyAcceptanceEvent
    | AnyEquivalencyEvent
    | AnyCalendarEvent
    | AnyDossierEvent
    | OpeningRecorded
)

_SQL = blocks("renewals")
_LICENSE = TypeAdapter(License)


@dataclass(frozen=True, slots=True)
class Held:
    """A license, where the vault has its number, and every district that ever acted on it."""

    license: License
    number: VaultText | None
    district_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditEarned:
    """Something earned elsewhere, in its own kind, but for the documents that show it."""

    credit_id: UUID
    person_id: UUID
    district_id: UUID
    kind: str
    quantity_hundredths: int
    category: str | None
    course: str | None
    begun_on: date | None
    earned_on: date
    approved_on: date | None
    exchanged_enrollment_id: UUID | None
    withdrawn_on: date | None
    withdrawn_reason: str | None
    position: int
    positions: list[int]
    outcome: str | None = None  # of an award from elsewhere: what the district made of it
    outcome_reason: str | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit(CreditEarned):
    """Something earned elsewhere, and where the vault has what its documents are called."""

    documents: dict[str, Any] | None

    @property
    def achievement(self) -> Achievement:
        """What was earned, in its own kind."""
        void = None if self.withdrawn_on is None else "withdrawn"
        outcome = (self.outcome or "").replace("_", " ")
        return Achievement(
            id=self.credit_id,
            position=self.position,
            kind=self.kind,
            quantity_hundredths=self.quantity_hundredths,
            earned_on=self.earned_on,
            category=self.category,
            course=self.course,
            begun_on=self.begun_on,
            approved_on=self.approved_on,
            void_from=self.withdrawn_on,
            void_reason="under_review" if void and self.outcome else void,
            exchanged_for=self.exchanged_enrollment_id,
            expires_on=self.expires_on,
            accepted_by=self.district_id if self.outcome else None,
            declined=self.outcome == "declined",
            said=f"{outcome} by the district: {self.outcome_reason}" if outcome else "",
        )


@dataclass(frozen=True, slots=True)
class Award:
    """What became of an enrollment that was awarded, and where in the log it was."""

    person_id: UUID
    enrollment_id: UUID
    credential_id: UUID
    issuer_id: UUID
    awarded_on: date
    expires_on: date | None
    revoked_on: date | None
    position: int

    def achievement(self, approvals: Iterable[Approval] = ()) -> Achievement:
        """One micro-credential, whatever effort it took, approved when the first of these says."""
        return Achievement(
            id=self.enrollment_id,
            position=self.position,
            kind=MICRO_CREDENTIAL,
            quantity_hundredths=HUNDREDTHS,
            earned_on=self.awarded_on,
            credential_id=self.credential_id,
            issuer_id=self.issuer_id,
            expires_on=self.expires_on,
            void_from=self.revoked_on,
            void_reason=None if self.revoked_on is None else "revoked",
            approved_on=approved_on(approvals, self.enrollment_id, self.credential_id),
        )


class Renewals(Projection[Relevant]):
    """Keeps licenses, credits, approvals, rules, and which competencies are one."""

    name: ClassVar[str] = "renewals"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("renewal_licenses", seen_by=(Viewer.PERSON, Viewer.DISTRICTS)),
        Table("renewal_credits", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("renewal_approvals", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("renewal_rules", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("renewal_classes", by_person=False, seen_by=(Viewer.EVERYBODY,)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        licenses = {one.license.license_id: one for one in _held(connection, "load", ids=ids)}
        credits_ = {
            one.credit_id: one for one in read(connection, Credit, _SQL["load_credits"], ids=ids)
        }
        said, approvals = Said.loaded(connection, ids), Approvals.loaded(connection, ids)
        for position, event in facts:
            stream = event.originator_id
            match event:
                case (
                    CalendarFactRecorded()
                    | equivalency.EquivalencyAdopted()
                    | equivalency.EquivalencyRetired()
                ):
                    said.take(event, position)
                case DossierFactRecorded() | DossierFactWithdrawn():
                    approvals.take(event, position)
                case licensure.LicenseEvent():
                    licenses[stream] = _license_after(licenses.get(stream), event, position)
                case OpeningRecorded():
                    if (brought := _brought(event, position)) is not None:
                        credits_[stream] = brought
                case credit.CreditEvent():
                    credits_[stream] = _credit_after(credits_.get(stream), event, position)
                case acceptance.AcceptanceEvent():
                    credits_[stream] = _accepted_after(credits_.get(stream), event, position)
                case _:
                    assert_never(event)
        return to_write(
            _SQL["save"],
            licenses=[_license_row(one) for one in licenses.values()],
            credits=list(credits_.values()),
            rules=list(said.rules.values()),
            classes=said.classes,
            approvals=list(approvals.found.values()),
        )

    def merge(self, fact: Fact[PersonsMerged], connection: Connection[Any]) -> list[Write]:
        super().merge(fact, connection)
        connection.execute(_SQL["name_licenses"], {"person_id": fact.event.person_id})
        return []


def of_persons(connection: Connection[Any], person_ids: Collection[UUID]) -> list[Held]:
    """The licenses of some persons."""
    return _held(connection, "of_persons", person_ids=list(person_ids))


def find_license(connection: Connection[Any], license_id: UUID) -> Held | None:
    found = _held(connection, "license", license_id=license_id)
    return found[0] if found else None


def persons_of_district(
    connection: Connection[Any], district_id: UUID, *, after: UUID = NO_ID, limit: int = 50
) -> list[UUID]:
    """Whose licenses the district ever acted on, in order; `after` is the last seen."""
    span = {"district_id": district_id, "after": after, "limit": limit}
    return [row[0] for row in rows(connection, _SQL["persons_of_district"], **span)]


def credits_of_persons(connection: Connection[Any], person_ids: Collection[UUID]) -> list[Credit]:
    """What some persons earned elsewhere, withdrawn or not."""
    return read(connection, Credit, _SQL["credits_of_persons"], person_ids=list(person_ids))


def awards_of_persons(connection: Connection[Any], person_ids: Collection[UUID]) -> list[Award]:
    """What some persons were ever awarded, revoked or not."""
    return read(connection, Award, _SQL["awards_of_persons"], person_ids=list(person_ids))


def licenses_of(facts: Iterable[Fact[Any]]) -> list[Held]:
    """Licenses folded from their events alone, as of the last of these, in the order of reads."""
    found: dict[UUID, Held] = {}
    for position, event in facts:
        if isinstance(event, licensure.LicenseEvent):
            before = found.get(event.originator_id)
            found[event.originator_id] = _license_after(before, event, position)
    return sorted(
        found.values(), key=lambda one: (one.license.jurisdiction, one.license.license_id)
    )


def credits_of(facts: Iterable[Fact[Any]]) -> list[Credit]:
    """Credits folded from their events alone, as of the last of these, in the order of reads."""
    found: dict[UUID, Credit] = {}
    for position, event in facts:
        if isinstance(event, OpeningRecorded) and (brought := _brought(event, position)):
            found[event.originator_id] = brought
        if isinstance(event, credit.CreditEvent):
            before = found.get(event.originator_id)
            found[event.originator_id] = _credit_after(before, event, position)
        if isinstance(event, acceptance.AcceptanceEvent):
            before = found.get(event.originator_id)
            found[event.originator_id] = _accepted_after(before, event, position)
    return sorted(found.values(), key=lambda one: (one.earned_on, one.position))


def _license_after(before: Held | None, event: Any, position: int) -> Held:
    held = license_after(before.license if before else None, event, position)
    earlier = [one for one in (before.district_ids if before else ()) if one != event.district_id]
    number = before.number if before else None
    if isinstance(event, licensure.LicenseRecorded):
        number = event.number
    return Held(held, number, (*earlier, event.district_id))


def _brought(event: OpeningRecorded, position: int) -> Credit | None:
    """What a district's earlier system had of her; what was paid counts for no license."""
    entry = event.entry
    if isinstance(entry, OpeningPayment):
        return None
    units = entry if isinstance(entry, OpeningUnits) else None
    return Credit(
        credit_id=event.originator_id,
        person_id=event.person_id,
        district_id=event.district_id,
        kind=units.unit if units else MICRO_CREDENTIAL,
        quantity_hundredths=units.quantity_hundredths if units else HUNDREDTHS,
        category=units.category if units else None,
        course=entry.title if isinstance(entry, OpeningAward) else None,
        begun_on=None,
        earned_on=entry.earned_on,
        approved_on=None,
        exchanged_enrollment_id=None,
        documents=None,
        withdrawn_on=None,
        withdrawn_reason=None,
        position=position,
        positions=[position],
    )


def _credit_after(before: Credit | None, event: Any, position: int) -> Credit:
    if isinstance(event, credit.CreditRecorded):
        fields = vars(event)
        known = {name: fields[name] for name in Credit.__dataclass_fields__ if name in fields}
        documents = event.documents.model_dump(mode="json") if event.documents else None
        return Credit(
            **known | {"documents": documents},
            credit_id=event.originator_id,
            withdrawn_on=None,
            withdrawn_reason=None,
            position=position,
            positions=[position],
        )
    assert before is not None, "a credit begins by being recorded"
    return replace(
        before,
        withdrawn_on=event.effective_on,
        withdrawn_reason=event.reason,
        positions=[*before.positions, position],
    )


def _accepted_after(before: Credit | None, event: Any, position: int) -> Credit:
    """An award from elsewhere counts as its district decided last, and not while in question."""
    positions = [*(before.positions if before else ()), position]
    if isinstance(event, acceptance.AcceptanceDecided):
        return Credit(
            credit_id=event.originator_id,
            person_id=event.person_id,
            district_id=event.district_id,
            kind=event.kind,
            quantity_hundredths=event.quantity_hundredths,
            category=event.category,
            course=None,
            begun_on=None,
            earned_on=event.earned_on,
            approved_on=None,
            exchanged_enrollment_id=None,
            documents=None,
            withdrawn_on=None,
            withdrawn_reason=None,
            position=position,
            positions=positions,
            outcome=event.outcome,
            outcome_reason=event.reason,
            expires_on=event.expires_on,
        )
    assert before is not None, "an acceptance begins with a decision"
    return replace(
        before,
        withdrawn_on=event.effective_on,
        withdrawn_reason=event.reason,
        positions=positions,
    )


def _license_row(one: Held) -> dict[str, Any]:
    held = one.license
    return {
        "license_id": held.license_id,
        "person_id": held.person_id,
        "district_ids": one.district_ids,
        "jurisdiction": held.jurisdiction,
        "license": _LICENSE.dump_python(held, mode="json"),
        "number": one.number.model_dump(mode="json") if one.number else None,
        "positions": held.positions,
    }


def _held(connection: Connection[Any], block: str, **parameters: Any) -> list[Held]:
    return [
        Held(
            _LICENSE.validate_json(text),
            None if number is None else VaultText.model_validate_json(number),
            tuple(district_ids),
        )
        for _, text, number, district_ids in rows(connection, _SQL[block], **parameters)
    ]

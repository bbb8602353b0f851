"""Equivalency rules: adopted by a state or a district in versions, and retired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyEquivalencyEvent
from ledger.events.equivalency import (
    EquivalencyAdopted,
    EquivalencyRetired,
    EquivalencyTerms,
    Need,
    Requirement,
)
from ledger.values import local_date

EVERYWHERE = "UTC"  # a state has more than one zone; the day it is nowhere yet has not come


class AuthorityReferenceMissingError(InvalidError):
    """No rule counts that no authority has adopted: name the act that says so."""

    slug = "authority-reference-missing"


class RuleAdoptedInFutureError(InvalidError):
    """No authority can have adopted a rule on a day that has not come."""

    slug = "rule-adopted-in-future"


class EquivalencySpanReversedError(InvalidError):
    """The rule would end before it begins."""

    slug = "equivalency-span-reversed"


class UnitElsewhereError(InvalidError):
    """A unit belongs to the jurisdiction that its name begins with, and to no other."""

    slug = "unit-elsewhere"


class RequirementUnmeetableError(InvalidError):
    """A requirement asks the same thing twice, or something that cannot be told apart."""

    slug = "requirement-unmeetable"


class JurisdictionChangedError(RuleError):
    """The rules of one jurisdiction cannot become those of another."""

    slug = "jurisdiction-changed"


class EquivalencyRetiredError(RuleError):
    """The rules are retired."""

    slug = "equivalency-retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A version, and the act of the authority that made it one."""

    authority_reference: str
    adopted_on: date
    terms: EquivalencyTerms


def adopt(
    stream: UUID, act: Act, *, district_id: UUID | None, adoption: Adoption
) -> Sequence[AnyEquivalencyEvent]:
    """Begin an authority's rules for a jurisdiction. Without a district they are the state's."""
    must_be_adoptable(act, adoption)
    return [_adopted(first_header(stream, act), district_id, 1, adoption)]


def _adopted(
    header: Header, district_id: UUID | None, rule_version: int, adoption: Adoption
) -> EquivalencyAdopted:
    return EquivalencyAdopted(
        **header,
        district_id=district_id,
        rule_version=rule_version,
        authority_reference=adoption.authority_reference,
        adopted_on=adoption.adopted_on,
        terms=adoption.terms,
    )


def _must_have_reference(authority_reference: str) -> None:
    if not authority_reference.strip():
        raise AuthorityReferenceMissingError("the reference of the act that adopted it is needed")


def must_be_adoptable(act: Act, adoption: Adoption) -> None:
    """Raises a subclass of InvalidError when no authority could adopt it as it is."""
    terms = adoption.terms
    _must_have_reference(adoption.authority_reference)
    if adoption.adopted_on > local_date(act.at, EVERYWHERE):
        raise RuleAdoptedInFutureError(f"{adoption.adopted_on} has not come yet")
    if terms.effective_to is not None and terms.effective_to < terms.effective_from:
        raise EquivalencySpanReversedError(
            f"from {terms.effective_from} to {terms.effective_to} is no span of days"
        )
    if not terms.unit.startswith(f"{terms.jurisdiction}:"):
        raise UnitElsewhereError(f"{terms.unit} is no unit of {terms.jurisdiction}")
    for requirement in terms.requirements:
        for flaw in _flaws(requirement):
            raise RequirementUnmeetableError(f"{requirement.purpose}: {flaw}")


def _flaws(requirement: Requirement) -> Iterator[str]:
    """What makes a requirement one that nobody could read a number off."""
    options = [option.option for option in requirement.options]
    if len(set(options)) < len(options):
        yield "two options have one name"
    for option in requirement.options:
        names = [need.need for need in option.needs]
        if len(set(names)) < len(names):
            yield f"option {option.option} names one need twice"
        yield from (
            f"need {need.need} counts own kinds and does not say which"
            for need in option.needs
            if _is_vague(need)
        )


def _is_vague(need: Need) -> bool:
    """Hours and CEUs cannot be added up."""
    return need.own and not need.kinds


@dataclass(frozen=True, kw_only=True)
class Equivalency(Aggregate):
    """The rules of one authority for one jurisdiction: its newest version, and its last day."""

    district_id: UUID | None
    rule_version: int
    terms: EquivalencyTerms
    known: tuple[EquivalencyTerms, ...]  # every version so far
    last_day: date | None = None

    def adopt(self, act: Act, adoption: Adoption) -> Sequence[AnyEquivalencyEvent]:
        """Adopt the next version; where its dates and an older one's meet, the newer holds."""
        self._must_not_be_retired()
        must_be_adoptable(act, adoption)
        if adoption.terms.jurisdiction != self.terms.jurisdiction:
            raise JurisdictionChangedError(
                f"these are rules for {self.terms.jurisdiction},"
                f" not for {adoption.terms.jurisdiction}"
            )
        if adoption.terms in self.known:
            raise NothingChangesError("a version says this already")
        return [_adopted(self.header(act), self.district_id, self.rule_version + 1, adoption)]

    def retire(
        self, act: Act, *, authority_reference: str, last_day: date
    ) -> Sequence[AnyEquivalencyEvent]:
        """End the rules after `last_day`; what was governed by an earlier day keeps them."""
        self._must_not_be_retired()
        _must_have_reference(authority_reference)
        return [
            EquivalencyRetired(
                **self.header(act),
                district_id=self.district_id,
                authority_reference=authority_reference,
                last_day=last_day,
            )
        ]

    def _must_not_be_retired(self) -> None:
        if self.last_day is not None:
            raise EquivalencyRetiredError(f"the rules {self.id} end on {self.last_day}")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyEquivalencyEvent) -> Self:
        match event:
            case EquivalencyAdopted():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    district_id=event.district_id,
                    rule_version=event.rule_version,
                    terms=event.terms,
                    known=(*(state.known if state else ()), event.terms),
                )
            case EquivalencyRetired(last_day=last_day):
                assert state is not None, "rules begin by being adopted"
                return replace(state, version=event.originator_version, last_day=last_day)
            case _:
                assert_never(event)

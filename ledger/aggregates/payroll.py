"""How a district pays: its terms, each from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyPayrollSettingsEvent
from ledger.events.payroll import PayrollTerms, PayrollTermsSet
from ledger.rules.payroll import terms_on


class PayCodeRepeatedError(InvalidError):
    """One policy is given two pay codes, or two are for all policies."""

    slug = "pay-code-repeated"


class PayrollTermsMissingError(RuleError):
    """The district has not said how it pays on this day."""

    slug = "payroll-terms-missing"


def set_first_terms(
    stream: UUID, act: Act, *, district_id: UUID, terms: PayrollTerms
) -> Sequence[AnyPayrollSettingsEvent]:
    """Begin the payroll of a district."""
    _must_be_clear(terms)
    return [
        PayrollTermsSet(
            **first_header(stream, act), district_id=district_id, terms_version=1, terms=terms
        )
    ]


def _must_be_clear(terms: PayrollTerms) -> None:
    policies = [code.policy_id for code in terms.codes]
    if len(set(policies)) < len(policies):
        raise PayCodeRepeatedError("each policy has one pay code, and one may be for all others")


@dataclass(frozen=True, kw_only=True)
class Payroll(Aggregate):
    """Every version of a district's terms, in the order in which they were set."""

    district_id: UUID
    versions: tuple[PayrollTerms, ...]

    def set_terms(self, act: Act, *, terms: PayrollTerms) -> Sequence[AnyPayrollSettingsEvent]:
        """From a day on, pay by these terms; batches drafted before keep theirs."""
        _must_be_clear(terms)
        if terms == self.versions[-1]:
            raise NothingChangesError("these terms were the last ones set")
        return [
            PayrollTermsSet(
                **self.header(act),
                district_id=self.district_id,
                terms_version=len(self.versions) + 1,
                terms=terms,
            )
        ]

    def terms_on(self, pay_date: date) -> tuple[int, PayrollTerms]:
        """The terms that hold on a day, and their number. Raises PayrollTermsMissingError."""
        number = terms_on(self.versions, pay_date)
        if number is None:
            raise PayrollTermsMissingError(f"no payroll terms hold on {pay_date}")
        return number, self.versions[number - 1]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPayrollSettingsEvent) -> Self:
        if state is None:
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                district_id=event.district_id,
                versions=(event.terms,),
            )
        return replace(
            state, version=event.originator_version, versions=(*state.versions, event.terms)
        )

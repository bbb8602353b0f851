"""Commands on how a district pays."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.organization import Organization
from ledger.aggregates.payroll import Payroll, set_first_terms
from ledger.aggregates.policy import Policy
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.errors import NotFoundError
from ledger.events import AnyPayrollSettingsEvent
from ledger.events.payroll import PayrollTerms
from ledger.values import stream_id


def payroll_stream(district_id: UUID) -> UUID:
    """The stream of how a district pays."""
    return stream_id("payroll", district_id)


def set_payroll_terms(
    ledger: Ledger, call: Call, *, district_id: UUID, terms: PayrollTerms
) -> Receipt:
    """From a day on, pay by these terms."""
    stream = payroll_stream(district_id)

    def decide(read: Reader) -> Sequence[AnyPayrollSettingsEvent]:
        read.get(Organization, district_id).must_be_district()
        for code in terms.codes:
            if code.policy_id is not None:
                _must_be_of(read.get(Policy, code.policy_id), district_id)
        payroll = read.find(Payroll, stream)
        if payroll is not None:
            return payroll.set_terms(call.act, terms=terms)
        return set_first_terms(stream, call.act, district_id=district_id, terms=terms)

    return ledger.run(call, decide)


def _must_be_of(policy: Policy, district_id: UUID) -> None:
    if policy.district_id != district_id:
        raise NotFoundError(f"there is no policy {policy.id} of this district")

"""Commands on a district's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import calendar as calendars
from ledger.aggregates.calendar import Calendar
from ledger.aggregates.credential import Credential
from ledger.aggregates.organization import Organization
from ledger.aggregates.policy import Policy
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.errors import NotFoundError, RuleError
from ledger.events import AnyCalendarEvent
from ledger.events.calendar import CompetencyClassSet, DistrictFact, PoolDrawn, calendar_stream
from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.findings import is_pooled


class NoPoolToCloseError(RuleError):
    """The policy has no pool that is drawn or shared: its money goes to whoever comes first."""

    slug = "no-pool-to-close"


def record_calendar_fact(
    ledger: Ledger, call: Call, *, district_id: UUID, fact: DistrictFact
) -> Receipt:
    """Set a year, its pay periods, holidays, or what a school counts as."""
    stream = calendar_stream(district_id)

    def decide(read: Reader) -> Sequence[AnyCalendarEvent]:
        read.get(Organization, district_id).must_be_district()
        if isinstance(fact, PoolDrawn):
            _must_have_pool(read, district_id, fact.policy_id)
        elif isinstance(fact, CompetencyClassSet):
            for credential_id in fact.credential_ids:
                read.get(Credential, credential_id)
        calendar = read.find(Calendar, stream)
        if calendar is None:
            return calendars.begin(stream, call.act, district_id=district_id, fact=fact)
        return calendar.record(call.act, fact=fact)

    return ledger.run(call, decide)


def _must_have_pool(read: Reader, district_id: UUID, policy_id: UUID) -> None:
    policy = read.get(Policy, policy_id)
    if policy.district_id != district_id:
        raise NotFoundError(f"the district has no policy {policy_id}")
    if not isinstance(policy.terms, Rule) or not is_pooled(policy.terms):
        raise NoPoolToCloseError(f"policy {policy_id} has no pool that is drawn or shared")

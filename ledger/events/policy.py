"""Incentive policies: what a district pays for, on whose authority, and from when to when."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.events.policy_rule import Rule
from ledger.values import Cents, Count, Day, Flag, Positive, ShortText, Slug, Value, ZoneName


class FlatAmount(Value):
    """The same amount for each."""

    kind: Literal["flat"] = "flat"
    amount_cents: Cents


class Tier(Value):
    """What one tier of credential pays."""

    tier: Slug
    amount_cents: Cents


class TieredAmount(Value):
    """An amount by the tier of the credential version that was awarded."""

    kind: Literal["tiered"] = "tiered"
    tiers: tuple[Tier, ...] = Field(min_length=1)


Amount = Annotated[FlatAmount | TieredAmount, Field(discriminator="kind")]


class AwardTrigger(Value):
    """Pays for each award, of any credential or only of those listed."""

    kind: Literal["award"] = "award"
    credential_ids: tuple[UUID, ...] | None = None  # null: every credential


class StackTrigger(Value):
    """Pays once when the stack is completed."""

    kind: Literal["stack"] = "stack"
    stack_id: UUID


Trigger = Annotated[AwardTrigger | StackTrigger, Field(discriminator="kind")]


class PolicyTerms(Value):
    """One version of a policy, whole. Days are days in `zone`, both ends of a span included."""

    title: ShortText
    zone: ZoneName
    effective_from: Day
    effective_to: Day | None = None
    trigger: Trigger
    benefit: Literal["one_time", "base_pay"]  # base pay is a notice to HR, never a payroll line
    amount: Amount
    roles: tuple[Slug, ...] | None = None  # null: every role
    exempt_only: Flag = False
    employed_on: Literal["award_date", "payable_date"] | None = "award_date"
    also_employed_on: Day | None = None
    waiting_days: Count = 0  # payable this many days after the trigger
    year_starts_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 7
    person_cap_cents_per_year: Cents | None = None
    budget_cents_per_year: Cents | None = None


class PolicyEvent(Event):
    """Stream: one incentive policy of one district."""

    district_id: UUID


class PolicyAdopted(PolicyEvent):
    """The board adopted this version; the reference names the minute that says so."""

    TOPIC: ClassVar[str] = "policy.adopted.v1"

    policy_version: Positive
    board_reference: ShortText
    adopted_on: Day
    terms: PolicyTerms


class PolicyRuleAdopted(PolicyEvent):
    """The board adopted this version, written as a rule; the reference names the minute."""

    TOPIC: ClassVar[str] = "policy.rule-adopted.v1"

    policy_version: Positive
    board_reference: ShortText
    adopted_on: Day
    rule: Rule


class PolicyRetired(PolicyEvent):
    """Nothing is earned under the policy after this day; what was earned stands."""

    TOPIC: ClassVar[str] = "policy.retired.v1"

    board_reference: ShortText
    last_day: Day

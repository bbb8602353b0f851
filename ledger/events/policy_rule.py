"""A policy's rule: everything an incentive policy can say, as typed data.

No kind of anything belongs to a district; what a district means is in the numbers. An empty list
asks nothing, and null in a list's place means that any will do.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.policy_conditions import (
    EligibilityRule,
    ExclusionRule,
    NamedDay,
    PreconditionRule,
    WindowRule,
)
from ledger.events.policy_money import (
    Account,
    Cap,
    Clawback,
    Component,
    Pool,
    Revocation,
    Rounding,
    Timing,
)
from ledger.values import (
    Cents,
    Count,
    Day,
    Flag,
    Months,
    Positive,
    ShortText,
    Slug,
    Value,
    ZoneName,
)


class Source(Value):
    """What counts toward a number of units, and how much: `units` for every `each` recorded."""

    of: Literal["award", "activity"]
    category: Slug = "any"
    activities: tuple[Slug, ...] | None = None  # kinds of activity
    issuer_ids: tuple[UUID, ...] | None = None
    credential_ids: tuple[UUID, ...] | None = None
    tiers: tuple[Slug, ...] | None = None
    units: Positive = 1
    each: Positive = 1  # of an activity: so many hours or credits; of awards: so many awards
    opening: Flag = False  # brought along: it counts, and brings no step by itself


class Category(Value):
    """What one category has to bring at least, and may bring at most."""

    category: Slug
    units_min: Count = 0
    units_max: Count | None = None
    overflow_to: Slug | None = None  # what is beyond the most counts there; null: nowhere


class AwardTrigger(Value):
    """Each award, of any credential or only of those listed."""

    kind: Literal["award"] = "award"
    credential_ids: tuple[UUID, ...] | None = None
    issuer_ids: tuple[UUID, ...] | None = None
    tiers: tuple[Slug, ...] | None = None


class StackTrigger(Value):
    """A completed stack, once."""

    kind: Literal["stack"] = "stack"
    stack_id: UUID


class UnitsTrigger(Value):
    """A number of credits, points or hours is reached; every threshold is something earned."""

    kind: Literal["credits_threshold", "points_threshold"]
    unit: Slug
    sources: tuple[Source, ...] = Field(min_length=1)
    categories: tuple[Category, ...] = ()
    thresholds: tuple[Positive, ...] = Field(min_length=1)
    then_every: Positive | None = None  # further thresholds behind the last
    each_year: Flag = False  # counting begins anew with each fiscal year
    yearly_units_max: Positive | None = None
    excess: Literal["lost", "carried_over"] = "lost"  # what is beyond the yearly most
    expire_months: Months | None = None  # a unit counts for so long after it was earned
    not_before_months: Months | None = None  # since the first unit that counts
    steps_per_year_max: Positive | None = None
    steps_per_year_max_with: Positive | None = None  # for whoever has one of the statuses below
    steps_with_statuses: tuple[Slug, ...] = ()


class MilestoneTrigger(Value):
    """So many months of employment after the day that starts the count."""

    kind: Literal["employment_milestone"] = "employment_milestone"
    after_months: tuple[Months, ...] = Field(min_length=1)
    anchor: Literal["hired", "award"] = "hired"
    credential_ids: tuple[UUID, ...] | None = None  # of the award that starts the count


class AnnualTrigger(Value):
    """Each fiscal year in which an award is held on a named day; verified anew each time."""

    kind: Literal["annual_recertification"] = "annual_recertification"
    credential_ids: tuple[UUID, ...] | None = None
    held_on: NamedDay
    years_max: Positive | None = None


class RequestTrigger(Value):
    """Each request that she files under the policy, with this choice or with any."""

    kind: Literal["request_filed"] = "request_filed"
    choice: Slug | None = None


class CreditTrigger(Value):
    """Each request that chooses credit for an activity instead of pay for it.

    It grants `unit_hundredths` for each full `each_hours` of it, and for the rest nothing.
    """

    kind: Literal["credit_requested"] = "credit_requested"
    choice: Slug
    unit: Slug
    unit_hundredths: Positive  # half a credit is 50
    each_hours: Positive


class ActivityTrigger(Value):
    """Each activity of these kinds: a workshop, a course, a day of training."""

    kind: Literal["activity"] = "activity"
    activities: tuple[Slug, ...] = Field(min_length=1)


Trigger = Annotated[
    AwardTrigger
    | StackTrigger
    | UnitsTrigger
    | MilestoneTrigger
    | AnnualTrigger
    | RequestTrigger
    | CreditTrigger
    | ActivityTrigger,
    Field(discriminator="kind"),
]

BenefitKind = Literal[
    "one_time",
    "base_add",
    "lane_change",
    "step",
    "recurring_annual",
    "reimbursement",
    "reviewer_fee",
    "external_allotment_share",
]


class Fee(Value):
    """What taking part costs the teacher; shown, never taken out of pay."""

    amount_cents: Cents
    waived_for: tuple[Slug, ...] = ()  # statuses


class Versioning(Value):
    """Which version judges: the one in force on this day, or the one she began under."""

    governed_by: Literal["earned", "submitted", "documents", "filed"] = "earned"
    grandfathered: Flag = False


class Rule(Value):
    """One version of a policy, whole. Days are days in `zone`, both ends of a span included."""

    title: ShortText
    zone: ZoneName
    effective_from: Day
    effective_to: Day | None = None
    trigger: Trigger
    benefit: BenefitKind
    amount: tuple[Component, ...] = ()  # none: the salary schedule says how much
    eligibility: tuple[EligibilityRule, ...] = ()
    windows: tuple[WindowRule, ...] = ()
    preconditions: tuple[PreconditionRule, ...] = ()
    exclusions: tuple[ExclusionRule, ...] = ()
    caps: tuple[Cap, ...] = ()
    pool: Pool | None = None
    timing: Timing = Timing()
    account: Account
    clawback: Clawback | None = None
    revocation: Revocation = Revocation()
    rounding: Rounding = Rounding()
    versioning: Versioning = Versioning()
    fee: Fee | None = None

"""What a policy asks: of the person, of the days, and of what she did.

Each kind says what is asked, never how it is found out: `ledger/rules/entitlements` has one pure
function for each. A day that a rule speaks of (`NamedDay`) is one of
    a name        earned, documents, filed, started, … as they are for what is being judged
    YYYY-MM-DD    that day
    --MM-DD       that day of the fiscal year in which it was earned
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ledger.values import Days, Flag, Months, Positive, Slug, Value

DAY_NAMES = "earned|submitted|documents|filed|approved|started|payable|anchored|hired|separated"
NamedDay = Annotated[
    str,
    StringConstraints(
        pattern=rf"^({DAY_NAMES}|\d{{4}}-\d{{2}}-\d{{2}}|--(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$"
    ),
]
Hundredths = Annotated[int, Field(strict=True, ge=0, le=10**8)]  # 14.5 hours are 1450


class EmployedRule(Value):
    """A position in the district is held on the day; leave counts or not."""

    kind: Literal["employed"] = "employed"
    on: NamedDay = "earned"
    leave_counts: Flag = True


class ContinuousRule(Value):
    """A position was held on every day from the one to the other."""

    kind: Literal["continuous"] = "continuous"
    since: NamedDay
    until: NamedDay


class RoleRule(Value):
    kind: Literal["role"] = "role"
    roles: tuple[Slug, ...] = Field(min_length=1)
    on: NamedDay = "earned"


class ExemptRule(Value):
    """Exempt from overtime under the FLSA; others are refused, or sent to the timesheet."""

    kind: Literal["exempt"] = "exempt"
    on: NamedDay = "earned"
    otherwise: Literal["not_exempt", "routed_to_timesheet"] = "not_exempt"


class HiredRule(Value):
    """The first day of work lies no later than the named day."""

    kind: Literal["hired_by"] = "hired_by"
    by: NamedDay


class TenureRule(Value):
    """Employed for so many months without a break on the named day."""

    kind: Literal["tenure"] = "tenure"
    months: Months
    on: NamedDay = "earned"


class SchoolRule(Value):
    """The school she works at has one of the attributes on the named day."""

    kind: Literal["school"] = "school"
    attributes: tuple[Slug, ...] = Field(min_length=1)
    on: NamedDay = "earned"


class StatusRule(Value):
    """A license, a degree, a membership: one of these on the named day, or none of them."""

    kind: Literal["status"] = "status"
    any_of: tuple[Slug, ...] = Field(min_length=1)
    on: NamedDay = "earned"
    held: Flag = True  # false: none of them may be held


class StandingRule(Value):
    """So many units came in within the months before the named day."""

    kind: Literal["standing"] = "standing"
    units: Positive
    months: Months
    on: NamedDay = "earned"


EligibilityRule = Annotated[
    EmployedRule
    | ContinuousRule
    | RoleRule
    | ExemptRule
    | HiredRule
    | TenureRule
    | SchoolRule
    | StatusRule
    | StandingRule,
    Field(discriminator="kind"),
]


class BetweenRule(Value):
    """A day lies in a span; both ends are in it, and an end left out is open."""

    kind: Literal["between"] = "between"
    what: NamedDay = "earned"
    first: NamedDay | None = None
    last: NamedDay | None = None


class WithinRule(Value):
    """A day comes no later than so many days after another.

    `first_day` says which number the day itself has: with 0 the day after it is day 1, with 1 it
    is day 1 itself, so that the span ends a day earlier. Business days are the district's.
    """

    kind: Literal["within"] = "within"
    what: NamedDay
    after: NamedDay = "earned"
    days: Days
    counting: Literal["calendar", "business"] = "calendar"
    first_day: Literal[0, 1] = 0


class SameYearRule(Value):
    """Two days lie in one fiscal year."""

    kind: Literal["same_fiscal_year"] = "same_fiscal_year"
    what: NamedDay
    other: NamedDay = "earned"


class PerformanceRule(Value):
    """Everything happened inside the period of performance of the fund that pays."""

    kind: Literal["period_of_performance"] = "period_of_performance"


WindowRule = Annotated[
    BetweenRule | WithinRule | SameYearRule | PerformanceRule, Field(discriminator="kind")
]


class ApprovalRule(Value):
    """Approval was given before the named day, or on it where `strictly` does not forbid that."""

    kind: Literal["approved"] = "approved"
    before: NamedDay = "started"
    strictly: Flag = False


class PlanGoalRule(Value):
    """It was tagged to a goal of her plan, to one of these or to any."""

    kind: Literal["plan_goal"] = "plan_goal"
    goals: tuple[Slug, ...] | None = None


class DocumentsRule(Value):
    """A document of each kind was received; until then it is held."""

    kind: Literal["documents"] = "documents"
    documents: tuple[Slug, ...] = Field(min_length=1)


class RequestRule(Value):
    """She asked for it, in the year it is for and by the named day."""

    kind: Literal["requested"] = "requested"
    by: NamedDay | None = None
    choice: Slug | None = None


class AtLeastRule(Value):
    """It has at least so many hours or credits."""

    kind: Literal["at_least"] = "at_least"
    hundredths: Hundredths


PreconditionRule = Annotated[
    ApprovalRule | PlanGoalRule | DocumentsRule | RequestRule | AtLeastRule,
    Field(discriminator="kind"),
]


class PaidTimeRule(Value):
    """Nothing of it was done on paid time."""

    kind: Literal["not_on_paid_time"] = "not_on_paid_time"


class CostPaidRule(Value):
    """The district paid no part of what it cost."""

    kind: Literal["cost_not_paid"] = "cost_not_paid"


class RequiredRule(Value):
    """It was not legally required of her; grant money must not pay for what is."""

    kind: Literal["not_required"] = "not_required"


class CompensatedRule(Value):
    """It was not paid for already, under another policy or in an earlier system."""

    kind: Literal["not_compensated"] = "not_compensated"


class OnceRule(Value):
    """The same competency is paid for once, whichever of the equal credentials it came with."""

    kind: Literal["once_per_competency"] = "once_per_competency"
    equal: tuple[tuple[UUID, ...], ...] = ()  # each group counts as one competency


class ChoiceRule(Value):
    """What she chose first for it stands: one of things that exclude each other."""

    kind: Literal["one_choice"] = "one_choice"
    choice: Slug


class AskedRule(Value):
    """Of the requests about one thing the first counts; one about nothing in particular counts."""

    kind: Literal["asked_once"] = "asked_once"


ExclusionRule = Annotated[
    PaidTimeRule
    | CostPaidRule
    | RequiredRule
    | CompensatedRule
    | OnceRule
    | ChoiceRule
    | AskedRule,
    Field(discriminator="kind"),
]
AnyRule = Annotated[
    EmployedRule
    | ContinuousRule
    | RoleRule
    | ExemptRule
    | HiredRule
    | TenureRule
    | SchoolRule
    | StatusRule
    | StandingRule
    | BetweenRule
    | WithinRule
    | SameYearRule
    | PerformanceRule
    | ApprovalRule
    | PlanGoalRule
    | DocumentsRule
    | RequestRule
    | AtLeastRule
    | PaidTimeRule
    | CostPaidRule
    | RequiredRule
    | CompensatedRule
    | OnceRule
    | ChoiceRule
    | AskedRule,
    Field(discriminator="kind"),
]

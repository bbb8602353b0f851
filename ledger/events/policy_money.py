"""What a policy pays: how much, up to what limits, when, from which account, what is taken back."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.policy_conditions import AnyRule, Hundredths, NamedDay
from ledger.values import (
    Cents,
    Count,
    Day,
    Days,
    Flag,
    Months,
    Percent,
    Positive,
    ShortText,
    Slug,
    Value,
)


class FlatBasis(Value):
    """The same for each."""

    kind: Literal["flat"] = "flat"
    amount_cents: Cents


class TierAmount(Value):
    tier: Slug
    amount_cents: Cents


class TierBasis(Value):
    """By the tier of the credential version that was awarded."""

    kind: Literal["tier"] = "tier"
    tiers: tuple[TierAmount, ...] = Field(min_length=1)


class IssuerAmount(Value):
    issuer_id: UUID
    amount_cents: Cents


class IssuerBasis(Value):
    """By who issued it."""

    kind: Literal["issuer"] = "issuer"
    issuers: tuple[IssuerAmount, ...] = Field(min_length=1)


class UnitBasis(Value):
    """So much for each unit: of the threshold reached, or of the hours or credits recorded."""

    kind: Literal["per_unit"] = "per_unit"
    amount_cents: Cents
    units_max: Positive | None = None
    whole_units: Flag = False  # a part of a unit pays nothing


class DayBasis(Value):
    """So much for each day with at least so many hours."""

    kind: Literal["per_day"] = "per_day"
    amount_cents: Cents
    hours_min_hundredths: Hundredths


class CostBasis(Value):
    """A share of what it cost her, up to the most that is refunded."""

    kind: Literal["cost"] = "cost"
    percent: Percent = 100
    amount_cents_max: Cents | None = None


class TableRow(Value):
    fiscal_year: Positive
    amount_cents: Cents


class TableBasis(Value):
    """A share of the amount that a table has for the fiscal year."""

    kind: Literal["table"] = "table"
    percent: Percent = 100
    rows: tuple[TableRow, ...] = Field(min_length=1)


Basis = Annotated[
    FlatBasis | TierBasis | IssuerBasis | UnitBasis | DayBasis | CostBasis | TableBasis,
    Field(discriminator="kind"),
]


class Component(Value):
    """One part of an amount: its basis, for whom it counts, and in which years or turns."""

    name: Slug
    basis: Basis
    percent: Percent = 100
    turns: tuple[Positive, ...] | None = None  # the first is 1; null: every one
    from_turn: Positive = 1
    share: Literal["whole", "fte", "fte_at_school"] = "whole"
    attributes: tuple[Slug, ...] = ()  # of the schools whose share of her time counts
    when: tuple[AnyRule, ...] = ()  # left out unless all of these hold
    deducted: Flag = False  # taken off instead of added, at the most what is there


# Limits, dates, accounts, and what is taken back


class Cap(Value):
    """The most that one teacher gets: cents, times or units, in a span."""

    of: Literal["cents", "times", "units"]
    most: Positive
    per: Literal["fiscal_year", "career", "credential", "months", "day"]
    months: Months | None = None  # of a rolling span


class Pool(Value):
    """What a year's program has, and how it falls on those who want it."""

    budget_cents: Cents
    order: Literal["first_come", "lottery", "pro_rata"] = "first_come"
    winners_max: Positive | None = None


class PayDay(Value):
    """Whatever is there by the cut-off is paid on the day: both as --MM-DD."""

    cut_off: NamedDay
    pay_on: NamedDay


class Waiting(Value):
    """So many days after the day it hangs on."""

    kind: Literal["waiting"] = "waiting"
    days: Count = 0


class PayPeriodTiming(Value):
    """On the first day of the so-manieth full pay period after the day, or on its pay date."""

    kind: Literal["pay_period"] = "pay_period"
    number: Positive = 1
    on: Literal["first_day", "pay_date"] = "first_day"


class NextPayDate(Value):
    """The next pay date that leaves so many days to prepare it, else the one after."""

    kind: Literal["next_pay_date"] = "next_pay_date"
    lead_days: Count = 0


class FixedPayDays(Value):
    """By the first cut-off that has not passed."""

    kind: Literal["fixed_pay_days"] = "fixed_pay_days"
    pay_days: tuple[PayDay, ...] = Field(min_length=1)


class PeriodEnd(Value):
    """On the last day of the month or of the quarter of the fiscal year."""

    kind: Literal["period_end"] = "period_end"
    period: Literal["month", "quarter"]


class NextContractYear(Value):
    """On the first day of the next fiscal year."""

    kind: Literal["next_contract_year"] = "next_contract_year"


PaidOn = Annotated[
    Waiting | PayPeriodTiming | NextPayDate | FixedPayDays | PeriodEnd | NextContractYear,
    Field(discriminator="kind"),
]


class Instalments(Value):
    """Paid in parts: so many months apart, or one each pay date, or one each fiscal year.

    What does not divide is in the last. `employed` asks for a position on the day of each part;
    what falls after she has left is canceled.
    """

    count: Positive
    apart: Literal["months", "pay_dates", "fiscal_years"] = "months"
    months: Months = 1
    turns: tuple[Positive, ...] | None = None  # in which years or turns; null: always
    employed: Flag = True


class NewHire(Value):
    """With the documents in by then, the first day of work takes the place of the usual day."""

    days: Days
    first_day: Literal[0, 1] = 0


class Timing(Value):
    """When it is paid, or from when on a lane, a step or a base pay holds."""

    after: NamedDay = "earned"
    paid_on: PaidOn = Waiting()
    instalments: Instalments | None = None
    recurs: Flag = False  # the whole amount again each fiscal year, while she is employed
    new_hire: NewHire | None = None
    retro_within_periods: Positive | None = None  # what is owed for the past is paid by then
    late: Literal["hold", "next_fiscal_year"] = "hold"  # earned in a year that is closed


class CostShare(Value):
    fund: Slug
    percent: Percent


class SchoolAccount(Value):
    """Where the school has the attribute, another fund and account pay."""

    attribute: Slug
    fund: Slug
    template: ShortText | None = None


class Account(Value):
    """Who pays: the fund, its period of performance, the account, and shares of several funds."""

    fund: Slug
    performance_from: Day | None = None
    performance_to: Day | None = None
    template: ShortText | None = None  # as in {fund}-2213-{school}
    shares: tuple[CostShare, ...] = ()
    at_schools: tuple[SchoolAccount, ...] = ()
    employer_benefits: Flag = False  # the employer's own cost comes on top
    supplemental_wage: Flag = True
    pensionable: Flag = False


class Rung(Value):
    """Who leaves within so many months pays back so much."""

    months: Months
    percent: Percent


class Ladder(Value):
    """The first rung whose months are not over; beyond the last nothing is owed.

    `anniversary`: whether the day on which the months are over still belongs to them.
    """

    kind: Literal["ladder"] = "ladder"
    rungs: tuple[Rung, ...] = Field(min_length=1)
    anniversary: Literal["inside", "outside"] = "inside"


class ProRata(Value):
    """An equal part is forgiven with each span that is over: thirds, years or months."""

    kind: Literal["pro_rata"] = "pro_rata"
    parts: Positive
    months: Months


class Clawback(Value):
    """What is paid back, on what occasion, counted from when, and collected how."""

    schedule: Annotated[Ladder | ProRata, Field(discriminator="kind")]
    causes: tuple[Literal["resignation", "dismissal", "non_renewal", "failure_to_finish"], ...] = (
        "resignation",
    )
    since: Literal["paid", "earned"] = "paid"
    collect: Literal["final_pay", "receivable"] = "receivable"
    exempt: tuple[Slug, ...] = ()  # reasons for leaving that owe nothing


class Revocation(Value):
    """What a revoked award does to what was owed and paid for it."""

    if_unpaid: Literal["reverse", "keep"] = "reverse"
    if_paid: Literal["recover", "keep"] = "recover"
    base_pay: Literal["ends_prospectively", "keep"] = "ends_prospectively"
    frees_capacity: Flag = True


class Rounding(Value):
    mode: Literal["half_up", "down"] = "half_up"
    residual: Literal["last_instalment", "first_instalment"] = "last_instalment"

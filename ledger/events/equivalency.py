"""Equivalency rules: what a state or a district says an achievement is worth, and what it asks.

All quantities are hundredths: of units, or of the achievement's own kind (hours, CEUs, awards). A
rule converts from the achievement's own kind in one step; nothing is ever converted twice.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import (
    Count,
    Day,
    Days,
    Flag,
    Jurisdiction,
    MonthDay,
    Months,
    Positive,
    ShortText,
    Slug,
    Text,
    UnitCode,
    Value,
)

MICRO_CREDENTIAL = "micro_credential"  # the kind of every award of this ledger
GovernedBy = Literal["issued_on", "valid_from", "valid_to"]


class Conversion(Value):
    """`gives` units for every `per` of one kind; the first conversion that fits is taken."""

    kind: Slug  # micro_credential, ceu, semester_hour, hour, …
    gives_hundredths: Count = 0  # nothing given and left to nobody: the kind is not accepted
    per_hundredths: Positive = 100
    left_to: Slug | None = None  # who decides instead: district, or a body outside the ledger
    whole: Flag = False  # only complete multiples of `per` count
    category: Slug | None = None  # what it counts as; null: as the achievement says
    credential_ids: tuple[UUID, ...] | None = None  # null: every micro-credential
    issuer_ids: tuple[UUID, ...] | None = None
    trait: Slug | None = None  # of the license, without which this does not count
    approved_days_before: Days | None = None  # so long before it began it had to be approved
    item_min_hundredths: Positive | None = None  # of one achievement, in its own kind
    item_max_hundredths: Positive | None = None
    earned_from: Day | None = None
    earned_to: Day | None = None


class Need(Value):
    """So much of one thing in a cycle."""

    need: Slug  # total, literacy, …
    needed_hundredths: Positive
    own: Flag = False  # counted in the achievement's own kind, before any conversion
    kinds: tuple[Slug, ...] | None = None
    categories: tuple[Slug, ...] | None = None
    every_year: Flag = False  # in each year of the cycle; nothing is taken over into the next


class Option(Value):
    """All of these needs together."""

    option: Slug
    needs: tuple[Need, ...] = Field(min_length=1)


class Cap(Value):
    """No more than this counts, of these kinds and categories."""

    cap: Slug
    limit_hundredths: Positive  # of units
    kinds: tuple[Slug, ...] | None = None
    categories: tuple[Slug, ...] | None = None
    each_category: Flag = False  # the limit holds for each category by itself
    per_months: Months | None = None  # counted from the year's first month; null: in a cycle


class CarryOver(Value):
    """What is earned beyond the need late in a cycle counts in the next one."""

    last_months: Months
    except_kinds: tuple[Slug, ...] = ()


class Requirement(Value):
    """What one purpose asks of one sort of license: any option is enough; none asks nothing."""

    purpose: Slug  # renew, advance, reinstate, …
    approver: Slug  # who approves: district, state, …
    options: tuple[Option, ...] = ()
    license_types: tuple[Slug, ...] | None = None
    roles: tuple[Slug, ...] | None = None
    traits: tuple[Slug, ...] = ()  # the license has to have all of them
    lapsed: Flag = False  # for a license that has run out
    caps: tuple[Cap, ...] = ()
    carry_over: CarryOver | None = None
    window_from: MonthDay | None = None  # of the year in which the license runs out
    window_to: MonthDay | None = None


class Validity(Value):
    """How long a license is valid when it does not say so itself."""

    license_types: tuple[Slug, ...]
    valid_months: Months


Month = Annotated[int, Field(strict=True, ge=1, le=12)]


class UploadWindow(Value):
    """Whole months of every year in which districts hand in what was earned."""

    first_month: Month
    last_month: Month  # before the first one: of the next year


class EquivalencyTerms(Value):
    """One version of an authority's rules for one jurisdiction, whole.

    The date of the license that `governed_by` names decides which version holds for a cycle; for
    a district's rules it is the day on which something was earned.
    """

    title: ShortText
    jurisdiction: Jurisdiction
    unit: UnitCode
    effective_from: Day
    effective_to: Day | None = None
    governed_by: GovernedBy = "valid_from"
    opt_in_trait: Slug | None = None  # a license with it is under this version, whatever its date
    year_starts_month: Month = 7
    conversions: tuple[Conversion, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    validities: tuple[Validity, ...] = ()
    source: Text | None = None  # where the figures are from
    # Micro-credentials that the district has named as one competency count once in a cycle.
    once_per_competency: Flag = False
    upload_windows: tuple[UploadWindow, ...] = ()  # none: handed in at any time


class EquivalencyEvent(Event):
    """Stream: the rules of one authority for one jurisdiction."""

    district_id: UUID | None  # null: the state's own


class EquivalencyAdopted(EquivalencyEvent):
    """The authority adopted this version; the reference names the act that says so.

    The first version of this event knew no windows of upload and no equal competencies: it is read
    as one without them.
    """

    TOPIC: ClassVar[str] = "equivalency.adopted.v2"

    rule_version: Positive
    authority_reference: ShortText
    adopted_on: Day
    terms: EquivalencyTerms


class EquivalencyRetired(EquivalencyEvent):
    """The rules hold for no date after this day."""

    TOPIC: ClassVar[str] = "equivalency.retired.v1"

    authority_reference: ShortText
    last_day: Day

"""A district's payroll: which codes its lines carry, and how many have to approve them."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ledger.events.base import Event
from ledger.values import POSITION_MAX, Cents, Day, Flag, Positive, ShortText, Value

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$")]
Position = Annotated[int, Field(strict=True, ge=0, le=POSITION_MAX)]  # of the log


class PayrollEvent(Event):
    """Whatever has to do with paying: about amounts and ids, never about names or numbers."""

    district_id: UUID


class PayCode(Value):
    """What the lines of one policy carry, so that the payroll system knows where they belong."""

    policy_id: UUID | None = None  # null: of every policy that has no code of its own
    earning_code: Code
    recovery_code: Code  # of lines that take back
    fund_source: ShortText | None = None
    account: ShortText | None = None
    pensionable: Flag = False


class PayrollTerms(Value):
    """How a district pays, for pay dates from one day on until the next terms begin."""

    effective_from: Day
    company_code: Code
    batch_prefix: Code
    second_approval_above_cents: Cents  # two have to approve when more than this is paid out
    entitlements_approved_by: Literal["policy", "person"] = "policy"
    line_cents_max: Cents | None = None  # no line may be larger
    codes: tuple[PayCode, ...] = Field(min_length=1)


class PayrollSettingsEvent(PayrollEvent):
    """Stream: how one district pays."""


class PayrollTermsSet(PayrollSettingsEvent):
    """From a day on the district pays by these terms."""

    TOPIC: ClassVar[str] = "payroll.terms-set.v1"

    terms_version: Positive
    terms: PayrollTerms

"""What HR has to be told: a lane, a step or base pay changes. Never a payroll line."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple, get_args
from uuid import UUID

NoticeKind = Literal["base_add", "lane_change", "step"]
OF_HR = ["base_pay", *get_args(NoticeKind)]  # benefits that are never lines, as plain terms say too


class Notice(NamedTuple):
    """One change of somebody's pay, from a day on; payroll works out what it owes for the past."""

    entitlement_id: UUID
    person_id: UUID
    district_id: UUID
    policy_id: UUID
    kind: NoticeKind
    effective_on: date
    ends_on: date | None  # the day before a revocation takes effect; null: it stands
    annual_cents: int | None  # null: the salary schedule says how much
    unit: str | None  # of the threshold that was reached, or of the credit that she chose
    reached: int | None
    credit_hundredths: int | None  # that she chose instead of pay; null: she had no such choice
    complete_on: date  # when everything it needs was there
    retro_days: int  # from the effective day to the day it was complete
    settle_by: date | None  # pay date by which what is owed for the past is paid

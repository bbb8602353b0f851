"""What has become of a learning plan: each line with where it stands on a day, and the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from ledger.rules.learning_plans import State, percent_earned
from projections.learning import Named, Plan
from projections.transcript import Line


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One micro-credential of a plan. `enrollment_id` is the one that its state is about."""

    credential_id: UUID
    title: str | None  # null for a moment, while the catalog catches up
    status: Literal["drafted", "published", "retired"] | None  # of the micro-credential
    state: State
    enrollment_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanProgress:
    """One plan as it stands on a day."""

    plan_id: UUID
    version: int  # to be sent back as If-Match
    title: str | None  # as she called it; null once she was erased
    created_at: datetime
    earned: int
    in_review: int
    total: int
    percent_earned: int  # of the lines, rounded down; a plan with no lines has 0
    lines: list[PlanLine]


def progress(
    plan: Plan,
    enrolled: Mapping[UUID, Sequence[Line]],
    catalog: Mapping[UUID, Named],
    *,
    title: str | None,
    day: date,
) -> PlanProgress:
    """The plan on a day. `enrolled` is all she ever enrolled in, by credential."""
    planned = plan.credential_ids
    lines = [_line(one, enrolled.get(one, ()), catalog.get(one), day) for one in planned]
    states = [line.state for line in lines]
    return PlanProgress(
        plan_id=plan.plan_id,
        version=plan.version,
        title=title,
        created_at=plan.created_at,
        earned=states.count("earned"),
        in_review=states.count("in_review"),
        total=len(states),
        percent_earned=percent_earned(states),
        lines=lines,
    )


def _line(
    credential_id: UUID, enrolled: Sequence[Line], found: Named | None, day: date
) -> PlanLine:
    """An award that holds outweighs whatever she began since; else the newest enrollment counts."""
    newest = max(enrolled, key=lambda one: (one.holds(day), one.enrolled_position), default=None)
    return PlanLine(
        credential_id=credential_id,
        title=found.title if found else None,
        status=found.status if found else None,
        state=state_of(newest, day) if newest else "planned",
        enrollment_id=newest.enrollment_id if newest else None,
    )


def state_of(line: Line, day: date) -> State:
    """Where one enrollment stands on a day; an award of a later day is still being looked at."""
    if line.holds(day):
        return "earned"
    match line.status_on(day):
        case "submitted" | "awarded":
            return "in_review"
        case other:
            return other

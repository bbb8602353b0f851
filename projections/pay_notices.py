"""What HR is told: who changed lanes or steps, or whose base pay rises. Never a payroll line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyPayNoticeEvent
from ledger.events.pay_notice import PayNoticeActedOn
from ledger.rules.notices import NoticeKind
from ledger.values import POSITION_MAX
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, blocks, read, to_write

_SQL = blocks("pay_notices")


@dataclass(frozen=True, slots=True)
class PayNotice:
    """One change of somebody's place on the salary schedule; HR works out the pay from it.

    `retro_days` lie between the day from which it holds and the day on which everything it needs
    was there; payroll owes her the difference for them by `settle_by`, where the rule names a day.
    """

    entitlement_id: UUID
    person_id: UUID
    district_id: UUID
    policy_id: UUID
    policy_version: int
    policy_title: str
    board_reference: str
    kind: NoticeKind
    crossed_on: date  # the day that reached the threshold or brought the award
    complete_on: date  # when everything it needs was there, documents too
    effective_on: date
    ends_on: date | None  # the day before a revocation takes effect; null: it stands
    in_force: bool  # on the day asked for
    annual_cents: int | None  # null: the salary schedule says how much
    unit: str | None  # of the threshold that was reached, or of the credit that she chose
    reached: int | None
    credit_hundredths: int | None  # of the unit, that she chose instead of pay
    retro_days: int
    settle_by: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """That somebody of HR acted on a notice, as it stood then; or null, that nobody had."""

    entitlement_id: UUID
    person_id: UUID
    district_id: UUID
    acted_on: date | None
    effective_on: date | None  # what the notice said then
    ends_on: date | None
    signed_by: UUID
    signed_at: datetime
    position: int

    def is_of(self, notice: PayNotice) -> bool:
        """Whether the notice still says the days that were signed."""
        return (self.effective_on, self.ends_on) == (notice.effective_on, notice.ends_on)


class PayNotices(Projection[AnyPayNoticeEvent]):
    """Keeps `pay_notice_sign_offs`; the notices themselves follow from the payouts."""

    name: ClassVar[str] = "pay_notices"
    takes: ClassVar[UnionType] = AnyPayNoticeEvent
    tables: ClassVar[tuple[Table, ...]] = (
        Table("pay_notice_sign_offs", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
    )
    sharded: ClassVar[bool] = True

    def apply(
        self, facts: Sequence[Fact[AnyPayNoticeEvent]], _connection: Connection[Any]
    ) -> list[Write]:
        return to_write(_SQL["save"], rows=[_signed(event, at) for at, event in facts])


def _signed(event: AnyPayNoticeEvent, position: int) -> SignOff:
    return SignOff(
        entitlement_id=event.entitlement_id,
        person_id=event.person_id,
        district_id=event.district_id,
        acted_on=event.acted_on if isinstance(event, PayNoticeActedOn) else None,
        effective_on=event.effective_on if isinstance(event, PayNoticeActedOn) else None,
        ends_on=event.ends_on if isinstance(event, PayNoticeActedOn) else None,
        signed_by=event.actor_id,
        signed_at=event.occurred_at,
        position=position,
    )


def sign_offs(
    connection: Connection[Any], entitlement_ids: Sequence[UUID], *, as_of: int = POSITION_MAX
) -> dict[UUID, SignOff]:
    """Which of these notices were signed as far as was known at a position, each the last time."""
    asked = {"entitlement_ids": list(entitlement_ids), "as_of": as_of}
    found = read(connection, SignOff, _SQL["sign_offs"], **asked)
    return {one.entitlement_id: one for one in found if one.acted_on is not None}


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    kind: NoticeKind | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    entitlement_id: UUID | None = None,
    after: tuple[date, UUID] = (date.min, NO_ID),
    limit: int = 100,
) -> list[PayNotice]:
    """A page of a district's notices, by the day from which each holds.

    Args:
        connection: One that sees the district's payouts.
        district_id: Whose teachers.
        effective_on: The day on which each is in force or not.
        as_of: What was known at this position of the log.
        kind: Lanes, steps or base pay alone.
        from_day: The first day on which everything it needs was there; null: any.
        to_day: The last.
        entitlement_id: The one of this entitlement alone.
        after: Day and entitlement of the last one seen.
        limit: How many at most.
    """
    return read(
        connection,
        PayNotice,
        _SQL["of_district"],
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
        kind=kind,
        from_day=from_day,
        to_day=to_day,
        entitlement_id=entitlement_id,
        after_day=after[0],
        after_id=after[1],
        limit=limit,
    )

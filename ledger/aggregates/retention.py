"""What is held and what is to be forgotten, of one person or of one evidence file.

    requested ─▶ deferred ─▶ … ─▶ begun ─▶ confirmed
        └───────────┴── withdrawn

From `begun` on keys are being destroyed: nothing is taken back and no hold comes in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NotFoundError, NothingChangesError, RuleError
from ledger.events import AnyRetentionEvent
from ledger.events.retention import (
    ErasureBegun,
    ErasureConfirmed,
    ErasureDeferred,
    ErasureReason,
    ErasureRequested,
    ErasureWithdrawn,
    Ground,
    HoldLifted,
    HoldPlaced,
    HoldReason,
    LiftReason,
)
from ledger.rules.retention import Hindrance
from ledger.values import local_date, stream_id

# Reasons for which no review is awaited.
AT_ONCE: frozenset[ErasureReason] = frozenset({"student-data", "court-order"})


class ErasureUnderwayError(RuleError):
    """Keys are being destroyed already."""

    slug = "erasure-underway"


class ReasonUnfitError(InvalidError):
    """This reason is one for files, not for persons."""

    slug = "reason-unfit"


class Stage(StrEnum):
    """How far an erasure has come."""

    DEFERRED = "deferred"
    BEGUN = "begun"
    ERASED = "erased"


class Subject(NamedTuple):
    """What is held or forgotten: a person, or one evidence file of hers."""

    person_id: UUID
    evidence_id: UUID | None = None
    enrollment_id: UUID | None = None

    @property
    def id(self) -> UUID:
        return self.evidence_id or self.person_id

    @property
    def stream(self) -> UUID:
        return stream_id("retention", self.id)


class Hold(NamedTuple):
    """A hold that stands."""

    reason: HoldReason
    authority_id: UUID | None
    placed_by: UUID
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A request that was not taken back."""

    stage: Stage
    reason: ErasureReason
    requested_by: UUID
    requested_at: datetime
    grounds: tuple[Ground, ...] = ()
    allowed_from: date | None = None
    erased_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Retention(Aggregate):
    """The holds on one subject, and its erasure."""

    subject: Subject
    holds: Mapping[UUID, Hold] = field(default_factory=dict)
    # By hold, also of those that are lifted: for whom each was placed.
    authorities: Mapping[UUID, UUID | None] = field(default_factory=dict)
    erasure: Erasure | None = None

    @property
    def stage(self) -> Stage | None:
        return self.erasure.stage if self.erasure else None

    @property
    def destroying(self) -> bool:
        """Whether keys are being destroyed, or are gone."""
        return self.stage in {Stage.BEGUN, Stage.ERASED}

    def lift_hold(
        self, act: Act, *, hold_id: UUID, reason: LiftReason
    ) -> Sequence[AnyRetentionEvent]:
        """End one hold."""
        if hold_id not in self.holds:
            raise NotFoundError(f"no hold {hold_id} stands here")
        return [HoldLifted(**self._fields(act), hold_id=hold_id, reason=reason)]

    def withdraw(self, act: Act) -> Sequence[AnyRetentionEvent]:
        """Take the request back."""
        self.must_not_be_destroying()
        if self.erasure is None:
            raise NothingChangesError("nobody has asked that it be forgotten")
        return [ErasureWithdrawn(**self._fields(act))]

    def go_on(self, act: Act, hindrance: Hindrance, zone: str) -> Sequence[AnyRetentionEvent]:
        """What becomes of a request now: begun, or deferred on other grounds than before."""
        erasure = self.erasure
        assert erasure is not None, "a request comes first"
        if hindrance and erasure.stage is not Stage.ERASED:
            known = (erasure.grounds, erasure.allowed_from)
            if erasure.stage is Stage.DEFERRED and known == (
                hindrance.grounds,
                hindrance.allowed_from,
            ):
                raise NothingChangesError(deferral(hindrance))
            return [_deferred(self._fields(act), hindrance, zone)]
        if erasure.stage is not Stage.DEFERRED:
            raise NothingChangesError("it is forgotten, or about to be")
        return [_begun(self._fields(act), act, zone)]

    def confirm(
        self, act: Act, *, key_id: UUID | None, texts: int, files: int, tombstones: int
    ) -> Sequence[AnyRetentionEvent]:
        """The keys are gone."""
        if self.stage is not Stage.BEGUN:
            raise NothingChangesError("nothing was begun that could be confirmed")
        return [
            ErasureConfirmed(
                **self._fields(act), key_id=key_id, texts=texts, files=files, tombstones=tombstones
            )
        ]

    def must_not_be_destroying(self) -> None:
        if self.destroying:
            raise ErasureUnderwayError("its keys are destroyed, or about to be")

    def _fields(self, act: Act) -> dict[str, Any]:
        return {**self.header(act), **self.subject._asdict()}

    @classmethod
    def evolve(cls, state: Self | None, event: AnyRetentionEvent) -> Self:
        if state is None:
            subject = Subject(event.person_id, event.evidence_id, event.enrollment_id)
            state = cls(id=event.originator_id, version=0, subject=subject)
        state = state.at_version(event.originator_version)
        match event:
            case HoldPlaced(hold_id=hold_id):
                hold = Hold(event.reason, event.authority_id, event.actor_id, event.occurred_at)
                return replace(
                    state,
                    holds={**state.holds, hold_id: hold},
                    authorities={**state.authorities, hold_id: event.authority_id},
                )
            case HoldLifted(hold_id=lifted):
                kept = {one: hold for one, hold in state.holds.items() if one != lifted}
                return replace(state, holds=kept)
            case ErasureRequested():
                requested = Erasure(
                    stage=Stage.DEFERRED,
                    reason=event.reason,
                    requested_by=event.actor_id,
                    requested_at=event.occurred_at,
                )
                return replace(state, erasure=requested)
            case ErasureWithdrawn():
                return replace(state, erasure=None)
            case ErasureDeferred() | ErasureBegun() | ErasureConfirmed():
                return state.after_erasure(event)
            case _:
                assert_never(event)

    def after_erasure(self, event: ErasureDeferred | ErasureBegun | ErasureConfirmed) -> Self:
        assert self.erasure is not None, "a request comes first"
        match event:
            case ErasureDeferred(grounds=grounds, allowed_from=allowed_from):
                moved = replace(
                    self.erasure, stage=Stage.DEFERRED, grounds=grounds, allowed_from=allowed_from
                )
            case ErasureBegun():
                moved = replace(self.erasure, stage=Stage.BEGUN, grounds=(), allowed_from=None)
            case ErasureConfirmed():
                moved = replace(self.erasure, stage=Stage.ERASED, erased_at=event.occurred_at)
            case _:
                assert_never(event)
        return replace(self, erasure=moved)


def request(
    known: Retention | None,
    subject: Subject,
    act: Act,
    *,
    reason: ErasureReason,
    hindrance: Hindrance,
    zone: str,
) -> Sequence[AnyRetentionEvent]:
    """Ask that it be forgotten: begun in the same command, or deferred with the grounds.

    What waits already is asked for anew by a reason that outweighs the one before it; else it goes
    on. `hindrance` is that of the reason that stands.
    """
    if reason == "student-data" and subject.evidence_id is None:
        raise ReasonUnfitError("student-data is a reason to forget a file, not a person")
    stands = standing_reason(known, reason)
    if known is not None and known.erasure is not None:
        waits = known.stage is Stage.DEFERRED
        if not waits or stands == known.erasure.reason:
            return known.go_on(act, hindrance, zone)
    header, following = _headers(known, subject, act)
    requested = ErasureRequested(**header, reason=stands)
    if hindrance:
        return [requested, _deferred(following, hindrance, zone)]
    return [requested, _begun(following, act, zone)]


def standing_reason(known: Retention | None, reason: ErasureReason) -> ErasureReason:
    """Of two reasons the one that holds: the first, unless the second alone awaits no review."""
    if known is None or known.erasure is None:
        return reason
    before = known.erasure.reason
    return reason if reason in AT_ONCE and before not in AT_ONCE else before


def place_hold(
    known: Retention | None,
    subject: Subject,
    act: Act,
    *,
    hold_id: UUID,
    reason: HoldReason,
    authority_id: UUID | None,
) -> Sequence[AnyRetentionEvent]:
    """Let nothing of it be destroyed until the hold is lifted."""
    if known is not None:
        known.must_not_be_destroying()
    header, _ = _headers(known, subject, act)
    return [HoldPlaced(**header, hold_id=hold_id, reason=reason, authority_id=authority_id)]


def deferral(hindrance: Hindrance) -> str:
    """Why it has to wait, as a sentence."""
    day = hindrance.allowed_from
    until = f"allowed from {day} on" if day else "until when is not known yet"
    return f"deferred: {', '.join(hindrance.grounds)}; {until}"


def _headers(
    known: Retention | None, subject: Subject, act: Act
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the next event, and of the one after it."""
    first = known.header(act) if known else first_header(subject.stream, act)
    second = {**first, "originator_version": first["originator_version"] + 1}
    about = subject._asdict()
    return {**first, **about}, {**second, **about}


def _deferred(fields: dict[str, Any], hindrance: Hindrance, zone: str) -> ErasureDeferred:
    return ErasureDeferred(
        **fields, grounds=hindrance.grounds, allowed_from=hindrance.allowed_from, zone=zone
    )


def _begun(fields: dict[str, Any], act: Act, zone: str) -> ErasureBegun:
    return ErasureBegun(**fields, zone=zone, begun_on=local_date(act.at, zone))

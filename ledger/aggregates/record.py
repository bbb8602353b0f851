"""A portable record: what it rests on, where its status stands, and each issue of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.enrollment_refusals import NotAwardedError
from ledger.aggregates.enrollment_state import (
    ADJUDICATOR_SEAT,
    FIRST_SEAT,
    SECOND_SEAT,
    EnrollmentState,
    Status,
)
from ledger.errors import ConflictError, NothingChangesError
from ledger.events import AnyEnrollmentEvent, AnyRecordEvent
from ledger.events.credential import Criterion
from ledger.events.enrollment import Adjudicated, Awarded, Enrolled, Resubmitted, Scored, Submitted
from ledger.events.record import RecordIssued, RecordReissued, ReissueReason
from ledger.rules.review import Scores

_INDEPENDENT: Final = frozenset({FIRST_SEAT, SECOND_SEAT})


class StatusIndexTakenError(ConflictError):
    """Another record has this place in the status list."""

    slug = "status-index-taken"


class Issue(NamedTuple):
    """One signed document as it was stored."""

    key: str
    token_key: str
    valid_from: datetime
    ciphertext_sha256: str


def issue(
    stream: UUID,
    act: Act,
    *,
    award: EnrollmentState,
    person_id: UUID,
    list_number: int,
    status_index: int,
    signed: Issue,
) -> Sequence[AnyRecordEvent]:
    """Begin the record of an award, as the person meant who may have been merged since."""
    if award.status is not Status.AWARDED:
        raise NotAwardedError(f"enrollment {award.id} is {award.status}")
    return [
        RecordIssued(
            **first_header(stream, act),
            person_id=person_id,
            enrollment_id=award.id,
            issuer_id=award.issuer_id,
            list_number=list_number,
            status_index=status_index,
            **signed._asdict(),
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Record(Aggregate):
    """One record and its newest issue."""

    person_id: UUID
    enrollment_id: UUID
    issuer_id: UUID
    list_number: int
    status_index: int
    newest: Issue

    def reissue(
        self, act: Act, *, signed: Issue, reason: ReissueReason
    ) -> Sequence[AnyRecordEvent]:
        """The same statement, signed by another key, so that verifiers take it for the newer."""
        if signed.valid_from <= self.newest.valid_from:
            raise NothingChangesError("the record has a newer issue already")
        return [
            RecordReissued(
                **self.header(act),
                person_id=self.person_id,
                enrollment_id=self.enrollment_id,
                issuer_id=self.issuer_id,
                reason=reason,
                **signed._asdict(),
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyRecordEvent) -> Self:
        signed = Issue(*(getattr(event, name) for name in Issue._fields))
        match event:
            case RecordIssued():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    person_id=event.person_id,
                    enrollment_id=event.enrollment_id,
                    issuer_id=event.issuer_id,
                    list_number=event.list_number,
                    status_index=event.status_index,
                    newest=signed,
                )
            case RecordReissued():
                assert state is not None, "a record is issued before it is issued anew"
                return replace(state, version=event.originator_version, newest=signed)
            case _:
                assert_never(event)


@dataclass(frozen=True, kw_only=True)
class AwardedWork(Aggregate):
    """What was handed in for an award, and which levels were seen in it."""

    evidence_ids: tuple[UUID, ...] = ()  # of the newest attempt
    seats: Mapping[int, Scores] = field(default_factory=dict)  # the newest scores in each
    awarded: Awarded | None = None

    def levels(self, rubric: Sequence[Criterion]) -> dict[str, str]:
        """For each criterion the level that all whose scores stand saw at least.

        Where they saw less than passes and the issuer decided otherwise, none is stated.
        """
        standing = [self.seats[ADJUDICATOR_SEAT]] if ADJUDICATOR_SEAT in self.seats else []
        seen = {
            (score.criterion, score.level)
            for scores in standing or self.seats.values()
            for score in scores
        }
        found = {}
        for row in rubric:
            levels = [one for one in row.levels if (row.criterion, one.level) in seen]
            least = min(levels, key=lambda level: level.points, default=None)
            if least is not None and least.points >= row.passing_points:
                found[row.criterion] = least.level
        return found

    @classmethod
    def evolve(cls, state: Self | None, event: AnyEnrollmentEvent) -> Self:
        if isinstance(event, Enrolled):
            return cls(id=event.originator_id, version=event.originator_version)
        assert state is not None, "an enrollment begins by enrolling"
        state = state.at_version(event.originator_version)
        match event:
            case Submitted(evidence_ids=evidence_ids) | Resubmitted(evidence_ids=evidence_ids):
                return replace(state, evidence_ids=evidence_ids, seats={})
            case Scored(seat=seat, scores=scores):
                # Scored anew after an appeal: what an adjudicator saw before no longer stands.
                kept = {taken: one for taken, one in state.seats.items() if taken in _INDEPENDENT}
                return replace(state, seats={**kept, seat: scores})
            case Adjudicated(scores=scores):
                return replace(state, seats={**state.seats, ADJUDICATOR_SEAT: scores})
            case Awarded():
                return replace(state, awarded=event)
            case _:
                return state

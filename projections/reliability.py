"""Whether a micro-credential is scored alike: folded from its reviews when somebody asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events import LedgerEvent
from ledger.events.enrollment import (
    Adjudicated,
    AppealDecided,
    AppealOpened,
    AssessorRecused,
    Resubmitted,
    ReviewDecided,
    Scored,
    Submitted,
)
from ledger.rules.reliability import Agreement, agreement_of, percentile
from projections.contract import Fact
from projections.log import facts_of
from projections.review_clock import ADJUDICATOR_SEAT, FIRST_SEAT, SECOND_SEAT
from projections.sql import blocks, rows

VIEWS = ("reviews",)
ENROLLMENTS_MAX = 2000  # those that were scored last
INDEPENDENT_SEATS = {FIRST_SEAT, SECOND_SEAT}
_SQL = blocks("reliability")
Met = Mapping[str, bool]  # by criterion


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """One criterion of the rubrics, as both assessors saw it."""

    criterion: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Reliability:
    """What the reviews of a micro-credential come to, of the enrollments that were scored last."""

    enrollments: int
    outcome: Agreement  # whether all was met
    criteria: list[CriterionAgreement]  # the one with most splits first
    adjudicated: int
    appeals: int
    overturned: int
    decided: int
    days_p50: int | None  # from handing in to the decision, in calendar days
    days_p90: int | None


@dataclass(slots=True)
class Rounds:
    """What came of some enrollments: by round who saw what met in which seat, and what followed."""

    rounds: list[dict[int, Met]] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    appeals: int = 0
    overturned: int = 0

    @property
    def pairs(self) -> list[tuple[Met, Met]]:
        """Of each round what the two saw who do not see each other's scores."""
        whole = (one for one in self.rounds if one.keys() >= INDEPENDENT_SEATS)
        return [(one[FIRST_SEAT], one[SECOND_SEAT]) for one in whole]

    @property
    def adjudicated(self) -> int:
        return sum(ADJUDICATOR_SEAT in one for one in self.rounds)

    def begin(self) -> dict[int, Met]:
        """Another round, in which nobody has scored yet."""
        self.rounds.append({})
        return self.rounds[-1]


def of_credential(connection: Connection[Any], credential_id: UUID, until: int) -> Reliability:
    """As known at a position; the connection has to be one that sees everything."""
    asked = {"credential_id": credential_id, "until": until, "limit": ENROLLMENTS_MAX}
    streams = [stream for (stream,) in rows(connection, _SQL["scored"], **asked)]
    found = rounds_of(facts_of(connection, streams, until))
    return Reliability(
        enrollments=len(streams),
        outcome=agreement_of((all(a.values()), all(b.values())) for a, b in found.pairs),
        criteria=_by_criterion(found.pairs),
        adjudicated=found.adjudicated,
        appeals=found.appeals,
        overturned=found.overturned,
        decided=len(found.days),
        days_p50=percentile(found.days, 50),
        days_p90=percentile(found.days, 90),
    )


def _by_criterion(pairs: Iterable[tuple[Met, Met]]) -> list[CriterionAgreement]:
    seen: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for first, second in pairs:
        for criterion, met in first.items():
            seen[criterion].append((met, second[criterion]))
    found = [CriterionAgreement(name, agreement_of(judged)) for name, judged in seen.items()]
    return sorted(
        found,
        key=lambda one: (-one.agreement.first_met - one.agreement.second_met, one.criterion),
    )


def rounds_of(facts: Iterable[Fact[LedgerEvent]]) -> Rounds:
    """What happened, by rounds: an attempt begins one, and so does an appeal that is upheld.

    Whoever turns out to have a tie to the earner loses her seat, and what she saw counts no more.
    """
    found = Rounds()
    seats: dict[UUID, dict[int, Met]] = {}
    handed_in: dict[UUID, date] = {}
    for _, event in facts:
        stream = event.originator_id
        match event:
            case Submitted() | Resubmitted():
                seats[stream], handed_in[stream] = found.begin(), event.submitted_on
            case Scored():
                seats[stream][event.seat] = _met(event)
            case Adjudicated():
                seats[stream][ADJUDICATOR_SEAT] = _met(event)
            case AssessorRecused():
                seats[stream].pop(event.seat, None)
            case ReviewDecided() if stream in handed_in and event.decision != "integrity_hold":
                found.days.append((event.decided_on - handed_in.pop(stream)).days)
            case AppealOpened():
                found.appeals += 1
            case AppealDecided(finding="overturned"):
                found.overturned += 1
                seats[stream] = found.begin()
            case _:
                pass
    return found


def _met(event: Scored | Adjudicated) -> Met:
    return {one.criterion: one.met for one in event.scores}

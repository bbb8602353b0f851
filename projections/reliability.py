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
    Resubmitted,
    ReviewDecided,
    Scored,
    Submitted,
)
from ledger.rules.reliability import Agreement, agreement_of, percentile
from projections.contract import Fact
from projections.log import facts_of
from projections.sql import blocks, rows

VIEWS = ("reviews",)
ENROLLMENTS_MAX = 2000  # those that were scored last
INDEPENDENT_SEATS = {1, 2}
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
class _Reviews:
    pairs: list[tuple[Met, Met]] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    adjudicated: int = 0
    appeals: int = 0
    overturned: int = 0


def of_credential(connection: Connection[Any], credential_id: UUID, until: int) -> Reliability:
    """As known at a position; the connection has to be one that sees everything."""
    asked = {"credential_id": credential_id, "until": until, "limit": ENROLLMENTS_MAX}
    streams = [stream for (stream,) in rows(connection, _SQL["scored"], **asked)]
    found = _folded(facts_of(connection, streams, until))
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


def _folded(facts: Iterable[Fact[LedgerEvent]]) -> _Reviews:
    """Pairs are of one round of reviews: an appeal that is overturned begins another."""
    found = _Reviews()
    seats: defaultdict[UUID, dict[int, Met]] = defaultdict(dict)
    handed_in: dict[UUID, date] = {}
    for _, event in facts:
        stream = event.originator_id
        match event:
            case Submitted() | Resubmitted():
                seats[stream], handed_in[stream] = {}, event.submitted_on
            case Scored():
                scored = seats[stream]
                scored[event.seat] = {one.criterion: one.met for one in event.scores}
                if scored.keys() >= INDEPENDENT_SEATS:
                    found.pairs.append((scored[1], scored[2]))
            case Adjudicated():
                found.adjudicated += 1
            case ReviewDecided() if stream in handed_in and event.decision != "integrity_hold":
                found.days.append((event.decided_on - handed_in.pop(stream)).days)
            case AppealOpened():
                found.appeals += 1
            case AppealDecided(finding="overturned"):
                found.overturned += 1
                seats[stream] = {}
            case _:
                pass
    return found

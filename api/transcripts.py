"""What of a transcript a caller is shown, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.access import NOT_THERE
from api.caller import Caller
from api.dispute_notes import DisputeNote, Notes
from ledger.aggregates.enrollment import enrollment_stream
from ledger.errors import NotFoundError
from ledger.rules.completions import Award
from ledger.rules.duplicates import duplicates
from ledger.values import local_date
from projections import catalog, employments, history, renewals, transcript
from projections.catalog_rows import Issuer, Title
from projections.log import facts_at
from projections.transcript import Line, TitledLine

LINES_MAX = 1000  # of one person, more than anybody enrolls for


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as it stands; days are days in the line's zone."""

    attempt: int
    state: Literal["submitted", "returned", "not_yet", "held", "void", "awarded"]
    submitted_on: date
    decided_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an award was recorded before, and which two people vouched for it."""

    district_id: UUID  # whose earlier system it was
    import_id: UUID  # the file
    as_of: date  # the day of the cut-over
    prepared_by: UUID
    confirmed_by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a district lets an award from elsewhere count for: for licenses, and never for pay."""

    district_id: UUID
    external_record_id: UUID
    item_id: UUID
    standing: str
    trust: str
    outcome: str
    kind: str
    quantity_hundredths: int  # of its own kind, as it was accepted
    category: str | None
    under_review_from: date | None  # from then on it counts for nothing
    pay: Literal["never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One line of a transcript, as it stands on a day.

    An award of an earlier system has an origin, the names that the system gave, and nothing of what
    this ledger knows of its own: no version, no issuer of the catalog, no enrollment. Neither has
    one from elsewhere, which says instead what a district accepted it for.
    """

    enrollment_id: UUID  # of an award with an origin: of its record; from elsewhere: its acceptance
    credential_id: UUID | None
    credential_version: int | None
    title: str | None  # null for a moment, while the catalog catches up
    tier: str | None
    issuer_id: UUID | None
    issuer_name: str | None
    cycle: int
    renews_enrollment_id: UUID | None
    enrolled_at: datetime  # of an award with an origin: when it was brought along
    status: transcript.Status | Literal["expired"]
    in_force: bool
    attempts: list[Attempt]
    appeal: Literal["open", "upheld", "overturned"] | None
    zone: str | None
    decided_on: date | None
    awarded_on: date | None
    expires_on: date | None
    revoked_on: date | None
    reason: str | None
    positions: list[int]
    duplicate_of: UUID | None  # an award of another record of hers, which counts instead
    # What she says is wrong with it, and what was answered.
    disputes: list[DisputeNote] = field(default_factory=list)
    origin: Origin | None  # of an award of an earlier system
    accepted: Accepted | None = None  # of an award from elsewhere

    @property
    def position(self) -> int:
        """Its place in the log, which orders a person's lines."""
        return self.positions[0]


DERIVED = frozenset({"status", "in_force", "duplicate_of", "disputes", "origin", "accepted"})
COPIED = tuple(name for name in ShownLine.__dataclass_fields__ if name not in DERIVED)
_copied = attrgetter(*COPIED)


def shown(
    line: TitledLine,
    at: datetime,
    effective_on: date | None,
    counted_instead: Mapping[UUID, UUID] = MappingProxyType({}),
    notes: Notes = MappingProxyType({}),
) -> ShownLine:
    """A line as a reader on that day has to see it."""
    day = effective_on or local_date(at, line.zone or "UTC")
    return ShownLine(
        **dict(zip(COPIED, _copied(line), strict=True)),
        status=line.status_on(day),
        in_force=line.holds(day),
        duplicate_of=counted_instead.get(line.enrollment_id),
        disputes=notes.get(line.enrollment_id, []),
        origin=None,
    )


def duplicates_of(connection: Connection[Any], ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Of awards of the same that came from two records of one person, which counts instead.

    `ids` are all of hers, her own first. The id of an enrollment follows from the record it was
    begun in, so it says which that was.
    """
    person_id, *others = ids
    if not others:
        return {}
    cycles = {
        line.enrollment_id: line.cycle
        for line in transcript.of_person(connection, person_id, limit=LINES_MAX)
    }
    return duplicates(
        _award(one, cycles.get(one.enrollment_id, 1), others)
        for one in renewals.awards_of_persons(connection, [person_id])
        if one.revoked_on is None
    )


def _award(one: renewals.Award, cycle: int, others: Sequence[UUID]) -> Award:
    origin = (
        other
        for other in others
        if enrollment_stream(other, one.credential_id, cycle) == one.enrollment_id
    )
    return Award(
        enrollment_id=one.enrollment_id,
        credential_id=one.credential_id,
        position=one.position,
        awarded_on=one.awarded_on,
        zone="UTC",
        expires_on=one.expires_on,
        origin_id=next(origin, None),
    )


def visible_lines(
    connection: Connection[Any], caller: Caller, person_id: UUID, lines: Sequence[TitledLine]
) -> list[TitledLine]:
    """The lines that are the caller's to see.

    All of her own; all for a state's auditor; for a district, and its auditors, what was decided
    while it employed her; for an issuer's auditors what that issuer decides. Whoever is none of
    these learns nothing. Raises NotFoundError.
    """
    if caller.is_person(person_id) or caller.holds("auditor"):
        return list(lines)
    scopes = {s for s in caller.scopes("district") | caller.scopes("auditor") if s is not None}
    spans = [
        span for scope in sorted(scopes) for span in employments.spans(connection, person_id, scope)
    ]
    of_issuers = [line for line in lines if line.issuer_id in scopes]
    if not spans and not of_issuers:
        raise NotFoundError(NOT_THERE)
    return [line for line in lines if line in of_issuers or decided_within(line, spans)]


def decided_within(line: Line, spans: Iterable[employments.Span]) -> bool:
    """Whether the newest decision, or the award it led to, was made within one of the spans."""
    day = line.awarded_on or line.decided_on
    return day is not None and any(
        span.first_day <= day and (span.last_day is None or day <= span.last_day) for span in spans
    )


def lines_as_of(
    connection: Connection[Any], person_ids: Iterable[UUID], position: int
) -> list[TitledLine]:
    """Lines as they were known at a position, folded anew from all events of theirs up to it.

    Those of each person are together, in the order of enrolling.
    """
    facts = history.events_of_persons(connection, person_ids, "enrollment", until=position)
    lines = transcript.lines_of(facts)
    versions = {(line.credential_id, line.credential_version) for line in lines}
    titles = catalog.titles(connection, versions)
    issuers = {one: catalog.find_issuer(connection, one) for one in {i.issuer_id for i in lines}}
    ordered = sorted(lines, key=attrgetter("person_id", "enrolled_position"))
    return [
        _titled(
            line,
            titles.get((line.credential_id, line.credential_version)),
            issuers[line.issuer_id],
        )
        for line in ordered
    ]


def _titled(line: Line, called: Title | None, issuer: Issuer | None) -> TitledLine:
    known = {name: getattr(line, name) for name in Line.__dataclass_fields__}
    return TitledLine(
        **known,
        title=called.title if called else None,
        tier=called.tier if called else None,
        issuer_name=issuer.name if issuer else None,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """An event that made a line what it is."""

    position: int
    topic: str
    recorded_at: datetime
    occurred_at: datetime
    actor_id: UUID


def made_by(connection: Connection[Any], person_id: UUID, line: ShownLine) -> list[Made]:
    """The events of a line: where they are in the log, when they were recorded, and by whom."""
    first, last = line.positions[0], line.positions[-1]
    recorded_at = {
        event.position: event.recorded_at
        for event in history.of_person(
            connection, person_id, after=first - 1, limit=last - first + 1
        )
    }
    return [
        Made(
            position=fact.position,
            topic=fact.event.TOPIC,
            recorded_at=recorded_at[fact.position],
            occurred_at=fact.event.occurred_at,
            actor_id=fact.event.actor_id,
        )
        for fact in facts_at(connection, line.positions)
    ]

"""Two positions of the log compared: every row of a report that says something else, and why.

Each function gives the rows that may differ, as they were at both positions; a row that was not
there is null. To say which of them differ is for whoever shows them, as what is shown is less
than what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg import Connection

from ledger.events import LedgerEvent
from projections import known, stacks, transcript
from projections import payouts as payout_reads
from projections.contract import Fact, Projection
from projections.employments import Employment, Employments, Span
from projections.history import Happening
from projections.log import facts_at, facts_of
from projections.payouts import Payout, PolicyVersion, Total
from projections.review_clock import Review
from projections.reviews import Reviews
from projections.sql import blocks, read, rows

_SQL = blocks("changes")
Row = TypeVar("Row")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Between:
    """After one position, up to another."""

    since: int
    until: int

    def holds(self, position: int | None) -> bool:
        return position is not None and self.since < position <= self.until

    def of(self, positions: Iterable[int | None]) -> list[int]:
        """Those positions that lie in it, in order."""
        return sorted({one for one in positions if one is not None and self.holds(one)})


@dataclass(frozen=True, slots=True)
class Pair(Generic[Row]):
    """One row at both positions, and the events between them that made it another."""

    before: Row | None
    after: Row | None
    positions: list[int]


def transcript_lines(
    connection: Connection[Any],
    between: Between,
    *,
    person_id: UUID | None = None,
    district_id: UUID | None = None,
) -> dict[UUID, Pair[transcript.Line]]:
    """Lines of a person, or of everybody whom a district ever employed, by enrollment."""
    ids = _ids(connection, "lines", between, person_id, district_id)
    facts = facts_of(connection, ids, between.until)
    before = {one.enrollment_id: one for one in transcript.lines_of(_until(facts, between.since))}
    after = {one.enrollment_id: one for one in transcript.lines_of(facts)}
    return {
        key: Pair(before.get(key), line, between.of(line.positions)) for key, line in after.items()
    }


def openings(
    connection: Connection[Any],
    between: Between,
    *,
    person_id: UUID | None = None,
    district_id: UUID | None = None,
) -> Sequence[Fact[LedgerEvent]]:
    """What earlier systems brought along of a person, or what a district did; and other credits."""
    return facts_at(connection, _ids(connection, "openings", between, person_id, district_id))


def persons_with_accepted(
    connection: Connection[Any],
    between: Between,
    *,
    person_id: UUID | None = None,
    district_id: UUID | None = None,
) -> Sequence[UUID]:
    """Of whom what a district accepted of records from elsewhere may stand otherwise."""
    return _ids(connection, "accepted", between, person_id, district_id)


def stack_lines(
    connection: Connection[Any], between: Between, person_id: UUID, day: date
) -> dict[UUID, Pair[stacks.TitledLine]]:
    """A person's progress with each stack."""
    found = []
    for position in (between.since, between.until):
        with known.stacks_of_person(connection, person_id, position):
            lines = stacks.of_person(connection, person_id, effective_on=day)
        found.append({line.stack_id: line for line in lines})
    before, after = found
    moved = _moved(facts_of(connection, list(after), between.until), between)
    pairs = {}
    for key, line in after.items():
        own = between.of(line.positions)
        pairs[key] = Pair(before.get(key), line, own or moved.get(key, []))
    return pairs


def payouts(
    connection: Connection[Any],
    between: Between,
    day: date,
    *,
    person_id: UUID | None = None,
    district_id: UUID | None = None,
) -> dict[UUID, Pair[Payout]]:
    """Payouts of a person, or of a district."""
    which, key = _which("payouts", person_id, district_id)
    span = {"since": between.since, "until": between.until}
    moved = dict(rows(connection, _SQL[which], **key, **span))
    before, after = (
        {
            one.payout_id: one
            for one in read(
                connection,
                Payout,
                f"{blocks('payouts')['lines']}\n{_SQL['these_payouts']}",
                payout_ids=list(moved),
                as_of=position,
                effective_on=day,
            )
        }
        for position in (between.since, between.until)
    )
    return {
        one: Pair(before.get(one), after.get(one), sorted(positions))
        for one, positions in moved.items()
    }


def payout_totals(
    connection: Connection[Any],
    between: Between,
    day: date,
    district_id: UUID,
    changed: Mapping[UUID, Pair[Payout]],
) -> dict[tuple[UUID, int, str], Pair[Total]]:
    """What each policy of a district comes to, by year; `changed` are the payouts that moved."""
    before, after = (
        {
            (one.policy_id, one.fiscal_year, str(one.benefit)): one
            for one in payout_reads.totals(
                connection, district_id, effective_on=day, as_of=position
            )
        }
        for position in (between.since, between.until)
    )
    positions: dict[tuple[UUID, int, str], set[int]] = {}
    for pair in changed.values():
        for one in (pair.before, pair.after):
            if one is not None:
                key = (one.policy_id, one.fiscal_year, str(one.benefit))
                positions.setdefault(key, set()).update(pair.positions)
    return {
        key: Pair(before.get(key), after.get(key), sorted(positions.get(key, ())))
        for key in before.keys() | after.keys()
    }


def employments(
    connection: Connection[Any],
    between: Between,
    *,
    person_id: UUID | None = None,
    district_id: UUID | None = None,
) -> dict[UUID, Pair[Employment]]:
    """Positions of a person, or at a district."""
    ids = _ids(connection, "employments", between, person_id, district_id)
    before, after = (
        {one.employment_id: one for one in found}
        for found in _at_both(
            connection, Employments(), ids, between, row=Employment, key="employment"
        )
    )
    moved = _moved(facts_of(connection, ids, between.until), between)
    return {key: Pair(before.get(key), after[key], moved.get(key, [])) for key in after}


def reviews(
    connection: Connection[Any], between: Between, person_id: UUID
) -> dict[UUID, Pair[Review]]:
    """Where each of a person's enrollments stands."""
    found = rows(connection, _SQL["reviews_of_person"], person_id=person_id)
    issuers = dict(found)
    ids = [*issuers, *set(issuers.values())]
    before, after = (
        {one.enrollment_id: one for one in found}
        for found in _at_both(connection, Reviews(), ids, between, row=Review, key="enrollment")
    )
    moved = _moved(facts_of(connection, ids, between.until), between)
    return {
        key: Pair(before.get(key), one, moved.get(key) or moved.get(issuers[key], []))
        for key, one in after.items()
    }


def policies(
    connection: Connection[Any], between: Between, district_id: UUID
) -> dict[tuple[UUID, int], Pair[PolicyVersion]]:
    """Every policy version of a district."""
    before, after = (
        {
            (one.policy_id, one.policy_version): one
            for one in known.policies_known(connection, district_id, position)
        }
        for position in (between.since, between.until)
    )
    return {
        key: Pair(before.get(key), one, between.of((one.position, one.retired_position)))
        for key, one in after.items()
    }


def happenings(connection: Connection[Any], positions: Iterable[int]) -> dict[int, Happening]:
    """The events at these positions."""
    found = read(connection, Happening, _SQL["happenings"], positions=sorted(set(positions)))
    return {one.position: one for one in found}


def spans_of_district(
    connection: Connection[Any], district_id: UUID, person_ids: Iterable[UUID]
) -> dict[UUID, list[Span]]:
    """The days on which a district employed each of these persons."""
    spans: dict[UUID, list[Span]] = {}
    asked = {"district_id": district_id, "person_ids": sorted(set(person_ids))}
    for person_id, first_day, last_day in rows(connection, _SQL["spans_of_district"], **asked):
        spans.setdefault(person_id, []).append(Span(first_day, last_day))
    return spans


def _which(
    what: str, person_id: UUID | None, district_id: UUID | None
) -> tuple[str, dict[str, UUID]]:
    if person_id is not None:
        return f"{what}_of_person", {"person_id": person_id}
    assert district_id is not None, "changes are a person's or a district's"
    return f"{what}_of_district", {"district_id": district_id}


def _ids(
    connection: Connection[Any],
    what: str,
    between: Between,
    person_id: UUID | None,
    district_id: UUID | None,
) -> list[Any]:
    which, key = _which(what, person_id, district_id)
    span = {"since": between.since, "until": between.until}
    return [one for (one,) in rows(connection, _SQL[which], **key, **span)]


def _at_both(
    connection: Connection[Any],
    projection: Projection[Any],
    streams: Sequence[UUID],
    between: Between,
    *,
    row: type[Row],
    key: str,
) -> list[list[Row]]:
    """The rows that these streams come to at both positions; `key` names the ids they load by."""
    found = []
    for position in (between.since, between.until):
        with known.folded(connection, projection, streams, position):
            sql, ids = projection.sql["load"], {f"{key}_ids": list(streams)}
            found.append(read(connection, row, sql, **ids))
    return found


def _until(facts: Sequence[Fact[Any]], position: int) -> list[Fact[Any]]:
    return [fact for fact in facts if fact.position <= position]


def _moved(facts: Iterable[Fact[Any]], between: Between) -> dict[UUID, list[int]]:
    """Where in between each stream went on."""
    moved: dict[UUID, list[int]] = {}
    for position, event in facts:
        if between.holds(position):
            moved.setdefault(event.originator_id, []).append(position)
    return moved

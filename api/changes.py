"""What changed between two positions, of what the caller may see: a page of it, and why.

Both sides are compared with the same day, so what differs is what became known in between. A
district is shown the same rows as its reports show it: decisions made while it employed somebody,
its own payouts, employments and policies. A teacher is shown all of hers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.accepted_lines import accepted_lines
from api.access import EVERYTHING, Sight
from api.openings import brought_lines, of_openings
from api.reading import Read
from api.review_views import view
from api.transcripts import ShownLine, decided_within, shown
from ledger.events.opening import OpeningRecorded
from projections import catalog, changes, external_records
from projections.changes import Between, Pair
from projections.contract import Fact
from projections.history import Happening
from projections.transcript import Line, TitledLine

Kind = Literal[
    "award",
    "employment",
    "payout",
    "payout-total",
    "policy",
    "review",
    "stack",
    "transcript",
]
OF_DISTRICT: tuple[Kind, ...] = (
    "award",
    "employment",
    "payout",
    "payout-total",
    "policy",
    "transcript",
)
OF_PAYROLL: tuple[Kind, ...] = ("payout", "payout-total")
OF_PERSON: tuple[Kind, ...] = ("award", "employment", "payout", "review", "stack", "transcript")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What somebody holds, apart from how she came to it."""

    enrollment_id: UUID
    credential_id: UUID | None
    credential_version: int | None
    status: str
    in_force: bool
    awarded_on: date | None
    expires_on: date | None
    revoked_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of a report at both positions, and the events in between that made it another.

    A side is null where the report had no such row. The rows are those of the reports themselves.
    """

    kind: Kind
    id: str  # of the row, within its kind
    person_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    events: list[Happening]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change whose events are still to be looked up."""

    kind: Kind
    id: str
    person_id: UUID | None
    before: Any
    after: Any
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two positions, for one person or for one district, as one caller may see them."""

    read: Read[Any]
    connection: Connection[Any]
    between: Between
    zone: str
    person_id: UUID | None = None
    district_id: UUID | None = None

    def page(self, kinds: Iterable[Kind], after: tuple[str, str], limit: int) -> list[Change]:
        """The changes that follow one kind and id, in order of both."""
        found: list[Found] = []
        for kind in sorted(kinds):
            if kind >= after[0] and len(found) < limit:
                here = sorted(self._changed(kind), key=lambda one: one.id)
                found += [one for one in here if (one.kind, one.id) > after]
        found = found[:limit]
        happened = changes.happenings(
            self.connection, (position for one in found for position in one.positions)
        )
        return [
            Change(
                kind=one.kind,
                id=one.id,
                person_id=one.person_id,
                before=_plain(one.before),
                after=_plain(one.after),
                events=[happened[position] for position in one.positions],
            )
            for one in found
        ]

    def _changed(self, kind: Kind) -> Iterator[Found]:
        compared: dict[Kind, Callable[[], Iterator[Found]]] = {
            "award": self._awards,
            "employment": self._employments,
            "payout": self._payouts,
            "payout-total": self._totals,
            "policy": self._policies,
            "review": self._reviews,
            "stack": self._stacks,
            "transcript": self._transcript,
        }
        return (one for one in compared[kind]() if one.before != one.after)

    @property
    def _day(self) -> date:
        return self.read.day(self.zone, self.read.query.effective_on)

    @property
    def _whose(self) -> dict[str, UUID | None]:
        return {"person_id": self.person_id, "district_id": self.district_id}

    def _transcript(self) -> Iterator[Found]:
        for key, person_id, pair in self._lines():
            yield _found("transcript", key, person_id, pair)

    def _awards(self) -> Iterator[Found]:
        for key, person_id, pair in self._lines():
            sides = (_holding(pair.before), _holding(pair.after))
            yield _found("award", key, person_id, Pair(*sides, pair.positions))

    def _lines(self) -> Iterator[tuple[UUID, UUID, Pair[ShownLine]]]:
        """Lines as they are shown, each side only if it is the caller's to see."""
        pairs = changes.transcript_lines(self.connection, self.between, **self._whose)
        lines = [line for pair in pairs.values() for line in (pair.before, pair.after) if line]
        titled = _titles(self.connection, lines)
        visible = self._visible(line.person_id for line in lines)
        for key, pair in pairs.items():
            sides = [
                shown(titled(line), self.read.at, self.read.query.effective_on)
                if line is not None and visible(line)
                else None
                for line in (pair.before, pair.after)
            ]
            if pair.after is not None:
                yield key, pair.after.person_id, Pair(sides[0], sides[1], pair.positions)
        yield from self._brought()
        yield from self._accepted()

    def _brought(self) -> Iterator[tuple[UUID, UUID, Pair[ShownLine]]]:
        """Awards that an earlier system brought along in between; a record never changes."""
        found = of_openings(changes.openings(self.connection, self.between, **self._whose))
        if self.district_id is not None:
            found = self._of_employed(self.district_id, list(found))
        for fact in found:
            for line in brought_lines([fact], self.read.at, self.read.query.effective_on):
                pair = Pair(None, line, [fact.position])
                yield line.enrollment_id, fact.event.person_id, pair

    def _accepted(self) -> Iterator[tuple[UUID, UUID, Pair[ShownLine]]]:
        """Awards from elsewhere that districts accepted; what was declined since has no line."""
        found = changes.persons_with_accepted(self.connection, self.between, **self._whose)
        sight = EVERYTHING
        if self.district_id is not None:
            spans = changes.spans_of_district(self.connection, self.district_id, found)
            found = [one for one in found if spans.get(one)]
            sight = Sight(whole=False, district_ids=frozenset({self.district_id}), spans=())
        for person_id in found:
            before, after = (
                self._accepted_at(position, person_id, sight)
                for position in (self.between.since, self.between.until)
            )
            records = external_records.of_person(self.connection, person_id)
            checked = {one.record_id: one.positions for one in records}
            for key in before.keys() | after.keys():
                sides = before.get(key), after.get(key)
                shown_by = [(one, one.accepted) for one in sides if one and one.accepted]
                positions = [
                    *(at for line, _ in shown_by for at in line.positions),
                    *(at for _, said in shown_by for at in checked[said.external_record_id]),
                ]
                yield key, person_id, Pair(*sides, self.between.of(positions))

    def _accepted_at(self, position: int, person_id: UUID, sight: Sight) -> dict[UUID, ShownLine]:
        lines = accepted_lines(
            self.read.edge,
            self.connection,
            person_id,
            sight,
            {},
            until=position,
            at=self.read.at,
            effective_on=self.read.query.effective_on,
        )
        return {line.enrollment_id: line for line in lines}

    def _of_employed(
        self, district_id: UUID, facts: list[Fact[OpeningRecorded]]
    ) -> Iterator[Fact[OpeningRecorded]]:
        person_ids = {fact.event.person_id for fact in facts}
        spans = changes.spans_of_district(self.connection, district_id, person_ids)
        return (fact for fact in facts if spans.get(fact.event.person_id))

    def _visible(self, person_ids: Iterable[UUID]) -> Callable[[Line], bool]:
        if self.district_id is None:
            return lambda _line: True
        spans = changes.spans_of_district(self.connection, self.district_id, person_ids)
        return lambda line: decided_within(line, spans.get(line.person_id, ()))

    def _employments(self) -> Iterator[Found]:
        found = changes.employments(self.connection, self.between, **self._whose)
        for key, pair in found.items():
            yield _found("employment", key, pair.after.person_id if pair.after else None, pair)

    def _payouts(self) -> Iterator[Found]:
        pairs = changes.payouts(self.connection, self.between, self._day, **self._whose)
        for key, pair in pairs.items():
            row = pair.after or pair.before
            yield _found("payout", key, row.person_id if row else None, pair)

    def _totals(self) -> Iterator[Found]:
        assert self.district_id is not None, "sums are a district's"
        moved = changes.payouts(self.connection, self.between, self._day, **self._whose)
        pairs = changes.payout_totals(
            self.connection, self.between, self._day, self.district_id, moved
        )
        for key, pair in pairs.items():
            yield _found("payout-total", "/".join(map(str, key)), None, pair)

    def _policies(self) -> Iterator[Found]:
        assert self.district_id is not None, "policies are a district's"
        found = changes.policies(self.connection, self.between, self.district_id)
        for key, pair in found.items():
            yield _found("policy", "/".join(map(str, key)), None, pair)

    def _reviews(self) -> Iterator[Found]:
        assert self.person_id is not None, "a review is shown to its teacher"
        for key, pair in changes.reviews(self.connection, self.between, self.person_id).items():
            before, after = (
                view(side, "teacher", self.read) if side else None
                for side in (pair.before, pair.after)
            )
            yield _found("review", key, self.person_id, Pair(before, after, pair.positions))

    def _stacks(self) -> Iterator[Found]:
        assert self.person_id is not None, "progress is a teacher's own"
        pairs = changes.stack_lines(self.connection, self.between, self.person_id, self._day)
        for key, pair in pairs.items():
            yield _found("stack", key, self.person_id, pair)


def _found(kind: Kind, key: UUID | str, person_id: UUID | None, pair: Pair[Any]) -> Found:
    return Found(
        kind=kind,
        id=str(key),
        person_id=person_id,
        before=pair.before,
        after=pair.after,
        positions=pair.positions,
    )


def _plain(row: Any) -> dict[str, Any] | None:
    return None if row is None else asdict(row)


def _holding(line: ShownLine | None) -> Holding | None:
    if line is None or line.awarded_on is None:
        return None
    return Holding(**{name: getattr(line, name) for name in Holding.__dataclass_fields__})


def _titles(connection: Connection[Any], lines: Iterable[Line]) -> Callable[[Line], TitledLine]:
    """Gives lines their titles, which are looked up together."""
    lines = list(lines)
    titles = catalog.titles(connection, {(x.credential_id, x.credential_version) for x in lines})
    names: Mapping[UUID, str | None] = {
        issuer_id: found.name if (found := catalog.find_issuer(connection, issuer_id)) else None
        for issuer_id in {line.issuer_id for line in lines}
    }

    def titled(line: Line) -> TitledLine:
        title = titles.get((line.credential_id, line.credential_version))
        return TitledLine(
            **{name: getattr(line, name) for name in Line.__dataclass_fields__},
            title=title.title if title else None,
            tier=title.tier if title else None,
            issuer_name=names[line.issuer_id],
        )

    return titled

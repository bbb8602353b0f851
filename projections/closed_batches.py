"""Every closed batch derived again: at its own position, by the rule versions that held there.

A closed batch names a position of the log, a pay date and a version of the district's terms; with
what payroll had tried and people had decided when it was drafted, these are all that its lines
follow from. So they are worked out once more by the same functions, and have to come out the same
for ever, whatever is owed by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyEntitlementEvent, LedgerEvent
from ledger.events.batch import (
    BatchClosed,
    BatchDrafted,
    BatchLine,
    BatchLinesListed,
    BatchVoided,
    ReturnLinesListed,
)
from ledger.events.payroll import PayrollTerms
from ledger.rules.payroll import totals
from ledger.rules.payroll_lines import lines_of_batch
from projections import batches, payable
from projections.contract import Fact
from projections.known import payroll_of_district_by_pages
from projections.redirects import Redirects, redirects

SUMS = "control totals"  # in the place of a line


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing in which a closed batch and what is derived for it are not the same.

    `line` is the number of a line as it was listed and its id, or says that it is the totals;
    `closed` and `derived` are null where one side has no such line.
    """

    district_id: UUID
    number: int  # of the batch
    line: str
    field: str
    closed: str | None
    derived: str | None


@dataclass(slots=True)
class _Underway:
    """A batch from its draft on: what was derived for it then, and what it lists."""

    drafted: BatchDrafted
    derived: list[BatchLine]
    unsure: frozenset[UUID]
    listed: list[BatchLine] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """Through the events of a district's payroll, in order.

    Whoever drafts a batch has read all that was done with the one before it; of decisions, and of
    answers about older batches or that one was voided, she may have missed what came after the
    position she named. Lines that such an event is about may have come out either way, and nothing
    is said of them.
    """

    connection: Connection[Any]
    district_id: UUID
    terms: Mapping[int, PayrollTerms]
    meant: Redirects
    newest: UUID | None = None  # the batch that was drafted last
    moved: dict[UUID, int] = field(default_factory=dict)  # entitlement or line: position
    underway: _Underway | None = None
    found: dict[UUID, Difference] = field(default_factory=dict)  # by batch
    unlisted: dict[UUID, dict[UUID, Difference]] = field(default_factory=dict)  # by batch, line

    @property
    def differences(self) -> list[Difference]:
        """The first of each batch, in the order of the batches.

        What was in doubt when a batch was drafted, because an event had been parked, is derived now
        and comes with the next batch. So a line of a later closed batch was not left out.
        """
        first = {
            batch: next(iter(lines.values())) for batch, lines in self.unlisted.items() if lines
        }
        return sorted((first | self.found).values(), key=lambda one: one.number)

    def take(self, position: int, event: LedgerEvent) -> None:
        """Look at one event, while the tables stand as they did before it."""
        if event.originator_id == self.newest:
            self.moved.clear()
        match event:
            case BatchDrafted():
                self.newest = event.originator_id
                self.underway = self._derived(event)
            case BatchLinesListed() if self.underway is not None:
                self.underway.listed += event.lines
            case BatchClosed() if self.underway is not None:
                self._compare(event.originator_id, self.underway)
                self.underway = None
            case BatchVoided():
                self.found.pop(event.originator_id, None)
                self.unlisted.pop(event.originator_id, None)
                if event.originator_id == self.newest:
                    self.underway = None
                else:  # whose lines are free again, as whoever drafts next may not know yet
                    freed = batches.line_ids_of_batch(self.connection, event.originator_id)
                    self.moved.update(dict.fromkeys(freed, position))
            case ReturnLinesListed():
                self.moved.update((result.line_id, position) for result in event.results)
            case _ if isinstance(event, AnyEntitlementEvent):
                self.moved[event.entitlement_id] = position

    def _derived(self, event: BatchDrafted) -> _Underway:
        """What the batch has to list, as the tables stand before its draft."""
        connection, through = self.connection, event.through_position
        adopted = batches.corrections_of_district(connection, self.district_id, as_of=through)
        lines = lines_of_batch(
            payable.derived(connection, self.district_id, through=through, pay_date=event.pay_date),
            map(batches.as_correction, adopted),
            batches.last_tries(connection, self.district_id),
            batches.decided(connection, self.district_id),
            self.terms[event.terms_version],
        )
        unsure = {one for one, position in self.moved.items() if position > through}
        unsure |= {one.line_id for one in adopted if one.original_line_id in unsure}
        return _Underway(event, lines, frozenset(unsure))

    def _compare(self, batch_id: UUID, batch: _Underway) -> None:
        listed = [self._of_kept(line) for line in batch.listed]
        derived = [self._of_kept(line) for line in batch.derived]
        due = {line.line_id: line for line in derived}
        number = batch.drafted.number
        found = first_difference(listed, due, batch.unsure) or in_totals(
            batch.drafted, batch.listed
        )
        if found is not None:
            self.found[batch_id] = Difference(self.district_id, number, *found)
        ids = {line.line_id for line in listed}
        known = ids | batch.unsure
        for unlisted in filter(None, self.unlisted.values()):
            for line_id in ids & unlisted.keys():
                del unlisted[line_id]
        self.unlisted[batch_id] = {
            line.line_id: Difference(
                self.district_id, number, f"line ({line.line_id})", "line", None, _told(line)
            )
            for line in derived
            if known.isdisjoint((line.line_id, line.entitlement_id))
        }

    def _of_kept(self, line: BatchLine) -> BatchLine:
        """The line as it names people now: two records may have become one since."""
        if line.person_id not in self.meant:
            return line
        return line.model_copy(update={"person_id": self.meant[line.person_id]})


def differences(connection: Connection[Any], district_id: UUID) -> list[Difference]:
    """Of each closed batch of a district that is not what is derived for it, the first difference.

    Args:
        connection: One that sees everything.
        district_id: Whose batches.

    What is parked now does not matter: rows of earlier positions stay what they were.
    """
    terms = {
        one.terms_version: PayrollTerms.model_validate(one.terms)
        for one in batches.terms_of_district(connection, district_id)
    }
    walk = _Walk(connection, district_id, terms, redirects(connection))
    with payroll_of_district_by_pages(connection, district_id) as (pages, fold):
        for page in pages:
            for part in _cut(page):
                for position, event in part:
                    walk.take(position, event)
                fold(part)
    return walk.differences


def _cut(page: Sequence[Fact[LedgerEvent]]) -> Iterator[Sequence[Fact[LedgerEvent]]]:
    """A page in parts, each of which begins with the only draft of a batch that it has."""
    begins = [at for at, fact in enumerate(page) if isinstance(fact.event, BatchDrafted)]
    for begin, end in zip([0, *begins], [*begins, len(page)], strict=True):
        if begin < end:
            yield page[begin:end]


def first_difference(
    listed: Sequence[BatchLine], due: Mapping[UUID, BatchLine], unsure: AbstractSet[UUID]
) -> tuple[str, str, str | None, str | None] | None:
    """Line by line in the order of the batch: which line, which field, and the two values.

    Nothing is said of lines that are, or whose entitlement is, among those that are unsure.
    """
    for number, line in enumerate(listed, 1):
        expected = due.get(line.line_id)
        if line == expected or not unsure.isdisjoint((line.line_id, line.entitlement_id)):
            continue
        name = f"line {number} ({line.line_id})"
        if expected is None:
            return name, "line", _told(line), None
        differs = next(
            one for one in BatchLine.model_fields if getattr(line, one) != getattr(expected, one)
        )
        return name, differs, str(getattr(line, differs)), str(getattr(expected, differs))
    return None


def _told(line: BatchLine) -> str:
    return f"{line.kind} of {line.amount_cents} cents for entitlement {line.entitlement_id}"


def in_totals(said: BatchDrafted, listed: Iterable[BatchLine]) -> tuple[str, str, str, str] | None:
    """What a batch said of its lines as a whole, beside the lines that it lists."""
    sums = totals(line.amount_cents for line in listed)
    pairs = (
        ("line_count", said.line_count, sums.lines),
        ("sum_cents", said.sum_cents, sums.sum_cents),
        ("positive_cents", said.positive_cents, sums.positive_cents),
        ("negative_cents", said.negative_cents, sums.negative_cents),
    )
    wrong = ((SUMS, name, str(ours), str(theirs)) for name, ours, theirs in pairs if ours != theirs)
    return next(wrong, None)

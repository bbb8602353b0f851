"""What payroll closed and what came of it, as far as rules ask: lines of before, for one fold.

A line is kept from the moment it is listed, and counts once its batch is closed: until the batch is
voided, the line rejected, or let go. Closed lines are input to rules, and never their output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from ledger.events.batch import (
    BatchClosed,
    BatchLine,
    BatchLinesListed,
    BatchVoided,
    ReturnLinesListed,
)
from ledger.events.entitlement import LineReleased, LineWrittenOff
from ledger.rules.entitlements.facts import Prior

BatchEvent = BatchLinesListed | BatchClosed | BatchVoided | ReturnLinesListed
LineEvent = LineReleased | LineWrittenOff
PaidEvent = BatchEvent | LineEvent
Key = tuple[UUID, int]  # a line and its attempt
NOT_PAID = frozenset({"bypassed", "written_off"})  # it counts, and no money has come


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One attempt of a line, as it is stored."""

    line_id: UUID
    attempt: int
    batch_id: UUID
    person_id: UUID
    district_id: UUID
    policy_id: UUID
    subject_id: UUID
    kind: str
    instalment: int
    amount_cents: int
    original_line_id: UUID | None
    pay_date: date | None = None  # null: its batch is not closed, or voided
    position: int | None = None  # of the event that closed it
    answer: str | None = None
    paid_on: date | None = None
    settled: str | None = None  # released or written off

    @property
    def key(self) -> Key:
        return self.line_id, self.attempt

    @property
    def counts(self) -> bool:
        """Whether it is spent as far as rules go."""
        return (
            self.pay_date is not None and self.answer != "rejected" and self.settled != "released"
        )

    @property
    def came_on(self) -> date | None:
        """The day the money came: as payroll says it, or else the pay date."""
        passed_over = self.answer in NOT_PAID or self.settled in NOT_PAID
        return None if passed_over else self.paid_on or self.pay_date


@dataclass(slots=True)
class PaidBook:
    """The lines of the batches that a page of the log touches, and of whom its rules ask about."""

    of_batch: dict[UUID, dict[Key, PaidLine]] = field(default_factory=dict)
    of_person: dict[UUID, dict[Key, PaidLine]] = field(default_factory=dict)
    payees: set[UUID] = field(default_factory=set)  # of those listed in the page, whoever is known
    new: dict[Key, PaidLine] = field(default_factory=dict)

    def add(self, line: PaidLine) -> None:
        """Put a line in, or its new state in place of the old."""
        self.of_batch.setdefault(line.batch_id, {})[line.key] = line
        self.of_person.setdefault(line.person_id, {})[line.key] = line

    def of(self, person_id: UUID, district_id: UUID) -> list[PaidLine]:
        """Her lines in the batches of one district."""
        lines = self.of_person.get(person_id)
        return [one for one in lines.values() if one.district_id == district_id] if lines else []

    def closed_cents(self, person_id: UUID, policy_id: UUID, subject_id: UUID) -> Counter[int]:
        """What counts as spent for one thing under a policy, by instalment; corrections too."""
        found = Counter[int]()
        lines = self.of_person.get(person_id, {}).values() if self.of_person else ()
        about = [one for one in lines if (one.policy_id, one.subject_id) == (policy_id, subject_id)]
        for one, instalment in with_instalments(about):
            if one.counts:
                found[instalment] += one.amount_cents
        return found

    def take(self, event: PaidEvent, position: int) -> list[PaidLine]:
        """Fold one event in; the lines that count otherwise than before.

        A worker of a rebuild is shown every batch, and keeps the lines of its own persons alone.
        """
        if isinstance(event, BatchLinesListed):
            for one in event.lines:
                if one.person_id in self.payees:
                    self._keep(_listed(event, one))
            return []
        if isinstance(event, LineEvent):
            held = self.of_person.get(event.person_id, {}).values()
            moved = _after(held, event, position)
        else:
            held = self.of_batch.get(event.originator_id, {}).values()
            moved = _after(held, event, position)
        for line in moved:
            self._keep(line)
        return moved

    def _keep(self, line: PaidLine) -> None:
        self.add(line)
        self.new[line.key] = line


def _listed(event: BatchLinesListed, line: BatchLine) -> PaidLine:
    """A line as its batch lists it."""
    return PaidLine(
        line_id=line.line_id,
        attempt=line.attempt,
        batch_id=event.originator_id,
        person_id=line.person_id,
        district_id=event.district_id,
        policy_id=line.policy_id,
        subject_id=line.subject_id,
        kind=line.kind,
        instalment=line.instalment,
        amount_cents=line.amount_cents,
        original_line_id=line.original.line_id if line.original else None,
    )


def _after(
    lines: Iterable[PaidLine],
    event: BatchClosed | BatchVoided | ReturnLinesListed | LineEvent,
    position: int,
) -> list[PaidLine]:
    """Those of the lines that the event is about, as it leaves them."""
    match event:
        case BatchClosed(pay_date=pay_date):
            return [replace(one, pay_date=pay_date, position=position) for one in lines]
        case BatchVoided():
            return [replace(one, pay_date=None, position=None) for one in lines]
        case ReturnLinesListed():
            answers = {one.line_id: one for one in event.results if one.exception is None}
            return [
                replace(one, answer=answer.status, paid_on=answer.paid_on)
                for one in lines
                if (answer := answers.get(one.line_id)) is not None
            ]
        case LineReleased() | LineWrittenOff():
            settled = "released" if isinstance(event, LineReleased) else "written_off"
            key = (event.line_id, event.attempt)
            return [replace(one, settled=settled) for one in lines if one.key == key]


def with_instalments(lines: Collection[PaidLine]) -> Iterator[tuple[PaidLine, int]]:
    """Lines with the instalment that each is about: a correction's is that of what it corrects."""
    instalments = {one.line_id: one.instalment for one in lines if one.original_line_id is None}
    for one in lines:
        yield one, instalments.get(one.original_line_id or one.line_id, one.instalment)


def _settled_order(found: tuple[PaidLine, int]) -> tuple[int, int]:
    line, _ = found
    return line.position or 0, line.line_id.int


def priors(lines: Sequence[PaidLine]) -> tuple[Prior, ...]:
    """The lines that count, as rules take them; a correction belongs to what it corrects."""
    return tuple(
        Prior(
            policy_id=one.policy_id,
            subject_id=one.subject_id,
            instalment=instalment,
            kind=one.kind,  # type: ignore[arg-type]  # as the event had it
            line_id=one.line_id,
            amount_cents=one.amount_cents,
            fund="",
            paid_on=one.came_on,
            fiscal_year=0,
            position=one.position or 0,
        )
        for one, instalment in sorted(with_instalments(lines), key=_settled_order)
        if one.counts
    )

"""The money of a district as double entries, for plain-text accounting tools.

    accrued      expense of the policy            to  entitlements accrued
    reserved     entitlements accrued             to  entitlements reserved   (a batch was closed)
    paid         entitlements reserved            to  payroll                 (payroll accepted)
    released     entitlements reserved            to  entitlements accrued    (rejected, voided)
    written off  entitlements reserved            to  expense, written off

What is owed no more accrues with the other sign. A line that takes back (reversed, clawed back)
goes through receivables in the place of what is reserved. Nobody is named: entries carry the ids
of entitlements and lines. At the end every account is asserted to be what the entries come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from api.exports.records import dollars
from ledger.events import LedgerEvent
from ledger.events.batch import (
    BatchClosed,
    BatchLine,
    BatchLinesListed,
    BatchVoided,
    LineResult,
    ReturnLinesListed,
)
from ledger.events.entitlement import LineReleased, LineWrittenOff
from ledger.values import local_date
from projections.contract import Fact
from projections.journal import Owed, Span

Format = Literal["beancount", "hledger"]
ACCRUED = "Liabilities:Entitlements:Accrued"
RESERVED = "Liabilities:Entitlements:Reserved"
RECEIVABLES = {"reversal": "Assets:Receivable:Reversed", "clawback": "Assets:Receivable:ClawedBack"}
PAYROLL = "Assets:Payroll"
WRITTEN_OFF = "Expenses:WrittenOff"


class Entry(NamedTuple):
    """One movement from an account to another; what is `debit`ed grows by the cents."""

    day: date
    position: int
    what: str  # accrued, reserved, paid, released, written off; reversed and clawed back lines too
    debit: str
    credit: str
    cents: int
    ids: tuple[tuple[str, UUID], ...]


def expense(policy_id: UUID) -> str:
    """The account of what a policy costs."""
    return f"Expenses:Incentives:P-{policy_id}"


def accruals(
    owed: Iterable[Owed], waits: Iterable[Span], day_of: Callable[[int], date], until: int
) -> Iterator[Entry]:
    """Each change of what is owed, at the position that changed it."""
    waiting: dict[UUID, list[Span]] = {}
    for span in waits:
        waiting.setdefault(span.payout_id, []).append(span)
    versions: dict[UUID, list[Owed]] = {}
    for one in owed:
        versions.setdefault(one.payout_id, []).append(one)
    for payout_id, each in versions.items():
        account, before = expense(each[0].policy_id), 0
        for position in turns([*each, *waiting.get(payout_id, [])], until):
            late = any(_holds(span, position) for span in waiting.get(payout_id, []))
            held = [one for one in each if _holds(one, position)]
            now = sum(one.closed_cents if late else one.cents for one in held)
            if now != before:
                day, ids = day_of(position), (("entitlement", payout_id),)
                yield Entry(day, position, "accrued", account, ACCRUED, now - before, ids)
            before = now


def turns(spans: Iterable[Owed | Span], until: int) -> list[int]:
    """The positions up to one at which any of them begins or ends, in order."""
    ends = {end for one in spans for end in (one.from_position, one.to_position) if end}
    return sorted(end for end in ends if end <= until)


def _holds(span: Owed | Span, position: int) -> bool:
    begun = span.from_position <= position
    return begun and (span.to_position is None or position < span.to_position)


@dataclass(slots=True)
class Payroll:
    """The events of batches, booked one by one."""

    zone: str
    entries: list[Entry] = field(default_factory=list)
    listed: dict[UUID, dict[UUID, BatchLine]] = field(default_factory=dict)  # by batch and line
    reserved: dict[tuple[UUID, int], BatchLine] = field(default_factory=dict)  # still to be paid

    def book(self, fact: Fact[LedgerEvent]) -> None:  # noqa: C901 - one case for each kind
        position, event = fact
        day = local_date(event.occurred_at, self.zone)
        match event:
            case BatchLinesListed():
                listed = self.listed.setdefault(event.originator_id, {})
                listed.update((line.line_id, line) for line in event.lines)
            case BatchClosed():
                for line in self.listed.get(event.originator_id, {}).values():
                    self.reserved[line.line_id, line.attempt] = line
                    self._move(day, position, _reserved(line), line, (ACCRUED, _held(line)))
            case BatchVoided():
                for line in self.listed.get(event.originator_id, {}).values():
                    self._release(day, position, (line.line_id, line.attempt))
            case ReturnLinesListed():
                for result in event.results:
                    if result.exception is None:
                        line = self.listed[event.originator_id][result.line_id]
                        self._answer(day, position, result, line.attempt)
            case LineReleased():
                self._release(day, position, (event.line_id, event.attempt))
            case LineWrittenOff():
                line = self.reserved.pop((event.line_id, event.attempt))
                self._move(day, position, "written off", line, (_held(line), WRITTEN_OFF))
            case _:
                pass  # says nothing of money

    def _answer(self, day: date, position: int, result: LineResult, attempt: int) -> None:
        key = (result.line_id, attempt)
        if result.status == "accepted" and key in self.reserved:
            line = self.reserved.pop(key)
            self._move(result.paid_on or day, position, "paid", line, (_held(line), PAYROLL))
        elif result.status == "rejected":
            self._release(day, position, key)

    def _release(self, day: date, position: int, key: tuple[UUID, int]) -> None:
        if line := self.reserved.pop(key, None):
            self._move(day, position, "released", line, (_held(line), ACCRUED))

    def _move(
        self, day: date, position: int, what: str, line: BatchLine, accounts: tuple[str, str]
    ) -> None:
        ids = (("entitlement", line.entitlement_id), ("line", line.line_id))
        self.entries.append(Entry(day, position, what, *accounts, line.amount_cents, ids))


def _held(line: BatchLine) -> str:
    """Where a line is between being closed and being answered."""
    return RECEIVABLES.get(line.kind, RESERVED)


def _reserved(line: BatchLine) -> str:
    return {"reversal": "reversed", "clawback": "clawed back"}.get(line.kind, "reserved")


def balances(entries: Iterable[Entry]) -> dict[str, int]:
    """What each account comes to, by its name."""
    found: Counter[str] = Counter()
    for entry in entries:
        found[entry.debit] += entry.cents
        found[entry.credit] -= entry.cents
    return dict(sorted(found.items()))


def render(entries: Iterable[Entry], titles: Mapping[UUID, str], layout: Format) -> str:
    """The journal as text, in order of days; the same entries always as the same bytes."""
    ordered = sorted(entries, key=lambda one: (one.day, one.position, one.ids, one.what))
    writer = _beancount if layout == "beancount" else _hledger
    return "\n".join(writer(ordered, {expense(one): title for one, title in titles.items()})) + "\n"


def _quoted(text: str) -> str:
    return " ".join(text.replace("\\", " ").replace('"', "'").split())


def _beancount(entries: Sequence[Entry], titles: Mapping[str, str]) -> Iterator[str]:
    yield 'option "operating_currency" "USD"'
    first = entries[0].day if entries else date(1970, 1, 1)
    for account in balances(entries):
        yield f"{first} open {account} USD"
        if account in titles:
            yield f'  title: "{_quoted(titles[account])}"'
    for one in entries:
        yield ""
        yield f'{one.day} * "{one.what}" #{one.what.replace(" ", "-")}'
        yield f"  position: {one.position}"
        for name, value in one.ids:
            yield f'  {name}: "{value}"'
        yield f"  {one.debit}  {dollars(one.cents)} USD"
        yield f"  {one.credit}  {dollars(-one.cents)} USD"
    yield ""
    for account, cents in balances(entries).items():
        yield f"{entries[-1].day + timedelta(days=1)} balance {account}  {dollars(cents)} USD"


def _hledger(entries: Sequence[Entry], titles: Mapping[str, str]) -> Iterator[str]:
    yield "commodity 1000.00 USD"
    for account in balances(entries):
        title = titles.get(account)
        yield f"account {account}" + (f"  ; {_quoted(title)}" if title else "")
    for one in entries:
        yield ""
        yield f"{one.day} * {one.what}  ; position: {one.position}"
        for name, value in one.ids:
            yield f"    ; {name}: {value}"
        yield f"    {one.debit}  {dollars(one.cents)} USD"
        yield f"    {one.credit}  {dollars(-one.cents)} USD"
    if entries:
        yield ""
        yield f"{entries[-1].day + timedelta(days=1)} * what it comes to"
        for account, cents in balances(entries).items():
            yield f"    {account}  0.00 USD = {dollars(cents)} USD"

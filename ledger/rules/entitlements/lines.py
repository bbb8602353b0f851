"""What still has to be paid or taken back: lines that bring what was paid to what is owed.

A line that exists is never changed. Whatever was paid already comes in as prior lines; what comes
out are the lines that are missing, so that prior lines and new ones together are what is owed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from ledger.events import policy_money as money
from ledger.rules.entitlements.conditions import Case
from ledger.rules.entitlements.facts import LineKind, Prior
from ledger.rules.entitlements.timing import Part
from ledger.rules.payroll import apportion
from ledger.values import stream_id

FUND = "{fund}"  # in the template of an account: whichever fund pays


class Line(NamedTuple):
    """One signed amount for payroll. Gross always: what is withheld is payroll's to know.

    `repay` says how a recovery is collected: net of wages in the tax year of the payment, gross
    in a later one, which is named by `original_tax_year`.
    """

    line_id: UUID
    entitlement_id: UUID
    instalment: int
    kind: LineKind
    amount_cents: int
    due_on: date
    fund: str
    account: str | None
    shares: tuple[tuple[str, int], ...]  # fund and signed cents, where several funds pay
    supplemental_wage: bool
    pensionable: bool
    employer_benefits: bool
    reason: str | None = None
    reverses_line_id: UUID | None = None
    original_pay_date: date | None = None
    original_tax_year: int | None = None
    repay: Literal["net", "gross"] | None = None
    collect: Literal["final_pay", "receivable"] | None = None


class Owed(NamedTuple):
    """One instalment whole, as if nothing had been paid, and how much of it she may keep."""

    line: Line
    kept_cents: int

    @property
    def recovery(self) -> Literal["reversal", "clawback"]:
        """What taking something of it back is called."""
        return "clawback" if self.kept_cents < self.line.amount_cents else "reversal"


class Recovery(NamedTuple):
    """Why something is taken back, from which day on, and how much of it stays with her."""

    kind: Literal["reversal", "clawback"]
    reason: str
    day: date
    kept: dict[int, int]  # cents by instalment; what is not named is taken back whole
    collect: Literal["final_pay", "receivable"] = "receivable"


def line_id(entitlement_id: UUID, instalment: int, kind: LineKind, number: int = 1) -> UUID:
    """The id of a line: the same for the same entitlement, instalment, kind and turn, for ever."""
    again = () if number == 1 else (number,)
    return stream_id("line", entitlement_id, instalment, kind, *again)


def settle(
    case: Case,
    entitlement_id: UUID,
    parts: Iterable[Part],
    due_on: date,
    recovery: Recovery | None = None,
) -> tuple[Line, ...]:
    """The lines that are missing, in order of instalments.

    Args:
        case: Whose rule names fund and account.
        entitlement_id: What the lines belong to.
        parts: What is owed, instalment by instalment; nothing of it where a recovery is given.
        due_on: The day of a correction that has no day of its own.
        recovery: Why what was paid is taken back.
    """
    wanted = {part.instalment: part for part in parts}
    prior: dict[int, list[Prior]] = {}
    for one in case.dossier.prior:
        if one.policy_id == case.policy_id and one.subject_id == case.occasion.subject_id:
            prior.setdefault(one.instalment, []).append(one)
    lines: list[Line] = []
    for instalment in sorted(wanted.keys() | prior.keys()):
        before = prior.get(instalment, [])
        part = wanted.get(instalment, Part(instalment, due_on, 0))
        if recovery is not None:
            kept = recovery.kept.get(instalment, 0)
            part = Part(instalment, recovery.day, kept)
        maker = _Maker(case, entitlement_id, part, tuple(before), recovery)
        lines += maker.lines()
    return tuple(lines)


def earned(case: Case, entitlement_id: UUID, part: Part) -> Line:
    """An instalment as it is paid when nothing was before."""
    return _Maker(case, entitlement_id, part, (), None).line("earn", part.amount_cents)


class _Maker(NamedTuple):
    """What one instalment has come to, and what it should come to."""

    case: Case
    entitlement_id: UUID
    part: Part
    before: tuple[Prior, ...]
    recovery: Recovery | None

    def lines(self) -> list[Line]:
        want = self.part.amount_cents
        if not self.before:
            return [self.line("earn", want)] if want and self.recovery is None else []
        had = sum(one.amount_cents for one in self.before)
        lines = self.reclassified(had) if want and self.recovery is None else []
        if want == had:
            return lines
        if self.recovery is not None:
            kind = self.recovery.kind
            return [self.line(kind, want - had)] if want < had else []
        if want > had:
            return [*lines, self.line("adj", want - had, number=len(lines) + 1)]
        undone = self.line("reversal", -had)
        if want == 0:
            return [undone]
        return [*lines, undone, self.line("adj", want, number=len(lines) + 1)]

    def reclassified(self, had: int) -> list[Line]:
        """What another fund has paid moves to the fund that pays now: a pair that comes to zero."""
        old, (new, _) = self.before[-1].fund, account(self.case)
        if old == new:
            return []
        back = self.line("adj", -had, reason="fund_changed")._replace(fund=old, account=None)
        return [back, self.line("adj", had, reason="fund_changed", number=2)]

    def line(
        self, kind: LineKind, cents: int, *, reason: str | None = None, number: int = 1
    ) -> Line:
        """A line of this instalment; one that follows on others names what it follows."""
        number += sum(one.kind == kind for one in self.before)
        paid = next((one for one in reversed(self.before) if one.kind == "earn"), None)
        terms = self.case.rule.account
        fund, string = account(self.case)
        line = Line(
            line_id=line_id(self.entitlement_id, self.part.instalment, kind, number),
            entitlement_id=self.entitlement_id,
            instalment=self.part.instalment,
            kind=kind,
            amount_cents=cents,
            due_on=self.part.due_on,
            fund=fund,
            account=string,
            shares=shares(terms.shares, cents),
            supplemental_wage=terms.supplemental_wage,
            pensionable=terms.pensionable,
            employer_benefits=terms.employer_benefits,
            reason=reason,
        )
        if paid is None:
            return line
        line = line._replace(
            reverses_line_id=paid.line_id,
            original_pay_date=paid.paid_on,
            original_tax_year=paid.tax_year,
        )
        if cents >= 0 or reason is not None:
            return line
        later = paid.tax_year is not None and paid.tax_year != self.part.due_on.year
        return line._replace(
            repay="gross" if later else "net",
            reason="corrected" if self.recovery is None else self.recovery.reason,
            collect=None if self.recovery is None else self.recovery.collect,
        )


def account(case: Case) -> tuple[str, str | None]:
    """The fund that pays and the account, by the attributes of the school she worked at then.

    Where several funds pay shares, the account of each has that share's fund in its place.
    """
    terms = case.rule.account
    fund, template = terms.fund, terms.template
    day = case.occasion.days.earned
    schools = [duty.school_id for duty in case.duties(day) if duty.school_id is not None]
    for other in terms.at_schools:
        if any(other.attribute in case.attributes_of(school, day) for school in schools):
            fund, template = other.fund, other.template
            break
    if template is None:
        return fund, None
    school = str(schools[0]) if schools else ""
    shown = FUND if terms.shares else fund
    return fund, template.replace(FUND, shown).replace("{school}", school)


def shares(split: Sequence[money.CostShare], cents: int) -> tuple[tuple[str, int], ...]:
    """An amount over several funds, to the cent: the largest remainders round up."""
    amounts = apportion(cents, [share.percent for share in split])
    return tuple((share.fund, amount) for share, amount in zip(split, amounts, strict=True))


def collectable(cents: int, pay_cents: int) -> tuple[int, int]:
    """A recovery against a pay: what comes off it now, and what stays owed.

    Both are negative or zero. Nobody gets a check below zero: the rest is a receivable.
    """
    assert cents <= 0 <= pay_cents, "a recovery is taken off a pay"
    now = -min(-cents, pay_cents)
    return now, cents - now

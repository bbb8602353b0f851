"""How a year's money falls on those who stand in line for it: by place in the log, nothing else.

A line is one policy in one of its fiscal years. First each teacher's own cap is applied to her
claims in order; then the program's budget to everybody's. The budget is first come, first served
for whole amounts: a claim is paid when everything claimed up to and including it fits. Who cannot
be paid waits, and whoever stands behind waits too, so money that a revocation frees goes to the
next in line and never takes anything from anybody. What payroll has closed of a claim stands
before all that is not, and what the claim has risen by since waits at its own place.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from ledger.rules.calendars import fiscal_year
from ledger.rules.employments import Employment
from ledger.rules.incentives import (
    Claim,
    Earned,
    Policy,
    Version,
    claim_for,
    governing_version,
)


class Judged(NamedTuple):
    """One pair of something earned and a policy, its governing version, and what came of it."""

    earned: Earned
    version: Version
    claim: Claim


def judge(
    policy: Policy,
    earned: Iterable[Earned],
    employments: Sequence[Employment],
    used_cents: Mapping[int, int] | None = None,
) -> list[Judged]:
    """One teacher's claims under one policy, each year's cap applied in order of place.

    `earned` has to hold all of hers when the policy has a cap; or else what comes after all the
    rest, with `used_cents`, which is what the rest comes to in each fiscal year.
    """
    judged = []
    used = dict(used_cents or {})
    for one in sorted(earned, key=_place):
        if (version := governing_version(policy, one)) is None:
            continue
        year = fiscal_year(one.day, version.terms.year_starts_month)
        claim = claim_for(policy, version, one, employments, used.get(year, 0))
        if claim.verdict == "due":
            used[year] = used.get(year, 0) + claim.amount_cents
        judged.append(Judged(one, version, claim))
    return judged


def _place(earned: Earned) -> tuple[int, int]:
    return earned.place


# 0 for what payroll has closed and 1 for the rest, the event that earned it, the award behind it.
Place = tuple[int, int, int]


class Wanted(NamedTuple):
    """What a claim asks of a year's budget, under its own policy version; null: no budget.

    Ordered by place: what payroll has closed comes first, so that nobody who comes late takes it
    back, and the rest of its claim is asked for apart; then the event that earned it, then the
    award behind it. One change of a stack's definition may complete the stack of many at one
    position; the award that each had last then decides, and no two people share an award.
    """

    place: Place
    payout_id: UUID
    amount_cents: int
    budget_cents: int | None

    def fits(self, claimed_cents: int) -> bool:
        """Whether its budget covers everything claimed up to and including it.

        What payroll has closed is spent, and waits for nothing.
        """
        is_open, _, _ = self.place
        return not is_open or self.budget_cents is None or claimed_cents <= self.budget_cents


def wanted(
    place: tuple[int, int],
    payout_id: UUID,
    amount_cents: int,
    closed_cents: int,
    budget_cents: int | None,
) -> list[Wanted]:
    """What a claim asks for: first what payroll has closed of it, and at its own place the rest."""
    rest_cents = amount_cents - closed_cents
    found = []
    if closed_cents:
        found.append(Wanted((0, *place), payout_id, closed_cents, budget_cents))
    if rest_cents or not closed_cents:
        found.append(Wanted((1, *place), payout_id, rest_cents, budget_cents))
    return found


class Turn(NamedTuple):
    """What one position of the log did to a line."""

    position: int
    left: tuple[Wanted, ...]
    joined: tuple[Wanted, ...]  # in order of place


@dataclass(slots=True)
class Line:
    """Everybody who claims from one policy's budget of one year, and who of them has to wait.

    Most lines only ever grow at their end. For that the sum and the last place are enough, and
    `wanted` may be left out.
    """

    claimed_cents: int = 0
    end: tuple[int, int] = (0, 0)  # the last place of all who ever joined, closed by now or not
    wanted: list[Wanted] = field(default_factory=list)
    waiting: set[UUID] = field(default_factory=set)

    def only_grows(self, turns: Iterable[Turn]) -> bool:
        """Whether in all these turns nobody leaves, or joins anywhere but at the end."""
        end = self.end
        for turn in turns:
            if turn.left or any(one.place <= (1, *end) for one in turn.joined):
                return False
            end = turn.joined[-1].place[1:]
        return True

    def take(self, turn: Turn) -> tuple[set[UUID], set[UUID]]:
        """Fold one turn in; who begins to wait with it, and who waits no longer."""
        grows = self.only_grows([turn])
        for one in turn.left:
            del self.wanted[bisect_left(self.wanted, one)]
            self.claimed_cents -= one.amount_cents
        if grows:
            return self._grow(turn.joined), set()
        for one in turn.joined:
            insort(self.wanted, one)
            self.claimed_cents += one.amount_cents
        self.end = max([self.end, *(one.place[1:] for one in turn.joined)])
        before, self.waiting = self.waiting, waiting(self.wanted)
        return self.waiting - before, before - self.waiting

    def _grow(self, joined: Sequence[Wanted]) -> set[UUID]:
        """Take those who stand behind everybody; who of them has to wait."""
        began = set()
        for one in joined:
            self.claimed_cents += one.amount_cents
            if not one.fits(self.claimed_cents):
                began.add(one.payout_id)
        self.wanted.extend(joined)
        self.end = joined[-1].place[1:]
        self.waiting |= began
        return began


def waiting(line: Sequence[Wanted]) -> set[UUID]:
    """The claims of a line, given in order of place, that the year's budget does not reach."""
    claimed = accumulate(one.amount_cents for one in line)
    return {one.payout_id for one, cents in zip(line, claimed, strict=True) if not one.fits(cents)}

"""A year's pool that is given out when it is closed: by lot, or to everybody the same share.

What is in the hat is what stands when the pool closes, each wish limited by its teacher's own caps
with what she won in other years. From then on nothing is taken from whoever was given something:
a claim that falls frees its money for the next lots, as far as the rule says so, and equal shares
stay as they were. What comes later finds the pool closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from heapq import heappop, heappush
from typing import NamedTuple
from uuid import UUID

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.caps import Used, Wish, limited, lot, pro_rata
from ledger.rules.incentives import Check, Input
from ledger.values import POSITION_MAX


class Claim(NamedTuple):
    """What one claim asks of a year's pool, from one position of the log until the next."""

    entitlement_id: UUID
    person_id: UUID
    from_position: int
    to_position: int | None
    place: tuple[int, int]
    cents: int
    day: date
    credential_id: UUID | None

    def stands_at(self, position: int) -> bool:
        return self.from_position <= position < (self.to_position or POSITION_MAX)


class Close(NamedTuple):
    """The event that closes a year's pool; a lottery has the seed of its lots."""

    fiscal_year: int
    position: int
    seed: str | None = None


class Given(NamedTuple):
    """What a claim gets from one position until the next, and the tests that say why."""

    entitlement_id: UUID
    from_position: int
    to_position: int | None
    cents: int
    reason: str | None  # null: all that was asked for
    checks: list[Check]


class Won(NamedTuple):
    """What somebody was given from one position until the next, as her caps count it."""

    person_id: UUID
    from_position: int
    to_position: int | None
    used: Used


def mixed_seed(said: str, occurred_at: datetime) -> str:
    """The seed of the lots: what was said as they were drawn, and the microsecond of the event.

    Both are in the log, so the draw comes out the same for ever; and nobody can try one seed
    after another before saying it, for the moment is the ledger's.
    """
    return sha256(f"{said}\x1f{occurred_at.isoformat()}".encode()).hexdigest()


@dataclass(slots=True)
class _Hat:
    """What stood when the pool closed, and what has been given of it so far."""

    rule: Rule
    close: Close
    wishes: dict[UUID, Wish] = field(default_factory=dict)  # after each one's own caps
    limits: dict[UUID, list[Check]] = field(default_factory=dict)
    standing: dict[UUID, int] = field(default_factory=dict)  # what each asks for now
    held: dict[UUID, int] = field(default_factory=dict)
    asked_cents: int = 0  # by all, as the pool closed
    left_cents: int = 0
    drawn: list[UUID] = field(default_factory=list)  # in the order of their lots
    lots: dict[UUID, int] = field(default_factory=dict)  # the place of each in that order
    # Places of winners that want more, and of others: heaps, with some that want no more.
    winners: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)

    @property
    def budget_cents(self) -> int:
        return self.rule.pool.budget_cents if self.rule.pool else 0

    @property
    def by_lot(self) -> bool:
        return self.rule.pool is not None and self.rule.pool.order == "lottery"

    def put(self, claims: Iterable[Claim], won: Iterable[Won]) -> None:
        """Every claim in order of place; her caps count what she won and what she asked before."""
        used: dict[UUID, list[Used]] = {}
        for one in won:
            if one.from_position <= self.close.position < (one.to_position or POSITION_MAX):
                used.setdefault(one.person_id, []).append(one.used)
        for claim in sorted(claims, key=lambda claim: (claim.place, claim.entitlement_id)):
            own = used.setdefault(claim.person_id, [])
            about = Used(claim.day, self.close.fiscal_year, claim.credential_id, claim.cents)
            cents, made = limited(self.rule.caps, own, about)
            self.limits[claim.entitlement_id] = [check for check in made if not check["passed"]]
            self.wishes[claim.entitlement_id] = Wish(claim.place, claim.entitlement_id, cents)
            if cents:
                own.append(about._replace(cents=cents))
        self.asked_cents = sum(one.cents for one in self.wishes.values())
        self.left_cents = self.budget_cents
        if self.by_lot:
            self.drawn = sorted(self.wishes, key=lambda one: lot(self.close.seed or "", one))
            self.lots = {one: place for place, one in enumerate(self.drawn)}
        else:
            asked = [one for one in self.wishes.values() if one.cents]
            self.held = pro_rata(self.budget_cents, asked)

    def turn(self, asked: Mapping[UUID, int | None]) -> set[UUID]:
        """Some claims ask for so much from now on, or fall; whoever of the rest is given more.

        Equal shares stay as they were. Lots are drawn on from the first that still wants
        something, so a turn costs what it changes, however many are in the hat.
        """
        if not self.by_lot:
            return set()
        for one, cents in asked.items():
            self._stand(one, cents)
        return self._draw()

    def _stand(self, one: UUID, cents: int | None) -> None:
        held = self.held.get(one)
        if cents is not None:
            self.standing[one] = cents
        else:
            self.standing.pop(one, None)
        if held is not None and cents is not None:
            self.held[one] = min(held, cents)
            self.left_cents += held - self.held[one]
        elif held is not None and self.rule.revocation.frees_capacity:
            self.left_cents += self.held.pop(one)
        if self._wants(one):
            heappush(self.winners if one in self.held else self.others, self.lots[one])

    def _wants(self, one: UUID) -> int:
        """How many cents more it asks for, within its teacher's own caps."""
        asked = min(self.wishes[one].cents, self.standing.get(one, 0))
        return max(asked - self.held.get(one, 0), 0)

    def _draw(self) -> set[UUID]:
        """Go on down the lots with what is left; one that no longer fits ends the draw."""
        most = self.rule.pool.winners_max if self.rule.pool else None
        given: set[UUID] = set()
        while True:
            full = most is not None and len(self.held) >= most
            places = [self._first(self.winners), None if full else self._first(self.others)]
            place = min((one for one in places if one is not None), default=None)
            if place is None:
                return given
            one = self.drawn[place]
            more = self._wants(one)
            if more > self.left_cents:
                return given
            self.held[one] = self.held.get(one, 0) + more
            self.left_cents -= more
            given.add(one)

    def _first(self, places: list[int]) -> int | None:
        """The first place in a heap whose lot still wants something, and belongs there."""
        won = places is self.winners
        while places:
            one = self.drawn[places[0]]
            if (one in self.held) is won and self._wants(one):
                return places[0]
            heappop(places)
        return None

    def outcome(self, entitlement_id: UUID, asked_cents: int) -> tuple[int, str | None]:
        """What a claim gets that asks for so much now, and the reason where it is not all."""
        if entitlement_id not in self.wishes:
            return 0, "pool_closed"
        wish = self.wishes[entitlement_id].cents
        cents = min(self.held.get(entitlement_id, 0), asked_cents)
        if cents == asked_cents:
            return cents, None
        if not wish:
            return 0, "cap_reached"
        if not cents:
            return 0, "not_drawn" if self.by_lot else "pool_empty"
        return cents, "reduced_by_cap" if cents == wish else "reduced_by_pool"

    def given(self, span: _Span) -> Given:
        """The span with the tests that say why."""
        entitlement_id, cents, reason = span.claim.entitlement_id, span.cents, span.reason
        inputs: dict[str, Input] = {
            "closed_at_position": self.close.position,
            "in_the_hat": len(self.wishes),
            "asked_cents": self.asked_cents,
            "budget_cents": self.budget_cents,
            "given_cents": cents,
        }
        if self.by_lot:
            inputs["seed"] = self.close.seed
            inputs["lot"] = lot(self.close.seed or "", entitlement_id).hex()
        made: Check = {
            "rule": "drawn" if self.by_lot else "equal_share",
            "inputs": inputs,
            "passed": reason is None,
            "reason": reason or "drawn",
        }
        checks = [*self.limits.get(entitlement_id, []), made]
        return Given(entitlement_id, span.from_position, span.to_position, cents, reason, checks)


def given_out(
    rule: Rule, close: Close, claims: Sequence[Claim], won: Collection[Won] = ()
) -> list[Given]:
    """What each claim of a year's pool gets from the close on, span by span.

    Args:
        rule: With the pool; the newest version that judged anything in the hat.
        close: The event that closed it.
        claims: Every version of every claim on the year's pool, whenever it stood.
        won: What was given out of the pools of other years, for caps that reach over years.
    """
    hat = _Hat(rule, close)
    hat.put([one for one in claims if one.stands_at(close.position)], won)
    found: dict[tuple[UUID, int], list[_Span]] = {}
    for one in claims:
        if (
            one.entitlement_id not in hat.wishes
            and (one.to_position or POSITION_MAX) > close.position
        ):
            begin = max(one.from_position, close.position)
            late = _Span(one, begin, one.to_position, *hat.outcome(one.entitlement_id, one.cents))
            found[one.entitlement_id, one.from_position] = [late]
    for span in _spans(hat, [one for one in claims if one.entitlement_id in hat.wishes]):
        key = (span.claim.entitlement_id, span.claim.from_position)
        found.setdefault(key, []).append(span)
    return [hat.given(span) for same in found.values() for span in same]


class _Span(NamedTuple):
    """What one version of a claim gets from one position until the next."""

    claim: Claim
    from_position: int
    to_position: int | None
    cents: int
    reason: str | None


def _spans(hat: _Hat, claims: Sequence[Claim]) -> Iterator[_Span]:
    """What each claim in the hat gets, as long as it gets the same."""
    begun: dict[UUID, _Span] = {}
    for at, moved in sorted(_turns(hat.close.position, claims).items()):
        given = hat.turn({one: claim and claim.cents for one, claim in moved.items()})
        for one in dict.fromkeys([*moved, *given]):
            before = begun.pop(one, None)
            claim = moved.get(one, before and before.claim)
            if before is not None:
                yield before._replace(to_position=at)
            if claim is not None:
                begun[one] = _Span(claim, at, None, *hat.outcome(one, claim.cents))
    yield from begun.values()


def _turns(close: int, claims: Sequence[Claim]) -> dict[int, dict[UUID, Claim | None]]:
    """By position, from the close on: what begins to stand there, or null for what ends."""
    turns: dict[int, dict[UUID, Claim | None]] = {}
    for one in sorted(claims, key=lambda claim: claim.from_position):
        if one.to_position is not None and one.to_position <= close:
            continue
        turns.setdefault(max(one.from_position, close), {})[one.entitlement_id] = one
        if one.to_position is not None:
            turns.setdefault(one.to_position, {}).setdefault(one.entitlement_id, None)
    return turns

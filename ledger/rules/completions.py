"""When a stack was completed, and whether it still is: a function of dated facts alone.

A completion is no event. It is the earliest place in the log at which the awards that stand now
met the definition that was in force there. So a later, harder definition takes nothing away, a
revocation undoes exactly what rested on the award, a reinstatement brings the same completion
back with its day and place, and a retired stack keeps its completions and takes no new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from ledger.events.enrollment import Awarded, Reinstated, Revoked
from ledger.events.stack import Group, StackDefined, StackRetired
from ledger.rules.stacks import StackProgress, credential_ids, stack_progress
from ledger.values import local_date


class Award(NamedTuple):
    """One award of one person, with every span of the log in which it was revoked."""

    enrollment_id: UUID
    credential_id: UUID
    position: int
    awarded_on: date
    zone: str
    expires_on: date | None  # the first day on which it is no longer valid
    revocations: tuple[tuple[int, int | None], ...] = ()  # revoked at, reinstated at
    tier: str | None = None  # of the version awarded; only money asks for it
    published_position: int | None = None  # the event that says so
    issuer_id: UUID | None = None  # only money asks for it
    revoked_on: date | None = None  # the day of the last revocation; null while it stands
    origin_id: UUID | None = None  # the record it came with, where that was merged into hers

    @property
    def positions(self) -> tuple[int, ...]:
        """The events that made it what it is."""
        turns = [turn for span in self.revocations for turn in span if turn is not None]
        return (self.position, *turns)

    @property
    def stands(self) -> bool:
        """True unless the last revocation is still open."""
        return not self.revocations or self.revocations[-1][1] is not None

    def stood_at(self, position: int) -> bool:
        """True when it had been awarded by then and was not revoked there."""
        return self.position <= position and not any(
            revoked <= position and (reinstated is None or position < reinstated)
            for revoked, reinstated in self.revocations
        )

    def after(self, event: Revoked | Reinstated, position: int) -> Award:
        """The award once it was revoked, or the revocation undone. Said twice is said once."""
        if isinstance(event, Revoked):
            spans = (*self.revocations, (position, None))
            if not self.stands:
                return self
            return self._replace(revocations=spans, revoked_on=event.effective_on)
        if self.stands:
            return self
        *earlier, (revoked, _) = self.revocations
        return self._replace(revocations=(*earlier, (revoked, position)), revoked_on=None)


def award_of(
    event: Awarded, position: int, tier: str | None = None, published_position: int | None = None
) -> Award:
    """The award that an event gave."""
    return Award(
        enrollment_id=event.originator_id,
        credential_id=event.credential_id,
        position=position,
        awarded_on=event.awarded_on,
        zone=event.zone,
        expires_on=event.expires_on,
        tier=tier,
        published_position=published_position,
        issuer_id=event.issuer_id,
    )


@dataclass(frozen=True)
class Era:
    """The stretch of the log in which one definition of a stack was in force."""

    stack_version: int
    requirement: Group
    capstone_credential_id: UUID | None
    from_position: int
    defined_at: datetime
    to_position: int | None = None  # null: still in force

    @cached_property
    def credentials(self) -> frozenset[UUID]:
        """Every credential the definition names."""
        return frozenset(credential_ids(self.requirement, self.capstone_credential_id))

    @cached_property
    def _known(self) -> dict[frozenset[UUID], StackProgress]:
        """Progress by what is held: of many teachers, who are asked about often, few differ."""
        return {}

    def progress(self, held: Iterable[UUID]) -> StackProgress:
        """How far somebody is who holds these credentials."""
        ids = self.credentials.intersection(held)
        known = self._known.get(ids)
        if known is None:
            known = stack_progress(self.requirement, self.capstone_credential_id, ids)
            self._known[ids] = known
        return known


def eras_after(
    eras: tuple[Era, ...], event: StackDefined | StackRetired, position: int
) -> tuple[Era, ...]:
    """The eras of a stack once it was defined anew, or retired."""
    closed = tuple(
        era if era.to_position is not None else replace(era, to_position=position) for era in eras
    )
    if isinstance(event, StackRetired):
        return closed
    era = Era(
        stack_version=event.stack_version,
        requirement=event.requirement,
        capstone_credential_id=event.capstone_credential_id,
        from_position=position,
        defined_at=event.occurred_at,
    )
    return (*closed, era)


class Completion(NamedTuple):
    """A stack completed: where in the log, on which day, by which definition and awards."""

    position: int
    completed_on: date
    era: Era
    awards: tuple[Award, ...]  # those the definition names and she held there, in log order
    stands: bool = True  # False: an award it rests on was revoked


def completion(eras: Sequence[Era], awards: Iterable[Award]) -> Completion | None:
    """The completion as of all that is recorded; the last one that stood, if none stands now.

    Args:
        eras: The definitions of one stack in log order.
        awards: All awards of one person, revoked ones too.
    """
    line = sorted(awards, key=lambda award: award.position)
    if found := _earliest(eras, [award for award in line if award.stands]):
        return found
    # Only a revocation takes a completion away, or its undoing: what is back may be of a later
    # day, on which another part had expired. The first position of an award is neither.
    turns = {turn for award in line for turn in award.positions[1:]}
    for position in sorted(turns, reverse=True):
        known = [era for era in eras if era.from_position < position]
        if found := _earliest(known, [award for award in line if award.stood_at(position - 1)]):
            return found._replace(stands=False)
    return None


def unexpired(awards: Iterable[Award], day: date) -> tuple[Award, ...]:
    """Those still valid on `day`, as far as their dates of expiry go."""
    return tuple(award for award in awards if award.expires_on is None or day < award.expires_on)


def _earliest(eras: Iterable[Era], line: Sequence[Award]) -> Completion | None:
    for era in eras:
        credentials = era.credentials
        named = [
            award
            for award in line
            if award.credential_id in credentials
            and (era.to_position is None or award.position < era.to_position)
        ]
        if not era.progress(award.credential_id for award in named).complete:
            continue  # looking closer could only find fewer: some may have expired on the way
        begun = sum(award.position < era.from_position for award in named)
        for count in range(max(begun, 1), len(named) + 1):
            if found := _completed_by(era, named[:count]):
                return found
    return None


def _completed_by(era: Era, named: Sequence[Award]) -> Completion | None:
    """The completion by these awards: the last of them brought it, or else the definition."""
    last = named[-1]
    day = max(award.awarded_on for award in named)
    if last.position < era.from_position:
        day = max(day, local_date(era.defined_at, last.zone))
    held = unexpired(named, day)
    if not era.progress(award.credential_id for award in held).complete:
        return None
    position = max(last.position, era.from_position)
    return Completion(position, day, era, held)

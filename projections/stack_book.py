"""What stack progress is made from, in memory: loaded for a batch, folded, made into lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events.enrollment import Awarded, Reinstated, Revoked
from ledger.events.stack import Group, StackDefined, StackRetired
from ledger.rules.completions import Award, Era, award_of, completion, eras_after, unexpired
from ledger.rules.stacks import Missing, credential_ids
from projections.contract import Fact
from projections.sql import blocks, rows

AwardEvent = Awarded | Revoked | Reinstated
Relevant = AwardEvent | StackDefined | StackRetired

_SQL = blocks("stacks")

# A definition is read for every batch and hardly ever changes: each text is parsed once.
_group = lru_cache(4096)(Group.model_validate_json)


@dataclass(slots=True)
class Line:
    """One teacher's progress with one stack."""

    person_id: UUID
    stack_id: UUID
    stack_version: int  # the newest definition, which the progress is measured by
    needed: int  # credentials, at the least, from nothing
    remaining: int  # credentials, at the least, from here
    percent: int
    earned: list[UUID]
    missing: Missing | dict[str, Any] | None  # as computed, or as read
    capstone_missing: UUID | None
    next_expiry_on: date | None
    completed_position: int | None
    completed_on: date | None
    completed_version: int | None
    completion_stands: bool | None  # False: completed once, then undone by a revocation
    completed_by: list[int] | None  # positions of the awards it rests on
    positions: list[int]


@dataclass(slots=True)
class Book:
    """The awards and definitions that a batch may touch, and what it has changed."""

    awards: dict[UUID, dict[UUID, Award]] = field(default_factory=dict)  # by person
    eras: dict[UUID, tuple[Era, ...]] = field(default_factory=dict)
    titles: dict[tuple[UUID, int], tuple[UUID, str]] = field(default_factory=dict)
    changed_awards: dict[UUID, tuple[UUID, Award]] = field(default_factory=dict)
    changed_stacks: set[UUID] = field(default_factory=set)

    def fold(self, fact: Fact[Relevant]) -> None:
        """Take one fact in. The lines are made when all are in: they follow from the whole."""
        position, event = fact
        match event:
            case StackDefined() | StackRetired():
                stack_id = event.originator_id
                self.eras[stack_id] = eras_after(self.eras.get(stack_id, ()), event, position)
                self.changed_stacks.add(stack_id)
                if isinstance(event, StackDefined):
                    self.titles[stack_id, event.stack_version] = (event.issuer_id, event.title)
            case Awarded():
                self._put(event, award_of(event, position))
            case Revoked() | Reinstated():
                award = self.awards[event.person_id][event.originator_id]
                self._put(event, award.after(event, position))

    def _put(self, event: AwardEvent, award: Award) -> None:
        self.awards.setdefault(event.person_id, {})[award.enrollment_id] = award
        self.changed_awards[award.enrollment_id] = (event.person_id, award)

    def lines(self) -> Iterable[Line]:
        """The lines that the batch may have changed."""
        named = {
            stack_id: frozenset[UUID]().union(*(era.credentials for era in eras))
            for stack_id, eras in self.eras.items()
        }
        naming: dict[UUID, set[UUID]] = {}
        for stack_id, credentials in named.items():
            for credential_id in credentials:
                naming.setdefault(credential_id, set()).add(stack_id)
        touched = {
            (person_id, stack_id)
            for person_id, award in self.changed_awards.values()
            for stack_id in naming.get(award.credential_id, ())
        }
        touched |= {(one, stack_id) for stack_id in self.changed_stacks for one in self.awards}
        for person_id, stack_id in sorted(touched, key=_numbers):
            awards = self.awards[person_id].values()
            if held := [award for award in awards if award.credential_id in named[stack_id]]:
                yield self._line(person_id, stack_id, held)

    def measure(self, person_id: UUID, stack_id: UUID, day: date | None = None) -> dict[str, Any]:
        """The fields of a line that measure what is held, by the newest definition.

        Without a day nothing has expired yet, and `next_expiry_on` says until when that is so.
        """
        newest = self.eras[stack_id][-1]
        awards: Iterable[Award] = self.awards[person_id].values()
        held = [
            award
            for award in sorted(awards if day is None else unexpired(awards, day), key=_position)
            if award.stands and award.credential_id in newest.credentials
        ]
        progress = newest.progress(award.credential_id for award in held)
        return {
            "needed": progress.needed,
            "remaining": progress.remaining,
            "percent": progress.percent,
            "earned": list(dict.fromkeys(award.credential_id for award in held)),
            "missing": progress.missing,
            "capstone_missing": progress.capstone_missing,
            "next_expiry_on": min((a.expires_on for a in held if a.expires_on), default=None),
        }

    def _line(self, person_id: UUID, stack_id: UUID, named: Sequence[Award]) -> Line:
        """What a person's awards that a stack ever named come to."""
        eras = self.eras[stack_id]
        done = completion(eras, named)
        positions = {eras[-1].from_position}.union(*(award.positions for award in named))
        return Line(
            person_id=person_id,
            stack_id=stack_id,
            stack_version=eras[-1].stack_version,
            **self.measure(person_id, stack_id),
            completed_position=done.position if done else None,
            completed_on=done.completed_on if done else None,
            completed_version=done.era.stack_version if done else None,
            completion_stands=done.stands if done else None,
            completed_by=[award.position for award in done.awards] if done else None,
            positions=sorted(positions | ({done.era.from_position} if done else set())),
        )

    def definition_rows(self) -> Iterable[dict[str, Any]]:
        """Every version of the stacks that changed."""
        for stack_id in self.changed_stacks:
            for era in self.eras[stack_id]:
                issuer_id, title = self.titles[stack_id, era.stack_version]
                yield {
                    **era_row(stack_id, era),
                    "issuer_id": issuer_id,
                    "title": title,
                    "credential_ids": sorted(era.credentials),
                }

    def award_rows(self) -> Iterable[dict[str, Any]]:
        """The awards that changed."""
        for person_id, award in self.changed_awards.values():
            yield {
                "enrollment_id": award.enrollment_id,
                "person_id": person_id,
                "credential_id": award.credential_id,
                "position": award.position,
                "awarded_on": award.awarded_on,
                "zone": award.zone,
                "expires_on": award.expires_on,
                "revocations": award.revocations,
            }


def era_row(stack_id: UUID, era: Era) -> dict[str, Any]:
    """A definition as it is stored, by whichever projection asks what completes a stack."""
    return {
        "stack_id": stack_id,
        "stack_version": era.stack_version,
        "requirement": era.requirement.model_dump(mode="json"),
        "capstone_credential_id": era.capstone_credential_id,
        "from_position": era.from_position,
        "defined_at": era.defined_at,
        "to_position": era.to_position,
    }


def load_book(connection: Connection[Any], facts: Sequence[Fact[Relevant]]) -> Book:
    """The persons of a batch with their awards, and the stacks that can change for them.

    A stack that is defined anew brings everybody along who holds what it names or named.
    """
    book = Book()
    events = [fact.event for fact in facts]
    defined = [event for event in events if isinstance(event, StackDefined)]
    stack_ids = {
        one.originator_id for one in events if isinstance(one, StackDefined | StackRetired)
    }
    person_ids = {one.person_id for one in events if isinstance(one, AwardEvent)}
    load_awards(connection, book, person_ids)
    named = {one.credential_id for one in events if isinstance(one, Awarded)}
    for event in events:
        if isinstance(event, Revoked | Reinstated):
            known = book.awards.get(event.person_id, {}).get(event.originator_id)
            named |= {known.credential_id} if known else set()
    load_definitions(connection, book, stack_ids, named)
    holders = _holders(connection, book, stack_ids, defined)
    load_awards(connection, book, holders - person_ids)
    return book


def merged_book(connection: Connection[Any], person_id: UUID) -> Book:
    """All that one person holds whose record was two, as if all of it had changed."""
    book = Book()
    load_awards(connection, book, {person_id})
    held = book.awards.get(person_id, {})
    load_definitions(connection, book, set(), {award.credential_id for award in held.values()})
    book.changed_awards = {award.enrollment_id: (person_id, award) for award in held.values()}
    return book


def load_awards(connection: Connection[Any], book: Book, person_ids: set[UUID]) -> None:
    """All awards of some persons."""
    if not person_ids:
        return
    for person_id, *columns, revocations in rows(
        connection, _SQL["load_awards"], person_ids=list(person_ids)
    ):
        spans = tuple((revoked, reinstated) for revoked, reinstated in orjson.loads(revocations))
        fields = (*columns, spans)
        award = Award(*fields)
        book.awards.setdefault(person_id, {})[award.enrollment_id] = award


def load_definitions(
    connection: Connection[Any], book: Book, stack_ids: set[UUID], named: set[UUID]
) -> None:
    """All definitions of some stacks, and of every stack that ever named some credential."""
    if not stack_ids and not named:
        return
    for stack_id, issuer_id, title, stack_version, requirement, *columns in rows(
        connection,
        _SQL["load_definitions"],
        stack_ids=list(stack_ids),
        credential_ids=list(named),
    ):
        fields = (stack_version, _group(requirement), *columns)
        book.eras[stack_id] = (*book.eras.get(stack_id, ()), Era(*fields))
        book.titles[stack_id, stack_version] = (issuer_id, title)


def _holders(
    connection: Connection[Any], book: Book, stack_ids: set[UUID], defined: list[StackDefined]
) -> set[UUID]:
    """Whoever was awarded something that these stacks name, or named, or will name."""
    known = [era.credentials for stack_id in stack_ids for era in book.eras.get(stack_id, ())]
    coming = [credential_ids(one.requirement, one.capstone_credential_id) for one in defined]
    named = set[UUID]().union(*known, *coming)
    found = rows(connection, _SQL["holders"], credential_ids=list(named)) if defined else []
    return {row[0] for row in found}


def _position(award: Award) -> int:
    return award.position


def _numbers(pair: tuple[UUID, UUID]) -> tuple[int, int]:
    """An order of pairs that is found without comparing UUIDs, which is written in Python."""
    return pair[0].int, pair[1].int

"""Which records were found to be of one person, and what one operator has asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.aggregates.seal_keys import SecondPersonError
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyMergeEvent
from ledger.events.merge import MergeReason, MergeRequested, PersonsMerged


class MergedWithSelfError(InvalidError):
    """A record cannot be merged with itself."""

    slug = "merged-with-self"


class PersonMergedError(RuleError):
    """This record is another's by now; the answer names whose."""

    slug = "person-merged"


class MergeTerms(NamedTuple):
    """Who is kept, which record becomes hers, and why."""

    person_id: UUID
    merged_id: UUID
    reason: MergeReason


@dataclass(frozen=True, kw_only=True)
class Merges(Aggregate):
    """Every merge so far; none before the first was asked for."""

    asked: Mapping[tuple[UUID, UUID], tuple[MergeTerms, UUID]] = field(default_factory=dict)
    kept: Mapping[UUID, UUID] = field(default_factory=dict)  # by merged id, the id kept then

    @classmethod
    def none_yet(cls, stream: UUID) -> Self:
        return cls(id=stream, version=0)

    def person_of(self, person_id: UUID) -> UUID:
        """Who is meant by an id now."""
        while person_id in self.kept:
            person_id = self.kept[person_id]
        return person_id

    @property
    def meant(self) -> dict[UUID, UUID]:
        """Who is meant now by each id that was merged."""
        return {one: self.person_of(one) for one in self.kept}

    def ids_of(self, person_id: UUID) -> list[UUID]:
        """Every other id that means this person now."""
        return [one for one in self.kept if self.person_of(one) == person_id]

    def every_id_of(self, person_id: UUID) -> list[UUID]:
        """Every id that means the same person now as this one; that of the record kept is first."""
        meant = self.person_of(person_id)
        return [meant, *self.ids_of(meant)]

    def merge(self, act: Act, terms: MergeTerms) -> Sequence[AnyMergeEvent]:
        """Ask for a merge; when another operator has asked for the same, it happens."""
        if terms.person_id == terms.merged_id:
            raise MergedWithSelfError("these are one record already")
        if self.person_of(terms.person_id) == self.person_of(terms.merged_id):
            raise NothingChangesError("these two are one person already")
        for one in (terms.person_id, terms.merged_id):
            if one in self.kept:
                whose = self.person_of(one)
                raise PersonMergedError(f"record {one} is of person {whose}", person_id=str(whose))
        asked = self.asked.get((terms.person_id, terms.merged_id))
        if asked is None or asked[0] != terms:
            return [MergeRequested(**self.header(act), **terms._asdict())]
        requested_by = asked[1]
        if self.person_of(requested_by) == self.person_of(act.actor_id):
            raise SecondPersonError("you have asked for this; another operator has to as well")
        merged = PersonsMerged(
            **self.header(act),
            **terms._asdict(),
            requested_by=requested_by,
            confirmed_by=act.actor_id,
        )
        return [merged]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyMergeEvent) -> Self:
        state = state or cls.none_yet(event.originator_id)
        state = replace(state, version=event.originator_version)
        terms = MergeTerms(event.person_id, event.merged_id, event.reason)
        pair = (event.person_id, event.merged_id)
        match event:
            case MergeRequested():
                return replace(state, asked={**state.asked, pair: (terms, event.actor_id)})
            case PersonsMerged():
                # Nothing else that was asked about the record can happen any more.
                left = {key: one for key, one in state.asked.items() if pair[1] not in key}
                return replace(state, asked=left, kept={**state.kept, pair[1]: pair[0]})
            case _:
                assert_never(event)

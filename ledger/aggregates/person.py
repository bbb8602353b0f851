"""A person, as far as the log knows one: an id, what the vault holds of her, who numbers her."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import NothingChangesError
from ledger.events import AnyPersonEvent
from ledger.events.person import IdentityLinked, PersonDetailsRecorded, PersonRegistered
from ledger.values import VaultText


def register(person_id: UUID, act: Act) -> Sequence[AnyPersonEvent]:
    """Begin a person under an id that the vault drew at random."""
    return [PersonRegistered(**first_header(person_id, act))]


@dataclass(frozen=True, kw_only=True)
class Person(Aggregate):
    """One person."""

    details: Mapping[UUID, VaultText] = field(default_factory=dict)  # by district
    identity_hmacs: frozenset[str] = frozenset()

    def record_details(
        self, act: Act, *, district_id: UUID, details: VaultText
    ) -> Sequence[AnyPersonEvent]:
        """What the district knows her by from now on."""
        if self.details.get(district_id) == details:
            raise NothingChangesError("these are the details on record already")
        return [PersonDetailsRecorded(**self.header(act), district_id=district_id, details=details)]

    def link_identity(
        self, act: Act, *, source: str, district_id: UUID, identity_hmac: str
    ) -> Sequence[AnyPersonEvent]:
        """A number that `source` gives her in this district leads to her from now on."""
        if identity_hmac in self.identity_hmacs:
            raise NothingChangesError("this number leads to this person already")
        return [
            IdentityLinked(
                **self.header(act),
                source=source,
                district_id=district_id,
                identity_hmac=identity_hmac,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPersonEvent) -> Self:
        if state is None:
            assert isinstance(event, PersonRegistered), "a person begins by being registered"
            return cls(id=event.originator_id, version=event.originator_version)
        state = state.at_version(event.originator_version)
        match event:
            case PersonRegistered():
                raise AssertionError("a person is registered once")
            case PersonDetailsRecorded(district_id=district_id, details=details):
                return replace(state, details={**state.details, district_id: details})
            case IdentityLinked(identity_hmac=identity_hmac):
                return replace(state, identity_hmacs=state.identity_hmacs | {identity_hmac})
            case _:
                assert_never(event)

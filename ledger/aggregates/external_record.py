"""A record from elsewhere: imported once for all times, and checked again later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyExternalRecordEvent
from ledger.events.external_record import (
    ExternalItem,
    ExternalRecordImported,
    ExternalRecordRechecked,
    ItemFindings,
)
from ledger.values import VaultText

FOUND_OUT = frozenset(ItemFindings.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    """A record that was read and checked."""

    kind: Literal["open_badge_3", "learner_record_2", "open_badge_2", "document"]
    carrier: Literal["json", "token", "png", "bundle", "pdf"]
    document: VaultText
    title: VaultText | None = None  # where the record does not say it
    zone: str
    items: tuple[ExternalItem, ...]


class RecordHerOwnError(RuleError):
    """She keeps this record for herself; a district decides on what it received."""

    slug = "record-her-own"


def receive(
    stream: UUID, act: Act, *, person_id: UUID, district_id: UUID | None, new: NewRecord
) -> Sequence[AnyExternalRecordEvent]:
    """Keep a record that a district received, or that she keeps for herself."""
    check_near(*(one.earned_on for one in new.items))
    return [
        ExternalRecordImported(
            **first_header(stream, act),
            person_id=person_id,
            district_id=district_id,
            kind=new.kind,
            carrier=new.carrier,
            document=new.document,
            title=new.title,
            zone=new.zone,
            items=new.items,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class ExternalRecord(Aggregate):
    """One record of one person, with what is known of each award in it by now."""

    person_id: UUID
    district_id: UUID | None
    document: VaultText
    zone: str
    items: Mapping[UUID, ExternalItem]

    @property
    def receiver_id(self) -> UUID:
        """The district that received it. Raises RecordHerOwnError."""
        if self.district_id is None:
            raise RecordHerOwnError("let a district receive it; it decides for itself")
        return self.district_id

    def recheck(self, act: Act, found: Iterable[ItemFindings]) -> Sequence[AnyExternalRecordEvent]:
        """Note what stands otherwise than before. What was proven once stays proven."""
        changed = tuple(one for one in found if one.item_id in self.items and self._differs(one))
        if not changed:
            raise NothingChangesError("everything stands as it did")
        return [
            ExternalRecordRechecked(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.receiver_id,
                items=changed,
            )
        ]

    def _differs(self, found: ItemFindings) -> bool:
        return dict(found) != self.items[found.item_id].model_dump(include=set(FOUND_OUT))

    @classmethod
    def evolve(cls, state: Self | None, event: AnyExternalRecordEvent) -> Self:
        match event:
            case ExternalRecordImported():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    person_id=event.person_id,
                    district_id=event.district_id,
                    document=event.document,
                    zone=event.zone,
                    items={one.item_id: one for one in event.items},
                )
            case ExternalRecordRechecked(items=found):
                assert state is not None, "a record begins by being imported"
                newer = {
                    one.item_id: state.items[one.item_id].model_copy(update=dict(one))
                    for one in found
                }
                return replace(
                    state, version=event.originator_version, items={**state.items, **newer}
                )
            case _:
                assert_never(event)

"""Commands on two records of one person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.merge import Merges, MergeTerms
from ledger.aggregates.person import Person
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import details_pointer, get_person
from ledger.commands.pre_service import carried_over
from ledger.events import AnyMergeEvent, AnyPersonEvent
from ledger.events.merge import MERGES, MergeReason, PersonsMerged
from ledger.vault import Vault


def merge_persons(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    person_id: UUID,
    merged_id: UUID,
    reason: MergeReason,
) -> Receipt:
    """Say that a record is of another person; it happens when a second operator says the same.

    A district that knew the other record alone knows her by the same name and number afterwards,
    and what was recorded of an earner before service goes on to hold.

    Raises SecondPersonError, PersonMergedError, NothingChangesError, PersonErasedError.
    """

    def decide(read: Reader) -> Sequence[AnyMergeEvent | AnyPersonEvent]:
        kept, merged = (get_person(read, one) for one in (person_id, merged_id))
        events = known_merges(read).merge(call.act, MergeTerms(person_id, merged_id, reason))
        happens = isinstance(events[-1], PersonsMerged)
        if not happens:
            return events
        carried = _details(vault, call, kept, merged)
        kept = Person.fold(kept, carried) or kept
        return [*events, *carried, *carried_over(vault, call, kept, merged)]

    receipt = ledger.run(call, decide)
    kept = ledger.get(Person, person_id)
    pointers = [details_pointer(kept, district_id) for district_id in kept.details]
    vault.point_details([one for one in pointers if one is not None])
    return receipt


def merges(ledger: Ledger) -> Merges:
    """Every merge so far."""
    return ledger.find(Merges, MERGES) or Merges.none_yet(MERGES)


def known_merges(read: Reader) -> Merges:
    """Every merge so far, for a decision that rests on who is meant."""
    return read.find(Merges, MERGES) or Merges.none_yet(MERGES)


def are_one(read: Reader, one: UUID, other: UUID) -> bool:
    """Whether two ids mean one person now."""
    return one == other or person_of(read, one) == person_of(read, other)


def person_of(read: Reader, person_id: UUID) -> UUID:
    """Whom an id means now: of two records that were merged, the one that was kept."""
    return known_merges(read).person_of(person_id)


def _details(vault: Vault, call: Call, kept: Person, merged: Person) -> Sequence[AnyPersonEvent]:
    """What districts knew the other record by, where they knew nothing of the one kept."""
    events: list[AnyPersonEvent] = []
    for district_id in sorted(merged.details.keys() - kept.details.keys()):
        details = vault.get_details([merged.id], district_id).get(merged.id)
        if details is None:
            continue
        stored = vault.put_details(kept.id, district_id, details)
        events += kept.record_details(call.act, district_id=district_id, details=stored)
        kept = Person.evolve(kept, events[-1])
    return events

"""Commands on outcomes of classes: a district brings numbers of whole classes."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

from ledger.aggregates.class_outcome import ClassOutcomes, class_outcomes_stream
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import known_merges
from ledger.commands.person import get_person
from ledger.events import AnyClassOutcomeEvent
from ledger.events.class_outcome import ClassOutcome

Events = Sequence[AnyClassOutcomeEvent]


def report_class_outcomes(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    person_id: UUID,
    term: str,
    classes: Sequence[ClassOutcome],
) -> Receipt:
    """Say what came of all classes of a teacher in a term, by any number of measures.

    Raises NoSuchTermError, TermNotOverError, SmallClassError, NothingChangesError.
    """

    def decide(read: Reader) -> Events:
        get_person(read, person_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        known = _known(read, district_id, person_id, term)
        return known.report(call.act, zone=district.zone, classes=classes)

    return ledger.run(call, decide)


def withdraw_class_outcomes(
    ledger: Ledger, call: Call, *, district_id: UUID, person_id: UUID, term: str, reason: str
) -> Receipt:
    """Take back what was said of her classes. Raises NothingChangesError."""

    def decide(read: Reader) -> Events:
        return _known(read, district_id, person_id, term).withdraw(call.act, reason=reason)

    return ledger.run(call, decide)


def _known(read: Reader, district_id: UUID, person_id: UUID, term: str) -> ClassOutcomes:
    """What stands: of records that were merged the newest word, as in the view."""
    ids = known_merges(read).every_id_of(person_id)
    streams = [class_outcomes_stream(district_id, one, term) for one in ids]
    found = [known for one in streams if (known := read.find(ClassOutcomes, one)) is not None]
    none = ClassOutcomes.none_yet(district_id, ids[0], term)
    return max([none, *found], key=attrgetter("said_at"))

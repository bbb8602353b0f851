"""What a record says of the disputes about it, wherever it is shown: her words stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.edge import Edge
from api.words import words_about
from ledger.events.dispute import DisputeOutcome
from ledger.values import POSITION_MAX
from projections import disputes, history
from projections.disputes import Dispute

Notes = Mapping[UUID, "list[DisputeNote]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeNote:
    """One dispute as it is printed with the record. One that was withdrawn is not."""

    dispute_id: UUID
    stage: Literal["open", "answered"]
    opened_on: date
    due_on: date  # the last day on which an answer is in time
    outcome: DisputeOutcome | None
    reason: str | None
    answered_on: date | None
    rebuttal: str | None  # her words; null where she says nothing, or was erased

    def in_words(self) -> str:
        """What became of it, without her words."""
        if self.stage == "open":
            return f"Disputed on {self.opened_on}; an answer is due by {self.due_on}."
        answered = f"answered on {self.answered_on}: {self.outcome} ({self.reason})"
        return f"Disputed on {self.opened_on}; {answered}."


def notes_on(
    edge: Edge, connection: Connection[Any], person_id: UUID, *, until: int = POSITION_MAX
) -> Notes:
    """What to print with each of a person's records, by its id, as it was known at a position."""
    if until < POSITION_MAX:
        facts = history.events_of(connection, person_id, "dispute", until=until)
        found = disputes.disputes_of(facts)
    else:
        found = disputes.of_person(connection, person_id)
    standing = [one for one in found if one.stage != "withdrawn"]
    words = words_about(edge, person_id, [one.rebuttal_id for one in standing])
    notes: dict[UUID, list[DisputeNote]] = {}
    for one in standing:
        notes.setdefault(one.subject_id, []).append(_note(one, words))
    return notes


def _note(one: Dispute, words: Mapping[UUID, str]) -> DisputeNote:
    assert one.stage != "withdrawn", "what was withdrawn is not printed"
    return DisputeNote(
        dispute_id=one.dispute_id,
        stage=one.stage,
        opened_on=one.opened_on,
        due_on=one.due_on,
        outcome=one.outcome,
        reason=one.reason,
        answered_on=one.answered_on,
        rebuttal=words.get(one.rebuttal_id) if one.rebuttal_id else None,
    )

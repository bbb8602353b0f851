"""What districts have on file for the sake of pay: about a person, and about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from psycopg import Connection

from ledger.events.calendar import CalendarFactRecorded
from ledger.events.dossier import Fact
from ledger.rules.entitlements.gather import subject_of
from ledger.values import POSITION_MAX
from projections.log import facts_of
from projections.sql import blocks, read

_SQL = blocks("dossiers")
KINDS = [one.model_fields["kind"].default for one in get_args(get_args(Fact)[0])]
VIEWS = ("payouts",)


@dataclass(frozen=True, slots=True)
class FactOnFile:
    """A dated fact, with the version by which it can be withdrawn."""

    version: int
    position: int
    fact: dict[str, Any]


def of_person(
    connection: Connection[Any],
    person_id: UUID,
    district_id: UUID,
    *,
    subject_id: UUID | None = None,
    kind: str | None = None,
    as_of: int = POSITION_MAX,
    after: int = 0,
    limit: int = 100,
) -> list[FactOnFile]:
    """A page of what a district had on file about a person at a position, in log order.

    Args:
        connection: Shown what is the caller's to see.
        person_id: About whom.
        district_id: Whose file.
        subject_id: About one award, credit or request alone.
        kind: Of one kind alone.
        as_of: What was withdrawn by then is left out.
        after: The position of the last one seen.
        limit: At most so many.
    """
    return read(
        connection,
        FactOnFile,
        _SQL["of_person"],
        person_id=person_id,
        district_id=district_id,
        subject_id=None if subject_id is None else str(subject_id),
        kinds=KINDS if kind is None else [kind],
        as_of=as_of,
        after=after,
        limit=limit,
    )


def of_district(
    connection: Connection[Any],
    stream: UUID,
    *,
    school_id: UUID | None = None,
    kind: str | None = None,
    as_of: int = POSITION_MAX,
) -> list[FactOnFile]:
    """A district's calendar and schools at a position: of each the newest word, in log order.

    `stream` is the district's calendar; few things are in it, so it is read from the log.
    """
    newest: dict[tuple[str, object], FactOnFile] = {}
    for position, event in facts_of(connection, [stream], as_of):
        assert isinstance(event, CalendarFactRecorded), "nothing else is in a calendar"
        fact, said = event.fact, event.fact.model_dump(mode="json")
        newest[subject_of(fact)] = FactOnFile(event.originator_version, position, said)
    return sorted(
        (
            one
            for one in newest.values()
            if kind in {None, one.fact["kind"]}
            and (school_id is None or one.fact.get("school_id") == str(school_id))
        ),
        key=lambda one: one.position,
    )

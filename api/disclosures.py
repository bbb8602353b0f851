"""Who read whose record: a line for every record of another person that is shown to anybody.

A route says what it shows; before its answer leaves, the line is in the database. The lines of all
requests that wait are written together, and no request holds a thread meanwhile. What cannot be
written down is not shown: 503. A person who looks at her own record leaves no line, and waits for
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from fastapi import Request, Response
from psycopg import Connection

from api.access import is_assessor_of
from api.caller import Caller
from api.disclosure_log import DisclosureLog, Line, ReaderRole, Record
from api.reading import Read
from ledger.aggregates.enrollment_state import EnrollmentState
from projections import employments

LEAST_REFUSAL = 400  # of the statuses
# As what somebody looks who may look as several things: the one whose work it is comes first.
ROLES: tuple[
    Literal["district", "payroll", "payroll_system", "issuer_approver", "auditor"], ...
] = (
    "district",
    "payroll",
    "payroll_system",
    "issuer_approver",
    "auditor",
)
UNEXPLAINED: list[tuple[ReaderRole, UUID | None]] = [
    ("unexplained", None)  # shown by a rule that this page does not know
]


def shows(
    read: Read[Any],
    record: Record,
    person_ids: Iterable[UUID],
    *,
    within: Iterable[UUID],
    role: ReaderRole | None = None,
    thing_id: UUID | None = None,
) -> None:
    """Say that the answer shows this record of these persons.

    Args:
        read: Whose answer it is.
        record: What of them is shown.
        person_ids: Whose it is; the caller's own is nobody's business.
        within: The districts or issuers for which the caller may be shown it.
        role: As what, where that is not one of the roles that she was granted.
        thing_id: Of what a record has several, which one.
    """
    caller = read.caller
    others = sorted({one for one in person_ids if not caller.is_person(one)})
    if others:
        organizations = sorted(set(within))
        capacities = (
            [(role, one) for one in organizations] if role else capacities_of(caller, organizations)
        )
        read.request.scope["state"].setdefault("shown", []).extend(
            Line(read.at, person_id, caller.principal_id, as_role, organization, record, thing_id)
            for person_id in others
            for as_role, organization in capacities
        )


def shows_person(
    read: Read[Any],
    connection: Connection[Any],
    record: Record,
    person_id: UUID,
    *,
    issuer_ids: Iterable[UUID] = (),
    thing_id: UUID | None = None,
) -> None:
    """Say that the answer shows a record of a person, to whoever employs or employed her."""
    if not read.caller.is_person(person_id):
        held = employments.of_person(connection, person_id)
        within = {one.district_id for one in held}.union(issuer_ids)
        shows(read, record, [person_id], within=within, thing_id=thing_id)


def shows_enrollment(
    read: Read[Any], record: Record, enrollment: EnrollmentState, *, thing_id: UUID | None = None
) -> None:
    """Say that the answer shows something of an enrollment: to an assessor, or to its issuer."""
    assesses = is_assessor_of(read.caller, enrollment)
    shows(
        read,
        record,
        [enrollment.person_id],
        within=[enrollment.issuer_id],
        role="assessor" if assesses else None,
        thing_id=thing_id or enrollment.id,
    )


def capacities_of(
    caller: Caller, organization_ids: Sequence[UUID]
) -> list[tuple[ReaderRole, UUID | None]]:
    """As what the caller looks: her first role for each organization, and for the state."""
    found: list[tuple[ReaderRole, UUID | None]] = []
    for organization_id in organization_ids:
        found += [
            (role, organization_id) for role in ROLES if (role, organization_id) in caller.grants
        ][:1]
    if ("auditor", None) in caller.grants:
        found.append(("auditor", None))
    return found or UNEXPLAINED


async def written_down(request: Request, response: Response) -> Response:
    """The answer, once it is written down whose record it shows."""
    lines: list[Line] = request.scope["state"].get("shown", [])
    if lines and response.status_code < LEAST_REFUSAL:
        log: DisclosureLog = request.app.state.edge.disclosures
        await asyncio.wrap_future(log.write(lines))
    return response

"""How commands reach the ledger: over an edge of their own, asking first, and written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from api.cli_imports import COMMAND_LINE
from api.cli_server import serving_settings

if TYPE_CHECKING:
    from api.disclosure_log import Record
    from api.edge import Edge

LINES_AT_ONCE = 1_000


@contextmanager
def open_edge() -> Iterator[Edge]:
    """The ledger of this machine's settings, closed at the end."""
    from api.edge import Edge  # noqa: PLC0415 - loads slowly, and other commands do without

    edge = Edge.open(serving_settings())
    try:
        yield edge
    finally:
        edge.close()


@contextmanager
def open_to_write() -> Iterator[Edge]:
    """The same for a command that writes to the log, as routes that write ask first.

    Raises:
        WritesRefusedError: the log has lost what its witnesses hold, or too few of them answer.
    """
    with open_edge() as edge:
        edge.witnesses.must_allow_writing()
        yield edge


def write_down(
    edge: Edge,
    record: Record,
    person_ids: Iterable[UUID],
    district_id: UUID,
    *,
    principal: UUID = COMMAND_LINE,
) -> None:
    """Store whose record a command shows, before it does: its principal's, and never her own.

    She looks as what she was granted for the district; whoever was granted nothing there, and the
    command line's own account, as the operator of this machine.

    Raises:
        DisclosureUnwrittenError: it could not be stored, so it must not be shown.
    """
    from api.caller import Caller  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.clock import wall  # noqa: PLC0415
    from api.disclosure_log import Line  # noqa: PLC0415
    from api.disclosures import UNEXPLAINED, capacities_of  # noqa: PLC0415

    caller, at = Caller(principal, edge.ledger, edge.watch.meant), wall()
    capacities = capacities_of(caller, [district_id])
    if capacities == UNEXPLAINED:
        capacities = [("operator", district_id)]
    shown = sorted({one for one in person_ids if not caller.is_person(one)})
    for start in range(0, len(shown), LINES_AT_ONCE):
        lines = [
            Line(at, person_id, principal, role, organization_id, record, None)
            for person_id in shown[start : start + LINES_AT_ONCE]
            for role, organization_id in capacities
        ]
        edge.disclosures.write(lines).result()

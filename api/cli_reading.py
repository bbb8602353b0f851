"""How commands look at people's records: over an edge of their own, and with it written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
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


def write_down(
    edge: Edge, at: datetime, record: Record, person_ids: Iterable[UUID], district_id: UUID
) -> None:
    """Store whose record is shown, before it is: to whoever runs this machine, as an operator.

    Raises:
        DisclosureUnwrittenError: it could not be stored, so it must not be shown.
    """
    from api.disclosure_log import Line  # noqa: PLC0415

    shown = sorted(set(person_ids))
    for start in range(0, len(shown), LINES_AT_ONCE):
        lines = [
            Line(at, person_id, COMMAND_LINE, "operator", district_id, record, None)
            for person_id in shown[start : start + LINES_AT_ONCE]
        ]
        edge.disclosures.write(lines).result()

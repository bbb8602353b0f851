"""Status lists as they are served: derived from the log, signed, and kept until they change.

A list says of every record of an issuer whether it is revoked, and of none whether it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from fastapi import Request

from api.edge import Edge
from api.record_addresses import addresses_of
from api.record_signing import signer_of
from ledger.errors import NotFoundError
from ledger.records.status import status_list
from projections import records

VIEW = ("records",)
FRESH = timedelta(hours=12)  # signed anew then, though nothing has changed
VALID = timedelta(days=1)  # for whoever keeps a copy


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list of one moment, as a document and as a token."""

    document: dict[str, Any]
    token: str
    revoked: tuple[int, ...]
    keys: tuple[str, str]
    position: int  # of the view; nothing behind it has changed the list
    made_at: datetime


class StatusLists:
    """The lists that this process has signed. Any number of threads may ask."""

    def __init__(self) -> None:
        self._made: dict[tuple[UUID, int], StatusList] = {}
        self._lock = Lock()  # one signs, and whoever waits finds it signed

    def find(self, edge: Edge, issuer_id: UUID, list_number: int, at: datetime) -> StatusList:
        """A list as it stands. Raises NotFoundError when no record has a place in it."""
        position = edge.watch.position(VIEW)
        made = self._made.get((issuer_id, list_number))
        if made is not None and made.position == position and _is_fresh(made, at):
            return made
        with self._lock:
            return self._find(edge, issuer_id, list_number, at, position)

    def _find(
        self, edge: Edge, issuer_id: UUID, list_number: int, at: datetime, position: int
    ) -> StatusList:
        with edge.reading([issuer_id]) as connection:
            revoked = records.revoked(connection, issuer_id, list_number)
        if revoked is None:
            raise NotFoundError(f"issuer {issuer_id} has no status list {list_number}")
        made = self._made.get((issuer_id, list_number))
        signer = signer_of(edge, issuer_id, at)
        keys = signer.key.key, signer.token_key.key
        if (
            made is not None
            and _is_fresh(made, at)
            and (made.revoked, made.keys) == (revoked, keys)
        ):
            made = replace(made, position=position)
        else:
            document = status_list(
                url=addresses_of(edge.settings).status_list(issuer_id, list_number),
                issuer_id=signer.issuer_id,
                revoked=revoked,
                valid_from=at,
                valid_until=at + VALID,
            )
            signed = signer.signed(document, at)
            made = StatusList(signed, signer.token(signed), revoked, keys, position, at)
        self._made[issuer_id, list_number] = made
        return made


def status_lists_of(request: Request) -> StatusLists:
    """The lists of the process that answers."""
    lists: StatusLists = request.app.state.status_lists
    return lists


def _is_fresh(made: StatusList, at: datetime) -> bool:
    return made.made_at <= at < made.made_at + FRESH

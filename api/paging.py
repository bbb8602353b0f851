"""Keyset paging: a page ends where the next begins, whatever is written in between.

A cursor is the sort key of the last row, opaque to the caller. It grants nothing: what a caller
may see is decided anew for each page.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from api.answers import answer
from ledger.errors import InvalidError
from ledger.values import POSITION_MAX

LIMIT_MAX = 200
CURSOR_CHARACTERS_MAX = 1000
Item = TypeVar("Item")
Key = TypeVar("Key")
KeyPart = int | str | UUID | date | datetime | bool | None


class CursorError(InvalidError):
    """The cursor is not one that this list gave out."""

    slug = "invalid-cursor"


class PageOf(BaseModel, Generic[Item]):
    """Some items of a list, and where the next ones begin."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next: str | None  # null: this was the last page


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for."""

    limit: int
    cursor: str | None
    request: Request

    def after(self, kind: type[Key], first: Key) -> Key:
        """The sort key to continue after; at the beginning one that sorts before all others.

        Raises CursorError when the cursor does not hold a key of this kind.
        """
        if self.cursor is None:
            return first
        padded = self.cursor + "=" * (-len(self.cursor) % 4)
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(padded))
            _must_be_storable(parts)
            return TypeAdapter(kind).validate_python(parts)
        except (ValueError, ValidationError):
            raise CursorError("this list gave out no such cursor; begin without one") from None

    def answer(
        self,
        items: Sequence[Any],
        position: int | None = None,
        *,
        key: tuple[KeyPart, ...] | KeyPart = None,
        **more: Any,
    ) -> Response:
        """The page. `key` is the sort key of its last item; `more` goes beside the items."""
        cursor = _encode(key) if len(items) >= self.limit and key is not None else None
        link = {"Link": self._link(cursor)} if cursor else {}
        return answer({"items": items, "next": cursor, **more}, position=position, **link)

    def _link(self, cursor: str) -> str:
        """Leads to the next page (RFC 8288)."""
        kept = [(k, v) for k, v in self.request.query_params.multi_items() if k != "cursor"]
        return f'<{self.request.url.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'


def _must_be_storable(parts: object) -> None:
    """No row sorts by what no column holds: the database would fail over it. Raises ValueError."""
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, str) and "\0" in part:
            raise ValueError("a text of the database holds no NUL")
        if isinstance(part, int) and abs(part) > POSITION_MAX:
            raise ValueError("a number of the database has 64 bits")


def _encode(key: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")

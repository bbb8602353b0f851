"""Keyset paging: a page ends where the next begins, whatever is written in between.

A cursor is the sort key of the last row, opaque to the caller. It grants nothing: what a caller
may see is decided anew for each page.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ledger.errors import InvalidError

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

    def after(self, key: type[Key]) -> Key | None:
        """The sort key to continue after, or None at the beginning.

        Raises CursorError when the cursor does not hold a key of this kind.
        """
        if self.cursor is None:
            return None
        padded = self.cursor + "=" * (-len(self.cursor) % 4)
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(padded))
            return TypeAdapter(key).validate_python(parts)
        except (ValueError, ValidationError):
            raise CursorError("this list gave out no such cursor; begin without one") from None

    def next_cursor(self, rows: Sequence[Any], key: tuple[KeyPart, ...] | None) -> str | None:
        """The cursor behind the last of `limit` rows; None when fewer than that came."""
        if len(rows) < self.limit or key is None:
            return None
        return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")

    def link(self, cursor: str) -> str:
        """The `Link` header that leads to the next page (RFC 8288)."""
        kept = [(k, v) for k, v in self.request.query_params.multi_items() if k != "cursor"]
        return f'<{self.request.url.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'


async def paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX)] = None,
) -> Paging:
    return Paging(limit=limit, cursor=cursor, request=request)

"""One JSON line for each thing worth telling, without anybody's name, text or token.

An unforeseen failure is told by its class and the places it passed: the message of an exception
may repeat what was sent. In development the message is worth more than the caution.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def __init__(self, *, with_messages: bool) -> None:
        super().__init__()
        self._with_messages = with_messages

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["failure"] = self._failure(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()

    def _failure(self, error: BaseException) -> dict[str, Any]:
        places = [
            f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)
        ]
        told = {"message": str(error)} if self._with_messages else {}
        return {"class": type(error).__qualname__, "places": places, **told}


def configure(*, in_development: bool) -> None:
    """Send everything the process logs to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(with_messages=in_development))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # It tells of each of its own parts, once in every process that looks at the revision.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

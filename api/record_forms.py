"""The forms in which a record is given out, and which of them a request asks for."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from fastapi import Request

DOCUMENT: Final = "application/vc+ld+json"
TOKEN: Final = "text/plain; charset=utf-8"  # noqa: S105 - displayers refuse application/jwt

# What the OpenAPI says of each: who reads JSON by its type gets an object.
OBJECT: Final[dict[str, Any]] = {"schema": {"type": "object"}}
TEXT: Final[dict[str, Any]] = {"schema": {"type": "string"}}
CONTENT: Final[dict[str, Any]] = {
    DOCUMENT: OBJECT,
    "text/plain": TEXT,
    "image/png": {"schema": {"type": "string", "format": "binary"}},
}


class Form(StrEnum):
    """Each by the type that is asked for."""

    DOCUMENT = "application/json"
    TOKEN = "text/plain"  # noqa: S105 - a media type
    IMAGE = "image/png"


def wanted(request: Request, *forms: Form) -> Form:
    """The first of the forms that `Accept` names; the first of all where it names none."""
    for named in request.headers.get("accept", "").lower().split(","):
        media_type = named.partition(";")[0].strip()
        if media_type in forms:
            return Form(media_type)
    return forms[0]

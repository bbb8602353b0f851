"""What every page for people is made from: a template, the one style, and leave to do nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any, Final

from fastapi import Response

HTML: Final = "text/html"
PAGE: Final[dict[int | str, dict[str, Any]]] = {  # what the OpenAPI says of it
    200: {"content": {HTML: {"schema": {"type": "string"}}}}
}
STYLE: Final = "verify.css"


def plain_page(
    template: str,
    words: Mapping[str, str],
    *,
    form_action: str = "'none'",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page that may load and run nothing. Its words are HTML: whoever gives them escapes them."""
    text = Template(_file(template)).substitute(words, style=_file(STYLE))
    policy = (
        f"default-src 'none'; style-src '{_style_hash()}'; form-action {form_action};"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    sent = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    return Response(text, headers=sent, media_type=f"{HTML}; charset=utf-8")


@cache
def _file(name: str) -> str:
    return files("api.pages").joinpath(name).read_text("utf-8")


@cache
def _style_hash() -> str:
    return f"sha256-{b64encode(sha256(_file(STYLE).encode()).digest()).decode()}"

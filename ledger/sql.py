"""SQL lives in `.sql` files beside the code: `-- name: load_keys` begins the block load_keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


@cache
def blocks(package: str, file_name: str) -> Mapping[str, LiteralString]:
    """The named blocks of one `.sql` file of a package."""
    text = files(package).joinpath(file_name).read_text(encoding="utf-8")
    parts = _HEADING.split(text)[1:]
    names, bodies = parts[::2], parts[1::2]
    assert len(set(names)) == len(names), f"{file_name} names a block twice"
    # These texts ship with the code and are as safe as strings defined in it.
    return {
        name: cast("LiteralString", body.strip())
        for name, body in zip(names, bodies, strict=True)
    }

"""Files of equivalency rules: read whole or refused, with file, line and field of every flaw.

A file is what the ledger ships in `ledger/rules/jurisdictions`: a jurisdiction and the versions of
its rules, the oldest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from ledger.commands.equivalency import RuleFile
from ledger.errors import InvalidError

Where = tuple[str | int, ...]
FILE_BYTES_MAX = 1024 * 1024
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


class RuleFileError(InvalidError):
    """A file of equivalency rules cannot be read as rules."""

    slug = "rule-file-refused"


def read_rules(path: Path) -> RuleFile:
    """The rules of a file.

    Raises:
        RuleFileError: something is wrong; the message names every place of it.
    """
    name, content = path.name, path.read_bytes()[: FILE_BYTES_MAX + 1]
    if len(content) > FILE_BYTES_MAX:
        raise RuleFileError(f"{name}: a file of rules has no more than {FILE_BYTES_MAX} bytes")
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise RuleFileError(
            f"{name}:{error.lineno}: column {error.colno}: JSON was expected: {error.msg}"
        ) from None
    try:
        file = RuleFile.model_validate(found)
    except ValidationError as error:
        lines = dict(_lines(content.decode()))
        said = [
            f"{name}:{_line_of(flaw['loc'], lines)}: {_field(flaw['loc'])}: {flaw['msg']}"
            for flaw in error.errors(include_url=False, include_context=False)
        ]
        raise RuleFileError("; ".join(said)) from None
    for number, terms in enumerate(file.versions):
        if terms.jurisdiction != file.jurisdiction:
            line = dict(_lines(content.decode()))[("versions", number, "jurisdiction")]
            raise RuleFileError(
                f"{name}:{line}: versions.{number}.jurisdiction:"
                f" {file.jurisdiction} was expected, as the file says above"
            )
    return file


def _field(where: Sequence[str | int]) -> str:
    return ".".join(map(str, where)) or "the whole file"


def _line_of(where: Sequence[str | int], lines: dict[Where, int]) -> int:
    """The line of a field; of what it is missing from where it is not there."""
    known = tuple(where)
    while known not in lines and known:
        known = known[:-1]
    return lines.get(known, 1)


def _lines(text: str) -> Iterator[tuple[Where, int]]:
    """The line on which each value of a JSON text begins, by the way that leads to it."""
    path: list[Any] = []
    opened: list[str] = []
    previous = ""
    for token in _TOKEN.finditer(text):
        word = token[0]
        line = text.count("\n", 0, token.start()) + 1
        begins_item = bool(opened) and opened[-1] == "[" and previous in {"[", ","}
        if begins_item and word != "]":
            path[-1] = path[-1] + 1 if previous == "," else 0
        is_key = bool(opened) and opened[-1] == "{" and previous in {"{", ","}
        if is_key and word != "}":
            path[-1] = orjson.loads(word)
        elif word not in {"]", "}", ",", ":"}:
            yield tuple(path), line
        if word in {"[", "{"}:
            opened.append(word)
            path.append(None)
        elif word in {"]", "}"}:
            opened.pop()
            path.pop()
        previous = word

"""A file of rules: what a board is asked to adopt, in TOML, before any district has adopted it.

    id = "I10"                     its name among the files that come along
    name = "Milestone bonus"       what people call it
    sources = ["V19"]              headings of docs/sources.md, and [A] for assumptions
    [names]                        what a district has to name: credentials, issuers, stacks
    literacy = "the credential that starts the count"
    [[rules]]                      one or more, each as `ledger.events.policy_rule.Rule`
    key = "bonus"

Where a rule wants an id, "@literacy" stands for what the district names so. A file is taken whole
or not at all; every flaw names the file, the line, the field, and what was expected there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import Field, ValidationError

from ledger.errors import InvalidError
from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.soundness import misfits
from ledger.values import Day, ShortText, Slug, Value

_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
_RULE = "rules"
_RULES_HEADER = re.compile(r"\s*\[\[\s*rules\s*\]\]")
_AT_LINE = re.compile(r"at line (\d+)")


class PolicyFileError(InvalidError):
    """A file of policies cannot be read as rules."""

    slug = "policy-file-refused"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a file, as people read it."""

    file: str
    field: str
    expected: str
    line: int | None = None  # null: it is about the file as a whole

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.expected}"

    def in_text(self, text: str) -> Flaw:
        """The same with the line, as far as the text has one for the field."""
        return replace(self, line=line_of(text, self.field))


class NamedRule(Value):
    """One rule of a file and its key there."""

    key: Slug
    rule: Rule


class PolicyFile(Value):
    """A file of rules, whole."""

    id: str = Field(pattern=_ID.pattern)
    name: ShortText
    sources: tuple[ShortText, ...] = Field(min_length=1)
    notes: ShortText | None = None
    board_reference: ShortText | None = None  # null: no board has adopted it yet
    adopted_on: Day | None = None
    names: dict[Slug, ShortText] = Field(default_factory=dict)
    rules: tuple[NamedRule, ...] = Field(min_length=1)


def parse(text: str, file: str, names: Mapping[str, UUID]) -> PolicyFile:
    """The file's rules, with the district's own ids in the places of its names.

    Args:
        text: TOML.
        file: What the file is called, for flaws.
        names: What the district calls what; every name in `[names]` has to be there.

    Raises:
        PolicyFileError: something is wrong; `flaws` among its operands names all of it.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refused([_broken(file, text, error)]) from error
    except RecursionError as error:
        raise refused(
            [Flaw(file, "TOML", "lists and tables within one another, not so deep")]
        ) from error
    try:
        return _parsed(content, file, names)
    except PolicyFileError as error:
        raise refused([flaw.in_text(text) for flaw in error.operands["flaws"]]) from error


def _parsed(content: dict[str, Any], file: str, names: Mapping[str, UUID]) -> PolicyFile:
    wanted, rules = content.get("names", {}), content.get(_RULE, [])
    for field, value, kind in (("names", wanted, dict), (_RULE, rules, list)):
        if not isinstance(value, kind):
            raise refused([Flaw(file, field, "a table, as [names] or [[rules]] begins one")])
    unnamed = sorted(set(wanted) - set(names))
    flaws = [Flaw(file, f"names.{name}", f"an id for {wanted[name]}") for name in unnamed]
    flaws += _undeclared(rules, file, wanted)
    if flaws:
        raise refused(flaws)
    ids = {name: str(names[name]) for name in wanted}
    bound = [_shaped(_bind(rule, ids)) for rule in rules]
    try:
        found = PolicyFile.model_validate(content | {_RULE: bound})
    except ValidationError as error:
        raise refused(_flaws(file, error)) from error
    flaws = [
        Flaw(file, f"{_RULE}.{place}.{misfit.field}", misfit.expected)
        for place, one in enumerate(found.rules)
        for misfit in misfits(one.rule)
    ] + [
        Flaw(file, f"{_RULE}.{place}.key", f"a key of its own: {one.key} is an earlier rule's")
        for place, one in enumerate(found.rules)
        if one.key in {other.key for other in found.rules[:place]}
    ]
    if flaws:
        raise refused(flaws)
    return found


def _broken(file: str, text: str, error: tomllib.TOMLDecodeError) -> Flaw:
    """Where a text stops being TOML: its message says it, or it is at the end."""
    said = _AT_LINE.search(str(error))
    line = int(said.group(1)) if said else len(text.splitlines())
    return Flaw(file, "TOML", f"was expected: {error}", max(line, 1))


def line_of(text: str, field: str) -> int | None:
    """The line on which a field begins, or else what lacks it; null for what is nowhere.

    TOML's reader does not say where it found a value, so the text is looked through for the key,
    in the part of the rule or table that the field is in.
    """
    lines = text.splitlines()
    if field.startswith("@"):
        return next((n for n, line in enumerate(lines, 1) if f'"{field}"' in line), None)
    part, name = _part_with(lines, field.split("."))
    if name is not None:
        key = re.compile(rf"\s*(?:\[+\s*(?:rules\.)?)?{re.escape(name)}\s*[=.\]]")
        found = next((n for n in part if key.match(lines[n])), None)
        if found is not None:
            return found + 1
    return part.start + 1 if part.start else None


def _part_with(lines: Sequence[str], path: Sequence[str]) -> tuple[range, str | None]:
    """The lines of the rule or table that a field is in, and the key to look for in it."""
    begins = [n for n, line in enumerate(lines) if _RULES_HEADER.match(line)]
    begins.append(len(lines))
    head, *rest = path
    if head == _RULE and rest and not rest[0].isdecimal():
        return range(len(lines)), None  # a key in quotes with a dot in it, and no rule's
    if head == _RULE and rest and int(rest[0]) < len(begins) - 1:
        at = int(rest[0])
        return range(begins[at], begins[at + 1]), (rest[1] if rest[1:] else None)
    if head == "names" and rest and "[names]" in (line.strip() for line in lines):
        begin = next(n for n, line in enumerate(lines) if line.strip() == "[names]")
        return range(begin, len(lines)), rest[0]
    return range(len(lines)), head


def names_in(text: str) -> dict[str, str]:
    """What the file asks a district to name, and what for; nothing where it is no TOML."""
    try:
        wanted = tomllib.loads(text).get("names", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return wanted if isinstance(wanted, dict) else {}


def refused(flaws: list[Flaw]) -> PolicyFileError:
    """The error that names all flaws."""
    text = "; ".join(str(flaw) for flaw in flaws)
    return PolicyFileError(f"nothing was loaded: {text}", flaws=flaws)


def _shaped(rule: Any) -> Any:
    """A rule of a file has its key among its own fields."""
    if not isinstance(rule, dict):
        return rule
    return {"key": rule.get("key"), "rule": {k: v for k, v in rule.items() if k != "key"}}


def _undeclared(rules: Any, file: str, wanted: Mapping[str, Any]) -> list[Flaw]:
    found = sorted({name for name in _placeholders(rules) if name not in wanted})
    return [Flaw(file, f"@{name}", "a name that [names] explains") for name in found]


def _placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("@"):
        yield value[1:]
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _placeholders(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _placeholders(inner)


def _bind(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return ids[value[1:]]
    if isinstance(value, dict):
        return {name: _bind(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_bind(inner, ids) for inner in value]
    return value


def _flaws(file: str, error: ValidationError) -> list[Flaw]:
    """Each flaw once: to the model a flawed rule is none, which it would then miss as well."""
    found = error.errors()
    inside = any(len(one["loc"]) > 1 and one["loc"][0] == _RULE for one in found)
    return [_flaw(file, dict(one)) for one in found if not (inside and one["loc"] == (_RULE,))]


def _flaw(file: str, error: Mapping[str, Any]) -> Flaw:
    """What the model says of a field, in the words of the file."""
    path = ".".join(str(part) for part in error["loc"] if part != "rule")
    expected = str(error["msg"])
    return Flaw(file, path or "file", expected[:1].lower() + expected[1:])

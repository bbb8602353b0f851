"""What guards the log: grants, triggers, functions, policies and constraints, as migrations made.

Nothing here proves that an event was changed; that is for `verify` to say. But whoever took a
trigger away, granted a right or rewrote a function could change events that are not sealed yet,
or read what is not theirs. `structure.json` describes what the migrations make. It is made from
freshly migrated tables by `python -m tests.seal.structure`, and a test holds it to that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Literal

from psycopg import Connection

from ledger.sql import blocks, fetch
from ledger.store import Role, role_name

SQL = blocks("ledger.seal", "structure.sql")
FILE_NAME = "structure.json"
Described = Mapping[str, Any]
Structure = Mapping[str, Described]  # what is known of each object, by its name


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as the migrations made it."""

    object: str
    kind: Literal["missing", "changed", "added"]
    detail: str

    def __str__(self) -> str:
        return f"{self.object} {self.detail}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def describe(
    connection: Connection[Any], schema: str = "ledger", role_prefix: str = "ledger"
) -> dict[str, Described]:
    """Everything that guards a schema, with the names of its roles as `<append>` and so on."""
    roles = {role_name(role, role_prefix): role for role in Role}
    with connection.transaction():
        fetch(connection, SQL["only_this_schema"], schema=schema)
        found = fetch(connection, SQL["objects"], schema=schema, roles=list(roles))
    named = re.compile(f"""[<"]({"|".join(roles)})[>"]""")

    def told(text: str) -> str:
        return named.sub(lambda match: f"<{roles[match[1]]}>", text)

    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return told(value)
        return [plain(one) for one in value] if isinstance(value, list) else value

    return {
        told(name): _summed_up({key: plain(value) for key, value in described.items()}, schema)
        for name, described in found
    }


def differences(expected: Structure, found: Structure) -> list[Difference]:
    """Every object that one of the two lacks, or has otherwise, by name."""
    told = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            told.append(Difference(name, "missing", "is missing"))
        elif name not in expected:
            told.append(Difference(name, "added", "was not made by the migrations"))
        elif expected[name] != found[name]:
            told.append(Difference(name, "changed", _change(expected[name], found[name])))
    return told


def check_structure(
    connection: Connection[Any], schema: str = "ledger", role_prefix: str = "ledger"
) -> list[Difference]:
    """What of a ledger's own schema is not as the migrations made it.

    Tables of projections are none of this: they are derived, and `mcledger check` looks at them.
    """
    known = _known()
    with connection.transaction():
        fetch(connection, SQL["only_this_schema"], schema=schema)
        [(revision,)] = fetch(connection, SQL["revision"])
    if revision != known["revision"]:
        text = (
            f"is {revision}, and {known['revision']} is what can be compared: run mcledger migrate"
        )
        return [Difference("the revision of the tables", "changed", text)]
    return differences(known["objects"], describe(connection, schema, role_prefix))


def written(connection: Connection[Any], revision: str) -> str:
    """The content of `structure.json` for a freshly migrated ledger."""
    objects = sorted(describe(connection).items())
    lines = [f"{json.dumps(name)}: {json.dumps(known, sort_keys=True)}" for name, known in objects]
    listed = ",\n".join(lines)  # one line for each object, so that a change is seen as one
    return f'{{"revision": "{revision}", "objects": {{\n{listed}\n}}}}\n'


@cache
def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(files("ledger.seal").joinpath(FILE_NAME).read_text("utf-8"))
    return known


def _summed_up(described: dict[str, Any], schema: str) -> dict[str, Any]:
    """What is nothing is left out, a source is known by its hash, the schema has no name."""
    kept = {key: value for key, value in described.items() if value not in (None, "", [])}
    if "source" in kept:
        kept["source"] = f"sha256:{sha256(kept['source'].encode()).hexdigest()}"
    if "settings" in kept:
        whole = re.compile(rf"(?<=search_path=){re.escape(schema)}\b")
        kept["settings"] = sorted(whole.sub("<schema>", setting) for setting in kept["settings"])
    return kept


def _change(expected: Described, found: Described) -> str:
    """Which of an object's properties are others than they should be."""
    said = [
        f"{key}: {found.get(key, 'none')}, not {expected.get(key, 'none')}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    return "was changed: " + "; ".join(said)

"""A sample of what was paid, drawn so that anybody can draw it again, with everything behind it.

The lots are hashes of the seed and each line's id; the lowest are drawn. All that is said is as
known at one position of the log, so the same seed, size and position give the same bytes.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from pydantic import BaseModel

from api.edge import Edge
from api.explanations import VIEWS, explain
from api.exports.records import dollars
from ledger.aggregates.organization import Organization
from ledger.errors import InvalidError
from ledger.store import EVERYTHING
from ledger.values import local_date
from projections import batches
from projections.batches import Batches, Line
from projections.journal import fiscal_years, payroll_streams
from projections.known import folded
from projections.log import facts_at

COLUMNS = (
    "sample_no",
    "line_id",
    "attempt",
    "kind",
    "batch_no",
    "entitlement_id",
    "person_id",
    "policy_id",
    "policy_version",
    "amount",
    "pay_date",
    "status",
    "file",
    "sha256",
)
HOW = """Audit sample of district {district_id}, fiscal year {fiscal_year}

Population: every line of a closed batch that was not voided, rejected or released, of what was
earned for the fiscal year, as known at position {position} of the log.
Lines: {lines}. Sum: {sum}. SHA-256 of their ids (line id, a slash, attempt, a newline; in order):
{digest}

Drawn: the {size} lowest lots. A line's lot is the SHA-256 of the seed, a newline, the line's id, a
slash and its attempt. Seed: {seed}

To draw it again, with the same bytes:
mcledger audit sample --district {district_id} --fiscal-year {fiscal_year} --size {size} \
--seed {seed} --position {position} --out sample.zip

index.csv has a line for each; its file says everything behind it, and the file's SHA-256.
"""
MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the zip, or no two would be equal


class SampleRefusedError(InvalidError):
    """Nothing can be drawn so."""

    slug = "sample-refused"


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn sample: the zip, and whose records are in it."""

    content: bytes
    person_ids: frozenset[UUID]
    population: int
    position: int


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn: so many of one year's lines, by a seed, as of a position (null: now)."""

    district_id: UUID
    fiscal_year: int
    size: int
    seed: str
    position: int | None = None


def draw(edge: Edge, wanted: Draw) -> Sample:
    """Draw a sample, and put everything behind each line into a zip.

    Raises:
        SampleRefusedError: the size is not positive, or the seed has a line break in it.
    """
    if wanted.size < 1 or not wanted.seed.isprintable() or not wanted.seed:
        raise SampleRefusedError("a sample has a positive size and a seed of printable characters")
    zone = edge.ledger.get(Organization, wanted.district_id).zone
    position = edge.visible(VIEWS, wanted.position or 0)
    position = position if wanted.position is None else wanted.position
    with edge.reading([EVERYTHING]) as connection:
        day = local_date(facts_at(connection, [position])[0].event.occurred_at, zone)
        streams = payroll_streams(connection, wanted.district_id)
        with folded(connection, Batches(), streams, position):  # payroll as it was known
            lines = _population(connection, wanted, position)
            drawn = sorted(lines, key=lambda line: _lot(wanted.seed, line))[: wanted.size]
            files = [(line, _explained(connection, line, position, day)) for line in drawn]
    how = HOW.format(
        district_id=wanted.district_id,
        fiscal_year=wanted.fiscal_year,
        position=position,
        size=wanted.size,
        seed=wanted.seed,
        lines=len(lines),
        sum=dollars(sum(line.amount_cents for line in lines)),
        digest=sha256("".join(sorted(f"{_name(line)}\n" for line in lines)).encode()).hexdigest(),
    )
    people = frozenset(line.person_id for line in drawn)
    return Sample(_zip(how, files), people, len(lines), position)


def _population(connection: Connection[Any], wanted: Draw, position: int) -> list[Line]:
    closed = batches.closed_lines(connection, wanted.district_id, as_of=position)
    ids = list({line.entitlement_id for line in closed})
    years = fiscal_years(connection, ids, as_of=position)
    return [line for line in closed if years.get(line.entitlement_id) == wanted.fiscal_year]


def _name(line: Line) -> str:
    return f"{line.line_id}/{line.attempt}"


def _lot(seed: str, line: Line) -> bytes:
    return sha256(f"{seed}\n{_name(line)}".encode()).digest()


def _explained(connection: Connection[Any], line: Line, position: int, day: date) -> bytes:
    why = explain(connection, line.entitlement_id, effective_on=day, as_of=position)
    said = {"drawn": line, "explanation": why}
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(said, option=options, default=_fields_of)


def _fields_of(value: object) -> dict[str, Any]:
    assert isinstance(value, BaseModel), "everything else is known to orjson"
    return vars(value)


def _zip(how: str, files: Sequence[tuple[Line, bytes]]) -> bytes:
    named = [
        (f"{number:04}-{line.line_id}.json", line, content)
        for number, (line, content) in enumerate(files, 1)
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "README.txt", how.encode())
        _add(archive, "index.csv", _index(named).encode())
        for name, _, content in named:
            _add(archive, name, content)
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, MOMENT), content)


def _index(files: Iterable[tuple[str, Line, bytes]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, (name, line, content) in enumerate(files, 1):
        writer.writerow(
            [
                number,
                line.line_id,
                line.attempt,
                line.kind,
                line.number,
                line.entitlement_id,
                line.person_id,
                line.policy_id,
                line.policy_version,
                dollars(line.amount_cents),
                line.pay_date,
                line.status,
                name,
                sha256(content).hexdigest(),
            ]
        )
    return text.getvalue()

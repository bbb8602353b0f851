"""What a payroll file says of a line beside what the batch does: evidence, positions, units."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events.enrollment import Awarded, EvidenceUploaded, Resubmitted, Submitted
from projections.sql import blocks, rows

VIEWS = ("payouts", "employments")
ENTITLEMENTS_AT_ONCE = 5_000
_TOPICS = [event.TOPIC for event in (EvidenceUploaded, Submitted, Resubmitted)]
_SQL = blocks("line_facts")


class Held(NamedTuple):
    """A position that somebody held in a district, both days included; null: to this day."""

    employment_id: str
    first_day: date
    last_day: date | None


class Counted(NamedTuple):
    """What an entitlement comes to before anything limits it: so many units at so much each."""

    units: Fraction
    rate_cents: int


def counted(
    connection: Connection[Any], entitlement_ids: Collection[str], *, through: int
) -> dict[str, Counted]:
    """By entitlement the units and the rate of one that is nothing but units, as known then."""
    found = {}
    for ids in _pages(entitlement_ids):
        page = rows(connection, _SQL["counted"], entitlement_ids=_array(ids), through=through)
        for entitlement_id, checks in page:
            amounts = [one["inputs"] for one in checks if one["rule"] == "amount"]
            paying = [one for one in amounts if one["amount_cents"]]
            if len(paying) == 1 and "rate_cents" in paying[0]:
                units = Fraction(paying[0]["units"])
                found[entitlement_id] = Counted(units, paying[0]["rate_cents"])
    return found


def evidence_hashes(
    connection: Connection[Any], entitlement_ids: Collection[str], *, through: int
) -> dict[str, str]:
    """By entitlement one digest of everything that was handed in for what it is paid for.

    It is the SHA-256 of the digests that the log has of the encrypted files of each award's last
    submission, each once, sorted, one a line. What rests on no evidence is left out. The
    connection has to be one that sees everything.
    """
    found = {}
    for ids in _pages(entitlement_ids):
        page = rows(
            connection,
            _SQL["evidence"],
            entitlement_ids=_array(ids),
            awarded=Awarded.TOPIC,
            topics=_TOPICS,
            through=through,
        )
        for entitlement_id, events in groupby(page, key=itemgetter(0)):
            digests = _handed_in(row[1:] for row in events)
            if digests:
                content = "".join(f"{one}\n" for one in sorted(digests))
                found[entitlement_id] = f"sha256:{sha256(content.encode()).hexdigest()}"
    return found


def _pages(ids: Collection[str]) -> Iterator[list[str]]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), ENTITLEMENTS_AT_ONCE):
        yield wanted[start : start + ENTITLEMENTS_AT_ONCE]


def _array(ids: Iterable[str]) -> str:
    """As the server reads an array; the driver takes a hundred times as long to write one."""
    return f"{{{','.join(ids)}}}"


def _handed_in(events: Iterable[tuple[UUID, str, bytes]]) -> set[str]:
    """The digests of what each award's last submission names."""
    uploaded: dict[str, str] = {}
    submitted: dict[UUID, Sequence[str]] = {}
    for stream, topic, state in events:
        fields = orjson.loads(state)
        if topic == EvidenceUploaded.TOPIC:
            uploaded[fields["evidence_id"]] = fields["ciphertext_sha256"]
        else:
            submitted[stream] = fields["evidence_ids"]
    return {uploaded[one] for ids in submitted.values() for one in ids if one in uploaded}


def positions_held(
    connection: Connection[Any], district_id: UUID, person_ids: Collection[UUID]
) -> dict[UUID, list[Held]]:
    """The positions of persons in a district, the earliest first."""
    sql = _SQL["positions"]
    found: dict[UUID, list[Held]] = {}
    ids = list(person_ids)
    for person_id, *held in rows(connection, sql, district_id=district_id, person_ids=ids):
        found.setdefault(person_id, []).append(Held(*held))
    return found


def position_on(held: Iterable[Held], day: date) -> str | None:
    """The position that somebody held on a day; of several the one held longest."""
    on_day = (
        one.employment_id
        for one in held
        if one.first_day <= day and (one.last_day is None or day <= one.last_day)
    )
    return next(on_day, None)

"""Money: what a million awards come to, a payroll batch, and a draft policy over past awards."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg

from api import payroll
from api.edge import Edge, database_url
from benchmarks import ours
from benchmarks.awards import AwardingDistrict, events_of
from benchmarks.data import ENROLLMENTS_PER_PERSON, encoded
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, seconds_of
from benchmarks.reads import keyset_read
from benchmarks.serving import read_settings_of, settings
from ledger.application import Call
from ledger.commands.batch import Seen
from ledger.commands.payroll import set_payroll_terms
from ledger.events.batch import BatchClosed
from ledger.events.payroll import PayCode, PayrollTerms
from ledger.events.policy_rule import Rule
from ledger.rules.payroll import Payable
from ledger.rules.payroll_lines import lines_of_batch
from ledger.store import EVERYTHING
from ledger.vault import DetailsPointer, PersonDetails
from projections import payouts
from projections.batches import Batches
from projections.database import Database
from projections.payouts import Payouts
from projections.rebuild import rebuild
from projections.simulation import simulate

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
SPAN = {"from_day": date(2025, 7, 1), "to_day": date(2028, 6, 30)}
PERSONS_AT_ONCE = 1_000
TERMS = PayrollTerms(
    effective_from=date(2025, 7, 1),
    company_code="ABC",
    batch_prefix="MC",
    second_approval_above_cents=10**12,
    codes=(PayCode(earning_code="MCR", recovery_code="MCA", account="10E2213"),),
)
DRAFT = {
    "title": "Five hundred",
    "zone": "America/Chicago",
    "effective_from": "2030-07-01",
    "trigger": {"kind": "award"},
    "benefit": "one_time",
    "amount": [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 50_000}}],
    "account": {"fund": "general"},
}


@contextmanager
def entitlements(bench: Bench) -> Iterator[Contest]:
    """What each award is worth under the policy in force, from nothing, and the sums by year."""
    awards = bench.size(1_000_000, 20_000)
    events = events_of(awards)
    with ours.filled(bench, events, AwardingDistrict) as url:
        district_id = AwardingDistrict().district_id
        yield Contest(
            lambda: awards / seconds_of(lambda: _evaluate(url, district_id, awards)),
            {
                "keyset read + orjson.loads": lambda: (
                    awards / seconds_of(lambda: keyset_read(url, events, orjson.loads))
                )
            },
        )


def _evaluate(url: str, district_id: UUID, awards: int) -> None:
    rebuild(Database(url), [Payouts()])
    with closing(Database(url).connect()) as connection:
        found = payouts.totals(connection, district_id, effective_on=SPAN["to_day"])
    assert sum(one.pairs for one in found) == awards, "an award was left out"


@contextmanager
def simulating(bench: Bench) -> Iterator[Contest]:
    """A draft for every award, compared with the policy in force; beside deriving all payouts."""
    awards = bench.size(1_000_000, 20_000)
    with ours.filled(bench, events_of(awards), AwardingDistrict) as url:
        district = AwardingDistrict()
        rebuild(Database(url), [Payouts()])
        with closing(_edge(bench, url)) as edge:
            yield Contest(
                lambda: seconds_of(lambda: _simulate(edge, district)),
                {
                    "payouts rebuild": lambda: seconds_of(
                        lambda: rebuild(Database(url), [Payouts()])
                    )
                },
            )


def _simulate(edge: Edge, district: AwardingDistrict) -> None:
    rule = Rule.model_validate(DRAFT)
    with edge.reading([EVERYTHING]) as connection:
        found = simulate(
            connection, district.district_id, rule, policy_id=district.policy_id, **SPAN
        )
    assert found.draft_cents, "the draft pays nobody"


@contextmanager
def closing_a_batch(bench: Bench) -> Iterator[Contest]:
    """Drafted, frozen, approved, exported; beside the same lines as rows under the same indexes."""
    count = bench.size(100_000, 30_000)
    with ours.database(bench) as url, closing(_edge(bench, url)) as edge:
        office = _Office(edge, count)

        def theirs() -> float:
            return count / _seconds_to_copy(url, count)

        yield Contest(lambda: count / seconds_of(office.close_one), {"COPY": theirs})


class _Office:
    """A district's payroll office, with as many lines to pay as asked for in every batch."""

    def __init__(self, edge: Edge, count: int) -> None:
        district = AwardingDistrict()
        ours.seconds_to_import(
            database_url(edge.settings), list(map(encoded, district.foundation()))
        )
        self._edge = edge
        self._district_id = district.district_id
        self._prepares, self._approves = uuid4(), uuid4()
        self._pay_date = NOW.date()
        self._seen: Seen | None = None
        self._owed = _owed(district, _known_persons(edge, district, count), count)
        call = _call(self._prepares)
        set_payroll_terms(edge.ledger, call, district_id=district.district_id, terms=TERMS)
        self._through = edge.ledger.recorder.last_position()
        ours.catch_up(database_url(edge.settings))  # so that views show what the lines rest on

    def close_one(self) -> None:
        """One batch from its draft to its file."""
        edge = self._edge
        self._pay_date += timedelta(days=1)
        batch_id = payroll.draft_lines(
            edge,
            _call(self._prepares),
            district_id=self._district_id,
            pay_date=self._pay_date,
            through_position=self._through,
            seen=self._seen,
            make_lines=lambda terms: lines_of_batch(self._owed, [], {}, {}, terms),
        ).stream
        payroll.freeze(edge, _call(self._prepares), batch_id=batch_id)
        seen = payroll.compared(edge, batch_id)
        warnings = len(seen.warnings) if seen else 0
        call = _call(self._approves)
        closed = payroll.approve(edge, call, batch_id=batch_id, warnings_seen=warnings)
        call = _call(self._prepares)
        exported = payroll.export(edge, call, batch_id=batch_id, layout_name="canonical-csv")
        assert isinstance(closed.events[-1], BatchClosed), "it was approved"
        self._seen = Seen(closed.events[-1].number, exported.version)


def _known_persons(edge: Edge, district: AwardingDistrict, count: int) -> list[UUID]:
    """Teachers whose employee numbers the vault has, each with a few of the lines."""
    persons = [district.new_id() for _ in range(-(-count // ENROLLMENTS_PER_PERSON))]
    for start in range(0, len(persons), PERSONS_AT_ONCE):
        details = {
            person_id: PersonDetails(employee_number=str(start + place))
            for place, person_id in enumerate(persons[start : start + PERSONS_AT_ONCE], 1)
        }
        kept = edge.vault.put_many_details(district.district_id, details)
        edge.vault.point_details(
            [
                DetailsPointer(person_id, district.district_id, text.text_id, 1)
                for person_id, text in kept.items()
            ]
        )
    return persons


def _owed(district: AwardingDistrict, persons: list[UUID], count: int) -> list[Payable]:
    return [
        Payable(
            entitlement_id=district.new_id(),
            person_id=persons[number % len(persons)],
            policy_id=district.policy_id,
            policy_version=1,
            subject_id=district.new_id(),
            earned_on=date(2025, 9, 1),
            payable_on=date(2025, 10, 1),
            amount_cents=10_000,
        )
        for number in range(count)
    ]


def _seconds_to_copy(url: str, count: int) -> float:
    """As our own view has the lines, into a table like that one."""
    if not _rows_of(url, count):
        rebuild(Database(url), [Batches()])
    rows = _rows_of(url, count)
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS plain_lines")
        connection.execute("CREATE TABLE plain_lines (LIKE ledger_read.batch_lines INCLUDING ALL)")
        connection.commit()
        return seconds_of(lambda: _copy(connection, rows))


def _rows_of(url: str, count: int) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        query = "SELECT * FROM ledger_read.batch_lines LIMIT %s"
        return connection.execute(query, [count]).fetchall()


def _copy(connection: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY plain_lines FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.commit()


def _edge(bench: Bench, url: str) -> Edge:
    return Edge.open(read_settings_of(settings(url, bench.folder)))


def _call(who: UUID) -> Call:
    return Call(caller_id=who, command_id=uuid4(), body_hash=ours.BODY_HASH, at=NOW)


ROWS = (
    Row(
        name="entitlements of all awards, evaluated and summed up",
        unit="awards/s",
        better="higher",
        stage=entitlements,
        rounds=3,
        floor=0.1,
    ),
    Row(
        name="closing and exporting a batch, beside COPY of its lines",
        unit="lines/s",
        better="higher",
        stage=closing_a_batch,
        rounds=3,
        floor=0.2,
    ),
    Row(
        name="simulating a policy over all awards, beside deriving the payouts",
        unit="s",
        better="lower",
        stage=simulating,
        rounds=3,
        floor=2,
    ),
)

"""The journal of a district's money: every entry balances, and it ends where the budget does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.cli import app
from api.exports.journal import ACCRUED, PAYROLL, RESERVED, Entry, accruals, balances
from api.journal import entries_of
from ledger.store import EVERYTHING
from projections.journal import Owed, Span
from tests.api.answering import Answered, answered
from tests.api.conftest import running
from tests.database import Server
from tests.samples import MONDAY, named

POSTING = re.compile(r"^ +([A-Z][\w:-]+)  (-?\d+)\.(\d\d) USD$", re.MULTILINE)


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield answered(world)


def written(
    place: Answered, folder: Path, layout: str, patch: pytest.MonkeyPatch, *options: str
) -> str:
    url = place.world.settings.database_url
    assert url is not None
    place.seen(f"{place.path}/budgets")
    patch.setenv("DATABASE_URL", url.get_secret_value())
    patch.setenv("MCLEDGER_ENVIRONMENT", "development")
    patch.setenv("MCLEDGER_STATE_FOLDER", str(place.world.settings.state_folder))
    file = folder / "journal"
    words = ["export", "journal", str(file), "--district", place.worked.day.district.id]
    found = CliRunner().invoke(app, [*words, "--format", layout, *options])
    assert found.exit_code == 0, found
    return file.read_text()


@pytest.fixture(scope="module")
def begun(place: Answered) -> tuple[list[Entry], list[Any]]:
    """The entries and the budgets before any test adds to them."""
    return all_entries(place), place.seen(f"{place.path}/budgets")["items"]


def test_it_ends_where_the_budget_does(begun: tuple[list[Entry], list[Any]]) -> None:
    """950 were paid. 400 bounced and are accrued; 150 are receivable, as nobody has taken them."""
    entries, lines = begun
    told = balances(entries)
    money: Counter[str] = Counter()
    for line in lines:
        money.update({name: value for name, value in line["money"].items() if "cents" in name})
    assert told[PAYROLL] == -money["paid_cents"] == -95_000
    assert told[RESERVED] + told["Assets:Receivable:Reversed"] == -money["obligated_cents"]
    assert told[ACCRUED] == money["to_recover_cents"] - money["reserved_cents"] == -40_000
    assert sum(told.values()) == 0
    whats = Counter(entry.what for entry in entries)
    assert whats == {"accrued": 5, "reserved": 4, "reversed": 1, "paid": 3, "released": 1}


def test_a_void_takes_back_what_a_closed_batch_reserved_and_a_write_off_what_nobody_paid(
    place: Answered,
    begun: tuple[list[Entry], list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The 400 that bounced are closed again and voided; the 150 that nobody took are given up.

    As of a position before all that, the journal is what it was there, byte for byte.
    """
    day, before = place.worked.day, Counter(entry.what for entry in begun[0])
    then, text = place.world.position, written(place, tmp_path, "beancount", monkeypatch)
    batch = day.close("2024-11-29")
    closed = balances(all_entries(place))
    assert (closed[RESERVED], closed[ACCRUED]) == (-40_000, 0)
    place.world.done(day.office, f"/v1/batches/{batch}/voids", {"reason": "wrong_lines"})
    [bypassed] = [one for one in day.lines(place.worked.batch) if one["status"] == "bypassed"]
    given_up = {"attempt": 1, "reason": "uncollectible", "board_reference": "Minute 9"}
    path = f"/v1/lines/{bypassed['line_id']}/write-offs"
    place.world.done(day.second, path, given_up)
    after = all_entries(place)
    told = balances(after)
    assert (told[RESERVED], told[ACCRUED]) == (0, -40_000)
    assert (told["Assets:Receivable:Reversed"], told["Expenses:WrittenOff"]) == (0, 15_000)
    more = Counter(entry.what for entry in after) - before
    assert more == {"reserved": 1, "released": 1, "written off": 1}
    assert written(place, tmp_path, "beancount", monkeypatch) != text
    as_of = ("--as-of", str(then))
    assert written(place, tmp_path, "beancount", monkeypatch, *as_of) == text
    day_before = ("--as-of", "2001-01-01")  # of anything
    assert " * " not in written(place, tmp_path, "beancount", monkeypatch, *day_before)


def all_entries(place: Answered) -> list[Entry]:
    place.seen(f"{place.path}/budgets")
    position, district = place.world.position, UUID(place.worked.day.district.id)
    with place.world.edge.reading([EVERYTHING]) as connection:
        return entries_of(connection, district, "America/Chicago", position)


@pytest.mark.parametrize("layout", ["beancount", "hledger"])
def test_every_entry_balances_and_nobody_is_named(
    layout: str, place: Answered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = written(place, tmp_path, layout, monkeypatch)
    entries = [POSTING.findall(block) for block in text.split("\n\n")]
    postings = [found for found in entries if found]
    assert postings
    for found in postings:
        sums = [int(whole + cents) for _, whole, cents in found]
        assert sum(sums) == 0
    assert text == written(place, tmp_path, layout, monkeypatch)
    for teacher in place.worked.teachers.values():
        assert str(teacher) not in text


SPANS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9), st.integers(0, 9)), max_size=6)


@given(SPANS, st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9)), max_size=3))
def test_what_is_accrued_at_every_position_is_what_is_owed_there(
    versions: list[Any], waits: list[Any]
) -> None:
    payout, policy = named("payout"), named("policy")
    owed = [
        Owed(payout, policy, *sorted((a, b + 1)), cents, cents // 3)  # a third of it is closed
        for a, b, cents in versions
        if a != b + 1
    ]
    spans = [Span(payout, *sorted((a, b + 1))) for a, b in waits if a != b + 1]
    found = list(accruals(owed, spans, lambda _: MONDAY.date(), 99))
    for position in range(1, 42):
        late = any(one.from_position <= position < (one.to_position or 99) for one in spans)
        held = [one for one in owed if one.from_position <= position < (one.to_position or 99)]
        now = sum(one.closed_cents if late else one.cents for one in held)
        told = sum(entry.cents for entry in found if entry.position <= position)
        assert told == now

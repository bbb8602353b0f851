"""The benchmarks judge us, so how they judge is tested: interleaving, best peer, floors, JSON."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

from benchmarks.machine import Bench
from benchmarks.measure import Contest, NotRunError, Row, percentile, rate, run_row
from benchmarks.notes import REASONS, reason_of
from benchmarks.profiling import profile
from benchmarks.report import as_json, cells

from api.local_postgres import Cluster
from ledger.values import stream_id


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A run that starts no server."""
    return Bench(Cluster(tmp_path), tmp_path, tmp_path, quick=True)


def row(
    contest: Contest,
    better: Literal["higher", "lower"] = "higher",
    floor: float | None = 1.5,
    aim: float | None = 3,
) -> Row:
    @contextmanager
    def stage(_: Bench) -> Iterator[Contest]:
        yield contest

    return Row("a row", "acts/s", better, stage, floor=floor, aim=aim)


def test_rounds_alternate_and_the_medians_are_compared(bench: Bench) -> None:
    order: list[str] = []
    mine, theirs = iter([10, 12, 11, 90, 1]), iter([5, 5, 5, 6, 4])

    def ours() -> float:
        order.append("ours")
        return next(mine)

    def peer() -> float:
        order.append("peer")
        return next(theirs)

    figure = run_row(row(Contest(ours, {"peer": peer})), bench)
    assert order == ["ours", "peer"] * 5
    assert (figure.value, figure.peer_value, figure.ratio) == (11, 5, 2.2)
    assert figure.spread == (0.25, 15)


def test_the_best_of_several_peers_is_the_one_that_counts(bench: Bench) -> None:
    contest = Contest(lambda: 10, {"slow": lambda: 2, "fast": lambda: 8})
    assert run_row(row(contest), bench).peer == "fast"
    assert run_row(row(contest, better="lower"), bench).peer == "slow"


@pytest.mark.parametrize(
    ("better", "value", "held", "reached"),
    [
        ("higher", 1.4, False, False),
        ("higher", 1.5, True, False),
        ("higher", 3.0, True, True),
        ("lower", 3.1, False, False),
        ("lower", 3.0, True, False),
        ("lower", 1.5, True, True),
    ],
)
def test_a_floor_is_held_in_the_direction_that_is_better(
    *, bench: Bench, better: Literal["higher", "lower"], value: float, held: bool, reached: bool
) -> None:
    floor, aim = (1.5, 3.0) if better == "higher" else (3.0, 1.5)
    contest = Contest(lambda: value, {"peer": lambda: 1.0})
    figure = run_row(row(contest, better, floor, aim), bench)
    assert (figure.held, figure.reached) == (held, reached)


def test_a_count_without_a_peer_is_held_to_its_floor(bench: Bench) -> None:
    assert run_row(row(Contest(lambda: 0), "lower", 0, 0), bench).held
    assert not run_row(row(Contest(lambda: 1), "lower", 0, 0), bench).held


def test_what_cannot_be_run_says_why_and_misses_nothing(bench: Bench) -> None:
    @contextmanager
    def stage(_: Bench) -> Iterator[Contest]:
        raise NotRunError("no such peer here")
        yield Contest(float)

    figure = run_row(Row("a row", "ms", "lower", stage, floor=1), bench)
    assert figure.held
    assert not figure.reached
    assert "no such peer here" in cells(figure)[-1]
    assert json.loads(as_json(figure))["not_run"] == "no such peer here"


def test_a_row_of_json_has_the_names_that_programs_rely_on(bench: Bench) -> None:
    figure = run_row(row(Contest(lambda: 3, {"peer": lambda: 1})), bench)
    assert json.loads(as_json(figure)) == {
        "name": "a row",
        "value": 3,
        "peer_value": 1,
        "ratio": 3,
        "floor": 1.5,
        "aim": 3,
        "better": "higher",
    }


def test_a_failing_client_fails_the_round() -> None:
    def client() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        rate(2, 0.01, lambda: client)


def test_a_percentile_is_a_figure_that_was_measured() -> None:
    figures = [float(n) for n in range(1000)]
    assert percentile(figures, 0.5) == 500
    assert percentile(figures, 0.999) == 999


def test_every_reason_why_an_aim_is_missed_belongs_to_a_row() -> None:
    from benchmarks.__main__ import ROWS  # noqa: PLC0415 - needs every peer's module

    names = [row.name for row in ROWS]
    assert [b for b, _ in REASONS if not any(name.startswith(b) for name in names)] == []
    assert reason_of("durable appends, 16 clients, beside pgbench") == REASONS[0][1]
    assert reason_of("something new") is None


def test_a_profile_tells_work_from_waiting_and_names_the_place() -> None:
    gate = threading.Event()

    def work() -> None:
        threading.Timer(0.3, gate.set).start()
        gate.wait()

    shares = profile(work)
    assert shares[0][1] == "waits for other threads"
    assert sum(share for share, _ in shares) == pytest.approx(1)
    busy = profile(lambda: [canonical_id(n) for n in range(60_000)])
    assert busy[0][1].startswith("ledger/values.py:")


def canonical_id(number: int) -> object:
    return stream_id("bench", str(number))

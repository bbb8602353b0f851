"""Rows, rounds and ratios. Absolute figures move with the machine; what is held is the ratio."""

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.machine import Bench

Round = Callable[[], float]
Act = Callable[[], object]


class NotRunError(Exception):
    """The row cannot be measured here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Contest:
    """One side and the peers beside it. Each call is one round and answers its figure."""

    ours: Round
    peers: Mapping[str, Round] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what is measured, beside whom, and the ratio that is held (floor) or wanted."""

    name: str
    unit: str
    better: Literal["higher", "lower"]
    stage: Callable[[Bench], AbstractContextManager[Contest]]
    floor: float | None = None
    aim: float | None = None
    rounds: int | None = None  # where one round takes long or is a proof, not a sample


@dataclass(frozen=True, slots=True)
class Figure:
    """What came out: medians of the rounds, and how far the ratios of single rounds spread."""

    row: Row
    value: float | None = None
    peer_value: float | None = None
    peer: str = ""
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    reason: str = ""  # why it was not run

    @property
    def held(self) -> bool:
        """Whether the floor is held; a row that was not run misses nothing."""
        return self._reaches(self.row.floor)

    @property
    def reached(self) -> bool:
        """Whether the aim is reached as well."""
        return self.value is not None and self.held and self._reaches(self.row.aim)

    def _reaches(self, bound: float | None) -> bool:
        figure = self.value if self.ratio is None else self.ratio
        if bound is None or figure is None:
            return True
        return figure >= bound if self.row.better == "higher" else figure <= bound


def run_row(row: Row, bench: Bench) -> Figure:
    """Measure one row in interleaved rounds: ours, each peer, ours, each peer, and so on."""
    try:
        with row.stage(bench) as contest:
            return _compare(row, contest, row.rounds or bench.rounds)
    except NotRunError as missing:
        return Figure(row, reason=str(missing))


def _compare(row: Row, contest: Contest, rounds: int) -> Figure:
    ours: list[float] = []
    peers: dict[str, list[float]] = {name: [] for name in contest.peers}
    for _ in range(rounds):
        ours.append(contest.ours())
        for name, peer in contest.peers.items():
            peers[name].append(peer())
    value = statistics.median(ours)
    if not peers:
        return Figure(row, value=value, spread=(min(ours), max(ours)))
    medians = {name: statistics.median(figures) for name, figures in peers.items()}
    best = max if row.better == "higher" else min
    name = best(medians, key=lambda peer: medians[peer])
    ratios = [mine / theirs for mine, theirs in zip(ours, peers[name], strict=True)]
    return Figure(
        row,
        value=value,
        peer_value=medians[name],
        peer=name,
        ratio=value / medians[name],
        spread=(min(ratios), max(ratios)),
    )


def rate(clients: int, seconds: float, client: Callable[[], Act]) -> float:
    """Acts per second of so many threads, each with an act of its own, all starting at once."""
    acts = [client() for _ in range(clients)]
    counts = [0] * clients
    failures: list[BaseException] = []
    gate = threading.Barrier(clients + 1)

    def work(number: int) -> None:
        gate.wait()
        until = time.perf_counter() + seconds
        try:
            while time.perf_counter() < until:
                acts[number]()
                counts[number] += 1
        except BaseException as failure:  # noqa: BLE001 - raised again below
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - begun)


def percentile(figures: list[float], share: float) -> float:
    """The figure that this share of all figures does not exceed."""
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * share))]


def seconds_of(act: Act) -> float:
    """How long one act takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def slowest_ms(acts: Sequence[Act], per_second: int, seconds: float, share: float) -> float:
    """What this share of all latencies does not exceed, with so many acts a second offered.

    Each act is a thread's. A latency counts from the moment its act was due, so that waiting for
    a late one counts too.
    """
    begin = time.perf_counter() + 0.05
    latencies: list[float] = []
    numbers = iter(range(int(per_second * seconds)))
    turn = threading.Lock()

    def work(act: Act) -> None:
        while True:
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            due = begin + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            act()
            latencies.append(time.perf_counter() - due)

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return percentile(latencies, share) * 1000


def median_ms(times: int, act: Act) -> float:
    """The median time of one act in milliseconds, after a few that warm it up."""
    for _ in range(min(50, times)):
        act()
    return statistics.median(seconds_of(act) for _ in range(times)) * 1000

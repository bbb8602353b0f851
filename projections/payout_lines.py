"""The second step of payouts: lets each changed line run through its budget, in log order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from ledger.rules.allocation import Line, Turn, Wanted, wanted
from projections.payout_pools import give_out_marked
from projections.sql import blocks, rows, to_write, write

_Row = dict[str, Any]
_SQL = blocks("payouts")


class _Mark(NamedTuple):
    """A line, the first position at which it changed, and what it came to before."""

    policy_id: UUID
    fiscal_year: int
    position: int
    claimed_cents: int | None  # null: it has never been settled
    end_position: int | None
    end_award_position: int | None

    @property
    def key(self) -> _Row:
        return {
            "policy_id": self.policy_id,
            "fiscal_year": self.fiscal_year,
            "position": self.position,
        }


@dataclass(slots=True)
class _Waits:
    """Who waits from where in the log; what began meanwhile and what ended."""

    since: dict[UUID, int] = field(default_factory=dict)
    began: dict[tuple[UUID, int], int | None] = field(default_factory=dict)
    ended: dict[tuple[UUID, int], int] = field(default_factory=dict)

    def begin(self, payout_id: UUID, position: int) -> None:
        self.since[payout_id] = position
        self.began[payout_id, position] = None

    def end(self, payout_id: UUID, position: int) -> None:
        key = (payout_id, self.since.pop(payout_id))
        if key in self.began:
            self.began[key] = position
        else:
            self.ended[key] = position


def settle_marked(connection: Connection[Any]) -> None:
    """Settle every line that has changed since it was last settled, and take its mark away."""
    lines, began, ended = list[_Row](), list[_Row](), list[_Row]()
    pools = list[tuple[UUID, int]]()
    for pooled, *taken in rows(connection, _SQL["take_marks"]):
        mark = _Mark._make(taken)
        if pooled:
            pools.append((mark.policy_id, mark.fiscal_year))
            continue
        line, waits = _settle(connection, mark)
        lines.append(
            {
                "policy_id": mark.policy_id,
                "fiscal_year": mark.fiscal_year,
                "claimed_cents": line.claimed_cents,
                "end_position": line.end[0],
                "end_award_position": line.end[1],
            }
        )
        began += _rows(waits.began)
        ended += _rows(waits.ended)
    write(connection, to_write(_SQL["save_lines"], lines=lines, ended=ended, began=began))
    give_out_marked(connection, pools)


def _rows(spans: dict[tuple[UUID, int], Any]) -> Iterable[_Row]:
    for (payout_id, from_position), to_position in spans.items():
        yield {
            "payout_id": payout_id,
            "from_position": from_position,
            "to_position": to_position,
        }


def _settle(connection: Connection[Any], mark: _Mark) -> tuple[Line, _Waits]:
    return _run_on(
        connection, mark, _turns(mark.position, rows(connection, _SQL["load_turns"], **mark.key))
    )


def claimed(connection: Connection[Any], policy_id: UUID, fiscal_year: int) -> int:
    """What is asked of one policy's budget of one year, in cents."""
    found = rows(connection, _SQL["line"], policy_id=policy_id, fiscal_year=fiscal_year)
    return int(found[0][0]) if found else 0


def line_after(
    connection: Connection[Any], policy_id: UUID, fiscal_year: int, turn: Turn
) -> set[UUID]:
    """Who would wait in a line after a turn that has not happened, of those whom it concerns.

    Nothing is written. The line has to be settled, as it always is between two batches.
    """
    found = rows(connection, _SQL["line"], policy_id=policy_id, fiscal_year=fiscal_year)
    settled = found[0] if found else (None, None, None)
    mark = _Mark(policy_id, fiscal_year, turn.position, *settled)
    _, waits = _run_on(connection, mark, [turn])
    return set(waits.since)


def _run_on(connection: Connection[Any], mark: _Mark, turns: Sequence[Turn]) -> tuple[Line, _Waits]:
    """Run a line on from its mark. Only a line that changes in its midst has to be loaded."""
    waits = _Waits()
    line = Line()
    if mark.end_position is not None and mark.end_award_position is not None:
        line.claimed_cents = mark.claimed_cents or 0
        line.end = (mark.end_position, mark.end_award_position)
    if mark.claimed_cents is None or not line.only_grows(turns):
        _load(connection, mark, line, waits)
    for turn in turns:
        began, ended = line.take(turn)
        for payout_id in ended:
            waits.end(payout_id, turn.position)
        for payout_id in began:
            waits.begin(payout_id, turn.position)
    return line, waits


def _load(connection: Connection[Any], mark: _Mark, line: Line, waits: _Waits) -> None:
    """Who stood in line just before the mark, and who of them waited."""
    for earned, award, *asked, since in rows(connection, _SQL["load_line_before"], **mark.key):
        asks = wanted((earned, award), *asked)
        line.wanted += asks
        if since is not None:
            waits.since[asks[0].payout_id] = since
    line.wanted.sort()
    line.claimed_cents = sum(one.amount_cents for one in line.wanted)
    line.end = max([line.end, *(one.place[1:] for one in line.wanted)])
    line.waiting = set(waits.since)


def _turns(mark: int, changes: Iterable[tuple[Any, ...]]) -> list[Turn]:
    """What happened to a line from the mark on; who leaves and comes back the same never left."""
    left: dict[int, set[Wanted]] = {}
    joined: dict[int, set[Wanted]] = {}
    for earned, award, *asked, from_position, to_position in changes:
        asks = wanted((earned, award), *asked)
        if from_position >= mark:
            joined.setdefault(from_position, set()).update(asks)
        if to_position is not None and to_position >= mark:
            left.setdefault(to_position, set()).update(asks)
    turns = []
    for position in sorted(left.keys() | joined.keys()):
        gone, come = left.get(position, set()), joined.get(position, set())
        if gone != come:
            turns.append(Turn(position, tuple(gone - come), tuple(sorted(come - gone))))
    return turns

"""What a payroll system answered, line by line, compared with what is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar
from uuid import UUID

from ledger.events.batch import BatchLine, LineResult, ResultException, ResultStatus

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One row of a return file."""

    line_id: UUID
    status: ResultStatus
    code: str | None = None
    paid_cents: int | None = None
    paid_on: date | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a file says that is new."""

    results: tuple[LineResult, ...]
    quarantined: tuple[UUID, ...]
    repeated: int

    def counts(self) -> dict[str, int]:
        """How many lines of each kind, as the event names them."""
        plain = [one.status for one in self.results if one.exception is None]
        return {
            "accepted": plain.count("accepted"),
            "rejected": plain.count("rejected"),
            "bypassed": plain.count("bypassed"),
            "pending": plain.count("pending"),
            "repeated": self.repeated,
            "exceptions": len(self.results) - len(plain),
            "quarantined": len(self.quarantined),
        }


class Known(Protocol):
    """What was answered before."""

    @property
    def answers(self) -> Mapping[UUID, LineResult]: ...
    @property
    def disputed(self) -> frozenset[LineResult]: ...
    @property
    def quarantined(self) -> frozenset[UUID]: ...


def judge(answers: Sequence[Answer], lines: Mapping[UUID, BatchLine], known: Known) -> Judged:
    """Compare each answer with the line it is about and with what was answered before."""
    newest, disputed = dict(known.answers), set(known.disputed)
    strange: dict[UUID, None] = {}
    results = []
    repeated = 0
    for answer in answers:
        line = lines.get(answer.line_id)
        if line is None:
            if answer.line_id in known.quarantined or answer.line_id in strange:
                repeated += 1
            else:
                strange[answer.line_id] = None
            continue
        earlier = newest.get(answer.line_id)
        result = _result(answer, _exception(answer, line, earlier))
        if result in disputed or (earlier is not None and _says_nothing_new(result, earlier)):
            repeated += 1
            continue
        results.append(result)
        if result.exception == "contradicts":
            disputed.add(result)
        else:
            newest[answer.line_id] = result
    return Judged(tuple(results), tuple(strange), repeated)


def chunks(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    """The items in pieces that fit into one event each."""
    return [tuple(items[start : start + size]) for start in range(0, len(items), size)]


def _exception(
    answer: Answer, line: BatchLine, earlier: LineResult | None
) -> ResultException | None:
    settled = earlier is not None and earlier.exception is None and earlier.status != "pending"
    if settled and earlier is not None and answer.status not in {earlier.status, "pending"}:
        return "contradicts"
    if answer.status == "accepted" and answer.paid_cents not in {None, line.amount_cents}:
        return "contradicts" if settled else "amount_mismatch"
    return None


def _says_nothing_new(result: LineResult, earlier: LineResult) -> bool:
    if result.status == "pending":
        return True  # it arrived late
    same = (result.status, result.paid_cents) == (earlier.status, earlier.paid_cents)
    known_later = earlier.paid_on is not None and result.paid_on in {None, earlier.paid_on}
    return same and (result.paid_on == earlier.paid_on or known_later)


def _result(answer: Answer, exception: ResultException | None) -> LineResult:
    return LineResult(
        line_id=answer.line_id,
        status=answer.status,
        code=answer.code,
        paid_cents=answer.paid_cents,
        paid_on=answer.paid_on,
        exception=exception,
    )

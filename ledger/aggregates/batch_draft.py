"""How a payroll batch begins: with its sums, and its lines in events of a bearable size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates.base import Act, first_header
from ledger.aggregates.batch_answers import chunks
from ledger.errors import RuleError
from ledger.events import AnyBatchEvent
from ledger.events.batch import BatchDrafted, BatchLine, BatchLinesListed
from ledger.events.payroll import PayrollTerms
from ledger.rules.payroll import totals

LINES_AT_ONCE = 500  # in one event, which has to stay well below a megabyte
LINES_PER_COMMAND = 3_000  # whose events have to stay well below four


class PeriodClosedError(RuleError):
    """A batch with this pay date or a later one is closed; what is new goes into the next."""

    slug = "period-closed"


class LineTooLargeError(RuleError):
    """A line is larger than the district's terms allow."""

    slug = "line-too-large"


def draft(
    stream: UUID,
    act: Act,
    *,
    district_id: UUID,
    number: int,
    pay_date: date,
    through_position: int,
    closed_until: date | None,
    terms_version: int,
    terms: PayrollTerms,
    lines: Sequence[BatchLine],
) -> Sequence[AnyBatchEvent]:
    """Begin a batch, of which the first lines are listed; it may have none, and says so."""
    if closed_until is not None and pay_date <= closed_until:
        raise PeriodClosedError(f"the period of {closed_until} is closed; pay later than that")
    ceiling = terms.line_cents_max
    large = [one.line_id for one in lines if ceiling is not None and one.amount_cents > ceiling]
    if large:
        raise LineTooLargeError(f"{len(large)} lines are above {ceiling} cents", lines=large)
    assert len({one.line_id for one in lines}) == len(lines), "a line is in a batch once"
    sums = totals(one.amount_cents for one in lines)
    drafted = BatchDrafted(
        **first_header(stream, act),
        district_id=district_id,
        number=number,
        pay_date=pay_date,
        through_position=through_position,
        closed_until=closed_until,
        terms_version=terms_version,
        company_code=terms.company_code,
        batch_prefix=terms.batch_prefix,
        approvals_needed=2 if sums.positive_cents > terms.second_approval_above_cents else 1,
        line_count=sums.lines,
        sum_cents=sums.sum_cents,
        positive_cents=sums.positive_cents,
        negative_cents=sums.negative_cents,
    )
    first = lines[:LINES_PER_COMMAND]
    return [drafted, *list_lines(stream, act, district_id=district_id, after=1, lines=first)]


def list_lines(
    stream: UUID, act: Act, *, district_id: UUID, after: int, lines: Sequence[BatchLine]
) -> Sequence[AnyBatchEvent]:
    """List lines of a batch that was just drafted, behind the version that it has come to.

    Nobody loads the batch for that, which would be the longer the more it lists: the store
    refuses a version that somebody else has written.
    """
    return [
        BatchLinesListed(
            originator_id=stream,
            originator_version=version,
            occurred_at=act.at,
            actor_id=act.actor_id,
            district_id=district_id,
            lines=chunk,
        )
        for version, chunk in enumerate(chunks(lines, LINES_AT_ONCE), after + 1)
    ]

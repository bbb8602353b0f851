"""The lines of a batch as the log has them: plain rows, for there may be a hundred thousand.

Whoever freezes or approves needs a few fields of each, mostly to write them down again. As values
with ids and days they would take ten times as long to read, and be turned into text once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from ledger.aggregates.batch import Batch
from ledger.application import Ledger
from ledger.codec import upcast
from ledger.events.batch import BatchLine, BatchLinesListed
from ledger.rules.batch_comparison import Paid, paid

BATCHES_KEPT = 4  # the one that is approved and the one before it, of two districts at once
LineRow = dict[str, Any]  # the fields of a BatchLine, its ids and days as text
_TOPICS, _, _VERSION = BatchLinesListed.TOPIC.rpartition(".")  # whatever version it was listed in


@dataclass(frozen=True, slots=True)
class About:
    """Whom some lines pay, by which policies and for what, by ids as rows have them: as text."""

    person_ids: AbstractSet[str]
    policy_ids: AbstractSet[str]
    entitlement_ids: Callable[[], Collection[str]]  # for what: nearly nobody has to be asked that


@dataclass(frozen=True, slots=True)
class Summary:
    """What the lines of a batch come to, and by which policies."""

    paid: Paid
    policy_ids: frozenset[str]


def rows_of(ledger: Ledger, batch_id: UUID) -> list[LineRow]:
    """The lines of a batch in the order in which they were listed; none for an unknown batch."""
    found: list[LineRow] = []
    for stored in ledger.recorder.read_stream(batch_id):
        if stored.topic.startswith(_TOPICS):
            _, fields = upcast(stored.topic, orjson.loads(stored.state))
            found += fields["lines"]
    return found


def summary_of(ledger: Ledger, batch: Batch) -> Summary:
    """What a batch comes to. Of one that is frozen the lines stay as they are: read once."""
    return _kept(ledger, batch.id) if batch.file else _summary(ledger, batch.id)


def _summary(ledger: Ledger, batch_id: UUID) -> Summary:
    rows = rows_of(ledger, batch_id)
    lines = paid((row["person_id"], row["amount_cents"]) for row in rows)
    return Summary(lines, frozenset(row["policy_id"] for row in rows))


# Whoever approves has looked at the comparison before, and the next batch is compared with this.
_kept = lru_cache(maxsize=BATCHES_KEPT)(_summary)


def about_batch(ledger: Ledger, batch: Batch) -> About:
    """What the lines of a batch are about."""
    summary = summary_of(ledger, batch)
    return About(
        summary.paid.by_person.keys(),
        summary.policy_ids,
        lambda: about_rows(rows_of(ledger, batch.id)).entitlement_ids(),
    )


def about_rows(rows: Collection[LineRow]) -> About:
    """What rows of the log are about."""
    return About(
        frozenset(row["person_id"] for row in rows),
        frozenset(row["policy_id"] for row in rows),
        lambda: {row["entitlement_id"] for row in rows},
    )


def about_lines(lines: Collection[BatchLine]) -> About:
    """What lines that nobody has listed yet are about."""
    return About(
        texts_of(one.person_id for one in lines),
        texts_of(one.policy_id for one in lines),
        lambda: texts_of(one.entitlement_id for one in lines),
    )


def texts_of(ids: Iterable[UUID]) -> frozenset[str]:
    """As text, by way of JSON: that takes a tenth of the time of `str` for each."""
    return frozenset(orjson.loads(orjson.dumps(list(ids))))

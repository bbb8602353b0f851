"""Who may do what with a batch, so that nobody pays herself or for her own decisions.

Whoever makes it, whoever approves it, whose policies it pays by, whom it pays, and who assessed or
decided what it pays for are different people. Whoever tries otherwise is refused, and the attempt
is a fact of its own. Two records of one person are one person here as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from uuid import UUID, uuid5

from ledger.aggregates.base import first_header
from ledger.aggregates.batch import Batch
from ledger.application import Call, Decide, Ledger, Receipt
from ledger.commands.batch_lines import About, texts_of
from ledger.commands.merge import merges
from ledger.errors import ForbiddenError
from ledger.events.base import Event
from ledger.events.batch import ForbiddenPair, SegregationViolationAttempted
from ledger.values import stream_id

# Whether one of these ids had a hand in an award that one of these entitlements rests on: whoever
# derives entitlements knows, and looks at them only for somebody who was ever let review.
HaveReviewed = Callable[[frozenset[UUID], Callable[[], Collection[str]]], bool]


class SegregationError(ForbiddenError):
    """Two different people have to do this."""

    slug = "segregation-violated"


def must_not_prepare(ledger: Ledger, who: UUID, about: About, have_reviewed: HaveReviewed) -> None:
    """Raises SegregationError unless somebody may make a batch of lines about this."""
    her = _ids_of(ledger, who)
    _refuse_if(bool(about.person_ids & texts_of(her)), "payee_prepares")
    _refuse_if(bool(her & _authors(ledger, about)), "policy_author_prepares")
    _refuse_if(have_reviewed(her, about.entitlement_ids), "reviewer_prepares")


def must_not_approve(
    ledger: Ledger, who: UUID, batch: Batch, about: About, have_reviewed: HaveReviewed
) -> None:
    """Raises SegregationError unless somebody may approve a batch of lines about this."""
    her = _ids_of(ledger, who)
    _refuse_if(bool(her & batch.preparers), "preparer_approves")
    _refuse_if(bool(her & set(batch.approvers)), "approver_approves_again")
    _refuse_if(bool(about.person_ids & texts_of(her)), "payee_approves")
    _refuse_if(bool(her & _authors(ledger, about)), "policy_author_approves")
    _refuse_if(have_reviewed(her, about.entitlement_ids), "reviewer_approves")


def run_segregated(
    ledger: Ledger, call: Call, district_id: UUID, batch_id: UUID, decide: Decide
) -> Receipt:
    """Run a command; an attempt to act in two roles is refused and leaves its own event."""
    try:
        return ledger.run(call, decide)
    except SegregationError as error:
        attempt = replace(
            call, command_id=uuid5(call.command_id, "segregation"), expected_version=None
        )
        event = SegregationViolationAttempted(
            **first_header(stream_id("segregation", attempt.command_id), call.act),
            district_id=district_id,
            batch_id=batch_id,
            pair=error.operands["pair"],
        )
        ledger.run(attempt, lambda _read: [event])
        raise


def _ids_of(ledger: Ledger, who: UUID) -> frozenset[UUID]:
    """Every id that means the same person."""
    return frozenset(merges(ledger).every_id_of(who))


def _authors(ledger: Ledger, about: About) -> frozenset[UUID]:
    """Whoever has decided anything about a policy that these lines are paid by."""
    policies = map(UUID, about.policy_ids)
    events = (event for policy_id in policies for event in ledger.events.get(policy_id))
    return frozenset(event.actor_id for event in events if isinstance(event, Event))


def _refuse_if(violated: bool, pair: ForbiddenPair) -> None:  # noqa: FBT001 - reads as a sentence
    if violated:
        raise SegregationError(
            f"another person has to do this ({pair.replace('_', ' ')})", pair=pair
        )

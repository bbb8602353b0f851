"""Writes back what the fold of payouts has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from ledger.rules.entitlements.findings import RulePolicy, RuleVersion
from ledger.rules.incentives import Policy
from projections.payout_fold import Book
from projections.payout_rows import Row
from projections.payout_rules import POOL_OPEN
from projections.payout_tables import STACK_TRIGGERS
from projections.sql import Write, blocks, to_write
from projections.stack_book import era_row

_SQL = blocks("payouts")


def changes(book: Book) -> list[Write]:
    """What has to be written back, all at once; what few pages change, beside it."""
    wishes = [row for row in book.opened.values() if row.reason == POOL_OPEN]
    ended_wishes = list(_ended_rows(book.ended_wishes))
    return [
        *to_write(_SQL["save_paid"], lines=list(book.paid.new.values())),
        *to_write(_SQL["save_wishes"], ended=ended_wishes, began=wishes),
        *to_write(
            _SQL["save"],
            policies=list(_policy_rows(book)),
            stacks=list(_stack_rows(book)),
            tiers=list(_tier_rows(book)),
            awards=list(_award_rows(book)),
            employments=list(_employment_rows(book)),
            records=list(_record_rows(book)),
            calendars=list(_calendar_rows(book)),
            marks=list(_mark_rows(book)),
            closed=list(_ended_rows(book.closed)),
            opened=[_shown(row) for row in book.opened.values()],
        ),
    ]


def _policy_rows(book: Book) -> Iterable[dict[str, Any]]:
    for policy_id in book.changed_policies:
        rule = book.rules.policies.get(policy_id)
        policy: Policy | RulePolicy = rule or book.policies[policy_id]
        for version in policy.versions:
            terms = version.rule if isinstance(version, RuleVersion) else version.terms
            trigger = terms.trigger
            yield {
                "policy_id": policy_id,
                "policy_version": version.policy_version,
                "district_id": policy.district_id,
                "board_reference": version.board_reference,
                "adopted_on": version.adopted_on,
                "position": version.position,
                "stack_id": trigger.stack_id if isinstance(trigger, STACK_TRIGGERS) else None,
                "is_rule": rule is not None,
                "terms": terms.model_dump(mode="json"),
                "last_day": policy.last_day,
                "retired_position": policy.retired_position,
            }


def _record_rows(book: Book) -> Iterable[dict[str, Any]]:
    for row in book.changed_records.values():
        yield {
            "stream": row.stream,
            "version": row.version,
            "person_id": row.person_id,
            "district_id": row.district_id,
            "position": row.position,
            "withdrawn_position": row.withdrawn_position,
            "fact": row.fact.model_dump(mode="json"),
        }


def _calendar_rows(book: Book) -> Iterable[dict[str, Any]]:
    for position, district_id, fact in book.new_calendar:
        yield {
            "district_id": district_id,
            "position": position,
            "fact": fact.model_dump(mode="json"),
        }


def _stack_rows(book: Book) -> Iterable[dict[str, Any]]:
    for stack_id in book.changed_stacks:
        for era in book.stacks[stack_id]:
            yield era_row(stack_id, era)


def _tier_rows(book: Book) -> Iterable[dict[str, Any]]:
    for credential_id, credential_version in book.new_tiers:
        tier, position = book.tiers[credential_id, credential_version]
        yield {
            "credential_id": credential_id,
            "credential_version": credential_version,
            "tier": tier,
            "position": position,
        }


def _award_rows(book: Book) -> Iterable[dict[str, Any]]:
    for person_id, award in book.changed_awards.values():
        yield {"person_id": person_id, **award._asdict()}


def _employment_rows(book: Book) -> Iterable[dict[str, Any]]:
    for person_id, job in book.changed_employments.values():
        yield {
            "employment_id": job.employment_id,
            "person_id": person_id,
            "district_id": job.district_id,
            "first_day": job.first_day,
            "last_day": job.last_day,
            "duties": job.duties,
            "positions": job.positions,
        }


def _shown(row: Row) -> Row:
    """A claim on a pool that is open tells HR nothing yet."""
    return replace(row, notice=None) if row.reason == POOL_OPEN and row.notice else row


def _ended_rows(ended: dict[tuple[UUID, int], int]) -> Iterable[dict[str, Any]]:
    for (payout_id, from_position), to_position in ended.items():
        yield {
            "payout_id": payout_id,
            "from_position": from_position,
            "to_position": to_position,
        }


def _mark_rows(book: Book) -> Iterable[dict[str, Any]]:
    for (person_id, policy_id, fiscal_year, pooled), position in book.marks.items():
        yield {
            "person_id": person_id,
            "policy_id": policy_id,
            "fiscal_year": fiscal_year,
            "pooled": pooled,
            "position": position,
        }

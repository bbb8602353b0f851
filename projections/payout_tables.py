"""The tables behind payouts: loads what a batch may touch, and writes back what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events.credential import CredentialVersionPublished
from ledger.events.employment import EmploymentStarted
from ledger.events.enrollment import Awarded
from ledger.events.policy import PolicyAdopted, PolicyRetired, PolicyTerms, StackTrigger
from ledger.events.stack import Group, StackDefined, StackRetired
from ledger.rules.completions import Award, Era
from ledger.rules.employments import Duty, Employment
from ledger.rules.incentives import Policy, Version
from projections.contract import Fact
from projections.payout_fold import Book, PayoutEvent, Row
from projections.sql import Write, blocks, read, rows, to_write

_SQL = blocks("payouts")

# Policies and stacks are read for every batch and hardly ever change: each text is parsed once.
_terms = lru_cache(4096)(PolicyTerms.model_validate_json)
_group = lru_cache(4096)(Group.model_validate_json)


def load_book(connection: Connection[Any], facts: Sequence[Fact[PayoutEvent]]) -> Book:
    """Everything that these facts can change, and everything that the change rests on.

    A policy or a stack that changes brings everybody along whom the districts concerned ever
    employed. Otherwise only the persons of the batch matter, and of them those with an award.
    """
    book = Book()
    events = [fact.event for fact in facts]
    stack_ids = {
        one.originator_id for one in events if isinstance(one, StackDefined | StackRetired)
    }
    changed = [one for one in events if isinstance(one, PolicyAdopted | PolicyRetired)]
    awarded = [one for one in events if isinstance(one, Awarded)]
    district_ids = {one.district_id for one in changed}
    district_ids |= _ids(connection, "districts_paying_for_stacks", stack_ids=stack_ids)
    person_ids = {person_id for one in events if (person_id := _person_of(one))}
    person_ids |= _ids(connection, "persons_of_districts", district_ids=district_ids)
    _load_teachers(connection, book, person_ids)
    if awarded or any(teacher.awards for teacher in book.teachers.values()):
        district_ids |= {one.district_id for one in events if isinstance(one, EmploymentStarted)}
        for teacher in book.teachers.values():
            district_ids |= {job.district_id for job in teacher.employments.values()}
    _load_policies(connection, book, district_ids)
    stack_ids = stack_ids.union(*(policy.stack_ids for policy in book.policies.values()))
    _load_stacks(connection, book, stack_ids | _stacks_paid_for(changed))
    _load_tiers(connection, book, {one.credential_id for one in awarded})
    _load_payouts(connection, book)
    return book


def changes(book: Book) -> list[Write]:
    """What has to be written back, all at once."""
    return to_write(
        _SQL["save"],
        policies=list(_policy_rows(book)),
        stacks=list(_stack_rows(book)),
        tiers=list(_tier_rows(book)),
        awards=list(_award_rows(book)),
        employments=list(_employment_rows(book)),
        marks=list(_mark_rows(book)),
        closed=list(_closed_rows(book)),
        opened=list(book.opened.values()),
    )


def _person_of(event: PayoutEvent) -> UUID | None:
    match event:
        case PolicyAdopted() | PolicyRetired() | StackDefined() | StackRetired():
            return None
        case CredentialVersionPublished():
            return None
        case _:
            return event.person_id


def _stacks_paid_for(changed: Iterable[PolicyAdopted | PolicyRetired]) -> set[UUID]:
    triggers = [one.terms.trigger for one in changed if isinstance(one, PolicyAdopted)]
    return {trigger.stack_id for trigger in triggers if isinstance(trigger, StackTrigger)}


def _ids(connection: Connection[Any], block: str, **wanted: set[UUID]) -> set[UUID]:
    return {row[0] for row in _found(connection, block, **wanted)}


def _found(connection: Connection[Any], block: str, **wanted: set[UUID]) -> list[tuple[Any, ...]]:
    """The rows of a block for some ids; nothing is asked about nobody."""
    if not any(wanted.values()):
        return []
    return rows(connection, _SQL[block], **{name: list(ids) for name, ids in wanted.items()})


def _load_teachers(connection: Connection[Any], book: Book, person_ids: set[UUID]) -> None:
    for row in _found(connection, "load_awards", person_ids=person_ids):
        award = _award(*row[1:])
        book.teacher(row[0]).awards[award.enrollment_id] = award
    for row in _found(connection, "load_employments", person_ids=person_ids):
        job = _employment(*row[1:])
        book.teacher(row[0]).employments[job.employment_id] = job


def _award(*columns: Any) -> Award:
    *known, revocations, tier, published_position = columns
    spans = tuple((revoked, reinstated) for revoked, reinstated in orjson.loads(revocations))
    fields = (*known, spans, tier, published_position)
    return Award(*fields)


def _employment(*columns: Any) -> Employment:
    *known, duties, positions = columns
    held = tuple(
        Duty(date.fromisoformat(duty["from_day"]), duty["role"], duty["exempt"])
        for duty in orjson.loads(duties)
    )
    fields = (*known, held, tuple(positions))
    return Employment(*fields)


def _load_policies(connection: Connection[Any], book: Book, district_ids: set[UUID]) -> None:
    for policy_id, district_id, last_day, retired_position, *columns, terms in _found(
        connection, "load_policies", district_ids=district_ids
    ):
        policy = book.policies.get(
            policy_id, Policy(policy_id, district_id, (), last_day, retired_position)
        )
        fields = (*columns, _terms(terms))
        version = Version(*fields)
        book.add_policy(replace(policy, versions=(*policy.versions, version)))


def _load_stacks(connection: Connection[Any], book: Book, stack_ids: set[UUID]) -> None:
    for stack_id, stack_version, requirement, *columns in _found(
        connection, "load_stacks", stack_ids=stack_ids
    ):
        era = Era(stack_version, _group(requirement), *columns)
        book.stacks[stack_id] = (*book.stacks.get(stack_id, ()), era)


def _load_tiers(connection: Connection[Any], book: Book, credential_ids: set[UUID]) -> None:
    for credential_id, credential_version, tier, position in _found(
        connection, "load_tiers", credential_ids=credential_ids
    ):
        book.tiers[credential_id, credential_version] = (tier, position)


def _load_payouts(connection: Connection[Any], book: Book) -> None:
    if book.policies and book.teachers:
        for row in read(connection, Row, _SQL["load_payouts"], person_ids=list(book.teachers)):
            book.teachers[row.person_id].rows[row.payout_id] = row


def _policy_rows(book: Book) -> Iterable[dict[str, Any]]:
    for policy in (book.policies[policy_id] for policy_id in book.changed_policies):
        for version in policy.versions:
            trigger = version.terms.trigger
            yield {
                "policy_id": policy.policy_id,
                "policy_version": version.policy_version,
                "district_id": policy.district_id,
                "board_reference": version.board_reference,
                "adopted_on": version.adopted_on,
                "position": version.position,
                "stack_id": trigger.stack_id if isinstance(trigger, StackTrigger) else None,
                "terms": version.terms.model_dump(mode="json"),
                "last_day": policy.last_day,
                "retired_position": policy.retired_position,
            }


def _stack_rows(book: Book) -> Iterable[dict[str, Any]]:
    for stack_id in book.changed_stacks:
        for era in book.stacks[stack_id]:
            yield {
                "stack_id": stack_id,
                "stack_version": era.stack_version,
                "requirement": era.requirement.model_dump(mode="json"),
                "capstone_credential_id": era.capstone_credential_id,
                "from_position": era.from_position,
                "defined_at": era.defined_at,
                "to_position": era.to_position,
            }


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
        yield {
            "enrollment_id": award.enrollment_id,
            "person_id": person_id,
            "credential_id": award.credential_id,
            "position": award.position,
            "awarded_on": award.awarded_on,
            "zone": award.zone,
            "expires_on": award.expires_on,
            "revocations": award.revocations,
            "tier": award.tier,
            "published_position": award.published_position,
        }


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


def _closed_rows(book: Book) -> Iterable[dict[str, Any]]:
    for (payout_id, from_position), to_position in book.closed.items():
        yield {
            "payout_id": payout_id,
            "from_position": from_position,
            "to_position": to_position,
        }


def _mark_rows(book: Book) -> Iterable[dict[str, Any]]:
    for (person_id, policy_id, fiscal_year), position in book.marks.items():
        yield {
            "person_id": person_id,
            "policy_id": policy_id,
            "fiscal_year": fiscal_year,
            "position": position,
        }

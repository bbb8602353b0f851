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
from pydantic import TypeAdapter

from ledger.events import policy_rule
from ledger.events.calendar import CalendarFactRecorded, DistrictFact
from ledger.events.dossier import Fact as DossierFact
from ledger.events.employment import EmploymentStarted
from ledger.events.enrollment import Awarded
from ledger.events.opening import OpeningPayment
from ledger.events.policy import (
    PolicyAdopted,
    PolicyRetired,
    PolicyRuleAdopted,
    PolicyTerms,
    StackTrigger,
)
from ledger.events.policy_rule import Rule
from ledger.events.stack import Group, StackDefined, StackRetired
from ledger.rules.completions import Award, Era
from ledger.rules.employments import Duty, Employment
from ledger.rules.entitlements.findings import RulePolicy, RuleVersion
from ledger.rules.entitlements.gather import CreditFact, Recorded
from ledger.rules.incentives import Policy, Version
from projections.contract import Fact
from projections.payout_fold import Book, PayoutEvent, PolicyEvent, RecordEvent
from projections.payout_rows import Row
from projections.payout_rules import POOL_OPEN
from projections.payout_teacher import Teacher
from projections.sql import Write, blocks, read, rows, to_write

_SQL = blocks("payouts")

# Policies and stacks are read for every batch and hardly ever change: each text is parsed once.
_terms = lru_cache(4096)(PolicyTerms.model_validate_json)
_rule = lru_cache(4096)(Rule.model_validate_json)
_group = lru_cache(4096)(Group.model_validate_json)
_district_fact = lru_cache(4096)(TypeAdapter[Any](DistrictFact).validate_json)
_fact = TypeAdapter[Any](DossierFact | CreditFact | OpeningPayment).validate_json

STACK_TRIGGERS = (StackTrigger, policy_rule.StackTrigger)
ASKING_EVERYBODY = (PolicyRuleAdopted, PolicyRetired, CalendarFactRecorded)


def load_book(
    connection: Connection[Any], facts: Sequence[Fact[PayoutEvent]], *persons: UUID
) -> Book:
    """Everything that these facts can change, and everything that the change rests on.

    A policy or a stack that changes brings everybody along whom the districts concerned ever
    employed. Otherwise only the persons of the batch matter, and of them those with an award.
    """
    book = Book()
    events = [fact.event for fact in facts]
    stack_ids = {
        one.originator_id for one in events if isinstance(one, StackDefined | StackRetired)
    }
    changed = [one for one in events if isinstance(one, PolicyEvent)]
    by_rule = {one.district_id for one in events if isinstance(one, ASKING_EVERYBODY)}
    awarded = [one for one in events if isinstance(one, Awarded)]
    district_ids = {one.district_id for one in changed}
    district_ids |= _ids(connection, "districts_paying_for_stacks", stack_ids=stack_ids)
    person_ids = {person_id for one in events if (person_id := _person_of(one))}
    person_ids.update(persons)
    person_ids |= _ids(connection, "persons_of_districts", district_ids=district_ids)
    person_ids |= _ids(connection, "persons_employed", district_ids=by_rule)
    _load_teachers(connection, book, person_ids)
    district_ids |= by_rule
    district_ids |= {one.district_id for one in events if isinstance(one, EmploymentStarted)}
    for teacher in book.teachers.values():
        district_ids |= {job.district_id for job in teacher.employments.values()}
    _load_policies(connection, book, district_ids)
    if (
        by_rule
        or book.rules.policies
        or persons
        or any(policy.capped for policy in book.policies.values())  # what was paid before counts
        or any(isinstance(one, RecordEvent | PolicyAdopted) for one in events)
    ):
        _load_recorded(connection, book, district_ids, person_ids)
    stack_ids = stack_ids.union(*(policy.stack_ids for policy in book.policies.values()))
    stack_ids = stack_ids.union(*(policy.stack_ids for policy in book.rules.policies.values()))
    _load_stacks(connection, book, stack_ids | _stacks_paid_for(changed))
    _load_tiers(connection, book, {one.credential_id for one in awarded})
    _load_payouts(connection, book)
    return book


def merge(connection: Connection[Any], kept_id: UUID, merged_id: UUID, position: int) -> Book:
    """What one person is owed whose record was two, once all of it is moved to the one."""
    ids = {"kept_id": kept_id, "merged_id": merged_id}
    for block in ("keep_ids", "merge_awards", "merge_employments", "merge_records"):
        connection.execute(_SQL[block], ids)
    book = load_book(connection, [], kept_id)
    merged = Teacher(merged_id)
    for row in read(connection, Row, _SQL["load_payouts"], person_ids=[merged_id]):
        merged.rows[row.payout_id] = row
    book.merge(book.teacher(kept_id), merged, position)
    return book


def load_persons(
    connection: Connection[Any], district_id: UUID, person_ids: set[UUID], stack_ids: set[UUID]
) -> Book:
    """What a rule of a district rests on for some persons, without anything derived so far."""
    book = Book()
    _load_teachers(connection, book, person_ids)
    _load_recorded(connection, book, {district_id}, person_ids)
    _load_stacks(connection, book, stack_ids)
    return book


def load_rule_policy(
    connection: Connection[Any], district_id: UUID, policy_id: UUID
) -> RulePolicy | None:
    """A policy that is written as a rule, with all its versions; null for any other."""
    book = Book()
    _load_policies(connection, book, {district_id})
    return book.rules.policies.get(policy_id)


def changes(book: Book) -> list[Write]:
    """What has to be written back, all at once."""
    return to_write(
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
        ended_wishes=list(_ended_rows(book.ended_wishes)),
        wishes=[row for row in book.opened.values() if row.reason == POOL_OPEN],
        opened=[_shown(row) for row in book.opened.values()],
    )


def _person_of(event: PayoutEvent) -> UUID | None:
    person_id: UUID | None = getattr(event, "person_id", None)
    return person_id


def _stacks_paid_for(changed: Iterable[PolicyEvent]) -> set[UUID]:
    triggers = [_terms_of(one).trigger for one in changed if not isinstance(one, PolicyRetired)]
    return {one.stack_id for one in triggers if isinstance(one, STACK_TRIGGERS)}


def _terms_of(event: PolicyAdopted | PolicyRuleAdopted) -> PolicyTerms | Rule:
    return event.terms if isinstance(event, PolicyAdopted) else event.rule


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
    for person_id, policy_id, subject_id, payout_id in _found(
        connection, "load_ids", person_ids=person_ids
    ):
        book.teacher(person_id).ids[policy_id, subject_id] = payout_id
    for row in _found(connection, "load_employments", person_ids=person_ids):
        job = _employment(*row[1:])
        book.teacher(row[0]).employments[job.employment_id] = job


def _award(*columns: Any) -> Award:
    *known, tier, published_position, issuer_id, revoked_on, origin_id, revocations = columns
    spans = tuple((revoked, reinstated) for revoked, reinstated in orjson.loads(revocations))
    fields = (*known, spans, tier, published_position, issuer_id, revoked_on, origin_id)
    return Award(*fields)


def _employment(*columns: Any) -> Employment:
    *known, duties, positions = columns
    held = tuple(
        Duty(
            date.fromisoformat(duty["from_day"]),
            duty["role"],
            duty["exempt"],
            duty["school_id"] and UUID(duty["school_id"]),
            duty["fte_thousandths"],
        )
        for duty in orjson.loads(duties)
    )
    fields = (*known, held, tuple(positions))
    return Employment(*fields)


def _load_policies(connection: Connection[Any], book: Book, district_ids: set[UUID]) -> None:
    for policy_id, district_id, last_day, retired_position, is_rule, *columns, terms in _found(
        connection, "load_policies", district_ids=district_ids
    ):
        if is_rule:
            key = (policy_id, district_id, (), last_day, retired_position)
            rule = book.rules.policies.get(policy_id, RulePolicy(*key))
            made = (*columns, _rule(terms))
            book.rules.add(replace(rule, versions=(*rule.versions, RuleVersion(*made))))
            continue
        policy = book.policies.get(
            policy_id, Policy(policy_id, district_id, (), last_day, retired_position)
        )
        fields = (*columns, _terms(terms))
        version = Version(*fields)
        book.add_policy(replace(policy, versions=(*policy.versions, version)))


def _load_recorded(
    connection: Connection[Any], book: Book, district_ids: set[UUID], person_ids: set[UUID]
) -> None:
    """What only rules ask for: nobody reads it for a district that has none."""
    for district_id, position, fact in _found(
        connection, "load_calendars", district_ids=district_ids
    ):
        book.rules.record(district_id, position, _district_fact(fact))
    for person_id, district_id, *columns, fact in _found(
        connection, "load_records", person_ids=person_ids
    ):
        fields = (*columns, _fact(fact))
        recorded = Recorded(*fields)
        key = (recorded.stream, recorded.version)
        book.teacher(person_id).recorded[key] = (district_id, recorded)


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
    if (book.policies or book.rules.policies) and book.teachers:
        for row in read(connection, Row, _SQL["load_payouts"], person_ids=list(book.teachers)):
            book.teachers[row.person_id].rows[row.payout_id] = row


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
            "fact": None if row.fact is None else row.fact.model_dump(mode="json"),
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
            "issuer_id": award.issuer_id,
            "revoked_on": award.revoked_on,
            "origin_id": award.origin_id,
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

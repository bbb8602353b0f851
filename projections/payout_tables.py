"""The tables behind payouts: loads what a page of the log may touch, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from pydantic import TypeAdapter

from ledger.events import LedgerEvent, policy_rule
from ledger.events.batch import BatchClosed, BatchLinesListed, BatchVoided, ReturnLinesListed
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
from ledger.rules.entitlements.findings import RulePolicy, RuleVersion, asks_days
from ledger.rules.entitlements.gather import CreditFact, Recorded
from ledger.rules.incentives import Policy, Version
from projections.contract import Fact
from projections.payout_begun import Begun, load_begun
from projections.payout_fold import Book, PayoutEvent, PolicyEvent, RecordEvent
from projections.payout_paid import LineEvent, PaidEvent, PaidLine
from projections.payout_rows import Row
from projections.payout_rules import rule_from_json
from projections.payout_teacher import Teacher
from projections.sql import blocks, read, rows

_SQL = blocks("payouts")

# Policies and stacks are read for every batch and hardly ever change: each text is parsed once.
_terms = lru_cache(4096)(PolicyTerms.model_validate_json)
_group = lru_cache(4096)(Group.model_validate_json)
_district_fact = lru_cache(4096)(TypeAdapter[Any](DistrictFact).validate_json)
_fact = TypeAdapter[Any](DossierFact | CreditFact | OpeningPayment).validate_json


@lru_cache(4096)
def _asks_days(terms: str) -> bool:
    return asks_days(rule_from_json(terms))


STACK_TRIGGERS = (StackTrigger, policy_rule.StackTrigger)
ASKING_EVERYBODY = (PolicyRuleAdopted, PolicyRetired, CalendarFactRecorded)


def load_book(
    connection: Connection[Any],
    facts: Sequence[Fact[PayoutEvent]],
    *persons: UUID,
    begun: Mapping[UUID, Begun] = MappingProxyType({}),
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
    paying = [one for one in events if isinstance(one, PaidEvent)]
    district_ids = {one.district_id for one in changed}
    district_ids |= _ids(connection, "districts_paying_for_stacks", stack_ids=stack_ids)
    person_ids = {person_id for one in events if (person_id := _person_of(one))}
    person_ids.update(persons)
    person_ids |= _ids(connection, "persons_of_districts", district_ids=district_ids)
    person_ids |= _ids(connection, "persons_employed", district_ids=by_rule)
    payers = {one.district_id for one in paying}
    _load_policies(connection, book, payers)
    paid_ids = _load_batches(connection, book, events, paying) if paying else set[UUID]()
    person_ids |= paid_ids
    _load_teachers(connection, book, person_ids)
    district_ids |= by_rule
    district_ids |= {one.district_id for one in events if isinstance(one, EmploymentStarted)}
    for teacher in book.teachers.values():
        district_ids |= {job.district_id for job in teacher.employments.values()}
    _load_policies(connection, book, district_ids - payers)
    district_ids |= payers
    _load_paid(connection, book, events, person_ids, paid_ids)
    if book.rules.ask_days or any(asks_days(one.rule) for one in _adopted(events)):
        earned = {one.originator_id for one in awarded}
        book.begun = load_begun(connection, earned | _earned(book), begun)
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
    for block in ("keep_ids", "merge_awards", "merge_employments", "merge_records", "merge_paid"):
        connection.execute(_SQL[block], ids)
    book = load_book(connection, [], kept_id)
    merged = Teacher(merged_id)
    for row in read(connection, Row, _SQL["load_payouts"], person_ids=[merged_id]):
        merged.rows[row.payout_id] = row
    book.merge(book.teacher(kept_id), merged, position)
    return book


def load_persons(connection: Connection[Any], policy: RulePolicy, person_ids: set[UUID]) -> Book:
    """What a rule of a district rests on for some persons, without anything derived so far."""
    district_id = policy.district_id
    book = Book()
    book.rules.add(policy)
    _load_teachers(connection, book, person_ids)
    _load_paid(connection, book, [], person_ids, set())
    if any(asks_days(version.rule) for version in policy.versions):
        book.begun = load_begun(connection, _earned(book), {})
    _load_recorded(connection, book, {district_id}, person_ids)
    _load_stacks(connection, book, set(policy.stack_ids))
    return book


def load_rule_policy(
    connection: Connection[Any], district_id: UUID, policy_id: UUID
) -> RulePolicy | None:
    """A policy that is written as a rule, with all its versions; null for any other."""
    book = Book()
    _load_policies(connection, book, {district_id})
    return book.rules.policies.get(policy_id)


def _person_of(event: PayoutEvent) -> UUID | None:
    person_id: UUID | None = getattr(event, "person_id", None)
    return person_id


def _earned(book: Book) -> set[UUID]:
    return {award for teacher in book.teachers.values() for award in teacher.awards}


def _adopted(events: Sequence[LedgerEvent]) -> list[PolicyRuleAdopted]:
    return [one for one in events if isinstance(one, PolicyRuleAdopted)]


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
            made = (*columns, rule_from_json(terms))
            book.rules.ask_days = book.rules.ask_days or _asks_days(terms)
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


def _load_batches(
    connection: Connection[Any],
    book: Book,
    events: Sequence[LedgerEvent],
    paying: Sequence[PaidEvent],
) -> set[UUID]:
    """The lines that events of payroll are about, and whom they may concern: where a rule asks.

    The book has the policies of whoever pays already.
    """
    listing = [one for one in paying if isinstance(one, BatchLinesListed)]
    listed = {line.person_id for one in listing for line in one.lines}
    book.paid.payees = _ids(connection, "persons_known", person_ids=listed)
    book.paid.payees |= {one.person_id for one in events if isinstance(one, EmploymentStarted)}
    moving = (BatchClosed, BatchVoided, ReturnLinesListed)
    touched = {one.originator_id for one in paying if isinstance(one, moving)}
    held = read(connection, PaidLine, _SQL["paid_in_batches"], batch_ids=list(touched))
    for line in held:
        book.paid.add(line)
    rules, terms = book.rules.policies.values(), book.policies.values()
    if (
        not any(rule.asks_paid or rule.budgeted for rule in rules)
        and not any(one.budgeted for one in terms)  # what is closed stands first in line
        and not any(isinstance(one, PolicyAdopted | PolicyRuleAdopted) for one in events)
    ):
        return set()
    here = {line.person_id for one in listing if one.originator_id in touched for line in one.lines}
    return {line.person_id for line in held} | (here & book.paid.payees)


def _load_paid(
    connection: Connection[Any],
    book: Book,
    events: Sequence[LedgerEvent],
    person_ids: set[UUID],
    paid_ids: set[UUID],
) -> None:
    """What was paid to persons, where a policy asks for it or an event is about lines of theirs.

    A budget asks: what is closed stands first. A policy that the events adopt may have one.
    """
    wanted = paid_ids.union(one.person_id for one in events if isinstance(one, LineEvent))
    if (
        any(isinstance(one, PolicyAdopted | PolicyRuleAdopted) for one in events)
        or any(one.budgeted for one in book.policies.values())
        or any(one.asks_paid or one.budgeted for one in book.rules.policies.values())
    ):
        wanted = person_ids
    if wanted:
        sql = _SQL["paid_to_persons"]
        for line in read(connection, PaidLine, sql, person_ids=list(wanted)):
            book.paid.add(line)


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

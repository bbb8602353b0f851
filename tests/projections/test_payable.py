"""What may be paid while something could not be read: nothing that lies in its scope."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from ledger.events.batch import OriginalLine
from ledger.events.entitlement import CorrectionAdopted, entitlement_stream
from ledger.events.merge import MERGES, PersonsMerged
from ledger.events.policy import AwardTrigger, StackTrigger
from projections import payable
from projections.batches import Batches
from projections.payable import LedgerInDoubtError
from projections.payouts import Payouts
from tests.database import Server
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    DISTRICTS,
    POLICIES,
    STACKS,
    TEACHERS,
    World,
    all_of,
    terms,
)
from tests.projections.logs import Log, a_log
from tests.samples import named

ANNE, BERTHA, _ = TEACHERS
ONE, OTHER = CREDENTIALS[:2]
FLAT, STACK = POLICIES[:2]
HERE, FAR = DISTRICTS[0], date(2099, 1, 1)
PAYDAY = date(2025, 9, 15)
EVERYTHING = {("anne", FLAT), ("anne", STACK), ("bertha", FLAT), ("anne's correction", FLAT)}


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def world() -> tuple[World, dict[UUID, UUID]]:
    """Anne is owed for a micro-credential and a stack, Bertha for another micro-credential."""
    world = World()
    for person in (ANNE, BERTHA):
        world.employ(person, HERE)
    world.define(STACKS[0], all_of(ONE), None, DAYS[0])
    world.adopt(FLAT, HERE, terms(trigger=AwardTrigger(credential_ids=(ONE, OTHER))))
    world.adopt(STACK, HERE, terms(trigger=StackTrigger(stack_id=STACKS[0])))
    awards = {ANNE: world.award(ANNE, ONE, DAYS[1]), BERTHA: world.award(BERTHA, OTHER, DAYS[1])}
    line = {"line_id": named("line"), "policy_id": FLAT, "policy_version": 1}
    world.add(
        CorrectionAdopted,
        entitlement_stream(named("entitlement")),
        **line,
        district_id=HERE,
        entitlement_id=named("entitlement"),
        person_id=ANNE,
        correction=1,
        kind="adj",
        amount_cents=100,
        subject_id=awards[ANNE],
        earned_on=DAYS[1],
        original=OriginalLine(
            line_id=named("original"), attempt=1, pay_date=PAYDAY, tax_year=PAYDAY.year
        ),
        owed_cents=100,
        closed_cents=0,
        through_position=1,
    )
    return world, {person: award for person, award in awards.items() if award is not None}


def paid(log: Log) -> set[tuple[str, UUID]]:
    """Who would be paid, and by which policy."""
    names = {ANNE: "anne", BERTHA: "bertha"}
    lines = payable.payable(log.reader, HERE, through=log.last(), pay_date=FAR)
    corrected = payable.corrections(log.reader, HERE, through=log.last())
    return {(names[one.person_id], one.policy_id) for one in lines} | {
        (f"{names[one.person_id]}'s correction", one.policy_id) for one in corrected
    }


def about(person: UUID) -> bytes:
    return b'{"person_id":"' + str(person).encode() + b'"}'


@pytest.mark.parametrize(
    ("topic", "left"),
    [
        ("enrollment.revoked.v1", {("bertha", FLAT)}),
        ("entitlement.held.v1", {("bertha", FLAT)}),  # which the view of batches alone takes
        ("credential.version-published.v1", {("bertha", FLAT)}),
        ("policy.adopted.v1", {("anne", STACK)}),
        ("batch.closed.v1", None),
        ("nobody.knows.v1", None),
    ],
)
def test_what_is_in_the_scope_of_a_bad_event_cannot_be_paid(
    log: Log, topic: str, left: set[tuple[str, UUID]] | None
) -> None:
    log.empty()
    told, awards = world()
    log.fill([event for _, event in told.facts])
    log.catch_up([Payouts(), Batches()])
    assert paid(log) == EVERYTHING

    streams = {"credential": ONE, "policy": FLAT, "enrollment": awards[ANNE]}
    stream = streams.get(topic.split(".", maxsplit=1)[0], named("stream of its own"))
    log.fill_raw([(stream, told.versions.get(stream, 0) + 1, topic, about_or_empty(topic))])
    log.catch_up([Payouts(), Batches()])

    if left is None:
        with pytest.raises(LedgerInDoubtError):
            paid(log)
    else:
        assert paid(log) == left


def about_or_empty(topic: str) -> bytes:
    """A state that cannot be decoded; of events about a person it says who she is."""
    return about(ANNE) if topic.startswith(("enrollment.", "entitlement.")) else b"{}"


def test_behind_a_merge_that_queues_who_was_kept_cannot_be_paid_either(log: Log) -> None:
    """Her award may be revoked by an event that waits behind the merge."""
    log.empty()
    told, awards = world()
    log.fill([event for _, event in told.facts])
    log.fill_raw([(awards[BERTHA], 2, "enrollment.revoked.v1", about(BERTHA))])
    told.add(
        PersonsMerged,
        MERGES,
        person_id=ANNE,
        merged_id=BERTHA,
        reason="duplicate_account",
        requested_by=named("one operator"),
        confirmed_by=named("another"),
    )
    told.turn(awards[ANNE])
    log.fill([event for _, event in told.facts[-2:]])
    log.catch_up([Payouts(), Batches()])
    assert paid(log) == set()

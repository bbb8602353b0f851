"""Two records of one person: folded as one from the merge on, live and rebuilt alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from ledger.aggregates.batch_draft import list_lines
from ledger.events.batch import BatchLinesListed
from ledger.events.enrollment import Awarded, Revoked
from ledger.events.merge import MERGES, PersonsMerged
from ledger.events.stack import StackDefined
from ledger.rules.payroll_lines import lines_of_batch
from projections import employments, history, payouts, renewals, stacks, transcript
from projections.check import check
from projections.payable import owed
from projections.payouts import Payout
from projections.rebuild import rebuild
from projections.redirects import redirected, redirects
from projections.registry import PROJECTIONS
from tests.database import Server
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    DISTRICTS,
    POLICIES,
    STACKS,
    all_of,
    terms,
)
from tests.projections.histories import TEACHERS as PEOPLE
from tests.projections.lives import TEACHERS, given_to, organization_streams, person_streams
from tests.projections.logs import Log, a_log
from tests.projections.ruled import RuledWorld
from tests.rules.dossiers import plain_rule
from tests.rules.test_payroll import TERMS as PAYROLL_TERMS
from tests.rules.test_payroll import payable
from tests.samples import MONDAY, Story, act, header, issuer_events, named

KEPT, MERGED, OTHER = PEOPLE
HERE = DISTRICTS[0]
FAR = date(2099, 1, 1)


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def merged(kept: UUID, other: UUID, version: int = 1) -> PersonsMerged:
    return PersonsMerged(
        **header(MERGES, version, MONDAY),
        person_id=kept,
        merged_id=other,
        reason="duplicate_account",
        requested_by=named("one"),
        confirmed_by=named("another"),
    )


class MergingWorld(RuledWorld):
    """A world in which two records turn out to be one person's."""

    def merge(self, kept: UUID, other: UUID) -> int:
        fields = merged(kept, other).model_dump(
            exclude={"originator_id", "originator_version", "occurred_at", "actor_id"}
        )
        return self.add(PersonsMerged, MERGES, **fields)


def owed_to(log: Log, person: UUID) -> dict[UUID, Payout]:
    found = payouts.of_person(log.reader, person, effective_on=FAR)
    return {one.subject_id: one for one in found}


def played(log: Log, world: MergingWorld, page_events: int = 1000) -> None:
    log.empty()
    log.fill([fact.event for fact in world.facts])
    log.catch_up(page_events=page_events)


def test_everything_about_either_is_about_the_one_who_was_kept(log: Log) -> None:
    her, other = TEACHERS[:2]
    log.empty()
    log.fill([*issuer_events(), *(e for stream in organization_streams() for e in stream)])
    for person in (her, other):
        for stream in (*person_streams(person), given_to(person, Story().awarded().events)):
            log.fill(stream[:-1])
    log.fill([merged(her, other)])
    for person in (her, other):  # what was begun before goes on under the ids that it began with
        for stream in (*person_streams(person), given_to(person, Story().awarded().events)):
            log.fill(stream[-1:])
    log.catch_up(page_events=7)
    assert len(transcript.of_person(log.reader, her)) == 2
    assert {line.status for line in transcript.of_person(log.reader, her)} == {"awarded"}
    assert len(employments.of_person(log.reader, her)) == 2
    licenses = renewals.of_persons(log.reader, [her])
    assert [one.license.person_id for one in licenses] == [her, her]
    credits_ = renewals.credits_of_persons(log.reader, [her])
    assert len(credits_) == 4, "hers and the other one's, each with an award from elsewhere"
    happened = history.of_person(log.reader, her, limit=1000)
    assert (
        len(happened)
        == log.last()
        - 1
        - len(issuer_events())
        - sum(len(stream) for stream in organization_streams())
        + 1
    )
    assert PersonsMerged.TOPIC in {one.topic for one in happened}
    events = history.events_of(log.reader, her, "employment", until=log.last())
    assert {fact.event.person_id for fact in events if hasattr(fact.event, "person_id")} == {her}
    for projection in PROJECTIONS:
        for table in projection.tables:
            left = [row for row in log.all_of(table.name) if str(other) in row]
            assert not left or table.name == "history_streams", table.name
    assert [one.equal for one in check(log.database, PROJECTIONS, workers=2)] == [True] * len(
        PROJECTIONS
    )


def test_the_second_award_of_a_pair_is_not_paid_again_and_says_why(log: Log) -> None:
    world = MergingWorld()
    world.adopt(POLICIES[0], HERE, terms())
    world.adopt_rule(plain_rule())
    world.employ(KEPT, HERE)
    world.employ(MERGED, HERE)
    first = world.award(KEPT, CREDENTIALS[0], DAYS[1])
    second = world.award(MERGED, CREDENTIALS[0], DAYS[2])
    alone = world.award(MERGED, CREDENTIALS[1], DAYS[2])
    assert first is not None
    assert second is not None
    assert alone is not None
    played(log, world)
    before = owed(log.reader, HERE, through=log.last())
    ids_before = {one.entitlement_id for one in before.values()}
    log.fill([merged(KEPT, MERGED)])
    log.catch_up()
    after = owed(log.reader, HERE, through=log.last())
    lines = payouts.of_person(log.reader, KEPT, effective_on=FAR)
    assert {(one.subject_id, one.status, one.reason) for one in lines} == {
        (first, "due", None),
        (second, "not_due", "duplicate"),
        (alone, "due", None),
    }
    # Payroll knows each by the id it had: what is owed still keeps its line, nothing is new.
    assert after.keys() < before.keys()
    gone = {before[line].subject_id for line in before.keys() - after.keys()}
    assert gone == {second}
    assert {one.payout_id for one in lines} == ids_before
    explained = payouts.explain(
        log.reader, next(o.payout_id for o in lines if o.subject_id == second), effective_on=FAR
    )
    assert explained is not None
    assert {"counts_instead": str(first)} in [check["inputs"] for check in explained.checks]
    assert payouts.of_person(log.reader, MERGED, effective_on=FAR) == []
    # What was known before is told as it was.
    then = payouts.of_person(log.reader, MERGED, effective_on=FAR, as_of=log.last() - 1)
    assert {one.status for one in then} == {"due"}


def test_a_duplicate_counts_once_the_award_before_it_is_revoked(log: Log) -> None:
    world = MergingWorld()
    world.adopt(POLICIES[0], HERE, terms())
    world.employ(KEPT, HERE)
    first = world.award(KEPT, CREDENTIALS[0], DAYS[1])
    second = world.award(MERGED, CREDENTIALS[0], DAYS[2])
    assert first is not None
    assert second is not None
    world.merge(KEPT, MERGED)
    played(log, world)
    assert owed_to(log, KEPT)[second].reason == "duplicate"
    world.turn(first)
    played(log, world)
    found = owed_to(log, KEPT)
    assert (found[first].reason, found[second].status) == ("award_revoked", "due")


def test_practice_37_what_she_earned_as_a_student_is_shown_and_not_paid(log: Log) -> None:
    """Five earned in 2017 and hired in 2021: once her records are one, five lines and 0 cents."""
    world = MergingWorld()
    world.adopt(POLICIES[0], HERE, terms(effective_from=date(2015, 7, 1)))
    world.adopt_rule(
        plain_rule(
            effective_from=date(2015, 7, 1),
            eligibility=[{"kind": "employed", "on": "earned"}],
        )
    )
    for credential in (*CREDENTIALS, named("the fifth")):
        world.begin(MERGED, credential, datetime(2017, 2, 1, 17, tzinfo=UTC), date(2017, 5, 1))
        world.award(MERGED, credential, date(2017, 5, 12))
    world.employ(KEPT, HERE, first_day=date(2021, 8, 16))
    world.merge(KEPT, MERGED)
    played(log, world)
    assert [line.status for line in transcript.of_person(log.reader, KEPT)] == ["awarded"] * 5
    found = payouts.of_person(log.reader, KEPT, effective_on=FAR)
    assert [(one.status, one.amount_cents) for one in found] == [("not_due", 0)] * 10
    assert {one.reason for one in found} == {"not_employed_on_award_date", "not_employed_on_earned"}
    assert owed(log.reader, HERE, through=log.last()) == {}


def test_a_yearly_cap_counts_what_both_records_were_owed(log: Log) -> None:
    """Cap 50,000 a year, 30,000 each: 30,000 + 30,000 apart, 30,000 + 20,000 together."""
    world = MergingWorld()
    world.adopt(POLICIES[0], HERE, terms(person_cap_cents_per_year=50_000))
    world.employ(KEPT, HERE)
    world.employ(MERGED, HERE)
    early = world.award(MERGED, CREDENTIALS[0], DAYS[1])
    late = world.award(KEPT, CREDENTIALS[1], DAYS[2])
    assert early is not None
    assert late is not None
    world.merge(KEPT, MERGED)
    played(log, world)
    found = owed_to(log, KEPT)
    assert (found[early].amount_cents, found[late].amount_cents) == (30_000, 20_000)


def test_a_stack_can_be_completed_by_what_two_records_hold(log: Log) -> None:
    world = MergingWorld()
    world.add(
        StackDefined,
        STACKS[0],
        stack_version=1,
        issuer_id=named("issuer"),
        title="A stack",
        summary="Two that mean more together.",
        requirement=all_of(*CREDENTIALS[:2]),
        capstone_credential_id=None,
    )
    world.award(KEPT, CREDENTIALS[0], DAYS[1])
    world.award(MERGED, CREDENTIALS[1], DAYS[2])
    world.award(MERGED, CREDENTIALS[0], DAYS[2])
    world.merge(KEPT, MERGED)
    played(log, world)
    (line,) = stacks.of_person(log.reader, KEPT, effective_on=DAYS[3])
    assert (line.percent, line.remaining, line.completion_stands) == (100, 0, True)
    assert stacks.of_person(log.reader, MERGED, effective_on=DAYS[3]) == []


def test_records_merged_one_after_another_come_to_the_last_one_kept(log: Log) -> None:
    world = MergingWorld()
    world.adopt(POLICIES[0], HERE, terms())
    for person in PEOPLE:
        world.employ(person, HERE)
        world.award(person, CREDENTIALS[0], DAYS[1])
    world.merge(MERGED, OTHER)
    world.merge(KEPT, MERGED)
    played(log, world)
    assert redirects(log.reader) == {OTHER: KEPT, MERGED: KEPT}
    reasons = sorted(str(one.reason) for one in owed_to(log, KEPT).values())
    assert reasons == ["None", "duplicate", "duplicate"]


@pytest.mark.parametrize("page_events", [1, 7, 1000])
def test_live_and_rebuilt_tables_agree_however_the_log_is_cut(log: Log, page_events: int) -> None:
    world = MergingWorld()
    world.adopt(POLICIES[0], HERE, terms(budget_cents_per_year=60_000))
    world.adopt_rule(plain_rule())
    for person in PEOPLE:
        world.employ(person, HERE)
    for place, person in enumerate(PEOPLE):
        world.award(person, CREDENTIALS[place], DAYS[1])
        world.award(person, CREDENTIALS[0], DAYS[2])
    world.merge(KEPT, MERGED)
    again = world.award(MERGED, CREDENTIALS[2], DAYS[3])
    world.merge(KEPT, OTHER)
    world.award(OTHER, CREDENTIALS[1], DAYS[4])
    assert again is not None
    world.turn(again)
    played(log, world, page_events)
    awarded = [e for e in (fact.event for fact in world.facts) if isinstance(e, Awarded | Revoked)]
    assert {event.person_id for event in awarded} == set(PEOPLE)
    live = log.dump()
    rebuild(log.database, PROJECTIONS, workers=2)
    assert log.dump() == live


def test_a_merge_waits_behind_what_could_not_be_read_of_either(log: Log) -> None:
    her, other = TEACHERS[:2]
    log.empty()
    log.fill(given_to(her, Story().awarded().events))
    state = b'{"person_id":"%s","flaw":1}' % str(other).encode()
    log.fill_raw([(named("torn"), 1, Awarded.TOPIC, state)])
    log.fill([merged(her, other)])
    log.fill(given_to(other, Story().awarded().events))
    log.catch_up()
    assert len(transcript.of_person(log.reader, her)) == 1
    parked = log.all_of("parked")
    assert any("merge.persons-merged.v1" in row for row in parked)


def test_lines_of_a_batch_that_are_listed_behind_a_merge_are_of_whoever_is_kept() -> None:
    made = lines_of_batch([payable(1, 100), payable(2, 200)], [], {}, {}, PAYROLL_TERMS)
    [event] = list_lines(named("batch"), act(), district_id=named("d"), after=1, lines=made)
    kept, other = made[0].person_id, made[1].person_id

    after = redirected(event, {other: kept})

    assert isinstance(after, BatchLinesListed)
    assert [line.person_id for line in after.lines] == [kept, kept]
    assert [line.amount_cents for line in after.lines] == [100, 200]
    assert redirected(event, {named("x"): kept}) is event

"""Whatever people try, in whatever order: laws that hold of every history of an enrollment.

A history is made by running random commands; those that are refused leave no trace. The laws are
read off the events alone, without the aggregate that made them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ledger.aggregates.base import Act
from ledger.aggregates.enrollment import Enrollment, enroll
from ledger.aggregates.enrollment_state import Appeal, Status
from ledger.errors import LedgerError
from ledger.events import AnyEnrollmentEvent
from ledger.events.enrollment import (
    Adjudicated,
    AppealDecided,
    AppealOpened,
    AssessorAssigned,
    AssessorRecused,
    AssignmentLapsed,
    Awarded,
    Decision,
    IntegrityHoldResolved,
    Recommended,
    Reinstated,
    Resubmitted,
    ReviewDecided,
    Revoked,
    Scored,
    SubmissionReturned,
    Submitted,
    Withdrawn,
)
from tests.samples import (
    APPROVER,
    COACH,
    DAY,
    EARNER,
    FIRST,
    MET,
    MONDAY,
    NOT_MET,
    OTHER_APPROVER,
    SECOND,
    STRANGER,
    THIRD,
    TOLD,
    artifact,
    artifacts,
    credential,
    definition,
    founding_assessor,
    issuer,
    issuer_terms,
    named,
)

PEOPLE = (FIRST, SECOND, THIRD, STRANGER, COACH, EARNER, APPROVER, OTHER_APPROVER)
ASSESSORS = {person: founding_assessor(person) for person in PEOPLE}
Events = Sequence[AnyEnrollmentEvent]


def _folded(before: Enrollment | None, events: Events) -> Enrollment:
    after = Enrollment.fold(before, events)
    assert after is not None
    return after


class World:
    """One teacher's cycles with one micro-credential, and a clock."""

    def __init__(self, valid_months: int | None, attempts_before_coaching: int | None) -> None:
        self.credential = credential(definition(valid_months=valid_months))
        self.issuer = issuer(issuer_terms(attempts_before_coaching=attempts_before_coaching))
        self.at = MONDAY
        self.cycles: list[list[AnyEnrollmentEvent]] = []
        self.states: list[Enrollment] = []

    def act(self, n: int) -> Act:
        return Act(actor_id=PEOPLE[n % len(PEOPLE)], at=self.at)

    def tries(self, command: Callable[[Enrollment], Events], cycle: int = -1) -> None:
        """Run a command on a cycle, or leave everything as it is."""
        if not self.cycles:
            return
        before = self.states[cycle]
        try:
            events = command(before)
        except LedgerError:
            return
        assert events, "what changes nothing is refused"
        self.cycles[cycle] += events
        self.states[cycle] = _folded(before, events)

    def enrolls(self, n: int) -> None:
        earlier = self.states
        renews = earlier[-1].id if earlier and n % 2 else None
        try:
            begun = enroll(
                Act(actor_id=EARNER, at=self.at),
                person_id=EARNER,
                credential=self.credential,
                issuer=self.issuer,
                earlier=earlier,
                renews_enrollment_id=renews,
            )
        except LedgerError:
            return
        self.cycles.append(list(begun))
        self.states.append(_folded(None, begun))

    def uploads(self, n: int) -> None:
        files = (*artifacts(), artifact(f"quiz {n}", "quiz"))
        self.tries(lambda e: e.upload_evidence(self.act(n), artifact=files[n % len(files)]))

    def submits(self, n: int) -> None:
        for file in artifacts():
            self.tries(partial(Enrollment.upload_evidence, act=self.act(5), artifact=file))
        self.tries(
            lambda e: e.submit(
                self.act(5),
                credential=self.credential,
                issuer=self.issuer,
                integrity_attested=n != 0,
            )
        )

    def returns(self, n: int) -> None:
        self.tries(lambda e: e.return_submission(self.act(n), reasons=["unreadable"]))

    def assigns(self, n: int) -> None:
        person = PEOPLE[n % len(PEOPLE)]
        self.tries(
            lambda e: e.assign(
                self.act(6),
                assessor_id=person,
                assessor=ASSESSORS[person],
                holds_award=False,
                credential=self.credential,
                issuer=self.issuer,
            )
        )

    def recuses(self, n: int) -> None:
        person = PEOPLE[n % len(PEOPLE)]
        self.tries(lambda e: e.recuse(self.act(n), assessor_id=person, reason="colleague"))

    def lapses(self, n: int) -> None:
        self.tries(lambda e: e.lapse(self.act(6), seat=1 + n % 3, issuer=self.issuer))

    def scores(self, n: int) -> None:
        """Somebody who is seated scores, if there is anybody; else whoever wants to."""
        seats = [seat for state in self.states[-1:] for seat in state.seats]
        waiting = [seat.assessor_id for seat in seats if seat.scores is None]
        person = waiting[n % len(waiting)] if waiting else PEOPLE[n % len(PEOPLE)]
        self.tries(
            lambda e: e.score(
                Act(actor_id=person, at=self.at),
                credential=self.credential,
                levels=NOT_MET if n % 3 == 0 else MET,
            )
        )

    def decides(self, n: int) -> None:
        decisions: tuple[Decision, ...] = ("award", "not_yet", "integrity_hold", "award")
        decision = decisions[n % 4]
        findings = {"c1": True, "c2": decision == "award"} if n > 4 else None
        self.tries(
            lambda e: e.decide(
                self.act(6 if n % 2 else n),
                credential=self.credential,
                issuer=self.issuer,
                decision=decision,
                findings=findings,
                reason="seen-otherwise",
                remarks=TOLD if n % 3 else {},
            )
        )

    def resolves(self, n: int) -> None:
        finding: Any = "cleared" if n % 2 else "confirmed"
        self.tries(
            lambda e: e.resolve_hold(
                self.act(6), issuer=self.issuer, finding=finding, reason="looked-into"
            )
        )

    def withdraws(self, n: int) -> None:
        if n == 0:  # rarely, or nothing else would ever happen
            self.tries(lambda e: e.withdraw(self.act(5), reason="moved"))
        else:
            self.tries(lambda e: e.withdraw_evidence(self.act(5), evidence_id=named("work 1")))

    def revokes(self, n: int) -> None:
        self.tries(
            lambda e: e.revoke(
                self.act(6), issuer=self.issuer, reason="copied", authority="committee"
            ),
            n % max(1, len(self.cycles)),
        )

    def reinstates(self, n: int) -> None:
        cycle = n % max(1, len(self.cycles))
        later = self.states[cycle + 1 :]
        self.tries(
            lambda e: e.reinstate(self.act(6), reason="mistaken", authority="c", later=later), cycle
        )

    def appeals(self, n: int) -> None:
        cycle = n % max(1, len(self.cycles))
        self.tries(lambda e: e.open_appeal(self.act(5), issuer=self.issuer, ground="p"), cycle)

    def decides_appeal(self, n: int) -> None:
        cycle = n % max(1, len(self.cycles))
        later = self.states[cycle + 1 :]
        finding: Any = "overturned" if n % 4 else "upheld"
        self.tries(
            lambda e: e.decide_appeal(
                self.act(7), issuer=self.issuer, finding=finding, reason="p", later=later
            ),
            cycle,
        )

    def coaches(self, n: int) -> None:
        person = PEOPLE[n % len(PEOPLE)]
        today = self.at.date()
        self.tries(lambda e: e.assign_coach(self.act(6), coach_id=person))
        self.tries(lambda e: e.record_coach_meeting(self.act(4), coach_id=person, met_on=today))

    def declares(self, n: int) -> None:
        person = PEOPLE[n % len(PEOPLE)]
        self.tries(
            lambda e: e.declare_conflict(
                self.act(n), conflicted_person_id=person, reason="household"
            )
        )

    def waits(self, n: int) -> None:
        self.at += (1, 4, 9, 40, 200)[n % 5] * DAY

    def goes_on(self, n: int) -> None:
        """Whatever comes next when all goes well, so that histories get far."""
        states = self.states
        if not states or states[-1].status in {Status.WITHDRAWN, Status.REVOKED, Status.AWARDED}:
            self.enrolls(n)
        elif states[-1].status is Status.OPEN:
            self.decides_appeal(n) if states[-1].appeal is Appeal.OPEN else self.submits(1)
        elif states[-1].status is Status.RECOMMENDED:
            met = all(result.met for result in states[-1].results or ())
            self.decides(3 if met else 1)
        elif states[-1].status is Status.HELD:
            self.resolves(n)
        elif any(seat.scores is None for seat in states[-1].seats):
            self.scores(n)
        else:
            seats = len(states[-1].seats)
            for person in range(n, n + 5):  # the first who may
                if len(self.states[-1].seats) == seats:
                    self.assigns(person % 5)


Move = Callable[[World, int], None]
Step = tuple[Move, int]
MOVES: tuple[Move, ...] = (
    *[World.goes_on] * 12,
    World.enrolls,
    World.uploads,
    World.submits,
    World.returns,
    World.assigns,
    World.recuses,
    World.lapses,
    World.scores,
    World.decides,
    World.resolves,
    World.withdraws,
    World.revokes,
    World.reinstates,
    World.appeals,
    World.appeals,
    World.decides_appeal,
    World.coaches,
    World.declares,
    World.waits,
)
STEPS = st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 7)), min_size=10, max_size=90)
GOOD: Step = (World.goes_on, 1)
BAD: Step = (World.goes_on, 0)
TO_AN_AWARD = [GOOD] * 7  # enroll, submit, twice seat and score, decide
TO_A_NOT_YET = [GOOD, GOOD, GOOD, BAD, GOOD, BAD, GOOD]
TO_A_SPLIT = [GOOD, GOOD, GOOD, BAD, GOOD, GOOD]
APPEALED: list[Step] = [(World.appeals, 0), (World.decides_appeal, 1)]
REVOKED: list[Step] = [(World.revokes, 0)]
BEGINNINGS: tuple[list[Step], ...] = (
    [],
    TO_A_SPLIT,
    TO_A_NOT_YET,
    TO_A_NOT_YET + APPEALED,
    TO_AN_AWARD,
    TO_AN_AWARD + REVOKED,
    TO_AN_AWARD + REVOKED + APPEALED,
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World(draw(st.sampled_from([None, 6])), draw(st.sampled_from([None, 1])))
    for move, n in draw(st.sampled_from(BEGINNINGS)) + draw(STEPS):
        move(world, n)
    for history in world.cycles:
        event(f"a cycle ends with {type(history[-1]).__name__}")
    return world


def played(*steps: Step) -> World:
    world = World(None, None)
    for move, n in steps:
        move(world, n)
    return world


def index_of(history: Events, kind: type[Any]) -> list[int]:
    return [n for n, fact in enumerate(history) if isinstance(fact, kind)]


@pytest.mark.parametrize(
    ("beginning", "ends"),
    [
        (TO_A_SPLIT, Scored),
        (TO_A_NOT_YET, ReviewDecided),
        (TO_A_NOT_YET + APPEALED, AppealDecided),
        (TO_AN_AWARD, Awarded),
        (TO_AN_AWARD + REVOKED, Revoked),
        (TO_AN_AWARD + REVOKED + APPEALED, Reinstated),
    ],
)
def test_histories_begin_where_something_can_happen(beginning: Any, ends: type[Any]) -> None:
    assert isinstance(played(*beginning).cycles[0][-1], ends)


@given(worlds())
def test_nothing_follows_an_award_but_revocation_and_the_like(world: World) -> None:
    afterwards = Revoked | Reinstated | AppealOpened | AppealDecided
    for history in world.cycles:
        for n in index_of(history, Awarded):
            assert all(isinstance(fact, afterwards) for fact in history[n + 1 :])
        for n in index_of(history, Withdrawn):
            assert n == len(history) - 1


@given(worlds())
def test_an_award_comes_once_and_in_one_breath_with_its_decision(world: World) -> None:
    for history in world.cycles:
        awards = index_of(history, Awarded)
        decided = [
            n
            for n in index_of(history, ReviewDecided)
            if history[n].decision == "award"  # type: ignore[union-attr]
        ]
        assert [n - 1 for n in awards] == decided
        assert len(awards) <= 1
        for n in decided:
            assert all(result.met for result in history[n].results)  # type: ignore[union-attr]
            assert history[n].occurred_at == history[n + 1].occurred_at


@given(worlds())
def test_no_attempt_is_decided_twice_unless_a_hold_or_an_appeal_took_the_decision_back(
    world: World,
) -> None:
    for history in world.cycles:
        stands = False
        for fact in history:
            match fact:
                case Submitted() | Resubmitted():
                    stands = False
                case ReviewDecided():
                    assert not stands
                    stands = True
                case IntegrityHoldResolved(finding="cleared"):
                    stands = False
                case AppealDecided(finding="overturned"):
                    stands = False
                case _:
                    pass


@given(worlds())
def test_attempts_count_what_ended_as_not_yet_and_was_not_restored(world: World) -> None:
    for history, state in zip(world.cycles, world.states, strict=True):
        used, handed_in = 0, 0
        for before, fact in pairwise(history):
            match fact:
                case Submitted() | Resubmitted():
                    assert fact.attempt == used + 1
                    assert isinstance(fact, Submitted) == (handed_in == 0)
                    handed_in = fact.attempt
                case ReviewDecided(decision="not_yet"):
                    used += 1
                case IntegrityHoldResolved(finding="confirmed"):
                    used += 1
                case AppealDecided(finding="overturned") if not _revoked(history, fact):
                    used -= 1
                case SubmissionReturned():
                    assert not isinstance(before, Scored)
                case _:
                    pass
            attempt = getattr(fact, "attempt", handed_in)
            assert attempt == handed_in, "every event of a review names the attempt under review"
        assert state.attempts_used == used
        assert state.attempt == handed_in


def _revoked(history: Events, fact: AnyEnrollmentEvent) -> bool:
    """Whether the award was revoked when this happened."""
    earlier = history[: fact.originator_version - 1]
    return any(isinstance(one, Revoked) for one in earlier)


@given(worlds())
def test_a_recommendation_rests_on_two_independent_scores_and_a_third_if_they_differ(
    world: World,
) -> None:
    for history in world.cycles:
        scored: dict[int, Scored | Adjudicated] = {}
        for fact in history:
            match fact:
                case Submitted() | Resubmitted() | AppealDecided(finding="overturned"):
                    scored = {}
                case Scored(seat=seat):
                    scored[seat] = fact
                case Adjudicated():
                    scored[3] = fact
                case AssessorRecused(seat=seat) | AssignmentLapsed(seat=seat):
                    scored.pop(seat, None)
                case Recommended():
                    assert {1, 2} <= set(scored)
                    assert len({one.assessor_id for one in scored.values()}) == len(scored)
                    met = {
                        seat: [score.met for score in one.scores] for seat, one in scored.items()
                    }
                    counts = met[1] if met[1] == met[2] else met[3]
                    assert [result.met for result in fact.results] == counts
                    assert (fact.outcome == "met") == all(counts)
                case _:
                    pass


@given(worlds())
def test_the_earner_assessors_and_deciders_are_different_people(world: World) -> None:
    for history in world.cycles:
        assessors: dict[int, set[Any]] = {}
        for fact in history:
            match fact:
                case AssessorAssigned(assessor_id=person):
                    assert person not in {EARNER, fact.person_id}
                case Scored() | Adjudicated():
                    assert fact.assessor_id == fact.actor_id
                    assessors.setdefault(fact.attempt, set()).add(fact.assessor_id)
                case ReviewDecided() | IntegrityHoldResolved() | AppealDecided():
                    assert fact.actor_id != EARNER
                    assert fact.actor_id not in assessors.get(fact.attempt, set())
                case _:
                    pass


@given(worlds())
def test_an_overturned_attempt_meets_none_of_its_assessors_again(world: World) -> None:
    for history in world.cycles:
        barred: dict[int, set[Any]] = {}
        scored: dict[int, set[Any]] = {}
        for fact in history:
            match fact:
                case Scored() | Adjudicated():
                    assert fact.assessor_id not in barred.get(fact.attempt, set())
                    scored.setdefault(fact.attempt, set()).add(fact.assessor_id)
                case AppealDecided(finding="overturned", attempt=attempt):
                    barred[attempt] = set(scored.get(attempt, set()))
                case _:
                    pass


@given(worlds())
def test_no_decision_is_appealed_twice(world: World) -> None:
    for history in world.cycles:
        appealed = True
        for fact in history:
            match fact:
                case ReviewDecided() | IntegrityHoldResolved() | Revoked():
                    appealed = False
                case AppealOpened():
                    assert not appealed
                    appealed = True
                case _:
                    pass


@given(worlds())
def test_one_cycle_at_a_time_is_open_and_one_lasting_award_at_most_is_held(world: World) -> None:
    states = world.states
    today = world.issuer.today(world.at)
    assert all(state.cycle == n for n, state in enumerate(states, start=1))
    assert all(not state.active for state in states[:-1])
    held = [state for state in states if state.holds(today)]
    renewed = {state.renews_enrollment_id for state in states}
    assert len([state for state in held if state.id not in renewed]) <= 1


@given(worlds(), st.integers(0, 200))
def test_a_state_is_a_function_of_its_events_in_whatever_portions_they_come(
    world: World, cut: int
) -> None:
    for history, state in zip(world.cycles, world.states, strict=True):
        assert [fact.originator_version for fact in history] == list(range(1, len(history) + 1))
        assert len({fact.originator_id for fact in history}) == 1
        first = Enrollment.fold(None, history[:cut])
        assert Enrollment.fold(first, history[cut:]) == state


@given(worlds())
def test_every_event_of_an_enrollment_names_the_person(world: World) -> None:
    assert all(fact.person_id == EARNER for history in world.cycles for fact in history)

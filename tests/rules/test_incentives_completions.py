"""When a stack is completed, what undoes it, and what brings it back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.enrollment import Awarded, Reinstated, Revoked
from ledger.events.stack import Group, StackDefined, StackRetired
from ledger.rules.completions import (
    Award,
    Completion,
    Era,
    award_of,
    completion,
    eras_after,
    unexpired,
)
from ledger.rules.incentives import Earned, award_earned, stack_earned
from ledger.rules.stacks import stack_progress
from tests.samples import EARNER, ISSUER, STACK, ZONE, group, header, named

FIRST_DAY = date(2025, 1, 1)
DEFINED_AT = datetime(2025, 6, 2, 3, 30, tzinfo=UTC)  # still the first of June in New York


def award(
    credential: str, position: int, day: date | None = None, expires_on: date | None = None
) -> Award:
    """An award at a position; its day follows the position when none is given."""
    event = Awarded(
        **header(named(f"enrollment {credential} {position}")),
        person_id=EARNER,
        credential_id=named(credential),
        credential_version=1,
        issuer_id=ISSUER,
        attempt=1,
        zone=ZONE,
        awarded_on=day or date(2025, 1, position),
        expires_on=expires_on,
    )
    return award_of(event, position)


def revoked(held: Award, position: int) -> Award:
    event = Revoked(
        **header(held.enrollment_id),
        person_id=EARNER,
        reason="plagiarism",
        authority="issuer",
        zone=ZONE,
        effective_on=FIRST_DAY,
    )
    return held.after(event, position)


def reinstated(held: Award, position: int) -> Award:
    head = header(held.enrollment_id)
    event = Reinstated(**head, person_id=EARNER, reason="appeal", authority="issuer")
    return held.after(event, position)


def defined(requirement: Group, version: int = 1, capstone: str | None = None) -> StackDefined:
    return StackDefined(
        **header(STACK, version, DEFINED_AT),
        stack_version=version,
        issuer_id=ISSUER,
        title="A stack",
        summary="Credentials that mean more together.",
        requirement=requirement,
        capstone_credential_id=named(capstone) if capstone else None,
    )


def retired() -> StackRetired:
    return StackRetired(**header(STACK, 9), reason="superseded")


def parts(*credentials: str, needed: int | None = None) -> Group:
    ids = tuple(named(one) for one in credentials)
    return Group(title="Parts", needed=needed or len(ids), credential_ids=ids)


def eras(*definitions: tuple[int, Group]) -> tuple[Era, ...]:
    """Each definition at its position."""
    found: tuple[Era, ...] = ()
    for version, (position, requirement) in enumerate(definitions, start=1):
        found = eras_after(found, defined(requirement, version), position)
    return found


def told(found: Completion | None) -> tuple[int, date, int, bool] | None:
    if found is None:
        return None
    return (
        found.position,
        found.completed_on,
        found.era.stack_version,
        found.stands,
    )


BOTH = eras((1, parts("a", "b")))


def test_the_award_that_comes_last_completes_a_stack() -> None:
    held = [award("a", 5), award("b", 9), award("c", 12)]
    assert completion(BOTH, held[:1]) is None
    found = completion(BOTH, held)
    assert found is not None
    assert told(found) == (9, date(2025, 1, 9), 1, True)
    assert [one.position for one in found.awards] == [5, 9]


def test_fifteen_of_one_kind_and_fifteen_of_another_are_complete_with_the_thirtieth() -> None:
    """Muskego-Norway: 15 foundational and 15 elective credentials.

    15 + 14 = 29 of 30 is not complete. The 30th completes it, once. Revoking one undoes it.

    Source: docs/sources.md#stacks.
    """
    both = Group(
        title="Equivalency",
        needed=2,
        groups=(group("foundational", 15), group("elective", 15)),
    )
    muskego = eras((1, both))
    names = [f"foundational {n}" for n in range(15)] + [f"elective {n}" for n in range(15)]
    held = [award(name, position, date(2025, 2, 1)) for position, name in enumerate(names, start=2)]
    assert completion(muskego, held[:29]) is None
    assert told(completion(muskego, held)) == (31, date(2025, 2, 1), 1, True)
    one_more = award("further", 40, date(2025, 3, 1))
    assert told(completion(muskego, [*held, one_more])) == (31, date(2025, 2, 1), 1, True)
    undone = [*held[:-1], revoked(held[-1], 50)]
    assert told(completion(muskego, undone)) == (31, date(2025, 2, 1), 1, False)


def test_a_capstone_has_to_be_earned_as_well() -> None:
    capped = eras_after((), defined(parts("a"), capstone="top"), 1)
    assert completion(capped, [award("a", 5)]) is None
    assert told(completion(capped, [award("a", 5), award("top", 6)])) == (
        6,
        date(2025, 1, 6),
        1,
        True,
    )


def test_a_reinstatement_brings_the_same_completion_back() -> None:
    a, b = award("a", 5), award("b", 9)
    before = completion(BOTH, [a, b])
    gone = revoked(a, 20)
    assert told(completion(BOTH, [gone, b])) == (9, date(2025, 1, 9), 1, False)
    back = reinstated(gone, 30)
    assert told(completion(BOTH, [back, b])) == told(before)
    assert back.positions == (5, 20, 30)


def test_what_a_reinstatement_brings_back_may_be_of_a_day_too_late_for_another_part() -> None:
    """Two of three are asked for on 1 June; b holds until 1 July, c is of that day and of no other.

    While c is revoked, a and b complete it on 1 June. With c the day is 1 July, when a alone holds.
    """
    june, july = date(2025, 6, 1), date(2025, 7, 1)
    two_of_three = eras((10, parts("a", "b", "c", needed=2)))
    a, b = award("a", 5), award("b", 6, expires_on=july)
    gone = revoked(award("c", 7, july, expires_on=july), 20)
    assert told(completion(two_of_three, [a, b, gone])) == (10, june, 1, True)
    back = reinstated(gone, 30)
    assert told(completion(two_of_three, [a, b, back])) == (10, june, 1, False)


def test_what_is_said_twice_of_an_award_is_said_once() -> None:
    a = award("a", 5)
    assert reinstated(a, 6) is a
    assert revoked(revoked(a, 6), 7) == revoked(a, 6)


def test_earned_again_after_a_revocation_is_a_completion_of_its_own() -> None:
    a, b, again = revoked(award("a", 5), 20), award("b", 9), award("a", 25)
    assert told(completion(BOTH, [a, b, again])) == (25, date(2025, 1, 25), 1, True)


def test_of_two_completions_that_were_undone_the_last_is_told() -> None:
    a, b, again = revoked(award("a", 5), 20), award("b", 9), revoked(award("a", 25), 30)
    assert told(completion(BOTH, [a, b, again])) == (25, date(2025, 1, 25), 1, False)


def test_two_awards_that_never_stood_together_complete_nothing() -> None:
    assert completion(BOTH, [revoked(award("a", 5), 8), award("b", 9)]) is None


def test_a_completion_undone_before_a_definition_came_is_not_made_up_afterwards() -> None:
    late = eras((30, parts("a")))
    assert completion(late, [revoked(award("a", 5), 20)]) is None


def test_a_later_definition_takes_nothing_away_and_may_complete_what_was_open() -> None:
    harder = eras((1, parts("a")), (10, parts("a", "b")))
    assert told(completion(harder, [award("a", 5)])) == (5, date(2025, 1, 5), 1, True)
    assert completion(harder, [award("a", 11)]) is None
    easier = eras((1, parts("a", "b")), (10, parts("a")))
    found = completion(easier, [award("a", 5)])
    assert told(found) == (10, date(2025, 6, 1), 2, True)
    assert found is not None
    assert stack_earned(STACK, found).place == (10, 5)


def test_a_definition_written_before_the_newest_award_day_dates_from_that_day() -> None:
    easier = eras((1, parts("a", "b")), (10, parts("a")))
    found = completion(easier, [award("a", 5, date(2025, 8, 1))])
    assert told(found) == (10, date(2025, 8, 1), 2, True)


def test_a_retired_stack_keeps_its_completions_and_takes_no_new_ones() -> None:
    gone = eras_after(BOTH, retired(), 10)
    assert told(completion(gone, [award("a", 5), award("b", 9)])) == (9, date(2025, 1, 9), 1, True)
    assert completion(gone, [award("a", 5), award("b", 11)]) is None
    assert eras_after(gone, retired(), 12) == gone


def test_what_has_expired_before_the_last_award_does_not_complete() -> None:
    short = award("a", 5, expires_on=date(2025, 1, 9))
    assert completion(BOTH, [short, award("b", 9)]) is None
    lasts = award("a", 5, expires_on=date(2025, 1, 10))
    assert told(completion(BOTH, [lasts, award("b", 9)])) == (9, date(2025, 1, 9), 1, True)
    renewed = [short, award("b", 9), award("a", 12)]
    found = completion(BOTH, renewed)
    assert told(found) == (12, date(2025, 1, 12), 1, True)
    assert found is not None
    assert [one.position for one in found.awards] == [9, 12]


def test_an_award_is_valid_until_the_day_before_it_expires() -> None:
    one = award("a", 5, expires_on=date(2025, 3, 1))
    assert unexpired([one], date(2025, 2, 28)) == (one,)
    assert unexpired([one], date(2025, 3, 1)) == ()


def test_what_is_earned_names_every_event_it_rests_on() -> None:
    held = [reinstated(revoked(award("a", 5), 20), 21), award("b", 9)]
    found = completion(BOTH, held)
    assert found is not None
    assert sorted(stack_earned(STACK, found).positions) == [1, 5, 9, 20, 21]
    published = award_of(
        Awarded(
            **header(named("enrollment")),
            person_id=EARNER,
            credential_id=named("a"),
            credential_version=1,
            issuer_id=ISSUER,
            attempt=1,
            zone=ZONE,
            awarded_on=FIRST_DAY,
            expires_on=None,
        ),
        5,
        tier="expert",
        published_position=2,
    )
    assert award_earned(published) == Earned(
        kind="award",
        subject_id=named("enrollment"),
        credential_id=named("a"),
        tier="expert",
        day=FIRST_DAY,
        place=(5, 5),
        stands=True,
        positions=(5, 2),
    )
    assert award_earned(held[1]).positions == (9,)


def test_a_completed_stack_is_earned_where_and_when_it_was_completed() -> None:
    found = completion(BOTH, [award("a", 5), revoked(award("b", 9), 20)])
    assert found is not None
    assert stack_earned(STACK, found) == Earned(
        kind="stack",
        subject_id=STACK,
        credential_id=None,
        tier=None,
        day=date(2025, 1, 9),
        place=(9, 9),
        stands=False,
        positions=(5, 9, 20, 1),
    )


def test_one_award_completes_a_stack_whose_groups_all_name_it() -> None:
    either = Group(title="either", needed=2, groups=(parts("a"), parts("a")))
    eras = eras_after((), defined(either, capstone="a"), 1)
    found = completion(eras, [award("a", 2), award("b", 3)])
    assert found is not None
    assert (found.position, found.stands) == (2, True)


def test_an_era_measures_progress_however_often_it_is_asked() -> None:
    era = eras_after((), defined(parts("a", "b"), capstone="top"), 1)[0]
    one, all_three = [named("a")], [named("a"), named("b"), named("top")]
    assert (era.progress(one).remaining, era.progress(one).complete) == (2, False)
    assert (era.progress(all_three).remaining, era.progress(all_three).complete) == (0, True)
    assert era.progress([*one, named("other")]) == era.progress(one)
    assert era.progress(one) == stack_progress(era.requirement, named("top"), frozenset(one))
    assert era.credentials == set(all_three)


@pytest.mark.parametrize(("position", "stood"), [(4, False), (5, True), (19, True), (20, False)])
def test_an_award_stands_from_its_position_until_it_is_revoked(position: int, stood: bool) -> None:  # noqa: FBT001
    assert revoked(award("a", 5), 20).stood_at(position) is stood
    assert reinstated(revoked(award("a", 5), 20), 30).stood_at(30)


@given(
    st.lists(st.sampled_from(["a", "b", "c", "turn a", "turn b", "turn c"]), max_size=14),
    st.integers(1, 3),
)
def test_a_completion_stands_exactly_while_its_awards_do(steps: list[str], needed: int) -> None:
    """Whatever is awarded, revoked and reinstated: complete means that enough stand now."""
    era = eras((1, parts("a", "b", "c", needed=needed)))
    held: dict[str, Award] = {}
    ever = False
    for position, step in enumerate(steps, start=2):
        name = step[-1]
        if step == name and name not in held:
            held[name] = award(name, position)
        elif step != name and name in held:
            turn = revoked if held[name].stands else reinstated
            held[name] = turn(held[name], position)
        found = completion(era, held.values())
        complete = sum(one.stands for one in held.values()) >= needed
        ever = ever or complete
        assert (found is not None) is ever
        assert found is None or found.stands is complete

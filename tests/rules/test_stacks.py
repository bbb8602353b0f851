"""Progress of a stack."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.events.stack import Group
from ledger.rules.stacks import Missing, credential_ids, depth, stack_progress
from tests.samples import group, named

CAPSTONE = named("capstone")
POOL = [named(f"credential {n}") for n in range(12)]


def all_of(title: str, *groups: Group) -> Group:
    return Group(title=title, needed=len(groups), groups=groups)


@st.composite
def groups(draw: st.DrawFn, ids: list[UUID] | None = None, level: int = 0) -> Group:
    """Any group over a pool in which no credential is named twice."""
    pool = list(POOL) if ids is None else ids
    own = [pool.pop() for _ in range(draw(st.integers(0, min(3, len(pool)))))]
    inner = []
    if level < 2:
        inner = [draw(groups(pool, level + 1)) for _ in range(draw(st.integers(0, 2))) if pool]
    if not own and not inner:
        own = [pool.pop() if pool else named(draw(st.uuids()).hex)]
    needed = draw(st.integers(1, len(own) + len(inner)))
    return Group(title="g", needed=needed, credential_ids=tuple(own), groups=tuple(inner))


HELD = st.frozensets(st.sampled_from(POOL))


def test_practice_46_fifteen_and_fourteen_of_two_times_fifteen_are_not_complete() -> None:
    foundational, elective = group("foundational", 15), group("elective", 15)
    stack = all_of("degree equivalency", foundational, elective)
    held = frozenset(foundational.credential_ids + elective.credential_ids[:14])
    almost = stack_progress(stack, None, held)
    assert (almost.needed, almost.remaining, almost.percent) == (30, 1, 96)
    assert not almost.complete
    last = elective.credential_ids[14]
    assert almost.missing == Missing(
        "degree equivalency", 1, (), (Missing("elective", 1, (last,), ()),)
    )
    complete = stack_progress(stack, None, held | {last})
    assert (complete.percent, complete.complete, complete.missing) == (100, True, None)
    one_revoked = (held | {last}) - {foundational.credential_ids[0]}
    assert stack_progress(stack, None, one_revoked).remaining == 1


def test_more_of_one_group_does_not_make_up_for_another() -> None:
    foundational, elective = group("foundational", 20, needed=15), group("elective", 15)
    stack = all_of("degree equivalency", foundational, elective)
    held = frozenset(foundational.credential_ids[:16] + elective.credential_ids[:14])
    assert stack_progress(stack, None, held).remaining == 1


def test_a_capstone_is_needed_beside_the_rest() -> None:
    stack = all_of("rank", group("foundation", 12), group("elective", 6))
    held = frozenset(credential_ids(stack, None))
    without = stack_progress(stack, CAPSTONE, held)
    assert (without.percent, without.missing, without.capstone_missing) == (94, None, CAPSTONE)
    assert not without.complete
    done = stack_progress(stack, CAPSTONE, held | {CAPSTONE})
    assert done.complete
    assert done.capstone_missing is None


def test_any_three_of_five_are_enough() -> None:
    five = group("five", 5, needed=3)
    two = stack_progress(five, None, frozenset(five.credential_ids[:2]))
    assert (two.percent, two.remaining) == (66, 1)
    assert two.missing == Missing("five", 1, five.credential_ids[2:], ())
    assert stack_progress(five, None, frozenset(five.credential_ids[2:])).complete


def test_one_of_two_groups_counts_the_shorter_way() -> None:
    long, short = group("long", 5), group("short", 2)
    either = Group(title="either", needed=1, groups=(long, short))
    progress = stack_progress(either, None, frozenset(long.credential_ids[:4]))
    assert (progress.needed, progress.remaining) == (2, 1)
    assert progress.missing is not None
    assert [missing.title for missing in progress.missing.groups] == ["long", "short"]


def test_depth_counts_groups_inside_one_another() -> None:
    assert depth(group("one", 1)) == 1
    assert depth(all_of("three", all_of("two", group("one", 1)), group("other", 1))) == 3


@given(groups(), HELD, st.sampled_from(POOL))
def test_one_more_credential_never_makes_it_worse(
    stack: Group, held: frozenset[UUID], more: UUID
) -> None:
    before, after = stack_progress(stack, None, held), stack_progress(stack, None, held | {more})
    assert after.percent >= before.percent
    assert before.remaining - after.remaining in {0, 1}


@given(groups(), HELD)
def test_complete_means_that_nothing_is_missing_and_a_hundred_percent(
    stack: Group, held: frozenset[UUID]
) -> None:
    progress = stack_progress(stack, CAPSTONE, held)
    assert progress.complete == (progress.missing is None and progress.capstone_missing is None)
    assert progress.complete == (progress.percent == 100)
    assert 0 <= progress.percent <= 100
    assert stack_progress(stack, None, frozenset()).percent == 0
    assert stack_progress(stack, CAPSTONE, frozenset(credential_ids(stack, CAPSTONE))).complete


@given(groups(), HELD)
def test_as_many_as_remain_are_enough_when_well_chosen(stack: Group, held: frozenset[UUID]) -> None:
    """What is called remaining can really be reached with so many, and never with fewer."""
    reached, steps = held, 0
    while not stack_progress(stack, None, reached).complete:
        now = stack_progress(stack, None, reached).remaining
        step = next(
            one
            for one in credential_ids(stack, None)
            if stack_progress(stack, None, reached | {one}).remaining == now - 1
        )
        reached, steps = reached | {step}, steps + 1
    assert steps == stack_progress(stack, None, held).remaining

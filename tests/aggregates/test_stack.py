"""Stacks."""

from __future__ import annotations

import pytest

from ledger.aggregates.stack import (
    CREDENTIALS_MAX,
    DEPTH_MAX,
    CredentialRepeatedError,
    Stack,
    StackDefinition,
    StackRetiredError,
    StackTooLargeError,
    define,
)
from ledger.errors import NothingChangesError
from ledger.events.stack import Group, StackDefined, StackRetired
from tests.given import Outcome, fact, given
from tests.samples import ISSUER, STACK, act, group, header, issuer, named

CAPSTONE = named("capstone")
BASICS = StackDefinition(title="Basics", summary="Three to begin with.", requirement=group("a", 3))


def defining(requirement: Group, capstone: object = None) -> Outcome:
    definition = StackDefinition(
        title="Basics",
        summary="Three to begin with.",
        requirement=requirement,
        capstone_credential_id=capstone,  # type: ignore[arg-type]
    )
    return given().when(lambda _: define(STACK, act(), issuer=issuer(), definition=definition))


def defined(version: int = 1) -> StackDefined:
    return StackDefined(
        **header(STACK, version),
        stack_version=version,
        issuer_id=ISSUER,
        title=BASICS.title,
        summary=BASICS.summary,
        requirement=BASICS.requirement,
        capstone_credential_id=None,
    )


def nested(levels: int) -> Group:
    inner = group("innermost", 1)
    for level in range(levels - 1):
        inner = Group(title=f"level {level}", needed=1, groups=(inner,))
    return inner


def test_a_stack_begins_as_version_1_of_its_issuer() -> None:
    state = defining(group("a", 3), CAPSTONE).then(
        fact(StackDefined, stack_version=1, issuer_id=ISSUER, capstone_credential_id=CAPSTONE)
    )
    assert state.definition.credential_ids == (*group("a", 3).credential_ids, CAPSTONE)


def test_no_credential_counts_twice_in_one_stack() -> None:
    one = group("a", 3)
    twice = Group(title="both", needed=2, groups=(one, Group(**dict(one))))
    refused = defining(twice).then_refused(CredentialRepeatedError)
    assert refused.operands["credential_id"] in one.credential_ids
    defining(one, one.credential_ids[0]).then_refused(CredentialRepeatedError)


def test_groups_lie_inside_one_another_only_so_deep() -> None:
    defining(nested(DEPTH_MAX)).then(StackDefined)
    defining(nested(DEPTH_MAX + 1)).then_refused(StackTooLargeError, str(DEPTH_MAX))


def test_a_stack_names_only_so_many_credentials() -> None:
    defining(group("a", CREDENTIALS_MAX)).then(StackDefined)
    defining(group("a", CREDENTIALS_MAX), CAPSTONE).then_refused(
        StackTooLargeError, str(CREDENTIALS_MAX)
    )


def test_a_stack_is_redefined_as_the_next_version() -> None:
    other = StackDefinition(
        title="Basics",
        summary="Four.",
        requirement=group("a", 4),
        capstone_credential_id=CAPSTONE,
    )
    state = (
        given(defined())
        .when(lambda s: s.redefine(act(), definition=other))
        .then(fact(StackDefined, stack_version=2, issuer_id=ISSUER, requirement=group("a", 4)))
    )
    assert state.definition == other
    assert state.stack_version == 2


def test_a_stack_is_redefined_as_something_else_that_can_be_met() -> None:
    given(defined()).when(lambda s: s.redefine(act(), definition=BASICS)).then_refused(
        NothingChangesError, "version 1"
    )
    too_deep = StackDefinition(title="B", summary="S", requirement=nested(DEPTH_MAX + 1))
    given(defined()).when(lambda s: s.redefine(act(), definition=too_deep)).then_refused(
        StackTooLargeError
    )


def test_a_retired_stack_stays_as_it_is() -> None:
    state = (
        given(defined())
        .when(lambda s: s.retire(act(), reason="replaced"))
        .then(fact(StackRetired, reason="replaced"))
    )
    assert state.retired
    retired = StackRetired(**header(STACK, 2), reason="replaced")
    other = StackDefinition(title="B", summary="S", requirement=group("a", 1))
    history = given(defined(), retired)
    history.when(lambda s: s.retire(act(), reason="again")).then_refused(StackRetiredError)
    history.when(lambda s: s.redefine(act(), definition=other)).then_refused(StackRetiredError)


def test_a_history_that_no_stack_can_have_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="begins with a definition"):
        Stack.fold(None, [StackRetired(**header(STACK), reason="replaced")])

"""Access grants."""

from __future__ import annotations

import pytest

from ledger.aggregates.access import (
    Access,
    AlreadyGrantedError,
    NotGrantedError,
    ScopeMissingError,
    ScopeRefusedError,
    first_grant,
)
from ledger.events.access import AccessGranted, AccessWithdrawn, Role
from tests.given import fact, given
from tests.samples import APPROVER, DISTRICT, ISSUER, act, header, named

STREAM = named("grants of the approver")


def granted(role: Role, scope: object = ISSUER, version: int = 1) -> AccessGranted:
    return AccessGranted(
        **header(STREAM, version),
        principal_id=APPROVER,
        role=role,
        scope_id=scope,  # type: ignore[arg-type]
    )


def test_the_first_grant_begins_the_stream() -> None:
    state = (
        given()
        .when(
            lambda _: first_grant(
                STREAM, act(), principal_id=APPROVER, role="issuer_approver", scope_id=ISSUER
            )
        )
        .then(fact(AccessGranted, principal_id=APPROVER, role="issuer_approver", scope_id=ISSUER))
    )
    assert state.allows("issuer_approver", ISSUER)
    assert not state.allows("issuer_approver", DISTRICT)
    assert not state.allows("district", ISSUER)


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_an_operator_and_an_auditor_may_act_everywhere(role: Role) -> None:
    state = (
        given()
        .when(lambda _: first_grant(STREAM, act(), principal_id=APPROVER, role=role, scope_id=None))
        .then(AccessGranted)
    )
    assert state.allows(role, DISTRICT)
    assert state.allows(role, None)


@pytest.mark.parametrize("role", ["issuer_approver", "district", "payroll"])
def test_every_other_role_is_held_for_somebody_who_is_named(role: Role) -> None:
    given().when(
        lambda _: first_grant(STREAM, act(), principal_id=APPROVER, role=role, scope_id=None)
    ).then_refused(ScopeMissingError, role)
    given(granted("district", DISTRICT)).when(
        lambda a: a.grant(act(), role=role, scope_id=None)
    ).then_refused(ScopeMissingError, role)


def test_an_operator_acts_for_all_and_for_nobody_in_particular() -> None:
    refused = (
        given(granted("district", DISTRICT))
        .when(lambda a: a.grant(act(), role="operator", scope_id=DISTRICT))
        .then_refused(ScopeRefusedError)
    )
    assert (refused.slug, refused.status) == ("scope-refused", 422)
    of_one = given().when(
        lambda _: first_grant(
            STREAM, act(), principal_id=APPROVER, role="auditor", scope_id=DISTRICT
        )
    )
    assert not of_one.then(AccessGranted).allows("auditor", ISSUER), "an auditor may be of one"


def test_a_second_grant_joins_the_first() -> None:
    state = (
        given(granted("issuer_approver"))
        .when(lambda a: a.grant(act(), role="payroll", scope_id=DISTRICT))
        .then(fact(AccessGranted, role="payroll", scope_id=DISTRICT, principal_id=APPROVER))
    )
    assert state.allows("issuer_approver", ISSUER)
    assert state.allows("payroll", DISTRICT)


def test_the_same_grant_again_is_refused_and_for_another_scope_it_is_not() -> None:
    history = given(granted("payroll", DISTRICT))
    refused = history.when(
        lambda a: a.grant(act(), role="payroll", scope_id=DISTRICT)
    ).then_refused(AlreadyGrantedError, "payroll")
    assert refused.operands == {"role": "payroll"}
    history.when(lambda a: a.grant(act(), role="payroll", scope_id=ISSUER)).then(AccessGranted)


def test_a_grant_is_withdrawn_and_the_others_stay() -> None:
    state = (
        given(granted("payroll", DISTRICT), granted("auditor", DISTRICT, version=2))
        .when(lambda a: a.withdraw(act(), role="payroll", scope_id=DISTRICT))
        .then(fact(AccessWithdrawn, role="payroll", scope_id=DISTRICT, principal_id=APPROVER))
    )
    assert not state.allows("payroll", DISTRICT)
    assert state.allows("auditor", DISTRICT)


def test_what_is_not_held_in_this_scope_cannot_be_withdrawn() -> None:
    refused = (
        given(granted("auditor", None))
        .when(lambda a: a.withdraw(act(), role="auditor", scope_id=DISTRICT))
        .then_refused(NotGrantedError, "auditor")
    )
    assert refused.operands == {"role": "auditor"}


def test_a_history_that_no_grants_can_have_is_a_fault() -> None:
    withdrawn = AccessWithdrawn(
        **header(STREAM), principal_id=APPROVER, role="payroll", scope_id=DISTRICT
    )
    with pytest.raises(AssertionError, match="before it is granted"):
        Access.fold(None, [withdrawn])

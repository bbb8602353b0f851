"""Commands on issuers, micro-credentials, stacks, assessors, policies and access, on a real log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.access import Access, AlreadyGrantedError, NotGrantedError
from ledger.aggregates.assessor import Assessor, NotAnAssessorError
from ledger.aggregates.credential import Credential
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import NotADistrictError
from ledger.aggregates.policy import Policy
from ledger.aggregates.stack import Stack, StackDefinition
from ledger.application import Receipt
from ledger.commands import (
    access,
    assessor,
    credential,
    enrollment,
    issuer,
    organization,
    policy,
    stack,
)
from ledger.errors import CommandReusedError, NotFoundError
from ledger.events.policy import AwardTrigger, StackTrigger
from ledger.events.stack import Group
from tests.commands.scene import Scene
from tests.samples import (
    APPROVER,
    COACH,
    EARNER,
    FIRST,
    OPERATOR,
    SECOND,
    ZONE,
    definition,
    issuer_terms,
    named,
    policy_terms,
)

NOBODY = named("nobody")
TODAY = date(2024, 11, 18)


def district(scene: Scene) -> UUID:
    return scene.run(organization.register_district, OPERATOR, name="Grand Bend", zone=ZONE).stream


def basics(*credential_ids: UUID, capstone: UUID | None = None) -> StackDefinition:
    requirement = Group(title="Basics", needed=len(credential_ids), credential_ids=credential_ids)
    return StackDefinition(
        title="Basics",
        summary="To begin with.",
        requirement=requirement,
        capstone_credential_id=capstone,
    )


def test_the_life_of_an_issuer(scene: Scene) -> None:
    one = scene.issuer_id
    new = issuer_terms(attempts_before_coaching=3)
    scene.run(issuer.change_issuer_terms, OPERATOR, issuer_id=one, terms=new)
    holidays = iter([date(2024, 11, 29), date(2024, 11, 28)])
    scene.run(issuer.set_issuer_holidays, OPERATOR, issuer_id=one, year=2024, holidays=holidays)
    scene.run(issuer.suspend_issuer, OPERATOR, issuer_id=one, reason="audit")
    assert scene.ledger.get(Issuer, one).suspended
    scene.run(issuer.lift_issuer_suspension, OPERATOR, issuer_id=one)
    state = scene.ledger.get(Issuer, one)
    assert (state.version, state.terms, state.suspended) == (6, new, False)
    assert state.holidays == {date(2024, 11, 28), date(2024, 11, 29)}


def test_the_life_of_a_credential(scene: Scene) -> None:
    one = scene.publishes(definition())
    new = definition(title="Version two")
    scene.run(credential.redraft_credential, COACH, credential_id=one, definition=new)
    scene.run(credential.publish_credential, APPROVER, credential_id=one)
    scene.run(credential.retire_credential, APPROVER, credential_id=one, reason="replaced")
    state = scene.ledger.get(Credential, one)
    assert (state.published, state.retired) == ((definition(), new), True)


def test_the_life_of_a_stack(scene: Scene) -> None:
    one, two = scene.credential_id, scene.publishes(definition(title="Capstone"))
    defined = scene.run(
        stack.define_stack,
        APPROVER,
        issuer_id=scene.issuer_id,
        definition=basics(one, capstone=two),
    ).stream
    scene.run(stack.redefine_stack, APPROVER, stack_id=defined, definition=basics(one, two))
    scene.run(stack.retire_stack, APPROVER, stack_id=defined, reason="replaced")
    state = scene.ledger.get(Stack, defined)
    assert (state.stack_version, state.definition, state.retired) == (2, basics(one, two), True)


def test_a_stack_is_of_credentials_that_exist(scene: Scene) -> None:
    first = basics(scene.credential_id)
    defining: dict[str, Any] = {"issuer_id": scene.issuer_id, "definition": first}
    for unknown in (basics(NOBODY), basics(scene.credential_id, capstone=NOBODY)):
        fields = defining | {"definition": unknown}
        scene.refuses(NotFoundError, stack.define_stack, APPROVER, **fields)
    one = scene.run(stack.define_stack, APPROVER, **defining).stream
    scene.refuses(
        NotFoundError, stack.redefine_stack, APPROVER, stack_id=one, definition=basics(NOBODY)
    )


def test_the_standing_of_an_assessor(scene: Scene) -> None:
    own = scene.awarded(COACH)
    qualifying: dict[str, Any] = {"enrollment_id": own, "agreement_percent": 92}
    stream = scene.run(assessor.qualify_assessor, APPROVER, **qualifying).stream
    assert stream == assessor.assessor_stream(COACH, scene.credential_id)
    withdrawal: dict[str, Any] = {
        "person_id": COACH,
        "credential_id": scene.credential_id,
        "reason": "drift",
    }
    scene.run(assessor.withdraw_assessor, APPROVER, **withdrawal)
    scene.run(assessor.qualify_assessor, APPROVER, **qualifying, valid_until=date(2025, 11, 18))
    state = scene.ledger.get(Assessor, stream)
    assert (state.version, state.standing, state.valid_until) == (
        3,
        "qualified",
        date(2025, 11, 18),
    )
    nobody = withdrawal | {"person_id": EARNER}
    scene.refuses(NotAnAssessorError, assessor.withdraw_assessor, APPROVER, **nobody)


def test_of_two_records_that_were_merged_the_standing_that_lets_her_assess_counts(
    scene: Scene,
) -> None:
    asked = {"credential_id": scene.credential_id, "reason": "drift"}
    scene.run(assessor.withdraw_assessor, APPROVER, person_id=FIRST, **asked)
    scene.merges(FIRST, SECOND)  # who is appointed still
    one = scene.enrolls()
    scene.submits(one)
    scene.assigns(one, FIRST)
    scene.run(assessor.withdraw_assessor, APPROVER, person_id=FIRST, **asked)
    other = scene.enrolls(COACH)
    scene.submits(other)
    for hers in (FIRST, SECOND):
        fields = {"enrollment_id": other, "assessor_id": hers}
        scene.refuses(NotAnAssessorError, enrollment.assign_assessor, APPROVER, **fields)


def test_a_founder_is_appointed_for_a_credential_that_exists_and_is_somebody(
    scene: Scene,
) -> None:
    appointing: dict[str, Any] = {
        "person_id": COACH,
        "credential_id": scene.credential_id,
        "reason": "founder",
    }
    for unknown in ({"person_id": NOBODY}, {"credential_id": NOBODY}):
        fields = appointing | unknown
        scene.refuses(NotFoundError, assessor.appoint_assessor, APPROVER, **fields)
    scene.run(assessor.appoint_assessor, APPROVER, **appointing)


def test_the_life_of_a_policy(scene: Scene) -> None:
    terms = policy_terms(trigger=AwardTrigger(credential_ids=(scene.credential_id,)))
    minute: dict[str, Any] = {"board_reference": "Minute 117", "adopted_on": TODAY}
    one = scene.run(
        policy.adopt_policy, APPROVER, district_id=district(scene), terms=terms, **minute
    ).stream
    scene.run(policy.adopt_policy_version, APPROVER, policy_id=one, terms=policy_terms(), **minute)
    scene.run(
        policy.retire_policy,
        APPROVER,
        policy_id=one,
        board_reference="Minute 118",
        last_day=TODAY,
    )
    state = scene.ledger.get(Policy, one)
    assert (state.policy_version, state.terms, state.last_day) == (2, policy_terms(), TODAY)


def test_a_policy_is_a_districts_and_pays_for_what_exists(scene: Scene) -> None:
    home = district(scene)
    school = scene.run(
        organization.register_school, OPERATOR, district_id=home, name="Elementary"
    ).stream
    adopting: dict[str, Any] = {
        "district_id": home,
        "board_reference": "Minute 117",
        "adopted_on": TODAY,
        "terms": policy_terms(),
    }
    scene.refuses(
        NotADistrictError, policy.adopt_policy, APPROVER, **adopting | {"district_id": school}
    )
    unknown: list[dict[str, Any]] = [
        {"district_id": NOBODY},
        {"terms": policy_terms(trigger=AwardTrigger(credential_ids=(NOBODY,)))},
        {"terms": policy_terms(trigger=StackTrigger(stack_id=NOBODY))},
    ]
    for fields in unknown:
        scene.refuses(NotFoundError, policy.adopt_policy, APPROVER, **adopting | fields)
    one = scene.run(policy.adopt_policy, APPROVER, **adopting).stream
    next_version = adopting | unknown[2] | {"policy_id": one}
    del next_version["district_id"]
    scene.refuses(NotFoundError, policy.adopt_policy_version, APPROVER, **next_version)
    defined = scene.run(
        stack.define_stack,
        APPROVER,
        issuer_id=scene.issuer_id,
        definition=basics(scene.credential_id),
    ).stream
    next_version["terms"] = policy_terms(trigger=StackTrigger(stack_id=defined))
    scene.run(policy.adopt_policy_version, APPROVER, **next_version)


def test_grants_come_and_go(scene: Scene) -> None:
    grant: dict[str, Any] = {
        "principal_id": APPROVER,
        "role": "issuer_approver",
        "scope_id": scene.issuer_id,
    }
    scene.refuses(NotGrantedError, access.withdraw_access, OPERATOR, **grant)
    scene.run(access.grant_access, OPERATOR, **grant)
    scene.refuses(AlreadyGrantedError, access.grant_access, OPERATOR, **grant)
    scene.run(access.grant_access, OPERATOR, **grant | {"role": "auditor", "scope_id": None})
    scene.run(access.withdraw_access, OPERATOR, **grant)
    state = scene.ledger.get(Access, access.access_stream(APPROVER))
    assert state.grants == {("auditor", None)}


UNKNOWN: list[tuple[Callable[..., Receipt], dict[str, Any]]] = [
    (issuer.change_issuer_terms, {"issuer_id": NOBODY, "terms": issuer_terms()}),
    (issuer.set_issuer_holidays, {"issuer_id": NOBODY, "year": 2024, "holidays": []}),
    (
        issuer.record_issuer_vetting,
        {"issuer_id": NOBODY, "standard": "S", "components_met": 1, "components_total": 1},
    ),
    (issuer.suspend_issuer, {"issuer_id": NOBODY, "reason": "r"}),
    (issuer.lift_issuer_suspension, {"issuer_id": NOBODY}),
    (credential.draft_credential, {"issuer_id": NOBODY, "definition": definition()}),
    (credential.redraft_credential, {"credential_id": NOBODY, "definition": definition()}),
    (credential.publish_credential, {"credential_id": NOBODY}),
    (credential.retire_credential, {"credential_id": NOBODY, "reason": "r"}),
    (stack.define_stack, {"issuer_id": NOBODY, "definition": basics(NOBODY)}),
    (stack.redefine_stack, {"stack_id": NOBODY, "definition": basics(NOBODY)}),
    (stack.retire_stack, {"stack_id": NOBODY, "reason": "r"}),
    (assessor.qualify_assessor, {"enrollment_id": NOBODY, "agreement_percent": 90}),
    (
        policy.adopt_policy_version,
        {
            "policy_id": NOBODY,
            "board_reference": "M",
            "adopted_on": TODAY,
            "terms": policy_terms(),
        },
    ),
    (policy.retire_policy, {"policy_id": NOBODY, "board_reference": "M", "last_day": TODAY}),
]


def test_no_command_acts_on_what_is_not_there(scene: Scene) -> None:
    for command, fields in UNKNOWN:
        refused = scene.refuses(NotFoundError, command, OPERATOR, **fields)
        assert str(NOBODY) in refused.detail


CREATING: list[tuple[Callable[..., Receipt], Callable[[Scene], dict[str, Any]]]] = [
    (
        issuer.register_issuer,
        lambda _: {"name": "Other", "zone": ZONE, "terms": issuer_terms()},
    ),
    (
        credential.draft_credential,
        lambda scene: {"issuer_id": scene.issuer_id, "definition": definition()},
    ),
    (
        stack.define_stack,
        lambda scene: {
            "issuer_id": scene.issuer_id,
            "definition": basics(scene.credential_id),
        },
    ),
    (
        policy.adopt_policy,
        lambda scene: {
            "district_id": district(scene),
            "board_reference": "M",
            "adopted_on": TODAY,
            "terms": policy_terms(),
        },
    ),
    (
        access.grant_access,
        lambda _: {"principal_id": FIRST, "role": "operator", "scope_id": None},
    ),
]


def test_what_is_sent_twice_is_made_once_under_one_id(scene: Scene) -> None:
    for command, fields_of in CREATING:
        fields, call = fields_of(scene), scene.call(OPERATOR)
        first = command(scene.ledger, call, **fields)
        before = scene.position
        assert command(scene.ledger, call, **fields) == first
        assert scene.position == before
        if command is not access.grant_access:
            assert command(scene.ledger, scene.call(OPERATOR), **fields).stream != first.stream


def test_a_key_that_was_used_for_something_else_is_refused(scene: Scene) -> None:
    call = scene.call(OPERATOR)
    fields: dict[str, Any] = {"name": "Other", "zone": ZONE, "terms": issuer_terms()}
    issuer.register_issuer(scene.ledger, call, **fields)
    other = scene.call(OPERATOR, command_id=call.command_id, body_hash=b"\x02" * 32)
    with pytest.raises(CommandReusedError):
        issuer.register_issuer(scene.ledger, other, **fields)
